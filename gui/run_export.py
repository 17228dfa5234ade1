"""Runs as files: their numbers as a table, their plot as a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.shell import Shell
from services.errors import UserError
from services.training.history import MetricHistory, write_csv
from services.translation import _


class RunExport(QObject):
    """Asks where to, writes in a thread, tells how it went in a notice."""

    def __init__(self, shell: Shell, window: QWidget) -> None:
        """window: over which the file dialogs open."""
        super().__init__(window)
        self._shell, self._window = shell, window

    def choose_table(self, runs: Sequence[tuple[str, Sequence[Path]]]) -> None:
        """Ask for a file, and write every metric of the runs there.

        Args:
            runs: name and folders of each; several folders are one run that was resumed.
        """
        path = self._ask(_("Export the numbers"), runs, "csv", _("Table (*.csv)"))
        if path:
            self.write_table(runs, path)

    def write_table(self, runs: Sequence[tuple[str, Sequence[Path]]], path: Path) -> None:
        def write() -> None:
            write_csv(path, [(name, MetricHistory.read(*folders)) for name, folders in runs])

        self._write(path, write)

    def choose_picture(self, runs: Sequence[tuple[str, Sequence[Path]]], picture: QImage) -> None:
        """Ask for a file, and save the plot of these runs there."""
        path = self._ask(_("Export the picture"), runs, "png", _("Picture (*.png)"))
        if path:
            self.write_picture(picture, path)

    def write_picture(self, picture: QImage, path: Path) -> None:
        def write() -> None:
            if not picture.save(str(path), "PNG"):
                raise OSError(_("the file cannot be written"))

        self._write(path, write)

    def _ask(self, title: str, runs: Sequence[tuple[str, Sequence[Path]]], suffix: str, kind: str) -> Path | None:
        numbers = "-".join(name.split(" ")[0] for name, _folders in sorted(runs))
        start = Path.home() / f"{self._shell.project.name}-{numbers}.{suffix}"
        path, _filter = QFileDialog.getSaveFileName(self._window, title, str(start), kind)
        return (Path(path) if Path(path).suffix else Path(f"{path}.{suffix}")) if path else None

    def _write(self, path: Path, write: Callable[[], None]) -> None:
        def work(_emit: object, _cancelled: object) -> Path:
            try:
                write()
            except OSError as error:
                raise UserError(
                    _("{path} could not be written: {reason}. Choose another place.").format(
                        path=path, reason=error.strerror or error
                    )
                ) from error
            return path

        thread = self._shell.run_beside(work)
        thread.succeeded.connect(self._tell)
        thread.failed.connect(self._tell_failure)

    def _tell(self, path: Path) -> None:
        self._folder = path.parent
        self._shell.notify("success", _("Saved as {path}.").format(path=path), _("Open folder"), self._open_folder)

    def _tell_failure(self, error: UserError) -> None:
        self._shell.notify("error", str(error))

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
