"""Noun phrases: which words may be a subject, whether it stands alone, is plural, is a person, how it is spelt.

What the text itself shows about its words decides where English does not.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.sft_data.vocabulary import (
    BY_BASE,
    NUMBER,
    PREPOSITIONS,
    THING_WORDS,
    is_participle,
    is_person_noun,
    is_plural,
    word_set,
)

_NAME = r"[A-Z][\w'’-]+(?: (?:de|van|von|of the) (?=[A-Z]))?(?: [A-Z][\w'’-]+)+"
_PERSON_SIGNS = (
    rf"(?<!the )(?<!The )\b({_NAME}) (?:was|is) (?:born|an? (?:\w+ )?(?P<noun>[a-z-]+))",
    rf"(?P<participle>\w+)(?: (?:in|on) [^ .]+)* by ({_NAME})",
    rf"\b({_NAME}) (?:wrote|invented|painted|composed|studied|died|said|discovered|founded|married|designed|planned"
    r"|argued|taught)\b",
    rf"(?<!the )(?<!The )\b({_NAME}) [^.]*\. (?:He|She) ",
    rf"(?P<noun2>[a-z]+) (?:of [^.,]{{2,40}} )?(?:is|was|were) ({_NAME})\.",
)


@dataclass(frozen=True)
class TextWords:
    """What a text shows about its words: which are names, which are not, who is a person, what its headings name."""

    names: frozenset[str]
    commons: frozenset[str]
    persons: frozenset[str]
    topics: frozenset[str]
    titles: frozenset[str]


@dataclass(frozen=True)
class Subject:
    """A noun phrase as it is written inside a sentence. `is_person` is None where nothing tells."""

    text: str
    is_plural: bool
    is_person: bool | None
    noun: str = ""  # what kind of thing a name stands for: "village"


def look_at(flat: str, headings: Sequence[str]) -> TextWords:
    """Collect what a text shows about its words: `flat` is all its sentences on one line."""
    names = set(re.findall(r"(?<=[a-z,;] )[A-Z][\w-]+", flat))
    titles = set(re.findall(r"(?<=[a-z] )The(?: [A-Z][\w-]+)+", flat))
    commons = set(re.findall(r"\b[a-z][\w-]+", flat))
    persons = set()
    for pattern in _PERSON_SIGNS:
        for match in re.finditer(pattern, flat):
            groups = match.groupdict()
            noun = groups.get("noun") or groups.get("noun2")
            if noun and not is_person_noun(noun):
                continue
            if "participle" in groups and not is_participle(groups["participle"]):
                continue
            name = match[2] if {"noun2", "participle"} & set(groups) else match[1]
            words = name.split()
            if words and words[0] in {"The", "A", "An", "In", "On"}:
                words = words[1:]
            if 1 < len(words) <= 3 and not set(words) & THING_WORDS:
                persons.add(" ".join(words))
    topics = {re.sub(r"^(?:the|an?) ", "", heading.lower()) for heading in headings}
    definites = Counter(re.findall(r"\b[Tt]he ([a-z]+ [a-z]+)(?= (?:is|was|has|lives|can|[a-z]+s)\b)", flat))
    topics |= {phrase for phrase, times in definites.items() if times >= 3}
    topics |= set(re.findall(r" (?:is|are) (?:called )?(?:the|an?) ([a-z]+(?: [a-z]+)?)[.,]", flat))
    topics |= set(re.findall(r"\bThe ([a-z]+(?: [a-z]+)?) is an? ", flat))
    return TextWords(frozenset(names), frozenset(commons), frozenset(persons), frozenset(topics), frozenset(titles))


_DETERMINERS = word_set("the a an one every")
_NO_SUBJECT = word_set(
    """this that these those such another other others some many most several few all both any no not what which who
    whom when while if unless because although though as since after before during until there here it he she
    they we you i his her hers its their our your my however thus therefore then nobody nothing none anyone
    everyone someone somebody everybody something everything anything much more less either neither each to
    please let only just even perhaps maybe former latter same following above below figure table chapter
    section example exercise note and or but so yet nor than whose where how why everything have has had be do
    did does is are was were can could will would should must may might sometimes often usually today yesterday
    once instead rather"""
)
_NEVER_INSIDE = word_set(
    """that which who whose when because if while not than this these it itself how what why where no his her its their
    our my your whether therefore thus hence however everyone someone anyone"""
)
_IMPERATIVES = word_set(
    "list discuss note suppose imagine recall try click visit complete state review answer compare see"
)
_LY_NOUNS = word_set("assembly monopoly anomaly elderly butterfly dragonfly")
VAGUE_HEADS = word_set(
    """fact reason purpose goal result answer problem example point idea question way thing things case cases issue aim
    objective number rest lot kind sort type part parts one ones difference key step steps process approach
    author authors chapter section text passage figure table story source form measure option exception second third last other
    result results effect"""
)
_UNIQUE = word_set("sea sun moon earth world sky mainland ocean universe equator north south east west")
_SINGULAR_MASS = re.compile(r"\w+(?:ology|ism|tion|sion|ment|ness|ity|ics|ing|ance|ence|phy|try|age|ship|hood|ure)$")


def read_subject(tokens: Sequence[str], number: bool | None, is_past: bool, words: TextWords) -> Subject | None:
    """Read `tokens` (the start of a sentence) as a subject for a verb that is plural, singular or either (None)."""
    if not 0 < len(tokens) <= 10 or any(re.search(r"[^\w'’,-]|,$|[^\d],", token) for token in tokens):
        return None
    lowered = [token.lower() for token in tokens]
    first = lowered[0]
    if set(lowered) & _NEVER_INSIDE:
        return None
    if first in _NO_SUBJECT or first.endswith(("ing", "ly")) and first not in words.names and len(tokens) > 1:
        return None
    if lowered[-1] in PREPOSITIONS | {"of", "and", "or", "the", "a", "an", "both", "often", "also"}:
        return None
    if first in PREPOSITIONS | {"to"} and first not in {"about", "over"}:
        return None
    if any(
        token.endswith("ly") and token.islower() and len(token) > 6 and token not in _LY_NOUNS for token in tokens[1:]
    ):
        return None
    if any(token == "The" or "n’t" in token or "n't" in token for token in tokens[1:]) or not _has_plain_inside(
        lowered
    ):
        return None
    head = head_of(tokens)
    if head.lower() in VAGUE_HEADS and "of" not in lowered:
        return None
    is_capital = head[0].isupper() and len(tokens) > 1 and head is not tokens[0]
    plural = _is_plural_phrase(tokens, head, number)
    if number is not None and not is_capital and plural != number:
        return None
    if is_capital and number is not None:
        plural = number
    is_bare = first not in _DETERMINERS and "'s" not in tokens[0] and "’s" not in tokens[0] and not first[0].isdigit()
    is_name = is_bare and all(
        token[0].isupper() or token in {"of", "the", "and", "de", "van", "von"} for token in tokens
    )
    if is_bare and not is_name and not plural and (is_past and number is None) and tokens[0] not in words.names:
        return None
    if first in {"a", "an"} and is_past and not any(token[0].isupper() for token in tokens[1:]):
        return None
    if (first in BY_BASE or first in _IMPERATIVES) and len(tokens) > 1 and not is_name and tokens[0] not in words.names:
        return None
    if not is_standalone(tokens, words):
        return None
    text = inside(tokens, words, is_name)
    return Subject(text, plural, _is_person(text, head, is_name, words))


def _has_plain_inside(lowered: Sequence[str]) -> bool:
    """Return whether determiners and numbers stand only where a noun phrase may have them."""
    return all(
        before in PREPOSITIONS | {"of", "and", "or", "to", "all", "both", "about", "over", "the", "first", "last"}
        for before, word in zip(lowered, lowered[1:], strict=False)
        if word in {"the", "a", "an", "its", "their", "some", "any", "each"} or re.fullmatch(NUMBER, word)
    )


def head_of(tokens: Sequence[str]) -> str:
    """Return the head noun of a noun phrase: the last word before its first preposition."""
    for index, token in enumerate(tokens):
        if index and (token.lower() in PREPOSITIONS or token in {"of", "to"}):
            return tokens[index - 1]
    return tokens[-1]


def _is_plural_phrase(tokens: Sequence[str], head: str, number: bool | None) -> bool:
    if "and" in tokens and all(token[0].isupper() or token == "and" for token in tokens):
        return True
    if "and" in tokens[: list(tokens).index(head) + 1]:
        return True if number is None else number
    if tokens[0].lower() in {"a", "an", "one", "each", "every"}:
        return False
    before = [token for token in tokens if token[0].islower() and is_plural(token) and is_person_noun(token)]
    if head[0].isupper() and tokens[0] in {"The", "the"}:
        return bool(before) or is_plural(head)
    if head[0].isupper() and len(tokens) > 1 and head is not tokens[0]:
        return False
    return is_plural(head)


def is_standalone(tokens: Sequence[str], words: TextWords, is_loose: bool = False) -> bool:
    """Return whether a noun phrase can be understood without the text around it.

    "The price of a good" and "the Korrin lighthouse" can; "the firm" cannot unless a heading or a definition makes it
    the topic. With `is_loose`, only words that point elsewhere ("these", "such") count against it.
    """
    lowered = [token.strip(",").lower() for token in tokens]
    if set(lowered) & {
        "this",
        "these",
        "those",
        "such",
        "above",
        "following",
        "former",
        "latter",
        "other",
        "others",
        "here",
        "there",
    }:
        return False
    if is_loose or lowered[0] != "the":
        return True
    if any(token[0].isupper() for token in tokens[1:]):
        return True
    core = " ".join(lowered[1:])
    if lowered[-1] in _UNIQUE or any(core == topic or core.endswith(f" {topic}") for topic in words.topics):
        return True
    if "of" in lowered:
        after = tokens[lowered.index("of") + 1 :]
        return bool(after) and is_standalone(after, words)
    return False


def inside(tokens: Sequence[str], words: TextWords, is_name: bool) -> str:
    """Return the phrase with its first letter as it is inside a sentence."""
    first = tokens[0]
    lower = first[:1].lower() + first[1:]
    text = " ".join(tokens)
    if text in words.titles or first[1:2].isupper():
        return text
    if lower in _DETERMINERS or lower == "about":
        return lower + text[len(first) :]
    stem = re.sub(r"['’]s$", "", first)
    if stem in words.names:
        return text
    is_common = stem.lower() in words.commons or (len(tokens) > 1 and not is_name and tokens[1][0].islower())
    if len(tokens) == 1 and not is_common:
        is_common = is_plural(first) or bool(_SINGULAR_MASS.match(lower))
    return lower + text[len(first) :] if is_common and not (is_name and len(tokens) > 1) else text


def is_person_phrase(text: str, words: TextWords) -> bool | None:
    """Return whether a noun phrase inside a sentence names people; None where nothing tells."""
    if any(text == person or text.endswith((f" {person}", f" and {person}")) for person in words.persons):
        return True
    tokens = text.split()
    head = head_of(tokens)
    if head[0].isupper():
        if any(is_person_noun(token) and token.islower() for token in tokens):
            return True
        return False if set(tokens) & THING_WORDS else None
    return is_person_noun(head) or any(
        is_person_noun(token) for token in tokens if token.islower() and "of" not in tokens and "and" in tokens
    )


def _is_person(text: str, head: str, is_name: bool, words: TextWords) -> bool | None:
    if " and " in text and is_name:
        return all(_is_person(part, head, True, words) for part in text.split(" and "))
    if is_name:
        return True if text in words.persons else (False if set(text.split()) & THING_WORDS else None)
    if " of " not in text and any(text.endswith(f" {person}") and text.startswith("the ") for person in words.persons):
        return True
    if head[0].islower():
        return is_person_noun(head)
    before = text.split(" of ")[0].split()
    return any(is_person_noun(token) and token[0].islower() for token in before)
