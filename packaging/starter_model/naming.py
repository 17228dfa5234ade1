"""Invented names from syllables: a space far too large to be memorised, so a model has to copy what it reads."""

from __future__ import annotations

import random

from vocabulary import ANIMAL_WORDS, CREATURES, FIRST_NAMES, GROWTHS, LAST_NAMES, NAME_WORDS, THINGS

ONSETS = tuple(
    ["b", "b", "br", "c", "ch", "d", "d", "dr", "f", "f", "fl", "g", "g", "gl", "gr", "h", "h", "j", "k", "kl", "kr", "l", "l", "m", "m", "n", "n", "p", "p", "pl", "pr", "qu", "r", "r", "s", "s", "sh", "sk", "sl", "sn", "st", "sv", "t", "t", "th", "tr", "v", "v", "w", "w", "y", "z"]
)
VOWELS = tuple(["a", "a", "a", "a", "e", "e", "e", "e", "e", "i", "i", "i", "o", "o", "o", "o", "u", "u", "y", "ai", "ea", "ee", "ie", "oa", "oo", "ou"])
CODAS = tuple(["b", "ck", "d", "f", "g", "k", "l", "l", "ll", "ld", "lm", "m", "m", "n", "n", "n", "nd", "ng", "nn", "nt", "p", "r", "r", "r", "rd", "rk", "rl", "rm", "rn", "rr", "rt", "s", "sk", "ss", "st", "t", "th", "z", "sh", "ft"])
ENDINGS = tuple(
    ["a", "o", "e", "en", "er", "in", "on", "us", "ia", "ina", "ova", "berg", "by", "dale", "den", "ey", "field", "ford", "gate", "ham", "haven", "holm", "ik", "land", "ley", "mar", "mere", "moor", "mouth", "or", "port", "rik", "row", "sen", "stad", "stead", "stone", "ton", "vale", "vik", "wick", "wood", "worth", "ach", "el", "et", "il", "ow", "um", "yr", "ane", "ell", "ett", "ock", "ish"]
)


def invent_word(rng: random.Random) -> str:
    """One capitalised invented word of one to three syllables and an optional ending."""
    syllables = rng.choices((1, 2, 3), weights=(8, 8, 1))[0]
    word = ""
    for index in range(syllables):
        onset = rng.choice(ONSETS) if index or rng.random() < 0.85 else ""
        word += onset + rng.choice(VOWELS) + (rng.choice(CODAS) if rng.random() < (0.6 if index == syllables - 1 else 0.3) else "")
    if syllables == 1 and rng.random() < 0.75:
        word += rng.choice(ENDINGS)
    if len(word) < 4:
        word += rng.choice(ENDINGS)
    return word.capitalize()


def invent_person(rng: random.Random) -> str:
    """A first and a last name, at times with a title or a middle initial."""
    draw = rng.random()
    first = rng.choice(FIRST_NAMES) if draw < 0.6 else invent_word(rng)
    last = rng.choice(LAST_NAMES) if rng.random() < 0.2 else invent_word(rng)
    name = f"{first} {last}"
    draw = rng.random()
    if draw < 0.08:
        return f"{rng.choice(('Captain', 'Doctor', 'Professor', 'Sister', 'Judge', 'Lady', 'Master'))} {name}"
    if draw < 0.12:
        return f"{name} the {rng.choice(('Elder', 'Younger', 'Brave', 'Tall', 'Silent'))}"
    return name


def invent_place(rng: random.Random) -> str:
    """A name of a town, an island or a river."""
    draw = rng.random()
    if draw < 0.12:
        return f"{rng.choice(NAME_WORDS)} {invent_word(rng)}"
    if draw < 0.18:
        return f"{invent_word(rng)} {rng.choice(('Bay', 'Point', 'Cross', 'Hill', 'Sound', 'Heath'))}"
    return invent_word(rng)


def invent_landmark(rng: random.Random, noun: str) -> str:
    """A building or thing with its kind in the name: 'the Velm lighthouse', 'the Copper Bridge', 'the lighthouse of Velm'."""
    draw = rng.random()
    if draw < 0.35:
        return f"the {invent_word(rng)} {noun}"
    if draw < 0.50:
        return f"the {rng.choice(THINGS)} {noun.title()}"
    if draw < 0.62:
        return f"the {rng.choice(NAME_WORDS)} {noun.title()}"
    if draw < 0.72:
        return f"the {rng.choice(NAME_WORDS)} {invent_word(rng)} {noun}"
    if draw < 0.86:
        return f"the {noun} of {invent_place(rng)}"
    if draw < 0.93:
        return f"the {invent_word(rng)}-{invent_word(rng)} {noun}"
    return f"{invent_word(rng)} {noun.title()}"


def invent_species(rng: random.Random, is_plant: bool = False) -> str:
    """A common noun for an animal or a plant: 'the marsh tolver', 'the candle stork'."""
    draw = rng.random()
    if draw < 0.3:
        return f"the {rng.choice(THINGS).lower()} {rng.choice(GROWTHS if is_plant else CREATURES)}"
    if draw < 0.45:
        return f"the {invent_word(rng)} {rng.choice(GROWTHS if is_plant else CREATURES)}"
    word = invent_word(rng).lower()
    return f"the {rng.choice(ANIMAL_WORDS)} {word}" if rng.random() < 0.6 else f"the {word}"


def invent_title(rng: random.Random) -> str:
    """A name that carries no kind: a ship, a book, a machine with a proper name."""
    draw = rng.random()
    if draw < 0.5:
        return f"the {invent_word(rng)}"
    if draw < 0.65:
        return f"the {rng.choice(NAME_WORDS)} {rng.choice(THINGS)}"
    if draw < 0.8:
        return f"the {rng.choice(NAME_WORDS)} {invent_word(rng)}"
    return f"the {invent_word(rng)} {rng.choice(('Star', 'Maiden', 'Wind', 'Lantern', 'Heron', 'Crown'))}"
