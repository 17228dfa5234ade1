"""One connection to ``rag_db.sqlite`` and its transactions; open one per thread and process, and close it."""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from services.errors import Cancelled, UserError
from services.knowledge_base.schema import upgrade
from services.translation import _

_STEPS_BETWEEN_QUESTIONS = 50_000  # of SQLite's virtual machine


class Connection:
    """What the statements of documents, chunks and pairs share.

    Raises:
        UserError: the file is not a knowledge base, is damaged, is newer than this program, or cannot be written.
    """

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        try:
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        except sqlite3.OperationalError as error:
            raise UserError(_("{path} cannot be opened: {reason}.").format(path=path, reason=error)) from error
        self.connection.row_factory = sqlite3.Row
        try:
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = NORMAL")
            upgrade(self.connection)
            if is_read_only:  # not mode=ro: that leaves the -wal file behind when it is the last to close
                self.connection.execute("PRAGMA query_only = ON")
        except sqlite3.DatabaseError as error:
            self.connection.close()
            known = _environment_error(path, error) if isinstance(error, sqlite3.OperationalError) else error
            if isinstance(known, UserError):
                raise known from error
            raise UserError(
                _("{path} is not a readable knowledge base ({reason}). Put back a copy of the file, or start a new "
                  "project and add the documents again.").format(path=path, reason=error)
            ) from error
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; an unfinished transaction is rolled back."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested uses join the outer one.

        Raises:
            UserError: the disk is full, or another program holds the file.
        """
        if self.connection.in_transaction:
            yield
            return
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.rollback()
                raise
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if self.connection.in_transaction:
                self.connection.rollback()
            raise _environment_error(self.path, error) from error

    @contextmanager
    def own_rows(self) -> Iterator[None]:
        """A transaction in which the triggers rest: who writes rows here keeps index and flags in step at once.

        The mark that tells the triggers lives and dies inside of the transaction, so that no other program's rows
        can ever meet it.
        """
        with self.transaction():
            self._set_meta("resting", 1)
            try:
                yield
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("DELETE FROM meta WHERE key = 'resting'")
            self._bump()

    @contextmanager
    def interruptible(self, is_cancelled: Callable[[], bool]) -> Iterator[None]:
        """Let queries end early: ``is_cancelled`` is asked every few milliseconds.

        Raises:
            Cancelled: it said so.
        """
        self.connection.set_progress_handler(is_cancelled, _STEPS_BETWEEN_QUESTIONS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if is_cancelled():
                raise Cancelled from error
            raise
        finally:
            self.connection.set_progress_handler(None, 0)

    def revision(self) -> int:
        """Counts what a model or a pair can depend on: it grows with every change of a chunk's text or flags."""
        return self.connection.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()[0]

    def data_version(self) -> int:
        """Changes when another connection has committed."""
        return self.connection.execute("PRAGMA data_version").fetchone()[0]

    def _id_array(self, sql: str, values: dict[str, Any] | None = None) -> array[int]:
        """The ids that a SELECT gives, in its order, as ``array('q')``.

        SQLite puts them together itself: stepping through a million rows from Python takes four times as long, and
        the other threads' turns with it. (It keeps the order of a subquery for group_concat, and where there is a LIMIT.)
        """
        import numpy as np

        text = self.connection.execute(f"SELECT group_concat(id) FROM ({sql})", values or {}).fetchone()[0]
        return array("q", np.fromstring(text, np.int64, sep=",").tobytes() if text else b"")

    def _meta(self, key: str) -> object:
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _set_meta(self, key: str, value: object) -> None:
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _bump(self) -> None:
        self.connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")


def _environment_error(path: Path, error: sqlite3.OperationalError) -> Exception:
    """A database error that the machine causes, as a sentence; anything else is a bug and stays what it is."""
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return UserError(
            _("There is no room left on the disk that holds {folder}. Free some space and try again; what was saved "
              "before is still there.").format(folder=path.parent)
        )
    if "locked" in text or "busy" in text:
        return UserError(_("Another program holds {path}. Close it and try again.").format(path=path))
    if "readonly" in text or not os.access(path, os.W_OK):
        return UserError(_("{path} cannot be written. Check that you may write to that folder.").format(path=path))
    return error
