"""A million chunks: every figure of the knowledge base and of the first tab, beside its target.

    python tests/benchmarks/million_chunks.py [folder] [--rows 1000000]

The database is made once in the folder (a temporary one by default) and used again by the next run. The window is the
real one, without a screen. Figures are wall times; where other programs use the processor, the time of this process
alone stands beside them.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText

DOCUMENTS = 2000
CHUNK_WORDS = 154  # some 800 bytes


class Author:
    """Writes texts whose words are as unequally frequent as those of a language (Zipf), some 60,000 of them."""

    def __init__(self, seed: int = 3) -> None:
        self._random = np.random.default_rng(seed)
        syllables = [first + second for first in "bcdfghklmnprstvwz" for second in ("a", "e", "i", "o", "u", "an", "er", "is")]
        count = 60_000
        lengths = self._random.choice([1, 2, 3, 4], count, p=[0.06, 0.34, 0.4, 0.2])
        words = ["".join(self._random.choice(syllables, length)) for length in lengths]
        self.words = np.array(sorted(set(words), key=lambda word: (len(word), word)), dtype=object)
        share = 1 / (np.arange(len(self.words)) + 2.7)
        self._bounds = np.cumsum(share / share.sum())

    def write(self, word_count: int) -> list[str]:
        places = np.searchsorted(self._bounds, self._random.random(word_count))
        return self.words[np.minimum(places, len(self.words) - 1)].tolist()

    def document(self, chunk_count: int, title: str) -> tuple[DocumentText, list[CutChunk]]:
        """A text, and its chunks of some 800 bytes."""
        words = iter(self.write(chunk_count * CHUNK_WORDS))
        parts, chunks, at = [], [], 0
        for index in range(chunk_count):
            sentences = (
                " ".join(itertools.islice(words, 11)).capitalize() + ". " for _sentence in range(CHUNK_WORDS // 11)
            )
            content = (f"## {title}, part {index // 20}\n\n" if index % 20 == 0 else "") + "".join(sentences) + "\n"
            tokens = 180 + hash((index, len(content))) % 90
            quality = int(100 - self._random.pareto(2.5) * 9) if index % 7 else 100
            problem = "" if quality > 45 else ("short", "numbers", "broken", "language")[index % 4]
            chunks.append(
                CutChunk(
                    at, at + len(content), at + len(content), content, tokens, page=1 + index // 3, headings=(title,),
                    kind="contents" if index == 1 else "", quality=max(quality, 0), problem=problem,
                    sketch=self._random.bytes(128),
                )
            )
            parts.append(content)
            at += len(content)
        return DocumentText("".join(parts)), chunks


def fill(project: Project, row_count: int) -> Iterator[tuple[int, float]]:
    """Put documents in as the ingest does; gives the number of chunks in the base and the seconds of each document."""
    author = Author()
    per_document = max(1, row_count // DOCUMENTS)
    with project.connect() as knowledge_base:
        for number in range(-(-row_count // per_document)):
            title = " ".join(author.write(2)).title()
            text, chunks = author.document(per_document, title)
            start = time.perf_counter()
            knowledge_base.replace_document(
                f"{title} {number}.pdf", text, chunks, len, (), path=f"/documents/{number}.pdf", sha256=f"{number:064x}",
                size_bytes=len(text.content), format="PDF", tokenizer="starter", chunk_size=250, page_count=170,
            )
            yield (number + 1) * per_document, time.perf_counter() - start


class Table:
    """Prints one line for each figure."""

    def title(self, text: str) -> None:
        print(f"\n{text}\n{'':58}{'target':>10}{'wall':>12}{'of it ours':>12}", flush=True)

    def line(self, name: str, target: float | None, wall: float, own: float | None = None, unit: str = "ms") -> None:
        """own: the processor time of this process."""
        met = "" if target is None else "  ok" if wall < target else "  over"
        print(
            f"{name:58}{'' if target is None else f'{target:g} {unit}':>10}{f'{wall:,.1f} {unit}':>12}"
            f"{'' if own is None else f'{own:,.1f} {unit}':>12}{met}",
            flush=True,
        )

    def measure(self, name: str, target: float | None, work: Callable[[], object], times: int = 3) -> None:
        """The median of several runs."""
        walls, owns = [], []
        for _time in range(times):
            wall, own = time.perf_counter(), time.process_time()
            work()
            walls.append(1000 * (time.perf_counter() - wall))
            owns.append(1000 * (time.process_time() - own))
        self.line(name, target, statistics.median(walls), statistics.median(owns))


def words_by_hits(knowledge_base: KnowledgeBase) -> list[tuple[str, int]]:
    """A rare word, some in between, one close below the limit of ranking, and a very common one, with their hits."""
    with contextlib.closing(sqlite3.connect(knowledge_base.path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.term USING fts5vocab (main, rag_chunks_fts, row)")
        terms = connection.execute("SELECT term, doc FROM term WHERE length(term) > 2 AND doc > 5").fetchall()
    total = knowledge_base.count_chunks()
    wanted = (50, total // 1000, total // 50, min(49_000, total // 20), total // 2)
    return [min(terms, key=lambda term: abs(term[1] - hits)) for hits in wanted]


def measure_store(project: Project, table: Table) -> None:
    table.title("Knowledge base")
    table.measure("open the project, all checks included", 500, lambda: Project.open(project.folder).connect().close())
    with project.connect() as base:
        total = base.count_chunks()
        table.measure("count the chunks", 50, base.count_chunks)
        table.measure("count the flags", 50, base.flag_counts)
        table.measure("list the documents with their counts", 100, base.documents)
        page = array("q", np.random.default_rng(1).integers(1, total, 128).tolist())
        table.measure("a page of 128 chunks", 10, lambda: base.chunks(page), 20)
        for word, hits in words_by_hits(base):
            ranked = "ranked" if hits < 50_000 else "by number"
            table.measure(
                f"first 100 of {hits:,} hits, {ranked}, read", 100,
                lambda word=word: base.chunks(base.chunk_ids(f'"{word}"', order="rank", limit=100)), 5,
            )  # fmt: skip
        word = words_by_hits(base)[2][0]
        table.measure(
            "first 100 of a beginning of words, ranked, read", 100,
            lambda: base.chunks(base.chunk_ids(word[:4], order="rank", limit=100)), 5,
        )  # fmt: skip
        for order in ("id", "source", "content", "token_count", "quality"):
            for is_descending in (False, True):
                way = "down" if is_descending else "up"
                table.measure(
                    f"sort by {order}, {way}: first 500", 100,
                    lambda order=order, down=is_descending: base.chunk_ids(order=order, is_descending=down, limit=500),
                )  # fmt: skip
                table.measure(
                    f"sort by {order}, {way}: all", 1000,
                    lambda order=order, down=is_descending: base.chunk_ids(order=order, is_descending=down),
                )  # fmt: skip
        ids = base.chunk_ids()
        mixed = array("q", np.random.default_rng(2).permutation(np.frombuffer(ids, np.int64))[: total // 2].tolist())
        done: list[Any] = []
        for name, target, these in (("all", 1000, ids), ("half of them, here and there", None, mixed)):
            for _time in range(3):
                table.measure(
                    f"exclude {name}", target, lambda these=these: done.append(base.flag_chunks(these, "excluded", True)), 1
                )
                table.measure(f"exclude {name}: undo", target, lambda: base.unflag_chunks(done.pop()), 1)
        number = itertools.count()
        table.measure("edit a chunk", 50, lambda: base.edit_chunk(ids[7919 * next(number) % total], f"Edited {next(number)}."), 9)
        for chunk_id in base.chunk_ids(flag="edited"):
            base.restore_chunk(chunk_id)
        table.measure("split a chunk", 50, lambda: done.append(base.split_chunk(ids[total // 2], 300, len)), 1)
        table.measure("split a chunk: undo", 50, lambda: base.swap(done.pop().reversed()), 1)
        measure_inserts(base, table)


def measure_inserts(base: KnowledgeBase, table: Table) -> None:
    author = Author(seed=5)
    walls, owns, removals = [], [], []
    for number in range(12):
        text, chunks = author.document(500, f"New {number}")
        wall, own = time.perf_counter(), time.process_time()
        document, _kept = base.replace_document(f"new {number}.pdf", text, chunks, len, ())
        walls.append(2000 * (time.perf_counter() - wall))
        owns.append(2000 * (time.process_time() - own))
        wall = time.perf_counter()
        base.remove_document(document)
        removals.append(2000 * (time.perf_counter() - wall))
    table.line("insert, a chunk of a document of 500", 150, statistics.mean(walls), statistics.mean(owns), "µs")
    table.line("remove, a chunk of a document of 500", None, statistics.mean(removals), None, "µs")


def measure_naive(project: Project, table: Table) -> None:
    """What a person would write: a table with its flags beside the text, LIKE, OFFSET, executemany."""
    table.title("The same, as it would be written without thought (one table, LIKE, OFFSET, executemany)")
    path = project.folder / "naive.sqlite"
    source = project.database_path
    if not path.exists():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("ATTACH ? AS whole", (str(source),))
            connection.execute(
                "CREATE TABLE chunk AS SELECT id, content, source, chunk_index, metadata, token_count, is_excluded"
                " FROM (SELECT *, id AS chunk_id FROM whole.rag_chunks) AS text"
                " JOIN whole.chunk_state USING (chunk_id) JOIN whole.chunk_flag USING (chunk_id)"
            )
            connection.execute("CREATE UNIQUE INDEX chunk_id ON chunk (id)")
            connection.commit()
    with contextlib.closing(sqlite3.connect(path)) as naive:
        total = naive.execute("SELECT count(*) FROM chunk").fetchone()[0]

        def ask(sql: str) -> Callable[[], object]:
            return lambda: naive.execute(sql).fetchall()

        with project.connect() as base:
            word = words_by_hits(base)[0][0]
        table.measure("a page of 128 chunks far down", None, ask(f"SELECT * FROM chunk LIMIT 128 OFFSET {total * 9 // 10}"))
        table.measure("a rare word", None, ask(f"SELECT * FROM chunk WHERE content LIKE '%{word}%' LIMIT 100"))
        table.measure("first 500 by content", None, ask("SELECT * FROM chunk ORDER BY content LIMIT 500"), 1)
        rows = [(row[0],) for row in naive.execute("SELECT id FROM chunk")]

        def flag(value: int) -> None:
            naive.executemany(f"UPDATE chunk SET is_excluded = {value} WHERE id = ?", rows)
            naive.commit()

        table.measure("exclude all", None, lambda: flag(1), 1)


def measure_window(project: Project, table: Table) -> None:
    """The real tab, without a screen."""
    from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from gui.edits import EditChunk
    from gui.rag_data_tab import RagDataTab
    from gui.shell import Shell
    from gui.theme import Theme

    app = QApplication.instance() or QApplication(["wissenswerk"])
    look = Theme(app)
    table.title("Window (tab 1, 1600 by 1000)")
    start = time.perf_counter()
    shell = Shell(project, QSettings(str(project.folder / "preferences.ini"), QSettings.Format.IniFormat))
    tab = RagDataTab(project, shell)
    chunks, view, model, query = tab.chunks, tab.chunks.view, tab.chunks.model, tab.chunks.query
    total = shell.knowledge_base.count_chunks()
    tab.resize(1600, 1000)
    tab.show()

    def wait(until: Callable[[], bool], limit_s: float = 30.0) -> float:
        """Milliseconds until something is so, with events handled meanwhile."""
        since = time.perf_counter()
        while not until():
            if time.perf_counter() - since > limit_s:
                raise TimeoutError
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
        return 1000 * (time.perf_counter() - since)

    def is_complete() -> bool:
        return query._thread is None and not query.is_partial

    wait(lambda: model.rowCount() > 0)
    view.viewport().repaint()
    table.line("first page painted, from opening the tab", 500, 1000 * (time.perf_counter() - start))
    wait(lambda: model.rowCount() == total and is_complete())
    table.line("all rows there, from opening the tab", None, 1000 * (time.perf_counter() - start))

    def frames(name: str, values: list[int]) -> None:
        bar, walls, owns = view.verticalScrollBar(), [], []
        for value in values:
            wall, own = time.perf_counter(), time.thread_time()
            bar.setValue(value)
            view.viewport().repaint()
            walls.append(1000 * (time.perf_counter() - wall))
            owns.append(1000 * (time.thread_time() - own))
            app.processEvents()
        table.line(f"{name}: median frame", None, statistics.median(walls), statistics.median(owns))
        of_99 = int(len(values) * 0.99)
        table.line(f"{name}: 99 % of {len(values)} frames within", 40, sorted(walls)[of_99], sorted(owns)[of_99])

    last, step = view.verticalScrollBar().maximum(), view.rowHeight(0)
    chance = np.random.default_rng(4)
    frames("jump anywhere", chance.integers(0, last, 400).tolist())
    frames("wheel", [last // 3 + 3 * step * turn for turn in range(400)])
    frames("page down", [last // 2 + (view.viewport().height() - step) * turn for turn in range(400)])
    view.verticalScrollBar().setValue(0)

    def ask_and_wait(ask: Callable[[], object]) -> tuple[float, float]:
        """Until the first rows are painted, and until all are there."""
        shown: list[float] = []
        begin = time.perf_counter()

        def note() -> None:
            if not shown:
                view.viewport().repaint()
                shown.append(1000 * (time.perf_counter() - begin))

        query.shown.connect(note)
        ask()
        wait(lambda: bool(shown) and is_complete())
        query.shown.disconnect(note)
        return shown[0], 1000 * (time.perf_counter() - begin)

    header = view.horizontalHeader()
    for section, column in enumerate(model.columns):
        if not column.order:
            continue
        first, whole = ask_and_wait(lambda section=section: header.setSortIndicator(section, Qt.SortOrder.DescendingOrder))
        table.line(f"sort by {column.order}: first rows painted", 500, first)
        table.line(f"sort by {column.order}: all rows there", 1000, whole)
    ask_and_wait(lambda: header.setSortIndicator(0, Qt.SortOrder.AscendingOrder))
    for word, hits in words_by_hits(shell.knowledge_base):
        def search(word: str = word) -> None:
            chunks.search.setText(f'"{word}"')
            chunks.reload()

        first, whole = ask_and_wait(search)
        table.line(f"search, {hits:,} hits: first rows painted", 500, first)
        table.line(f"search, {hits:,} hits: all rows there", None, whole)
    chunks.search.clear()
    ask_and_wait(chunks.reload)
    wait(lambda: model.rowCount() == total)

    def timed(work: Callable[[], object]) -> tuple[float, float]:
        wall, own = time.perf_counter(), time.thread_time()
        work()
        return 1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - own)

    table.line("select all", 1000, *timed(view.selectAll))
    for name, act in (("exclude all", tab.actions_of_chunks["exclude"].trigger), ("exclude all: undo", tab.undo_stack.undo)):
        start = time.perf_counter()
        table.line(f"{name}: until the window answers again", 50, *timed(act))
        wait(lambda: shell.writes.is_idle and not query._timer.isActive() and is_complete())
        table.line(f"{name}: until it is saved and shown", 1000, 1000 * (time.perf_counter() - start))
    edits = []
    for number in range(12):
        chunk = model.row(number * 7)
        edits.append(timed(lambda chunk=chunk: tab.undo_stack.push(
            EditChunk(shell, chunk.id, chunk.content, chunk.content + " Edited.", can_merge=False)
        )))  # fmt: skip
    walls, owns = zip(*edits[1:], strict=True)  # the first one loads the tokenizer
    table.line("an edit, until the window answers again: median", 50, statistics.median(walls), statistics.median(owns))
    table.line("an edit, until the window answers again: longest", 50, max(walls), max(owns))
    wait(lambda: not query._timer.isActive() and is_complete())
    for _edit in edits:
        tab.undo_stack.undo()
    wait(lambda: not query._timer.isActive() and is_complete())
    worst = []
    timer = QTimer(interval=0)
    before = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        worst.append(1000 * (now - before[0]))
        before[0] = now

    timer.timeout.connect(beat)
    timer.start()
    chunks.reload()
    wait(is_complete)
    timer.stop()
    table.line("longest pause of the window while all ids are read", 150, max(worst))
    table.line("memory", 400, _memory_mb(), None, "MB")
    tab.close()
    shell.close()
    del look


def _memory_mb() -> float:
    import psutil

    return psutil.Process().memory_info().rss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where the project is made or was made before")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--part", choices=("store", "naive", "window"), help="only this part")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "million"
        run(folder, options.rows, options.part)


def run(folder: Path, row_count: int, part: str | None) -> None:
    table = Table()
    if (folder / "data" / "rag_db.sqlite").exists():
        project = Project(folder)
    else:
        project = Project.create(folder)
        spent = [seconds for _count, seconds in fill(project, row_count)]
        per_chunk = 1e6 * len(spent) / row_count
        table.title("Filling an empty knowledge base")
        edge = max(1, len(spent) // 20)
        table.line("insert, a chunk, the first twentieth", 150, per_chunk * statistics.mean(spent[:edge]), None, "µs")
        table.line("insert, a chunk, the last twentieth", 150, per_chunk * statistics.mean(spent[-edge:]), None, "µs")
    if part in (None, "store"):
        measure_store(project, table)
    if part in (None, "naive"):
        measure_naive(project, table)
    if part == "window":
        measure_window(project, table)
    elif part is None:  # a process of its own, for its memory
        subprocess.run([sys.executable, __file__, str(folder), "--part", "window"], check=True)


if __name__ == "__main__":
    main()
