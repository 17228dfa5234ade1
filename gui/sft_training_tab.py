"""Tab 4: the model that has read the documents learns to answer; then it can be talked to and taken along."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.chat_panel import ChatPanel
from gui.export_panel import ExportPanel
from gui.icon import icon
from gui.latest_answer import LatestAnswer
from gui.line_height import keep_lines
from gui.shell import Shell
from gui.training_tab import TrainingTab
from services.errors import UserError
from services.knowledge_base.dataset import DatasetCount
from services.models.provenance import read_provenance
from services.project import Project
from services.training.session import resumable_step
from services.translation import _, ngettext

DEFAULT_DATASET, DEFAULT_NAME = "sft_data", "final"


class VariantForm(QWidget):
    """Which dataset teaches, and what the model is to be called.

    Signals:
        changed: another dataset or name.
    """

    changed = Signal()

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._counts: dict[str, DatasetCount] = {}
        self.dataset = QComboBox()
        self.dataset.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.dataset.setMinimumContentsLength(12)
        self.dataset.setToolTip(_("The questions and answers of tab 3 that the model learns from"))
        self.name = QLineEdit(placeholderText=DEFAULT_NAME)
        self.name.setToolTip(
            _("The folder in models/. With another name, a second model stands beside the first: the same knowledge, "
              "another way to answer.")
        )
        self.note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        keep_lines(self.note, 2)
        theme.set_role(self.note, "caption")
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        for row, (text, field) in enumerate(((_("Dataset"), self.dataset), (_("Name"), self.name))):
            label = QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(text)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self.note)
        self.dataset.currentIndexChanged.connect(self._suggest_name)
        self.name.textChanged.connect(self._changed)

    @property
    def chosen_dataset(self) -> str:
        return self.dataset.currentData() or DEFAULT_DATASET

    @property
    def chosen_name(self) -> str:
        return self.name.text().strip() or self.name.placeholderText()

    @property
    def pair_count(self) -> int:
        """How many pairs of the dataset can be trained on."""
        counts = self._counts.get(self.chosen_dataset)
        return counts.pairs if counts else 0

    def show_datasets(self, counts: list[DatasetCount], chosen: str = "") -> None:
        """Offer these; ``chosen`` is the one to show, without it the one that is shown stays."""
        self._counts = {row.name: row for row in counts}
        chosen = chosen or self.dataset.currentData() or DEFAULT_DATASET
        self.dataset.blockSignals(True)
        self.dataset.clear()
        for row in counts:
            pairs = ngettext("{count:,} pair", "{count:,} pairs", row.pairs).format(count=row.pairs)
            self.dataset.addItem(f"{row.name} · {pairs}", row.name)
        if not counts:
            self.dataset.addItem(DEFAULT_DATASET, DEFAULT_DATASET)
        self.dataset.setCurrentIndex(max(0, self.dataset.findData(chosen)))
        self.dataset.blockSignals(False)
        self._suggest_name()

    def choose(self, dataset: str, name: str) -> None:
        if (place := self.dataset.findData(dataset)) >= 0:  # else it was deleted since
            self.dataset.setCurrentIndex(place)
        self.name.setText("" if name == self.name.placeholderText() else name)

    def follow(self, new: str, counts: list[DatasetCount]) -> None:
        """The chosen dataset has another name now; a model that has begun to learn from it keeps its own."""
        name = self.chosen_name
        self.show_datasets(counts, new)
        has_begun = (self._project.models_folder / name / "config.json").exists() or resumable_step(self._project, "sft", name)
        if has_begun and not self.name.text():
            self.name.setText("" if name == self.name.placeholderText() else name)

    def problem(self) -> str:
        """Why the model cannot be called that; empty if it can."""
        try:
            self._project.model_folder(self.chosen_name)
        except UserError as error:
            return str(error)
        return ""

    def _suggest_name(self, _index: int = 0) -> None:
        """A dataset of its own makes a model of its own, unless the person says otherwise."""
        dataset = self.chosen_dataset
        self.name.setPlaceholderText(DEFAULT_NAME if dataset == DEFAULT_DATASET else dataset)
        self._changed()

    def _changed(self, _text: str = "") -> None:
        has_one = not self.problem() and (self._project.model_folder(self.chosen_name) / "config.json").exists()
        self.note.setText(
            _("There is a model of this name; the new one takes its place when it is done.") if has_one
            else _("It becomes models/{name}, the CPT model taught with these pairs.").format(name=self.chosen_name)
        )
        self.changed.emit()


class SftTrainingTab(TrainingTab):
    phase = "sft"

    def __init__(self, project: Project, shell: Shell) -> None:
        self.variant = VariantForm(project)
        self.chat, self.export = ChatPanel(shell), ExportPanel(shell)
        self.pages = QTabWidget(documentMode=True)
        super().__init__(project, shell, self.variant, is_compact=True)
        height = self.fontMetrics().height()  # as shares: most of the room is for talking
        self.right.setSizes([height * 11, height * 26])
        self.variant.changed.connect(self._variant_changed)
        self._renames = 0
        self._datasets = LatestAnswer(shell, self)
        self._datasets.answered.connect(self._take_datasets)
        shell.dataset_renamed.connect(self._dataset_renamed)
        shell.model_renamed.connect(self._model_renamed)
        self.variant.show_datasets(shell.knowledge_base.datasets())  # now: an earlier run may choose among them
        self.show_state()

    def lower_pages(self) -> QWidget:
        self.pages.setAccessibleName(_("Chat, runs and export"))
        runs = QWidget()
        column = QVBoxLayout(runs)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.addWidget(self.runs)
        export = QScrollArea(widgetResizable=True)  # the highest page, seldom needed: it must not make the window high
        export.setFrameShape(QFrame.Shape.NoFrame)
        export.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        export.setWidget(self.export)
        for page, name, text in (
            (self.chat, "chat", _("Chat")), (runs, "chart", _("Runs")), (export, "export", _("Export")),
        ):  # fmt: skip
            self.pages.addTab(page, icon(name, "muted"), text)
        return self.pages

    def find(self) -> None:
        self.pages.setCurrentWidget(self.chat)
        self.chat.input.setFocus()

    def job_settings(self) -> dict[str, Any]:
        return {**self.form.values(), "dataset": self.variant.chosen_dataset, "name": self.variant.chosen_name}

    def job_label(self) -> str:
        return _("SFT training of “{name}”").format(name=self.variant.chosen_name)

    def model_name(self) -> str:
        return self.variant.chosen_name

    def take_origin(self, settings: dict[str, Any]) -> None:
        self.variant.choose(settings.get("dataset", DEFAULT_DATASET), settings.get("name", DEFAULT_NAME))

    def show_state(self) -> None:
        cpt = self.project.cpt_model_folder
        if not (cpt / "adapter_config.json").exists():
            self.form.show_need(_("No CPT model yet."), _("Train one in tab 2"), self._go_to_cpt)
        elif problem := self.variant.problem():
            self.form.show_need(problem)
        elif not self.variant.pair_count:
            self.form.show_need(_("No pairs in this dataset yet."), _("Make some in tab 3"), self._go_to_pairs)
        elif read_provenance(cpt).get("revision") != self.shell.knowledge_base.revision():
            self.form.show_need(
                _("The CPT model is out of date: the chunks have changed."), _("Train it again"), self._go_to_cpt,
                is_blocking=False,
            )  # fmt: skip
        else:
            self.form.show_need("")

    def tell_result(self, result: dict[str, Any]) -> None:
        text = _("Your model is ready: {steps:,} steps, loss {loss:.2f}. Talk to it below.").format(
            steps=result["steps"], loss=result["loss"]
        )
        self.shell.notify("success", text, _("Talk to it"), self.find, tab="sft")

    def speed_key(self, settings: dict[str, Any]) -> object:
        keys = ("batch_size", "max_seq_length", "gradient_checkpointing", "device")
        return (*(settings.get(key) for key in keys), settings.get("processes") or 1)

    def _project_changed(self, tables: frozenset[str]) -> None:
        if tables & {"pair", "chunk", "model"}:  # a model of the wished name may be there, or no longer
            renames = self._renames
            self._datasets.ask(lambda store: (renames, store.datasets()))
        super()._project_changed(tables)

    def _dataset_renamed(self, name: str, new: str) -> None:
        self._renames += 1
        counts = self.shell.knowledge_base.datasets()
        if self.variant.chosen_dataset == name:
            self.variant.follow(new, counts)

    def _model_renamed(self, name: str, new: str) -> None:
        """What was meant to be trained again, or to go on, is meant still."""
        if self.variant.chosen_name == name:
            self.variant.choose(self.variant.chosen_dataset, new)

    def _take_datasets(self, answer: tuple[int, list[DatasetCount]]) -> None:
        if answer[0] == self._renames:  # or else it knows the old name; another answer is on its way
            self.variant.show_datasets(answer[1])

    def _variant_changed(self) -> None:
        self._look_for_interrupted()
        self.show_state()
        self._settings_changed()

    def _go_to_cpt(self) -> None:
        self.shell.show_tab("cpt")

    def _go_to_pairs(self) -> None:
        self.shell.show_tab("generate")
