"""The awkward PDFs, each written by a function of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

from tests.documents.awkward_pdf_part import ABSTRACT, LAST, LEFT, RIGHT, columns, grid, pages_with_heads
from tests.documents.pdf_file import Raw, Text, paragraph, rule, wrapped, write_pdf

Item = Text | Raw


def two_columns_by_row(path: Path) -> None:
    write_pdf(path, [columns([LEFT, RIGHT], 700, drawn="by row")])


def two_columns_by_column(path: Path) -> None:
    write_pdf(path, [columns([LEFT, RIGHT], 700)])


def three_columns_by_row(path: Path) -> None:
    write_pdf(path, [columns([LEFT, RIGHT, LAST * 2], 700, width=26, step=172, drawn="by row", size=9)])


def paper(drawn: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        page: list[Item] = [
            Text("Two Lights and a Sound", 150, 740, 20),
            *wrapped(ABSTRACT, 75, 700, x=60, size=10),
            *columns([LEFT, RIGHT], 640, drawn=drawn),
            *wrapped(LAST, 75, 430, x=60, size=10),
            *columns([LEFT.replace("keeper", "warden"), RIGHT.replace("brother", "cousin")], 380, drawn=drawn),
        ]
        write_pdf(path, [page])

    return make


def foot_drawn_in_the_middle(path: Path) -> None:
    pages = []
    for number in range(4):
        word = ("first", "second", "third", "last")[number]
        turned = [
            f"On the {word} page: {LEFT[8 * number :]} {word.title()}.",
            f"The {word}: {RIGHT[8 * number :]} {word.title()}.",
        ]
        body = columns(turned, 700, drawn="by row")
        pages.append([*body[:9], Text(str(number + 41), 300, 30, 9), Text("Notes on Lights", 250, 765, 9), *body[9:]])
    write_pdf(path, pages)


def unruled_table(path: Path) -> None:
    rows = [["Light", "Built", "Height", "Keeper"], ["North", "1874", "31.5", "E. Vang"], ["South", "1881", "27.0", "O. Vang"],
            ["Reef", "1902", "12.4", "nobody"], ["Harbour", "1911", "9.8", "the town"]]  # fmt: skip
    write_pdf(path, [[*wrapped(ABSTRACT, 70, 740), *grid(rows, 650), *wrapped(LAST, 70, 540)]])


def numbers_on_the_right(path: Path) -> None:
    rows = [["Article", "Pieces", "Price"], ["Lamp oil", "12", "14.50"], ["Wick", "340", "1,204.00"], ["Glass", "2", "88.10"],
            ["Green books", "1", "3.75"]]  # fmt: skip
    write_pdf(path, [grid(rows, 700, right=True)])


def two_column_table(path: Path) -> None:
    rows = [["Year", "Ships"], ["North light", "1,204"], ["South light", "988"], ["Reef", "61"]]
    write_pdf(path, [[*wrapped(ABSTRACT, 70, 740), *grid(rows, 650)]])


def ruled_table_with_long_cells(path: Path) -> None:
    cells = [
        [["Fault"], ["Cause"], ["What to do"]],
        [["The lamp does not", "burn"], ["The wick is wet, or", "there is no oil"], ["Dry the wick, and", "fill the lamp with", "rapeseed oil"]],
        [["The light does not", "turn"], ["The weight is down"], ["Wind it up with the", "handle"]],
        [["The glass is black"], ["The wick is long"], ["Cut it"]],
    ]  # fmt: skip
    page: list[Item] = [rule(70, 712, 440)]
    y = 700.0
    for row in cells:
        for x, lines in zip((72, 220, 370), row):  # noqa: B905
            page += paragraph(lines, y, x=x, size=10)
        y -= 12.5 * max(map(len, row)) + 6
        page.append(rule(70, y + 9, 440))
        y -= 4
    write_pdf(path, [page])


def table_with_rules_under_its_rows(path: Path) -> None:
    rows = [
        ["Light", "Opens", "Keeper"],
        ["North", "noon", "E. Vang"],
        ["South", "never", "O. Vang"],
        ["Reef", "at low water", "nobody"],
    ]
    rules = [rule(70, 695 - 16 * index, 330) for index in range(4)]
    write_pdf(path, [[*wrapped(LEFT, 60, 790), *grid(rows, 700), *rules, *wrapped(LAST, 60, 600)]])


def columns_between_rules(path: Path) -> None:
    rules = [rule(60, y, 440) for y in (770, 715, 440, 385, 200)]
    text = [*columns([LEFT, RIGHT], 700), *columns([LAST, ABSTRACT], 370)]
    write_pdf(path, [[*rules, *wrapped("The Sound, a journal of lights", 60, 735, x=60), *text]])


def table_drawn_by_column(path: Path) -> None:
    rows = [
        ["Light", "Built", "Height"],
        ["North", "1874", "31.5"],
        ["South", "1881", "27.0"],
        ["Reef", "1902", "12.4"],
    ]
    cells = grid(rows, 700)
    write_pdf(path, [[*cells[::3], *cells[1::3], *cells[2::3]]])


def table_with_empty_cells(path: Path) -> None:
    rows = [["Light", "1901", "1902", "1903"], ["North", "31", "", "44"], ["South", "", "27", "28"], ["Reef", "12", "15", ""],
            ["Harbour", "1", "2", "3"]]  # fmt: skip
    write_pdf(path, [grid(rows, 700)])


def table_in_a_column(path: Path) -> None:
    rows = [["Light", "Built", "Lamp"], ["North", "1874", "31.5"], ["South", "1881", "27.0"], ["Reef", "1902", "12.4"]]
    left = [*wrapped(LEFT, 30, 700, x=60, size=10), *grid(rows, 500, xs=(60, 120, 180))]
    right = wrapped(RIGHT + " " + LAST, 30, 700, x=310, size=10)
    write_pdf(path, [[*left, *right]])


def numbered_list(path: Path) -> None:
    page: list[Item] = []
    for index, text in enumerate(
        (
            "Open the lower valve of the lamp",
            "Fill in two measures of oil",
            "Light the wick with a taper",
            "Close the glass",
        )
    ):
        page += [Text(f"{index + 1}.", 72, 700 - 16 * index), Text(text, 100, 700 - 16 * index)]
    write_pdf(path, [page])


def dialogue(path: Path) -> None:
    page: list[Item] = []
    words = ("Who goes there in this weather, and why?", "It is the keeper of the southern light, sir.",
             "Then come in out of the rain and sit down.", "I have no time, for there is a boat on the reef.")  # fmt: skip
    for index, text in enumerate(words):
        page += [Text("KEEPER" if index % 2 else "PILOT", 72, 700 - 30 * index), Text(text, 160, 700 - 30 * index)]
    write_pdf(path, [page])


def letterhead(path: Path) -> None:
    page: list[Item] = []
    for index, (one, other) in enumerate(
        (("Harbour Office", "Our sign: OV"), ("Quay Street", "Your letter: of May"), ("Northport", "Telephone: none"))
    ):
        page += [Text(one, 72, 740 - 14 * index), Text(other, 350, 740 - 14 * index)]
    write_pdf(path, [[*page, *wrapped(LEFT, 66, 660)]])


def contents_without_leaders(path: Path) -> None:
    page: list[Item] = [Text("Contents", 72, 740, 18)]
    for index, (title, number) in enumerate(
        (("The North Light", 3), ("The South Light", 17), ("The Reef", 31), ("Index", 44))
    ):
        page += [Text(title, 72, 700 - 16 * index), Text(str(number), 500, 700 - 16 * index)]
    write_pdf(path, [page, wrapped(LEFT, 66, 700)])


def turned_page(path: Path) -> None:
    # Text that runs up the page, on a page that is shown turned: as one holds a landscape page.
    lines = [*wrapped(LEFT, 70, 0), *wrapped(RIGHT, 70, -110)]
    write_pdf(path, [[Text(line.text, 100 - line.y, 60, 11, turn=90) for line in lines]], rotation=90)


def turned_table(path: Path) -> None:
    rows = [
        ["Light", "Built", "Height"],
        ["North", "1874", "31.5"],
        ["South", "1881", "27.0"],
        ["Reef", "1902", "12.4"],
    ]
    cells = [Text(cell.text, 100 - (cell.y - 700), cell.x, 10, turn=90) for cell in grid(rows, 700)]
    write_pdf(path, [cells])


def stamp_along_the_margin(path: Path) -> None:
    stamp = Text("arXiv:1101.00001v1  1 Jan 2011", 30, 250, 14, turn=90)
    write_pdf(path, [[stamp, *wrapped(LEFT, 60, 700), *wrapped(RIGHT, 60, 580)]])


def footnote_under_a_running_paragraph(path: Path) -> None:
    first = [
        *wrapped(LEFT[:-1] + " and with nobody at the", 60, 200),
        *wrapped("1 The book has the sign GB 12 in the museum.", 70, 90, size=8),
    ]
    second = [*wrapped("helm that anybody could see from the shore. " + RIGHT, 60, 720), *wrapped(LAST, 60, 560)]
    write_pdf(path, [first, second])


def bold_headings(path: Path) -> None:
    page = [
        Text("The Northern Light", 72, 740, font="Helvetica-Bold"),
        *wrapped(LEFT, 64, 720, font="Courier"),
        Text("The Southern Light", 72, 600, font="Helvetica-Bold"),
        *wrapped(RIGHT, 64, 580),
    ]
    write_pdf(path, [page])


def bold_paragraph(path: Path) -> None:
    write_pdf(
        path, [[*wrapped(LEFT, 60, 740, font="Courier-Bold"), *wrapped(RIGHT, 60, 600), *wrapped(LAST, 60, 470)] * 1]
    )


def numbered_headings(path: Path) -> None:
    page = [
        *wrapped(LEFT, 64, 740), Text("2.1 Counting the Ships", 72, 610), *wrapped(RIGHT, 64, 585),
        Text("2.2 Keeping the Lamp", 72, 460), *wrapped(LAST, 64, 435),
    ]  # fmt: skip
    write_pdf(path, [page])


def hyphens(path: Path) -> None:
    lines = [
        "The light-",
        "house was a light-",
        "house of the first order. It was a well-",
        "known lighthouse, and a well-known one.",
    ]
    write_pdf(path, [paragraph(lines, 700)])


def hyphens_after_letters_placed_one_by_one(path: Path) -> None:
    lines = [
        "The keeper counted every ship that passed the sker-",
        "ries, and the skerries were many. It was a well-",
        "known number, and a well-known one.",
    ]
    write_pdf(path, [[letter for at, line in enumerate(lines) for letter in _letters(line, 700 - 14 * at)]])


def contents_of_letters_placed_one_by_one(path: Path) -> None:
    lines = ["Contents", *(f"Lamps and ships of year {n} {'. ' * 30}{n + 10}" for n in range(1, 21))]
    write_pdf(path, [[letter for at, line in enumerate(lines) for letter in _letters(line, 740 - 22 * at)]])


def ruled_table_above_thousands_of_letters(path: Path) -> None:
    cells = [
        Text("Night Hours", 60, 700), Text("Keeper", 180, 700), Text("3. May", 60, 682), Text("4.5", 114, 682),
        Text("Otto Brandell", 180, 682), Text("4. May", 60, 664), Text("2.0", 114, 664), Text("Nell", 180, 664),
    ]  # fmt: skip
    page: list[Item] = [rule(54, height, 300) for height in (714, 696, 678, 660)]
    page += sorted(cells, key=lambda cell: -cell.y)
    prose = textwrap.wrap("The keeper counted every ship that passed the skerries. " * 95, 110)
    write_pdf(path, [[*page, *(letter for at, line in enumerate(prose) for letter in _letters(line, 630 - 9 * at, 7))]])


def _letters(line: str, y: float, size: float = 10) -> list[Text]:
    return [Text(letter, 60 + 0.62 * size * at, y, size) for at, letter in enumerate(line) if letter != " "]


def soft_hyphens(path: Path) -> None:
    write_pdf(path, [[Text("The keepers met at noon.", 72, 700, claimed="The keep\u00aders met at noon.")]])


def ligatures(path: Path) -> None:
    write_pdf(path, [[Text("The ofcer ate a sh.", 72, 700, claimed="The o\ufb03cer ate a \ufb01sh.")]])


def head_of_a_chapter(path: Path) -> None:
    names = (
        "Hares",
        "Lynxes",
        "Herons",
        "Otters",
        "Stoats",
        "Ravens",
        "Seals",
        "Cranes",
        "Adders",
        "Finches",
        "Perch",
        "Snipe",
    )

    def head(number: int) -> list[Text]:
        return [Text(f"On the Life of {names[number // 6]}", 72, 760, 9), Text(str(number + 1), 300, 30, 9)]

    write_pdf(path, pages_with_heads(72, head))


def left_and_right_heads(path: Path) -> None:
    def head(number: int) -> list[Text]:
        if number % 2:
            return [Text(f"{number + 1}   Notes on the Ridge", 72, 760, 9)]
        return [Text(f"Of Small Animals   {number + 1}", 300, 760, 9)]

    write_pdf(path, pages_with_heads(8, head))


def overprinted(path: Path) -> None:
    # Bold by printing every line twice, a little beside itself.
    lines = wrapped(LEFT, 60, 700)
    write_pdf(path, [[copy for line in lines for copy in (line, Text(line.text, line.x + 0.3, line.y))]])


def letters_one_by_one(path: Path) -> None:
    page = []
    for line in wrapped(LEFT[:200], 60, 700):
        page += [Text(letter, line.x + 6.6 * index, line.y) for index, letter in enumerate(line.text) if letter != " "]
    write_pdf(path, [page])


def lines_in_any_order(path: Path) -> None:
    lines = wrapped(LEFT, 60, 700)
    write_pdf(path, [[*lines[3:], *lines[:3]]])


def figure_between_columns(path: Path) -> None:
    labels = [Text(text, x, y, 7) for text, x, y in (("mast", 130, 560), ("lamp", 220, 545), ("stair", 180, 520))]
    page = [
        *columns([LEFT[:160], RIGHT[:160]], 720, drawn="by row"),
        *labels,
        Text("Figure 1. The northern light, seen from the sea, with its mast and stair.", 60, 500, 9),
        *columns([LEFT[160:], RIGHT[160:]], 470, drawn="by row"),
    ]
    write_pdf(path, [page])


def page_that_cannot_be_loaded(path: Path) -> None:
    write_pdf(path, [wrapped(LEFT, 60, 700), wrapped(RIGHT, 60, 700)])
    data = path.read_bytes()
    second = data.rindex(b"<< /Type /Page ")
    path.write_bytes(data[:second] + b"<< /Type /Pine " + data[second + 15 :])


def scan_among_pages(path: Path) -> None:
    write_pdf(path, [wrapped(LEFT, 60, 700), [Text("12", 300, 30)]], picture_pages=[1])


def spaced_out_title(path: Path) -> None:
    write_pdf(path, [[Text("# not a heading", 72, 700), *wrapped(LEFT, 60, 650)]])


def index(drawn: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        names = [f"{first}{second}" for first in ("ad", "be", "co", "du") for second in ("am", "er", "il", "on", "us")]
        entries = [
            f"{name}, {7 * at + 3}" + (f", {9 * at + 20}–{9 * at + 24}" if at % 3 else "")
            for at, name in enumerate(names)
        ]
        blocks = paragraph(entries[:10], 700, x=60, size=9), paragraph(entries[10:], 700, x=320, size=9)
        rows = [line for pair in zip(*blocks) for line in pair]  # noqa: B905
        body = rows if drawn == "by row" else [*blocks[0], *blocks[1]]
        write_pdf(path, [wrapped(LEFT, 60, 700), [Text("Index", 60, 740, 18), *body]])

    return make


def verse(path: Path) -> None:
    first = [
        "The keeper keeps a little light",
        "Above the reef and foam,",
        "And every boat that sees it bright",
        "Comes slowly, slowly home.",
    ]
    second = [
        "The keeper keeps a little book",
        "And writes the number down,",
        "And nobody shall ever look",
        "At it in all the town.",
    ]
    write_pdf(path, [[*paragraph(first, 700), *paragraph(second, 620), *wrapped(LEFT, 60, 520)]])


def form(path: Path) -> None:
    page = []
    for index, (one, other) in enumerate((("Name", "Date"), ("Ship", "Port"), ("Crew", "Load"), ("Flag", "Sign"))):
        page += [Text(f"{one}: ______", 72, 700 - 20 * index), Text(f"{other}: ______", 350, 700 - 20 * index)]
    write_pdf(path, [page])


def numbered_equations(path: Path) -> None:
    page = wrapped(LEFT, 60, 720)
    for index, equation in enumerate(("a = b + c", "d = e - f", "g = h")):
        page += [Text(equation, 200, 560 - 20 * index), Text(f"({index + 1})", 500, 560 - 20 * index)]
    write_pdf(path, [[*page, *wrapped(RIGHT, 60, 480)]])


def glossary(path: Path) -> None:
    page = []
    for index, (word, meaning) in enumerate((("lamp", "a vessel with oil and a wick"), ("reef", "rocks under the water near the shore"),
                                             ("sound", "a stretch of water between two shores"), ("wick", "a strip of cotton in the oil"))):  # fmt: skip
        page += [Text(word, 72, 700 - 16 * index, font="Courier-Bold"), Text(meaning, 160, 700 - 16 * index)]
    write_pdf(path, [page])


def table_across_columns(path: Path) -> None:
    rows = [["Light", "Built", "Height", "Keeper"], ["North", "1874", "31.5", "E. Vang"], ["South", "1881", "27.0", "O. Vang"],
            ["Reef", "1902", "12.4", "nobody"]]  # fmt: skip
    write_pdf(path, [[*columns([LEFT, RIGHT], 740), *grid(rows, 530), *columns([LAST, ABSTRACT], 440)]])


def sidebar(path: Path) -> None:
    aside = "Did you know? The lamp burns nine measures of oil in one winter night, and the keeper carries them up."
    write_pdf(path, [[*wrapped(f"{LEFT} {RIGHT}", 45, 700, x=60), *wrapped(aside, 18, 640, x=430, size=9)]])


def words_one_by_one_in_columns(path: Path) -> None:
    words = []
    for line in columns([LEFT, RIGHT], 700, drawn="by row"):
        at = 0
        for word in line.text.split():
            words.append(Text(word, line.x + 0.6 * line.size * at, line.y, line.size))
            at += len(word) + 1
    write_pdf(path, [words])


def table_in_one_string(path: Path) -> None:
    rows = (
        ("Light", "Built", "Height"),
        ("North", "1874", "31.5"),
        ("South", "1881", "27.0"),
        ("Reef", "1902", "12.4"),
    )
    content = b"BT /F1 10 Tf 1 0 0 1 100 700 Tm\n"
    for row in rows:
        # The gaps are moves within one string, as TeX writes them: in thousandths of the size, to the left.
        shown = b" ".join(b"(%s) %d" % (cell.encode(), -(9000 - 600 * len(cell))) for cell in row)
        content += b"[%s] TJ 0 -12 Td\n" % shown
    write_pdf(path, [[Raw(content + b"ET\n"), *wrapped(LEFT, 60, 600)]])


def slide(path: Path) -> None:
    page = [Text("Why Lamps Matter", 40, 700, 28, font="Helvetica-Bold")]
    for index, line in enumerate(
        ("Ships see them from afar", "The keeper counts what passes", "Nobody else writes it down")
    ):
        page += [Text("\u2022", 60, 640 - 40 * index, 18), Text(line, 80, 640 - 40 * index, 18)]
    write_pdf(path, [page, *[wrapped(LEFT + RIGHT, 60, 700)] * 1])
