"""Every setting, declared once: the forms, the command line, the files of a run and the docs derive from here.

The defaults are the four-phase recipe: chunks of 500 tokens with 50 overlap, knowledge with rank 32 at 3e-4,
behaviour with rank 16 at 2e-4.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.translation import _

_SINGULAR = {
    _("batches"): _("batch"), _("measurements"): _("measurement"), _("minutes"): _("minute"), _("pairs"): _("pair"),
    _("passes"): _("pass"), _("requests"): _("request"), _("seconds"): _("second"), _("texts"): _("text"),
    _("tokens"): _("token"), _("wordings"): _("wording"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a person may change.

    kind: "int", "float", "bool", "str" (one line), "text" (several lines) or "choice".
    unit: what the number counts, in the plural; empty where the label says it.
    group: the heading in a form; settings keep the order in which they are declared.
    """

    key: str
    kind: str
    default: Any
    label: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    group: str = ""
    is_advanced: bool = False
    choices: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        """The command-line spelling: ``--lora-rank``."""
        return "--" + self.key.replace("_", "-")

    def unit_of(self, value: float) -> str:
        """The unit as it is said with a value: “1 text”, “2 texts”."""
        return _SINGULAR.get(self.unit, self.unit) if value == 1 else self.unit

    def read(self, value: Any) -> Any:
        """The value in this setting's type, or a UserError that names the setting and its limits."""
        try:
            typed = self._typed(value)
        except (TypeError, ValueError):
            raise UserError(
                _("{label}: “{value}” is not {what}.").format(label=self.label, value=value, what=self._what())
            ) from None
        if self.kind == "choice" and typed not in self.choices:
            raise UserError(
                _("{label}: “{value}” is not one of {choices}.").format(
                    label=self.label, value=value, choices=", ".join(self.choices)
                )
            )
        below = self.minimum is not None and self.kind in ("int", "float") and typed < self.minimum
        above = self.maximum is not None and self.kind in ("int", "float") and typed > self.maximum
        if below or above:
            raise UserError(
                _("{label}: {value} is out of range. Choose a value from {minimum:g} to {maximum:g}.").format(
                    label=self.label, value=value, minimum=self.minimum, maximum=self.maximum
                )
            )
        return typed

    def _typed(self, value: Any) -> Any:
        if self.kind == "int":
            number = float(value)
            if isinstance(value, bool) or not number.is_integer():
                raise ValueError
            return int(number)
        if self.kind == "float":
            number = float(value)
            if isinstance(value, bool) or not math.isfinite(number):
                raise ValueError
            return number
        if self.kind == "bool":
            if isinstance(value, bool):
                return value
            if str(value).lower() in ("true", "yes", "on", "1"):
                return True
            if str(value).lower() in ("false", "no", "off", "0"):
                return False
            raise ValueError
        if not isinstance(value, str):
            raise ValueError
        return value

    def _what(self) -> str:
        return {"int": _("a whole number"), "float": _("a number"), "bool": _("yes or no")}.get(self.kind, _("text"))


