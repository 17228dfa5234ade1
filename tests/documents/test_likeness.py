"""Repeats are found whatever was changed around their words; what only has the same form is no repeat."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from services.documents.likeness import THRESHOLD, find_repeats, sketch

ROOT = Path(__file__).resolve().parents[2]
_letters = random.Random(7)
WORDS = ["".join(_letters.choices("aeioubdfgklmnprst", k=_letters.randint(2, 9))) for _ in range(3000)]
WEIGHTS = [1 / (rank + 3) for rank in range(len(WORDS))]  # a few words make up most of a text, as they do in life


def words(count: int, seed: int) -> list[str]:
    return random.Random(seed).choices(WORDS, WEIGHTS, k=count)


def prose(count: int, seed: int) -> str:
    chooser = random.Random(seed)
    text = [word + (". " if chooser.random() < 0.1 else " ") for word in words(count, seed)]
    return "".join(text).strip() + "."


def changed(text: str, share: float, seed: int) -> str:
    chooser = random.Random(seed)
    return " ".join(chooser.choice(WORDS) if chooser.random() < share else word for word in text.split())


def repeats(*texts: str) -> list[tuple[int, int, float]]:
    return find_repeats((id_, sketch(text)) for id_, text in enumerate(texts))


def ideographs(count: int, seed: int) -> str:
    chooser = random.Random(seed)
    pairs = ["".join(chr(0x4E00 + _letters.randrange(3000)) for _ in range(2)) for _ in range(1500)]
    return "".join(
        pairs[min(int(chooser.paretovariate(0.6)), 1499)] + "，" * (chooser.random() < 0.1) for _ in range(count)
    )


TEXT = prose(320, 1)


@pytest.mark.parametrize(
    "same",
    [
        TEXT.upper(),
        TEXT.replace(" ", "\n", 40),
        TEXT.replace(". ", ".\n\n"),
        "**" + TEXT.replace(" ", "  ").replace(".", "!") + "**",
        "> " + TEXT.replace(". ", ".\n> "),
        f"“{TEXT}” …",
    ],
)  # fmt: skip
def test_case_spaces_marks_and_markdown_make_no_difference(same: str):
    assert sketch(same) == sketch(TEXT)
    assert repeats(TEXT, same) == [(1, 0, 1.0)]


def test_a_sketch_is_small_and_that_of_a_short_text_smaller():
    assert [len(sketch(text)) for text in ("", " \n--- |", "Chapter 2", TEXT, TEXT * 20)] == [0, 0, 8, 128, 128]
    assert repeats("Chapter 2", "Chapter 3", "## CHAPTER 2", "", "") == [(2, 0, 1.0)]


def test_a_sketch_is_the_same_in_every_process_and_on_every_machine():
    text = "The keeper of the lighthouse feeds the grey geese; sie füttert 12 graue Gänse. " * 3
    script = f"from services.documents.likeness import sketch; print(sketch({text!r}).hex())"
    other = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == sketch(text).hex()
    assert sketch(text).hex().startswith("57a925285b4b50f96767676767676767")


@pytest.mark.parametrize(("share", "recall"), [(0.02, 1.0), (0.05, 1.0), (0.1, 0.75)])
def test_copies_with_other_words_are_found_and_nothing_else(share: float, recall: float):
    originals = [prose(320, seed) for seed in range(100, 160)]
    found = repeats(*originals, *(changed(text, share, seed) for seed, text in enumerate(originals)))
    assert {(repeat - 60, original) for repeat, original, _similarity in found} <= {(i, i) for i in range(60)}
    assert len(found) >= recall * 60
    assert all(THRESHOLD <= similarity < 1 for *_ids, similarity in found)


def test_similarity_tells_how_much_is_shared():
    similarities = [repeats(TEXT, changed(TEXT, share, 5))[0][2] for share in (0.005, 0.02, 0.05)]
    assert similarities == sorted(similarities, reverse=True)
    assert 0.6 < similarities[2] < similarities[0] < 1


def test_another_heading_or_an_added_line_makes_no_difference():
    assert repeats("# The old harbour\n\n" + TEXT, "# Norrholm, a report of 1912\n\nPage 3\n\n" + TEXT)[0][:2] == (1, 0)


def test_letters_of_one_form_are_shown():
    form = words(300, 9)
    letters = []
    for seed in range(4):
        letter = form.copy()
        for place in random.Random(seed).sample(range(300), 10):
            letter[place] = f"name{seed}{place}"
        letters.append(" ".join(letter))
    assert [row[:2] for row in repeats(*letters)] == [(1, 0), (2, 0), (3, 0)]


def test_chunks_that_overlap_or_share_a_passage_are_none():
    stream = words(2300, 4)
    overlapping = [" ".join(stream[at : at + 350]) for at in range(0, 1950, 300)]
    assert repeats(*overlapping) == []
    same_half = " ".join(words(150, 5))
    assert repeats(*(f"{same_half} {prose(150, seed)}" for seed in range(50, 58))) == []


@pytest.mark.parametrize("label_words", [1, 3, 8])
@pytest.mark.parametrize("columns", [1, 4])
def test_tables_of_one_form_with_other_numbers_are_none(label_words: int, columns: int):
    labels = [" ".join(words(label_words, seed)) for seed in range(25)]
    head = "| Place |" + " Sales |" * columns + "\n|" + " --- |" * (columns + 1) + "\n"

    def table(seed: int) -> str:
        chooser = random.Random(seed)
        return head + "\n".join(
            f"| {label} | " + " | ".join(f"{chooser.uniform(0, 1e5):.2f}" for _ in range(columns)) + " |"
            for label in labels
        )

    tables = [table(seed) for seed in range(6)]
    assert repeats(*tables) == []
    assert repeats(*tables, tables[2].replace("Sales", "Turnover"))[0][:2] == (6, 2)


def test_scripts_without_spaces():
    texts = [ideographs(300, seed) for seed in range(12)]
    copy = texts[3][:200] + "的" * 6 + texts[3][206:]
    assert [row[:2] for row in repeats(*texts, copy, texts[5].replace("，", "\n"))] == [(12, 3), (13, 5)]
    thai = "คนเฝ้าประภาคารให้อาหารห่านสีเทาทุกเช้าและจดจำนวนเรือลงในสมุด ชื่อของเธอคือเนลล์และทุกคนบนเกาะรู้จักเธอ"
    assert repeats(thai, thai.replace(" ", "\n"), thai.replace("สีเทา", "สีขาว"))[0] == (1, 0, 1.0)


def test_a_group_points_at_one_original_that_is_itself_no_repeat():
    texts = [prose(320, seed) for seed in range(30)]
    series = [text for text in texts for _copy in range(4)]
    found = repeats(*(changed(text, 0.02 * (i % 4), i) for i, text in enumerate(series)))
    assert [(repeat, original) for repeat, original, _similarity in found] == [
        (i, i - i % 4) for i in range(120) if i % 4
    ]


def test_a_text_that_drifts_never_points_at_what_it_is_unlike():
    versions = [TEXT]
    for seed in range(12):
        versions.append(changed(versions[-1], 0.06, seed))
    found = repeats(*versions)
    originals = {original for _repeat, original, _similarity in found}
    assert len(originals) > 1 and not originals & {repeat for repeat, *_rest in found}
    for repeat, original, _similarity in found:
        assert repeats(versions[original], versions[repeat])


def test_only_pairs_with_something_new_are_looked_for():
    texts = [prose(320, seed) for seed in range(20)]
    old = [*texts, changed(texts[4], 0.03, 1), texts[5]]  # 20 repeats 4, 21 repeats 5
    new = [changed(texts[7], 0.03, 2), changed(old[20], 0.02, 3), texts[5], prose(320, 99), changed(texts[7], 0.03, 4)]
    sketches = [(id_, sketch(text)) for id_, text in enumerate([*old, *new])]
    everything = find_repeats(sketches)
    assert [row[:2] for row in everything] == [(20, 4), (21, 5), (22, 7), (23, 4), (24, 5), (26, 7)]
    assert find_repeats(sketches, lambda id_: id_ >= 22) == [row for row in everything if row[0] >= 22]
    assert find_repeats(sketches, {24}) == [row for row in everything if row[0] == 24]
    assert find_repeats(sketches, set()) == []


def test_what_is_like_a_repeat_alone_points_at_it_only_where_it_is_an_original():
    """A new chunk that is like a known repeat but not like that one's original stands for itself."""
    first = TEXT
    second = changed(first, 0.1, 1)
    third = changed(second, 0.1, 2)
    sketches = [(id_, sketch(text)) for id_, text in enumerate((first, second, third))]
    assert [row[:2] for row in find_repeats(sketches)] == [(1, 0)]
    assert find_repeats(sketches, {2}) == []


def test_thousands_of_copies_and_of_likes():
    copies = [(id_, sketch(TEXT)) for id_ in range(20_000)]
    assert find_repeats(copies) == [(id_, 0, 1.0) for id_ in range(1, 20_000)]
    likes = [(id_, sketch(changed(TEXT, 0.01, id_))) for id_ in range(1500)]
    found = find_repeats(likes)
    assert [row[0] for row in found] == list(range(1, 1500)) and {row[1] for row in found} == {0}


def test_nothing_and_a_wrong_order():
    assert find_repeats([]) == find_repeats([(1, b"")]) == find_repeats([(1, sketch(TEXT))]) == []
    with pytest.raises(ValueError, match="after"):
        find_repeats([(2, sketch(TEXT)), (1, sketch(TEXT))])
