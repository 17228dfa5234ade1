"""PDFs written by hand, object by object, so that a test knows every byte that should and should not be in the text."""

import math
import textwrap
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """One line of text at a place on the page, in points from the lower left corner.

    claimed: what the file says that the line says (its ActualText), where that is something else.
    font: "Courier", "Helvetica" or "Times-Roman", or their bold faces.
    turn: degrees against the clock by which the line is turned around its start.
    """

    text: str
    x: float
    y: float
    size: float = 11
    claimed: str = ""
    font: str = "Courier"
    turn: float = 0


@dataclass(frozen=True)
class Raw:
    """Operators of a page's content as they are: rules, forms, nonsense."""

    content: bytes


FONTS = ("Courier", "Courier-Bold", "Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold")


def paragraph(lines: Sequence[str], y: float, *, x: float = 72, size: float = 11, font: str = "Courier") -> list[Text]:
    """Lines one under the other, the first at ``y``."""
    return [Text(line, x, y - 1.25 * size * index, size, font=font) for index, line in enumerate(lines)]


def wrapped(text: str, width: int, y: float, *, x: float = 72, size: float = 11, font: str = "Courier") -> list[Text]:
    """A paragraph in lines of at most ``width`` characters."""
    return paragraph(textwrap.wrap(text, width, break_on_hyphens=False), y, x=x, size=size, font=font)


def rule(x: float, y: float, width: float) -> Raw:
    return Raw(b"%g %g m %g %g l S\n" % (x, y, x + width, y))


def write_pdf(
    path: Path,
    pages: Sequence[Sequence[Text | Raw]],
    *,
    picture_pages: Sequence[int] = (),
    to_unicode: str = "",
    rotation: int = 0,
) -> Path:
    """
    Args:
        picture_pages: indices of pages that also carry a picture over their whole area, as a scan does.
        to_unicode: in hex, the character that every letter is said to stand for; empty: itself.
        rotation: degrees with the clock by which every page is shown.
    """
    objects: list[bytes] = [b""] * 10  # catalog, page tree, font, picture, character map, the other fonts
    kids = []
    for index, texts in enumerate(pages):
        content = b"".join(text.content if isinstance(text, Raw) else _show(text) for text in texts)
        if index in picture_pages:
            content += b"q 612 0 0 792 0 0 cm /Im1 Do Q\n"
        objects.append(_stream(b"", content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << %s >> /XObject << /Im1 4 0 R >> >> >>" % (rotation, len(objects), _FONT_NAMES)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    mapped = b"/ToUnicode 5 0 R " if to_unicode else b""
    objects[2] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding %s>>" % mapped
    for index, font in enumerate(FONTS[1:], 5):
        objects[index] = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % font.encode()
    picture = b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8 "
    objects[3] = _stream(picture, b"\x00\xff\xff\x00")
    objects[4] = _stream(b"", _character_map(to_unicode))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    path.write_bytes(out)
    return path


def encrypt(path: Path, password: str) -> Path:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=path)
    writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    writer.close()
    return path


_FONT_NAMES = b" ".join(b"/F%d %d 0 R" % (number, 3 if number == 1 else number + 4) for number in range(1, 7))


def _show(text: Text) -> bytes:
    letters = text.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    turn = math.radians(text.turn)
    matrix = (math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), text.x, text.y)
    place = b"%g %g %g %g %g %g Tm" % tuple(round(value, 6) for value in matrix)
    shown = b"BT /F%d %g Tf %s (%s) Tj ET\n" % (FONTS.index(text.font) + 1, text.size, place, letters)
    if text.claimed:
        claimed = ("\ufeff" + text.claimed).encode("utf-16-be").hex().upper().encode()
        return b"/Span << /ActualText <%s> >> BDC %sEMC\n" % (claimed, shown)
    return shown


def _stream(entries: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data)
    return b"<< %s/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (entries, len(packed), packed)


def _character_map(target: str) -> bytes:
    rows = "\n".join(f"<{code:02X}> <{target}>" for code in range(0x21, 0x7F)) if target else ""
    return f"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def
1 begincodespacerange <00> <FF> endcodespacerange {rows.count(chr(10)) + 1} beginbfchar
{rows}
endbfchar endcmap CMapName currentdict /CMap defineresource pop end end""".encode()
