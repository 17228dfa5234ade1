"""Ingest beside the script that a person would write: the same PDFs, each as a process of its own.

    python tests/benchmarks/ingest_vs_script.py [--texts FOLDER] [--pages 10,100,1000] [--long] [--one-file] [--workers 2]
        [--json FILE]
    python tests/benchmarks/ingest_vs_script.py --pdfs FOLDER

The script is pypdf, ``RecursiveCharacterTextSplitter.from_huggingface_tokenizer`` and INSERT. Both find their modules
compiled, as they are from the second start on, also where Python is told to write no bytecode. Both are measured from
start to exit: wall and CPU time (with all children), and the memory of all their processes, sampled 5 times a second
(more would slow down what keeps every core busy, and only that): what each has for itself (USS) where the system tells,
else RSS. Two ratios: of the whole, and of the cost of a page more (the longest run less the shortest). Needs reportlab,
pypdf, transformers and langchain-text-splitters.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "resources" / "starter_model"
PAGES_OF_A_FILE = 50
LINES_OF_A_PAGE, CHARACTERS_OF_A_LINE = 46, 90
_SAMPLE_EVERY_S = 0.2  # a sample takes some 5 ms of a core

SCRIPT = """
import sqlite3
import sys
from pathlib import Path

from langchain_text_splitters import RecursiveCharacterTextSplitter
from pypdf import PdfReader
from transformers import AutoTokenizer

folder, database, model = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model)
splitter = RecursiveCharacterTextSplitter.from_huggingface_tokenizer(tokenizer, chunk_size=500, chunk_overlap=50)
connection = sqlite3.connect(database)
connection.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, source TEXT, chunk_index INTEGER, content TEXT)")
for path in sorted(Path(folder).glob("*.pdf")):
    text = "\\n".join(page.extract_text() for page in PdfReader(path).pages)
    for index, content in enumerate(splitter.split_text(text)):
        connection.execute(
            "INSERT INTO chunk (source, chunk_index, content) VALUES (?, ?, ?)", (path.name, index, content)
        )
    connection.commit()