def _training(epochs: int, rate: float, rank: int, is_checkpointing: bool, held_out: float, phase: str) -> list[Setting]:
    """The settings that both trainings share, with the help that the phase calls for."""
    is_cpt = phase == "cpt"
    learn, more, memory = _("Learning"), _("How it trains"), _("Memory")
    return [
        Setting(
            "epochs", "int", epochs, _("Epochs"),
            _("How often the model reads everything. 3 to 5 absorb knowledge; watch the loss on held-out text, which "
              "rises again when the model starts to learn by heart.")
            if is_cpt else
            _("How often the model sees every pair. 1 to 3 are enough; if it repeats the pairs word for word, use "
              "fewer, lower the learning rate to 1e-4, or add more varied pairs."),
            1, 1000, _("passes"), learn,
        ),
        Setting(
            "learning_rate", "float", rate, _("Learning rate (how fast it changes)"),
            _("3e-4 to 5e-4 suit knowledge: higher than in phase 4. If the loss jumps about, halve it.")
            if is_cpt else
            _("2e-4 to 3e-4 suit behaviour: lower than in phase 2. Use 1e-4 if the model overfits."),
            1e-7, 0.1, "", learn,
        ),
        Setting(
            "lora_rank", "int", rank, _("LoRA rank (room for new things)"),
            _("How much the adapter can hold. Knowledge needs more room (32) than behaviour (16).")
            if is_cpt else
            _("How much the adapter can hold. Behaviour needs less room (16) than knowledge (32)."),
            1, 1024, "", learn,
        ),
        Setting(
            "max_seq_length", "int", 2048, _("Longest text"),
            _("How much text the model sees at once. 1024 instead of 2048 needs less memory and is faster."),
            16, 131072, _("tokens"), learn,
        ),
        Setting(
            "batch_size", "int", 4, _("Batch (texts per step)"),
            _("How many texts are read before the model changes. Smaller needs less memory, and gives a small "
              "collection more steps to learn in."),
            1, 1024, _("texts"), learn,
        ),
        Setting(
            "gradient_checkpointing", "bool", is_checkpointing, _("Save memory by computing twice"),
            _("Gradient checkpointing: as many layers as the memory calls for are computed twice, which takes up to half as "
              "long again."),
            group=memory,
        ),
        Setting(
            "memory_limit_gb", "float", 0.0, _("Memory to use"),
            _("How much the training may take at most. 0: what is free. With less it computes less at once, and learns the "
              "same."),
            0.0, 100_000, _("GB"), memory, True,
        ),
        Setting(
            "gradient_accumulation", "int", 1, _("Batches per change"),
            _("Several batches count as one: the effect of a large batch with the memory of a small one."),
            1, 1024, _("batches"), memory, True,
        ),
        Setting(
            "lora_alpha", "int", 2 * rank, _("LoRA alpha (weight of the adapter)"),
            _("How strongly the adapter speaks: usually twice the rank."),
            1, 4096, "", more, True,
        ),
        Setting(
            "lora_dropout", "float", 0.0, _("LoRA dropout"),
            _("Leaves out a share of the adapter at random, against learning by heart. 0 is right for most."),
            0.0, 0.9, "", more, True,
        ),
        Setting(
            "target_layers", "choice", "all", _("What the adapter changes"),
            _("all: every linear layer, which is what knowledge needs. attention: only where words look at each other; "
              "smaller, and hardly able to take in facts. upper-half: all layers of the upper half; faster, and more of "
              "the old model stays."),
            group=more, is_advanced=True, choices=("all", "attention", "upper-half"),
        ),
        Setting(
            "scheduler", "choice", "cosine", _("Learning rate over time"),
            _("cosine falls gently to a tenth, linear evenly to zero, constant stays: cosine is right for most."),
            group=more, is_advanced=True, choices=("cosine", "linear", "constant"),
        ),
        Setting(
            "warmup_share", "float", 0.05, _("Warm-up"),
            _("The share of the steps in which the learning rate rises from zero."),
            0.0, 0.9, "", more, True,
        ),
        Setting(
            "weight_decay", "float", 0.01 if is_cpt else 0.0, _("Weight decay"),
            _("Pulls the adapter gently back to zero. Rarely worth a change."),
            0.0, 1.0, "", more, True,
        ),
        Setting(
            "validation_share", "float", held_out, _("Held-out share"),
            _("Text kept aside to measure what the model has understood and not only repeated. The model does not "
              "learn this text: 0 trains on everything and shows no held-out loss.")
            if is_cpt else
            _("Pairs kept aside to see whether the model overfits. 0 trains on every pair."),
            0.0, 0.5, "", more, True,
        ),
        Setting(
            "keep_best", "bool", not is_cpt, _("Keep the best moment"),
            _("The result is the adapter at the lowest held-out loss, not the last one. Off, because learning these very "
              "documents is the point: the last one knows them best.")
            if is_cpt else
            _("The result is the adapter at the lowest held-out loss, not the last one: what came after it was learning "
              "by heart."),
            group=more, is_advanced=True,
        ),
        Setting(
            "early_stopping", "int", 0 if is_cpt else 3, _("Stop when it no longer improves"),
            _("Ends the training when the held-out loss has not fallen for so many measurements. 0, recommended here, "
              "never stops early.")
            if is_cpt else
            _("Ends the training when the held-out loss has not fallen for so many measurements: it would only learn the "
              "pairs by heart. 0 never stops early."),
            0, 100, _("measurements"), more, True,
        ),
        Setting(
            "watch_forgetting", "bool", True, _("Watch what it forgets"),
            _("Measures from time to time, on a text about everyday things, whether the model loses what it could do "
              "before. It stops nothing."),
            group=more, is_advanced=True,
        ),
        Setting(
            "save_every_minutes", "float", 5.0, _("Save a checkpoint every"),
            _("After a crash or a power cut the run goes on from the last checkpoint."),
            0.05, 600, _("minutes"), more, True,
        ),
        Setting(
            "seed", "int", 42, _("Seed"),
            _("The same seed on the same machine gives the same model."),
            0, 2**31 - 1, "", more, True,
        ),
        Setting(
            "device", "choice", "auto", _("Compute on"),
            _("auto takes the graphics card where there is one."),
            group=more, is_advanced=True, choices=("auto", "cuda", "mps", "cpu"),
        ),
        Setting(
            "processes", "int", 1, _("Processes (one for each graphics card)"),
            _("They share out the texts of each step: the result is the same, sooner. Several need at least as many texts "
              "per step."),
            1, 64, "", more, True,
        ),
        Setting(
            "spread_base", "bool", False, _("Spread the base model over the cards"),
            _("For a base model that does not fit into one card: with several processes, each holds a part of its weights "
              "and they hand them to each other. Slower than a copy in each."),
            group=more, is_advanced=True,
        ),
    ]


