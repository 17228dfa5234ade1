"""Statements of a text that can stand alone: what they are about, what they say, and where they were said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.sft_data.clause import Clause, read_clauses
from services.sft_data.fact import facts_of
from services.sft_data.noun_phrase import VAGUE_HEADS, Subject, TextWords, head_of, is_standalone, look_at
from services.sft_data.sentence import Sentence, split_sentences
from services.sft_data.verb_group import verb_group_at
from services.sft_data.vocabulary import is_participle, is_person_noun, word_set

_DONE_TO_THINGS = word_set("found build open paint print close construct design invent discover write")
_ENOUGH_WORDS, _LEAST_ENGLISH = 12, 0.12
_ENGLISH = word_set("the of and in is was a an to are were it with by for on")


@dataclass(frozen=True)
class Statement:
    """One fact that one sentence gives.

    `sentence` stands alone (pronouns replaced); `start` and `end` are the character offsets of its source in the text;
    `answer_span` is the value that the fact gives and stands in `sentence` word for word.
    """

    sentence: str
    start: int
    end: int
    subject: str
    predicate: str
    kind: str
    answer_span: str
    clause: Clause


@dataclass(frozen=True)
class Reading:
    """One sentence and the clauses that were read in it (none where it is not plain enough)."""

    source: Sentence
    clauses: tuple[Clause, ...]


def find_statements(text: str, headings: Sequence[str] = ()) -> list[Statement]:
    """Return the statements of `text`, in order; `headings` are those it stands under, outermost first."""
    return [
        Statement(
            clause.sentence,
            read.source.start,
            read.source.end,
            clause.subject.text,
            clause.predicate,
            kind,
            value,
            clause,
        )
        for read in read_text(text, headings)
        for clause in read.clauses
        for kind, value in facts_of(clause)
    ]


def read_text(text: str, headings: Sequence[str] = ()) -> list[Reading]:
    """Read every sentence of an English text; a text in another language gives nothing."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) >= _ENOUGH_WORDS and sum(word in _ENGLISH for word in words) < _LEAST_ENGLISH * len(words):
        return []
    sentences = list(split_sentences(text))
    under = dict.fromkeys([*headings, *(sentence.heading for sentence in sentences)])
    memory = _Memory(look_at(" ".join(sentence.text for sentence in sentences), list(filter(None, under))))
    readings = [Reading(sentence, memory.read(sentence)) for sentence in sentences]
    return [
        replace(reading, clauses=tuple(memory.complete(clause) for clause in reading.clauses)) for reading in readings
    ]


def _is_owned(subject: Subject) -> bool:
    """Return whether the subject is a part of something ("the back of the toad"): "it" may then mean either."""
    return " of " in subject.text and head_of(subject.text.split())[0].islower() and not subject.is_person


