"""SQL of the question and answer pairs, and the JSONL file that is written from them."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.knowledge_base.dataset import PUT_AWAY, DatasetStatements
from services.knowledge_base.pair_change import PairChangeStatements
from services.knowledge_base.pair_query import USABLE, PairQueryStatements
from services.knowledge_base.pair_query import USABLE_STATES as USABLE_STATES
from services.knowledge_base.stale import UNREVIEWED
from services.records import Pair
from services.translation import _

_PAIR = """
    SELECT pair.*, instruction, output, evidence, turns, system, original_instruction IS NOT NULL AS has_original, source, chunk_index
    FROM pair JOIN pair_text ON pair_id = pair.id LEFT JOIN rag_chunks ON rag_chunks.id = pair.chunk_id
"""
_IN_STATES = """
    FROM pair JOIN pair_text ON pair_id = pair.id LEFT JOIN chunk_flag USING (chunk_id)
    WHERE dataset = ? AND state IN (SELECT value FROM json_each(?)) AND NOT coalesce(is_excluded, 0) AND NOT coalesce(is_deleted, 0)
"""
_TAKEN_OUT = 2000  # pairs at once: others want to write, too


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair on its way into the table.

    evidence: start and end of the place in the chunk's content that the answer rests on, where it is known.
    turns: what is said between question and answer, by the one who answers first; an even number.
    system: what an imported chat tells its model beforehand.
    """

    instruction: str
    output: str
    chunk_id: int | None = None
    style: str = ""
    state: str = "new"
    reason: str = ""
    provider: str = ""
    model: str = ""
    evidence: tuple[int, int] | None = None
    fact_id: int | None = None
    item_id: int | None = None
    turns: tuple[str, ...] = ()
    system: str = ""


