"""Languages as a person writes them down, and their codes."""

from __future__ import annotations

from services.sft_data.word import fold

_NAMES = {
    "en": "english englisch anglais ingles inglese", "de": "german deutsch allemand aleman tedesco",
    "fr": "french franzosisch francais frances francese", "es": "spanish spanisch espanol castellano espagnol spagnolo",
    "it": "italian italienisch italiano italien", "pt": "portuguese portugiesisch portugues", "nl": "dutch niederlandisch nederlands",
    "pl": "polish polnisch polski", "cs": "czech tschechisch cestina", "sv": "swedish schwedisch svenska",
    "da": "danish danisch dansk", "no": "norwegian norwegisch norsk", "fi": "finnish finnisch suomi",
    "hu": "hungarian ungarisch magyar", "ro": "romanian rumanisch romana", "tr": "turkish turkisch turkce",
    "ru": "russian russisch русскии", "uk": "ukrainian ukrainisch украінська", "el": "greek griechisch ελληνικα",
    "ja": "japanese japanisch 日本語", "zh": "chinese chinesisch 中文", "ko": "korean koreanisch", "ar": "arabic arabisch",
}  # fmt: skip
_CODE_OF = {name: code for code, names in _NAMES.items() for name in (code, *names.split())}


def code_of(name: str) -> str:
    """The ISO 639-1 code of a language; "" where the name is empty, unknown, or more than a name ("simple words")."""
    return _CODE_OF.get(fold(name), "")
