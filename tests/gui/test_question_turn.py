"""Questions take turns: one at a time where there is one place, the urgent before the others, and none waits for ever."""

from __future__ import annotations

import threading

import pytest

from gui.question_turn import QuestionTurns
from gui.shell import Shell
from services.errors import Cancelled


def test_one_at_a_time_and_those_that_are_first_before_the_others():
    turns, told, never = QuestionTurns(1), [], threading.Event()

    def ask(name: str, is_first: bool) -> None:
        with turns.turn(never, is_first=is_first):
            told.append(name)

    threads = []
    with turns.turn(never):
        for number, name in enumerate(("one", "two", "first", "three")):
            threads.append(threading.Thread(target=ask, args=(name, name == "first")))
            threads[-1].start()
            while len(turns._waiting) <= number:
                pass
        assert told == []
    for thread in threads:
        thread.join()
    assert told == ["first", "one", "two", "three"]


def test_one_that_is_not_wanted_any_more_leaves_its_place_to_the_next():
    turns, wanted, unwanted = QuestionTurns(1), threading.Event(), threading.Event()
    unwanted.set()
    with turns.turn(wanted), pytest.raises(Cancelled), turns.turn(unwanted):
        pass
    with turns.turn(wanted):
        pass
    with pytest.raises(ZeroDivisionError), turns.turn(wanted):
        raise ZeroDivisionError
    with turns.turn(wanted):
        assert not turns._waiting


def test_many_questions_of_a_window_are_all_answered_and_closing_waits_for_none(qtbot, project, preferences):
    shell = Shell(project, preferences)
    answers: list[int] = []
    for number in range(12):
        shell.ask_beside(lambda store, _emit, number=number: (number, store.count_chunks()), is_first=number % 3 == 0).succeeded.connect(
            lambda answer: answers.append(answer[0])
        )
    qtbot.waitUntil(lambda: sorted(answers) == list(range(12)), timeout=30_000)
    with shell._turns.turn(threading.Event()):
        thread = shell.ask_beside(lambda store, _emit: store.count_chunks())
        shell.close()  # although the place is taken for good
        assert not thread.isRunning()
    shell.deleteLater()
