"""SQL of the datasets by name: made, copied, given another name, put away and brought back.

A dataset's name stands in ``pair``, ``work_item`` and in ``meta`` (``written:NAME``, what its file may be known by). One
that is put away has a name that no person can give, so that its rows stay as they are and nobody meets them.

Its file cannot change in the same transaction. What is to follow is noted there (``moved:NAME`` in ``meta``) and done
by ``services.sft_data.dataset``, at the latest when the project is opened again.
"""

from __future__ import annotations

import json
import uuid
from typing import NamedTuple

from services.errors import UserError
from services.file_name import name_key
from services.knowledge_base.connection import Connection
from services.knowledge_base.pair_query import USABLE
from services.translation import _

PUT_AWAY = "deleted/"  # what such a name begins with: no file's name has a slash
_IS_LIVE = "deleted_at = ''"
_OF_NAME = {"pair_text": "pair_id", "pair_mismatch": "pair_id"}  # what belongs to a pair, and by which column


class DatasetCount(NamedTuple):
    """pairs: those that can be trained on; accepted: by the person; rejected: by the person or at a gate."""

    name: str
    pairs: int
    accepted: int
    rejected: int


class DeletedDataset(NamedTuple):
    """key: what ``restore_dataset`` wants. name: what it was called. pairs: all of them. deleted_at: UTC, as ISO 8601."""

    key: str
    name: str
    pairs: int
    deleted_at: str


class Move(NamedTuple):
    """What files are still to follow: the old name (empty where there was none) and the new one."""

    before: str
    after: str


