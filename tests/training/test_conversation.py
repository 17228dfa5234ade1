"""What is learnt of a conversation: the answers and the token that ends them, in every kind of template."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.errors import UserError
from services.models.chat_template import encode_chat, prepare_chat
from services.training.conversation import encode_conversation, encode_conversations, read_conversations
from services.training.row import IGNORED
from tests.tiny_models import CHATML, make_tiny_tokenizer

# As Qwen 3 has it: earlier answers lose their thought, and an open turn differs from one that is over.
THINKING = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QUESTION = {"role": "user", "content": "Where do the ferries land?"}
ANSWER = {"role": "assistant", "content": "They land at the northern pier."}
MORE = [{"role": "user", "content": "And the ships?"}, {"role": "assistant", "content": "In the harbour."}]


def learnt(tokenizer: Any, row: Any) -> str:
    return tokenizer.decode(row.labels[row.labels != IGNORED])


@pytest.fixture(params=["llama3", "qwen2", "gpt2", "spm"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("has_template", [True, False])
@pytest.mark.parametrize("has_chatml", [True, False])
def test_only_answers_and_their_end_are_learnt(kind: str, has_template: bool, has_chatml: bool) -> None:
    tokenizer = make_tiny_tokenizer(kind, has_chatml=has_chatml)
    if has_template:
        tokenizer.chat_template = CHATML if has_chatml else (
            "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}Q: {{ m['content'] }}\n"
            "{% else %}A: {{ m['content'] }}{{ eos_token }}\n{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}A:{% endif %}"
        )
    chat = prepare_chat(tokenizer)
    end = chat.eos_token

    (row,) = encode_conversation(tokenizer, [QUESTION, ANSWER, *MORE], chat)

    text = learnt(tokenizer, row).replace(" ", "")
    assert text == f"Theylandatthenorthernpier.{end}Intheharbour.{end}"
    assert row.input_ids[-1] == row.labels[-1] == chat.stop_token_ids[0]


def test_the_question_is_read_as_the_chat_writes_it(kind: str) -> None:
    """Training and chat must agree to the token, or the model is asked in a way it never saw."""
    tokenizer = make_tiny_tokenizer(kind)
    chat = prepare_chat(tokenizer)

    (row,) = encode_conversation(tokenizer, [QUESTION, ANSWER], chat)

    prompt = encode_chat(tokenizer, [QUESTION], chat)
    assert row.input_ids[: len(prompt)].tolist() == prompt
    assert (row.labels[: len(prompt)] == IGNORED).all() and (row.labels[len(prompt) :] != IGNORED).all()


def test_a_template_that_tells_earlier_turns_differently_gets_a_row_for_each_answer() -> None:
    tokenizer = make_tiny_tokenizer("qwen2")
    tokenizer.chat_template = THINKING
    chat = prepare_chat(tokenizer)

    rows = encode_conversation(tokenizer, [QUESTION, ANSWER, *MORE], chat)

    assert [learnt(tokenizer, row) for row in rows] == [
        "<think>\n\n</think>\n\nThey land at the northern pier.<|im_end|>",
        "<think>\n\n</think>\n\nIn the harbour.<|im_end|>",
    ]
    second = tokenizer.decode(rows[1].input_ids)
    assert "They land" in second and "</think>\n\nThey" not in second


def test_a_template_without_a_system_role_gets_it_in_the_question() -> None:
    tokenizer = make_tiny_tokenizer("qwen2")
    tokenizer.chat_template = CHATML.replace(
        "%}", "%}{% if message['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}", 1
    )
    chat = prepare_chat(tokenizer)

    (row,) = encode_conversation(tokenizer, [{"role": "system", "content": "Be brief."}, QUESTION, ANSWER], chat)

    assert "Be brief.\n\nWhere do" in tokenizer.decode(row.input_ids)
    assert learnt(tokenizer, row) == "They land at the northern pier.<|im_end|>"


def test_what_is_too_long_is_left_out_whole() -> None:
    tokenizer = make_tiny_tokenizer("qwen2")
    long = [QUESTION, {"role": "assistant", "content": "ship " * 100}]

    rows, too_long = encode_conversations(tokenizer, [[QUESTION, ANSWER], long], prepare_chat(tokenizer), 64)

    assert len(rows) == 1 and len(too_long) == 1 and too_long[0] > 100


def test_both_forms_of_a_dataset_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    lines = [{"instruction": "Why?", "output": "Because\u2028."}, {"messages": [QUESTION, ANSWER, MORE[0]], "source": "x"}]
    text = "\r\n\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_bytes(("\ufeff" + text + "\r\n").encode())

    assert read_conversations(path) == [
        [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because\u2028."}], [QUESTION, ANSWER],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "it is not JSON"), ("[1]", "not an object"), ('{"instruction": "Why?"}', "no “output”"),
        ('{"instruction": " ", "output": "x"}', "no “instruction”"), ('{"messages": "x"}', "not a list"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', "“tool” is not one of"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "no question with an answer"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"instruction": "Why?", "output": "Because."}\n' + line, "utf-8")

    with pytest.raises(UserError, match=f"Line 2 of .*{reason}"):
        read_conversations(path)


def test_a_missing_and_an_empty_dataset_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no dataset"):
        read_conversations(tmp_path / "pairs.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(UserError, match="is empty"):
        read_conversations(tmp_path / "empty.jsonl")
