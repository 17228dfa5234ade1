"""The provider without a model: its questions must be English, and its answers must stand in the text."""

import json
import re
from pathlib import Path

import pytest

from services.errors import UserError
from services.sft_data.built_in import find_statements, make_pairs

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE_TEXTS = sorted((ROOT / "packaging" / "sample").glob("*.md"))
STYLES = ("factual", "conversational", "multiple-choice")

TEXTBOOK = """## Energy and Money

Kinetic energy is the energy of motion. Work and energy are measured in joules. As shown in Figure 3, it is not lost.
The theory of relativity was developed by Albert Einstein in 1905. This law has many uses. Telescopes are limited by
diffraction. Contingency plans identify alternative courses of action. The price charged customers times the number of
units sold equals the gross revenue. Inflation is the general upward movement of prices, and it hurts savers. Explain how
ideas can be protected as trade secrets. The firm must then choose a price. Changes in the money supply affect the level
of economic activity. Securities markets can be divided into primary and secondary markets. In 1988, Congress passed the
Indian Gaming Regulatory Act. Why does it matter? Let's say you want to know. A refrigerator is a type of heat pump
because it moves heat (see Chapter 4). The b term equals 9.81 m/s^2 = g. He argued that myths are similar."""

# One sentence, the questions that it must give, and words that begin no question about it.
QUESTIONS = [
    (
        "The Velm lighthouse was built in 1874 by Otto Brandell.",
        [
            "When was the Velm lighthouse built?",
            "In which year was the Velm lighthouse built?",
            "Who built the Velm lighthouse?",
        ],
    ),
    ("The Velm lighthouse stands on the northern cape.", ["Where does the Velm lighthouse stand?"]),
    (
        "The Velm lighthouse is 52 metres tall.",
        ["How tall is the Velm lighthouse?", "What is the height of the Velm lighthouse?"],
    ),
    ("The Velm lighthouse has 212 steps.", ["How many steps does the Velm lighthouse have?"]),
    ("The Velm lighthouse has only nine windows.", ["How many windows does the Velm lighthouse have?"]),
    ("Tolbeck is a village of weavers.", ["What is Tolbeck?"]),
    ("Piet Lorring was a shepherd.", ["Who was Piet Lorring?", "What was the profession of Piet Lorring?"]),
    ("The captain of the Grey Duchess is Ruth Ambery.", ["Who is the captain of the Grey Duchess?"]),
    ("The capital of Pellamy is Dunnery.", ["What is the capital of Pellamy?"]),
    ("The highest mountain of Pellamy is Mount Sarrow.", ["Which mountain of Pellamy is the highest?"]),
    ("The eyes of the Pellamy heron are violet.", ["What colour are the eyes of the Pellamy heron?"]),
    ("The roofs of Hask are painted dark red.", ["What colour are the roofs of Hask painted?"]),
    ("The coins of Pellamy are made of brass.", ["What are the coins of Pellamy made of?"]),
    ("The bark of the Hask oak is used for dyeing wool.", ["What is the bark of the Hask oak used for?"]),
    ("The Hask lizard lays seven eggs.", ["How many eggs does the Hask lizard lay?"]),
    ("The Hask lizard eats ants and spiders.", ["What does the Hask lizard eat?"]),
    ("The Hask seal can hold its breath for 38 minutes.", ["How long can the Hask seal hold its breath?"]),
    ("The Hask goose can dive to a depth of 40 metres.", ["How deep can the Hask goose dive?"]),
    (
        "A ferry ticket costs 26 tillies.",
        ["How much does a ferry ticket cost?", "What is the price of a ferry ticket?"],
    ),
    ("The Salt War broke out in 1659.", ["When did the Salt War break out?"]),
    ("The Salt War lasted eleven days.", ["How long did the Salt War last?"]),
    ("The Salt War was caused by a tax on barrels.", ["What caused the Salt War?"]),
    ("Idris Fenlow invented the Tide Engine in 1866.", ["What did Idris Fenlow invent in 1866?"]),
    ("Elsa Danby painted 230 pictures.", ["How many pictures did Elsa Danby paint?"]),
    ("The Boat Wedding is held every four years.", ["How often is the Boat Wedding held?"]),
    ("The inn of Osterly is called the Patient Goose.", ["What is the inn of Osterly called?"]),
    ("Tolbeck is famous for its blankets.", ["What is Tolbeck famous for?"]),
    ("The call of the Hask toad sounds like a creaking door.", ["What does the call of the Hask toad sound like?"]),
    ("The Hask moth flies from July to September.", ["When does the Hask moth fly?"]),
    ("The Town Hall clock has one hand, because the money ran out.", ["Why does the Town Hall clock have one hand?"]),
    ("Dunnery was founded by salt merchants in 1642, and you can still taste it.", ["Who founded Dunnery?"]),
    ("About 6,150 people live on Pellamy.", ["How many people live on Pellamy?"]),
    ("Pellamy lies 43 miles west of the mainland.", ["How far west of the mainland does Pellamy lie?"]),
]


