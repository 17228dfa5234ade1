"""Several styles in one run, each with its share of the pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.errors import UserError
from services.sft_data.prompt_text import check_saved
from services.sft_data.style import STYLES, find_style
from services.translation import _

_PART = re.compile(r"([\w-]+)\s*[:=]?\s*(\d{1,6})")


def parse_mix(text: str) -> dict[str, int]:
    """“factual 3, conversational 1”: each style's share, in the order of the text; empty for an empty text.

    Raises:
        UserError: it is not written like that, or names a style that there is not, or one twice.
    """
    mix: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in re.split("[,;]", text))):
        found = _PART.fullmatch(part)
        if not found:
            raise UserError(
                _("“{part}” is no part of a mix. Write each style with its share, such as “factual 3, conversational 1”.").format(
                    part=part
                )
            )
        key = find_style(found[1]).key
        if key in mix:
            raise UserError(_("The mix names “{style}” twice.").format(style=key))
        mix[key] = int(found[2])
    if mix and not any(mix.values()):
        raise UserError(_("Give at least one style of the mix a share above 0."))
    return {key: share for key, share in mix.items() if share}


def write_mix(mix: Mapping[str, int]) -> str:
    """The text that ``parse_mix`` reads."""
    return ", ".join(f"{key} {share}" for key, share in mix.items() if share)


def share_out(mix: Mapping[str, int], pairs: int) -> dict[str, int]:
    """How many of the pairs are of each style: in proportion, whole numbers that add up; styles without any are left out.

    The largest remainders are rounded up (Hare-Niemeyer); of equal ones the first.
    """
    total = sum(mix.values())
    counts = {key: pairs * share // total for key, share in mix.items()}
    rest = pairs - sum(counts.values())
    for key in sorted(mix, key=lambda key: -(pairs * mix[key] % total))[:rest]:
        counts[key] += 1
    return {key: count for key, count in counts.items() if count}


def parts_of(values: Mapping[str, Any]) -> dict[str, int]:
    """The number of pairs of each style that these settings of "generate" ask for, in the order in which they are made.

    Raises:
        UserError: the mix is none, or there is a prompt of one's own beside it.
    """
    mix = parse_mix(values["mix"])
    if not mix:
        return {find_style(values["style"]).key: values["pairs"]}
    if len(mix) > 1 and values["prompt"].strip():
        raise UserError(
            _("A prompt for this run goes with one style, not with a mix. Save a prompt for each style instead, or empty the field.")
        )
    return share_out(mix, values["pairs"])


def check_parts(parts: Mapping[str, int], values: Mapping[str, Any], saved: Mapping[str, str]) -> None:
    """Whether every style can be asked for, before the first one takes its time. Raises: UserError."""
    for style in parts:
        if values["provider"] == "built-in":
            from services.sft_data.built_in import check_style

            check_style(style)
        else:
            check_saved(saved, {**values, "style": style})


def say_parts(parts: Mapping[str, int]) -> str:
    """“75 Factual, 25 Conversational”."""
    return ", ".join(_("{count:,} {style}").format(count=count, style=STYLES[key].label) for key, count in parts.items())
