"""The text that is kept: characters, words broken at line ends, white space, pages."""

import unicodedata

import pytest

from services.documents.cleaning import clean
from services.documents.page import Page, ReadDocument
from services.documents.running_head import find_running_lines
from services.records import DocumentText


def cleaned(*pages: str, format: str = "pdf") -> DocumentText:
    return clean(ReadDocument(tuple(Page(number, text) for number, text in enumerate(pages, 1)), format))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("e\u0301te\u0301", "été"),  # NFC
        ("m\u00b2 and H\u2082O", "m² and H₂O"),  # and not NFKC
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("co\u00adop\u00aderate", "cooperate"),
        ("hyphen\u00ad\nated", "hyphenated"),
        ("a\u00a0b\u2009c\u202fd", "a b c d"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07 and \x00null", "bell and null"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("one  two \t three   ", "one two three"),
        ("a\n\n\n\n\nb \n", "a\n\nb"),
        ("क्\u200dष", "क्\u200dष"),  # a joiner that some scripts need
    ],
)
def test_characters_and_white_space(raw: str, expected: str) -> None:
    assert cleaned(raw).content == expected


def test_the_result_is_always_normal_and_can_be_stored() -> None:
    everything = "".join(chr(code) for code in range(0x3000)) + "\ud800\udfff\ufffe\uffff"
    content = cleaned(everything).content
    assert unicodedata.is_normalized("NFC", content)
    assert content.encode("utf-8").decode("utf-8") == content
    assert content == content.strip()


def test_blanks_that_may_mean_something_stay_in_text_and_code() -> None:
    assert cleaned("a   b", format="text").content == "a   b"
    assert cleaned("```\na   b\n```", format="html").content == "```\na   b\n```"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("a proces-\nsing step", "a processing step"),
        ("large-scale maps. A large-\nscale hunt", "large-scale maps. A large-scale hunt"),
        ("the Anglo-\nSaxon king", "the Anglo-Saxon king"),
        ("SEQUENCE OF. The SE-\nQUENCE", "SEQUENCE OF. The SEQUENCE"),
        ("from 1990-\n1995", "from 1990-\n1995"),
        ("```\nx = a-\nb\n```", "```\nx = a-\nb\n```"),
    ],
)
def test_words_broken_at_a_line_end_are_mended_by_the_document_s_own_words(document: str, expected: str) -> None:
    assert cleaned(document).content == expected


def test_a_paragraph_and_a_word_go_on_over_a_page_s_end() -> None:
    text = cleaned("It goes on to", "the next page.\n\nA new one with a bro-", "ken word. End.", "", "## Title\n\nlast")
    assert text.content == "It goes on to the next page.\n\nA new one with a broken word. End.\n\n## Title\n\nlast"
    assert [number for number, _start in text.pages] == [1, 2, 3, 4, 5]
    starts = [start for _number, start in text.pages]
    assert text.content[starts[1] :].startswith("the next page.")
    assert text.content[starts[2] :].startswith("ken word.")
    assert text.content[starts[4] :].startswith("## Title")
    assert text.headings == ((text.content.index("## Title"), 2, "Title"),)


def test_formats_without_pages_have_none() -> None:
    text = clean(ReadDocument((Page(None, "# A\n\nb"),), "markdown"))
    assert text == DocumentText("# A\n\nb", (), ((0, 1, "A"),))


def test_running_lines_are_those_at_the_edge_of_many_pages() -> None:
    pages = [
        ["A Guide", f"Text {word} here", f"and {word} more", f"— {number} —"] for number, word in enumerate("abcde", 7)
    ]
    pages[2][1] = "xi"  # a roman number inside the text
    found = find_running_lines(pages)
    assert found == {(number, line) for number in range(5) for line in (0, 3)}


def test_chapter_headings_and_columns_of_figures_are_not_running_lines() -> None:
    pages = [
        [f"# Chapter {number}", f"{number * 7}", f"word {letter}", "12", letter]
        for number, letter in enumerate("abcdef")
    ]
    assert find_running_lines(pages) == set()


def test_lines_that_count_the_pages_are_running_whatever_else_they_say() -> None:
    pages = [
        [f"{topic} {number}", "words", f"more {topic}", "last"]
        for number, topic in enumerate(("Tides", "Moon", "Sea", "Wind"), 41)
    ]
    pages[1][0] = "42 The Moon"
    assert {(0, 0), (1, 0), (2, 0), (3, 0)} <= find_running_lines(pages)


def test_lines_whose_numbers_do_not_count_the_pages_are_text() -> None:
    numbers = (31, 7, 58, 12, 40, 23)
    pages = [
        [f"Station {n} of the survey", f"{n * 3}.5 °C", *("abcdef"[at] * n for n in (3, 4, 5)), f"Page {at + 3} of 8"]
        for at, n in enumerate(numbers)
    ]
    assert find_running_lines(pages) == {(at, 5) for at in range(6)}


def test_heads_of_left_and_right_pages_are_found_in_a_short_document() -> None:
    pages = [
        ["Ice Studies" if at % 2 else "A. Weiß", *(f"{letter * 4} {word}" for letter in "abc")]
        for at, word in enumerate(("oak", "ash", "elm", "yew"))
    ]
    heights = [[760.0, 700.0, 688.0, 676.0]] * 4
    assert find_running_lines(pages, heights) == {(at, 0) for at in range(4)}
    first = ["Contents", "1", "2", "3"]
    assert find_running_lines([first, *pages], [heights[0], *heights]) == {(at, 0) for at in range(1, 5)}
    assert find_running_lines(pages, [[712.0, 700.0, 688.0, 676.0]] * 4) == set(), "a line of the text"
