"""How soon the window answers while documents are read: scripted input every 50 ms, from the event to the painted answer.

    python tests/benchmarks/window_during_ingest.py [--documents 300] [--rows 20000] [--json FILE]

The window is the real one, on a screen that is not there (offscreen); the ingest is the job that it starts itself. The
same input is measured first with nothing running.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtTest import QTest

from gui.app import make_application
from gui.bug_report import BugReporter
from gui.main_window import MainWindow
from gui.theme import Theme
from services.project import Project
from services.records import CutChunk, DocumentText

EVERY_S = 0.05
INPUT = QEvent.Type(QEvent.registerEventType())


class Input(QEvent):
    def __init__(self) -> None:
        super().__init__(INPUT)
        self.at = time.perf_counter()


class Person(QObject):
    """Steps through the chunks, scrolls, searches and sorts; notes how long each answer took (seconds)."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.window, self.tab = window, window.page.tab("ingest")
        self.answers: list[float] = []
        self._count = 0
        self._waiting: list[float] = []  # inputs whose answer is not painted yet
        self.tab.chunks.view.viewport().installEventFilter(self)
        self._searches = ("lighthouse", "tide", "", "harbour")

    def event(self, event: QEvent) -> bool:
        if event.type() != INPUT:
            return super().event(event)
        self._count += 1
        view = self.tab.chunks.view
        if self._count % 40 == 0:
            self.tab.chunks.search.setText(self._searches[self._count // 40 % len(self._searches)])
        elif self._count % 3 == 0:
            view.verticalScrollBar().setValue(view.verticalScrollBar().value() + 120)
        else:
            QTest.keyClick(view, Qt.Key.Key_Down)
        self._waiting.append(event.at)
        view.viewport().update()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._waiting:
            QTimer.singleShot(0, self._painted)  # when the paint is done
        return False

    def _painted(self) -> None:
        now = time.perf_counter()
        self.answers += [now - at for at in self._waiting]
        self._waiting.clear()


def words(random_: random.Random, count: int) -> str:
    vocabulary = ("lighthouse", "tide", "harbour", "ferry", "keeper", "lamp", "oil", "storm", "island", "stone", "the", "of", "a", "and")
    return " ".join(random_.choice(vocabulary) for _ in range(count))


def fill(project: Project, rows: int) -> None:
    random_ = random.Random(7)
    with project.connect() as knowledge_base:
        for number in range(rows // 500):
            content, chunks = "", []
            for _row in range(500):
                start = len(content)
                text = words(random_, 120)
                content += text + "\n\n"
                chunks.append(CutChunk(start, len(content), start + len(text), text, 160))
            knowledge_base.replace_document(
                source=f"known-{number}.txt", text=DocumentText(content), chunks=chunks, count_tokens=len,
                path=f"known-{number}.txt", sha256=str(number), format="text", tokenizer="starter", chunk_size=500, chunk_overlap=50,
            )  # fmt: skip


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--idle-s", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = Project.create(folder / "project")
        fill(project, options.rows)
        random_ = random.Random(11)
        (folder / "documents").mkdir()
        for number in range(options.documents):
            text = "\n\n".join(f"{words(random_, 90)}." for _ in range(80))
            (folder / "documents" / f"new-{number}.md").write_text(f"# Report {number}\n\n{text}\n", "utf-8")
        sys.setswitchinterval(0.001)  # as gui.app does
        app = make_application(["wissenswerk"])
        look = Theme(app)
        preferences = QSettings(str(folder / "preferences.ini"), QSettings.Format.IniFormat)
        window = MainWindow(preferences, look, BugReporter(folder / "reports", app))
        window.show()
        window.open_project(project.folder)
        person = Person(window)
        report = {}
        for phase in ("nothing running", "ingest"):
            person.answers = []
            stop, started = threading.Event(), time.perf_counter()
            ended: list[str] = []
            if phase == "ingest":
                window.page.shell.job_ended.connect(lambda outcome, ended=ended: ended.append(outcome.state))
                person.tab.add_paths([folder / "documents"])

            def type_on(stop: threading.Event = stop) -> None:
                while not stop.wait(EVERY_S):
                    QCoreApplication.postEvent(person, Input())

            typist = threading.Thread(target=type_on, daemon=True)
            typist.start()
            while not ended if phase == "ingest" else time.perf_counter() - started < options.idle_s:
                app.processEvents()
                time.sleep(0.001)
            stop.set()
            typist.join()
            app.processEvents()
            answers = person.answers
            report[phase] = {
                "answers": len(answers), "seconds": round(time.perf_counter() - started, 1),
                "median_ms": round(1000 * statistics.median(answers), 1),
                "p99_ms": round(1000 * percentile(answers, 0.99), 1), "worst_ms": round(1000 * max(answers), 1),
                "within_150_ms": round(sum(answer <= 0.15 for answer in answers) / len(answers), 4),
            }  # fmt: skip
        report["chunks"] = window.page.shell.knowledge_base.count_chunks()
        window.page.close_project()
        window.page = None
        window.close()
    for phase in ("nothing running", "ingest"):
        print(f"{phase:16} " + "  ".join(f"{key} {value}" for key, value in report[phase].items()))
    print(f"target: within_150_ms at least 0.99 during the ingest ({options.documents} documents, {report['chunks']:,} chunks at the end)")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2), "utf-8")


if __name__ == "__main__":
    main()
