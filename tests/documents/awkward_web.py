"""Awkward web pages, e-books and e-mail."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

from tests.documents.awkward import awkward, billion_laughs, write_zip


@awkward(
    "cookies.html",
    must=["# Mill tours", "Tours start at ten."],
    must_not=["Accept all", "Home", "Imprint", "Newsletter", "tracking"],
    removed=["banner", "navigation"],
)
def _(path: Path) -> None:
    path.write_text(
        "<html><head><title>Mill tours | Site</title><script>tracking()</script></head><body>"
        '<div class="cookie-consent-overlay"><p>We value your privacy.</p><button>Accept all</button></div>'
        "<nav><a>Home</a><a>Mills</a></nav><div id='main'><h1>Mill tours</h1><p>Tours start at ten.</p></div>"
        "<div class='newsletter'>Newsletter<input type=email></div><footer>Imprint</footer></body></html>",
        "utf-8",
    )


@awkward("form_page.html", must=["# Minutes", "The council met.", "It voted.", "It closed."], must_not=["viewstate"])
def _(path: Path) -> None:
    path.write_text(
        "<body><form method=post id=aspnetForm><input type=hidden name=viewstate value=viewstate><h1>Minutes</h1>"
        "<p>The council met.</p><p>It voted.</p><p>It closed.</p></form></body>",
        "utf-8",
    )


@awkward("layout.html", must=["# Old site", "Left text.", "Right text."], must_not=["|"])
def _(path: Path) -> None:
    path.write_text(
        "<HTML><BODY BGCOLOR=white><TABLE WIDTH=800><TR><TD><TABLE><TR><TD>Left text.</TABLE><TD><H1>Old site</H1>"
        "<FONT SIZE=2>Right text.</FONT></TABLE></BODY>",
        "latin-1",
    )


@awkward(
    "spans.html",
    must=["| Year | Output | |", "| | Flour | Meal |", "| 1874 | 3 t | 1 t |", "Table 1: Output"],
)
def _(path: Path) -> None:
    path.write_text(
        "<table><caption>Table 1: Output</caption><tr><th rowspan=2>Year<th colspan=2>Output<tr><th>Flour<th>Meal"
        "<tr><td>1874<td>3&nbsp;t<td>1&nbsp;t</table>",
        "utf-8",
    )


@awkward(
    "code.html",
    must=["```\nfor x in y:\n    print(x)  # a < b\n```", "Tom & Jerry – 5 € ‘fine’"],
)
def _(path: Path) -> None:
    path.write_text(
        "<p>Tom &amp; Jerry &ndash; 5 &euro; &#8216;fine&#x2019;</p>"
        "<pre><span class=k>for</span> x in y:<br>    print(x)  # a &lt; b</pre>",
        "utf-8",
    )


@awkward(
    "lists.html",
    must=["1. grind\n  - fine\n  - coarse\n2. bag", "cog: A tooth of a wheel.", "> Water is the mill's bread."],
)
def _(path: Path) -> None:
    path.write_text(
        "<ol><li>grind<ul><li>fine<li>coarse</ul><li>bag</ol><dl><dt>cog<dd>A tooth of a wheel.</dl>"
        "<blockquote><p>Water is the mill's bread.</p></blockquote>",
        "utf-8",
    )


@awkward(
    "manual.html",
    must=["## Cookies\n\nA cookie is a small file.", "Call `set_cookie()` first.", "1. Run it:\n```python\nrun()\n  stop()\n```\n2. Wait",
          "10³ m² of H₂O, the 19th"],
    must_not=["¶"],
)  # fmt: skip
def _(path: Path) -> None:
    path.write_text(
        "<section id=cookies><h2>Cookies<a class=headerlink href='#cookies'>¶</a></h2><p>A cookie is a small file.</p><p>Call "
        "<code><span>set_cookie</span>()</code> first.</p></section><ol><li><p>Run it:</p><pre><code class='language-python'>"
        "run()\n  stop()</code></pre></li><li>Wait</li></ol><p>10<sup>3</sup> m<sup>2</sup> of H<sub>2</sub>O, the "
        "19<sup>th</sup></p>",
        "utf-8",
    )


@awkward("formula.html", must=["Energy is $E=mc^{2}$ here."], must_not=["displaystyle"])
def _(path: Path) -> None:
    path.write_text(
        "<p>Energy is <math alttext='{\\displaystyle E=mc^{2}}'><mi>E</mi><mo>=</mo><mi>m</mi></math> here.</p>",
        "utf-8",
    )


@awkward("unclosed.html", must=["One paragraph.", "Another bold one.", "The end"])
def _(path: Path) -> None:
    path.write_text("<p>One paragraph.<p>Another <b>bold one.<div>The end</p></b>", "utf-8")


@awkward("hidden.html", must=["Seen."], must_not=["Secret"], removed=["hidden"])
def _(path: Path) -> None:
    path.write_text(
        "<p>Seen.</p><p style='display: none'>Secret 1</p><div hidden>Secret 2</div><!-- Secret 3 -->"
        "<template>Secret 4</template><span style='visibility:hidden'>Secret 5</span>",
        "utf-8",
    )


@awkward("shift_jis.html", must=["灯台の守り人は毎朝"], must_not=["\ufffd"])
def _(path: Path) -> None:
    path.write_bytes("<meta charset=Shift_JIS><p>灯台の守り人は毎朝、雁に餌をやります。".encode("shift_jis"))


@awkward("iso2022.html", must=["灯台の守り人は毎朝"], must_not=["$B"])
def _(path: Path) -> None:
    source = '<meta http-equiv="Content-Type" content="text/html; charset=iso-2022-jp"><p>灯台の守り人は毎朝'
    path.write_bytes(source.encode("iso2022_jp"))


@awkward("deep.html", must=["At the bottom."])
def _(path: Path) -> None:
    path.write_text("<div>" * 100_000 + "At the bottom." + "</div>" * 100_000, "utf-8")


@awkward("laughs.html", must=["Text."], must_not=["lollol"])
def _(path: Path) -> None:
    path.write_text(
        f'<?xml version="1.0"?>{billion_laughs("html")}<html><body><p>Text. &lol9;</p></body></html>', "utf-8"
    )


@awkward("laughs_in_svg.html", must=["Around the picture."], must_not=["lollol"])
def _(path: Path) -> None:
    svg = f"{billion_laughs('svg')}<svg xmlns='http://www.w3.org/2000/svg'><text>&lol9;</text></svg>"
    path.write_text(f"<p>Around the picture.</p>{svg}", "utf-8")


@awkward("only_menu.html", refusal="no text")
def _(path: Path) -> None:
    path.write_text("<title>Shop</title><nav>Home</nav><script>draw()</script>", "utf-8")


# --- EPUB

_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def _opf(version: str, items: str, spine: str, more: str = "") -> str:
    return (
        f'<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="{version}">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Mill</dc:title>'
        f"<dc:creator>Ida Grund</dc:creator></metadata><manifest>{items}</manifest><spine>{spine}</spine>{more}</package>"
    )


def _item(name: str, properties: str = "") -> str:
    return (
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"'
        f"{f' properties={chr(34)}{properties}{chr(34)}' if properties else ''}/>"
    )


def _chapter(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>x-title</title></head><body>{body}</body></html>'
    )


_EPUB3 = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": _CONTAINER,
    "OEBPS/content.opf": _opf(
        "3.0",
        _item("nav", "nav") + _item("two") + _item("one") + _item("notes"),
        "".join(f'<itemref idref="{name}"/>' for name in ("nav", "one", "two", "notes")),
    ),
    "OEBPS/nav.xhtml": _chapter("<nav epub:type='toc'><h2>Table of Contents</h2><ol><li>One</li></ol></nav>"),
    "OEBPS/one.xhtml": _chapter(
        "<h1>Water</h1><p>The brook is fast.<a epub:type='noteref' href='#n1'>1</a></p>"
        "<aside epub:type='footnote' id='n1'><p>1 Since the dam broke.</p></aside>"
    ),
    "OEBPS/two.xhtml": _chapter("<h1>Stone</h1><p>The stone is heavy.</p>"),
    "OEBPS/notes.xhtml": _chapter("<section epub:type='endnotes'><h1>Notes</h1><p>Told by Nell.</p></section>"),
}


@awkward(
    "book3.epub",
    must=[
        "# The Mill\n\nBy Ida Grund\n\n## Water\n\nThe brook is fast.[1]\n\n1 Since the dam broke.\n\n## Stone",
        "Told by Nell.",
    ],
    must_not=["Table of Contents", "x-title"],
)
def _(path: Path) -> None:
    write_zip(path, _EPUB3, first_stored=True)


@awkward(
    "book2.epub",
    must=["## Kapitel 1\n\nDie Mühle steht."],
    must_not=["Cover", "Inhalt"],
    warning="lost.xhtml",
)
def _(path: Path) -> None:
    guide = '<guide><reference type="cover" href="cover.xhtml"/><reference type="toc" href="inhalt.xhtml"/></guide>'
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("cover", "inhalt", "eins", "lost"))
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "OEBPS/content.opf": _opf("2.0", "".join(map(_item, ("cover", "inhalt", "eins", "lost"))), spine, guide),
        "OEBPS/cover.xhtml": _chapter("<p>Cover</p>"),
        "OEBPS/inhalt.xhtml": _chapter("<p>Inhalt</p>"),
        "OEBPS/EINS.xhtml": f'<?xml version="1.0" encoding="iso-8859-1"?>{doctype}<html><body><h1>Kapitel 1</h1>'
        "<p>Die M&uuml;hle steht.</p></body></html>",
    }
    write_zip(path, members, first_stored=True)


@awkward("locked.epub", refusal="DRM")
def _(path: Path) -> None:
    rights = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
        '<enc:EncryptedData><enc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>'
        "</enc:EncryptedData></encryption>"
    )
    write_zip(path, {**_EPUB3, "META-INF/encryption.xml": rights}, first_stored=True)


@awkward("not_a_book.epub", refusal="not an e-book")
def _(path: Path) -> None:
    write_zip(path, {"readme.txt": "no book"})


# --- e-mail


@awkward(
    "alternative.eml",
    must=["# Mühle am Samstag", "From: Jörg Größe <joerg@example.org>", "To: Nell <nell@example.org>", "Date: Mon, 04 Mar 2024",
          "Grüße aus Dornbach", "Attachments: plan für Nell.pdf"],
    must_not=["=C3", "=?", "the HTML version", "JVBERi0"],
)  # fmt: skip
def _(path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "Mühle am Samstag"
    message["From"] = "Jörg Größe <joerg@example.org>"
    message["To"] = "Nell <nell@example.org>"
    message["Date"] = "Mon, 04 Mar 2024 10:00:00 +0100"
    message.set_content("Grüße aus Dornbach\n", cte="quoted-printable")
    message.add_alternative("<p>the HTML version</p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan für Nell.pdf")
    path.write_bytes(message.as_bytes())


@awkward(
    "html_only.eml",
    must=["# Angebot", "| Teil | Preis |", "Größe", "Nur heute"],
    must_not=["<td>", "unsichtbar", "base64"],
    removed=["hidden"],
)
def _(path: Path) -> None:
    message = MIMEMultipart("related")
    message["Subject"] = "=?iso-8859-1?Q?Angebot?="
    message["From"] = "shop@example.org"
    source = (
        "<html><body><div style='display:none'>unsichtbar</div><p>Nur heute: Größe L</p>"
        "<table><tr><td>Teil<td>Preis<tr><td>Rad<td>3 €</table><img src='cid:1'></body></html>"
    )
    message.attach(MIMEText(source, "html", "iso-8859-15"))
    message.attach(MIMEImage(b"GIF89a", "gif"))
    path.write_bytes(message.as_bytes())


@awkward(
    "forwarded.eml",
    must=["# Fwd: The wheel", "See below.", "## The wheel", "From: otto@example.org", "It turns again."],
)
def _(path: Path) -> None:
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "The wheel", "otto@example.org"
    inner.set_content("It turns again.\n")
    outer = EmailMessage()
    outer["Subject"], outer["From"] = "Fwd: The wheel", "nell@example.org"
    outer.set_content("See below.\n")
    outer.add_attachment(inner)
    path.write_bytes(outer.as_bytes())


@awkward(
    "replies.eml",
    must=[
        "I agree with you.\n\nOtto wrote:\n\n> Shall we mend the wheel on Saturday, all of us together?\n>\n> Yours, Otto"
    ],
)
def _(path: Path) -> None:
    asked = "Shall we mend the wheel on Saturday, all of us together?"
    path.write_bytes(
        f"Subject: Re: wheel\r\nFrom: a@example.org\r\n\r\nI agree with you.\r\n\r\nOtto wrote:\r\n> {asked}\r\n>\r\n"
        f">> {asked}\r\n>> Yours, Otto\r\n".encode()
    )


@awkward("wrong_charset.eml", must=["Die Mühle “läuft” schön."], must_not=["\ufffd"])
def _(path: Path) -> None:
    head = b"From: a@b.c\nSubject: x\nContent-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
    path.write_bytes(head + "Die Mühle “läuft” schön.\n".encode("cp1252"))


@awkward("iso2022.eml", must=["# 灯台", "灯台の守り人は毎朝"])
def _(path: Path) -> None:
    head = (
        b"Subject: =?ISO-2022-JP?B?GyRCRXRCZhsoQg==?=\nFrom: a@b.c\nContent-Type: text/plain; charset=ISO-2022-JP\n\n"
    )
    path.write_bytes(head + "灯台の守り人は毎朝\n".encode("iso2022_jp"))


@awkward("broken_mime.eml", must=["Still readable."])
def _(path: Path) -> None:
    path.write_bytes(
        b"Subject: x\nFrom: <<>>,;@\nTo: \xff\xfe\nDate: never\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        b"Content-Type: text/plain; charset=no-such-charset\n\nStill readable.\n"
    )


@awkward("not_mail.eml", refusal="not an e-mail")
def _(path: Path) -> None:
    path.write_bytes(b"\n\nJust a note without any head.\n")


@awkward("saved_page.mht", must=["# The Mill", "It was built in 1874."], must_not=["From:", "Snapshot"])
def _(path: Path) -> None:
    message = MIMEMultipart("related", type="text/html")
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = "https://example.org/mill"
    message["Subject"] = "The Mill"
    message.attach(MIMEText("<title>The Mill</title><p>It was built in 1874.</p>", "html", "utf-8"))
    path.write_bytes(message.as_bytes())


@awkward(
    "flowed.eml",
    must=[
        "Liebe alle,\n\nanbei das Protokoll der Versammlung. Bitte lest es bis Freitag und meldet euch.\n\n- Kasse\n- Dach"
    ],
)
def _(path: Path) -> None:
    path.write_text(
        "Subject: Protokoll\nFrom: ida@example.org\nContent-Type: text/plain; charset=UTF-8; format=flowed\n\nLiebe alle, \n\n"
        "anbei das Protokoll der Versammlung. Bitte lest es \nbis Freitag und meldet euch.\n\n- Kasse\n- Dach\n",
        "utf-8",
    )


@awkward(
    "encyclopedia.html",
    must=["# Mill\n\n| Mill | |\n| --- | --- |\n| Built | 1874 |\n\nA mill is a device[1] that grinds.\n\n## History\n\nA mill in 1900\n\n"
          "Water flows at 3 m³/s."],
    must_not=["[edit]", "Log in", "Contents", "Privacy"],
    removed=["navigation"],
)  # fmt: skip
def _(path: Path) -> None:
    path.write_text(
        "<head><title>Mill - Wiki</title></head><body><div role=navigation>Log in</div><div id=content role=main><h1>Mill</h1>"
        "<table class=infobox><tr><th colspan=2>Mill<tr><th>Built<td>1874</table><p>A <b>mill</b> is a device<sup><a "
        "href='#note-1'>[1]</a></sup> that grinds.</p><div id=toc class=toc role=navigation><h2>Contents</h2></div>"
        "<h2>History<span class=mw-editsection>[edit]</span></h2><figure><img alt=x><figcaption>A mill in 1900</figcaption>"
        "</figure><p>Water flows at 3 m<sup>3</sup>/s.</p></div><footer>Privacy</footer></body>",
        "utf-8",
    )
