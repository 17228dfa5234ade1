"""What models are asked."""

from typing import Any

import pytest

from services.errors import UserError
from services.records import Chunk
from services.settings import declared, defaults
from services.sft_data.prompt import PLACES, Prompt, check_places
from services.sft_data.style import STYLES, find_style

CHUNK = Chunk(1, "The mill of {count} was built in 1510.", "mills.pdf", 0, {"headings": ["Mills", "The old one"]})


def prompt(has_schema: bool = True, **changes: Any) -> Prompt:
    return Prompt.from_settings({**defaults("generate"), **changes}, has_schema)


@pytest.mark.parametrize("has_schema", [True, False])
@pytest.mark.parametrize("style", STYLES)
def test_every_style_shows_the_chunk_and_asks_for_the_number(style: str, has_schema: bool) -> None:
    system, user = prompt(has_schema, style=style, audience="7th graders", language="German").messages(CHUNK, 4, [])
    assert "Write 4 " in user["content"]
    assert CHUNK.content in user["content"]  # braces of the chunk itself are left alone
    for said in ("7th graders", "German", "mills.pdf", "Mills > The old one"):
        assert said in user["content"]
    assert ("JSON" in system["content"]) == has_schema
    assert (prompt(has_schema, style=style).schema() is None) != has_schema


def test_styles_and_their_setting_are_the_same() -> None:
    assert tuple(STYLES) == declared("generate", "style").choices
    with pytest.raises(UserError, match="socratic"):
        find_style("rhyming")


def test_choices_are_in_the_schema() -> None:
    pair = prompt(style="multiple-choice").schema()["properties"]["pairs"]["items"]  # type: ignore[index]
    assert pair["required"] == ["question", "options", "answer"]


def test_the_persons_own_prompts_are_used() -> None:
    system, user = prompt(
        prompt='Two of {count}, like {"question": 1}: {chunk}', system_prompt="You are a poet."
    ).messages(CHUNK, 2, [])
    assert system["content"].startswith("You are a poet.")
    assert user["content"].startswith('Two of 2, like {"question": 1}: The mill')


def test_known_questions_are_shown() -> None:
    user = prompt().messages(CHUNK, 1, ["When was the mill built?\nA) 1510"])[1]
    assert "exist already" in user["content"] and "- When was the mill built?" in user["content"]


@pytest.mark.parametrize(("template", "word"), [("Write {count} questions.", "chunk"), ("{chunks}", "{chunks}")])
def test_a_prompt_that_cannot_work_says_why(template: str, word: str) -> None:
    with pytest.raises(UserError) as raised:
        check_places(template, PLACES, ("chunk",))
    assert word in str(raised.value)


def test_a_prompt_of_ones_own_that_forgets_something_is_completed() -> None:
    """Language, audience, facts and known questions are settings of the run: no prompt makes them go away in silence."""
    mine = prompt(prompt="Zwei aus {chunk}", language="German", audience="7th graders")
    user = mine.messages(CHUNK, 2, ["When was the mill built?"], ["It was built in 1510."])[1]["content"]
    for said in ("Write in German.", "Audience: 7th graders.", "It was built in 1510.", "- When was the mill built?"):
        assert user.count(said) == 1
    plain = prompt(prompt="{chunk} {language}").messages(CHUNK, 1, [])[1]["content"]
    assert "Audience" not in plain and "Write in" not in plain
