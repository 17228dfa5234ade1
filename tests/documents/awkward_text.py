"""Awkward text, Markdown, source code, CSV, JSON and notebooks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.documents.awkward import awkward

GERMAN = (
    "Über den Hügeln läuft die Mühle seit 1874. Der Müller heißt Jörg Größe, und seine Töchter zählen die Zähne "
    "der Räder. Fünf Bäche fließen durch das schöne Tal.\n"
)
FRENCH = "Le garçon a mangé à l'hôtel près du château, où la forêt était déjà très belle et la neige légère.\n"
RUSSIAN = "Хранитель маяка каждое утро кормит серых гусей и записывает число кораблей в книгу. Остров невелик.\n" * 3
JAPANESE = "灯台の守り人は毎朝、灰色の雁に餌をやります。船の数を帳面に書き、夕方にはトランペットを吹きます。\n" * 4
CHINESE = "灯塔看守人每天早上喂灰雁，把船只的数目写在本子上。傍晚他吹小号，岛上的人都认识他。\n" * 4
GREEK = "Ο φαροφύλακας ταΐζει κάθε πρωί τις γκρίζες χήνες και γράφει τον αριθμό των πλοίων στο βιβλίο.\n" * 3

for _name, _text, _encoding, _must in (
    ("cp437.txt", GERMAN, "cp437", "Der Müller heißt Jörg Größe"),
    ("mac_roman.txt", GERMAN, "mac_roman", "Der Müller heißt Jörg Größe"),
    ("mac_french.txt", FRENCH, "mac_roman", "où la forêt était déjà très belle"),
    ("dos_french.txt", FRENCH, "cp850", "où la forêt était déjà très belle"),
    ("windows.txt", "“Smart quotes” – it’s 20 °C in the café…\n", "cp1252", "“Smart quotes” – it’s 20 °C in the café…"),
    ("shift_jis.txt", JAPANESE, "shift_jis", "灯台の守り人は毎朝"),
    ("gb18030.txt", CHINESE, "gb18030", "灯塔看守人每天早上喂灰雁"),
    ("koi8.txt", RUSSIAN, "koi8_r", "Хранитель маяка каждое утро"),
    ("cp866.txt", RUSSIAN, "cp866", "Хранитель маяка каждое утро"),
    ("greek.txt", GREEK, "cp1253", "Ο φαροφύλακας ταΐζει"),
    ("utf16_without_mark.txt", GERMAN, "utf-16-le", "Der Müller heißt Jörg Größe"),
    ("utf16_big_end.txt", RUSSIAN, "utf-16-be", "Хранитель маяка каждое утро"),
):

    @awkward(_name, must=[_must], must_not=["\ufffd"])
    def _(path: Path, text: str = _text, encoding: str = _encoding) -> None:
        path.write_bytes(text.encode(encoding))


@awkward("mixed.txt", must=["Der Müller heißt Jörg Größe", "Im Café – gestern – schön."], must_not=["\ufffd", "Ã"])
def _(path: Path) -> None:
    path.write_bytes(GERMAN.encode() + "Im Café – gestern – schön.\n".encode("cp1252"))


@awkward("stray_nul.log", must=["12:01 pump started", "12:02 pump stopped"])
def _(path: Path) -> None:
    path.write_bytes(b"12:01 pump started\n" * 40 + b"\0\0\0" + b"12:02 pump stopped\n")


@awkward("one_line.txt", must=["The hare runs."])
def _(path: Path) -> None:
    path.write_text("The hare runs. " * 700_000, "utf-8")


@awkward("binary.txt", refusal="not a text file")
def _(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)


@awkward("empty.md", refusal="empty")
def _(path: Path) -> None:
    path.write_bytes(b"")


@awkward(
    "front_matter.md",
    must=["# The Mill of Dornbach\n\nIt was built in 1874.", "<!-- shown, as code -->", "![plan]"],
    must_not=["draft: true", "author's remark", "layout:", "iVBOR"],
    removed=["hidden"],
)
def _(path: Path) -> None:
    path.write_text(
        '---\ntitle: "The Mill of Dornbach"\nlayout: post\ndraft: true\n---\n\nIt was built in 1874.\n\n'
        "<!-- author's remark:\nover two lines -->\n\n![plan](data:image/png;base64,iVBORw0KGgo=)\n\n"
        "```html\n<!-- shown, as code -->\n```\n",
        "utf-8",
    )


@awkward("rule.md", must=["First part.", "key: is not front matter", "Second part."])
def _(path: Path) -> None:
    path.write_text("First part.\n\n---\n\nkey: is not front matter\n\n---\n\nSecond part.\n", "utf-8")


@awkward(
    "indented.py",
    must=["# indented.py", "```py\n", "    if x:\n        return 'ü'  # two  blanks", '"""\n```\ninside\n```\n"""'],
)
def _(path: Path) -> None:
    path.write_bytes(
        "# -*- coding: latin-1 -*-\ndef f(x):\n    if x:\n        return 'ü'  # two  blanks\n\n"
        'TEXT = """\n```\ninside\n```\n"""\n'.encode("latin-1")
    )


@awkward("Makefile_like.yaml", must=["jobs:\n  build:\n    - run: make  all"])
def _(path: Path) -> None:
    path.write_bytes(b"jobs:\r\n  build:\r\n    - run: make  all\r\n")


@awkward(
    "semicolon.csv",
    must=["| Müller | 1.234,50 € | Mühle; Haus |", "| Name | Betrag | Besitz |"],
    must_not=['"'],
)
def _(path: Path) -> None:
    path.write_bytes(
        'Name;Betrag;Besitz\r\nMüller;1.234,50 €;"Mühle; Haus"\r\nSchäfer;12,00 €;Weide\r\n'.encode("cp1252")
    )


@awkward("quoted.csv", must=['| Nell | He said "no". Then he left. | 3 |'])
def _(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([["Name", "Remark", "Count"], ["Nell", 'He said "no".\nThen he left.', 3]])


@awkward("excel.csv", must=["| Hare | 3 |"], must_not=["sep="])
def _(path: Path) -> None:
    path.write_bytes("sep=;\r\nAnimal;Weight\r\nHare;3\r\n".encode("utf-16"))


@awkward(
    "long.tsv",
    must=["Animal: hare 7; Weight: 7 kg; Place: ridge", "Animal: hare 4999; Weight: 4999 kg"],
    must_not=["| ---"],
)
def _(path: Path) -> None:
    rows = [f"hare {number}\t{number} kg\tridge" for number in range(5000)]
    path.write_text("Animal\tWeight\tPlace\n" + "\n".join(rows), "utf-8")


@awkward("no_header.csv", must=["2024-01-01; 3.5; 7", "2024-01-28; 3.5; 7"])
def _(path: Path) -> None:
    path.write_text("".join(f"2024-{month:02}-{day:02},3.5,7\n" for month in (1, 2) for day in range(1, 29)), "utf-8")


@awkward("unclosed_quote.csv", must=['the 5" pipe', "valve"])
def _(path: Path) -> None:
    path.write_text('part,size\nthe 5" pipe,5\nvalve,"3\n', "utf-8")


@awkward(
    "nested.json",
    must=["# nested", "name: Mill", "## owner", "first name: Nell", "## parts", "part: wheel\nteeth: 48", "tags: old, oak",
          "### address", "city: Dornbach"],
    must_not=["{", "}", "[", "null"],
)  # fmt: skip
def _(path: Path) -> None:
    value = {
        "name": "Mill", "tags": ["old", "oak"], "nothing": None,
        "owner": {"first name": "Nell", "address": {"city": "Dornbach", "street": None}},
        "parts": [{"part": "wheel", "teeth": 48}, {"part": "stone", "makers": [{"name": "Otto"}, {"name": "Ida"}]}],
    }  # fmt: skip
    path.write_text(json.dumps(value), "utf-8")


@awkward("deep.json", refusal="nested too deeply")
def _(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000, "utf-8")


@awkward("cut_off.json", refusal="not valid JSON")
def _(path: Path) -> None:
    path.write_text('{"name": "Mill", "parts": [', "utf-8")


@awkward("numbers.json", refusal="no text")
def _(path: Path) -> None:
    path.write_text("{}", "utf-8")


@awkward(
    "broken.jsonl",
    must=["question: What turns the wheel?\nanswer: Water.", "question: Who built it?"],
    must_not=["cut off"],
    warning="1 line",
)
def _(path: Path) -> None:
    path.write_text(
        '{"question": "What turns the wheel?", "answer": "Water."}\n{"question": "cut off\n\n'
        '{"question": "Who built it?", "answer": "Otto."}\n',
        "utf-8",
    )


@awkward("chat.jsonl", must=["user: What is a cog?\nassistant: A tooth of a wheel."], must_not=["role", "{"])
def _(path: Path) -> None:
    turns = [{"role": "user", "content": "What is a cog?"}, {"role": "assistant", "content": "A tooth of a wheel."}]
    path.write_text(json.dumps({"messages": turns}) + "\n", "utf-8")


@awkward("lines.json", must=["name: a hare", "name: a lynx"])
def _(path: Path) -> None:
    path.write_text('{"name": "a hare"}\n{"name": "a lynx"}\n', "utf-8")


@awkward(
    "notebook.ipynb",
    must=["# Wheels", "```python\nprint(48)\n```", "```\n48\n```"],
    must_not=["cell_type", "iVBOR", "execution_count"],
)
def _(path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Wheels\n", "How many teeth?"]},
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "print(48)",
         "outputs": [{"output_type": "stream", "name": "stdout", "text": ["48\n"]},
                     {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}]},
    ]  # fmt: skip
    metadata = {"language_info": {"name": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


@awkward(
    "wrapped.txt",
    must=["The ridge hare lives above the tree line and digs its burrow under the roots of old pines. In winter it turns white.",
          "# Field notes\n", "Name  Age\n---------", "Roses are red,\nviolets are blue,", "Its processing takes hours and nobody at the mill", "2024-01-01 10:00:00 pump started by the night shift\n2024"],
)  # fmt: skip
def _(path: Path) -> None:
    path.write_text(
        "Field notes\n===========\n\nName  Age\n---------\nNell  30\n\n"
        "The ridge hare lives above the tree line and digs its burrow\nunder the roots of old pines. In winter it turns white.\n\n"
        "Roses are red,\nviolets are blue,\nand so on.\n\nOne ought to be patient with the wheel of the mill. Its proces-\n"
        "sing takes hours and nobody at the mill is ever in a hurry, not\neven on a Saturday.\n\n"
        "2024-01-01 10:00:00 pump started by the night shift\n2024-01-01 11:00:00 pump stopped by the morning shift\n",
        "utf-8",
    )
