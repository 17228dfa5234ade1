"""How long it still takes: right, steady, and said in words."""

from __future__ import annotations

import random

import pytest

from services.time_left import TimeLeft, say_time_left


def follow(speeds: list[float], total: float = 1000.0, start: float = 0.0, begins_at: float = 0.0) -> list[tuple[float, float, float]]:
    """Goes on once a second at these speeds; returns second, what was said, and the truth, while something was said."""
    left, done, said = TimeLeft(), start, []
    left.add(begins_at, done, total)
    for second, speed in enumerate(speeds, 1):
        done += speed
        if done >= total:
            break
        left.add(begins_at + second, done, total)
        seconds = left.seconds(begins_at + second)
        if seconds is not None:
            truth, rest = 0, done
            while rest < total:
                rest += speeds[min(second + truth, len(speeds) - 1)]
                truth += 1
            said.append((second, seconds, truth))
    return said


def test_an_even_job_is_known_after_seconds() -> None:
    said = follow([1.0] * 1000)
    assert said[0][0] <= 4
    assert all(abs(seconds - truth) <= 2 for _second, seconds, truth in said)


def test_uneven_steps_do_not_make_it_jump() -> None:
    speeds = [random.Random(second).uniform(0.2, 1.8) for second in range(1200)]
    said = [seconds for _second, seconds, _truth in follow(speeds)][30:]
    jumps = [abs(after - before + 1) for before, after in zip(said, said[1:], strict=False)]
    assert max(jumps) < 25 and sum(jumps) / len(jumps) < 2.5


def test_a_job_that_becomes_slower_is_noticed() -> None:
    said = follow([2.0] * 200 + [0.5] * 1200)
    late = [(seconds, truth) for second, seconds, truth in said if second > 500]
    assert late and all(abs(seconds - truth) < 0.2 * truth + 10 for seconds, truth in late)


def test_a_resumed_job_is_not_thought_fast() -> None:
    said = follow([1.0] * 100, start=900.0, begins_at=5000.0)
    assert all(abs(seconds - truth) <= 2 for _second, seconds, truth in said)


def test_it_begins_anew_with_another_part_of_the_work() -> None:
    left = TimeLeft()
    for second in range(10):
        left.add(second, 10.0 * second, 100.0)
    assert left.seconds(9) == pytest.approx(1, abs=0.2)
    left.add(10, 0, 0)
    assert left.seconds(10) is None
    left.add(11, 5.0, 600.0)
    assert left.seconds(11) is None


def test_what_the_job_says_itself_counts() -> None:
    left = TimeLeft()
    left.add(0, 1, 100, left_s=1440)
    assert left.seconds(0) == 1440 and left.seconds(40) == 1400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4, "a few seconds left"), (29, "less than 1 min left"), (61, "1 min left"), (89 * 60, "89 min left"), (6600, "1 h 50 min left"), (60 * 3600, "2 days 12 h left")],
)
def test_time_left_is_said_in_words(seconds, text):
    assert say_time_left(seconds) == text
