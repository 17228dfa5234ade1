"""What is wrong with a chunk is named; what is only unusual is left alone."""

import random

import pytest

from services.documents.quality import PROBLEMS, assess
from tests.documents.test_language import PARAGRAPHS

ENGLISH = (
    "The lighthouse keeper of Norrholm feeds the grey geese at noon, and writes the number of ships in a book. In the "
    "year 1874 the old bridge was built from 312 oak beams; it is said that they will last another century. Every "
    "morning the machine in the mill turns slowly, and the miller's daughter counts its wooden teeth before she walks "
    "to the harbour. "
)
GERMAN = (
    "Der Leuchtturmwärter füttert am Mittag die grauen Gänse und schreibt die Zahl der Schiffe in ein Buch. Die alte "
    "Brücke wurde aus Eichenbalken gebaut, und man sagt, dass sie noch ein Jahrhundert halten wird. Jeden Morgen dreht "
    "sich die Mühle langsam, während die Tochter des Müllers über den Hafen zur Schule geht. "
)
CITIES = ["Norrholm", "Tidehaven", "Brackwater", "Saltmarsh", "Eastport", "Greyferry", "Millbrook", "Oakford", "Linden"]


def numbers(count: int, seed: int = 3) -> list[str]:
    chooser = random.Random(seed)
    return [f"{chooser.uniform(0, 99_999):,.2f}" for _ in range(count)]


def table(head: str, rows: list[str], columns: int) -> str:
    cells = iter(numbers(columns * len(rows)))
    lines = [f"| {row} | " + " | ".join(next(cells) for _ in range(columns)) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * (columns + 1), *lines])


def misread(text: str, encoding: str = "cp1252") -> str:
    return text.encode("utf-8").decode(encoding, "replace")


