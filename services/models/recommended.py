"""Small models that are good to start from: one row each, as their cards at the hub described them.

Only text models whose architecture transformers knows by itself, so that none of their own code is needed.
"""

from __future__ import annotations

import math

from services.models.card import BASE, INSTRUCT, ModelCard, Shape
from services.models.demand import Room, judge
from services.translation import _

AS_OF = "2025-10"  # year and month of the cards that the table was written from

_MANY = {"qwen3": _("119 languages"), "qwen2": _("29 languages"), "phi3": _("23 languages"), "llama": _("8 languages")}
_ENGLISH, _ENGLISH_FIRST = _("English"), _("English first")
_SIX = _("6 languages")
_IDEAL = {"cpu": 0.6e9, "mps": 1.7e9, "cuda": 4e9}  # parameters; more are not worth the wait there


def _row(
    name: str, kind: str, licence: str, languages: str, context: int, model_type: str, stored: int, shape: Shape,
    is_gated: bool = False,
) -> ModelCard:  # fmt: skip
    """stored: values in the files, two bytes each; more than the parameters where tied embeddings are stored twice."""
    return ModelCard(
        name, kind, shape.parameters, 2 * stored, licence, languages, context, model_type, is_gated, shape=shape
    )


_QWEN3_06 = Shape(596_049_920, 28, 1024, 3072, 16, 8, 128, 151_936)
_QWEN3_17 = Shape(1_720_574_976, 28, 2048, 6144, 16, 8, 128, 151_936)
_QWEN3_4 = Shape(4_022_468_096, 36, 2560, 9728, 32, 8, 128, 151_936)
_QWEN25_05 = Shape(494_032_768, 24, 896, 4864, 14, 2, 64, 151_936)
_QWEN25_15 = Shape(1_543_714_304, 28, 1536, 8960, 12, 2, 128, 151_936)
_QWEN25_3 = Shape(3_085_938_688, 36, 2048, 11_008, 16, 2, 128, 151_936)
_QWEN25_7 = Shape(7_615_616_512, 28, 3584, 18_944, 28, 4, 128, 152_064)
_LLAMA_1 = Shape(1_235_814_400, 16, 2048, 8192, 32, 8, 64, 128_256)
_LLAMA_3 = Shape(3_212_749_824, 28, 3072, 8192, 24, 8, 128, 128_256)
_GEMMA_1 = Shape(999_885_952, 26, 1152, 6912, 4, 1, 256, 262_144)
_SMOL_135 = Shape(134_515_008, 30, 576, 1536, 9, 3, 64, 49_152)
_SMOL_360 = Shape(361_821_120, 32, 960, 2560, 15, 5, 64, 49_152)
_SMOL_17 = Shape(1_711_376_384, 24, 2048, 8192, 32, 32, 64, 49_152)
_SMOL3 = Shape(3_075_098_624, 36, 2048, 11_008, 16, 4, 128, 128_256)
_PHI4 = Shape(3_836_021_760, 32, 3072, 8192, 24, 8, 128, 200_064)
_MISTRAL = Shape(7_248_023_552, 32, 4096, 14_336, 32, 8, 128, 32_768)

