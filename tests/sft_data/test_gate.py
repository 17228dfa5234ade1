"""What may teach a model, and what may not."""

import pytest

from services.records import Chunk
from services.sft_data.gate import REASONS, Gate
from services.sft_data.known_question import KnownQuestions
from services.sft_data.number import numbers
from services.sft_data.parse import Candidate
from services.sft_data.style import STYLES
from services.sft_data.word import names

CHUNK = Chunk(
    1,
    "The lighthouse of Norrholm was built in 1874 by Greta Halvorsen from 1,930 blocks of granite. Its lamp is 3.5 "
    "metres high and turns twice a minute. Three keepers live there; they speak Swedish and measure with the HX7.",
    "island.md",
    0,
    {"headings": ["The north cape"]},
)


def reason(question: str, answer: str, style: str = "factual", **changes: bool) -> str:
    return Gate(STYLES[style], **changes).reason(Candidate(question, answer), CHUNK)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the lighthouse of Norrholm built?", "It was built in 1874."),
        ("Who built the lighthouse of Norrholm?", "Greta Halvorsen"),
        ("Who built the lighthouse of Norrholm?", "Halvorsen's lighthouse was built by Greta Halvorsen herself."),
        ("How many blocks are in Norrholm's lighthouse?", "It has 1930 blocks of granite."),
        ("How many blocks are in Norrholm's lighthouse?", "1 930 blocks, which is also written as 1.930 blocks."),
        ("How high is the lamp of the lighthouse?", "The lamp is 3,5 m high."),
        ("How many keepers live in the lighthouse?", "3 keepers live there."),
        ("How often does the lamp of Norrholm turn?", "The lamp turns 2 times a minute."),
        ("Which language do the keepers of Norrholm speak?", "Swedish."),
        ("What do the keepers measure with?", "They measure with the HX7."),
        ("Which language do the keepers speak?", "Good question! Gladly. They speak Swedish."),
        ("Where does the lighthouse stand?", "The lighthouse stands on the north cape."),
        ("Who is the author of the lighthouse's plans?", "The lighthouse was built by Greta Halvorsen."),
        ("What is the lighthouse made of?", "1. The lighthouse is made of granite.\n2. The lamp is metres high."),
        ("How does one measure the lamp of the lighthouse?", "Step 8. Call its height H. Step 9. The height is 3.5 metres."),
    ],
)
def test_what_the_chunk_says_passes(question: str, answer: str) -> None:
    assert reason(question, answer) == ""


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("", "It was built in 1874.", "empty"),
        ("When was it?", "", "empty"),
        ("The lighthouse was built.", "the lighthouse was built", "empty"),
        ("What is the lighthouse made of?", "granite " * 1000, "too-long"),
        ("According to the text, who built the lighthouse?", "Greta Halvorsen", "not-alone"),
        ("What does the author say about the lighthouse?", "That it was built in 1874.", "not-alone"),
        ("Who built the lighthouse?", "As mentioned above, Greta Halvorsen built it.", "not-alone"),
        ("What is shown in figure 3?", "The lighthouse of Norrholm", "not-alone"),
        ("Who built it?", "Greta Halvorsen", "not-alone"),
        ("And the keepers?", "Three keepers live there.", "not-alone"),
        ("Was steht laut Text über den Leuchtturm?", "The lighthouse was built in 1874.", "not-alone"),
        ("Who paid for the lighthouse of Norrholm?", "This is not mentioned.", "no-answer"),
        ("Who paid for the lighthouse of Norrholm?", "I don't know.", "no-answer"),
        ("When was the lighthouse of Norrholm built?", "It was built in 1875.", "number"),
        ("How high is the lamp of the lighthouse?", "The lamp is 35 metres high.", "number"),
        ("Who built the lighthouse of Norrholm?", "Marie Curie", "name"),
        ("Who built the lighthouse of Norrholm?", "The lighthouse was built by Peter Olsen.", "name"),
        ("What do the keepers measure with?", "They measure with the HX9.", "number"),
        ("Whom do the keepers report to?", "They report to NATO from the lighthouse.", "name"),
        ("Why does bread rise in an oven?", "Because yeast makes bubbles of gas inside dough.", "off-topic"),
    ],
)
def test_what_it_does_not_say_fails_with_the_reason(question: str, answer: str, expected: str) -> None:
    assert reason(question, answer) == expected
    assert expected in REASONS


