"""Other chunks that speak of the same, found in the full-text index."""

from __future__ import annotations

from collections import Counter

from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk
from services.sft_data.word import COMMON, fold_words, names, words_of, writes_nouns_large

_MOST_WORDS = 12
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
    """Whether some chunk has every telling word of a question, so that the documents may well answer it."""
    telling = list(dict.fromkeys(word for word in words_of(question) if len(word) > 3 and word.casefold() not in COMMON))
    return len(telling) >= 3 and bool(knowledge_base.related_chunk_ids(telling, 1, is_all=True))


def _telling(text: str) -> list[str]:
    """The names of a text, or its long words, the most frequent ones first."""
    named = [word for word in names(text, only_codes=writes_nouns_large(text)) if word.isalnum() and len(word) > 2]
    long_words = [word for word in words_of(text) if len(word) > 6 and word.isalpha() and fold_words(word)[0] not in COMMON]
    counted = Counter(named)
    ranked = [word for word, _count in counted.most_common()] + [word for word, _count in Counter(long_words).most_common()]
    return list(dict.fromkeys(ranked))[:_MOST_WORDS]
