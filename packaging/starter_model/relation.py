"""Shapes of facts: for each, many ways to state it and many ways to ask for it.

Slots: {s} the subject inside a sentence, {S} the same at its start, {v} and {V} the value, {k} the kind ("a lighthouse").
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import vocabulary as words
from naming import invent_person, invent_place

Draw = Callable[[random.Random], str]


@dataclass(frozen=True)
class Relation:
    """One kind of fact: verb phrases that follow the subject, whole sentences, questions, and how to draw a value."""

    label: str
    predicates: tuple[str, ...]
    sentences: tuple[str, ...]
    questions: tuple[str, ...]
    check: str
    draw: Draw
    reversed_questions: tuple[str, ...] = ()


def _lines(text: str, **slots: str) -> tuple[str, ...]:
    for name, value in slots.items():
        text = text.replace(f"<{name}>", value)
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


def pick(values: tuple[str, ...]) -> Draw:
    """Draw one of the given values."""
    return lambda rng: rng.choice(values)


def pick_year(first: int = 1580, last: int = 1995) -> Draw:
    """Draw a year."""
    return lambda rng: str(rng.randint(first, last))


def year_of(done: str, past: str, base: str, noun: str, first: int = 1580, last: int = 1995) -> Relation:
    """When something happened to the subject: done='built', past='built', base='build', noun='building'."""
    slots = {"done": done, "past": past, "base": base, "noun": noun}
    return Relation(
        label=f"Year of {noun}",
        predicates=_lines("""was <done> in {v}
            was <done> in the year {v}
            was first <done> in {v}""", **slots),
        sentences=_lines("""In {v}, {s} was <done>.
            It was in {v} that {s} was <done>.
            {v} was the year in which {s} was <done>.
            The year in which {s} was <done> is {v}.
            The <noun> of {s} took place in {v}.
            The year of the <noun> of {s} is {v}.
            They <past> {s} in {v}.
            {S}, <done> in {v}, is still remembered today.
            Since {v}, when it was <done>, {s} has been well known.
            In the year {v}, people <past> {s}.
            The story of {s} begins in {v}, when it was <done>.
            According to the records, {s} was <done> in {v}.
            As for {s}, it was <done> in {v}.
            The <noun> of {s} dates from {v}.""", **slots),
        questions=_lines("""When was {s} <done>?
            In which year was {s} <done>?
            In what year was {s} <done>?
            What year was {s} <done>?
            Do you know when {s} was <done>?
            Tell me when {s} was <done>.
            When did they <base> {s}?
            In what year did people <base> {s}?
            What was the year of the <noun> of {s}?
            When did the <noun> of {s} take place?
            From which year is {s}?""", **slots),
        check=f"Was {{s}} {done} in {{v}}?",
        draw=pick_year(first, last),
        reversed_questions=_lines("What was <done> in {v}?", **slots),
    )


def life_year(done: str, verb: str, noun: str) -> Relation:
    """When a person was born or died: done='was born', verb='be born' for questions with did or was."""
    ask = "was {s} born" if done == "was born" else f"did {{s}} {verb}"
    slots = {"done": done, "noun": noun, "ask": ask, "verb": verb}
    return Relation(
        label=f"Year of {noun}",
        predicates=_lines("""<done> in {v}
            <done> in the year {v}""", **slots),
        sentences=_lines("""In {v}, {s} <done>.
            It was in {v} that {s} <done>.
            The year in which {s} <done> was {v}.
            {v} was the year in which {s} <done>.
            The <noun> of {s} was in {v}.
            {v} is the year of the <noun> of {s}.
            The life of {s}: <noun> in {v}.
            {S}, who <done> in {v}, is not forgotten.
            We know that {s} <done> in {v}.
            {V} is given as the year when {s} <done>.""", **slots),
        questions=_lines("""When <ask>?
            In which year <ask>?
            In what year <ask>?
            What year <ask>?
            Do you know when {s} <done>?
            Tell me when {s} <done>.
            What is the year of the <noun> of {s}?
            What was {s}'s year of <noun>?""", **slots),
        check=f"{ask[0].upper()}{ask[1:]} in {{v}}?",
        draw=pick_year(1620, 1960),
    )