RECOMMENDED = {
    row.name: row
    for row in (
        _row("Qwen/Qwen3-0.6B-Base", BASE, "apache-2.0", _MANY["qwen3"], 32_768, "qwen3", 596_049_920, _QWEN3_06),
        _row("Qwen/Qwen3-0.6B", INSTRUCT, "apache-2.0", _MANY["qwen3"], 40_960, "qwen3", 751_632_384, _QWEN3_06),
        _row("Qwen/Qwen3-1.7B-Base", BASE, "apache-2.0", _MANY["qwen3"], 32_768, "qwen3", 1_720_574_976, _QWEN3_17),
        _row("Qwen/Qwen3-1.7B", INSTRUCT, "apache-2.0", _MANY["qwen3"], 40_960, "qwen3", 2_031_739_904, _QWEN3_17),
        _row("Qwen/Qwen3-4B-Base", BASE, "apache-2.0", _MANY["qwen3"], 32_768, "qwen3", 4_022_468_096, _QWEN3_4),
        _row("Qwen/Qwen3-4B-Instruct-2507", INSTRUCT, "apache-2.0", _MANY["qwen3"], 262_144, "qwen3", 4_022_468_096, _QWEN3_4),
        _row("Qwen/Qwen2.5-0.5B", BASE, "apache-2.0", _MANY["qwen2"], 32_768, "qwen2", 494_032_768, _QWEN25_05),
        _row("Qwen/Qwen2.5-0.5B-Instruct", INSTRUCT, "apache-2.0", _MANY["qwen2"], 32_768, "qwen2", 494_032_768, _QWEN25_05),
        _row("Qwen/Qwen2.5-1.5B", BASE, "apache-2.0", _MANY["qwen2"], 32_768, "qwen2", 1_543_714_304, _QWEN25_15),
        _row("Qwen/Qwen2.5-1.5B-Instruct", INSTRUCT, "apache-2.0", _MANY["qwen2"], 32_768, "qwen2", 1_543_714_304, _QWEN25_15),
        _row("Qwen/Qwen2.5-3B", BASE, "qwen-research", _MANY["qwen2"], 32_768, "qwen2", 3_085_938_688, _QWEN25_3),
        _row("Qwen/Qwen2.5-7B", BASE, "apache-2.0", _MANY["qwen2"], 131_072, "qwen2", 7_615_616_512, _QWEN25_7),
        _row("meta-llama/Llama-3.2-1B", BASE, "llama3.2", _MANY["llama"], 131_072, "llama", 1_235_814_400, _LLAMA_1, True),
        _row("meta-llama/Llama-3.2-1B-Instruct", INSTRUCT, "llama3.2", _MANY["llama"], 131_072, "llama", 1_235_814_400, _LLAMA_1, True),
        _row("meta-llama/Llama-3.2-3B", BASE, "llama3.2", _MANY["llama"], 131_072, "llama", 3_212_749_824, _LLAMA_3, True),
        _row("meta-llama/Llama-3.2-3B-Instruct", INSTRUCT, "llama3.2", _MANY["llama"], 131_072, "llama", 3_212_749_824, _LLAMA_3, True),
        _row("google/gemma-3-1b-pt", BASE, "gemma", _ENGLISH_FIRST, 32_768, "gemma3_text", 999_885_952, _GEMMA_1, True),
        _row("google/gemma-3-1b-it", INSTRUCT, "gemma", _ENGLISH_FIRST, 32_768, "gemma3_text", 999_885_952, _GEMMA_1, True),
        _row("HuggingFaceTB/SmolLM2-135M", BASE, "apache-2.0", _ENGLISH, 8_192, "llama", 134_515_008, _SMOL_135),
        _row("HuggingFaceTB/SmolLM2-360M", BASE, "apache-2.0", _ENGLISH, 8_192, "llama", 361_821_120, _SMOL_360),
        _row("HuggingFaceTB/SmolLM2-360M-Instruct", INSTRUCT, "apache-2.0", _ENGLISH, 8_192, "llama", 361_821_120, _SMOL_360),
        _row("HuggingFaceTB/SmolLM2-1.7B", BASE, "apache-2.0", _ENGLISH, 8_192, "llama", 1_711_376_384, _SMOL_17),
        _row("HuggingFaceTB/SmolLM3-3B-Base", BASE, "apache-2.0", _SIX, 65_536, "smollm3", 3_075_098_624, _SMOL3),
        _row("microsoft/Phi-4-mini-instruct", INSTRUCT, "mit", _MANY["phi3"], 131_072, "phi3", 3_836_021_760, _PHI4),
        _row("mistralai/Mistral-7B-v0.3", BASE, "apache-2.0", _ENGLISH_FIRST, 32_768, "mistral", 7_248_023_552, _MISTRAL),
        _row("mistralai/Mistral-7B-Instruct-v0.3", INSTRUCT, "apache-2.0", _ENGLISH_FIRST, 32_768, "mistral", 7_248_023_552, _MISTRAL),
    )
}  # fmt: skip


def recommend(room: Room) -> list[ModelCard]:
    """The table, best first for a machine: what fits and comes nearest to the size that is worth the wait there."""

    def rank(card: ModelCard) -> tuple[int, float]:
        return judge(card, room).rank, round(abs(math.log(card.parameters / _IDEAL[room.device])), 1)

    return sorted(RECOMMENDED.values(), key=rank)
