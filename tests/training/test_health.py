"""What the curves say in words, and what is advised."""

from collections.abc import Sequence

import numpy as np
import pytest

from services.settings import PHASES, check, defaults
from services.training.advice import ADVICE, RECOMMENDED, advice, remark, say_change
from services.training.health import Finding, examine, forgetting
from services.training.history import MetricHistory


def history(losses: Sequence[float] = (), validation: Sequence[float] = (), general: Sequence[float] = ()) -> MetricHistory:
    made = MetricHistory()
    for step, loss in enumerate(losses, 1):
        made.add({"type": "metric", "step": step, "loss": float(loss)})
    for name, values in (("validation_loss", validation), ("general_loss", general)):
        for place, value in enumerate(values):
            made.add({"type": "metric", "step": 10 * place, name: value})
    return made


def situations(findings: list[Finding]) -> list[str]:
    return [finding.situation for finding in findings]


def noisy(level: np.ndarray, scale: float = 0.1) -> np.ndarray:
    return level + np.random.default_rng(0).normal(scale=scale, size=len(level))


def test_before_the_first_step_nothing_is_said() -> None:
    assert examine(history()) == []
    assert situations(examine(history([3.0, 2.0]))) == ["early"]


@pytest.mark.parametrize("scale", [0.0, 0.15])
def test_a_falling_loss_is_learning(scale: float) -> None:
    falling = noisy(np.linspace(4, 1, 200), scale)
    (found,) = examine(history(falling))
    assert found.situation == "learning" and found.state == "success" and "Still learning" in found.text
    (found,) = examine(history(falling), is_over=True)
    assert found.situation == "unfinished" and "still learning when it ended" in found.text


@pytest.mark.parametrize("scale", [0.0, 0.15])
def test_a_flat_loss_brings_nothing_new(scale: float) -> None:
    level = np.concatenate([np.linspace(4, 2, 100), np.full(300, 2.0)])
    (found,) = examine(history(noisy(level, scale)))
    assert found.situation == "levelled" and "Nothing new since step" in found.text
    since = int(found.text.split("step ")[1].split(":")[0])
    assert 80 <= since <= 260


def test_noise_alone_is_no_trend() -> None:
    for seed in range(5):
        losses = 2 + np.random.default_rng(seed).normal(scale=0.3, size=400)
        assert situations(examine(history(losses))) == ["levelled"]


def test_a_loss_that_rises_or_jumps_asks_for_half_the_rate() -> None:
    (rising,) = examine(history(np.linspace(1, 3, 200)))
    assert rising.situation == "jumps" and "rose" in rising.text
    losses = noisy(np.full(200, 2.0))
    losses[[150, 170, 190]] = 6.0
    (jumping,) = examine(history(losses))
    assert jumping.situation == "jumps" and "halve the learning rate" in jumping.text and jumping.state == "warning"


def test_a_rising_validation_loss_is_said_before_the_good_news() -> None:
    falling = np.linspace(3, 1, 200)
    assert situations(examine(history(falling, [2.5, 2.0]))) == ["learning"]
    found = examine(history(falling, [2.5, 2.0, 2.4]))
    assert situations(found) == ["memorises", "learning"]
    assert "since step 10, from 2.00 to 2.40" in found[0].text


@pytest.mark.parametrize(("now", "state"), [(3.05, None), (3.15, "warning"), (3.4, "error")])
def test_forgetting_is_measured_against_the_base(now: float, state: str | None) -> None:
    run = history(np.linspace(3, 1, 200), general=[3.0, 3.02, now])
    assert forgetting(run) == pytest.approx(now / 3 - 1)
    found = [finding for finding in examine(run) if finding.situation == "forgets"]
    assert [finding.state for finding in found] == ([state] if state else [])
    if state == "error":
        assert examine(run)[0].situation == "forgets"
    assert forgetting(history([1.0], general=[3.0])) is None


def test_a_loss_that_is_no_number_does_not_hide_the_rest() -> None:
    losses = np.linspace(4, 1, 200)
    losses[50] = np.nan
    assert situations(examine(history(losses))) == ["learning"]


@pytest.mark.parametrize(("situation", "phase"), ADVICE)
def test_every_advice_names_settings_that_exist_and_may_be_set_so(situation: str, phase: str) -> None:
    settings = defaults(phase)
    for remedy in advice(situation, phase):
        assert remedy.text.endswith(".")
        if remedy.key:
            assert remedy.key in settings
            change = remedy.change({**settings, "epochs": 9, "learning_rate": 2e-3, "validation_share": 0.0})
            assert check(phase, {**settings, **change})
            if change:
                assert remedy.change({**settings, **change}) == {} or remedy.key in ("learning_rate", "epochs", "batch_size")
                assert say_change(phase, change)


def test_the_missions_advice_for_slow_and_overfitted_trainings_is_there() -> None:
    slow = {key: value for remedy in advice("slow", "cpt") for key, value in remedy.change(defaults("cpt")).items()}
    assert slow == {"max_seq_length": 1024, "batch_size": 2, "gradient_checkpointing": True}
    assert any("smaller base model" in remedy.text for remedy in advice("slow", "cpt"))
    overfitted = {**defaults("sft"), "epochs": 5, "validation_share": 0.0}
    better = {key: value for remedy in advice("memorises", "sft") for key, value in remedy.change(overfitted).items()}
    assert better == {"epochs": 2, "learning_rate": 1e-4, "validation_share": 0.1}
    assert any("varied" in remedy.text for remedy in advice("memorises", "sft"))
    assert say_change("sft", {"learning_rate": 1e-4}) == "Set Learning rate to 1e-4"


@pytest.mark.parametrize("phase", ["cpt", "sft"])
def test_the_defaults_are_what_is_recommended(phase: str) -> None:
    assert {key for other, key in RECOMMENDED if other == phase} <= {setting.key for setting in PHASES[phase]}
    assert not [key for key, value in defaults(phase).items() if remark(phase, key, value)]
    assert remark("sft", "epochs", 8) and remark("cpt", "learning_rate", 1e-5) and remark("cpt", "seed", 7) == ""