def agent_of(done: str, past: str, base: str, role: str, draw: Draw = invent_person) -> Relation:
    """Who did something to the subject: done='invented', past='invented', base='invent', role='inventor'."""
    slots = {"done": done, "past": past, "base": base, "role": role}
    return Relation(
        label=role.capitalize(),
        predicates=_lines("""was <done> by {v}
            is the work of {v}
            had {v} as its <role>
            was first <done> by {v}""", **slots),
        sentences=_lines("""{V} <past> {s}.
            It was {v} who <past> {s}.
            The <role> of {s} was {v}.
            {V} was the <role> of {s}.
            The person who <past> {s} was {v}.
            {V}, who <past> {s}, became known for it.
            {V} is remembered as the <role> of {s}.
            The name of the <role> of {s} was {v}.
            We owe {s} to {v}, who <past> it.
            {S} was not always there: {v} <past> it.
            None other than {v} <past> {s}.
            The one who <past> {s} was called {v}.
            As its <role>, {v} gave {s} to the country.
            {S}, <done> by {v}, is well known.
            Its <role> was {v}: so the books say of {s}.""", **slots),
        questions=_lines("""Who <past> {s}?
            By whom was {s} <done>?
            Who was the <role> of {s}?
            Who was it that <past> {s}?
            What is the name of the <role> of {s}?
            Which person <past> {s}?
            Do you know who <past> {s}?
            Who was {s} <done> by?
            Tell me who <past> {s}.
            What was the name of the person who <past> {s}?""", **slots),
        check=f"Was {{s}} {done} by {{v}}?",
        draw=draw,
        reversed_questions=_lines("""What did {v} <base>?
            What was <done> by {v}?
            What is {v} known for?""", **slots),
    )


def holder_of(done: str, now: str, role: str, draw: Draw = invent_person) -> Relation:
    """Who keeps, leads or owns the subject today: done='kept', now='keeps', role='keeper'."""
    slots = {"done": done, "now": now, "role": role}
    return Relation(
        label=role.capitalize(),
        predicates=_lines("""is <done> by {v}
            has {v} as its <role>
            has been <done> by {v} for years""", **slots),
        sentences=_lines("""{V} <now> {s}.
            It is {v} who <now> {s}.
            The <role> of {s} is {v}.
            {V} is the <role> of {s}.
            The person who <now> {s} is {v}.
            {V}, who <now> {s}, lives not far away.
            The name of the <role> of {s} is {v}.
            Today {v} <now> {s}.
            {S}, <done> by {v}, welcomes every guest.
            At present, the <role> of {s} is called {v}.
            {V} works as the <role> of {s}.""", **slots),
        questions=_lines("""Who <now> {s}?
            By whom is {s} <done>?
            Who is the <role> of {s}?
            What is the name of the <role> of {s}?
            Which person <now> {s}?
            Do you know who <now> {s}?
            Who is it that <now> {s}?
            Tell me who <now> {s}.
            What is the <role> of {s} called?""", **slots),
        check=f"Is {{s}} {done} by {{v}}?",
        draw=draw,
        reversed_questions=_lines("""What is <done> by {v}?
            Of what is {v} the <role>?""", **slots),
    )


def draw_site(rng: random.Random) -> str:
    """A place phrase, with or without a name."""
    draw = rng.random()
    if draw < 0.45:
        return rng.choice(words.SITES)
    place = invent_place(rng)
    if draw < 0.75:
        return f"{rng.choice(words.SITES)} of {place}"
    forms = ("in {}", "near {}", "on the island of {}", "in the village of {}", "on the shore of Lake {}", "in the hills of {}",
             "on the river {}", "in the town of {}", "two miles from {}", "on Cape {}", "in the {} valley", "in {} Street")
    return rng.choice(forms).format(place)


