"""Judging, editing, splitting and merging pairs, and taking it back exactly."""

import pytest
from places import add_chunks

from services.errors import UserError
from services.knowledge_base.pairs import NewPair
from services.project import Project

TALK = NewPair(
    "Why is it dark?", "So the night hides it.", style="socratic", turns=("What is above us?", "The sky.", "And now?", "Night.")
)
FAILED = NewPair("Who built it?", "Anna", style="factual", state="failed", reason="number")


def rows(knowledge_base, dataset: str = "a") -> list[tuple]:
    """Everything that the tables hold."""
    return [
        tuple(row)
        for row in knowledge_base.connection.execute(
            "SELECT * FROM pair JOIN pair_text ON pair_id = id WHERE dataset = ? ORDER BY id", (dataset,)
        )
    ]


def test_many_verdicts_are_undone_with_state_and_reason(project: Project) -> None:
    with project.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("a", [TALK, FAILED, NewPair("Q?", "A.", state="accepted")])
        before = rows(knowledge_base)
        undo = knowledge_base.set_pair_state(ids, "accepted")
        assert [pair.state for pair in knowledge_base.pairs(ids)] == ["accepted"] * 3
        assert knowledge_base.pairs(ids)[1].reason == ""
        knowledge_base.put_back_states(undo)
        assert rows(knowledge_base) == before


def test_a_conversation_is_edited_and_can_say_again_what_it_said(project: Project) -> None:
    with project.connect() as knowledge_base:
        [pair_id] = knowledge_base.add_pairs("a", [TALK])
        versions, before = knowledge_base.pair_versions([pair_id]), rows(knowledge_base)
        knowledge_base.edit_pair(pair_id, "Why?", "Night.", ("What is above?", "Sky."))
        [pair] = knowledge_base.pairs([pair_id])
        assert (pair.instruction, pair.turns, pair.output) == ("Why?", ("What is above?", "Sky."), "Night.")
        assert pair.has_original and knowledge_base.original_pair(pair_id) == (TALK.instruction, *TALK.turns, TALK.output)
        with pytest.raises(UserError):
            knowledge_base.edit_pair(pair_id, "Why?", "Night.", ("What is above?", " "))
        knowledge_base.restore_pair(pair_id)
        assert knowledge_base.pairs([pair_id])[0].turns == TALK.turns
        knowledge_base.edit_pair(pair_id, "Why?", "Night.", ())
        knowledge_base.put_versions(versions)
        assert rows(knowledge_base) == before


def test_a_split_pair_keeps_where_it_comes_from(project: Project) -> None:
    chunk = add_chunks(project, 1)[0]
    with project.connect() as knowledge_base:
        whole = NewPair("When and by whom?", "In 1510. Anna.", chunk, "factual", evidence=(2, 9), fact_id=4, item_id=7)
        [pair_id] = knowledge_base.add_pairs("a", [whole])
        versions, before = knowledge_base.pair_versions([pair_id]), rows(knowledge_base)
        second = knowledge_base.split_pair(pair_id, ("When?", "In 1510."), ("By whom?", "Anna."))
        pairs = knowledge_base.pairs([pair_id, second])
        assert [(pair.instruction, pair.output, pair.state) for pair in pairs] == [
            ("When?", "In 1510.", "edited"), ("By whom?", "Anna.", "edited"),
        ]  # fmt: skip
        assert all((pair.chunk_id, pair.evidence, pair.fact_id, pair.item_id) == (chunk, (2, 9), 4, 7) for pair in pairs)
        knowledge_base.delete_pairs([second])
        knowledge_base.put_versions(versions)
        assert rows(knowledge_base) == before
        assert knowledge_base.split_pair(pair_id, ("When?", "In 1510."), ("By whom?", "Anna."), second) == second
        knowledge_base.delete_pairs([second])
        knowledge_base.put_versions(versions)
        assert knowledge_base.add_pairs("a", [TALK]) == [second]
        with pytest.raises(UserError, match="other pairs"):
            knowledge_base.split_pair(pair_id, ("When?", "In 1510."), ("By whom?", "Anna."), second)
        assert rows(knowledge_base)[:1] == before


def test_merged_pairs_are_one_and_the_other_is_not_asked_again(project: Project) -> None:
    chunk = add_chunks(project, 1)[0]
    with project.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("a", [
            NewPair("When?", "In 1510.", chunk, evidence=(2, 9)), NewPair("By whom?", "Anna.", chunk, evidence=(20, 24)),
        ])  # fmt: skip
        versions, before = knowledge_base.pair_versions(ids), rows(knowledge_base)
        knowledge_base.merge_pairs(ids, ("When? By whom?", "In 1510. Anna."))
        one, other = knowledge_base.pairs(ids)
        assert (one.instruction, one.evidence, one.state) == ("When? By whom?", (2, 24), "edited")
        assert (other.state, other.reason) == ("rejected", "merged")
        assert "By whom?" in knowledge_base.known_questions("a")
        knowledge_base.put_versions(versions)
        assert rows(knowledge_base) == before
        with pytest.raises(UserError):
            knowledge_base.merge_pairs([ids[0], 999], ("Q?", "A."))


def test_a_late_judge_does_not_overrule_a_person(project: Project) -> None:
    with project.connect() as knowledge_base:
        waiting = NewPair("Q?", "A.", state="failed", reason="unjudged")
        ids = knowledge_base.add_pairs("a", [waiting, waiting, waiting])
        knowledge_base.set_pair_state(ids[:1], "accepted")
        for pair_id, is_backed in zip(ids, (False, False, True), strict=True):
            knowledge_base.judge_pair(pair_id, "because", is_backed=is_backed)
        pairs = knowledge_base.pairs(ids)
        assert [(pair.state, pair.reason, pair.score) for pair in pairs] == [
            ("accepted", "", 0), ("failed", "judge", 0), ("new", "", 100),
        ]  # fmt: skip
        assert list(knowledge_base.pair_ids("a", judged="disagreed")) == ids[:2]
        assert list(knowledge_base.pair_ids("a", judged="agreed")) == ids[2:]


def test_filters_and_counts(project: Project) -> None:
    chunks = add_chunks(project, 2)
    with project.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("a", [
            TALK, FAILED, NewPair("Q?", "A.", chunks[0], "factual"), NewPair("R?", "B.", chunks[1], "factual", "accepted"),
        ])  # fmt: skip
        knowledge_base.connection.execute("UPDATE pair SET is_stale = 1 WHERE id = ?", (ids[3],))
        source = knowledge_base.chunk(chunks[0]).source
        assert knowledge_base.pair_documents("a") == [source]
        for wanted, values in (
            (ids[2:], {"document": source}), (ids[1:2], {"reason": "number"}), (ids[3:], {"is_stale": True}),
            (ids[:1], {"search": "the SKY"}), (ids[:2], {"limit": 2}), (ids, {"judged": "not-asked"}),
            (ids[2:3], {"document": source, "style": "factual", "state": "new"}),
        ):  # fmt: skip
            assert list(knowledge_base.pair_ids("a", **values)) == wanted, values
        counts = knowledge_base.count_by_key("a")
        assert counts.states == {"new": 2, "failed": 1, "accepted": 1} and counts.reasons == {"number": 1}
        assert counts.styles == {"socratic": 1, "factual": 3} and counts.judged == {"not-asked": 4}
        assert knowledge_base.count_pairs() == 4
