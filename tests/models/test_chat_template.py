"""Every kind of tokenizer gets a template, and an end that it knows."""

from pathlib import Path
from typing import Any

import pytest

from services.models.chat_template import encode_chat, prepare_chat, without_generation_tags
from tests.tiny_models import CHATML, make_tiny_tokenizer

TALK = [
    {"role": "user", "content": "What is it?"},
    {"role": "assistant", "content": "A mill."},
    {"role": "user", "content": "Whose?"},
    {"role": "assistant", "content": "Ours."},
]
LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)


def rendered(tokenizer: Any, template: str, is_open: bool = False) -> str:
    turns = TALK[:-1] if is_open else TALK
    return str(
        tokenizer.apply_chat_template(turns, chat_template=template, tokenize=False, add_generation_prompt=is_open)
    )


def test_a_base_model_with_chatml_tokens_gets_chatml_and_ends_with_its_token() -> None:
    tokenizer = make_tiny_tokenizer("qwen2", has_chatml=True)
    assert tokenizer.eos_token == "<|endoftext|>"
    chat = prepare_chat(tokenizer)
    assert chat.eos_token == "<|im_end|>"
    assert tokenizer.convert_ids_to_tokens(list(chat.stop_token_ids)) == ["<|im_end|>", "<|endoftext|>"]
    assert rendered(tokenizer, chat.template) == rendered(tokenizer, CHATML)


@pytest.mark.parametrize("kind", ["llama3", "spm", "gpt2"])
def test_a_base_model_without_any_gets_headings_and_its_own_end(kind: str) -> None:
    tokenizer = make_tiny_tokenizer(kind, has_chatml=False)
    vocabulary = len(tokenizer)
    chat = prepare_chat(tokenizer)
    bos = tokenizer.bos_token or ""
    assert rendered(tokenizer, chat.template) == (
        f"{bos}### Question:\nWhat is it?\n\n### Answer:\nA mill.{tokenizer.eos_token}\n\n"
        f"### Question:\nWhose?\n\n### Answer:\nOurs.{tokenizer.eos_token}\n\n"
    )
    assert rendered(tokenizer, chat.template, is_open=True).endswith("Whose?\n\n### Answer:\n")
    assert chat.stop_token_ids == (tokenizer.eos_token_id,)
    assert len(tokenizer) == vocabulary


def test_a_template_of_its_own_is_kept_and_its_end_is_found() -> None:
    tokenizer = make_tiny_tokenizer("spm")
    tokenizer.chat_template = LLAMA2
    assert (prepare_chat(tokenizer).template, prepare_chat(tokenizer).eos_token) == (LLAMA2, "</s>")
    tokenizer.chat_template = CHATML  # ends turns with a token that is not yet the EOS
    chat = prepare_chat(tokenizer)
    assert chat.eos_token == "<|im_end|>"
    assert set(tokenizer.convert_ids_to_tokens(list(chat.stop_token_ids))) == {"<|im_end|>", "</s>"}


def test_a_template_without_an_end_is_replaced() -> None:
    tokenizer = make_tiny_tokenizer("llama3", has_chatml=False)
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    assert "### Answer" in prepare_chat(tokenizer).template


@pytest.mark.parametrize(("kind", "has_chatml"), [("qwen2", True), ("llama3", False)])
def test_the_tags_mark_the_answers_with_their_ends(kind: str, has_chatml: bool) -> None:
    tokenizer = make_tiny_tokenizer(kind, has_chatml=has_chatml)
    chat = prepare_chat(tokenizer)
    assert chat.marks_answers
    encoded = tokenizer.apply_chat_template(
        TALK, chat_template=chat.template, return_dict=True, return_assistant_tokens_mask=True
    )
    pairs = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
    assert tokenizer.decode([token for token, is_answer in pairs if is_answer]) == (
        f"A mill.{chat.eos_token}Ours.{chat.eos_token}"
    )


def test_without_tags_the_text_is_the_same() -> None:
    tokenizer = make_tiny_tokenizer("qwen2")
    starter = Path(__file__).parents[2] / "resources" / "starter_model" / "chat_template.jinja"
    for template in (prepare_chat(tokenizer).template, starter.read_text(encoding="utf-8")):
        plain = without_generation_tags(template)
        assert "generation %}" not in plain and "generation %}" in template
        assert rendered(tokenizer, plain) == rendered(tokenizer, template)
        assert rendered(tokenizer, plain, is_open=True) == rendered(tokenizer, template, is_open=True)


def test_a_system_prompt_reaches_a_model_that_knows_no_system_role() -> None:
    tokenizer = make_tiny_tokenizer("spm")
    tokenizer.chat_template = LLAMA2
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    text = tokenizer.decode(encode_chat(tokenizer, messages, prepare_chat(tokenizer)))
    assert text == "<s> [INST] Be brief.\n\nWhy? [/INST]"
