"""Verb groups: "was built", "stands", "can be heard", read where they stand in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.sft_data.vocabulary import (
    ADVERBS,
    BY_BASE,
    BY_PARTICIPLE,
    BY_PAST,
    BY_THIRD,
    MODALS,
    NEGATIONS,
    is_participle,
    word_set,
)

FINITE = word_set("is are was were has have had can could may might must should will would does did do")
BE = word_set("is are was were")
HAVE = {"has": "does", "have": "do", "had": "did"}


@dataclass(frozen=True)
class VerbGroup:
    """A finite verb group. In a question `auxiliary` goes before the subject and `remainder` after it.

    `finite` is "was built", "stands", "can be heard"; `auxiliary` "was", "does", "can"; `remainder` "built", "stand",
    "be heard", and nothing where "be" is the whole verb. `lemma` is the base form of the last verb, or the verb itself
    where the base is not known (regular participles).
    """

    finite: str
    auxiliary: str
    remainder: str
    lemma: str
    voice: str  # "active", "passive" or "copula"
    is_past: bool = False


def verb_group_at(tokens: Sequence[str], index: int) -> tuple[VerbGroup, int, bool | None] | None:
    """Read a verb group at `index`: (group, index after it, is plural; None where the form does not say)."""
    start = index
    adverb = ""
    if index + 1 < len(tokens) and tokens[index] in ADVERBS | NEGATIONS:
        adverb, index = tokens[index], index + 1
    if index >= len(tokens) or adverb in NEGATIONS:
        return None
    word = tokens[index]
    if word in BE or word in HAVE or word in MODALS:
        return _auxiliary_group(tokens, start, index)
    verb, is_past, is_plural, auxiliary = None, False, None, ""
    if word in BY_THIRD:
        verb, is_plural, auxiliary = BY_THIRD[word], False, "does"
    elif word in BY_BASE and BY_BASE[word].past != word:
        verb, is_plural, auxiliary = BY_BASE[word], True, "do"
    elif word in BY_PAST:
        verb, is_past, auxiliary = BY_PAST[word], True, "did"
    if verb is None:
        return None
    kept = f"{adverb} " if adverb in {"usually", "often", "always", "first", "originally", "mainly", "mostly"} else ""
    finite = " ".join(tokens[start : index + 1])
    return VerbGroup(finite, auxiliary, kept + verb.base, verb.base, "active", is_past), index + 1, is_plural


def _auxiliary_group(tokens: Sequence[str], start: int, index: int) -> tuple[VerbGroup, int, bool | None] | None:
    word = tokens[index]
    is_past = word in {"was", "were", "had", "could", "would"}
    is_plural = None if word in MODALS or word == "had" else word in {"are", "were", "have"}
    position = index + 1
    adverbs: list[str] = []
    while position < len(tokens) - 1 and (tokens[position] in ADVERBS | NEGATIONS or tokens[position].endswith("ly")):
        if tokens[position] in {"almost", "nearly", "about", "only", "around", "far", "even", "just", "early", "late"}:
            break
        adverbs.append(tokens[position])
        position += 1
    if set(adverbs) & NEGATIONS or position >= len(tokens):
        return None
    following = tokens[position].strip(",").lower()
    kept = "".join(
        f"{adverb} " for adverb in adverbs if adverb not in {"also", "still", "even", "then", "now", "already"}
    )

    def group(
        end: int, remainder: str, lemma: str, voice: str, auxiliary: str = word
    ) -> tuple[VerbGroup, int, bool | None]:
        return VerbGroup(" ".join(tokens[start:end]), auxiliary, remainder, lemma, voice, is_past), end, is_plural

    if word in BE:
        if following == "being" or (following.endswith("ing")):
            return None
        if is_participle(following) and not tokens[position].endswith(","):
            return group(position + 1, kept + following, _lemma(following), "passive")
        return group(index + 1, "", "be", "copula") if not adverbs else group(position, "", "be", "copula")
    if word in HAVE:
        if following == "been" and position + 1 < len(tokens) and is_participle(tokens[position + 1].lower()):
            participle = tokens[position + 1].lower()
            return group(position + 2, f"{kept}been {participle}", _lemma(participle), "passive")
        if following == "to" or following == "been":
            return None
        is_perfect = following in BY_PARTICIPLE and position + 1 < len(tokens)
        if not is_perfect and is_participle(following):
            return None
        if is_perfect:
            return group(position + 1, kept + following, _lemma(following), "active")
        return group(position, kept + "have", "have", "active", HAVE[word])
    if following == "be" and position + 1 < len(tokens):
        after = position + 1
        if tokens[after] in ADVERBS and after + 1 < len(tokens) and is_participle(tokens[after + 1]):
            after += 1
        if is_participle(tokens[after].lower()):
            participle = tokens[after].lower()
            return group(after + 1, " ".join(tokens[position:after] + [participle]), _lemma(participle), "passive")
        return group(position + 1, kept + "be", "be", "copula")
    if following in BY_BASE:
        return group(position + 1, kept + following, following, "active")
    return None


def _lemma(participle: str) -> str:
    return BY_PARTICIPLE[participle].base if participle in BY_PARTICIPLE else participle
