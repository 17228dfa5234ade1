"""Starts making pairs, from all chunks, from some, as a preview, or again; and says what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui.ask_form import AskForm
from gui.job_thread import JobThread
from gui.pair_browser import CHUNKS, PAIRS, PairBrowser
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.sft_data.coverage import even_stride
from services.sft_data.gate import REASONS
from services.sft_data.key import key_environment
from services.sft_data.report import retry_style
from services.translation import _, ngettext

PREVIEW_PAIRS = 3


class GenerationStart(QObject):
    """
    Signals:
        started(dict): the settings of a run that has begun.
        pairs_removed: those of a preview.
        review_wanted, report_wanted: the way on from the news.
    """

    started = Signal(object)
    pairs_removed = Signal()
    review_wanted = Signal()
    report_wanted = Signal()

    def __init__(self, shell: Shell, ask: AskForm, browser: PairBrowser, parent: QObject) -> None:
        super().__init__(parent)
        self._shell, self._ask, self._browser = shell, ask, browser
        self._store = shell.knowledge_base
        self._last_before_preview = -1

    def generate(self, chunk_ids: Sequence[int] = (), pairs: int = 0, **more: Any) -> JobThread | None:
        """Start making pairs, from all chunks or from these only; ``pairs`` and ``more`` win over the form."""
        try:
            settings = {**self._ask.values(), **more}
        except UserError as error:
            self._shell.notify("error", str(error))
            return None
        if chunk_ids:
            # A few chunks are asked once each; the whole number is meant for the whole collection.
            settings["pairs"] = min(settings["pairs"], settings["pairs_per_chunk"] * len(chunk_ids))
            settings["chunk_ids"] = list(chunk_ids)
        settings["pairs"] = pairs or settings["pairs"]
        environment = key_environment(settings["provider"])
        job = self._shell.start("generate", settings, _("Making pairs"), environment=environment)
        if job is not None:
            self.started.emit(settings)
            self._browser.show_page(PAIRS)
            job.succeeded.connect(self._tell_result)
        return job

    def from_all(self) -> None:
        self.generate()

    def from_selection(self) -> None:
        if chunk_ids := self._browser.coverage.selected_chunks():
            self.generate(chunk_ids)

    def from_current(self) -> None:
        """From the chunk that is shown."""
        if (chunk := self._browser.coverage.current_chunk()) is not None:
            self.generate([chunk.id])

    def retry(self) -> None:
        """Ask again what came to nothing, in the style in which it was asked."""
        style = retry_style(self._store, self._browser.dataset, self._ask.form.fields["style"].value())
        self.generate(retry=True, style=style)

    def renew(self) -> None:
        """Make pairs anew from the chunks that were edited, in place of those that nobody has judged, style after style."""
        dataset = self._browser.dataset
        styles = [style or self._ask.form.fields["style"].value() for style in self._store.stale_styles(dataset)]
        if not styles:
            return
        left = self._store.count_stale(dataset).renewable
        count = sum(self._store.stale_chunks(dataset, styles[0]).values())
        job = self.generate(pairs=count, renew=True, style=styles[0])

        def go_on(_result: object) -> None:
            # From the event loop: the shell learns only now that this job has ended.
            if self._store.stale_styles(dataset) and self._store.count_stale(dataset).renewable < left:
                QTimer.singleShot(0, self, self.renew)

        if job is not None and len(styles) > 1:
            job.succeeded.connect(go_on)

    def preview(self) -> None:
        """Make three pairs to look at, about three of the selected chunks or of all, far apart; one click removes them."""
        chunk_ids = self._browser.coverage.selected_chunks() if self._browser.page == CHUNKS else []
        if len(chunk_ids) < 2:  # the one under the cursor is hardly meant as the whole
            chunk_ids = self._store.training_chunk_ids()
        chosen = [chunk_ids[place] for place in even_stride(len(chunk_ids), min(PREVIEW_PAIRS, len(chunk_ids)))]
        before = self._store.pair_ids(self._browser.dataset)
        self._last_before_preview = max(before, default=0)
        if (job := self.generate(chosen, PREVIEW_PAIRS)) is not None:
            connect_end(job, self._end_preview)
        else:
            self._last_before_preview = -1

    def _tell_result(self, result: dict[str, Any]) -> None:
        if self._last_before_preview >= 0:
            return
        made, rejected = result["pairs"], sum(result["rejected"].values())
        text = ngettext("{count} pair was made.", "{count} pairs were made.", made).format(count=made)
        if made < result["asked"]:
            why, count = next(iter(result["missing"].items()))
            text += " " + _("{asked} were asked for; {count} are missing because: {reason}").format(
                asked=result["asked"], count=count, reason=why
            )
        if rejected:
            worst = next(iter(result["rejected"]))
            text += " " + ngettext(
                "{count} did not pass, mostly because: {reason}", "{count} did not pass, mostly because: {reason}", rejected
            ).format(count=rejected, reason=REASONS.get(worst, worst))
        if made < result["asked"]:  # what is missing can be seen and asked for again there
            kind = "info" if made else "warning"
            self._shell.notify(kind, text, _("Report"), self.report_wanted.emit, tab="generate")
        else:
            self._shell.notify("success", text, _("Review them"), self.review_wanted.emit, tab="generate")

    def _end_preview(self, outcome: object = None) -> None:
        last, self._last_before_preview = self._last_before_preview, -1
        new = [pair_id for pair_id in self._store.pair_ids(self._browser.dataset) if pair_id > last]
        if not new:
            if isinstance(outcome, dict):  # a run that failed was told already
                text = _("The preview brought no pair; the report says why.")
                self._shell.notify("warning", text, _("Report"), self.report_wanted.emit, tab="generate")
            return
        self._browser.refresh()
        self._browser.choose_pair(new[0])

        def remove() -> None:
            self._shell.writes.finish()  # before the numbers of these are given to others
            self._store.delete_pairs(new)
            self.pairs_removed.emit()

        self._shell.notify(
            "info", _("A first look: read these before you make the rest."), _("Remove them again"), remove, tab="generate"
        )
