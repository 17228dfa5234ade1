"""How a conversation becomes text, and which token ends an answer.

A base model has learnt neither. Trained on answers without a stop token of its own, it never stops; and a model whose
template ends a turn with ``<|im_end|>`` while its EOS is still ``<|endoftext|>`` runs on as well. So both are settled
here, once, for training, merge, chat and GGUF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.translation import _

# {% generation %} marks the tokens of an answer for the loss; what it renders is unchanged.
_CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] | trim + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] | trim + '<|im_end|>' }}{% endif %}{{ '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Needs no token that the vocabulary does not have: a new one would be untrained in a frozen embedding.
_PLAIN = (
    "{{ BOS }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "{{ '### Answer:\\n' }}{% generation %}{{ message['content'] | trim + EOS }}{% endgeneration %}{{ '\\n\\n' }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] | trim + '\\n\\n' }}"
    "{% else %}{{ '### Question:\\n' + message['content'] | trim + '\\n\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Answer:\\n' }}{% endif %}"
)

# After any of these a model has said what it had to say; llama.cpp stops at them too, whatever a file names as EOS.
_TEXT_ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>")

_GENERATION_TAG = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The template of a model and its ends.

    template: Jinja; ours mark the answer with ``{% generation %}``, one that came with the model is left as it is.
    eos_token: the token that ends an answer.
    stop_token_ids: where generation stops: that token first, then the others that end a text.
    """

    template: str
    eos_token: str
    stop_token_ids: tuple[int, ...]

    @property
    def marks_answers(self) -> bool:
        """Whether the template tells a trainer which tokens are the answer."""
        return _GENERATION_TAG.search(self.template) is not None

    def set_on(self, tokenizer: Any, model: Any = None) -> None:
        """Writes template and ends into a tokenizer, and into config and generation config of a model."""
        tokenizer.chat_template = self.template
        tokenizer.eos_token = self.eos_token
        if model is None:
            return
        model.config.eos_token_id = self.stop_token_ids[0]
        model.generation_config.eos_token_id = list(self.stop_token_ids)
        if model.generation_config.pad_token_id is None:
            pad = tokenizer.pad_token_id
            model.generation_config.pad_token_id = self.stop_token_ids[-1] if pad is None else pad


def prepare_chat(tokenizer: Any, model_config: Any = None, generation_config: Any = None) -> ChatFormat:
    """The chat format for a tokenizer: the one it has, ChatML where its tokens are there, otherwise plain headings.

    Args:
        tokenizer: of transformers; not changed.
        model_config, generation_config: add their EOS ids to the stops, where given.

    Raises:
        UserError: the tokenizer has no token that ends a text.
    """
    template, end = _own_template(tokenizer)
    if not template and {"<|im_start|>", "<|im_end|>"} <= set(tokenizer.get_vocab()):
        template, end = _CHATML, "<|im_end|>"
    if not template:
        end = tokenizer.eos_token
        if not end:
            raise UserError(
                _(
                    "The tokenizer in {name} has no end-of-text token, so answers could not end. Choose another model."
                ).format(name=tokenizer.name_or_path)
            )
        bos = tokenizer.bos_token if _adds_bos(tokenizer) else ""
        template = _PLAIN.replace("BOS", repr(bos)).replace("EOS", repr(end))
    stops = [tokenizer.convert_tokens_to_ids(end), tokenizer.eos_token_id]
    for config in (generation_config, model_config):
        ids = getattr(config, "eos_token_id", None)
        stops += ids if isinstance(ids, (list, tuple)) else [ids]
    stops += [tokenizer.convert_tokens_to_ids(token) for token in _special_tokens(tokenizer) if token in _TEXT_ENDS]
    return ChatFormat(template, end, tuple(dict.fromkeys(stop for stop in stops if stop is not None)))


def without_generation_tags(template: str) -> str:
    """The same template for readers that do not know ``{% generation %}``; renders the same, to the last blank."""
    return _GENERATION_TAG.sub(lambda tag: f"{{%{tag[1]} {'endif' if tag[2] else 'if true'} {tag[3]}%}}", template)


def encode_chat(tokenizer: Any, messages: list[dict[str, str]], chat: ChatFormat) -> list[int]:
    """The token ids of a conversation up to where the answer begins.

    A template that knows no system role gets that text at the head of the first question.
    """

    def render(turns: list[dict[str, str]]) -> list[int]:
        text = tokenizer.apply_chat_template(
            turns,
            chat_template=chat.template,
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,  # Qwen3 and its like: answers are learnt without a train of thought before them
        )
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    if messages[0]["role"] != "system":
        return render(messages)
    try:
        return render(messages)
    except Exception as error:  # jinja2's TemplateError, raised by the template itself
        if "jinja2" not in type(error).__module__ or len(messages) < 2:
            raise
        system, question, *rest = messages
        joined = {"role": "user", "content": f"{system['content']}\n\n{question['content']}"}
        return render([joined, *rest])


def _own_template(tokenizer: Any) -> tuple[str, str]:
    """The tokenizer's template and the special token it puts behind an answer; empty where there is none or no end."""
    template = tokenizer.chat_template
    if isinstance(template, dict):  # several by name
        template = template.get("default", "")
    if not template:
        return "", ""
    mark = "wissenswerk"
    try:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}],
            chat_template=template,
            tokenize=False,
        )
    except Exception:  # a template may demand anything of its messages; then it is not one for questions and answers
        return "", ""
    after = text.rpartition(mark)[2]
    specials = [token for token in _special_tokens(tokenizer) if token in after]
    if not specials:
        return "", ""
    return template, min(specials, key=after.index)


def _special_tokens(tokenizer: Any) -> list[str]:
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return [token for token in dict.fromkeys([*tokenizer.all_special_tokens, *added]) if token]


def _adds_bos(tokenizer: Any) -> bool:
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
