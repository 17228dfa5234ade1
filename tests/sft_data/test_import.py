"""Files of other programs: every format and encoding, whole and broken."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from services import command_line
from services.errors import Cancelled, UserError
from services.knowledge_base.pairs import NewPair
from services.project import Project
from services.sft_data.import_file import read_pairs
from services.sft_data.jsonl import export_pairs, write_dataset
from services.sft_data.pair_import import import_pairs, preview_import

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [("Wann wurde die Mühle gebaut?", "1510, „sagt man“."), ("Who built\nit?", 'Anna "A" Berg; a miller\tof Löwen.')]
ALPACA = [{"instruction": question, "input": "", "output": answer} for question, answer in PAIRS]
SHAREGPT = [
    {"id": "x", "conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]}
    for question, answer in PAIRS
]
MESSAGES = [
    {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": question},
                  {"role": "assistant", "content": answer}]}
    for question, answer in PAIRS
]  # fmt: skip


def as_lines(rows: list[dict]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def as_table(names: tuple[str, str], delimiter: str, rows: list[tuple[str, str]] = PAIRS) -> str:
    cells = [names, *(tuple('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
    return "\r\n".join(delimiter.join(row) for row in cells)


FORMATS = {
    "alpaca.json": json.dumps(ALPACA, ensure_ascii=False, indent=2),
    "alpaca on one line.json": json.dumps(ALPACA, ensure_ascii=False),
    "alpaca.jsonl": as_lines(ALPACA),
    "sharegpt.json": json.dumps(SHAREGPT, ensure_ascii=False),
    "sharegpt.jsonl": as_lines(SHAREGPT),
    "chat.json": json.dumps(MESSAGES, ensure_ascii=False, indent="\t"),
    "chat.jsonl": as_lines(MESSAGES),
    "objects.json": "\n".join(json.dumps(row, ensure_ascii=False, indent=1) for row in ALPACA),
    "question.csv": as_table(("question", "answer"), ","),
    "frage.csv": as_table(("Frage", "Antwort"), ";"),
    "excel.csv": "sep=;\r\n" + as_table(("Nr;Frage", "Antwort"), ";", []) + "".join(
        "\r\n1;" + ";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in PAIRS
    ),
    "prompt.tsv": as_table(("Prompt", "Completion"), "\t"),
    "instruction.txt": as_table(('"instruction"', '"output"'), "|"),
}  # fmt: skip


def texts(path: Path) -> list[tuple[str, ...]]:
    return [found.entry.said for found in read_pairs(path) if found.entry]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_format_in_every_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    file = tmp_path / name
    file.write_bytes(FORMATS[name].encode(encoding))
    assert texts(file) == PAIRS
    assert all(found.entry for found in read_pairs(file))


def broken(path: Path) -> list[tuple[str, str]]:
    return [(found.place, found.reason) for found in read_pairs(path) if found.entry is None]


def test_one_broken_entry_of_a_json_list_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    entries = [json.dumps(row, indent=1) for row in (*ALPACA, *SHAREGPT)]
    entries[1] = '{"instruction": "no comma" "output": {"deep": [1]}}'
    entries.insert(2, '{\n"instruction": "a quotation mark too few,\n"output": "x"\n}')
    file.write_text("[" + ",\n".join(entries) + ", null, nonsense, 7]", "utf-8")
    assert texts(file) == [PAIRS[0], *PAIRS]
    assert [place for place, _reason in broken(file)] == ["Entry 2", "Entry 3", "Entry 6", "Entry 7", "Entry 8"]
    file.write_text("[" + ",".join(entries[:1] + entries[3:])[:-20], "utf-8")
    assert texts(file) == [PAIRS[0], PAIRS[0]]
    assert broken(file) == [("Entry 3", "the file ends in the middle of it.")]
    file.write_text(json.dumps(SHAREGPT * 3).replace("1510, ", '1510, "', 1), "utf-8")  # on one line
    assert texts(file) == PAIRS[1:] + PAIRS * 2 and [place for place, _reason in broken(file)] == ["Entry 1"]


def test_a_json_file_larger_than_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "large.json"
    rows = [{"instruction": f"Q{number}?{'ä}' * (number % 50)}", "output": "[\\\"" * (number % 40) + "A"} for number in range(300)]
    file.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    for size in (1, 7, 100, 5000):
        monkeypatch.setattr("services.sft_data.import_file._PIECE", size)
        assert texts(file) == [(row["instruction"], row["output"]) for row in rows]


def test_a_table_with_bad_rows(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        "id,question,answer\n"
        '1,"Two\nlines?",yes\n'
        "2,too few\n"
        "3,How long?,6, or seven\n"
        '4,A 5" pipe?,five inches\n'
        '5,"never closed,nothing\n'
        "\n"
        '6,"Quoted?","Well, yes"\n'
        '7,"wrong" quote?,no\n'
        "8,,empty\n"
        "9,Last?,1\n",
        "utf-8",
    )
    assert texts(file) == [("Two\nlines?", "yes"), ('A 5" pipe?', "five inches"), ("Quoted?", "Well, yes"), ("Last?", "1")]
    assert [place for place, _reason in broken(file)] == ["Line 4", "Line 5", "Line 7", "Line 10", "Line 11"]
    assert "quotation marks" in broken(file)[1][1]


def test_a_tsv_with_quotation_marks_that_are_just_signs(tmp_path: Path) -> None:
    file = tmp_path / "anki.tsv"
    file.write_text('Frage\tAntwort\nWas heißt "Mühle"?\t"Mill" auf Englisch\nUnd 5"?\tZoll\n', "utf-8")
    assert texts(file)[-1] == ('Und 5"?', "Zoll")


def test_conversations_of_several_turns(tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    talk = [
        ("assistant", "Hello, how can I help?"), ("user", "Q1"), ("user", "more"), ("assistant", "A1"), ("user", "Q2"),
        ("assistant", "A2"), ("user", "thanks"),
    ]  # fmt: skip
    rows = [
        {"messages": [{"role": role, "content": text} for role, text in talk]},
        {"instruction": "Q3", "output": "A3", "history": [["Q1", "A1"], ["Q2", "A2"]]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, {"role": "assistant", "content": "A"}]},
        {"conversations": [{"from": "human", "value": "Q"}, {"from": "tool", "value": "42"}, {"from": "gpt", "value": "A"}]},
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": None}]},
        {"instruction": "half \ud83d", "output": "A"},
    ]
    file.write_text(json.dumps(rows), "utf-8")
    assert texts(file) == [("Q1\n\nmore", "A1", "Q2", "A2"), ("Q1", "A1", "Q2", "A2", "Q3", "A3"), ("Q", "A")]
    assert [reason.split()[0:5] for _place, reason in broken(file)] == [
        ["it", "has", "a", "message", "of"], ["one", "of", "its", "messages", "is"], ["it", "has", "half", "a", "character,"],
    ]  # fmt: skip


def test_what_is_exported_comes_back_the_same(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "talk.jsonl"
    talk = {"messages": [{"role": ("user", "assistant")[number % 2], "content": f"Satz {number} ü"} for number in range(6)]}
    file.write_text(as_lines([*ALPACA, talk]), "utf-8")
    assert import_pairs(project, "sft_data", file).added == 3
    for is_chat in (False, True):
        there = tmp_path / f"chat {is_chat}.jsonl"
        assert export_pairs(project, "sft_data", there, is_chat=is_chat) == 3
        assert import_pairs(project, f"back-{is_chat}", there)[:3] == (3, 0, 0)
        again = tmp_path / "again.jsonl"
        export_pairs(project, f"back-{is_chat}", again, is_chat=is_chat)
        assert again.read_bytes() == there.read_bytes()
        assert import_pairs(project, "sft_data", there)[:3] == (0, 3, 0)


def test_system_prompts_go_along_into_chat_messages_and_nowhere_else(project: Project, tmp_path: Path) -> None:
    file, there = tmp_path / "chat.jsonl", tmp_path / "there.jsonl"
    talk = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user", "assistant")]
    file.write_text(as_lines([*MESSAGES, {"messages": talk}]), "utf-8")
    imported = import_pairs(project, "sft_data", file)
    assert imported.added == 3 and "3 pairs have a system prompt" in imported.warnings[0]
    with project.connect() as knowledge_base:
        first = knowledge_base.pair_ids("sft_data")[0]
        knowledge_base.edit_pair(first, PAIRS[0][0], "Edited.")
        knowledge_base.split_pair(first, (PAIRS[0][0], "One."), ("And?", "Two."))
    export_pairs(project, "sft_data", there, is_chat=True)
    rows = [json.loads(line)["messages"] for line in there.read_text("utf-8").splitlines()]
    assert [row[0]["content"] for row in rows] == ["Be kind.", "Be kind.", "system", "Be kind."]
    assert [row[1]["role"] for row in rows] == ["user"] * 4 and rows[2] == talk
    assert import_pairs(project, "again", there).added == 4
    export_pairs(project, "again", file, is_chat=True)
    assert file.read_bytes() == there.read_bytes()
    for path in (project.dataset_path("again"), tmp_path / "pairs.jsonl"):
        export_pairs(project, "again", tmp_path / "pairs.jsonl")
        assert "Be kind" not in path.read_text("utf-8") and '"system"' not in path.read_text("utf-8")


def test_a_preview_says_what_an_import_does(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    rows = [{"question": f"Q{number}?", "answer": "A"} for number in range(9_000)]
    file.write_text(as_lines([*rows[:50], rows[0], *rows[50:]]) + "\nnonsense", "utf-8")
    shown = list(preview_import(project, "sft_data", file))
    assert [entry.said[0] for entry in shown[0].first] == [f"Q{number}?" for number in range(20)]
    assert [preview.share for preview in shown] == sorted(preview.share for preview in shown)
    assert len(shown) > 3 and 0 < shown[1].share < 1 == shown[-1].share
    assert shown[-1][2:] == (9_000, 1, 1, ["Line 9002: it is not JSON."], 0)
    with project.connect() as knowledge_base:
        assert knowledge_base.count_pairs() == 0 and not knowledge_base.has_dataset("sft_data")
    shares: list[float] = []
    imported = import_pairs(project, "sft_data", file, tell=shares.append)
    assert imported[:4] == shown[-1][2:6] and shares == sorted(shares) and shares[0] < 0.5 < shares[-1]
    assert [preview[2:6] for preview in preview_import(project, "sft_data", file)] == [(0, 9_001, 1, shown[-1].reasons)]

    own = project.dataset_path()
    own.write_text("".join(own.read_text("utf-8").splitlines(keepends=True)[:10]), "utf-8")
    *_rest, last = preview_import(project, "sft_data", own)
    assert (last.added, last.left_out) == (0, 8_990)
    import_pairs(project, "sft_data", own)
    with project.connect() as knowledge_base:
        assert len(list(knowledge_base.usable_rows("sft_data"))) == 10


@pytest.mark.parametrize("is_there", [False, True])
def test_a_cancelled_import_leaves_nothing_but_what_a_person_has_changed(
    project: Project, tmp_path: Path, is_there: bool
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text(as_lines([{"question": f"Q{number}?", "answer": "A"} for number in range(3_000)]), "utf-8")
    if is_there:
        with project.connect() as knowledge_base:
            knowledge_base.add_pairs("sft_data", [NewPair("Mine?", "Yes.")])
            write_dataset(project, knowledge_base, "sft_data")
    cancelled = threading.Event()

    def tell(_share: float) -> None:
        with project.connect() as knowledge_base:
            if len(ids := knowledge_base.pair_ids("sft_data")) > 1000:
                if is_there:
                    knowledge_base.edit_pair(ids[7], "Better?", "Yes.")
                cancelled.set()

    with pytest.raises(Cancelled):
        import_pairs(project, "sft_data", file, cancelled, tell)
    with project.connect() as knowledge_base:
        assert list(knowledge_base.usable_rows("sft_data")) == ([("Mine?", "Yes."), ("Better?", "Yes.")] if is_there else [])
        assert knowledge_base.has_dataset("sft_data") == is_there
    assert import_pairs(project, "sft_data", file).added == 3_000 - is_there


def test_what_a_person_rejected_or_edited_does_not_come_back(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "alpaca.json"
    file.write_text(FORMATS["alpaca.json"], "utf-8")
    import_pairs(project, "sft_data", file)
    with project.connect() as knowledge_base:
        first, second = knowledge_base.pair_ids("sft_data")
        knowledge_base.set_pair_state([first], "rejected")
        knowledge_base.edit_pair(second, "Better?", "Yes.")
    assert import_pairs(project, "sft_data", file)[:3] == (0, 2, 0)
    with project.connect() as knowledge_base:
        assert list(knowledge_base.usable_rows("sft_data")) == [("Better?", "Yes.")]


def test_files_that_hold_nothing_are_refused_with_what_to_do(project: Project, tmp_path: Path) -> None:
    for content, reason in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "is not a text file"),
        (b"Name,Street\nAnna,Mill Lane\n", "names a column of questions"),
        (b"[]", "holds no pairs"), (b"[[[[" * 5000, "holds no pairs"), (b'[{"a": ', "ends in the middle"), (b"  \n\n", "holds no pairs"),
    ]:  # fmt: skip
        file = tmp_path / "bad"
        file.write_bytes(content)
        with pytest.raises(UserError, match=reason):
            import_pairs(project, "sft_data", file)
    with project.connect() as knowledge_base:
        assert knowledge_base.count_pairs() == 0


def test_many_bad_lines_are_counted_not_listed(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(as_lines(ALPACA) + "\n{" * 3000, "utf-8")
    imported = import_pairs(project, "sft_data", file)
    assert imported[:3] == (2, 0, 3000) and len(imported.warnings) == 51
    assert imported.warnings[0] == "Line 3: it is not JSON." and imported.warnings[-1] == "2,950 more could not be used."


def test_the_command_line_imports_and_exports_both_formats(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "frage.csv"
    file.write_bytes(FORMATS["frage.csv"].encode("cp1252"))
    chat, pairs = tmp_path / "chat.jsonl", tmp_path / "pairs.jsonl"
    call = ["pairs", str(project.folder), "--import", str(file), "--export"]
    assert command_line.main([*call, str(chat), "--format", "chat"]) == 0
    assert command_line.main([*call, str(pairs)]) == 0
    assert "there already" in "".join(capsys.readouterr())
    assert [json.loads(line)["messages"][0]["content"] for line in chat.read_text("utf-8").splitlines()] == [PAIRS[0][0], PAIRS[1][0]]
    assert json.loads(pairs.read_text("utf-8").splitlines()[1]) == {"instruction": PAIRS[1][0], "output": PAIRS[1][1]}


def test_an_import_that_was_killed_is_begun_again_and_nothing_is_twice(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "large.jsonl"
    count = 20_000
    file.write_text("".join(json.dumps({"question": f"Q{number}?", "answer": "A"}) + "\n" for number in range(count)), "utf-8")

    def stored() -> int:
        with project.connect(is_read_only=True) as knowledge_base:
            return knowledge_base.count_pairs()

    command = [sys.executable, str(ROOT / "main.py"), "pairs", str(project.folder), "--import", str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not stored() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    before = stored()
    assert 0 < before < count
    assert import_pairs(project, "sft_data", file)[:3] == (count - before, before, 0)
    with project.connect() as knowledge_base:
        assert [row[0] for row in knowledge_base.usable_rows("sft_data")] == [f"Q{number}?" for number in range(count)]
