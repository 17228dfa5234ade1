"""The prompts that a person can read, change and keep with the project: of each style, of the facts, of the judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.sft_data import fact_finding, judge
from services.sft_data.prompt import PLACES, SYSTEM_KEY, SYSTEM_PROMPT, check_places
from services.sft_data.style import STYLES
from services.translation import _

FACTS_KEY, JUDGE_KEY = "facts", "judge"

PLACE_HELP = {
    "chunk": _("the text of the chunk; needed"),
    "count": _("how many pairs are asked for"),
    "audience": _("who asks, and how hard"),
    "language": _("the language of the pairs"),
    "headings": _("the headings above the chunk"),
    "source": _("the document's name"),
    "facts": _("the facts to ask about"),
    "known": _("the questions that there are already"),
    "partner": _("the second text, for comparisons"),
    "partner_source": _("the second document's name, for comparisons"),
    "most": _("the largest number of facts"),
}


@dataclass(frozen=True, slots=True)
class PromptText:
    """One prompt.

    default: ours. places: what it may name in braces, to be filled in. needed: those without which it makes no sense.
    """

    key: str
    label: str
    help: str
    default: str
    places: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

    def check(self, text: str) -> None:
        """Raises: UserError: it names what does not exist, or lacks what it needs."""
        if text.strip() and self.places:  # an empty one is ours, and braces are plain text where nothing is filled in
            check_places(text, self.places, self.needed)


def _texts() -> list[PromptText]:
    styles = [
        PromptText(style.key, style.label, style.help, style.prompt, PLACES, style.needed_places)
        for style in STYLES.values()
    ]
    return [
        PromptText(
            SYSTEM_KEY, _("Who writes"),
            _("Said before every question for pairs. Two or three examples of good pairs help most here."), SYSTEM_PROMPT,
        ),
        *styles,
        PromptText(
            FACTS_KEY, _("Finding facts"),
            _("Asked once about each chunk, before any pair: what it states, and in which words."),
            fact_finding.PROMPT, fact_finding.PLACES, ("chunk",),
        ),
        PromptText(
            JUDGE_KEY, _("The judge"),
            _("What the judge is to look for, where one is switched on. It sees the chunk, the question and the answer."),
            judge.PROMPT,
        ),
    ]  # fmt: skip


PROMPT_TEXTS: dict[str, PromptText] = {text.key: text for text in _texts()}


def check_saved(saved: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Raises: UserError: a prompt that a run with these settings uses, as the person saved it, is not one; says which."""
    used = [] if settings["prompt"].strip() else [settings["style"]]
    for key in [*used, FACTS_KEY]:
        try:
            PROMPT_TEXTS[key].check(saved.get(key, ""))
        except UserError as error:
            label = PROMPT_TEXTS[key].label
            raise UserError(_("The prompt “{name}”: {problem}").format(name=label, problem=error)) from error
