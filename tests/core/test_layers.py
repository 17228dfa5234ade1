"""What the design says about the code, where a machine can check it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "main.py", *sorted((ROOT / "services").rglob("*.py")), *sorted((ROOT / "gui").rglob("*.py"))]
HEAVY = {
    "torch", "transformers", "trl", "peft", "accelerate", "datasets", "langchain_text_splitters", "pypdf", "pypdfium2",
    "docx", "pptx", "openpyxl", "lxml", "rapidocr", "llama_cpp", "xllamacpp", "cyllama", "gguf", "sentencepiece",
}  # fmt: skip

TABS = ("rag_data_tab", "cpt_training_tab", "sft_data_tab", "sft_training_tab")


def imported(path: Path, is_top_level: bool) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if is_top_level else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_modules_are_imported_where_they_are_needed(path: Path):
    assert not {name.split(".")[0] for name in imported(path, True)} & HEAVY


@pytest.mark.parametrize("path", [p for p in SOURCES if "services" in p.parts], ids=lambda p: str(p.relative_to(ROOT)))
def test_services_know_no_window(path: Path):
    assert not {name.split(".")[0] for name in imported(path, False)} & {"PySide6", "pyqtgraph", "gui"}


@pytest.mark.parametrize("tab", TABS)
def test_tabs_know_nothing_of_each_other(tab: str):
    assert not imported(ROOT / "gui" / f"{tab}.py", False) & {f"gui.{other}" for other in TABS}


def test_the_window_starts_without_the_heavy_modules():
    script = f"import gui.app, gui.main_window, sys; print(sorted(set(sys.modules) & {HEAVY!r}))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_every_module_says_what_it_is_for():
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_every_command_stands_in_main_and_in_the_readme():
    from main import COMMANDS
    from services.command_line import _parser

    choices = next(action.choices for action in _parser()._actions if action.choices)
    assert set(COMMANDS) == set(choices)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [command for command in COMMANDS if f"main.py {command}" not in readme]


def test_every_job_is_there():
    from services.jobs import JOBS, job_function

    assert all(callable(job_function(name)) for name in JOBS)