@dataclass
class _Memory:
    """Who was spoken of last: what "it", "she" and "the village" mean at this point of the text."""

    words: TextWords
    focus: Subject | None = None
    named: Subject | None = None
    mentions: list[str] = field(default_factory=list)
    classes: dict[str, str] = field(default_factory=dict)
    nouns: dict[str, str] = field(default_factory=dict)
    persons: dict[str, bool] = field(default_factory=dict)
    block: int = -1

    def read(self, sentence: Sentence) -> tuple[Clause, ...]:
        if found := re.fullmatch(r"([A-Z]\w+), the (?:\w+ )*(\w+)", sentence.heading):
            self.classes[found[2].lower()] = found[1]
            self.nouns[found[1]] = found[2].lower()
        if sentence.block != self.block:
            self.block, self.focus, self.named = sentence.block, None, None
        clauses = self._resolve(sentence.text)
        self.focus = clauses[0].subject if clauses and not _is_owned(clauses[0].subject) else None
        self.named = None
        for clause in clauses:
            self._remember(clause)
        return tuple(clauses)

    def _remember(self, clause: Clause) -> None:
        subject = clause.subject
        self.mentions.append(subject.text)
        if subject.is_person is not None:
            self.persons[subject.text] = subject.is_person
        elif clause.verb.lemma in _DONE_TO_THINGS:
            self.persons[subject.text] = False
        named = clause.part("result")
        if (
            named
            and clause.verb.lemma == "call"
            and clause.verb.voice == "passive"
            and named.text.lower() != named.text
        ):
            self.nouns[named.text] = head_of(subject.text.split())
        complement = clause.part("complement")
        if complement is None:
            return
        if complement.text in self.words.persons:
            self.named = Subject(complement.text, False, True)
        if re.match(r"(?:an?|the) ", complement.text):
            noun = head_of(complement.text.split()).lower()
            self.persons.setdefault(subject.text, is_person_noun(noun))
            is_noun = not is_participle(noun) and not noun.endswith("ing") and noun not in VAGUE_HEADS
            if is_noun and any(letter.isupper() for letter in subject.text) and " of " not in subject.text:
                self.classes[noun] = subject.text
                self.nouns[subject.text] = noun

    def complete(self, clause: Clause) -> Clause:
        """Add what only later sentences told: whether the subject is a person, and what kind of thing it is."""
        subject = clause.subject
        is_person = self.persons.get(subject.text) if subject.is_person is None else subject.is_person
        return replace(clause, subject=replace(subject, is_person=is_person, noun=self.nouns.get(subject.text, "")))

    def _resolve(self, text: str) -> list[Clause]:
        first, _, rest = text.partition(" ")
        if first in {"He", "She"}:
            return self._about(self._person(), rest)
        if first == "It":
            is_thing = self.focus is not None and not self.focus.is_plural and self.focus.is_person is not True
            return self._about(replace(self.focus, is_person=False) if is_thing and self.focus else None, rest)
        if first == "They":
            return self._about(self.focus if self.focus and self.focus.is_plural else None, rest)
        if first in {"Its", "His", "Her", "Their"}:
            return self._possessed(first, rest)
        if first == "The":
            tokens = text.split()
            if (
                len(tokens) > 3
                and tokens[1].islower()
                and verb_group_at(tokens, 2)
                and not is_standalone(["the", tokens[1]], self.words)
                and (full := self._full_name(tokens[1]))
            ):
                return read_clauses(" ".join([full[:1].upper() + full[1:], *tokens[2:]]), self.words)
        return read_clauses(text, self.words)

    def _person(self) -> Subject | None:
        if self.focus and not self.focus.is_plural and self.focus.is_person is not False:
            is_name = self.focus.text[0].isupper()
            return replace(self.focus, is_person=True) if is_name or self.focus.is_person else None
        return self.named

    def _about(self, subject: Subject | None, rest: str) -> list[Clause]:
        """Read a sentence whose pronoun means `subject`."""
        if subject is None:
            return []
        name = subject.text
        clauses = read_clauses(f"{name[:1].upper()}{name[1:]} {rest}", self.words)
        if any(clause.subject.text != name for clause in clauses):
            return []
        return [replace(clause, subject=replace(clause.subject, is_person=subject.is_person)) for clause in clauses]

    def _possessed(self, pronoun: str, rest: str) -> list[Clause]:
        """Read "Its call sounds like a door" as "The call of the moss toad sounds like a door"."""
        owner = self._person() if pronoun in {"His", "Her"} else self.focus
        if owner is None or owner.is_plural != (pronoun == "Their") or (pronoun == "Its" and owner.is_person):
            return []
        if " of " in owner.text and owner.text.startswith("the "):
            return []
        tokens = rest.split()
        for index in range(1, min(6, len(tokens))):
            if verb_group_at(tokens, index):
                subject = f"The {' '.join(tokens[:index])} of {owner.text}"
                clauses = read_clauses(f"{subject} {' '.join(tokens[index:])}", self.words)
                if clauses and clauses[0].subject.text == subject[:1].lower() + subject[1:]:
                    return clauses
        return []

    def _full_name(self, noun: str) -> str | None:
        for mention in reversed(self.mentions):
            words = mention.split()
            is_definite = words[0] == "the" or words[0][0].isupper()
            if words[-1].lower() == noun and len(words) > 1 and is_definite and " of " not in mention:
                return mention
        return self.classes.get(noun)
