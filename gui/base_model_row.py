"""One row of the lists of base models: its card, whether it fits, and where it is; and how that is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gui.quantity import say_count, say_size, say_when
from services.models.base import STARTER_MODEL, local_models
from services.models.cache import CachedModel, cached_models
from services.models.card import INSTRUCT, ModelCard, card_of, kind_of
from services.models.demand import Room, Verdict, judge, look_at_room
from services.models.recommended import RECOMMENDED, recommend
from services.translation import _, ngettext


@dataclass(frozen=True, slots=True)
class ModelRow:
    """cached: what the hub's cache holds of it, complete or not."""

    id: int
    card: ModelCard
    verdict: Verdict
    cached: CachedModel | None = None

    @property
    def is_here(self) -> bool:
        return self.card.folder is not None

    @property
    def is_begun(self) -> bool:
        """A download of it stopped halfway."""
        return not self.is_here and self.cached is not None

    @property
    def can_be_deleted(self) -> bool:
        return self.cached is not None

    def say_name(self) -> str:
        """With its author, where it is of the hub."""
        return self.card.title if self.is_here and self.cached is None else self.card.name

    def say_kind(self) -> str:
        return _("instruct") if self.card.kind == INSTRUCT else _("base")

    def say_size(self) -> str:
        return say_size(self.card.size_bytes) if self.card.size_bytes else ""

    def say_parameters(self) -> str:
        return say_count(self.card.parameters) if self.card.parameters else ""

    def say_place(self) -> str:
        """Where it is, in a word or two."""
        if self.is_here:
            return _("here")
        if self.is_begun and self.cached.total_bytes:
            share = min(99, 100 * self.cached.size_bytes // self.cached.total_bytes)
            return _("{share} % here").format(share=share)
        return _("begun") if self.is_begun else ""

    def say_used(self) -> str:
        return say_when(datetime.fromtimestamp(self.cached.used_at).isoformat()) if self.cached else ""

    def say_downloads(self) -> str:
        return say_count(self.card.downloads) if self.card.downloads else ""

    def sentence(self) -> str:
        """For a tool tip and a screen reader."""
        return self.card.why_not or self.card.kind_sentence

    def say_context(self) -> str:
        count = self.card.context_tokens
        return ngettext("{count} token", "{count} tokens", count).format(count=f"{count:,}") if count else ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of this computer: what it can hold, and what lies on it."""

    room: Room
    here: dict[str, ModelCard]
    cached: dict[str, CachedModel]

    @classmethod
    def look(cls, folders: Iterable[str | Path] = ()) -> Shelf:
        """Reads the cache and some folders, and asks the graphics card's driver: not in the window's thread."""
        cached = {model.name: model for model in cached_models()}
        of_cache = {model.snapshot for model in cached.values()}
        here = {}
        for info in local_models(folders):
            has_name = info.folder == STARTER_MODEL or info.folder in of_cache
            name = info.name if has_name else str(info.folder)
            here[name] = card_of(replace(info, name=name), RECOMMENDED.get(name))
        return cls(look_at_room(), here, cached)

    def rows(self, cards: Iterable[ModelCard]) -> list[ModelRow]:
        """The rows for some cards; what is here is said of them."""
        rows = []
        for number, card in enumerate(cards):
            known = self.here.get(card.name, card)
            rows.append(ModelRow(number, known, judge(known, self.room), self.cached.get(card.name)))
        return rows

    def recommended(self) -> list[ModelRow]:
        return self.rows(recommend(self.room))

    def local(self) -> list[ModelRow]:
        """What is here, and what a download began to bring."""
        begun = [name for name in self.cached if name not in self.here]
        cards = [RECOMMENDED.get(name) or ModelCard(name, kind_of(name, has_chat_template=False)) for name in begun]
        return self.rows([*cards, *self.here.values()])