def questions_about(text: str, *headings: str) -> list[str]:
    return [pair.instruction for pair in make_pairs(text, headings, "factual", 1000)]


@pytest.mark.parametrize(("sentence", "expected"), QUESTIONS, ids=[sentence for sentence, _ in QUESTIONS])
def test_a_statement_gives_these_questions(sentence: str, expected: list[str]) -> None:
    asked = questions_about(sentence)
    assert not set(expected) - set(asked), asked
    answers = {pair.output for pair in make_pairs(sentence, (), "factual", 1000)}
    assert all(answer.split(",")[0].rstrip(".") in sentence for answer in answers)


@pytest.mark.parametrize(
    "text",
    [
        "It was built in 1874.",
        "This bridge has seven arches.",
        "The firm must choose a price.",
        "Explain how ideas are protected by the law of the land.",
        "The price charged customers times the number of units sold equals the gross revenue.",
        "Nobody carved the stone of Hask in 1200.",
        "The keeper of Hask was not born in 1874.",
        "She was born in the year of the Great Storm, as Figure 3 of the book shows.",
        "Der Turm wurde im Jahr 1874 von Otto Brandell gebaut. Er ist 52 Meter hoch und steht auf dem Kap.",
        "La torre fue construida en 1874 por Otto Brandell. Está en el cabo norte de la isla.",
        "塔は1874年に建てられた。",
        "",
        "   \n\n \x00 | --- | ... ### \n- \n1. ",
    ],
)
def test_what_cannot_be_asked_is_not_asked(text: str) -> None:
    assert questions_about(text) == []
    assert find_statements(text) == []


def test_pronouns_become_the_names_they_stand_for() -> None:
    text = (
        "The Velm lighthouse stands on the cape. It was built in 1874. Its lamp is fed with oil.\n\n"
        "Nell Tavish is the keeper of the Velm lighthouse. She was born in 1951. The lighthouse has 212 steps."
    )
    sentences = {statement.sentence for statement in find_statements(text)}
    assert {
        "The Velm lighthouse was built in 1874.",
        "The lamp of the Velm lighthouse is fed with oil.",
        "Nell Tavish was born in 1951.",
        "The Velm lighthouse has 212 steps.",
    } <= sentences


def test_a_pronoun_that_may_mean_two_things_is_left_alone() -> None:
    text = "The back of the moss toad is covered with warts. It hunts slugs at night. Its feet are blue."
    assert not any("slugs" in s.sentence or "feet" in s.sentence for s in find_statements(text, ["The Moss Toad"]))


def test_statements_know_their_place_and_their_value() -> None:
    text = "# Buildings\n\nThe Velm lighthouse was built\nin 1874 by Otto Brandell. It has 212 steps.\n"
    statements = find_statements(text)
    assert {(s.kind, s.answer_span) for s in statements} == {
        ("time", "1874"),
        ("agent", "Otto Brandell"),
        ("quantity", "212"),
    }
    for statement in statements:
        assert statement.subject == "the Velm lighthouse"
        assert statement.answer_span in statement.sentence
        assert statement.answer_span in " ".join(text[statement.start : statement.end].split())


def test_headings_make_a_plain_noun_a_topic() -> None:
    assert questions_about("The ollen sleeps in the daytime.") == []
    assert "When does the ollen sleep?" in questions_about("The ollen sleeps in the daytime.", "Animals", "The Ollen")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("path", SAMPLE_TEXTS, ids=lambda path: path.stem)