GOOD = {
    "one sentence": "The keeper of the lighthouse is called Nell Harrow, and she has lived there since 1974.",
    "a table": table("| City | Inhabitants | Area |", CITIES, 2),
    "a budget": table("| City | 2019 | 2020 | 2021 | 2022 | 2023 |", CITIES, 5),
    "code": "Here is how a list is sorted:\n\n```python\ndef sort(values: list[int]) -> list[int]:\n    for i in "
    "range(len(values)):\n        if values[i] > values[i - 1]: values[i], values[i - 1] = values[i - 1], values[i]\n"
    "    return values\n```\n\nIt takes quadratic time.",
    "only code": '```c\nint main(void){for(int i=0;i<10;i++){printf("%d\\n",i);}return 0;}\n'
    "static const uint8_t TABLE_OF_ALL_THE_VALUES[]={0x00,0x01,0x02,0x03,0x04,0x05,0x06,0x07,0x08,0x09};\n```",
    "code without a fence": "class UnrewindableBodyErrorOfRequests(RequestExceptionWithResponse):\n    pass\n\n\nclass "
    "ChunkedEncodingErrorHandlerFactory(UnrewindableBodyErrorOfRequests):\n    handlers: dict[str, "
    "ChunkedEncodingErrorHandlerFactory] = {}\n\n    def make(self): return ProxyConnectionTimeoutHandlerFactory()",
    "a poem": "O the wind on the hill, and the rain on the sea,\nAnd the ships going home in the night,\nAnd a lamp in "
    "the window for you and for me,\nAnd the harbour all silver and white.\n\nSing ho for the wind, sing ho for the "
    "sea,\nSing ho for the harbour light.\n\nThe gulls are asleep on the edge of the quay,\nThe nets are hung up on "
    "the wall,\nAnd the tide has a word that it whispers to me,\nWhen nobody listens at all.\n\nSing ho for the wind, "
    "sing ho for the sea,\nSing ho for the harbour light.",
    "a list": "Equipment for the tour:\n- a rope of 20 m\n- 2 lamps\n- water (1.5 l)\n- bread, cheese, apples\n- a map"
    "\n- a whistle\n- dry socks\n- matches",
    "formulas": "The energy is E = m c^2, where m is the mass. With F = m a and W = F s follows $E_k = \\frac{1}{2} m "
    "v^2$, and for the period of the pendulum $T = 2 \\pi \\sqrt{l / g}$. For x = 3 and y = 4 we get z = 5.",
    "answers": "Answers: " + " ".join(f"{i}. {'ABCD'[i * 7 % 4]}" for i in range(1, 41)) + " The first ten count "
    "double, and the last one is free of choice for all who take part.",
    "French marks": "L'école « Les Mouettes » est à côté du phare; voilà où l'élève a rédigé son résumé… « Voilà », "
    "dit-il, « c'est l'été à l'île d'Oléron, où Noël n'est jamais gelé ».",
    "capitals with a tilde": "A NÃO SER QUE A AMANHÃ TRAGA CHUVA, AS IRMÃS IRÃO À PRAIA. O irmão não compreende a razão.",
    "Swedish": "Å, vad skönt det är att bo på Åland! Ån rinner förbi, och där går två får på ängen. Är det långt?",
    "addresses": "See https://www.example.org/a/very/long/path/to/a/document/with/many/parts.html and "
    "https://example.com/another/quite/long/address?with=parameters for the tables, which were made in the spring.",
    "long compounds": "Die Donaudampfschifffahrtsgesellschaft und das Grundstücksverkehrsgenehmigungsgesetz gelten auch "
    "für den Hafen der Insel und für alle Schiffe, die dort im Winter liegen.",
    "emoji": "We had a wonderful day at the lighthouse 😀🎉! The geese 🦆 were fed at noon by the keeper ⛈️.",
    **{f"language {language}": text for language, text in PARAGRAPHS.items()},
}
BAD = {
    "nothing": ("", "short"),
    "a heading": ("# Introduction", "short"),
    "a caption": ("Figure 3: Map", "short"),
    "numbers": (" ".join(numbers(150)), "numbers"),
    "a table of numbers": (table("| Year | A | B |", [str(1980 + row) for row in range(30)], 2), "numbers"),
    "replacement characters": (GERMAN.replace("ä", "\ufffd").replace("ü", "\ufffd"), "broken"),
    "private use": (ENGLISH.replace("e", "\uf065").replace("t", "\uf074"), "broken"),
    "control characters": (ENGLISH.replace("e", "\x02"), "broken"),
    "unmapped glyphs": ("(cid:12)(cid:55)(cid:3) " + ENGLISH.replace("th", "(cid:7)"), "broken"),
    "misread German": (misread(GERMAN), "broken"),
    "misread German, Latin-1": (misread(GERMAN, "latin-1"), "broken"),
    "misread quotation marks": (misread(ENGLISH.replace("The", "“The").replace("book.", "book.” — ’") * 2), "broken"),
    "misread Russian": (misread(PARAGRAPHS["ru"]), "broken"),
    "misread Arabic": (misread(PARAGRAPHS["ar"]), "broken"),
    "misread Chinese": (misread(PARAGRAPHS["zh"]), "broken"),
    "misread Japanese": (misread(PARAGRAPHS["ja"], "latin-1"), "broken"),
    "glued words": (ENGLISH.replace(" ", ""), "broken"),
    "glued German words": (GERMAN.replace(" ", ""), "broken"),
    "partly glued words": ("".join(w + " " * (i % 7 == 0) for i, w in enumerate(ENGLISH.split())), "broken"),
    "letters apart": (" ".join(ENGLISH.replace(" ", "")), "broken"),
    "letters apart, words further": ("  ".join(" ".join(word) for word in ENGLISH.split()), "broken"),
    "one line again and again": ("Norrholm Harbour Office, 12 Quay Street\n" * 20, "repeated"),
    "every second line the same": (
        "".join(f"Confidential: for the use of the harbour office only\nRow {i}\n" for i in range(12)), "repeated"
    ),
    "one phrase again and again": ("and the geese were fed at noon " * 40, "repeated"),
    "a Chinese phrase again and again": ("岛上的人都认识她，" * 40, "repeated"),
    "leaders": (("Chapter One " + "." * 50 + " 3\nChapter Two " + "." * 50 + " 17\n") * 2, "symbols"),
    "symbols": ("".join(random.Random(1).choices("#@!$%^&*()_+{}<>?/~=", k=400)), "symbols"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_text_of_any_kind_has_no_problem(name: str):
    score, problem = assess(GOOD[name])
    assert (problem, score >= 80) == ("", True)


@pytest.mark.parametrize("name", BAD)
def test_bad_text_is_named(name: str):
    text, expected = BAD[name]
    score, problem = assess(text)
    assert (problem, score < 60) == (expected, True)


def test_every_problem_has_words():
    assert {problem for _text, problem in BAD.values()} | {"language"} == set(PROBLEMS)
    assert all(PROBLEMS.values())


def test_the_worse_has_the_lower_score():
    scores = [
        assess(text)[0]
        for text in (
            "\ufffd" * 200,
            GERMAN.replace("e", "\ufffd"),
            GERMAN.replace("ü", "\ufffd"),
            GERMAN.replace("ü", "\ufffd", 1),
            GERMAN,
        )
    ]
    assert scores == sorted(scores) and len(set(scores)) > 3
    assert assess("Map")[0] < assess("Figure 3: Map")[0] < assess("Figure 3: Map of the old harbour and the mill")[0]


def test_another_language_than_the_document_s_is_named():
    assert assess(ENGLISH, "de")[1] == assess(PARAGRAPHS["zh"], "en")[1] == "language"
    assert assess(ENGLISH, "en") == assess(ENGLISH, "") == (100, "")


def test_a_quotation_a_name_or_a_short_text_is_not_another_language():
    assert assess("„" + ENGLISH[:105] + "“, schrieb sie. " + GERMAN * 3, "de")[1] == ""
    assert assess("Der Leuchtturm von Norrholm wurde 1874 aus Stein gebaut.", "en")[1] == ""
    assert assess("```\nfor the in this or that and not other: if is the in that\n```\n" + GERMAN, "de")[1] == ""


@pytest.mark.parametrize(
    "text", ["\ud800" * 100, "\x00" * 100, "a", " \n ", "```", "|" * 300, "\u200d" * 100, "é" * 300]
)
def test_any_text_has_a_score(text: str):
    score, problem = assess(text, "en")
    assert 0 <= score <= 100 and (problem == "" or problem in PROBLEMS)
