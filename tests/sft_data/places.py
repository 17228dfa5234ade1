"""Chunks of invented facts, which the servers of ``servers.py`` can turn into grounded pairs."""

from services.project import Project
from services.records import CutChunk, DocumentText

PLACES = (
    "Abbeyford",
    "Brackmoor",
    "Calderwick",
    "Dunhaven",
    "Eastmere",
    "Fenwold",
    "Garrowby",
    "Hollin",
    "Ingleside",
    "Jarnsea",
)
THINGS = ("harbour", "mill", "bridge", "tower", "library", "station", "market", "theatre", "school", "wall")
NAMES = ("Anna Berg", "Boris Klee", "Clara Voss", "Daniel Orme", "Edda Falk", "Felix Graun", "Greta Moor", "Hugo Stern")


def sentence(number: int) -> str:
    """A statement that no other number has."""
    return (
        f"The {THINGS[number % 10]} of {PLACES[number // 10 % 10]} was built in {1500 + number} by "
        f"{NAMES[number % len(NAMES)]}."
    )


def add_chunks(project: Project, count: int, per_chunk: int = 1) -> list[int]:
    """One document of ``count`` chunks with ``per_chunk`` statements each; returns the chunk ids in order."""
    texts = [" ".join(sentence(chunk * per_chunk + part) for part in range(per_chunk)) for chunk in range(count)]
    chunks, start = [], 0
    for text in texts:
        chunks.append(
            CutChunk(start, start + len(text) + 1, start + len(text), text, len(text.split()), None, ("Places",))
        )
        start += len(text) + 1
    with project.connect() as knowledge_base:
        knowledge_base.replace_document(
            "places.md", DocumentText("\n".join(texts)), chunks, lambda text: len(text.split())
        )
        return list(knowledge_base.training_chunk_ids())
