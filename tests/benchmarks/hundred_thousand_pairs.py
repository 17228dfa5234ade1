"""A hundred thousand pairs at the review desk: how long the window stands still for each thing a person does there.

    python tests/benchmarks/hundred_thousand_pairs.py [--pairs 100000]

The project and the window are real, without a screen. Of every act two figures: until it is done and shown, and the
longest time in which the window did not answer. Beside the filters stands what a plain ``SELECT *`` of all pairs costs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer

from gui.app import make_application
from gui.garbage import GarbageCollection
from gui.pair_browser import PAIRS
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from services.records import CutChunk, DocumentText

STYLES = ("factual", "conversational", "socratic", "problem-solving")
STATES = (("new", ""), ("new", ""), ("accepted", ""), ("failed", "number"), ("failed", "not-alone"), ("rejected", ""))
PAIRS_OF_A_CHUNK = 20


def make(project: Project, count: int) -> None:
    """Fifty documents with chunks of 20 pairs each."""
    chunks = count // PAIRS_OF_A_CHUNK
    with project.connect() as store:
        for document in range(50):
            parts, cut, at = [], [], 0
            for number in range(chunks // 50):
                text = f"Part {number} of book {document}. " + "The mill stands on the hill and grinds the grain. " * 12 + "\n"
                cut.append(CutChunk(at, at + len(text), at + len(text), text, 150))
                parts.append(text)
                at += len(text)
            store.replace_document(f"book-{document}.pdf", DocumentText("".join(parts)), cut, lambda text: len(text.split()))
        rows = []
        for place, chunk in enumerate(store.chunk_ids()):
            for number in range(PAIRS_OF_A_CHUNK):
                state, reason = STATES[(place + number) % len(STATES)]
                rows.append(NewPair(
                    f"What stands on the hill {place} in view {number}?", f"The mill of part {place} stands there, as {number} says.",
                    chunk, STYLES[number % len(STYLES)], state, reason, "ollama", "llama3.1:8b", (0, 20),
                ))  # fmt: skip
        for first in range(0, len(rows), 10_000):
            store.add_pairs("sft_data", rows[first : first + 10_000])


class Heart:
    """Beats every 2 ms, and remembers its longest pause."""

    def __init__(self) -> None:
        self._timer = QTimer(interval=2, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self.start()

    def start(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


def pause(milliseconds: int) -> None:
    """As the program waits for events: QTest.qWait would keep the other threads waiting, too."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait(is_done: Callable[[], bool]) -> None:
    while not is_done():
        pause(2)


def main() -> None:
    parser = argparse.ArgumentParser(description="A hundred thousand pairs at the review desk.")
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    sys.setswitchinterval(0.001)  # as in gui/app.py
    app = make_application(["benchmark"])
    GarbageCollection(app)
    with tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder) / "many")
        make(project, options.pairs)
        measure(project, Path(folder))


def measure(project: Project, folder: Path) -> None:
    shell = Shell(project, QSettings(str(folder / "preferences.ini"), QSettings.Format.IniFormat))
    heart = Heart()

    def act(name: str, do: Callable[[], object], is_done: Callable[[], bool]) -> None:
        pause(50)
        heart.start()
        began = time.perf_counter()
        do()
        pause(1)
        wait(is_done)
        seconds = time.perf_counter() - began
        wait(lambda: not shell.threads())
        pause(50)
        print(f"{name:44} {1000 * seconds:7.0f} ms  longest pause {1000 * heart.longest:6.0f} ms", flush=True)

    def judge_and_undo(which: str, key_verdicts: int = 0) -> None:
        def judge() -> None:
            tab.work.judge_all("rejected")
            for row in range(key_verdicts):
                pause(5)
                pairs.go_on_from(100 * row)
                tab.work.judge("accepted")

        act(f"reject all {which}", judge, settled)
        act("undo it", lambda: [tab.undo_stack.undo() for _step in range(key_verdicts + 1)], settled)

    began = time.perf_counter()
    shell.knowledge_base.connection.execute("SELECT * FROM pair JOIN pair_text ON pair_id = id").fetchall()
    print(f"{'SELECT * of all pairs':44} {1000 * (time.perf_counter() - began):7.0f} ms")
    tab: SftDataTab

    def open_tab() -> None:
        nonlocal tab
        tab = SftDataTab(project, shell)
        tab.resize(1280, 700)
        tab.show()

    tab = None  # type: ignore[assignment]
    act("open the tab", open_tab, lambda: tab.browser.pairs.rows.is_settled)
    pairs, filters = tab.browser.pairs, tab.browser.pairs.filter
    settled = lambda: pairs.rows.is_settled and shell.writes.is_idle  # noqa: E731
    act("show the pairs", lambda: tab.browser.show_page(PAIRS), settled)
    print(f"{len(pairs.model.ids):,} pairs")
    frames = []
    bar = pairs.table.verticalScrollBar()
    for step in range(300):
        began = time.perf_counter()
        bar.setValue(bar.value() + (3 if step % 10 else bar.maximum() // 7))
        pairs.table.viewport().repaint()
        app_events()
        frames.append(time.perf_counter() - began)
    frames.sort()
    print(f"{'scroll, 99 % of 300 frames, jumps among them':44} {1000 * frames[-4]:7.0f} ms")
    act("filter by a document", lambda: filters.documents.setCurrentIndex(7), settled)
    act("all filters off", filters.clear, settled)
    act("filter by a reason", lambda: filters.reasons.setCurrentIndex(1), settled)
    filters.clear()
    wait(settled)
    act("search for a word", lambda: filters.search.setText("hill 4321"), lambda: settled() and len(pairs.model.ids) < 100)
    act("search off", filters.search.clear, lambda: settled() and len(pairs.model.ids) > 1000)
    act("sort by question", lambda: pairs.table.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder), settled)
    act("sort as they came", lambda: pairs.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder), settled)
    filters.states.setCurrentIndex(1)
    wait(settled)
    pairs.go_on_from(0)
    act("accept one", lambda: tab.work.judge("accepted"), settled)
    judge_and_undo(f"{len(pairs.model.ids):,} shown")
    filters.clear()
    wait(settled)
    judge_and_undo(f"{len(pairs.model.ids):,}, a verdict by key meanwhile", 10)
    menu = tab.ask.dataset_menu
    shown = lambda name: lambda: tab.browser.dataset == name and settled() and tab.browser.isEnabled()  # noqa: E731
    for text, do, name in (
        ("rename the dataset", lambda: menu.rename("sft_data", "strict"), "strict"),
        ("duplicate it", lambda: menu.copy("strict", "copy"), "copy"),
        ("delete the duplicate", lambda: menu.delete("copy"), "strict"),
        ("bring it back", lambda: menu.restore(shell.knowledge_base.deleted_datasets()[0].key), "copy"),
    ):
        act(text, do, shown(name))
    tab.save_pending()
    wait(lambda: not shell.threads())
    shell.close()


def app_events() -> None:
    QEventLoop().processEvents()


if __name__ == "__main__":
    main()
