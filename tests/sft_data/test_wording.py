"""Retellings: many, all different, all true."""

import re
from pathlib import Path

import pytest

from services.sft_data.built_in import find_statements, make_wordings
from services.sft_data.form import question_forms, reword

SAMPLE_TEXTS = sorted((Path(__file__).resolve().parent.parent.parent / "packaging" / "sample").glob("*.md"))

FORMS = [
    (
        "The Velm lighthouse was built in 1874 by Otto Brandell.",
        [
            "In 1874, the Velm lighthouse was built by Otto Brandell.",
            "Otto Brandell built the Velm lighthouse in 1874.",
            "It was Otto Brandell who built the Velm lighthouse in 1874.",
            "It was in 1874 that the Velm lighthouse was built by Otto Brandell.",
            "The year in which the Velm lighthouse was built by Otto Brandell was 1874.",
        ],
    ),
    (
        "The Velm lighthouse is 52 metres tall.",
        ["The height of the Velm lighthouse is 52 metres.", "The Velm lighthouse measures 52 metres in height."],
    ),
    (
        "Pellamy is 19 miles long and 8 miles wide.",
        ["The length of Pellamy is 19 miles, and the width of Pellamy is 8 miles."],
    ),
    ("The Velm lighthouse has 212 steps.", ["The Velm lighthouse has a total of 212 steps."]),
    ("The capital of Pellamy is Dunnery.", ["Dunnery is the capital of Pellamy.", "Pellamy's capital is Dunnery."]),
    ("The Velm lighthouse stands on the cape.", ["On the cape stands the Velm lighthouse."]),
    ("The roof of the Salt House is covered with copper.", ["Copper covers the roof of the Salt House."]),
    ("Idris Fenlow invented the Tide Engine in 1866.", ["The Tide Engine was invented by Idris Fenlow in 1866."]),
    ("The Pellamy lizard eats ants and spiders.", ["Ants and spiders are eaten by the Pellamy lizard."]),
    ("A ferry ticket costs 26 tillies.", ["The price of a ferry ticket is 26 tillies."]),
    ("The eyes of the Pellamy heron are violet.", ["Violet is the colour of the eyes of the Pellamy heron."]),
    ("The inn of Osterly is called the Patient Goose.", ["The name of the inn of Osterly is the Patient Goose."]),
    ("The coin of Pellamy is made of brass.", ["Brass is the material of which the coin of Pellamy is made."]),
    (
        "The Town Hall clock has only one hand, because the money ran out.",
        ["Because the money ran out, the Town Hall clock has only one hand."],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), FORMS, ids=[sentence for sentence, _ in FORMS])
def test_a_statement_is_said_in_other_ways(sentence: str, expected: list[str]) -> None:
    clause = find_statements(sentence)[0].clause
    forms = reword(clause)
    assert forms[0] == sentence
    assert not set(expected) - set(forms), forms
    assert len({*forms, *question_forms(clause)}) >= 8


@pytest.mark.parametrize("path", SAMPLE_TEXTS, ids=lambda path: path.stem)
def test_wordings_differ_and_keep_every_value(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wordings = make_wordings(text, [], 12, seed=1)
    assert len(set(wordings)) == 12
    known = {word.lower() for word in re.findall(r"[\w']+", text)}
    for wording in wordings:
        told = wording.lower()
        for statement in find_statements(text):
            value = re.sub(r"^(?:when|every|its|their|his|her|a|an|the) ", "", statement.answer_span.lower())
            assert value in told, (statement.sentence, value)
        for number in re.findall(r"\d[\d,]*\d|\d", wording):
            assert number in text
        names = re.findall(r"(?<=[a-z,] )[A-Z]\w+", wording)
        assert {name.lower() for name in names} <= known
        assert not re.search(r"\s[.?,;]|[.?,;]{2}|  |\b(\w+) \1\b(?<!that that)", wording), wording


def test_no_two_wordings_of_a_sentence_follow_each_other_unchanged() -> None:
    text = "The Velm lighthouse was built in 1874 by Otto Brandell."
    wordings = make_wordings(text, [], 12)
    assert len(set(wordings)) == 12
    assert all("1874" in wording and "Otto Brandell" in wording for wording in wordings)
    assert make_wordings(text, [], 12) == wordings != make_wordings(text, [], 12, seed=1)


def test_more_wordings_than_forms_are_not_invented() -> None:
    wordings = make_wordings("The coin of Pellamy is the tilly.", [], 500)
    assert 8 <= len(wordings) < 100


def test_sentences_that_cannot_be_read_stay_as_they_are_or_go() -> None:
    text = "Tolbeck is a village of weavers. Nobody hurries in Tolbeck. Then they went home. It rains."
    for wording in make_wordings(text, [], 4):
        assert "Nobody hurries in Tolbeck." in wording
        assert "went home" not in wording and "It rains" not in wording


@pytest.mark.parametrize("text", ["", "Hello there!", "Das ist ein Haus. Es steht im Wald.", "| a | b |\n| - | - |"])
def test_a_text_without_statements_gives_nothing(text: str) -> None:
    assert make_wordings(text, [], 5) == []
