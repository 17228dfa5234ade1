r"""Awkward rich text: code pages, Unicode, tables, lists, notes, fields and what programs put around the text."""

from __future__ import annotations

from pathlib import Path

from tests.documents.awkward import awkward

_FONTS = rb"{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 MS Mincho;}}"
_HEAD = rb"{\rtf1\ansi\ansicpg1252\uc1\deff0" + _FONTS


@awkward(
    "codepages.rtf",
    must=["Müller – 20 €", "Привет", "灯台", "雁 (goose)", "😀 end", "naïve"],
    must_not=["?", "Times", "\\"],
)
def _(path: Path) -> None:
    path.write_bytes(
        _HEAD + rb"\pard M\'fcller \endash  20 \'80\par {\f1 " + "".join(
            f"\\'{byte:02x}" for byte in "Привет".encode("cp1251")
        ).encode() + rb"}\par {\f2 " + "".join(f"\\'{byte:02x}" for byte in "灯台".encode("cp932")).encode()
        + rb"}\par \u38593? (goose)\par \u-10179?\u-8704? end\par na\u239\'efve\par}"
    )  # fmt: skip


@awkward(
    "structure.rtf",
    must=["# The Mill\n\nIt was built in 1874[1].\n\n[1] So says the stone.", "## Parts", "1. grind\n2. bag", "- oak\n  - iron",
          "| Part | Count |\n| --- | --- |\n| cog | 48 |", "see the mill's page", "Words in a box."],
    must_not=["HYPERLINK", "Running head", "deleted words", "hidden words", "Normal", "Ida", "Msftedit", "010009"],
    removed=["head", "deleted", "hidden"],
)  # fmt: skip
def _(path: Path) -> None:
    path.write_bytes(
        _HEAD + rb"{\colortbl;\red0\green0\blue0;}{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}"
        rb"{\*\generator Msftedit 5.41;}{\info{\author Ida}{\title x}}{\header\pard Running head\par}"
        rb"\pard\s1\outlinelevel0 The Mill\par\pard\plain It was built in 1874{\super\chftn}{\footnote\pard\plain "
        rb"{\super\chftn} So says the stone.}.\par\pard\s2 Parts\par"
        rb"\pard{\listtext\tab 1.\tab}\ls1\ilvl0 grind\par{\listtext\tab 2.\tab}bag\par"
        rb"\pard{\pntext\f3\'B7\tab}{\*\pn\pnlvlblt\pnf3{\pntxtb\'B7}}oak\par{\listtext o\tab}\ilvl1 iron\par"
        rb"\trowd\cellx1000\cellx2000\pard\intbl Part\cell Count\cell\row\trowd\cellx1000\cellx2000\pard\intbl cog\cell 48\cell"
        rb"\row\pard see {\field{\*\fldinst{HYPERLINK " + b'"http://example.org"' + rb"}}{\fldrslt{the mill's page}}}\par"
        rb"{\deleted deleted words}{\v hidden words}\pard{\shp{\*\shpinst\shpleft0{\sp{\sn shapeType}{\sv 202}}"
        rb"{\shptxt\pard Words in a box.\par}}{\shprslt{\*\do\dptxbx{\dptxbxtext Words in a box.}}}}\par"
        rb"{\pict\wmetafile8\picw100 010009000003}\par}" + b"\0\0debris"
    )  # fmt: skip


@awkward("wordpad.rtf", must=["First line.\n\nSecond line, ÄÖÜ."], must_not=["Riched"])
def _(path: Path) -> None:
    path.write_bytes(
        rb"{\rtf1\ansi\ansicpg1252\deff0\nouicompat\deflang1031{\fonttbl{\f0\fnil\fcharset0 Calibri;}}" + b"\r\n"
        rb"{\*\generator Riched20 10.0.19041}\viewkind4\uc1 " + b"\r\n"
        rb"\pard\sa200\sl276\slmult1\f0\fs22\lang7 First line.\par"
        + b"\r\n"
        + rb"Second line, \'c4\'d6\'dc.\par"
        + b"\r\n}\r\n"
    )


@awkward("textedit.rtf", must=["Curly ‘quotes’ and “more” — done.", "Café"])
def _(path: Path) -> None:
    path.write_bytes(
        rb"{\rtf1\mac\ansicpg10000\cocoartf2639{\fonttbl\f0\fswiss\fcharset77 Helvetica;}{\colortbl;\red255\green255\blue255;}"
        b"\n" + rb"\f0\fs24 \cf0 Curly \'d4quotes\'d5 and \'d2more\'d3 \'d1 done.\ " + b"\n" + rb"Caf\'8e}"
    )


@awkward("binary_picture.rtf", must=["Before.", "After."], must_not=["PNG"])
def _(path: Path) -> None:
    path.write_bytes(_HEAD + rb"\pard Before.\par{\pict\pngblip\bin12 " + b"\x89PNG}}{{\\\\\\x" + rb"}After.\par}")


@awkward("frame.rtf", must=["Inside a frame.\n\nAfter it."], must_not=["|"])
def _(path: Path) -> None:
    path.write_bytes(_HEAD + rb"\trowd\cellx9000\pard\intbl Inside a frame.\cell\row\pard After it.\par}")


@awkward("cut_off.rtf", must=["Half a document, cut"])
def _(path: Path) -> None:
    path.write_bytes(_HEAD + rb"\pard Half a document, cut{\b  off in {\i the \'e")


@awkward("deep.rtf", must=["At the bottom."])
def _(path: Path) -> None:
    path.write_bytes(rb"{\rtf1 " + b"{" * 100_000 + b"At the bottom." + b"}" * 100_000 + b"}")


@awkward("renamed.rtf", refusal="not a rich text file")
def _(path: Path) -> None:
    path.write_text("<html>saved by a mail program</html>", "utf-8")
