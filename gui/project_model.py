"""The models of a project, as a list shows them."""

from __future__ import annotations

from dataclasses import dataclass

from services.models.provenance import read_provenance
from services.project import Project
from services.translation import _


@dataclass(frozen=True, slots=True)
class ProjectModel:
    """name: "base", "cpt", or a final model's name."""

    name: str
    label: str
    is_final: bool = False
    is_stale: bool = False


def project_models(project: Project, revision: int) -> list[ProjectModel]:
    """From the base model to the newest final one; empty before the first training. Final models stay usable where the
    CPT model was deleted.

    revision: of the knowledge base now; a model that read an earlier one is marked.
    """
    has_cpt = (project.cpt_model_folder / "adapter_config.json").exists()
    finals = {name: read_provenance(project.model_folder(name)) for name in project.final_models()}
    if not has_cpt and not finals:
        return []
    cpt = read_provenance(project.cpt_model_folder) if has_cpt else next(iter(finals.values()))
    is_stale = cpt.get("revision") != revision
    base = str(cpt.get("base_model", "")).rstrip("/").rsplit("/", 1)[-1]
    models = [ProjectModel("base", _("Base model ({name})").format(name=base) if base else _("Base model"))]
    if has_cpt:
        models.append(ProjectModel("cpt", _marked(_("CPT model"), is_stale), is_stale=is_stale))
    for name, made in finals.items():
        is_old = is_stale or made.get("cpt_run") != cpt.get("run") if has_cpt else made.get("revision") != revision
        label = _("Final model") if name == "final" else _("Variant “{name}”").format(name=name)
        models.append(ProjectModel(name, _marked(label, is_old), True, is_old))
    return models


def _marked(label: str, is_stale: bool) -> str:
    return _("{model}, out of date").format(model=label) if is_stale else label
