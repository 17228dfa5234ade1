"""The projects that the person knows: those opened before, and those that lie where projects are kept."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QSettings

from services.project import projects_folder

_KEY, _WAS_OPEN = "projects/recent", "projects/was_open"


class RecentProjects:
    """Newest first, by when a project was opened here or last written to by anybody."""

    LIMIT = 12

    def __init__(self, preferences: QSettings) -> None:
        self._preferences = preferences

    def folders(self) -> list[Path]:
        """Projects that still exist."""
        opened_at = self._opened_at()
        found = {Path(folder) for folder in opened_at}
        if projects_folder().is_dir():
            found |= {folder.resolve() for folder in projects_folder().iterdir()}
        existing = [folder for folder in found if _database(folder).exists()]
        return sorted(
            existing,
            key=lambda folder: max(opened_at.get(str(folder), 0.0), _database(folder).stat().st_mtime),
            reverse=True,
        )[: self.LIMIT]

    def add(self, folder: Path) -> None:
        """It was opened just now."""
        opened_at = self._opened_at() | {str(folder): time.time()}
        newest = sorted(opened_at, key=opened_at.__getitem__, reverse=True)[: self.LIMIT]
        self._preferences.setValue(_KEY, [f"{opened_at[name]} {name}" for name in newest])
        self._preferences.setValue(_WAS_OPEN, True)

    def close(self) -> None:
        """The person closed the project: the next start shows the start page."""
        self._preferences.setValue(_WAS_OPEN, False)

    def last(self) -> Path | None:
        """The project to go on with at the start of the program."""
        if not self._preferences.value(_WAS_OPEN, True, type=bool):
            return None
        return next(iter(self.folders()), None)

    def _opened_at(self) -> dict[str, float]:
        lines = self._preferences.value(_KEY, [], type=list)
        parts = (str(line).partition(" ") for line in lines)
        return {name: float(opened_at) for opened_at, _space, name in parts if name}


def _database(folder: Path) -> Path:
    return folder / "data" / "rag_db.sqlite"
