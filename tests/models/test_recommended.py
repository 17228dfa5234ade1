"""The table of recommended models is right in itself, and ordered by what a computer can hold."""

import pytest

from services.models.base import why_not_config
from services.models.card import BASE, INSTRUCT, ModelCard, kind_of, say_languages
from services.models.demand import FITS, TIGHT, TOO_LARGE, UNKNOWN, Room, judge, look_at_room, training_bytes
from services.models.recommended import RECOMMENDED, recommend

GB = 2**30


@pytest.mark.parametrize("card", RECOMMENDED.values(), ids=lambda card: card.title)
def test_a_row_agrees_with_itself(card: ModelCard) -> None:
    shape = card.shape
    assert shape is not None
    queries, keys = (heads * shape.head_dim for heads in (shape.num_attention_heads, shape.num_key_value_heads))
    layer = shape.hidden_size * (2 * queries + 2 * keys + 3 * shape.intermediate_size)
    counted = shape.num_hidden_layers * layer + shape.vocab_size * shape.hidden_size
    untied = counted + shape.vocab_size * shape.hidden_size
    assert min(abs(count / shape.parameters - 1) for count in (counted, untied)) < 0.005
    assert card.size_bytes >= 2 * shape.parameters
    assert kind_of(card.name, has_chat_template=card.kind == INSTRUCT) == card.kind
    assert "read it at" not in card.licence_sentence and card.languages and card.context_tokens >= 8192
    # Trained as they are: no code of their own, and of a family that transformers knows.
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    architecture = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[card.model_type]
    assert not why_not_config({"architectures": [architecture]}, "it")


def test_the_figures_are_those_of_the_published_measurements() -> None:
    # GB that a LoRA step of rank 16 fits in, every layer computed twice, 8192 tokens; the driver's own part on top. Our loss
    # takes larger pieces of the vocabulary at once.
    context = 0.8
    for name, published in {"Qwen/Qwen2.5-1.5B": 5.7, "Qwen/Qwen2.5-3B": 9.8, "Qwen/Qwen2.5-7B": 20.0}.items():
        shape = RECOMMENDED[name].shape
        assert shape is not None
        assert training_bytes(shape, 2, 8192, "cuda", rank=16) / 1e9 == pytest.approx(published + context, rel=0.1)


@pytest.mark.parametrize(
    ("room", "first", "too_large"),
    [
        (Room("cpu", 11 * GB), "Qwen/Qwen3-0.6B-Base", "Qwen/Qwen2.5-7B"),
        (Room("mps", 12 * GB), "Qwen/Qwen3-1.7B-Base", "Qwen/Qwen2.5-7B"),
        (Room("cuda", 22 * GB), "Qwen/Qwen3-4B-Base", ""),
        (Room("cpu", 3 * GB), "HuggingFaceTB/SmolLM2-135M", "Qwen/Qwen3-4B-Base"),
    ],
)
def test_what_fits_comes_first(room: Room, first: str, too_large: str) -> None:
    order = recommend(room)
    assert order[0].name == first and len(order) == len(RECOMMENDED)
    ranks = [judge(card, room).rank for card in order]
    assert ranks == sorted(ranks)
    grades = {card.name: judge(card, room).grade for card in order}
    assert (TOO_LARGE in grades.values()) == bool(too_large)
    assert not too_large or grades[too_large] == TOO_LARGE


def test_a_verdict_is_said_in_words_with_figures() -> None:
    room = Room("cuda", 7 * GB, has_four_bits=True)
    four = RECOMMENDED["Qwen/Qwen3-4B-Base"]
    assert judge(four, room).grade == TIGHT and judge(four, Room("cuda", 7 * GB)).grade == TOO_LARGE
    assert "of the 7.0 GB" in judge(four, room).sentence(room)
    assert judge(ModelCard("a/b", BASE), room).grade == UNKNOWN
    # Where only the size is known, the shape of a model of that size serves.
    assert judge(ModelCard("a/b", BASE, parameters=1_500_000_000), room).grade == FITS
    slow = judge(RECOMMENDED["Qwen/Qwen3-1.7B-Base"], Room("cpu", 40 * GB))
    assert slow.is_slow and "slow" in slow.word
    assert look_at_room().size_bytes > GB / 4


def test_names_and_languages_are_read() -> None:
    assert [kind_of(name, True) for name in ("Qwen/Qwen2.5-7B-Base", "a/b-pt", "a/b", "starter")] == [BASE, BASE, INSTRUCT, BASE]
    assert kind_of("google/gemma-3-1b-it", False) == INSTRUCT and kind_of("a/italian", False) == BASE
    assert say_languages(["de", "xx"]) == "German, xx" and say_languages(["de"] * 9) == "9 languages"
