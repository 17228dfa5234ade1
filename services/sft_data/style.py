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
    has_turns: learner and tutor may speak several times.
    has_premise: the question says things that the chunk does not, and the answer may repeat them.
    is_refusal: the answer says that the documents do not say it.
    needs_partner: a second chunk about the same thing is shown beside the first.
    """

    key: str
    label: str
    help: str
    prompt: str
    has_options: bool = False
    has_own_numbers: bool = False
    has_turns: bool = False
    has_premise: bool = False
    is_refusal: bool = False
    needs_partner: bool = False

    @property
    def needed_places(self) -> tuple[str, ...]:
        """What its prompt must have a place for."""
        return ("chunk", "partner") if self.needs_partner else ("chunk",)

    @property
    def grows_from_facts(self) -> bool:
        """Whether its pairs ask for facts of the chunk, one each."""
        return not (self.is_refusal or self.needs_partner)


_CLOSING = """

Audience: {audience}. Write in {language}.

The text comes from {source}, section: {headings}

<text>
{chunk}
</text>{facts}{known}"""

_TWO_TEXTS = """

Audience: {audience}. Write in {language}.

The first text comes from {source}, section: {headings}

<text>
{chunk}
</text>

The second text comes from {partner_source}

<text>
{partner}
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
            _("A tutor leads a learner to the insight with questions, over several turns."),
            "Write {count} conversations between a learner and a tutor who teaches by asking, each about something "
            "different in the text below. The learner's question comes first. The tutor answers with one short question "
            "that leads on, the learner tries, and so on, four to six turns in all. The tutor speaks last and ends with "
            "the insight itself, stated clearly, so that the learner is never left without it." + _CLOSING,
            has_turns=True,
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
        Style(
            "wrong-premise",
            _("Wrong premise"),
            _("Questions that take something wrong for granted; the answer puts it right."),
            "Write {count} questions that take something for granted that is wrong according to the text below: another "
            "name, number, place or cause than the text has. Each answer says politely that this is not so and states "
            "what is right, in one to three full sentences." + _CLOSING,
            has_premise=True,
        ),
        Style(
            "not-in-documents",
            _("Not in the documents"),
            _("Questions that the documents do not answer, so that the model learns to say so."),
            "Write {count} questions that a reader of the text below could well ask and that the text does not answer: "
            "about the same people, things or places, but about something that it does not say. Each answer begins with "
            "“The documents do not say”, in the language asked for, says what exactly is missing, and may add what the "
            "text does say about it. Never guess the answer." + _CLOSING,
            has_premise=True,
            is_refusal=True,
        ),
        Style(
            "comparison",
            _("Comparison"),
            _("Questions across two chunks that speak of the same: what differs, what they share."),
            "Write {count} questions that can only be answered with both texts below together: what differs between two "
            "things, what they share, which is older, larger or earlier. Each answer names both and says how they "
            "compare, in one to three full sentences." + _TWO_TEXTS,
            has_own_numbers=True,
            needs_partner=True,
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