PHASES: dict[str, list[Setting]] = {
    "ingest": [
        Setting(
            "chunk_size", "int", 500, _("Chunk size"),
            _("The longest chunk. 500 suits general text; shorter chunks suit short facts, longer ones long arguments."),
            16, 8192, _("tokens"), _("Chunks"),
        ),
        Setting(
            "chunk_overlap", "int", 50, _("Overlap"),
            _("How much of a chunk is repeated at the start of the next one, so that search finds what lies across "
              "the border. Training never reads it twice."),
            0, 4096, _("tokens"), _("Chunks"),
        ),
        Setting(
            "tokenizer", "str", "", _("Tokenizer"),
            _("Whose tokens are counted: a model folder or a Hugging Face name. Empty: the chosen base model's."),
            group=_("Chunks"), is_advanced=True,
        ),
        Setting(
            "splitter", "choice", "own", _("Splitter"),
            _("own cuts at headings, paragraphs and sentences with exact token counts; langchain is "
              "RecursiveCharacterTextSplitter."),
            group=_("Chunks"), is_advanced=True, choices=("own", "langchain"),
        ),
        Setting(
            "keep_repeats", "bool", False, _("Train on repeats too"),
            _("Chunks that say nearly the same as another one are found and shown. Only one of them is used for training, "
              "unless you decide otherwise, here for all or chunk by chunk."),
            group=_("Chunks"), is_advanced=True,
        ),
        Setting(
            "workers", "int", 0, _("Files at once"),
            _("How many files are read side by side. 0: as many as this computer has cores, four at most."),
            0, 64, _("files"), _("Reading"), True,
        ),
        Setting(
            "file_timeout_s", "float", 120.0, _("Give up after"),
            _("A file of which nothing more can be read for so long is given up, and the others go on."),
            1.0, 86400.0, _("seconds"), _("Reading"), True,
        ),
        Setting(
            "file_memory_mb", "int", 2048, _("Memory for one file"),
            _("A file that needs more to be read is given up, and the others go on."),
            128, 1_048_576, _("MB"), _("Reading"), True,
        ),
    ],
    "cpt": [
        *_training(3, 3e-4, 32, False, 0.05, "cpt"),
        Setting(
            "wordings", "int", 1, _("Wordings of every statement"),
            _("1 reads the documents as they are. With more, the built-in provider retells every statement in other "
              "words: a model that met a fact in several wordings can be asked for it."),
            1, 64, _("wordings"), _("Text"),
        ),
        Setting(
            "replay_share", "float", 0.0, _("Replay share"),
            _("The share of the training text that the base model writes itself, so that it does not forget what it "
              "could do. 0.25 to 0.5 help small collections."),
            0.0, 0.9, "", _("Text"),
        ),
    ],
    "sft": _training(2, 2e-4, 16, True, 0.1, "sft"),
    "generate": [
        Setting(
            "provider", "choice", "ollama", _("Provider"),
            _("Who writes the questions and answers. With openrouter the chunks leave this machine; ollama, llama-cpp "
              "and built-in keep them here. A better model writes better pairs."),
            group=_("Provider"), choices=("ollama", "openrouter", "openai-compatible", "llama-cpp", "built-in"),
        ),
        Setting(
            "model", "str", "", _("Model"),
            _("The model's name at the provider, or a GGUF file for llama-cpp."), group=_("Provider"),
        ),
        Setting(
            "url", "str", "", _("Address"),
            _("Where the server listens. Empty: the provider's usual address."), group=_("Provider"),
            is_advanced=True,
        ),
        Setting(
            "style", "choice", "factual", _("Style"),
            _("How the questions are asked. Match it to the people who will ask the model."), group=_("Questions"),
            choices=(
                "factual", "conversational", "socratic", "problem-solving", "multiple-choice", "wrong-premise",
                "not-in-documents", "comparison",
            ),
        ),
        Setting(
            "mix", "str", "", _("Mix of styles"),
            _("Several styles in one run, each with its share of the pairs: factual 3, conversational 1. Empty: the one style."),
            group=_("Questions"),
        ),
        Setting(
            "audience", "str", "", _("Audience"),
            _("Who asks, for instance “7th graders”; several, with semicolons between them, take turns. Empty: anybody."),
            group=_("Questions"),
        ),
        Setting(
            "difficulty", "choice", "any", _("Difficulty"),
            _("How hard the questions are. mixed takes easy, medium and hard ones by turns."), group=_("Questions"),
            choices=("any", "easy", "medium", "hard", "mixed"), is_advanced=True,
        ),
        Setting(
            "pairs", "int", 100, _("Pairs"),
            _("How many pairs to make in all, spread evenly over the chunks. 50 to 100 good ones beat 500 bad ones."),
            1, 1_000_000, _("pairs"), _("Questions"),
        ),
        Setting(
            "pairs_per_chunk", "int", 3, _("Pairs per request"),
            _("How many pairs the provider is asked for in one request about one chunk, at most."),
            1, 50, _("pairs"), _("Questions"), True,
        ),
        Setting(
            "temperature", "float", 0.7, _("Temperature (how freely it writes)"),
            _("0.5 to 0.7 keep to the text; 0.9 is livelier and less reliable."), 0.0, 2.0, "", _("Questions"),
        ),
        Setting(
            "language", "str", "", _("Language"),
            _("The language of the pairs. Empty: that of the chunk."), group=_("Questions"), is_advanced=True,
        ),
        Setting(
            "system_prompt", "text", "", _("System prompt"),
            _("Who the provider is to be. Examples of good pairs improve the result most. Empty: ours."),
            group=_("Prompts"), is_advanced=True,
        ),
        Setting(
            "prompt", "text", "", _("Prompt"),
            _("What is asked about each chunk. Empty: the style's own prompt."), group=_("Prompts"), is_advanced=True,
        ),
        Setting(
            "context_tokens", "int", 8192, _("Context window"),
            _("How much the provider's model reads at once. Too small a window cuts the prompt."),
            512, 1_048_576, _("tokens"), _("Provider"), True,
        ),
        Setting(
            "answer_tokens", "int", 1024, _("Longest reply"),
            _("Where the provider's reply is cut."), 16, 65536, _("tokens"), _("Provider"), True,
        ),
        Setting(
            "timeout_s", "float", 180.0, _("Wait at most"),
            _("How long one reply may take before the request is tried again."), 1.0, 7200.0, _("seconds"),
            _("Provider"), True,
        ),
        Setting(
            "workers", "int", 0, _("Requests at once"),
            _("0 learns how many the provider answers fastest, and slows down when it says so."), 0, 64,
            _("requests"), _("Provider"), True,
        ),
        Setting(
            "budget", "float", 0.0, _("Spend at most"),
            _("Stops before a request could go over this, where the provider has prices. 0: no limit."), 0.0, 100_000.0,
            _("US dollars"), _("Provider"), True,
        ),
        Setting(
            "facts_first", "bool", True, _("Facts first"),
            _("Finds what each chunk states before it asks about it, one request more for a chunk: every fact gets its "
              "turn, and a pair must rest on one."), group=_("Questions"), is_advanced=True,
        ),
        Setting(
            "small_model", "choice", "auto", _("Small model"),
            _("A model below four billion parameters writes one question about one sentence at a time. auto sees it by "
              "its name or file."), group=_("Provider"), choices=("auto", "on", "off"), is_advanced=True,
        ),
        Setting(
            "judge", "bool", False, _("A judge reads every pair"),
            _("Asks once more for each pair whether the chunk says so; what it denies is put aside with its reason."),
            group=_("Questions"), is_advanced=True,
        ),
        Setting(
            "judge_model", "str", "", _("The judge's model"),
            _("Another model of the same provider judges better. Empty: the same."), group=_("Questions"),
            is_advanced=True,
        ),
        Setting("seed", "int", 42, _("Seed"), _("The same seed makes the same choices."), 0, 2**31 - 1, "",
                _("Questions"), True),
    ],
    "export": [
        Setting(
            "format", "choice", "safetensors", _("Format"),
            _("safetensors for Hugging Face tools; gguf for Ollama, LM Studio and llama.cpp."),
            group=_("Export"), choices=("safetensors", "gguf"),
        ),
        Setting(
            "quantization", "choice", "Q4_K_M", _("Quantization (how small)"),
            _("Q4_K_M is small and good for most models; Q8_0 is nearly exact; F16 is exact and large."),
            group=_("Export"), choices=("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "Q4_0", "F16", "BF16", "F32"),
        ),
    ],
    "chat": [
        Setting("temperature", "float", 0.0, _("Temperature (how freely it writes)"),
                _("0 gives the same answer every time; 0.7 varies."), 0.0, 2.0),
        Setting("answer_tokens", "int", 256, _("Longest answer"), _("Where an answer is cut."), 1, 8192, _("tokens")),
        Setting("system_prompt", "text", "", _("System prompt"), _("Who the model is to be. Empty: nobody in particular."),
                is_advanced=True),
    ],
}


def plain(value: Any) -> str:
    """A value as people write it: 3e-4, 0.05, yes."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if not isinstance(value, float):
        return str(value)
    if value and abs(value) < 0.001:
        mantissa, exponent = f"{value:.5e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.6g}"


def declared(phase: str, key: str) -> Setting:
    """The declaration of one setting."""
    return next(setting for setting in PHASES[phase] if setting.key == key)


def defaults(phase: str) -> dict[str, Any]:
    """Every setting of a phase with its default."""
    return {setting.key: setting.default for setting in PHASES[phase]}


def check(phase: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a phase, complete and typed; keys of other phases or of the job itself are left out.

    Raises:
        UserError: a value has the wrong type, is out of range, or two values contradict each other.
    """
    checked = {
        setting.key: setting.read(values[setting.key]) if values.get(setting.key) is not None else setting.default
        for setting in PHASES[phase]
    }
    if phase == "ingest" and checked["chunk_overlap"] >= checked["chunk_size"]:
        raise UserError(
            _("The overlap ({overlap} tokens) must be smaller than the chunk size ({size} tokens).").format(
                overlap=checked["chunk_overlap"], size=checked["chunk_size"]
            )
        )
    return checked


def add_options(parser: argparse.ArgumentParser, phase: str, *, without: tuple[str, ...] = ()) -> None:
    """Give a command one option for every setting of a phase; what is not given stays None."""
    for setting in PHASES[phase]:
        if setting.key in without:
            continue
        shown = setting.help.replace("%", "%%")
        if setting.kind == "bool":
            parser.add_argument(setting.option, action=argparse.BooleanOptionalAction, default=None, help=shown)
        elif setting.kind == "choice":
            parser.add_argument(
                setting.option, choices=setting.choices, default=None,
                help=_("{help} Default: {value}.").format(help=shown, value=setting.default),
            )
        else:
            default = f"{setting.default:g}" if setting.kind in ("int", "float") else setting.default
            parser.add_argument(
                setting.option, default=None, metavar=setting.kind.upper(),
                help=_("{help} Default: {value}.").format(help=shown, value=default) if default else shown,
            )


def from_options(phase: str, options: argparse.Namespace, *, is_complete: bool = True) -> dict[str, Any]:
    """What the command line said of a phase, checked; filled with the defaults, or only what was said."""
    given = {
        setting.key: value for setting in PHASES[phase] if (value := getattr(options, setting.key, None)) is not None
    }
    checked = check(phase, given)
    return checked if is_complete else {key: checked[key] for key in given}
