"""The styles of questions and answers: one row each. Forms, options, prompts and tests are derived from here."""

from __future__ import annotations

from dataclasses import dataclass

from services.errors import UserError
from services.translation import _


@dataclass(frozen=True, slots=True)
class Style:
    """One way to ask and answer.

    prompt: what is asked about a chunk; the places in braces are filled in by ``prompt.py``.
    has_options: every question comes with options, one of which is right.
    has_own_numbers: a question may bring numbers of its own, and the answer may compute with them.
    """

    key: str
    label: str
    help: str
    prompt: str
    has_options: bool = False
    has_own_numbers: bool = False


_CLOSING = """

Audience: {audience}. Write in {language}.

The text comes from {source}, section: {headings}

<text>
{chunk}
</text>{known}"""

STYLES: dict[str, Style] = {
    style.key: style
    for style in (
        Style(
            "factual",
            _("Factual"),
            _("Plain questions about single facts, with short, complete answers."),
            "Write {count} questions about {count} different facts in the text below, each with its answer. Ask for "
            "what matters: names, numbers, dates, places, causes, purposes. An answer is one to three full sentences "
            "that repeat what was asked for." + _CLOSING,
        ),
        Style(
            "conversational",
            _("Conversational"),
            _("Questions as people ask them in a chat, with friendly answers in plain words."),
            "Write {count} questions that a curious person would type into a chat, each about something different in "
            "the text below, each with its answer. The answers are warm and plain, speak to the person directly and "
            "explain in everyday words, without adding any fact." + _CLOSING,
        ),
        Style(
            "socratic",
            _("Socratic"),
            _("A learner asks; the answer leads to the insight with a question of its own, then gives it."),
            "Write {count} exchanges between a learner and a tutor who teaches by asking, each about something "
            "different in the text below. The learner's question comes first. The tutor's answer leads the learner "
            "with one or two short questions and ends with the insight itself, stated clearly, so that the learner "
            "is never left without it." + _CLOSING,
        ),
        Style(
            "problem-solving",
            _("Problem solving"),
            _("A situation to deal with; the answer works it out step by step."),
            "Write {count} small problems that can be solved with what the text below says, each with its solution. "
            "A problem describes a concrete situation in two or three sentences and asks what to do, what follows or "
            "how much it is. The solution goes step by step, names the fact that each step rests on, and ends with "
            "the result." + _CLOSING,
            has_own_numbers=True,
        ),
        Style(
            "multiple-choice",
            _("Multiple choice"),
            _("Questions with four options, one of them right."),
            "Write {count} multiple-choice questions about {count} different facts in the text below. Each has four "
            "options of the same kind and about the same length, exactly one of which the text shows to be right. "
            "The wrong ones are plausible and clearly wrong according to the facts." + _CLOSING,
            has_options=True,
        ),
    )
}


def find_style(key: str) -> Style:
    """The style with this key.

    Raises:
        UserError: there is none; the sentence names those that exist.
    """
    try:
        return STYLES[key]
    except KeyError:
        raise UserError(
            _("There is no style “{name}”. Choose one of {styles}.").format(name=key, styles=", ".join(STYLES))
        ) from None
