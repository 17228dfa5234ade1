"""What models really write, and what is read from it."""

import json

import pytest

from services.sft_data.parse import Candidate, choice, parse
from services.sft_data.style import STYLES

PAIRS = [
    {"question": "When was the mill built?", "answer": "It was built in 1510."},
    {"question": "Who built the mill?", "answer": "Anna Berg built it."},
]
WANTED = [Candidate(pair["question"], pair["answer"]) for pair in PAIRS]
JSON = json.dumps({"pairs": PAIRS})


@pytest.mark.parametrize(
    "reply",
    [
        JSON,
        json.dumps(PAIRS),
        f"<think>The user wants {{\"question\": \"x\"}} and so on.</think>\n{JSON}",
        f"```json\n{json.dumps(PAIRS, indent=2)}\n```",
        f"Of course!\n```\n{JSON}\n```\nDo you need more?",
        f"<think>first</think>Here:\n```json\n{JSON}\n```",
        JSON.replace("}", ",}").replace("]", ", ]"),
        f"Here are your pairs: {JSON} I hope they help.",
        "\n".join(json.dumps(pair) for pair in PAIRS),
        json.dumps({"data": {"questions": PAIRS}}),
        json.dumps([{"Instruction": pair["question"], "Output": pair["answer"]} for pair in PAIRS]),
        "Q: When was the mill built?\nA: It was built in 1510.\n\nQ: Who built the mill?\nA: Anna Berg built it.",
        "**Q1:** When was the mill built?\n**A1:** It was built in 1510.\n\n**Q2:** Who built the mill?\n**A2:** Anna Berg built it.",
        "1. Question: When was the mill built?\n   Answer: It was built in 1510.\n"
        "2. Question: Who built the mill?\n   Answer: Anna Berg built it.",
        "Frage: When was the mill built?\nAntwort: It was built in 1510.\nFrage: Who built the mill?\nAntwort: Anna Berg built it.",
    ],
)  # fmt: skip
def test_every_form_gives_the_same_pairs(reply: str) -> None:
    assert parse(reply).candidates == WANTED


@pytest.mark.parametrize("length", range(10, len(JSON)))
def test_a_reply_cut_anywhere_gives_whole_pairs_or_a_reason(length: int) -> None:
    parsed = parse(JSON[:length], is_cut=True)
    assert parsed.candidates == WANTED[: len(parsed.candidates)]
    assert bool(parsed.candidates) != bool(parsed.fault)


def test_a_cut_tagged_reply_leaves_out_the_unfinished_pair() -> None:
    reply = "Q: When was the mill built?\nA: It was built in 1510.\n\nQ: Who built the mill?\nA: Anna B"
    assert parse(reply, is_cut=True).candidates == WANTED[:1]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("I'd love to help you with that.", "no questions"),
        ("<think>Well, let me see, the text says", "thought"),
        ('{"title": "Mills"}', "JSON without"),
        ('{"pairs": []}', "JSON without"),
        ('{"pairs": [{"question": "When?", "answer": ""}]}', "JSON without"),
        ("[[[[" * 5000, "no questions"),
        ("Q: When was the mill built?", "no questions"),
    ],
)
def test_what_holds_no_pair_says_why(reply: str, word: str) -> None:
    parsed = parse(reply)
    assert parsed.candidates == []
    assert word in parsed.fault


@pytest.mark.parametrize("reply", ["", " \n" * 50, '{"pairs": [', "<think>Hmm"])
def test_a_reply_that_was_cut_says_what_to_do(reply: str) -> None:
    """Blanks too: llama.cpp's grammar lets a model write them without end, and some servers keep thoughts to themselves."""
    assert "Longest reply" in parse(reply, is_cut=True).fault


def test_half_a_surrogate_pair_can_be_saved() -> None:
    [candidate] = parse('{"question": "Who \\ud83d built it?", "answer": "Anna\\ud83d"}').candidates
    candidate.instruction.encode(), candidate.output.encode()