"""


def paragraphs(folder: Path | None) -> Iterator[str]:
    """Paragraphs without end; after the first time through in an order of their own."""
    if folder is not None:
        texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))]
        found = [line.strip("# ") for text in texts for line in text.split("\n") if len(line) > 60]
    else:
        sample = (ROOT / "resources" / "sample" / "field_guide.md").read_text("utf-8")
        found = [line for line in sample.split("\n") if len(line) > 60]
    yield from found
    chooser = random.Random(1)
    words = " ".join(found).split()
    for _ in itertools.count():
        if folder is not None:
            yield chooser.choice(found)
        else:
            yield " ".join(chooser.choices(words, k=chooser.randint(30, 120))) + "."


def write_pdfs(folder: Path, page_count: int, texts: Iterator[str], fonts: str, is_one_file: bool = False) -> None:
    """Files of up to 50 pages, or one of all, each page with a running head, a number and a heading."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    folder.mkdir()
    plain, bold = "Helvetica", "Helvetica-Bold"
    if fonts == "embedded":
        plain, bold = "Vera", "VeraBd"
        for name in (plain, bold):
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    # Two at least, so that two workers have something to do.
    file_count = 1 if is_one_file else max(2, -(-page_count // PAGES_OF_A_FILE))
    for number in range(file_count):
        canvas = Canvas(str(folder / f"volume_{number:04}.pdf"), pagesize=A4)
        for page in range(page_count * number // file_count, page_count * (number + 1) // file_count):
            canvas.setFont(plain, 8)
            canvas.drawString(56, 812, f"Volume {number + 1} of the collected texts")
            canvas.drawCentredString(297, 28, str(page + 1))
            canvas.setFont(bold, 13)
            canvas.drawString(56, 786, f"{page + 1} {next(texts)[:50]}")
            block = canvas.beginText(56, 764)
            block.setFont(plain, 9)
            block.setLeading(15.2)
            line_count = 0
            while line_count < LINES_OF_A_PAGE:
                for line in wrap(next(texts))[: LINES_OF_A_PAGE - line_count]:
                    block.textLine(line)
                    line_count += 1
                block.textLine()
                line_count += 1
            canvas.drawText(block)
            canvas.showPage()
        canvas.save()


def wrap(text: str) -> list[str]:
    """What the standard fonts of PDF can show of it, in lines."""
    lines, line = [], ""
    for word in text.encode("cp1252", "ignore").decode("cp1252").split():
        if len(line) + len(word) > CHARACTERS_OF_A_LINE:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    return [*lines, line]


class Watch(threading.Thread):
    """Samples the memory of a process and all its children."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(process_id)
        self._is_over = threading.Event()
        self.samples: list[tuple[float, float]] = []  # (seconds since the start, MB)
        self.kind = "uss"

    def run(self) -> None:
        started = time.perf_counter()
        while not self._is_over.wait(_SAMPLE_EVERY_S):
            try:
                processes = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            total = sum(self._memory(process) for process in processes)
            self.samples.append((time.perf_counter() - started, total / 1e6))

    def _memory(self, process: psutil.Process) -> int:
        try:
            if self.kind == "uss":
                return process.memory_full_info().uss
            return process.memory_info().rss
        except psutil.AccessDenied:
            self.kind = "rss"
            return 0
        except psutil.Error:  # it has just ended
            return 0

    def end(self) -> dict[str, Any]:
        self._is_over.set()
        self.join()
        step = max(1, len(self.samples) // 200)
        return {
            "peak_mb": max((memory for _at, memory in self.samples), default=0.0),
            "memory_kind": self.kind,
            "memory_over_time": [(round(at, 2), round(memory, 1)) for at, memory in self.samples[::step]],
        }


def measure(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a command to its end.

    Raises:
        SystemExit: it failed.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    cpu_before, started = _cpu_of_children_s(), time.perf_counter()
    with open(folder / "output.txt", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        watch = Watch(process.pid)
        watch.start()
        code = process.wait()
        wall_s = time.perf_counter() - started
        if code:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {code}:\n{output.read()[-2000:]}")
    return {"wall_s": wall_s, "cpu_s": _cpu_of_children_s() - cpu_before, **watch.end()}


def _cpu_of_children_s() -> float:
    """Of all children that have ended, and of theirs. Not known on Windows."""
    try:
        import resource
    except ImportError:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def count_rows(database: Path, table: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


def run_script(pdfs: Path, folder: Path) -> dict[str, Any]:
    script, database = folder / "script.py", folder / "script.db"
    script.write_text(SCRIPT, "utf-8")
    result = measure([sys.executable, str(script), str(pdfs), str(database), str(STARTER)], folder)
    return result | {"chunks": count_rows(database, "chunk")}


def run_ingest(pdfs: Path, folder: Path, workers: int) -> dict[str, Any]:
    project, program = folder / "project", [sys.executable, str(ROOT / "main.py")]
    subprocess.run([*program, "new", str(project)], cwd=ROOT, check=True, capture_output=True)
    options = subprocess.run([*program, "ingest", "-h"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    command = [*program, "ingest", str(project), str(pdfs)]
    if "--workers" in options:
        command += ["--workers", str(workers)]
    result = measure(command, folder)
    return result | {"chunks": count_rows(project / "data" / "rag_db.sqlite", "rag_chunks")}


def compare(pdfs: Path, page_count: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both on the same files, in turns."""
    runs: dict[str, list[dict[str, Any]]] = {"script": [], "ingest": []}
    for attempt in range(options.repeat):
        for who, all_ in runs.items():
            place = folder / f"{who}_{attempt}"
            place.mkdir()
            all_.append(run_script(pdfs, place) if who == "script" else run_ingest(pdfs, place, options.workers))
    size_bytes = sum(path.stat().st_size for path in pdfs.glob("*.pdf"))
    return {"pages": page_count, "pdf_bytes": size_bytes} | {who: best(all_) for who, all_ in runs.items()}


def count_pages(folder: Path) -> int:
    from pypdf import PdfReader

    return sum(len(PdfReader(path).pages) for path in folder.glob("*.pdf"))


def best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run that was disturbed least."""
    return min(runs, key=lambda run: run["wall_s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="folder of .txt files; the sample document and its words without it")
    parser.add_argument("--pdfs", type=Path, help="folder of PDFs that are there, in place of made ones")
    parser.add_argument("--pages", default="10,100,1000")
    parser.add_argument("--long", action="store_true", help="10,000 pages too")
    parser.add_argument("--one-file", action="store_true", help="all pages in one file: what its memory grows by")
    parser.add_argument(
        "--fonts",
        choices=("embedded", "standard"),
        default="embedded",
        help="embedded ones are in nearly every PDF of today; standard ones cost pypdf less",
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # pip compiled the libraries of both.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "services")], check=True)
    sizes = [int(count) for count in options.pages.split(",")] + ([10_000] if options.long else [])
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        if options.pdfs:
            results.append(compare(options.pdfs, count_pages(options.pdfs), Path(name), options))
            print_row(results[-1], is_first=True)
        for page_count in [] if options.pdfs else sizes:
            folder = Path(name) / str(page_count)
            folder.mkdir()
            write_pdfs(folder / "pdf", page_count, paragraphs(options.texts), options.fonts, options.one_file)
            results.append(compare(folder / "pdf", page_count, folder, options))
            print_row(results[-1], is_first=len(results) == 1)
            shutil.rmtree(folder)
    summary = marginal(results)
    if options.json:
        options.json.write_text(json.dumps({"results": results, "marginal": summary}, indent=1), "utf-8")


def print_row(row: dict[str, Any], is_first: bool) -> None:
    script, ingest = row["script"], row["ingest"]
    if is_first:
        print(
            f"{'':>8}{'wall s':>20}{'':>8}{'CPU s':>20}{'':>8}{'wall ms per page':>20}{'peak MB (' + ingest['memory_kind'].upper() + ')':>20}"
            f"{'chunks':>16}\n{'pages':>8}" + f"{'script':>10}{'ingest':>10}{'ratio':>8}" * 2 + f"{'script':>10}{'ingest':>10}" * 2
            + f"{'script':>8}{'ingest':>8}"
        )  # fmt: skip
    cells = [
        f"{row['pages']:>8}",
        *(
            f"{script[key]:>10.2f}{ingest[key]:>10.2f}{ratio(script[key], ingest[key]):>8.1f}"
            for key in ("wall_s", "cpu_s")
        ),
        *(f"{run['wall_s'] * 1000 / row['pages']:>10.1f}" for run in (script, ingest)),
        f"{script['peak_mb']:>10.0f}{ingest['peak_mb']:>10.0f}",
        f"{script['chunks']:>8}{ingest['chunks']:>8}",
    ]
    print("".join(cells), flush=True)


def marginal(results: list[dict[str, Any]]) -> dict[str, Any]:
    """What a page more costs, between the shortest and the longest run (milliseconds)."""
    low, high = min(results, key=lambda row: row["pages"]), max(results, key=lambda row: row["pages"])
    pages = high["pages"] - low["pages"]
    summary: dict[str, Any] = {}
    if not pages:
        return summary
    for key in ("wall_s", "cpu_s"):
        costs = {who: (high[who][key] - low[who][key]) * 1000 / pages for who in ("script", "ingest")}
        summary[key] = costs | {"ratio": ratio(costs["script"], costs["ingest"])}
        print(
            f"a page more, {low['pages']} to {high['pages']}, {key.split('_')[0]}: script {costs['script']:.1f} ms, "
            f"ingest {costs['ingest']:.1f} ms, ratio {summary[key]['ratio']:.1f}"
        )
    growth = high["ingest"]["peak_mb"] - low["ingest"]["peak_mb"]
    summary["ingest_memory_growth_mb"] = growth
    print(f"ingest's peak memory grew by {growth:.0f} MB")
    return summary


def ratio(script: float, ingest: float) -> float:
    return script / ingest if ingest > 0 else float("nan")


if __name__ == "__main__":
    main()