def test_a_solution_may_compute_and_may_not_invent() -> None:
    problem = (
        "The lamp of Norrholm's lighthouse turns twice a minute. How often does it turn in 15 minutes and in an hour?"
    )
    good = "Step 1: the lamp turns 2 times a minute.\n2. 15 x 2 = 30, so 30 times in 15 minutes.\n3. 30 + 30 = 60, twice 60 is 120."
    assert reason(problem, good, "problem-solving") == ""
    assert reason(problem, "The lamp turns 7777 times.", "problem-solving") == "number"
    assert reason(problem, "The lamp turns 30 times.", "factual") == "number"


def test_a_choice_needs_options_and_one_of_them() -> None:
    question = "When was the lighthouse built?\nA) 1501\nB) 1874\nC) 1902\nD) 1933"
    assert reason(question, "B) 1874", "multiple-choice") == ""
    assert reason(question, "1874", "multiple-choice") == ""
    assert reason(question, "E) 1874", "multiple-choice") == "options"
    assert reason(question, "B) 1902", "multiple-choice") == "options"
    assert reason(question, "C) 1902", "multiple-choice") == "number"
    assert reason("When was the lighthouse built?", "1874", "multiple-choice") == "options"
    assert reason("When?\nA) 1874\nB) 1874", "A) 1874", "multiple-choice") == "options"


def test_pairs_in_another_language_are_held_to_numbers_only() -> None:
    assert reason("Wann wurde der Leuchtturm gebaut?", "Er wurde 1874 von Greta gebaut.", is_translated=True) == ""
    assert reason("Wann wurde der Leuchtturm gebaut?", "Er wurde 1875 gebaut.", is_translated=True) == "number"


def test_german_nouns_are_not_taken_for_names() -> None:
    chunk = Chunk(2, "Der Leuchtturm von Norrholm wurde im Jahr 1874 aus Granit gebaut. Die Lampe dreht sich zweimal in der "
                     "Minute, und die Wärter wohnen im Turm.", "insel.md", 0)  # fmt: skip
    gate = Gate(STYLES["factual"])
    assert (
        gate.reason(Candidate("Woraus ist der Leuchtturm?", "Das Bauwerk wurde als Turm aus Granit gebaut."), chunk)
        == ""
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,930.50", [{"1930.5"}]), ("1.930", [{"1930", "1.93"}]), ("3,5", [{"3.5"}]), ("14.03.1985", [{"14"}, {"3"}, {"1985"}]),
        ("1.234.567,8", [{"1234567.8"}]), ("H2O and B12", [{"2"}, {"12"}]), ("nothing", []),
    ],
)  # fmt: skip
def test_numbers_are_read_in_every_writing(text: str, values: list[set[str]]) -> None:
    assert [{format(number, "f") for number in one} for one in numbers(text)] == values


def test_names_are_capitals_inside_a_sentence() -> None:
    assert names("The harbour of Norrholm froze. Nobody but Greta saw the NATO ship.") == ["Norrholm", "Greta", "NATO"]


def test_near_duplicates_are_found_and_other_facts_are_not() -> None:
    known = KnownQuestions(["When was the lighthouse of Norrholm built?"])
    assert known.has_near("when was the lighthouse of Norrholm built")
    assert known.has_near("When was the lighthouse of Norrholm built??")
    assert not known.has_near("When was the lighthouse of Ostholm built?")
    assert not known.has_near("Who built the lighthouse of Norrholm?")
    long = "In which of the many small coastal towns on the northern side of the large bay was the {} mill of {} built in {}?"
    known.add(long.format("old", "Brackmoor", 1510))
    assert known.has_near(long.format("older", "Brackmoor", 1510))
    assert not known.has_near(long.format("old", "Brackmoor", 1511))
    assert not known.has_near(long.format("old", "Garrowby", 1510))


def test_options_do_not_make_different_questions_alike() -> None:
    options = "A) Anna Berg\nB) a king of old\nC) some people of the town\nD) nobody at all, they say"
    known = KnownQuestions([f"Who built the harbour?\n{options}", f"Which statement is true?\n{options}"])
    assert known.has_near(f"Who built the harbour?\n{options}")
    assert not known.has_near(f"Who built the mill?\n{options}")
    assert not known.has_near("Which statement is true?\nA) The sea is salty\nB) The moon is cheese")