def test_a_step_by_step_answer_keeps_its_paragraphs() -> None:
    [candidate] = parse("Q: How long?\nA: First this.\n\nThen that.").candidates
    assert candidate.output == "First this.\n\nThen that."


@pytest.mark.parametrize("answer", ["Anna Berg", "anna berg.", "B", "(B)", "B) Anna Berg", "Option B", "b)"])
def test_the_right_option_is_found_however_it_is_named(answer: str) -> None:
    made = choice("Who built the mill?", ["Boris Klee", "Anna Berg", "Clara Voss", "Edda Falk"], answer)
    assert made is not None
    question, *options = made.instruction.splitlines()
    assert question == "Who built the mill?"
    assert [option[:3] for option in options] == ["A) ", "B) ", "C) ", "D) "]
    assert made.output in options and made.output.endswith("Anna Berg")


def test_the_right_option_is_not_always_the_first() -> None:
    letters = {
        choice(f"Who built mill {number}?", ["right", "wrong", "worse", "worst"], "right").output[0]  # type: ignore[union-attr]
        for number in range(40)
    }
    assert letters == {"A", "B", "C", "D"}


def test_a_name_that_begins_like_an_option_stays_whole() -> None:
    made = choice("Which worm is meant?", ["C. elegans", "E. coli", "A. thaliana"], "C. elegans")
    assert made is not None and made.output.endswith(") C. elegans")


@pytest.mark.parametrize("answer", ["Hugo Stern", "F", "A plant cell"])
def test_an_answer_that_is_no_option_is_not_guessed(answer: str) -> None:
    assert choice("Who built the mill?", ["Boris Klee", "Anna Berg"], answer) is None


def test_repeated_options_are_no_question() -> None:
    assert choice("Who built the mill?", ["Anna Berg", "anna berg", "Clara Voss"], "Clara Voss") is None


# A reply in each style, as a model with a schema and one with tagged lines write it.
EXAMPLES = {
    "factual": ("What is the mitochondrion?", "The mitochondrion is the part of the cell that makes most of its ATP."),
    "conversational": ("So what does a mitochondrion actually do?", "Good question! It makes most of the energy your cells use."),
    "socratic": ("Why do muscle cells have so many mitochondria?",
                 "What does a muscle need most? Energy. And where is it made? In mitochondria: that is why there are many."),
    "problem-solving": ("A cell makes 30 ATP from one glucose. How many does it make from 4?", "1. One gives 30.\n2. 4 x 30 = 120."),
    "wrong-premise": ("Why does the nucleus make most ATP?", "It does not: the mitochondrion makes most of a cell's ATP."),
    "not-in-documents": ("Who discovered ATP?", "The documents do not say who discovered ATP."),
    "comparison": ("What do muscle and nerve cells share?", "Both muscle and nerve cells have many mitochondria."),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_an_example_that_is_read(style: str) -> None:
    if STYLES[style].has_options:
        options = ["The nucleus", "The mitochondrion", "The ribosome", "The membrane"]
        as_json = {
            "pairs": [
                {"question": "What makes most of a cell's ATP?", "options": options, "answer": "The mitochondrion"}
            ]
        }
        lines = "\n".join(f"{letter}) {option}" for letter, option in zip("ABCD", options))
        tagged = f"Q: What makes most of a cell's ATP?\n{lines}\nANSWER: B"
        assert parse(json.dumps(as_json)) == parse(tagged)
        [candidate] = parse(tagged).candidates
        assert candidate.instruction.count("\n") == 4 and candidate.output.endswith("The mitochondrion")
        return
    question, answer = EXAMPLES[style]
    wanted = [Candidate(question, answer)]
    assert parse(json.dumps({"pairs": [{"question": question, "answer": answer}]})).candidates == wanted
    assert parse(f"Q: {question}\nA: {answer}").candidates == wanted