class PairStatements(DatasetStatements, PairQueryStatements, PairChangeStatements):
    """What the knowledge base knows of pairs."""

    def add_pairs(self, dataset: str, rows: Sequence[NewPair]) -> list[int]:
        """Add pairs to a dataset in one transaction; returns their ids."""
        ids = []
        with self.transaction():
            self.keep_dataset(dataset)
            for row in rows:
                pair_id = self.connection.execute(
                    "INSERT INTO pair (dataset, chunk_id, style, state, reason, provider, model, fact_id, item_id)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (
                        dataset, row.chunk_id, row.style, row.state, row.reason, row.provider, row.model, row.fact_id,
                        row.item_id,
                    ),
                ).fetchone()[0]  # fmt: skip
                self.connection.execute(
                    "INSERT INTO pair_text (pair_id, instruction, output, evidence, turns, system) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        pair_id, row.instruction, row.output, json.dumps(row.evidence) if row.evidence else None,
                        json.dumps(row.turns, ensure_ascii=False) if row.turns else None, row.system,
                    ),
                )  # fmt: skip
                ids.append(pair_id)
        return ids

    def count_passed_since(self, dataset: str, moment: str) -> int:
        """How many pairs that passed have been made for a dataset since then, an ISO 8601 moment; imported ones aside."""
        return self.connection.execute(
            "SELECT count(*) FROM pair WHERE dataset = ? AND state <> 'failed' AND provider <> ''"
            " AND unixepoch(created_at) >= unixepoch(?)",
            (dataset, moment),
        ).fetchone()[0]

    def unjudged_pairs(self, dataset: str) -> list[int]:
        """Pairs that passed the gates and wait for the judge."""
        rows = self.connection.execute(
            "SELECT id FROM pair WHERE dataset = ? AND state = 'failed' AND reason = 'unjudged' ORDER BY id", (dataset,)
        )
        return [row[0] for row in rows]

    def partner_of(self, pair_id: int) -> int | None:
        """The second chunk that a pair rests on, if there is one."""
        row = self.connection.execute(
            "SELECT json_extract(subject, '$.partner') FROM pair JOIN work_reply USING (item_id) WHERE pair.id = ?",
            (pair_id,),
        ).fetchone()
        return row[0] if row else None

    def pairs(self, ids: Sequence[int]) -> list[Pair]:
        """The pairs with these ids, in the order of the ids; ids that are gone are left out."""
        rows = self.connection.execute(
            f"{_PAIR} WHERE pair.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        found = {row["id"]: _pair(row) for row in rows}
        return [found[pair_id] for pair_id in ids if pair_id in found]

    def delete_pairs(self, ids: Sequence[int]) -> None:
        with self.transaction():
            values = (json.dumps(list(ids)),)
            self.connection.execute("DELETE FROM pair_text WHERE pair_id IN (SELECT value FROM json_each(?))", values)
            self.connection.execute("DELETE FROM pair WHERE id IN (SELECT value FROM json_each(?))", values)

    def take_out_pairs(self, ids: Sequence[int], state: str) -> None:
        """Delete those of these pairs that are as they came: in this state, and not edited."""
        for start in range(0, len(ids), _TAKEN_OUT):
            rows = self.connection.execute(
                "SELECT id FROM pair JOIN pair_text ON pair_id = id WHERE id IN (SELECT value FROM json_each(?))"
                " AND state = ? AND original_instruction IS NULL", (json.dumps(ids[start : start + _TAKEN_OUT]), state),
            )  # fmt: skip
            self.delete_pairs([row[0] for row in rows])

    def pair_counts(self) -> tuple[int, int]:
        """How many pairs of all datasets can be trained on, and how many of these are stale."""
        row = self.connection.execute(
            f"SELECT count(*), coalesce(sum(is_stale), 0) FROM pair WHERE {USABLE} AND dataset NOT GLOB '{PUT_AWAY}*'"
        ).fetchone()
        return row[0], row[1]

    def coverage(self, dataset: str) -> dict[int, int]:
        """Chunk id to its number of pairs that can be trained on; chunks without any are left out."""
        rows = self.connection.execute(
            f"SELECT chunk_id, count(*) FROM pair WHERE dataset = ? AND chunk_id IS NOT NULL AND {USABLE} GROUP BY 1",
            (dataset,),
        )
        return {row[0]: row[1] for row in rows}

    def rejections(self, dataset: str) -> dict[str, int]:
        """Why pairs failed at the gates, each reason with its number."""
        rows = self.connection.execute(
            "SELECT reason, count(*) FROM pair WHERE dataset = ? AND state = 'failed' GROUP BY 1 ORDER BY 2 DESC",
            (dataset,),
        )
        return {row[0]: row[1] for row in rows}

    def known_questions(self, dataset: str, chunk: int | None = None) -> list[str]:
        """Questions not to be asked again: those in use and those that the person rejected.

        A stale pair that nobody has judged stands in nobody's way.

        chunk: only the questions about this chunk.
        """
        rows = self.connection.execute(
            f"SELECT instruction FROM pair JOIN pair_text ON pair_id = pair.id WHERE dataset = ? AND state <> 'failed'"
            f" AND NOT ({UNREVIEWED}){'' if chunk is None else ' AND chunk_id = ?'} ORDER BY pair.id",
            (dataset,) if chunk is None else (dataset, chunk),
        )
        return [row[0] for row in rows]

    def seen_pairs(self, dataset: str, chunk: int) -> set[tuple[str, str]]:
        """Question and answer, as they were made, of every pair from this chunk, whatever became of it; not of
        those that are to be replaced, or were."""
        rows = self.connection.execute(
            "SELECT coalesce(original_instruction, instruction), coalesce(original_output, output)"
            " FROM pair JOIN pair_text ON pair_id = pair.id WHERE dataset = ? AND chunk_id = ?"
            f" AND reason <> 'replaced' AND NOT ({UNREVIEWED})",
            (dataset, chunk),
        )
        return {(row[0], row[1]) for row in rows}

    def said_pairs(self, dataset: str) -> Iterator[tuple[int, str, tuple[str, ...], tuple[str, ...]]]:
        """Id, state, what is said by turns, and what was said before a person edited it (empty if none did)."""
        for row in self.connection.execute(
            "SELECT pair.id, state, instruction, turns, output, original_instruction, original_turns, original_output"
            " FROM pair JOIN pair_text ON pair_id = pair.id WHERE dataset = ?",
            (dataset,),
        ):
            said = (row[2], *json.loads(row[3] or "[]"), row[4])
            yield row[0], row[1], said, () if row[5] is None else (row[5], *json.loads(row[6] or "[]"), row[7])

    def usable_rows(self, dataset: str) -> Iterator[tuple[str, str]]:
        """``(instruction, output)`` of every pair to train on: not rejected, its chunk neither excluded nor deleted."""
        for row in self._written_rows(dataset, USABLE_STATES):
            yield row[0], row[1]

    def count_written(self, dataset: str, states: Sequence[str] = USABLE_STATES) -> int:
        """How many pairs ``write_jsonl`` would write."""
        return self.connection.execute(f"SELECT count(*) {_IN_STATES}", (dataset, json.dumps(states))).fetchone()[0]

    def _written_rows(self, dataset: str, states: Sequence[str]) -> Iterator[tuple[str, str, list[str], str]]:
        rows = self.connection.execute(
            f"SELECT instruction, output, turns, system {_IN_STATES} ORDER BY pair.id", (dataset, json.dumps(states))
        )
        for row in rows:
            yield row[0], row[1], json.loads(row[2] or "[]"), row[3]

    def judge_pair(self, pair_id: int, verdict: str, *, is_backed: bool) -> None:
        """Keep what the judge said of a pair, and what follows from it, unless a person has decided meanwhile.

        is_backed: whether the chunk says so. verdict: the reason.
        """
        state, reason = ("new", "") if is_backed else ("failed", "judge")
        with self.transaction():
            self.connection.execute(
                """
                UPDATE pair SET verdict = :verdict, score = :score,
                    state = CASE WHEN state = 'failed' AND reason = 'unjudged' THEN :state ELSE state END,
                    reason = CASE WHEN state = 'failed' AND reason = 'unjudged' THEN :reason ELSE reason END
                WHERE id = :id
                """,
                {"id": pair_id, "verdict": verdict, "score": 100 * is_backed, "state": state, "reason": reason},
            )

    def write_jsonl(
        self, dataset: str, path: Path, *, is_chat: bool = False, states: Sequence[str] = USABLE_STATES
    ) -> int:
        """Write ``{"instruction", "output"}`` lines, UTF-8, all or nothing; returns their number.

        Nothing is written of a dataset that is not there, or is not any more once its rows are read.

        A pair of several turns becomes a ``{"messages"}`` line.

        is_chat: ``{"messages": [user, assistant]}`` lines instead, with a system message where a pair came with one.
        states: only pairs in these.

        Raises:
            UserError: the disk is full or the folder cannot be written.
        """
        partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        digest, count = hashlib.sha256(), 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                for instruction, output, turns, system in self._written_rows(dataset, states):
                    is_pair = not is_chat and not turns
                    row = (
                        {"instruction": instruction, "output": output} if is_pair
                        else _chat_row(instruction, turns, output, system if is_chat else "")
                    )  # fmt: skip
                    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
                    digest.update(line)
                    file.write(line)
                    count += 1
            # Noted before the file is in place, beside what was noted before: whichever a crash leaves behind is
            # known as ours.
            # Both while nobody can give the dataset another name: its old file must not come back.
            with self.transaction():
                if is_there := self.has_dataset(dataset):
                    self._note_written(dataset, digest.hexdigest())
            with self.transaction():
                if is_there and self.has_dataset(dataset):
                    partial.replace(path)
                else:
                    count = 0
        except OSError as error:
            raise UserError(
                _(
                    "{path} cannot be written ({reason}). The pairs are safe in the knowledge base; make room and try "
                    "again."
                ).format(path=path, reason=error.strerror or error)
            ) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()
        return count

    def is_as_written(self, dataset: str, path: Path) -> bool:
        """Whether the JSONL file is one that ``write_jsonl`` left there."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() in self._written(dataset)

    def _written(self, dataset: str) -> list[str]:
        return json.loads(str(self._meta(f"written:{dataset}") or "[]"))

    def _note_written(self, dataset: str, sha256: str) -> None:
        known = [other for other in self._written(dataset) if other != sha256]
        with self.transaction():
            self._set_meta(f"written:{dataset}", json.dumps([*known, sha256][-8:]))


def _chat_row(instruction: str, turns: Sequence[str], output: str, system: str) -> dict[str, Any]:
    said = [("system", system)] if system else []
    said += zip(itertools.cycle(("user", "assistant")), (instruction, *turns, output))
    return {"messages": [{"role": role, "content": content} for role, content in said]}


def _pair(row: sqlite3.Row) -> Pair:
    values: dict[str, Any] = dict(row)
    values["is_stale"] = bool(values["is_stale"])
    values["has_original"] = bool(values["has_original"])
    values["source"] = values["source"] or ""
    values["evidence"] = tuple(json.loads(values["evidence"])) if values["evidence"] else None
    values["turns"] = tuple(json.loads(values["turns"])) if values["turns"] else ()
    return Pair(**values)
