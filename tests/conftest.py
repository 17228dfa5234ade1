"""What every test gets: a quiet, offline process without a screen, and projects in temporary folders."""

import os

os.environ.update(
    QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    HF_HUB_OFFLINE="1",
    OMP_NUM_THREADS="1",  # two processes with two threads each on two cores are ten times slower
    PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",  # never the person's own keyring
)
for name in ("OPENROUTER_API_KEY", "OPENAI_API_KEY"):
    os.environ.pop(name, None)

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.machine import be_quiet

be_quiet()

from services.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new, empty project."""
    return Project.create(tmp_path / "my-bio-assistant")


@pytest.fixture(scope="session")
def starter_model() -> Path:
    return ROOT / "resources" / "starter_model"
