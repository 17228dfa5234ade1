"""Chunks that were edited: the bar says which pairs no longer match them, and one click makes them anew."""

from __future__ import annotations

from PySide6.QtCore import Qt

from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from tests.gui.conftest import fill

TEXTS = [
    "The mill of Osterly was built in 1510. Anna Berg founded the mill in 1510. The tower of Osterly is 31 metres high.",
    "The bridge of Hagen was opened in 1874. Karl Linden designed the bridge of Hagen. The bridge is 210 metres long.",
]


def test_one_click_makes_stale_pairs_anew_and_leaves_what_a_person_judged(qtbot, project: Project, shell: Shell) -> None:
    first, second = fill(project, TEXTS, "places.txt")
    with project.connect() as store:
        kept, old, other = store.add_pairs(
            "sft_data",
            [
                NewPair("When was the mill built?", "In 1510.", first, "factual", "accepted"),
                NewPair("Who founded it?", "Anna Berg, in 1510.", first, "factual"),
                NewPair("Who designed the bridge of Hagen?", "Karl Linden.", second, "factual"),
            ],
        )
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    tab.ask.provider.setCurrentIndex(tab.ask.provider.findData("built-in"))
    qtbot.waitUntil(lambda: not shell.threads())
    assert not tab.stale_bar.isVisible()
    shell.knowledge_base.edit_chunk(first, TEXTS[0].replace("1510", "1623"))
    shell.changed("chunk", "pair")
    qtbot.waitUntil(tab.stale_bar.isVisible)
    assert tab.stale_bar.text.text() == (
        "2 pairs no longer match their chunks, which were changed. 1 of them you accepted or edited: it stays until you decide."
    )
    assert tab.stale_bar.renew_button.text() == "Make 1 anew"
    qtbot.waitUntil(tab.stale_bar.renew_button.isEnabled)
    qtbot.mouseClick(tab.stale_bar.renew_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not shell.is_busy and not shell.threads(), timeout=60_000)
    qtbot.waitUntil(lambda: not tab.stale_bar.renew_button.isVisible())
    states = [(pair.state, pair.reason) for pair in shell.knowledge_base.pairs([kept, old, other])]
    assert states == [("accepted", ""), ("failed", "replaced"), ("new", "")]
    assert "1 pair no longer matches its chunk" in tab.stale_bar.text.text()
    qtbot.mouseClick(tab.stale_bar.show_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: list(tab.browser.pairs.model.ids) == [kept])
    qtbot.mouseClick(tab.stale_bar.later_button, Qt.MouseButton.LeftButton)
    assert not tab.stale_bar.isVisible()
    shell.changed("pair")
    qtbot.waitUntil(lambda: not shell.threads())
    assert not tab.stale_bar.isVisible()
    tab.browser.show_stale()
    qtbot.waitUntil(lambda: list(tab.browser.pairs.model.ids) == [kept])
    tab.browser.pairs.table.selectRow(0)
    tab.work.judge("accepted")
    assert shell.knowledge_base.count_stale("sft_data").judged == 0
    tab.undo_stack.undo()
    assert shell.knowledge_base.count_stale("sft_data").judged == 1
    shell.knowledge_base.edit_chunk(second, "other words")
    shell.changed("chunk", "pair")
    qtbot.waitUntil(tab.stale_bar.isVisible)
    qtbot.waitUntil(lambda: not shell.threads())
