"""Tables of contents and indexes are found, and nothing else is taken for one."""

import pytest

from services.documents.listing import find_listings

PROSE = (
    "The keeper counted 31 ships in 1874, 29 in 1875 and 12 in 1876.\n\n"
    "Nobody knows why there were so few in that year, or in 1877\n"
    "and in the year after it, 1878\n"
    "but the book has it so.\n"
)

CONTENTS = {
    "dots": "1 Introduction . . . . . . . . . 1\n\n1.1 Lights . . . . . . . 2\n1.2 Keepers. . . . . . . 4\n\n2 Ships. . . . . . . . 9",
    "dots without blanks": "Introduction..........1\nLights................2\nKeepers...............14\nShips.................90",
    "a title, and no dots": "# Contents\n\nPreface ix\nThe North Light 1\nThe South Light 17\n\nPart Two\n\nThe Reef 31",
    "a German title": "Inhaltsverzeichnis\n\nVorwort 3\nDas Nordlicht 5\nDas Südlicht 17\nDas Riff 31",
    "a French title": "## Table des matières\n\nPréface … 3\nLe phare du nord … 5\nLe phare du sud … 17",
    "a Spanish title": "Índice\n\nPrólogo 3\nEl faro del norte 5\nEl faro del sur 17\nEl arrecife 31",
    "numbered sections": "1 Lights 1\n1.1 North 2\n1.2 South 5\n2 Ships 9\n2.1 Schooners 11\n2.2 Boats 14",
    "a list of figures": "List of Figures\n\nFigure 1.1 The northern light 3\nFigure 1.2 The mast 4\nFigure 2.1 The stair 17",
    "links": "- [Lights](#lights)\n- [Ships](#ships)\n  - [Boats](#boats)",
    "headings as entries": "# Contents\n\n## 1 Lights 3\n\n1.1 North 4\n1.2 South 8\n\n## 2 Ships 12",
    "wrapped titles": "Contents\n\nThe North Light, and the keepers\nthat it had . . . . . 3\nThe South Light . . . . . 17\nThe Reef . . . . . 20",
}  # fmt: skip

INDEXES = {
    "a title": "# Index\n\nadder, 12, 45-47\nanchor, 3\nboat, 8, 9, 101\nbook of the keeper, 7n\ncrane, see heron\ngull, 33",
    "leaders": "## Concept Index\n\nA\n\nadder . . . . . 12\nanchor. . . . . 3\n\nB\n\nboat. . . . . . 8\n\nC\n\ncrane . . . . . 1",
    "a German title": "Stichwortverzeichnis\n\nAnker 3, 17\nBoot 8\nBuch 7, 12–14\nKranich 33\nÖl 12",
    "no blank after the letter": "Index\n\nA\nadder, 12\nanchor, 3, 9\nB\nboat, 8\nbook, 7\nC\ncrane, 40\n",
}

NEITHER = {
    "prose": PROSE,
    "numbered list": "1. Take 3\n2. Add 4\n3. Stir for 10\n4. Wait for 12\n5. Serve at 60\n6. Enjoy for 90",
    "price list": "Soup 4.50\nBread 2.20\nFish 12.90\nWine 18.00\nWater 3.10",
    "price list with leaders": "Soup ..... 14\nBread .... 2\nFish ..... 12\nWine ..... 8\nWater .... 3",
    "prices in euros": "Soup ....... 4 €\nFish ....... 12 €\nGoose ...... 18 €",
    "timetable": "Northport 6:10\nReef 6:45\nSouthport 7:20\nHarbour 8:05",
    "timetable of minutes": "Northport 10\nReef 45\nSouthport 70\nHarbour 85",
    "table": "| Light | Built |\n| --- | --- |\n| North | 1874 |\n| South | 1881 |\n| Reef | 1902 |\n| Harbour | 1911 |",
    "a list of years": "North built in 1874\nSouth built in 1881\nReef built in 1902",
    "scores": "Adder 3\nBoat 2\nCrane 9\nDune 1\nEagle 4\nFinch 3\nGull 2\nHare 8\nIbis 7\nJay 6\nKite 2",
    "verse": "One for the lamp and two\nthree for the oil and 4\nfive for the wick and 6",
    "a heading Contents over prose": "# Contents\n\nThe box has a lamp in it, and a book, and 3 keys.\n\nKeep it dry.",
    "code": "```\nx = 1\ny = 2\nz = 3\n```",
    "headings with numbers": "# Chapter 1\n\nText of it.\n\n# Chapter 2\n\nMore of it.\n\n# Chapter 3\n\nThe end.",
}


def framed(text: str) -> str:
    return f"{PROSE}\n{text}\n\n{PROSE}"


@pytest.mark.parametrize("name", CONTENTS)
def test_tables_of_contents_are_found(name: str) -> None:
    content = framed(CONTENTS[name])
    ((start, end, kind),) = find_listings(content)
    assert (content[start:end].strip(), kind) == (CONTENTS[name], "contents")
    assert start == 0 or content[start - 1] == "\n"
    assert content[end - 1] == "\n"


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_are_found(name: str) -> None:
    content = f"{PROSE * 9}\n{INDEXES[name]}"
    ((start, end, kind),) = find_listings(content)
    assert kind == "index"
    assert content[start:].strip() == content[start:end].strip() == INDEXES[name].strip()


def test_an_index_without_a_title_is_found_at_the_end() -> None:
    index = "\n".join(f"{word}, {number * 7}, {number * 9}" for number, word in enumerate(
        ("adder", "anchor", "boat", "book", "crane", "dune", "eagle", "finch", "gull", "hare", "ibis", "jay"), 1)
    )  # fmt: skip
    content = f"{PROSE * 20}\n{index}"
    ((start, end, kind),) = find_listings(content)
    assert (content[start:end], kind) == (index, "index")


@pytest.mark.parametrize("name", NEITHER)
def test_nothing_else_is_taken_for_a_listing(name: str) -> None:
    assert find_listings(framed(NEITHER[name])) == ()
    assert find_listings(NEITHER[name]) == ()


def test_several_listings_are_told_apart() -> None:
    content = f"{CONTENTS['a title, and no dots']}\n\n{CONTENTS['a list of figures']}\n\n{PROSE}\n{INDEXES['a title']}"
    kinds = [kind for _start, _end, kind in find_listings(content)]
    assert kinds == ["contents", "contents", "index"]


def test_an_empty_text_has_none() -> None:
    assert find_listings("") == ()
