"""A model's reply, read as leniently as it can be without inventing anything.

The ladder: strict JSON; without reasoning and fences; mended commas; every whole object of a broken or cut reply;
tagged lines. What none of these finds was not written.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from services.sft_data.dialogue import TURN_KEYS, tagged_dialogues, turns_of
from services.translation import _

QUESTION_KEYS = ("question", "instruction", "prompt", "q", "problem", "frage", "input")
ANSWER_KEYS = ("answer", "output", "response", "completion", "a", "solution", "antwort")

_THINKING = re.compile(
    r"<(think|thinking|reasoning|thought|thoughts|analysis|seed:think|scratchpad|reflection)>.*?(?:</\1>|\Z)"
    r"|\[THINK\].*?(?:\[/THINK\]|\Z)|◁think▷.*?(?:◁/think▷|\Z)"
    r"|<\|channel\|>(?:analysis|commentary).*?(?=<\|channel\|>final|\Z)|<\|channel\|>final(?:<\|message\|>)?|<\|(?:return|end)\|>",
    re.DOTALL | re.IGNORECASE,
)
# Where the template of a model holds the opening tag, only the closing one is in the reply.
_STRAY_END = re.compile(r"\A(?:(?!<think).)*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_LOOSE_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_STRONG = re.compile(r"\*\*|__")
_TAG = re.compile(
    r"^[ \t>#*-]*(?:\d+[.)][ \t]*)?(?:(?P<q>Q|Question|Frage|Problem)|(?P<a>A|Answer|Antwort|Solution|Lösung))"
    r"[ \t]*\d*[ \t]*:[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_OPTION = re.compile(r"^[ \t*-]*\(?(?P<letter>[A-Ha-h])[).:][ \t]+(?P<text>\S.*)$", re.MULTILINE)
_LETTER = re.compile(r"^\W*(?:option[ \t]+)?(?P<letter>[A-H])(?:[):]|\W*$)", re.IGNORECASE)
_LONGEST_REPLY = 400_000  # characters; no reply that was asked for comes near


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question and its answer as a model wrote them, not yet checked.

    fact: the number of the fact that it asks for, as the model gives it, from 1. turns: what is said in between.
    """

    instruction: str
    output: str
    evidence: tuple[int, int] | None = None
    fact: int | None = None
    turns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """candidates: what could be read, in order. fault: why there is nothing, in a sentence; else empty."""

    candidates: list[Candidate] = field(default_factory=list)
    fault: str = ""


def parse(reply: str, is_cut: bool = False) -> Parsed:
    """The pairs in a reply.

    is_cut: the provider says that the reply ran into its limit, which makes a better sentence when nothing is found.
    """
    text = reply.strip()[:_LONGEST_REPLY]
    if not text and not is_cut:  # a model can fill a reply with blanks, or with thoughts that its server keeps
        return Parsed(fault=_("The reply was empty."))
    saw_json = False
    for value in json_values(text):
        saw_json = True
        if candidates := [candidate for item in _items(value) if (candidate := _candidate(item))]:
            return Parsed(candidates)
    spoken = without_thinking(text)
    if candidates := _tagged(spoken, is_cut):
        return Parsed(candidates)
    if dialogues := tagged_dialogues(_STRONG.sub("", spoken), is_cut):
        return Parsed([_conversation(turns) for turns in dialogues])
    return Parsed(fault=_fault(spoken, saw_json, is_cut))


def _fault(spoken: str, saw_json: bool, is_cut: bool) -> str:
    if is_cut:
        return _(
            "The reply was cut before the first pair was complete. Raise “Longest reply”, or ask for fewer pairs "
            "per request."
        )
    if not spoken:
        return _(
            "The model only thought aloud and gave no answer. Raise “Longest reply”, or choose a model that does "
            "not reason."
        )
    if saw_json:
        return _("The reply was JSON without questions and answers.")
    return _("The reply held no questions and answers: “{start}…”").format(start=" ".join(spoken.split())[:80])


def without_thinking(text: str) -> str:
    """What a model says besides its reasoning."""
    return _THINKING.sub("", _STRAY_END.sub("", text) if "</think" in text else text).strip()


def json_values(text: str) -> Iterator[Any]:
    """What the rungs of the ladder make of the text, best first."""
    spoken = without_thinking(text)
    fenced = [block.strip() for block in _FENCE.findall(spoken)]
    for source in (text, spoken, *fenced):
        if (value := _loads(source)) is not None:
            yield value
    for source in (*fenced, spoken):
        mended = _LOOSE_COMMA.sub(lambda match: match[1] or "", source)
        objects = list(_whole_objects(mended))
        if objects:
            yield objects


def _loads(text: str) -> Any:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        value = _python_literal(text)
    return value if isinstance(value, dict | list) else None