class DatasetStatements(Connection):
    """What the knowledge base knows of datasets."""

    def datasets(self) -> list[DatasetCount]:
        """Every dataset that is not deleted, by name, those without pairs too."""
        rows = self.connection.execute(
            f"""
            SELECT name, coalesce(sum({USABLE}), 0), coalesce(sum(state IN ('accepted', 'edited')), 0),
                coalesce(sum(state IN ('rejected', 'failed')), 0)
            FROM dataset LEFT JOIN pair ON pair.dataset = dataset.name WHERE {_IS_LIVE}
            GROUP BY name ORDER BY name COLLATE NOCASE
            """
        )
        return [DatasetCount(*row) for row in rows]

    def deleted_datasets(self) -> list[DeletedDataset]:
        """Those that can be brought back, the last one first."""
        rows = self.connection.execute(
            f"""
            SELECT name, called, (SELECT count(*) FROM pair WHERE pair.dataset = dataset.name), deleted_at FROM dataset
            WHERE NOT {_IS_LIVE} ORDER BY deleted_at DESC, called COLLATE NOCASE
            """
        )
        return [DeletedDataset(*row) for row in rows]

    def has_dataset(self, name: str) -> bool:
        """Whether there is one of exactly this name."""
        return bool(self.connection.execute(f"SELECT 1 FROM dataset WHERE name = ? AND {_IS_LIVE}", (name,)).fetchone())

    def spelling_of(self, name: str) -> str:
        """The name as it is spelt already, where there is a dataset that differs in capitals only; else the name itself.

        Their files would be the same one on most systems.
        """
        return name if self.has_dataset(name) else self._same(name) or name

    def dataset_names(self) -> list[str]:
        """Every dataset that is not deleted, in the order of ``datasets``, without counting."""
        return [row[0] for row in self.connection.execute(f"SELECT name FROM dataset WHERE {_IS_LIVE} ORDER BY name COLLATE NOCASE")]

    def count_dataset(self, name: str) -> tuple[int, int]:
        """How many pairs it has, those that are not in use included, and how many of them a person accepted or edited."""
        return self.connection.execute(
            "SELECT count(*), coalesce(sum(state IN ('accepted', 'edited')), 0) FROM pair WHERE dataset = ?", (name,)
        ).fetchone()[:]

    def check_free(self, name: str, but: str = "") -> None:
        """
        Args:
            but: the dataset that is to get the name.

        Raises:
            UserError: there is one that cannot stand beside one of this name.
        """
        if taken := self._same(name, but):
            raise UserError(_("There is a dataset “{name}” already. Choose another name.").format(name=taken))

    def keep_dataset(self, name: str) -> None:
        """Remember that there is such a dataset, although it may have no pairs."""
        if not self.has_dataset(name):
            with self.transaction():
                self.connection.execute("INSERT OR IGNORE INTO dataset (name) VALUES (?)", (name,))

    def forget_empty(self, name: str) -> None:
        """There is no such dataset, unless it has pairs, or something was asked for it."""
        with self.transaction():
            self.connection.execute(
                "DELETE FROM dataset WHERE name = :name AND NOT EXISTS (SELECT 1 FROM pair WHERE dataset = :name)"
                " AND NOT EXISTS (SELECT 1 FROM work_item WHERE dataset = :name)", {"name": name},
            )  # fmt: skip

    def make_dataset(self, name: str) -> None:
        """Begin an empty one.

        Raises:
            UserError: there is one of that name.
        """
        with self.transaction():
            self.check_free(name)
            self.connection.execute("INSERT INTO dataset (name) VALUES (?)", (name,))

    def copy_dataset(self, name: str, copy: str) -> int:
        """Begin one with the same pairs, in whatever state; returns their number.

        What was asked and paid stays with the first one: a bill is not doubled. The pairs still know the requests that
        brought them, so that the copy is not asked again for what it holds (see ``WorkStatements.next_variant``).

        Raises:
            UserError: there is no such dataset, or one of the copy's name.
        """
        with self.transaction():
            self._check_there(name)
            self.check_free(copy)
            self.connection.execute("INSERT INTO dataset (name) VALUES (?)", (copy,))
            last = self.connection.execute("SELECT coalesce(max(id), 0) FROM pair").fetchone()[0]
            values = {"name": name, "copy": copy, "last": last}
            ids = """
                WITH copied AS (SELECT id AS old_id, :last + row_number() OVER (ORDER BY id) AS new_id
                    FROM pair WHERE dataset = :name AND id <= :last)
            """
            columns = ", ".join(self._columns("pair", "id", "dataset"))
            count = self.connection.execute(
                f"INSERT INTO pair (id, dataset, {columns}) {ids} SELECT new_id, :copy, {columns}"
                " FROM pair JOIN copied ON old_id = id ORDER BY new_id", values,
            ).rowcount  # fmt: skip
            for table, column in _OF_NAME.items():
                columns = ", ".join(self._columns(table, column))
                self.connection.execute(
                    f"INSERT INTO {table} ({column}, {columns}) {ids} SELECT new_id, {columns}"
                    f" FROM {table} JOIN copied ON old_id = {column} ORDER BY new_id", values,
                )  # fmt: skip
            self._set_meta(f"moved:{copy}", "")
        return count

    def rename_dataset(self, name: str, new: str) -> None:
        """Give it another name, everywhere in the database.

        Raises:
            UserError: there is no such dataset, or another one of that name.
        """
        with self.transaction():
            self._check_there(name)
            self.check_free(new, but=name)
            self.connection.execute("UPDATE dataset SET name = ? WHERE name = ?", (new, name))
            self._move(name, new)

    def put_away(self, name: str) -> str:
        """Delete it, for the time being; returns the key with which it comes back.

        Raises:
            UserError: there is no such dataset.
        """
        key = PUT_AWAY + uuid.uuid4().hex
        with self.transaction():
            self._check_there(name)
            self.connection.execute(
                "UPDATE dataset SET name = ?, called = ?, deleted_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE name = ?",
                (key, name, name),
            )
            self._move(name, key)
        return key

    def restore_dataset(self, key: str) -> str:
        """Bring a deleted one back; returns its name, with a number where there is another one of that name by now.

        Raises:
            UserError: it is gone for good.
        """
        with self.transaction():
            row = self.connection.execute(f"SELECT called FROM dataset WHERE name = ? AND NOT {_IS_LIVE}", (key,)).fetchone()
            if row is None:
                raise UserError(_("This dataset is gone for good, or was brought back already."))
            names = (row[0], *(f"{row[0]}-{number}" for number in range(2, 10_000)))
            name = next(name for name in names if not self._same(name))
            self.connection.execute("UPDATE dataset SET name = ?, called = '', deleted_at = '' WHERE name = ?", (name, key))
            self._move(key, name)
        return name

    def purge_datasets(self, before: str) -> int:
        """Remove for good what was deleted before that time (UTC, as ISO 8601); returns how many datasets.

        The bill stays, and those replies that pairs of other datasets rest on.
        """
        keys = [row.key for row in self.deleted_datasets() if row.deleted_at < before]
        for key in keys:
            with self.transaction():
                execute = self.connection.execute
                for table, column in _OF_NAME.items():
                    execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM pair WHERE dataset = ?)", (key,))
                execute("DELETE FROM pair WHERE dataset = ?", (key,))
                execute(
                    "DELETE FROM work_reply WHERE item_id IN (SELECT id FROM work_item WHERE dataset = ?)"
                    " AND item_id NOT IN (SELECT item_id FROM pair WHERE item_id IS NOT NULL)", (key,),
                )  # fmt: skip
                execute("DELETE FROM meta WHERE key = ?", (f"written:{key}",))
                execute("DELETE FROM dataset WHERE name = ?", (key,))
        return len(keys)

    def open_moves(self) -> list[Move]:
        """What files have not followed yet."""
        rows = self.connection.execute("SELECT key, value FROM meta WHERE key GLOB 'moved:*'")
        return [Move(row[1], row[0].removeprefix("moved:")) for row in rows]

    def end_move(self, move: Move) -> None:
        """Its files have followed."""
        with self.transaction():
            self.connection.execute("DELETE FROM meta WHERE key = ? AND value = ?", (f"moved:{move.after}", move.before))

    def _move(self, before: str, after: str) -> None:
        for table in ("pair", "work_item"):
            self.connection.execute(f"UPDATE {table} SET dataset = ? WHERE dataset = ?", (after, before))
        known = [json.loads(str(self._meta(f"written:{name}") or "[]")) for name in (after, before)]
        self.connection.execute("DELETE FROM meta WHERE key = ?", (f"written:{before}",))
        self._set_meta(f"written:{after}", json.dumps([*known[0], *known[1]][-8:]))
        self._set_meta(f"moved:{after}", before)

    def _same(self, name: str, but: str = "") -> str:
        """The dataset that cannot stand beside one of this name; empty if there is none."""
        rows = self.connection.execute(f"SELECT name FROM dataset WHERE {_IS_LIVE} ORDER BY name")
        return next((row[0] for row in rows if row[0] != but and name_key(row[0]) == name_key(name)), "")

    def _check_there(self, name: str) -> None:
        if not self.has_dataset(name):
            raise UserError(_("There is no dataset “{name}”.").format(name=name))

    def _columns(self, table: str, *but: str) -> list[str]:
        rows = self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return [row[0] for row in rows if row[0] not in but]
