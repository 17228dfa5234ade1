"""SQL of the prompts that a person saved with the project, instead of ours."""

from __future__ import annotations

from services.knowledge_base.connection import Connection

_PREFIX = "prompt:"


class PromptStatements(Connection):
    """What the knowledge base knows of prompts: a style's key, or "system", to the text."""

    def prompt_texts(self) -> dict[str, str]:
        """The prompts that are not ours."""
        rows = self.connection.execute("SELECT key, value FROM meta WHERE key GLOB ?", (f"{_PREFIX}*",))
        return {row[0].removeprefix(_PREFIX): row[1] for row in rows}

    def save_prompt_text(self, key: str, text: str) -> None:
        """Keep a prompt with the project; an empty one brings ours back."""
        with self.transaction():
            if text.strip():
                self._set_meta(f"{_PREFIX}{key}", text.strip())
            else:
                self.connection.execute("DELETE FROM meta WHERE key = ?", (f"{_PREFIX}{key}",))
