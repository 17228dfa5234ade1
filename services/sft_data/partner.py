"""Other chunks that speak of the same, found in the full-text index."""

from __future__ import annotations

from collections import Counter

from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk
from services.sft_data.sentence import split_sentences
from services.sft_data.word import COMMON, fold_words, is_among, names, stem, words_of, writes_nouns_large

_MOST_WORDS = 12
_NEAREST = 20  # chunks that are read for an answer
_ASKING = frozenset(["many", "much", "long", "often", "whose", "whom", "does", "were", "viele", "lange", "wieso", "weshalb", "welcher", "welches"])
_LEAST_SHARED = 2  # words that two chunks must have in common, for one question to be about both


def find_partner(knowledge_base: KnowledgeBase, chunk: Chunk, number: int = 0) -> Chunk | None:
    """The chunk that has most of this one's names and long words; with another number the next best one."""
    telling = _telling(chunk.content)
    wanted = {word.casefold() for word in telling}
    found = []
    for other in knowledge_base.chunks(knowledge_base.related_chunk_ids(telling, 12)):
        shared = wanted & {word.casefold() for word in words_of(other.content)}
        if other.id not in (chunk.id, chunk.duplicate_of) and other.duplicate_of != chunk.id and len(shared) >= _LEAST_SHARED:
            found.append(other)
    return found[number % len(found)] if found else None


def may_be_answered(knowledge_base: KnowledgeBase, question: str) -> bool:
    """Whether some chunk may well answer a question: it has every telling word of it, or two sentences running have
    them in one form or another ("founded", "founder")."""
    words = [word for word in words_of(question) if len(word) > 3 and word.casefold() not in COMMON | _ASKING]
    telling = list(dict.fromkeys(words))
    if len(telling) >= 3 and knowledge_base.related_chunk_ids(telling, 1, is_all=True):
        return True
    stems = {stem(folded) for word in telling for folded in fold_words(word)}
    if len(stems) < 2:
        return False
    near = knowledge_base.related_chunk_ids(sorted(stems), _NEAREST, is_prefix=True)
    return any(_has_all(chunk.content, stems) for chunk in knowledge_base.chunks(near))


def _has_all(content: str, stems: set[str]) -> bool:
    there = [_stems(sentence.text) for sentence in split_sentences(content)]
    return any(
        all(is_among(one, first | second) for one in stems) for first, second in zip(there, [*there[1:], set()], strict=True)
    )


def _stems(text: str) -> set[str]:
    """The stems of a text, of German participles also what is behind "ge": "gegründet" and "Gründer"."""
    words = fold_words(text)
    return {stem(word) for word in words} | {stem(word[2:]) for word in words if len(word) > 6 and word.startswith("ge")}


def _telling(text: str) -> list[str]:
    """The names of a text, or its long words, the most frequent ones first."""
    named = [word for word in names(text, only_codes=writes_nouns_large(text)) if word.isalnum() and len(word) > 2]
    long_words = [word for word in words_of(text) if len(word) > 6 and word.isalpha() and fold_words(word)[0] not in COMMON]
    counted = Counter(named)
    ranked = [word for word, _count in counted.most_common()] + [word for word, _count in Counter(long_words).most_common()]
    return list(dict.fromkeys(ranked))[:_MOST_WORDS]