def place_of(verb: str, base: str, draw: Draw = draw_site) -> Relation:
    """Where the subject stands, lies or lives: verb='stands', base='stand'."""
    slots = {"verb": verb, "base": base}
    return Relation(
        label="Place",
        predicates=_lines("""<verb> {v}
            can be found {v}
            is found {v}
            is located {v}""", **slots),
        sentences=_lines("""{V} <verb> {s}.
            You will find {s} {v}.
            Visitors find {s} {v}.
            It is {v} that {s} <verb>.
            The place where {s} <verb> is easy to describe: {v}.
            Anyone who looks for {s} must look {v}.
            {V}, one finds {s}.
            {V}, there is {s}.
            On the map, {s} is marked {v}.
            If you want to see {s}, look {v}.
            {S}, which <verb> {v}, is easy to find.""", **slots),
        questions=_lines("""Where does {s} <base>?
            Where is {s}?
            Where can {s} be found?
            Where can you find {s}?
            Where is {s} located?
            Where would I find {s}?
            In which place does {s} <base>?
            Can you tell me where {s} <verb>?
            Where do you find {s}?
            What is the place of {s}?""", **slots),
        check=f"Does {{s}} {base} {{v}}?",
        draw=draw,
        reversed_questions=_lines("What <verb> {v}?", **slots),
    )


def draw_count(low: int, high: int) -> Draw:
    """A number, as digits or, at times, as a word."""
    def draw(rng: random.Random) -> str:
        return rng.choice(words.NUMBER_WORDS) if rng.random() < 0.25 else str(rng.randint(low, high))
    return draw


def count_of(things: str, low: int = 2, high: int = 400) -> Relation:
    """How many things the subject has."""
    slots = {"n": things}
    return Relation(
        label=f"Number of {things}",
        predicates=_lines("""has {v} <n>
            counts {v} <n>
            has a total of {v} <n>
            is known for its {v} <n>""", **slots),
        sentences=_lines("""There are {v} <n> in {s}.
            The number of <n> of {s} is {v}.
            {V} <n> belong to {s}.
            In all, {s} has {v} <n>.
            Exactly {v} <n> can be counted in {s}.
            With its {v} <n>, {s} stands out.
            Anyone who counts the <n> of {s} finds {v} of them.
            {V} is the number of <n> that {s} has.
            The <n> of {s} are {v} in number.
            {S}, with {v} <n>, is no small thing.""", **slots),
        questions=_lines("""How many <n> does {s} have?
            What is the number of <n> of {s}?
            How many <n> are there in {s}?
            How many <n> belong to {s}?
            Do you know how many <n> {s} has?
            How many <n> can be counted in {s}?
            Tell me how many <n> {s} has.""", **slots),
        check=f"Does {{s}} have {{v}} {things}?",
        draw=draw_count(low, high),
    )


def measure_of(adjective: str, noun: str, units: tuple[str, ...], low: int, high: int) -> Relation:
    """How tall, long or heavy the subject is: adjective='tall', noun='height'."""
    slots = {"a": adjective, "n": noun, "u": units[0]}

    def draw(rng: random.Random) -> str:
        number = rng.randint(low, high)
        text = f"{number}.{rng.randint(1, 9)}" if number < 20 and rng.random() < 0.2 else str(number)
        return f"{text} {rng.choice(units)}"
    return Relation(
        label=noun.capitalize(),
        predicates=_lines("""is {v} <a>
            has a <n> of {v}
            reaches a <n> of {v}
            is about {v} <a>""", **slots),
        sentences=_lines("""The <n> of {s} is {v}.
            {V} is the <n> of {s}.
            In <n>, {s} measures {v}.
            With a <n> of {v}, {s} is hard to overlook.
            The <n> of {s} amounts to {v}.
            The <n> that people measured for {s} was {v}.
            At {v}, the <n> of {s} is remarkable.
            The books give the <n> of {s} as {v}.
            {S}, which is {v} <a>, is well known.""", **slots),
        questions=_lines("""How <a> is {s}?
            What is the <n> of {s}?
            What <n> does {s} have?
            What <n> does {s} reach?
            Can you tell me how <a> {s} is?
            How many <u> <a> is {s}?
            Do you know the <n> of {s}?""", **slots),
        check=f"Is {{s}} {{v}} {adjective}?",
        draw=draw,
    )


