"""Every reason to leave a pair out comes with something to do, and the button does what the text says."""

from typing import Any

import pytest

from services.settings import check, defaults
from services.sft_data.advice import advise
from services.sft_data.gate import REASONS


def settings(**changes: Any) -> dict[str, Any]:
    return {**defaults("generate"), "provider": "ollama", "model": "llama3.1:8b", **changes}


@pytest.mark.parametrize("provider", ["ollama", "built-in"])
@pytest.mark.parametrize("reason", [*REASONS, "person", "merged"])
def test_every_reason_has_advice_that_ends(reason: str, provider: str) -> None:
    values, seen = settings(provider=provider, facts_first=False, style="multiple-choice", temperature=0.9), set()
    for _step in range(8):  # taken again and again, it comes to an end and never suggests what is so already
        advice = advise(reason, values)
        assert advice.text.strip() and not (advice.changes and advice.key)
        assert bool(advice.label) == bool(advice.changes or advice.key)
        if not advice.changes:
            return
        changed = check("generate", {**values, **advice.changes})
        assert changed != values and advice.label not in seen
        seen.add(advice.label)
        values = changed
    raise AssertionError("it never ends")


def test_what_the_mission_says_about_low_quality() -> None:
    hot = advise("number", settings(temperature=0.9))
    assert hot.changes == {"temperature": 0.5} and "lower temperature" in hot.text and "larger model" in hot.text
    assert advise("number", settings(facts_first=False, temperature=0.9)).changes == {"facts_first": True}
    assert advise("name", settings(), chunk_tokens=12).text.count("short") == 1
    small = advise("judge", settings(temperature=0.3, model="llama3.2:1b"))
    assert "llama3.2:1b is small" in small.text and not small.label
    assert advise("not-alone", settings()).key == "system_prompt" and "example" in advise("not-alone", settings()).text
    mine = advise("person", settings())
    assert "50 to 100 good pairs" in mine.text and "examples" in mine.text and mine.key == "audience"
    assert advise("person", settings(audience="7th graders")).key == "system_prompt"
    assert advise("duplicate", settings()).changes == {"difficulty": "mixed"}  # diverse pairs
