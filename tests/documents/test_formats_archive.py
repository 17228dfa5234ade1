"""ZIP archives: found as folders are, unpacked one file at a time, and never out of bounds."""

import io
import zipfile
from pathlib import Path

import pytest

from services.documents.format import format_of, why_not_readable
from services.documents.ingest import read_document
from services.documents.source import Findings, SourceFile, extract, find_files, is_there, name_source
from services.errors import UserError
from services.records import Document

MILL = "The mill was built in 1874."


def zipped(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "papers.zip"
    path.write_bytes(
        zipped(
            {
                "mill.md": MILL,
                "reports/2024/mill.md": f"{MILL} Again.",
                "reports/bridge.html": "<p>The bridge has ten arches.</p>",
                "reports/photo.jpg": b"\xff\xd8",
                "reports/scan.JPG": b"\xff\xd8",
                "__MACOSX/._mill.md": b"\0\5\26\7",
                ".hidden/notes.txt": "hidden",
                "reports/~$draft.docx": b"lock",
                "reports/": b"",
                "inner.zip": zipped({"deep.txt": "deep"}),
            }
        )
    )
    return path


def sources(findings: Findings) -> list[str]:
    return [file.source for file in findings.files]


def test_an_archive_stands_for_its_readable_members(archive: Path) -> None:
    findings = find_files([archive])
    assert sources(findings) == [
        "papers.zip/mill.md",
        "papers.zip/reports/2024/mill.md",
        "papers.zip/reports/bridge.html",
    ]
    assert {file.path for file in findings.files} == {archive}
    assert findings.left_out == {".jpg": 2}
    assert findings.files[0].size_bytes == len(MILL)
    [problem] = findings.problems
    assert problem.name == "papers.zip/inner.zip" and "Unpack" in problem.reason
    assert problem.location == f"{archive}/inner.zip"


def test_an_archive_in_a_folder_is_found_and_one_given_twice_only_once(archive: Path) -> None:
    findings = find_files([archive.parent, archive])
    assert sources(findings)[0] == "papers.zip/mill.md" and len(findings.files) == 3


def test_members_are_unpacked_under_their_names_and_read(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    texts = []
    for file in find_files([archive]).files:
        path = extract(file, folder)
        assert path.is_relative_to(folder) and path.name == Path(file.source).name
        texts.append(read_document(path, lambda share: None).pages[0].text)
    assert texts == [MILL, f"{MILL} Again.", "The bridge has ten arches."]
    plain = SourceFile(archive, "papers.zip", 1)
    assert extract(plain, folder) == archive


def test_no_member_leaves_the_folder(tmp_path: Path) -> None:
    names = [
        "../../up.txt",
        "/etc/absolute.txt",
        "C:\\Windows\\drive.txt",
        "a/../../b.txt",
        'who?<what>|"*.txt',
        "x" * 300 + ".txt",
        "aux.txt",
    ]
    path = tmp_path / "evil.zip"
    path.write_bytes(zipped({name: MILL for name in names}))
    folder = tmp_path / "unpacked"
    folder.mkdir()
    files = find_files([path]).files
    assert len(files) == len(names)
    assert all(".." not in file.source and ":" not in file.source.partition("evil.zip")[2] for file in files)
    for file in files:
        target = extract(file, folder)
        assert target.resolve().is_relative_to(folder.resolve()) and target.suffix == ".txt"
        assert target.read_text() == MILL
    assert not (tmp_path / "up.txt").exists() and not (tmp_path.parent / "up.txt").exists()


def test_members_of_one_archive_are_told_apart(archive: Path) -> None:
    first, second, _third = find_files([archive]).files
    assert first.location != second.location
    known = document("papers.zip/mill.md", first.location)
    by_path, by_source = {known.path: known}, {known.source: known}
    assert name_source(first, by_path, by_source) == "papers.zip/mill.md"
    assert name_source(second, by_path, by_source) == "papers.zip/reports/2024/mill.md"


def test_an_archive_of_the_same_name_gets_other_names(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "papers.zip"
    other.parent.mkdir()
    other.write_bytes(archive.read_bytes())
    first, twin = find_files([archive]).files[0], find_files([other]).files[0]
    known = document(first.source, first.location)
    assert name_source(twin, {known.path: known}, {known.source: known}) == "other/papers.zip/mill.md"
    assert is_there(Path(known.path))
    archive.unlink()
    assert not is_there(Path(known.path))
    assert name_source(twin, {known.path: known}, {known.source: known}) == "papers.zip/mill.md"


def document(source: str, path: str) -> Document:
    return Document(
        id=1, source=source, path=path, sha256="", size_bytes=1, modified_at=0.0, format="markdown", state="ready", reason="",
        tokenizer="", chunk_size=500, chunk_overlap=50, page_count=0, token_count=1, chunk_count=1, added_at="",
    )  # fmt: skip


def test_names_in_older_archives_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "cp437"):
        path = tmp_path / f"{encoding}.zip"
        data = zipped({"M_hle.txt": MILL}) if encoding == "cp437" else zipped({"M__hle.txt": MILL})
        old = b"M_hle" if encoding == "cp437" else b"M__hle"
        path.write_bytes(data.replace(old, "Mühle".encode(encoding)))
        [file] = find_files([path]).files
        assert file.source == f"{encoding}.zip/Mühle.txt"
        assert extract(file, tmp_path).read_text() == MILL


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    data = bytearray(zipped({"secret.txt": MILL}))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    [file] = find_files([path]).files
    with pytest.raises(UserError, match="secret.txt is protected by a password"):
        extract(file, tmp_path)


def test_bombs_are_refused_by_what_they_declare_and_by_what_they_are(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(zipped({"zeros.txt": bytes(80 << 20)}))
    findings = find_files([bomb])
    assert not findings.files and "unpack to far more" in findings.problems[0].reason
    hidden = tmp_path / "hidden.zip"
    with zipfile.ZipFile(hidden, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.txt", bytes(80 << 20))
        archive.writestr(zipfile.ZipInfo("noise.bin"), bytes(range(256)) * 4000)  # stored: the whole looks harmless
    [file] = find_files([hidden]).files
    with pytest.raises(UserError, match="zeros.txt would unpack to far more"):
        extract(file, tmp_path)


def test_damaged_and_empty_archives_are_named(archive: Path, tmp_path: Path) -> None:
    reasons = {}
    for name, content in (
        ("none.zip", b""), ("text.zip", b"no archive"), ("cut.zip", archive.read_bytes()[:-40]), ("bare.zip", zipped({})),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        [problem] = find_files([tmp_path / name]).problems
        reasons[name] = problem.reason
    assert "0 bytes" in reasons["none.zip"] and "empty" in reasons["bare.zip"]
    assert "not a ZIP" in reasons["text.zip"] and "not a ZIP" in reasons["cut.zip"]
    data = bytearray(archive.read_bytes())
    data[len("mill.md") + 32] ^= 0xFF  # in the first member's bytes
    (tmp_path / "flipped.zip").write_bytes(bytes(data))
    with pytest.raises(UserError, match="flipped.zip is damaged"):
        extract(find_files([tmp_path / "flipped.zip"]).files[0], tmp_path)


def test_old_and_foreign_formats_say_how_to_convert_them() -> None:
    for name, way_out in (
        ("a.doc", "DOCX"), ("a.XLS", "XLSX"), ("a.ppt", "PPTX"), ("a.pages", "DOCX"), ("a.mobi", "EPUB"), ("a.msg", "EML"),
        ("a.rar", "Unpack"), ("a.svg", "picture"), ("a.xyz", "PDF document"),
    ):  # fmt: skip
        assert format_of(Path(name)) is None
        sentence = why_not_readable(Path(name))
        assert way_out in sentence and Path(name).suffix.lower() in sentence.lower()