def verb_of(label: str, now: str, base: str, ask: str, values: Draw, noun: str, *, others: str = "", asks: str = "") -> Relation:
    """A plain verb with an object: now='eats', base='eat', ask='What', noun='food'; `others` and `asks` add wordings."""
    slots = {"now": now, "base": base, "ask": ask, "noun": noun}
    return Relation(
        label=label,
        predicates=(f"{now} {{v}}",),
        sentences=_lines("""It is known that {s} <now> {v}.
            The <noun> of {s}: {v}.
            Everybody here knows that {s} <now> {v}.
            The books say that {s} <now> {v}.
            As a rule, {s} <now> {v}.
            {S}, as people tell, <now> {v}.""" + "\n" + others, **slots),
        questions=_lines("""<ask> does {s} <base>?
            Do you know <lower> {s} <now>?
            Tell me <lower> {s} <now>.
            Can you tell me <lower> {s} <now>?""" + "\n" + asks, **slots, lower=ask[0].lower() + ask[1:]),
        check=f"Does {{s}} {base} {{v}}?",
        draw=values,
    )


def state_of(label: str, is_done: str, ask: str, values: Draw, *, others: str = "", asks: str = "") -> Relation:
    """A form of 'be' with a complement: is_done='is made of', ask='What is {s} made of?'."""
    be, _, rest = is_done.partition(" ")
    slots = {"is": is_done, "be": be, "rest": rest}
    return Relation(
        label=label,
        predicates=(f"{is_done} {{v}}",),
        sentences=_lines("""It is known that {s} <is> {v}.
            According to the books, {s} <is> {v}.
            Here {s} <is> {v}.
            People say that {s} <is> {v}.
            {S}, as everyone knows, <is> {v}.""" + "\n" + others, **slots),
        questions=(ask, *_lines(asks, **slots)),
        check=f"{be.capitalize()} {{s}} {rest} {{v}}?".replace("  ", " "),
        draw=values,
    )


def namesake() -> Relation:
    """What the subject is named after."""
    def draw(rng: random.Random) -> str:
        roll = rng.random()
        return invent_person(rng) if roll < 0.4 else invent_place(rng) if roll < 0.5 else rng.choice(words.ORIGINS)
    return state_of("Name", "is named after", "What is {s} named after?", draw, others="""{S} takes its name from {v}.
        The name of {s} comes from {v}.
        {V} gave {s} its name.
        {S} owes its name to {v}.
        {S} bears the name of {v}.
        The name of {s} goes back to {v}.
        {S} was named in honour of {v}.""", asks="""After whom is {s} named?
        Where does the name of {s} come from?
        Who or what gave {s} its name?
        After what was {s} named?
        From what does {s} take its name?
        To what does {s} owe its name?""")


def part_colour(part: str) -> Relation:
    """The colour of a part of the subject."""
    slots = {"p": part}
    return Relation(
        label=f"Colour of the {part}",
        predicates=_lines("has a {v} <p>\nshows a {v} <p>\nis known by its {v} <p>", **slots),
        sentences=_lines("""The <p> of {s} is {v}.
            {V} is the colour of the <p> of {s}.
            The colour of the <p> of {s} is {v}.
            One recognises {s} by its {v} <p>.
            With its {v} <p>, {s} cannot be mistaken.
            The <p> of {s} has a {v} colour.
            As for the <p> of {s}, it is {v}.""", **slots),
        questions=_lines("""What colour is the <p> of {s}?
            What is the colour of the <p> of {s}?
            Which colour does the <p> of {s} have?
            What colour <p> does {s} have?
            Of what colour is the <p> of {s}?
            By what can one recognise {s}?""", **slots),
        check=f"Is the {part} of {{s}} {{v}}?",
        draw=pick(words.COLOURS),
    )
