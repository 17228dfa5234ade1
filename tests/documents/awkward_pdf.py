"""PDFs as they come in real life: each with what must be in its text, what must not, and what must follow what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.documents import awkward_pdf_page as page
from tests.documents.awkward_pdf_part import LEFT


@dataclass(frozen=True)
class Awkward:
    """must, must_not: strings. order: strings of which each stands after the one before."""

    name: str
    make: Callable[[Path], object]
    must: Sequence[str] = ()
    must_not: Sequence[str] = ()
    order: Sequence[str] = ()
    warnings: Sequence[str] = field(default_factory=tuple)


AWKWARD: tuple[Awkward, ...] = (
    Awkward(
        "two columns drawn by row",
        page.two_columns_by_row,
        ["wrote the number into a book with a green cover", "He counted nothing, but he knew the masters"],
        ["|"],
        ["under a torn sail.", "Her brother kept"],
    ),
    Awkward(
        "two columns drawn by column",
        page.two_columns_by_column,
        ["wrote the number into a book with a green cover"],
        ["|"],
        ["under a torn sail.", "Her brother kept"],
    ),
    Awkward(
        "three columns drawn by row",
        page.three_columns_by_row,
        ["the reef until the morning"],
        ["|"],
        ["The keeper of", "under a torn sail.", "Her brother kept", "in thirty years.", "Neither of the two"],
    ),
    *(
        Awkward(
            f"a paper drawn {drawn}",
            page.paper(drawn),
            ["# Two Lights and a Sound", "compares them with the books of the harbour office"],
            ["|"],
            [
                "This paper",
                "The keeper",
                "under a torn sail.",
                "Her brother",
                "in thirty years.",
                "Neither of",
                "The warden",
                "Her cousin",
            ],
        )
        for drawn in ("by column", "by row")
    ),
    Awkward(
        "feet drawn between columns",
        page.foot_drawn_in_the_middle,
        ["On the last page:"],
        ["Notes on Lights", "\n42", "43\n"],
        ["First.", "The first:", "On the second page"],
    ),
    Awkward(
        "table without rules",
        page.unruled_table,
        [
            "| Light | Built | Height | Keeper |\n| --- | --- | --- | --- |\n| North | 1874 | 31.5 | E. Vang |",
            "| Harbour | 1911 | 9.8 | the town |",
        ],
        ["| This", "| Neither"],
        ["written down by", "| Light", "Neither of the two lights"],
    ),
    Awkward(
        "table of right-aligned numbers",
        page.numbers_on_the_right,
        ["| Wick | 340 | 1,204.00 |", "| Article | Pieces | Price |"],
    ),
    Awkward("table of two columns", page.two_column_table, ["| North light | 1,204 |", "| Reef | 61 |"]),
    Awkward(
        "ruled table with long cells",
        page.ruled_table_with_long_cells,
        [
            "| Fault | Cause | What to do |",
            "| The lamp does not burn | The wick is wet, or there is no oil | Dry the wick, and fill the lamp with rapeseed oil |",
            "| The light does not turn | The weight is down | Wind it up with the handle |",
        ],
    ),
    Awkward(
        "table with rules under its rows",
        page.table_with_rules_under_its_rows,
        [
            "| Light | Opens | Keeper |\n| --- | --- | --- |\n| North | noon | E. Vang |",
            "| Reef | at low water | nobody |",
        ],
        ["| Neither", "sail. |"],
    ),
    Awkward(
        "columns between rules",
        page.columns_between_rules,
        ["into a book with a green cover"],
        ["|"],
        ["torn sail.", "Her brother"],
    ),
    Awkward("table drawn by column", page.table_drawn_by_column, ["| North | 1874 | 31.5 |", "| Reef | 1902 | 12.4 |"]),
    Awkward(
        "table with empty cells",
        page.table_with_empty_cells,
        ["| North | 31 | | 44 |", "| South | | 27 | 28 |", "| Harbour | 1 | 2 | 3 |"],
    ),
    Awkward(
        "table in a column",
        page.table_in_a_column,
        ["| North | 1874 | 31.5 |"],
        ["| Her", "brother |"],
        ["torn sail", "| Light", "Her brother"],
    ),
    Awkward(
        "numbered list",
        page.numbered_list,
        ["1. Open the lower valve of the lamp\n2. Fill in two measures of oil"],
        ["|"],
    ),
    Awkward("dialogue", page.dialogue, ["PILOT Who goes there", "KEEPER It is the keeper"], ["|"]),
    Awkward("letterhead", page.letterhead, ["Quay Street"], ["|"], ["Northport", "The keeper"]),
    Awkward("contents without leaders", page.contents_without_leaders, ["The South Light 17\n"], ["|"]),
    Awkward(
        "page turned by 90 degrees",
        page.turned_page,
        ["counted every ship that passed the skerries", "her brother".capitalize()],
        ["|"],
        ["The keeper", "torn sail.", "Her brother", "thirty years."],
    ),
    Awkward("table turned on its page", page.turned_table, ["| North | 1874 | 31.5 |"]),
    Awkward(
        "stamp along the margin",
        page.stamp_along_the_margin,
        ["counted every ship that passed the skerries"],
        ["|"],
        ["The keeper", "torn sail.", "Her brother", "thirty years.", "arXiv"],
    ),
    Awkward(
        "footnote under a paragraph that runs on",
        page.footnote_under_a_running_paragraph,
        ["with nobody at the helm that anybody could see from the shore."],
        [],
        ["helm that", "thirty years.", "1 The book has the sign"],
    ),
    Awkward(
        "bold headings of the body's size",
        page.bold_headings,
        ["# The Northern Light\n\nThe keeper", "torn sail.\n\n# The Southern Light\n\nHer brother"],
    ),
    Awkward("bold paragraph", page.bold_paragraph, ["counted every ship that passed the skerries"], ["#"]),
    Awkward(
        "numbered headings of the body's size",
        page.numbered_headings,
        ["# 2.1 Counting the Ships\n", "# 2.2 Keeping the Lamp\n"],
    ),
    Awkward(
        "hyphens at line ends",
        page.hyphens,
        ["The lighthouse was a lighthouse of the first order. It was a well-known lighthouse"],
        ["light-"],
    ),
    Awkward(
        "hyphens after letters placed one by one",
        page.hyphens_after_letters_placed_one_by_one,
        ["passed the skerries, and the skerries were many. It was a well-known number"],
    ),
    Awkward(
        "contents of letters placed one by one",
        page.contents_of_letters_placed_one_by_one,
        ["Contents\n", "Lamps and ships of year 1 .", ". 11\n", "Lamps and ships of year 11 .", ". 30"],
    ),
    Awkward(
        "ruled table above thousands of letters",
        page.ruled_table_above_thousands_of_letters,
        ["| Night Hours | | Keeper |\n| --- |", "| 3. May | 4.5 | Otto Brandell |\n| 4. May | 2.0 | Nell |"],
    ),
    Awkward("soft hyphens", page.soft_hyphens, ["The keepers met at noon."]),
    Awkward("ligatures", page.ligatures, ["The officer ate a fish."]),
    Awkward("heads of short chapters", page.head_of_a_chapter, [], ["On the Life of"]),
    Awkward("heads of left and right pages", page.left_and_right_heads, [], ["Notes on the Ridge", "Of Small Animals"]),
    Awkward(
        "bold by printing twice",
        page.overprinted,
        ["The keeper of the northern light counted every ship"],
        ["The keeper of the northern light counted every ship that passed the The"],
    ),
    Awkward(
        "letters drawn one by one",
        page.letters_one_by_one,
        ["The keeper of the northern light counted every ship"],
        ["|"],
    ),
    Awkward("lines drawn in any order", page.lines_in_any_order, order=["The keeper", "In the winter", "torn sail."]),
    Awkward(
        "figure between columns",
        page.figure_between_columns,
        [],
        ["|"],
        ["The keeper", LEFT[140:150], "Her brother", "Figure 1.", "thirty years"],
    ),
    Awkward(
        "page that cannot be loaded", page.page_that_cannot_be_loaded, ["The keeper"], ["Her brother"], warnings=["2"]
    ),
    Awkward("scan among pages", page.scan_among_pages, ["The keeper"], warnings=["2"]),
    *(
        Awkward(
            f"index in two columns drawn {drawn}",
            page.index(drawn),
            ["# Index", "beil, 52, 83–87\nbeon, 59, 92–96\n"],
            ["|"],
            ["adam", "adus", "coam", "duus"],
        )
        for drawn in ("by column", "by row")
    ),
    Awkward(
        "verse",
        page.verse,
        ["light\nAbove the reef and foam,\nAnd every", "home.\n\nThe keeper keeps a little book\nAnd writes"],
    ),
    Awkward("form", page.form, ["Name: ______ Date: ______\nShip: ______ Port: ______\n"], ["|"]),
    Awkward("numbered equations", page.numbered_equations, ["a = b + c (1)\nd = e - f (2)\ng = h (3)"], ["|"]),
    Awkward("glossary", page.glossary, ["reef rocks under the water near the shore\nsound a stretch"], ["|"]),
    Awkward(
        "table across columns",
        page.table_across_columns,
        ["| South | 1881 | 27.0 | O. Vang |"],
        ["#"],
        ["torn sail.", "Her brother", "thirty years.", "| Light", "Neither of", "This paper"],
    ),
    Awkward(
        "sidebar",
        page.sidebar,
        ["one winter night, and the keeper carries them up."],
        ["|"],
        ["torn sail. Her brother", "thirty years.", "Did you know?"],
    ),
    Awkward(
        "words drawn one by one in columns",
        page.words_one_by_one_in_columns,
        ["wrote the number into a book with a green cover"],
        ["|"],
        ["under a torn sail.", "Her brother kept"],
    ),
    Awkward(
        "table in one string with moves", page.table_in_one_string, ["| North | 1874 | 31.5 |\n| South | 1881 | 27.0 |"]
    ),
    Awkward("slide among pages", page.slide, ["# Why Lamps Matter", "- Ships see them from afar"], ["# -", "# •"]),
    Awkward("number sign that is no heading", page.spaced_out_title, ["\\# not a heading"]),
)
