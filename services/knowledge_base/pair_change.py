"""SQL of what a person does to pairs: judge, edit, split, merge, and take all of it back exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.errors import UserError
from services.knowledge_base.connection import Connection
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.pair_query import STATES
from services.translation import _

Said = tuple[str, ...]
"""What is said by turns: question, answer, and what comes between them in a conversation; an even number."""

_IN = "IN (SELECT value FROM json_each(?))"
_OF_PAIR = ("state", "reason", "is_stale")
_OF_TEXT = ("instruction", "output", "turns", "evidence", "original_instruction", "original_output", "original_turns")


@dataclass(frozen=True, slots=True)
class PairStates:
    """Pairs that had this state, for this reason."""

    state: str
    reason: str
    ids: IdRanges
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class PairVersion:
    """What a person can change of a pair, as it stands in the tables: ``values`` in the order of the columns."""

    id: int
    values: tuple[str | int | None, ...]


class PairChangeStatements(Connection):
    """How pairs change. A stale pair that a person accepts or edits is stale no longer: it is right as the chunk is now.

    What the judge said of a pair is never touched here.
    """

    def set_pair_state(self, ids: Sequence[int], state: str) -> list[PairStates]:
        """Accept, reject or rescue pairs; the reason why a gate failed one stays readable until it is accepted.

        Returns:
            What ``put_back_states`` needs to undo it. Pairs that were so already are not in it.
        """
        if state not in STATES:
            raise ValueError(state)
        keep_reason = "reason" if state in ("rejected", "failed") else "''"
        where = f"id {_IN} AND (state <> ?{' OR is_stale' if state == 'accepted' else ''})"
        stale = "0" if state == "accepted" else "is_stale"
        wanted = json.dumps(list(ids))
        with self.transaction():
            rows = self.connection.execute(
                f"SELECT state, reason, is_stale, json_group_array(id) FROM pair WHERE {where} GROUP BY 1, 2, 3",
                (wanted, state),
            ).fetchall()
            self.connection.execute(
                f"UPDATE pair SET state = ?, reason = {keep_reason}, is_stale = {stale} WHERE {where}", (state, wanted, state)
            )
        return [PairStates(row[0], row[1], IdRanges(json.loads(row[3])), bool(row[2])) for row in rows]

    def put_back_states(self, before: Sequence[PairStates]) -> None:
        """Undo ``set_pair_state``."""
        with self.transaction():
            for part in before:
                self.connection.execute(
                    f"UPDATE pair SET state = ?, reason = ?, is_stale = ? WHERE id {_IN}",
                    (part.state, part.reason, part.is_stale, json.dumps(list(part.ids))),
                )

    def edit_pair(self, pair_id: int, instruction: str, output: str, turns: Said | None = None) -> None:
        """Change a pair by hand. What it said at first is kept; it counts as edited from now on.

        turns: what is said between question and answer, an even number; None leaves it as it is.

        Raises:
            UserError: something that is said would be empty, or the pair is gone.
        """
        kept = () if turns is None else tuple(turn.strip() for turn in turns)
        if not all(text.strip() for text in (instruction, output, *kept)):
            raise UserError(_("A pair needs a question and an answer. To leave this one out, reject it."))
        with self.transaction():
            changed = self.connection.execute(
                f"""
                UPDATE pair_text SET
                    original_turns = CASE WHEN original_instruction IS NULL THEN turns ELSE original_turns END,
                    original_instruction = coalesce(original_instruction, instruction),
                    original_output = coalesce(original_output, output),
                    instruction = ?, output = ?, turns = {'turns' if turns is None else '?'}
                WHERE pair_id = ?
                """,
                (instruction.strip(), output.strip(), *(() if turns is None else (_json(kept),)), pair_id),
            ).rowcount
            if not changed:
                raise _gone()
            self.connection.execute("UPDATE pair SET state = 'edited', reason = '', is_stale = 0 WHERE id = ?", (pair_id,))

    def restore_pair(self, pair_id: int) -> None:
        """Bring back what an edited pair said at first: nobody has judged that, and it is stale where its chunk has changed."""
        with self.transaction():
            changed = self.connection.execute(
                """
                UPDATE pair_text SET instruction = original_instruction, output = original_output, turns = original_turns,
                    original_instruction = NULL, original_output = NULL, original_turns = NULL
                WHERE pair_id = ? AND original_instruction IS NOT NULL
                """,
                (pair_id,),
            ).rowcount
            if changed:
                self.connection.execute(
                    "UPDATE pair SET state = 'new', reason = '',"
                    " is_stale = is_stale OR EXISTS (SELECT 1 FROM pair_mismatch WHERE pair_id = pair.id) WHERE id = ?",
                    (pair_id,),
                )

    def original_pair(self, pair_id: int) -> Said | None:
        """What was said at first, by turns, or None where the pair was never edited."""
        row = self.connection.execute(
            "SELECT original_instruction, original_turns, original_output FROM pair_text WHERE pair_id = ?", (pair_id,)
        ).fetchone()
        return (row[0], *json.loads(row[1] or "[]"), row[2]) if row and row[0] is not None else None

    def split_pair(self, pair_id: int, first: Said, second: Said, new_id: int | None = None) -> int:
        """Make two pairs of one, about the same fact of the same chunk; both count as edited.

        new_id: of the second one, where it had one before it was undone.

        Returns:
            The id of the second pair; ``delete_pairs`` and ``put_versions`` undo the splitting.

        Raises:
            UserError: something that is said would be empty, or the pair is gone; or new_id was given away.
        """
        if not all(text.strip() for text in second):
            raise UserError(_("Both pairs need a question and an answer."))
        with self.transaction():
            self.edit_pair(pair_id, first[0], first[-1], first[1:-1])
            if new_id is not None and self.connection.execute("SELECT 1 FROM pair WHERE id = ?", (new_id,)).fetchone():
                raise UserError(_("This cannot be done again, because other pairs were made since. Split the pair anew."))
            added = self.connection.execute(
                """
                INSERT INTO pair (id, dataset, chunk_id, style, state, provider, model, is_stale, created_at, fact_id, item_id,
                    verdict, score)
                SELECT ?, dataset, chunk_id, style, state, provider, model, is_stale, created_at, fact_id, item_id,
                    verdict, score FROM pair WHERE id = ? RETURNING id
                """,
                (new_id, pair_id),
            ).fetchone()[0]
            said = [text.strip() for text in second]
            self.connection.execute(
                """
                INSERT INTO pair_text (pair_id, instruction, output, turns, evidence, system, original_instruction,
                    original_output, original_turns)
                SELECT ?, ?, ?, ?, evidence, system, original_instruction, original_output, original_turns
                FROM pair_text WHERE pair_id = ?
                """,
                (added, said[0], said[-1], _json(said[1:-1]), pair_id),
            )
        return added

    def merge_pairs(self, ids: Sequence[int], said: Said) -> None:
        """The first pair says this from now on; the others are left out, as merged, and not asked for again.

        What is lit in the chunk covers the evidence of all, where they are about the same chunk.

        Raises:
            UserError: something that is said would be empty, or a pair is gone.
        """
        first, *others = ids
        with self.transaction():
            rows = self.connection.execute(
                f"SELECT pair.id, chunk_id, evidence FROM pair JOIN pair_text ON pair_id = pair.id WHERE pair.id {_IN}",
                (json.dumps(list(ids)),),
            ).fetchall()
            if len(rows) < len(ids):
                raise _gone()
            self.edit_pair(first, said[0], said[-1], said[1:-1])
            places = [json.loads(row[2]) for row in rows if row[2]]
            if len(places) == len(rows) and len({row[1] for row in rows}) == 1:
                whole = [min(start for start, _end in places), max(end for _start, end in places)]
                self.connection.execute("UPDATE pair_text SET evidence = ? WHERE pair_id = ?", (json.dumps(whole), first))
            self.connection.execute(
                f"UPDATE pair SET state = 'rejected', reason = 'merged' WHERE id {_IN}", (json.dumps(others),)
            )

    def pair_versions(self, ids: Sequence[int]) -> list[PairVersion]:
        """What these pairs say now, for ``put_versions``."""
        rows = self.connection.execute(
            f"SELECT id, {', '.join((*_OF_PAIR, *_OF_TEXT))} FROM pair JOIN pair_text ON pair_id = id WHERE id {_IN}",
            (json.dumps(list(ids)),),
        )
        return [PairVersion(row[0], tuple(row)[1:]) for row in rows]

    def put_versions(self, versions: Sequence[PairVersion]) -> None:
        """Give pairs back what they said, with state, reason, evidence and first texts; those that are gone stay gone."""
        with self.transaction():
            for version in versions:
                of_pair, of_text = version.values[: len(_OF_PAIR)], version.values[len(_OF_PAIR) :]
                self.connection.execute(f"UPDATE pair SET {_set(_OF_PAIR)} WHERE id = ?", (*of_pair, version.id))
                self.connection.execute(f"UPDATE pair_text SET {_set(_OF_TEXT)} WHERE pair_id = ?", (*of_text, version.id))


def _set(columns: Sequence[str]) -> str:
    return ", ".join(f"{column} = ?" for column in columns)


def _json(turns: Sequence[str]) -> str | None:
    return json.dumps(list(turns), ensure_ascii=False) if turns else None


def _gone() -> UserError:
    return UserError(_("This pair no longer exists."))
