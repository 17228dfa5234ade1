"""The table of pairs."""

import pytest
from places import add_chunks

from services.errors import UserError
from services.knowledge_base.pairs import NewPair
from services.project import Project

ROWS = [
    NewPair("When was the mill built?", "In 1510.", style="factual", provider="ollama", model="m", evidence=(3, 9)),
    NewPair("Who built it?", "Anna", style="factual", state="failed", reason="not-alone"),
    NewPair("50 % of what_is it?", "Grain", style="socratic"),
]


def test_pairs_come_back_as_they_went_in(project: Project) -> None:
    ids = add_chunks(project, 2)
    with project.connect() as knowledge_base:
        made = knowledge_base.add_pairs("formal", [NewPair("Q?", "A.", ids[1], "factual", evidence=(0, 4)), *ROWS])
        pairs = knowledge_base.pairs([made[2], made[0], 999])
        assert [pair.id for pair in pairs] == [made[2], made[0]]
        assert (pairs[1].source, pairs[1].chunk_index, pairs[1].evidence) == ("places.md", 1, (0, 4))
        assert (pairs[0].state, pairs[0].reason, pairs[0].source) == ("failed", "not-alone", "")
        assert knowledge_base.coverage("formal") == {ids[1]: 1}


def test_finding_sorting_and_filtering(project: Project) -> None:
    with project.connect() as knowledge_base:
        one, two, three = knowledge_base.add_pairs("a", ROWS)
        knowledge_base.add_pairs("b", ROWS)
        assert list(knowledge_base.pair_ids("a")) == [one, two, three]
        assert list(knowledge_base.pair_ids("a", "failed")) == [two]
        assert list(knowledge_base.pair_ids("a", ("new", "failed"), style="factual")) == [one, two]
        assert list(knowledge_base.pair_ids("a", search="MILL")) == [one]
        assert list(knowledge_base.pair_ids("a", search="what_is")) == [three]
        assert list(knowledge_base.pair_ids("a", search="0 %")) == [three]
        assert list(knowledge_base.pair_ids("a", search="_")) == [three]
        for order, wanted in (
            ("instruction", [three, one, two]),
            ("output", [two, three, one]),
            ("style", [one, two, three]),
        ):
            assert list(knowledge_base.pair_ids("a", order=order)) == wanted
            assert list(knowledge_base.pair_ids("a", order=order, is_descending=True)) == wanted[::-1]
        for order in ("id", "state", "reason", "model", "source", "chunk_index", "created_at"):
            assert sorted(knowledge_base.pair_ids("a", order=order)) == [one, two, three]


def test_edits_keep_what_was_said_first(project: Project) -> None:
    with project.connect() as knowledge_base:
        [pair_id, failed, _three] = knowledge_base.add_pairs("a", ROWS)
        assert knowledge_base.original_pair(pair_id) is None
        knowledge_base.edit_pair(pair_id, " When did the mill open? ", "In 1511.")
        knowledge_base.edit_pair(pair_id, "When did it open?", "In 1512.")
        [pair] = knowledge_base.pairs([pair_id])
        assert (pair.instruction, pair.output, pair.state) == ("When did it open?", "In 1512.", "edited")
        assert knowledge_base.original_pair(pair_id) == ("When was the mill built?", "In 1510.")
        knowledge_base.restore_pair(pair_id)
        [pair] = knowledge_base.pairs([pair_id])
        assert (pair.instruction, pair.state) == ("When was the mill built?", "new")
        knowledge_base.edit_pair(failed, "Who built the mill?", "Anna")
        assert knowledge_base.pairs([failed])[0].reason == ""
        with pytest.raises(UserError, match="reject"):
            knowledge_base.edit_pair(pair_id, "When?", "  ")


def test_counts_and_states(project: Project) -> None:
    with project.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("a", ROWS)
        knowledge_base.add_pairs("B", ROWS[:1])
        knowledge_base.set_pair_state(ids[:1], "accepted")
        assert knowledge_base.datasets() == [("a", 2, 1, 1), ("B", 1, 0, 0)]
        knowledge_base.set_pair_state(ids[:1], "rejected")
        assert knowledge_base.datasets()[0] == ("a", 1, 0, 2)
        assert knowledge_base.pair_counts() == (2, 0)
        assert knowledge_base.known_questions("a") == [ROWS[0].instruction, ROWS[2].instruction]
        knowledge_base.set_pair_state(ids[1:2], "accepted")
        assert knowledge_base.pairs(ids[1:2])[0].reason == ""
        knowledge_base.delete_pairs(ids)
        assert knowledge_base.datasets()[0] == ("a", 0, 0, 0)  # begun is begun
        with pytest.raises(ValueError, match="lost"):
            knowledge_base.set_pair_state(ids, "lost")


def test_a_changed_chunk_marks_its_pairs_and_an_excluded_one_keeps_them_out(project: Project) -> None:
    ids = add_chunks(project, 3)
    with project.connect() as knowledge_base:
        knowledge_base.add_pairs(
            "sft_data", [NewPair(f"Question {chunk_id}?", "Answer.", chunk_id) for chunk_id in ids]
        )
        knowledge_base.edit_chunk(ids[0], "Something else.")
        assert knowledge_base.pair_counts() == (3, 1)
        knowledge_base.set_excluded([ids[1]], True)
        knowledge_base.set_deleted([ids[2]], True)
        assert [question for question, _answer in knowledge_base.usable_rows("sft_data")] == [f"Question {ids[0]}?"]
        knowledge_base.set_excluded([ids[1]], False)
        assert len(list(knowledge_base.usable_rows("sft_data"))) == 2
