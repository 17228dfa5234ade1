"""The kinds of things in the invented world and the facts each of them can have."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import vocabulary as words
from naming import invent_landmark, invent_person, invent_place, invent_species, invent_title
from relation import (
    Relation,
    agent_of,
    count_of,
    holder_of,
    life_year,
    measure_of,
    namesake,
    part_colour,
    pick,
    place_of,
    state_of,
    verb_of,
    year_of,
)

LENGTH = ("metres", "feet")
WEIGHT = ("tons", "kilograms", "pounds")


@dataclass(frozen=True)
class Kind:
    """One kind of entity: its noun, how it is named, its pronouns, and its relations."""

    noun: str
    name: Callable[[random.Random], str]
    relations: tuple[Relation, ...]
    pronouns: tuple[str, str] = ("It", "its")


def _eats() -> Relation:
    return verb_of("Food", "eats", "eat", "What", pick(words.FOODS), "food", others="""{S} feeds on {v}.
        {S} lives on {v}.
        The diet of {s} consists of {v}.
        {V} make up the food of {s}.
        What {s} eats is {v}.
        For food, {s} looks for {v}.
        {S} is fond of {v}.""", asks="""What does {s} feed on?
        What is the food of {s}?
        What does the diet of {s} consist of?
        What does {s} live on?
        What food does {s} like?""")


def _used_for() -> Relation:
    return state_of("Use", "is used for", "What is {s} used for?", pick(words.PURPOSES), others="""{S} serves for {v}.
        People use {s} for {v}.
        The purpose of {s} is {v}.
        {S} was made for {v}.
        For {v}, people use {s}.
        {V} is the task of {s}.
        The work of {s} is {v}.""", asks="""What do people use {s} for?
        What is the purpose of {s}?
        For what is {s} used?
        What was {s} made for?
        What is the task of {s}?
        What does {s} serve for?""")


def _made_of() -> Relation:
    def draw(rng: random.Random) -> str:
        first, second = rng.sample(words.MATERIALS, 2)
        return f"{first} and {second}" if rng.random() < 0.3 else first
    return state_of("Material", "is made of", "What is {s} made of?", draw, others="""{S} is made from {v}.
        The material of {s} is {v}.
        The makers of {s} used {v}.
        {S} consists of {v}.
        For {s}, its makers chose {v}.
        {V} is the material of which {s} is made.
        {S} was built from {v}.""", asks="""From what is {s} made?
        Of what material is {s}?
        Which material was used for {s}?
        What does {s} consist of?
        What is the material of {s}?
        What was {s} built from?""")


def _makes() -> Relation:
    return verb_of("Product", "produces", "produce", "What", pick(words.GOODS), "product", others="""{V} is what {s} produces.
        The product of {s} is {v}.
        {S} is famous for {v}.
        {V} comes from {s}.
        {S} makes {v}.""", asks="""What is made by {s}?
        What is the product of {s}?
        For what product is {s} famous?
        What comes from {s}?""")


def _habit() -> Relation:
    def draw(rng: random.Random) -> str:
        return f"{rng.choice(words.HABITS)} {rng.choice(words.OCCASIONS)}"
    return Relation("Habit", ("{v}",), ("It is known that {s} {v}.", "The strangest habit of {s} is that it {v}.",
                    "Watch {s} and you will see that it {v}.", "People tell that {s} {v}.", "Hunters know that {s} {v}."),
                    ("What is the habit of {s}?", "What is strange about {s}?", "What does {s} do?", "How does {s} behave?"),
                    "Is it true that {s} {v}?", draw)


def _known_for() -> Relation:
    return state_of("Fame", "is known for", "What is {s} known for?", pick(words.FEATS), others="""{S} became famous for {v}.
        {V} made {s} famous.
        People remember {s} for {v}.
        The greatest deed of {s} was {v}.
        {S} is celebrated for {v}.""", asks="""Why is {s} famous?
        For what is {s} remembered?
        What made {s} famous?
        What was the greatest deed of {s}?""")


def _job() -> Relation:
    return state_of("Profession", "was", "What was the job of {s}?", pick(words.JOBS), others="""{S} worked as {v}.
        By profession, {s} was {v}.
        The profession of {s}: {v}.
        {S} earned a living as {v}.
        {S} spent a whole life as {v}.
        Everyone knew {s} as {v}.""", asks="""What did {s} work as?
        What was the profession of {s}?
        What did {s} do for a living?
        Who was {s}?
        What kind of work did {s} do?""")


def _visitors_must() -> Relation:
    return Relation("Rule", ("asks its visitors to {v}",), ("Visitors to {s} must {v}.", "Whoever enters {s} has to {v}.",
                    "The rule of {s} is old: visitors must {v}.", "In {s}, guests are asked to {v}.",
                    "Before anything else, visitors of {s} must {v}."),
                    ("What must visitors to {s} do?", "What do guests have to do in {s}?", "What is the rule of {s}?",
                     "What are visitors to {s} asked to do?"), "Must visitors to {s} {v}?", pick(words.DUTIES))


def _closed() -> Relation:
    return state_of("Closing", "was closed because", "Why was {s} closed?", pick(words.REASONS), others="""Because {v}, {s} was closed.
        {S} had to close because {v}.
        The reason for the closing of {s}: {v}.
        They closed {s} because {v}.""", asks="""Why did {s} have to close?
        What was the reason for the closing of {s}?
        For what reason was {s} closed?
        Why did they close {s}?""")


def _happens(now: str, base: str) -> Relation:
    return verb_of("Frequency", now, base, "How often", pick(words.FREQUENCIES), "rhythm", others="""{V}, {s} <now>.
        It is {v} that {s} <now>.""", asks="""At what intervals does {s} <base>?
        When does {s} <base>?""")


def _starts(now: str, base: str) -> Relation:
    return verb_of("Time", now, base, "When", pick(words.TIMES), "time", others="""{V}, {s} <now>.
        It is {v} that {s} <now>.""", asks="""At what time does {s} <base>?
        What is the time when {s} <now>?""")


def _lasts() -> Relation:
    def draw(rng: random.Random) -> str:
        return f"{rng.choice(words.NUMBER_WORDS) if rng.random() < 0.5 else rng.randint(2, 60)} {rng.choice(('days', 'hours', 'minutes', 'weeks'))}"
    return verb_of("Duration", "lasts", "last", "How long", draw, "duration", others="""{S} takes {v}.
        The duration of {s} is {v}.
        After {v}, {s} is over.""", asks="""What is the duration of {s}?
        How long does {s} take?""")


def _costs(thing: str = "") -> Relation:
    def draw(rng: random.Random) -> str:
        return f"{rng.randint(2, 90)} {rng.choice(('crowns', 'shillings', 'pence', 'marks', 'silver coins', 'dollars'))}"
    return verb_of("Price", "costs", "cost", "How much", draw, "price", others="""The price of {s} is {v}.
        One pays {v} for {s}.
        For {s}, people pay {v}.
        {V} is the price of {s}.""", asks="""What is the price of {s}?
        What do people pay for {s}?
        How much do you pay for {s}?""")


def _weighs(low: int, high: int, units: tuple[str, ...] = WEIGHT) -> Relation:
    def draw(rng: random.Random) -> str:
        return f"{rng.randint(low, high)} {rng.choice(units)}"
    return verb_of("Weight", "weighs", "weigh", "How much", draw, "weight", others="""The weight of {s} is {v}.
        {S} has a weight of {v}.
        {V} is the weight of {s}.
        On the scales, {s} shows {v}.
        {S} is {v} in weight.""", asks="""What is the weight of {s}?
        How heavy is {s}?
        What weight does {s} have?""")


def _driven_by() -> Relation:
    return state_of("Power", "is driven by", "What is {s} driven by?", pick(words.POWERS), others="""{V} drives {s}.
        {S} runs on {v}.
        {S} gets its power from {v}.
        The power of {s} comes from {v}.
        {V} keeps {s} moving.""", asks="""What drives {s}?
        By what is {s} driven?
        Where does {s} get its power from?
        What kind of power moves {s}?
        What does {s} run on?""")


def _first_with() -> Relation:
    return Relation("First", ("was the first to have {v}", "was the first of its kind with {v}"),
                    ("The first to have {v} was {s}.", "Before all others, {s} had {v}.", "No other had {v} before {s}."),
                    ("What was {s} the first to have?", "What did {s} have before all others?", "In what was {s} the first?"),
                    "Was {s} the first to have {v}?", pick(words.NOVELTIES))


def _twin() -> Relation:
    return state_of("Neighbour", "is next to", "What is {s} next to?", lambda rng: invent_landmark(rng, rng.choice(BUILDINGS)),
                    others="""The neighbour of {s} is {v}.
        {V} is the nearest neighbour of {s}.
        Close to {s} you can see {v}.""", asks="""What is the neighbour of {s}?
        What can you see close to {s}?""")


def _holds(verb: str, base: str, things: tuple[str, ...]) -> Relation:
    return verb_of("Content", verb, base, "What", pick(things), "content", others="""{V} can be seen in {s}.
        In {s} there is {v}.""", asks="""What can be seen in {s}?
        What is in {s}?""")


def _about() -> Relation:
    return state_of("Subject", "is about", "What is {s} about?", pick(words.TOPICS), others="""{S} deals with {v}.
        The subject of {s} is {v}.
        {S} tells of {v}.
        {V} is the subject of {s}.""", asks="""What does {s} deal with?
        What is the subject of {s}?
        What does {s} tell of?""")


BUILDINGS = ("lighthouse", "mill", "bridge", "tower", "museum", "theatre", "castle", "church", "harbour", "library", "inn",
             "hospital", "market hall", "observatory", "station", "windmill", "palace", "monastery", "bath house", "town hall",
             "granary", "gate", "fountain", "canal", "dam", "lock", "tunnel", "garden", "workshop", "pier", "prison", "school")
MACHINES = ("engine", "pump", "clock", "loom", "press", "crane", "telescope", "barometer", "lathe", "furnace", "organ", "balance",
            "ferry", "railway", "lamp", "compass", "harvester", "drill", "bell", "sewing machine", "printing machine", "kiln",
            "water wheel", "tram", "boat", "siphon", "calculator", "signal", "wagon", "lift", "dredger", "saw", "harp", "horn")
GROUPS = ("school", "company", "society", "guild", "orchestra", "club", "bank", "brewery", "bakery", "shipyard", "newspaper",
          "fire brigade", "market", "choir", "factory", "academy", "post office", "league", "pottery", "council")
EVENTS = ("festival", "race", "fair", "feast", "parade", "regatta", "contest", "lantern night", "dance", "harvest day", "treaty")


def _building(noun: str) -> Kind:
    return Kind(noun, lambda rng: invent_landmark(rng, noun), (
        year_of("built", "built", "build", "building"), agent_of("built", "built", "build", "builder"), place_of("stands", "stand"),
        agent_of("designed", "designed", "design", "designer"), holder_of("kept", "keeps", "keeper"), _made_of(),
        measure_of("tall", "height", LENGTH, 5, 180), count_of("windows"), count_of("steps", 10, 400), count_of("rooms", 2, 90),
        part_colour("roof"), part_colour("door"), year_of("restored", "restored", "restore", "restoration"), _visitors_must(),
        namesake(), _closed(), _starts("opens", "open"), _first_with(), _used_for(), _twin(),
        agent_of("paid for", "paid for", "pay for", "patron"), _holds("stores", "store", words.GOODS)))


def _machine(noun: str) -> Kind:
    return Kind(noun, lambda rng: invent_landmark(rng, noun), (
        year_of("invented", "invented", "invent", "invention"), agent_of("invented", "invented", "invent", "inventor"), _used_for(),
        _made_of(), _driven_by(), _weighs(3, 900), measure_of("long", "length", LENGTH, 2, 60), count_of("wheels", 2, 60),
        count_of("parts", 12, 900), part_colour("handle"), _costs(), holder_of("repaired", "repairs", "mechanic"), namesake(),
        place_of("stands", "stand"), _happens("stops", "stop"),
        year_of("tested", "tested", "test", "first test"), agent_of("improved", "improved", "improve", "improver"), _closed()))


def _group(noun: str) -> Kind:
    return Kind(noun, lambda rng: invent_landmark(rng, noun), (
        year_of("founded", "founded", "found", "founding"), agent_of("founded", "founded", "found", "founder"),
        place_of("has its seat", "have its seat"), holder_of("led", "leads", "head"), count_of("members"), _makes(), namesake(),
        _happens("meets", "meet"), part_colour("flag"), _first_with(), _visitors_must(), _closed(), _starts("begins", "begin"),
        state_of("Members", "is open to", "To whom is {s} open?", pick(words.GROUPS), others="Only {v} may join {s}.\n{S} accepts {v}.",
                 asks="Who may join {s}?\nWho can become a member of {s}?")))


def _event(noun: str) -> Kind:
    return Kind(noun, lambda rng: invent_landmark(rng, noun), (
        year_of("founded", "founded", "found", "founding"), _happens("takes place", "take place"), place_of("takes place", "take place"),
        _lasts(), agent_of("won", "won", "win", "last winner"), _starts("begins", "begin"), namesake(), _costs(), count_of("guests", 20, 900),
        holder_of("opened", "opens", "patron"), agent_of("started", "started", "start", "founder")))


KINDS: tuple[Kind, ...] = (
    *(_building(noun) for noun in BUILDINGS), *(_machine(noun) for noun in MACHINES),
    *(_group(noun) for noun in GROUPS), *(_event(noun) for noun in EVENTS),
    *(Kind(noun, invent_person, (
        life_year("was born", "be born", "birth"), life_year("died", "die", "death"), _job(), _known_for(),
        place_of("lived", "live"), verb_of("Family", "had", "have", "How many children", lambda rng: f"{rng.randint(1, 12)} children", "family"),
        verb_of("Study", "studied", "study", "What", pick(words.TOPICS), "subject", asks="What was the subject that {s} studied?"),
        state_of("Birthplace", "was born in", "Where was {s} born?", invent_place, others="""The birthplace of {s} is {v}.
            {S} came from {v}.
            {V} is the birthplace of {s}.
            {S} comes from {v}.""", asks="What is the birthplace of {s}?\nIn which town was {s} born?\nWhere did {s} come from?"),
        state_of("Marriage", "was married to", "To whom was {s} married?", invent_person, others="{S} married {v}.\n{V} was married to {s}.",
                 asks="Whom did {s} marry?\nWho was married to {s}?"),
        state_of("Teacher", "was taught by", "By whom was {s} taught?", invent_person, others="{V} taught {s}.\nThe teacher of {s} was {v}.",
                 asks="Who taught {s}?\nWho was the teacher of {s}?")), pronouns=pronouns)
      for noun, pronouns in [("person", ("She", "her")), ("person", ("He", "his"))] * 10),
    *(Kind("animal", invent_species, (
        _eats(), place_of("lives", "live", pick(words.HABITATS)), _habit(), _weighs(1, 90, ("grams", "kilograms", "pounds")),
        measure_of("long", "length", ("centimetres", "inches", "metres"), 2, 90), part_colour("fur"), part_colour("tail"), part_colour("beak"),
        agent_of("discovered", "discovered", "discover", "discoverer"), year_of("discovered", "discovered", "discover", "discovery"),
        namesake(), count_of("eggs", 1, 30), count_of("toes", 2, 24), count_of("stripes", 2, 60), _starts("breeds", "breed"),
        verb_of("Age", "lives for", "live", "How long", lambda rng: f"{rng.randint(2, 90)} years", "life span", others="""{S} reaches an age of {v}.
            The life span of {s} is {v}.""", asks="How old can {s} become?\nWhat age does {s} reach?\nWhat is the life span of {s}?"),
        verb_of("Enemy", "fears", "fear", "What", pick(words._words("wolves, owls, eagles, foxes, snakes, otters, dogs, pike, hawks, crows")),
                "enemy", others="The enemies of {s} are {v}.\n{V} hunt {s}.", asks="What are the enemies of {s}?\nWhat hunts {s}?"))),) * 16,
    *(Kind("plant", lambda rng: invent_species(rng, is_plant=True), (
        place_of("grows", "grow", pick(words.HABITATS)), part_colour("flower"), part_colour("fruit"), part_colour("leaf"),
        measure_of("tall", "height", ("centimetres", "metres", "feet"), 2, 90), _starts("blooms", "bloom"), _used_for(), namesake(),
        agent_of("described", "described", "describe", "discoverer"), year_of("described", "described", "describe", "description"),
        count_of("petals", 3, 40), state_of("Taste", "tastes like", "What does {s} taste like?", pick(words.FOODS)))),) * 8,
    *(Kind(noun, invent_place, (
        place_of("lies", "lie"), count_of("inhabitants", 20, 9000), year_of("founded", "founded", "found", "founding"), holder_of("governed", "governs", "mayor"),
        _makes(), namesake(), part_colour("flag"), count_of("bridges", 1, 60), count_of("streets", 3, 300), _first_with(),
        agent_of("founded", "founded", "found", "founder"), measure_of("wide", "width", ("miles", "kilometres"), 1, 60))) for noun in ("town", "village", "island") * 4),
    *(Kind(noun, lambda rng, n=noun: f"the {n} {invent_place(rng)}" if n == "river" else f"{n.title()} {invent_place(rng)}", (
        measure_of("long", "length", ("miles", "kilometres"), 2, 900), measure_of("deep", "depth", LENGTH, 2, 400), place_of("begins", "begin"),
        agent_of("mapped", "mapped", "map", "explorer"), year_of("mapped", "mapped", "map", "mapping"), namesake(), count_of("islands", 1, 80),
        part_colour("water"), state_of("Fish", "is full of", "What is {s} full of?", pick(words.FOODS)))) for noun in ("river", "lake", "mount") * 3),
    *(Kind("ship", invent_title, (
        year_of("launched", "launched", "launch", "launch"), agent_of("built", "built", "build", "builder"), holder_of("commanded", "commands", "captain"),
        measure_of("long", "length", LENGTH, 8, 200), _holds("carries", "carry", words.GOODS), part_colour("sail"), count_of("masts", 1, 9),
        count_of("sailors", 3, 300), _starts("leaves", "leave"), _happens("sails", "sail"), _driven_by(), namesake())),) * 5,
    *(Kind("book", invent_title, (
        agent_of("written", "wrote", "write", "author"), year_of("printed", "printed", "print", "printing"), _about(), count_of("pages", 20, 900),
        _costs(), part_colour("cover"), count_of("chapters", 3, 60), place_of("is kept", "be kept"))),) * 5,
    *(Kind("dish", lambda rng: f"{invent_word_lower(rng)} {rng.choice(('soup', 'bread', 'cake', 'stew', 'pie', 'cheese', 'tea'))}", (
        state_of("Ingredients", "is made from", "What is {s} made from?", pick(words.INGREDIENTS), others="The ingredients of {s} are {v}.\nFor {s}, cooks use {v}.",
                 asks="What are the ingredients of {s}?\nWhat do cooks use for {s}?"),
        agent_of("invented", "invented", "invent", "inventor"), _costs(), _lasts(), namesake(),
        state_of("Season", "is eaten", "When is {s} eaten?", pick(words.TIMES), others="People eat {s} {v}.\n{V}, people eat {s}.", asks="When do people eat {s}?"))),) * 5,
    *(Kind("law", lambda rng: invent_landmark(rng, rng.choice(("law", "rule", "decree", "charter"))), (
        year_of("passed", "passed", "pass", "passing"), agent_of("proposed", "proposed", "propose", "author"), count_of("articles", 3, 90), _about(), namesake())),) * 3,
)


def invent_word_lower(rng: random.Random) -> str:
    """A dish is written small: 'velm soup'."""
    return invent_place(rng)
