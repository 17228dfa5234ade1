"""Tab 2: a base model reads the documents."""

from __future__ import annotations

from typing import Any

from gui.base_model_chooser import BaseModelChooser
from gui.shell import Shell
from gui.training_tab import TrainingTab
from services.models.provenance import read_provenance
from services.project import Project
from services.translation import _


class CptTrainingTab(TrainingTab):
    phase = "cpt"

    def __init__(self, project: Project, shell: Shell) -> None:
        self.base_model = BaseModelChooser(shell)
        super().__init__(project, shell, self.base_model)
        self.right.setSizes([self.fontMetrics().height() * 28, self.fontMetrics().height() * 12])
        self.base_model.changed.connect(self.show_state)
        self.base_model.changed.connect(self._settings_changed)
        self.show_state()

    def job_settings(self) -> dict[str, Any]:
        return {**self.form.values(), "base_model": self.base_model.value()}

    def take_origin(self, settings: dict[str, Any]) -> None:
        if name := settings.get("base_model"):
            self.base_model.set_value(name)

    def show_state(self) -> None:
        store = self.shell.knowledge_base
        if not store.count_chunks():
            self.form.show_need(_("No chunks yet."), _("Add documents in tab 1"), self._go_to_documents)
        elif problem := self.base_model.problem():
            self.form.show_need(problem)
        elif self._is_stale():
            self.form.show_need(
                _("The chunks have changed since the CPT model read them: train it again."), is_blocking=False
            )
        else:
            self.form.show_need("")

    def tell_result(self, result: dict[str, Any]) -> None:
        text = _("The model has read your documents: {steps:,} steps, loss {loss:.2f}.").format(
            steps=result["steps"], loss=result["loss"]
        )
        self.shell.notify("success", text, _("Go on with SFT Data"), self._go_to_pairs, tab="cpt")

    def _is_stale(self) -> bool:
        folder = self.project.cpt_model_folder
        if self.shell.is_busy or not (folder / "adapter_config.json").exists():
            return False
        return read_provenance(folder).get("revision") != self.shell.knowledge_base.revision()

    def _go_to_documents(self) -> None:
        self.shell.show_tab("ingest")

    def _go_to_pairs(self) -> None:
        self.shell.show_tab("generate")