def _python_literal(text: str) -> Any:
    """A list or dictionary as Python writes it, with single quotes."""
    if not text.lstrip().startswith(("{'", "[{'", "[ {'", "{ '")):
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _whole_objects(text: str) -> Iterator[Any]:
    """Every complete JSON object in the text, from the outside in: of a cut array all that arrived whole."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _items(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects that look like a pair, at any of the places where models put them."""
    if depth > 4:
        return
    if isinstance(value, list):
        for inner in value:
            yield from _items(inner, depth + 1)
    elif isinstance(value, dict):
        keys = {key.strip().lower(): inner for key, inner in value.items()}
        is_pair = _first(keys, QUESTION_KEYS) is not None and _first(keys, ANSWER_KEYS) is not None
        if is_pair or any(isinstance(keys.get(key), list) and turns_of(keys) for key in TURN_KEYS):
            yield keys
        else:
            for inner in value.values():
                yield from _items(inner, depth + 1)


def _first(values: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of these keys that holds text, as text."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.encode("utf-8", "replace").decode().strip()  # half a surrogate pair cannot be saved
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return None


def _candidate(item: dict[str, Any]) -> Candidate | None:
    said = item.get("fact") or item.get("fact_number")
    fact = _number(said)
    question, answer = _first(item, QUESTION_KEYS), _first(item, ANSWER_KEYS)
    if question is None or answer is None:
        turns = turns_of(item)
        return _conversation(turns, fact) if turns else None
    options = item.get("options") or item.get("choices")
    if isinstance(options, dict):
        options = list(options.values())
    if isinstance(options, list) and len(options) > 1 and all(isinstance(option, str | int | float) for option in options):
        return replace(_with_options(question, [str(option) for option in options], answer), fact=fact)
    lines = list(_OPTION.finditer(question))
    if len(lines) > 1 and lines[0].start():  # the options stand in the question itself
        stem, texts = question[: lines[0].start()].strip(), [line["text"] for line in lines]
        return replace(_with_options(stem, texts, answer), fact=fact)
    return Candidate(question, answer, fact=fact)


def _number(said: Any) -> int | None:
    text = str(said).strip(" []#")
    return int(text) if text.isdecimal() and len(text) < 6 else None


def _conversation(turns: list[str], fact: int | None = None) -> Candidate:
    return Candidate(turns[0], turns[-1], fact=fact, turns=tuple(turns[1:-1]))


def _with_options(question: str, options: list[str], answer: str) -> Candidate:
    """The multiple-choice pair, or, where the answer is none of the options, what was written, for a gate to refuse."""
    if made := choice(question, options, answer):
        return made
    lines = [f"{chr(ord('A') + index)}) {option}" for index, option in enumerate(_without_labels(options))]
    return Candidate("\n".join([question, *lines]), answer)


def choice(question: str, options: list[str], answer: str) -> Candidate | None:
    """A multiple-choice pair, or None where the answer is not one of the options.

    The options are put in an order that depends on the question only: left to themselves, models write the right one
    first.

    answer: the text of the right option, or its letter in the order given.
    """
    plain = _without_labels([option.strip() for option in options])
    folded = [_folded(option) for option in plain]
    label, letter = _OPTION.match(answer.strip()), _LETTER.match(answer)
    if _folded(answer) in folded:
        right = plain[folded.index(_folded(answer))]
    elif label and _folded(label["text"]) in folded:
        right = plain[folded.index(_folded(label["text"]))]
    elif letter and (index := ord(letter["letter"].upper()) - ord("A")) < len(plain):
        right = plain[index]
    else:
        return None
    if len(set(folded)) < len(folded):
        return None
    seed = int.from_bytes(hashlib.sha256(question.encode()).digest()[:8], "big")
    random.Random(seed).shuffle(plain)
    lines = [f"{chr(ord('A') + index)}) {option}" for index, option in enumerate(plain)]
    stem = _OPTION.split(question, maxsplit=1)[0].strip() or question
    return Candidate("\n".join([stem, *lines]), lines[plain.index(right)])


def _without_labels(options: list[str]) -> list[str]:
    """The options without "A)", "B)" ..., where all of them are labelled so: "C. elegans" alone is a name."""
    labels = [_OPTION.match(option) for option in options]
    if all(label and ord(label["letter"].upper()) - ord("A") == index for index, label in enumerate(labels)):
        return [label["text"].strip() for label in labels if label]
    return options


def _folded(text: str) -> str:
    return text.strip().casefold().rstrip(".")


def _tagged(text: str, is_cut: bool) -> list[Candidate]:
    """Pairs in lines that begin with Q: and A:, with or without options between them; a cut last one is left out."""
    text = _STRONG.sub("", text)
    tags = list(_TAG.finditer(text))
    candidates: list[Candidate] = []
    for tag, following in zip(tags, tags[1:]):
        if not (tag["q"] and following["a"]):
            continue
        question = text[tag.end() : following.start()].strip()
        rest = text[following.end() :]
        stop = _TAG.search(rest)
        answer = (rest[: stop.start()] if stop else rest).strip()
        if not question or not answer or (is_cut and stop is None):
            continue
        options = list(_OPTION.finditer(question))
        if len(options) > 1:
            stem = question[: options[0].start()].strip()
            candidates.append(_with_options(stem, [option["text"] for option in options], answer))
        else:
            candidates.append(Candidate(question, answer))
    return candidates
