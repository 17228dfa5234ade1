"""Widgets that hold each other are taken apart in the window's thread, whatever other threads do."""

import gc
import threading

from PySide6.QtCore import QObject

from gui.garbage import GarbageCollection, collect_garbage


class Held(QObject):
    """Holds itself, as widgets with callbacks do."""

    gone_in: list[int] = []

    def __init__(self) -> None:
        super().__init__()
        self.itself = self

    def __del__(self) -> None:
        Held.gone_in.append(threading.get_ident())


def test_another_thread_collects_nothing_and_the_event_loop_does(qtbot, qapp):
    collection = GarbageCollection()
    collection._timer.setInterval(10)
    assert not gc.isenabled()
    Held.gone_in.clear()
    Held()
    busy = threading.Thread(target=lambda: [[[]] for _ in range(100_000)])
    busy.start()
    busy.join()
    assert not Held.gone_in
    keep = []
    qtbot.waitUntil(lambda: keep.append([[] for _ in range(1000)]) or bool(Held.gone_in), timeout=30_000)
    assert Held.gone_in == [threading.get_ident()]


def test_there_is_nothing_to_collect_for_a_few_objects():
    gc.collect()
    Held.gone_in.clear()
    Held()
    collect_garbage()
    assert not Held.gone_in
