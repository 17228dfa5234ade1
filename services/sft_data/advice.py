"""What to do about pairs that were left out, by the gate that did it, in plain words and with the setting that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.sft_data.teacher import size_of
from services.translation import _

COOL = 0.5  # "Lower temperature (0.5-0.7 instead of 0.9)"
EVEN_COOLER = 0.3
# What the best practices and the troubleshooting of phase 3 say, whatever the reason.
QUALITY = _("50 to 100 good pairs teach more than 500 bad ones: read them before you train.")
LARGER_MODEL = _("A larger model makes fewer mistakes of this kind.")
EXAMPLES = _("Two or three examples of good pairs in the system prompt help most.")
BY_HAND = _("Or edit the pair by hand and keep it.")


@dataclass(frozen=True, slots=True)
class Advice:
    """text: what to do. changes: settings of "generate" that would help, with label: what the button says; label is empty
    where no setting mends it. place: "settings" where a text has to be written there, named by key; "chunk" where the
    chunk is at fault.
    """

    text: str
    label: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


def advise(reason: str, settings: Mapping[str, Any], chunk_tokens: int | None = None) -> Advice:
    """What to do about a pair that failed at this gate; "person" stands for those that the person rejected.

    Args:
        settings: of "generate", as they are now: what is set already is not advised again.
        chunk_tokens: of the chunk it was made from, where that is known.
    """
    is_model = settings["provider"] != "built-in"
    match reason:
        case "number" | "unit" | "date" | "name" | "judge" | "off-topic" if is_model:
            return _invented(settings, chunk_tokens)
        case "evidence" if is_model:
            if not settings["judge"]:
                return Advice(_("The pair speaks of something else than the facts of its chunk. {larger} {hand}").format(
                    larger=LARGER_MODEL, hand=BY_HAND), **_cooler(settings))  # fmt: skip
            return _invented(settings, chunk_tokens)
        case "not-alone" if is_model:
            text = _("Say in the system prompt that questions must make sense without the text, with an example of a good and a bad one.")
            return Advice(f"{text} {BY_HAND}", _("Write the system prompt"), key="system_prompt")
        case "language" if is_model and not settings["language"].strip():
            return Advice(_("Name the language of the pairs: small models answer in English otherwise."), _("Name the language"), key="language")
        case "too-long" | "empty" if is_model:
            if settings["pairs_per_chunk"] > 1:
                return Advice(
                    _("Ask for fewer pairs in one request; the model loses its way in long replies. {larger}").format(larger=LARGER_MODEL),
                    _("Ask for one at a time"), {"pairs_per_chunk": 1},
                )  # fmt: skip
            return Advice(f"{LARGER_MODEL} {BY_HAND}", **_cooler(settings))
        case "options" | "turns" | "premise" if is_model:
            return Advice(
                _("This style is hard for small models. {larger} Or ask in another style.").format(larger=LARGER_MODEL),
                *((_("Ask factual questions instead"), {"style": "factual"}) if settings["style"] != "factual" or settings["mix"] else ()),
            )
        case "duplicate":
            return _repeated(settings, chunk_tokens)
        case "no-answer" if is_model:
            return Advice(
                _("The model could not find the answer in the chunk. Finding facts first keeps it to what is there."),
                *((_("Find facts first"), {"facts_first": True}) if not settings["facts_first"] else ()),
            )
        case "answer" | "answered":
            return Advice(_("Questions that the documents do not answer need a model that reads closely. {larger} {hand}").format(
                larger=LARGER_MODEL, hand=BY_HAND))  # fmt: skip
        case "unjudged":
            return Advice(
                _("It waits for the judge. With the judge on, the next run begins with the pairs that wait."),
                *((_("Switch the judge on"), {"judge": True}) if is_model and not settings["judge"] else ()),
            )
        case "replaced":
            return Advice(_("The new pair says what the chunk says now; nothing needs to be done."))
        case "gone":
            return Advice(_("Its chunk was taken out in tab 1, and the pair with it; nothing needs to be done. {hand}").format(hand=BY_HAND))
        case "merged":
            return Advice(_("What it said is in the pair that it was merged with; nothing needs to be done."))
        case "person" if is_model and not settings["audience"].strip():
            who = _("Say who will ask, and choose the style that fits them.")
            return Advice(f"{who} {EXAMPLES} {QUALITY}", _("Name the audience"), key="audience")
        case "person":
            return Advice(f"{EXAMPLES} {QUALITY}", *((_("Write the system prompt"), {}, "system_prompt") if is_model else ()))
    if is_model:
        return Advice(f"{LARGER_MODEL} {BY_HAND}")
    return Advice(_("Edit the pair by hand and keep it, or let a model write: the built-in provider has no settings for this."))


def _invented(settings: Mapping[str, Any], chunk_tokens: int | None) -> Advice:
    """It says what the chunk does not: less freedom, facts first, a larger model."""
    what = _("The model added something of its own.")
    if chunk_tokens is not None and chunk_tokens < 40:
        return Advice(what + " " + _("The chunk is short ({count} tokens) and tempts it to: merge it with its neighbour in tab 1, or leave it out.").format(count=chunk_tokens))
    if not settings["facts_first"]:
        return Advice(what + " " + _("Finding facts first ties every pair to a sentence of the chunk."), _("Find facts first"), {"facts_first": True})
    if cooler := _cooler(settings):
        return Advice(what + " " + _("A lower temperature keeps it to the text. {larger}").format(larger=LARGER_MODEL), **cooler)
    size = size_of(settings["model"])
    if size is not None and size < 8:
        return Advice(what + " " + _("{model} is small for this; a model of 8 billion parameters or more keeps to the text.").format(model=settings["model"]))
    if not settings["judge"]:
        return Advice(what + " " + _("A judge would find more of these, at one request more for each pair."), _("Switch the judge on"), {"judge": True})
    return Advice(f"{what} {EXAMPLES} {BY_HAND}", _("Write the system prompt"), key="system_prompt")


def _repeated(settings: Mapping[str, Any], chunk_tokens: int | None) -> Advice:
    if settings["facts_first"] and settings["provider"] != "built-in" and settings["difficulty"] != "mixed":
        return Advice(
            _("The chunk has been asked this before. Other styles, audiences and difficulties bring other questions."),
            _("Mix the difficulties"), {"difficulty": "mixed"},
        )  # fmt: skip
    return Advice(_("The chunk has been asked this before; it may have no more to give. Ask in another style, or ask other chunks."))


def _cooler(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The button that lowers the temperature, where it can still be lowered to what is advised."""
    now = settings["temperature"]
    if now <= EVEN_COOLER:
        return {}
    cool = COOL if now > COOL else EVEN_COOLER
    return {"label": _("Set temperature {value:g}").format(value=cool), "changes": {"temperature": cool}}
