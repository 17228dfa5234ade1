"""Repeats among chunks: time, recall and precision beside datasketch and rensa, and a run over a million sketches.

    python tests/benchmarks/likeness.py [--texts FOLDER] [--chunks 4000] [--million] [--json FILE]

Each kind of copy is planted 200 times: with 2, 5 and 10 % other words, with other line ends, in capitals, under another
heading. A pair counts as right if it was planted, or if its chunks do share 40 % of their phrases of three words
(textbooks repeat themselves). datasketch and rensa are measured where they are installed; they are given the same words.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from services.documents import likeness  # noqa: E402

Pair = tuple[int, int]

COPIES = 200  # of each kind
_WORD = re.compile(r"[^\W_]+")


def phrases(text: str) -> set[bytes]:
    found = _WORD.findall(text.lower())
    return {" ".join(found[at : at + 3]).encode() for at in range(len(found) - 2)}


def read_chunks(folder: Path | None, count: int, chooser: random.Random) -> list[str]:
    """Consecutive passages of some 2,000 characters, each with 200 of the one before it, of which some are taken."""
    if folder is None:
        vocabulary = ["".join(chooser.choices("aeioubdfgklmnprst", k=chooser.randint(2, 9))) for _ in range(5000)]
        weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
        return [" ".join(chooser.choices(vocabulary, weights, k=330)) for _ in range(count)]
    chunks = []
    for path in sorted(folder.glob("*.txt")):
        text = path.read_text("utf-8")
        chunks += [text[at : at + 2000] for at in range(0, len(text) - 2000, 1800)]
    return chooser.sample(chunks, min(count, len(chunks)))


def with_other_words(text: str, share: float, chooser: random.Random, vocabulary: list[str]) -> str:
    """Of the words that change, six in ten are replaced, two lost, two followed by another."""
    words = []
    for word in text.split():
        if chooser.random() < share:
            kind, other = chooser.random(), chooser.choice(vocabulary)
            word = other if kind < 0.6 else "" if kind < 0.8 else f"{word} {other}"
        words.append(word)
    return " ".join(words)


def plant(chunks: list[str], chooser: random.Random) -> tuple[list[str], dict[Pair, str]]:
    """All texts, in a new order, and the kind of each planted pair."""
    vocabulary = " ".join(chunks[:100]).split()
    kinds: dict[str, Callable[[str], str]] = {
        "2 % other words": lambda text: with_other_words(text, 0.02, chooser, vocabulary),
        "5 % other words": lambda text: with_other_words(text, 0.05, chooser, vocabulary),
        "10 % other words": lambda text: with_other_words(text, 0.1, chooser, vocabulary),
        "other line ends": lambda text: text.replace("\n", " ").replace(" ", "\n", 60),
        "capitals": str.upper,
        "another heading": lambda text: f"# {' '.join(chooser.choices(vocabulary, k=8))}\n\n{text}",
    }
    texts, planted = list(chunks), {}
    sources = iter(chooser.sample(range(len(chunks)), COPIES * len(kinds)))
    for kind, copy in kinds.items():
        for _ in range(COPIES):
            source = next(sources)
            planted[source, len(texts)] = kind
            texts.append(copy(chunks[source]))
    places = list(range(len(texts)))
    chooser.shuffle(places)
    moved = [""] * len(texts)
    for text, place in zip(texts, places):
        moved[place] = text
    return moved, {(min(places[a], places[b]), max(places[a], places[b])): kind for (a, b), kind in planted.items()}


def ours(texts: list[str]) -> set[Pair]:
    found = likeness.find_repeats((id_, likeness.sketch(text)) for id_, text in enumerate(texts))
    return {(original, repeat) for repeat, original, _similarity in found}


def with_datasketch(texts: list[str]) -> set[Pair]:
    from datasketch import MinHash, MinHashLSH

    index, pairs = MinHashLSH(threshold=0.5, num_perm=128), set()
    for id_, text in enumerate(texts):
        sketch = MinHash(num_perm=128)
        sketch.update_batch(list(phrases(text)))
        pairs |= {(other, id_) for other in index.query(sketch)}
        index.insert(id_, sketch)
    return pairs


def with_rensa(texts: list[str]) -> set[Pair]:
    from rensa import RMinHash, RMinHashLSH

    index, pairs = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32), set()
    sketches = []
    for id_, text in enumerate(texts):
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update([phrase.decode() for phrase in phrases(text)])
        candidates = index.query(sketch)
        pairs |= {(other, id_) for other in candidates if sketches[other].jaccard(sketch) >= 0.5}
        index.insert(id_, sketch)
        sketches.append(sketch)
    return pairs


def measure(find: Callable[[list[str]], set[Pair]], texts: list[str], planted: dict[Pair, str]) -> dict[str, Any]:
    started, cpu = time.perf_counter(), time.process_time()
    pairs = find(texts)
    result: dict[str, Any] = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    # A planted pair also counts as found where both are repeats of a third.
    original = {repeat: low for low, repeat in sorted(pairs, reverse=True)}
    groups = [original.get(id_, id_) for id_ in range(len(texts))]
    for kind in dict.fromkeys(planted.values()):
        of_kind = [pair for pair, name in planted.items() if name == kind]
        result[kind] = sum(groups[a] == groups[b] or (a, b) in pairs for a, b in of_kind) / len(of_kind)
    wrong = [pair for pair in pairs if pair not in planted and shared(texts[pair[0]], texts[pair[1]]) < 0.4]
    return result | {"pairs": len(pairs), "precision": 1 - len(wrong) / max(1, len(pairs))}


def shared(text: str, other: str) -> float:
    of_text, of_other = phrases(text), phrases(other)
    return len(of_text & of_other) / max(1, len(of_text | of_other))


def million_sketches(count: int) -> Iterator[tuple[int, bytes]]:
    """Random sketches; one in fifty repeats the one seven before it: every second exactly, the others to 75 %."""
    random_ = np.random.default_rng(1)
    for at in range(0, count, 10_000):
        block = random_.integers(0, 256, (10_000, 128), dtype=np.uint8)
        for row in range(50, 10_000, 50):
            block[row] = block[row - 7]
            if row % 100:
                block[row, :8] = random_.integers(0, 256, 8)
                block[row, random_.choice(np.arange(8, 128), 30, replace=False)] = random_.integers(0, 256, 30)
        yield from ((at + row, block[row].tobytes()) for row in range(10_000))


def measure_million(count: int) -> dict[str, Any]:
    import resource  # not on Windows

    started = time.perf_counter()
    for _sketch in million_sketches(count):
        pass
    making_s = time.perf_counter() - started
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result: dict[str, Any] = {"sketches": count}
    planted = count // 50 - count // 10_000
    for name, is_new in (("all", None), ("last 1000 new", lambda id_: id_ >= count - 1000)):
        started = time.perf_counter()
        found = likeness.find_repeats(million_sketches(count), is_new)
        result[name] = {
            "wall_s": time.perf_counter() - started - making_s,
            "recall": sum(repeat - original == 7 for repeat, original, _ in found)
            / (planted if is_new is None else 20),
            "found": len(found),
        }
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024 if sys.platform != "darwin" else 1
    return result | {"peak_mb_above_start": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="folder of .txt files; invented words without it")
    parser.add_argument("--chunks", type=int, default=4000)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chooser = random.Random(5)
    result: dict[str, Any] = {}
    if options.million:  # first, while nothing else has taken memory
        result["million"] = measure_million(1_000_000)
        print(json.dumps(result["million"], indent=1))
    texts, planted = plant(read_chunks(options.texts, options.chunks, chooser), chooser)
    started = time.process_time()
    for text in texts:
        likeness.sketch(text)
    result["sketch_ms"] = (time.process_time() - started) / len(texts) * 1000
    print(f"{len(texts)} chunks, {result['sketch_ms']:.3f} ms for each sketch")
    for name, find in (("ours", ours), ("datasketch", with_datasketch), ("rensa", with_rensa)):
        try:
            result[name] = measure(find, texts, planted)
        except ImportError:
            print(f"{name} is not installed")
            continue
        print(name, json.dumps({key: round(value, 3) for key, value in result[name].items()}))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
