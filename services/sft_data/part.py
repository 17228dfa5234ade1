"""What follows a verb, cut into parts: what each of them says is its role (time, place, agent, object, ...)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.sft_data.noun_phrase import TextWords, is_person_phrase
from services.sft_data.verb_group import VerbGroup
from services.sft_data.vocabulary import (
    ADVERBS,
    APPROXIMATELY,
    BY_BASE,
    MONTHS,
    NUMBER,
    PLACE_PREPOSITIONS,
    PREPOSITIONS,
    TIME_UNIT,
    WEEKDAYS,
    YEAR,
    word_set,
)

PHRASAL = {
    ("take", "place"),
    ("give", "birth"),
    ("take", "part"),
    ("come", "true"),
    ("catch", "fire"),
    ("break", "out"),
}
# Verbs whose following words are no object unless a determiner says so.
INTRANSITIVE = word_set(
    """live lie sleep walk go come stay remain become seem appear turn grow look feel sit stand rise fall shine taste
    smell sound begin end work travel arrive happen fly swim last weigh cost measure run range vary differ occur
    emerge exist function depend consist move breed nest"""
)
LOCATIVE = word_set(
    """stand lie live grow nest breed hang sit sleep stay appear end work dwell rise burrow hold locate situate find
    bear bury keep bring up sign perform settle occur meet mine station house shelter display store bathe rest
    begin build ride spend forbid allow prohibit winter hibernate swim hide hunt serve produce plant"""
)
_SEASON = "spring|summer|autumn|winter|fall|morning|evening|afternoon|night|day|daytime"
_HOUR = r"night|noon|midnight|midday|sunrise|sunset|dawn|dusk|full moon|low tide|high tide|Christmas|Easter"
_TIME_VALUE = re.compile(
    r"(?:the )?(?:(?:early|late|mid|end of|beginning of|first|last|second|third|same) )*"
    rf"(?:(?:day|week|month|half|year|{WEEKDAYS}) of )?"
    rf"(?:(?:{YEAR})(?:s|–\d+)?|(?:{MONTHS})(?: (?:{YEAR}|\d\d?(?:, {YEAR})?))?|\d\d? (?:{MONTHS})(?: (?:{YEAR}))?"
    rf"|(?:[a-z]+ )?(?:{WEEKDAYS})|{_SEASON}|{_HOUR}"
    rf"|(?:{_SEASON}) of .+|\w+(?:-\w+)? century|breeding season|Middle Ages|Stone Age|Bronze Age|Iron Age)",
)
_DURATION = re.compile(
    rf"{APPROXIMATELY}(?:{NUMBER}|an?|many|several|the first|the last)(?: \w+)? ?{TIME_UNIT}(?: .*)?"
)
_MANNER = word_set(
    "hand boat foot law train mistake post sea land accident chance nature horse bus car bicycle name weight"
)


@dataclass(frozen=True)
class Part:
    """A piece of what follows the verb: `text` with its preposition, `value` without it."""

    role: str
    text: str
    preposition: str = ""

    @property
    def value(self) -> str:
        return self.text[len(self.preposition) :].strip()


def split_parts(tokens: Sequence[str], verb: VerbGroup, words: TextWords) -> list[Part] | None:
    """Cut what follows the verb at its prepositions, and name the role of each piece."""
    chunks: list[list[str]] = [[]]
    for index, token in enumerate(tokens):
        word = token.lower()
        previous = tokens[index - 1].lower() if index else ""
        following = tokens[index + 1].lower() if index + 1 < len(tokens) else ""
        starts = (word in PREPOSITIONS or (word == "of" and not index)) and not (
            (word in {"about", "around", "over"} and re.match(NUMBER, following))
            or (
                previous in {"such", "next", "close", "due", "up", "more", "less", "as"}
                and word not in {"in", "on", "at"}
            )
            or (word == "as" and following in {"well", "much", "many"})
            or (
                word == "to"
                and chunks[-1][:1] in (["from"], ["close"], ["next"])
                and _is_range([*chunks[-1], *tokens[index:]])
            )
            or (word == "to" and re.fullmatch(NUMBER, previous) and re.fullmatch(NUMBER, following))
            or (previous == "out" and word == "of")
        )
        if word == "every" and (
            re.match(NUMBER, following) or re.fullmatch(f"{WEEKDAYS}|{TIME_UNIT}|{_SEASON}", following, re.I)
        ):
            starts = True
        if word in {"next", "close", "due"} and following == "to":
            starts = True
        if chunks[-1][:1] == ["to"] and len(chunks[-1]) > 1 and _is_infinitive(*chunks[-1][1:2], token):
            starts = False
        if starts and chunks[-1]:
            chunks.append([])
        chunks[-1].append(token)
    is_present = not verb.is_past and verb.auxiliary in {"is", "are", "do", "does"}
    parts: list[Part] = []
    for chunk in filter(None, chunks):
        text = " ".join(chunk)
        if len(chunk) == 1 and text in {"about", "around", "over", "nearly", "almost"}:
            return None
        is_use = verb.lemma == "use" and chunk[0] == "to"
        if chunk[0] == "to" and len(chunk) > 1 and (is_use or _is_infinitive(*chunk[1:3])):
            parts.append(Part("infinitive", text, "to"))
            continue
        preposition = _preposition(chunk)
        if (
            parts
            and preposition
            and any(re.search(r"^[a-z]+(?:ed|ing)$", token) for token in parts[-1].text.split()[1:])
        ):
            # "rules negotiated in the 1970s": the phrase may belong to the participle, not to the verb.
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text} {text}")
            continue
        if not preposition:
            role = _bare_role(chunk, verb, bool(parts))
            if (
                role == "object"
                and verb.lemma == "call"
                and (named := re.fullmatch(r"((?:the|an?) .+) ((?:the|an?) .+)", text))
            ):
                parts += [Part("object", named[1]), Part("result", named[2])]
                continue
        else:
            role = role_of(preposition, text[len(preposition) :].strip(), verb.lemma, verb.voice)
        if role == "agent":
            is_person = is_person_phrase(text[len(preposition) :].strip(), words)
            role = "agent" if is_person else "other" if is_person is None else "cause"
        if parts and (
            role == parts[-1].role in {"time", "place"} or (role == "other" and parts[-1].role in {"agent", "cause"})
        ):
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text} {text}")
            continue
        if role == "time" and is_present and re.search(r"\d{4}", text):
            # "describes the growth of radio in the 1980s": in the present tense, a year belongs to the noun.
            role = "other"
        parts.append(Part(role, text, preposition))
    return parts


def _is_infinitive(word: str, following: str = "") -> bool:
    is_verb = word in BY_BASE or word in {"be", "do", "have"} or word.endswith("ly")
    return is_verb or (
        word.islower() and following in {"the", "a", "an", "their", "its", "his", "her"} and word not in {"all", "both"}
    )


def _preposition(chunk: Sequence[str]) -> str:
    first = chunk[0].lower()
    if first in {"next", "close", "due"} and chunk[1:2] == ["to"]:
        return f"{chunk[0]} to"
    if first == "out" and chunk[1:2] == ["of"]:
        return f"{chunk[0]} of"
    if first == "up" and len(chunk) == 1:
        return ""
    return chunk[0] if first in PREPOSITIONS | {"of"} and len(chunk) > 1 else ""


def _bare_role(chunk: Sequence[str], verb: VerbGroup, is_later: bool) -> str:
    first = chunk[0].lower()
    text = " ".join(chunk)
    if first == "every":
        return "frequency"
    if (verb.lemma, first) in PHRASAL and len(chunk) == 1:
        return "particle"
    if verb.lemma in {"cost", "weigh", "last", "take", "measure", "span", "grow"} and re.match(
        rf"{APPROXIMATELY}(?:{NUMBER}|an?) ", f"{text} "
    ):
        return "measure"
    if re.match(
        rf"{APPROXIMATELY}{NUMBER} (?:miles|metres|kilometres|hours) (?:north|south|east|west|away|inland)", text
    ):
        return "place"
    if verb.voice == "passive":
        return "particle" if len(chunk) == 1 and first in ADVERBS | PREPOSITIONS else "result"
    if re.match(rf"(?:only|almost|nearly|about|around) (?:{NUMBER}|an?) ", text):
        return "particle" if verb.lemma in INTRANSITIVE else "object"
    if is_later or first in ADVERBS | {"either", "neither"} or first in PREPOSITIONS or first.endswith("ly"):
        return "particle"
    if verb.lemma in INTRANSITIVE and first not in {"the", "a", "an"} and not re.match(NUMBER, first):
        return "result"
    return "object"


def _is_range(tokens: Sequence[str]) -> bool:
    found = re.match(r"from (.+?) to (.+)", " ".join(tokens), re.I)
    return bool(found and _TIME_VALUE.fullmatch(found[1]) and _TIME_VALUE.match(found[2]))


def role_of(preposition: str, value: str, lemma: str, voice: str) -> str:
    """Return what a prepositional phrase says: time, duration, place, agent, material, purpose, ... or "other"."""
    prep = preposition.lower()
    bare = value.rstrip(",")
    if prep == "every":
        return "frequency"
    if prep in {"in", "on", "at", "by", "around", "about"} and _TIME_VALUE.fullmatch(bare):
        return "time"
    if prep == "at" and re.fullmatch(rf"(?:{NUMBER}|\d\d?:\d\d)(?: o'clock)?(?: (?:am|pm))?", bare):
        return "time"
    if prep in {"since", "until"} and (_TIME_VALUE.fullmatch(bare) or prep == "until" and len(bare.split()) <= 4):
        return "time"
    if prep in {"before", "after"} and len(bare.split()) <= 4 and not bare.lower().endswith("ing"):
        return "time"
    if prep == "from" and _is_range(["from", *bare.split()]):
        return "time"
    if prep == "between" and re.fullmatch(rf"(?:{YEAR}) and (?:{YEAR})", bare):
        return "time"
    if prep in {"for", "within"} and _DURATION.fullmatch(bare):
        return "duration"
    if prep == "by" and voice == "passive":
        first = bare.split()[0].lower()
        return "other" if first in _MANNER or first.endswith("ing") else "agent"
    if prep in {"of", "from", "out of"} and lemma in {
        "make",
        "build",
        "weave",
        "carve",
        "cast",
        "cut",
        "form",
        "construct",
        "sew",
        "brew",
    }:
        return "material"
    if prep == "for" and lemma == "use" and voice == "passive":
        return "purpose"
    if prep in PLACE_PREPOSITIONS | {"next to", "close to"} and prep != "by":
        if re.search(rf"(?:^|\s){TIME_UNIT}$", bare):
            return "other"
        if lemma == "live" and prep == "on" and " " not in bare and not bare[0].isupper():
            return "other"
        is_named = (
            bare.split()[-1][0].isupper()
            and not re.search(r"\b[a-z]+ing\b", bare)
            and prep not in {"over", "through", "across"}
        )
        if lemma in LOCATIVE or (lemma == "build" and prep in {"on", "near"}) or is_named:
            return "place"
    if prep == "to" and re.match(
        rf"an? (?:depth|height|length|width|age|weight|size) of {APPROXIMATELY}{NUMBER}", bare
    ):
        return "extent"
    if prep == "from" and re.match(rf"a distance of {APPROXIMATELY}{NUMBER}", bare):
        return "distance"
    return "other"
