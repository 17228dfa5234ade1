"""Write docs/SETTINGS.md from the declarations in services/settings.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from services.settings import PHASES, Setting  # noqa: E402

TITLES = {
    "ingest": "Phase 1: documents and chunks (`ingest`)",
    "cpt": "Phase 2: CPT training (`cpt`)",
    "generate": "Phase 3: questions and answers (`generate`)",
    "sft": "Phase 4: SFT training (`sft`)",
    "export": "Export (`export`)",
    "chat": "Chat (`chat`)",
}


def settings_page() -> str:
    """The page as Markdown."""
    lines = ["# Settings", "", "Written by `packaging/write_settings.py` from `services/settings.py`."]
    for phase, title in TITLES.items():
        lines += ["", f"## {title}", "", "| option | default | limits | what it does |", "| --- | --- | --- | --- |"]
        lines += [f"| `{each.option}` | {_default(each)} | {_limits(each)} | {each.help} |" for each in PHASES[phase]]
    return "\n".join(lines) + "\n"


def _default(setting: Setting) -> str:
    if setting.kind == "bool":
        return "on" if setting.default else "off"
    if setting.kind in ("int", "float"):
        return f"{setting.default:g} {setting.unit_of(setting.default)}".strip()
    return f"`{setting.default}`" if setting.default else ""


def _limits(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    return f"{setting.minimum:g} to {setting.maximum:g}" if setting.minimum is not None else ""


if __name__ == "__main__":
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "SETTINGS.md").write_text(settings_page(), "utf-8")