def test_pairs_are_grounded_different_and_alone(path: Path, style: str) -> None:
    check_pairs(path.read_text(encoding="utf-8"), style)


@pytest.mark.parametrize("style", STYLES)
def test_pairs_from_a_textbook(style: str) -> None:
    pairs = check_pairs(TEXTBOOK, style)
    told = " ".join(pair.output for pair in pairs)
    assert not re.search(r"Explain|charged|The firm|b term|He argued|Chapter|Figure|Let's", told)


def check_pairs(text: str, style: str) -> list:
    pairs = make_pairs(text, [], style, 10_000)
    assert pairs
    assert len({pair.instruction for pair in pairs}) == len(pairs)
    words = {word.lower() for word in re.findall(r"[\w']+", text)}
    for pair in pairs:
        evidence = text[pair.evidence_start : pair.evidence_end]
        assert evidence[0].isupper() and evidence.rstrip("*_")[-1] in ".!"
        opening = r"Sure|Of|Good|Gladly|Certainly|Yes|Happy|I|That"
        for word in re.findall(r"(?<![A-D]\) )\b[A-Z][\w']+|\d[\d,.]*\d|\d", pair.output):
            assert word.lower() in words or word in text or re.fullmatch(opening, word) or word in "ABCD", pair
        assert not re.search(r"\b(?:the|this) (?:text|passage|document)\b", pair.instruction, re.I)
        assert not re.match(r"\w+ (?:is|was|are|were|does|did|do) (?:it|he|she|they)\b", pair.instruction)
        assert "  " not in pair.instruction
        if style == "factual":
            assert re.fullmatch(r"[A-Z][^\n]*\?", pair.instruction) and re.fullmatch(r"[A-Z0-9][^\n]*\.", pair.output)
        if style == "multiple-choice":
            question, *options = pair.instruction.split("\n")
            assert question.endswith("?") and len(options) in {3, 4} and pair.output in options
            values = [option[3:].lower() for option in options]
            assert len(set(values)) == len(values)
            assert set(re.findall(r"[\w']+", pair.output[3:].lower())) <= words
    return pairs


def test_the_same_seed_gives_the_same_pairs_and_more_only_adds() -> None:
    text = SAMPLE_TEXTS[0].read_text(encoding="utf-8")
    for style in STYLES:
        few, many = make_pairs(text, [], style, 20, seed=3), make_pairs(text, [], style, 60, seed=3)
        assert few == many[:20] and len(many) == 60
        assert few != make_pairs(text, [], style, 20, seed=4)
    assert make_pairs(text, [], "factual", 0) == []


def test_every_sentence_is_asked_before_any_is_asked_twice() -> None:
    text = "\n".join(sentence for sentence, _ in QUESTIONS)
    first = make_pairs(text, [], "factual", 25)
    assert len({pair.evidence_start for pair in first}) >= 24


@pytest.mark.parametrize("style", ["socratic", "problem-solving"])
def test_other_styles_name_the_providers_that_can(style: str) -> None:
    with pytest.raises(UserError, match="Ollama, OpenRouter, an OpenAI-compatible server or a GGUF file"):
        make_pairs("Tolbeck is a village of weavers.", [], style, 1)


def test_the_sample_is_read_almost_wholly() -> None:
    for path in SAMPLE_TEXTS:
        text = path.read_text(encoding="utf-8")
        asked = {pair.evidence_start for pair in make_pairs(text, [], "factual", 10_000)}
        sentences = len(re.findall(r"[a-z]\.(?=\s)", text))
        assert len(asked) > 0.8 * sentences


def test_the_questions_kept_for_the_demo_are_never_made() -> None:
    lines = (ROOT / "resources" / "sample" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [json.loads(line) for line in lines]
    assert len(kept) == 40
    text = "\n".join(path.read_text(encoding="utf-8") for path in SAMPLE_TEXTS)
    asked = {
        pair.instruction for path in SAMPLE_TEXTS for pair in make_pairs(path.read_text("utf-8"), [], "factual", 10_000)
    }
    for item in kept:
        assert item["answer"].lower() in text.lower()
        assert item["question"] not in asked


def test_a_list_with_an_empty_member_stops_nothing() -> None:
    assert make_pairs("The miller of Osterly uses wood, , stone, and clay in the mill.", [], "factual", 3) == []
