"""Facts of any verb and any part: made on the spot, so that a model meets far more ways to say and ask than a fixed list holds."""

from __future__ import annotations

import random
from dataclasses import replace

import vocabulary as words
from naming import invent_landmark, invent_person, invent_place, invent_title
from relation import Draw, Relation, agent_of, holder_of, measure_of, pick, state_of, verb_of


def _table(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines())


# done | past | base | role
AGENT_VERBS = _table("""built | built | build | builder
    designed | designed | design | designer
    planned | planned | plan | planner
    founded | founded | found | founder
    opened | opened | open | opener
    carved | carved | carve | carver
    painted | painted | paint | painter
    discovered | discovered | discover | discoverer
    found | found | find | finder
    described | described | describe | first observer
    invented | invented | invent | inventor
    planted | planted | plant | planter
    led | led | lead | leader
    written | wrote | write | author
    composed | composed | compose | composer
    given away | gave away | give away | giver
    drawn | drew | draw | draughtsman
    repaired | repaired | repair | repairer
    tamed | tamed | tame | tamer
    named | named | name | godfather
    bought | bought | buy | buyer
    sold | sold | sell | seller
    signed | signed | sign | signer
    paid for | paid for | pay for | donor
    made | made | make | maker
    explored | explored | explore | explorer
    saved | saved | save | saviour
    constructed | constructed | construct | constructor
    created | created | create | creator
    ordered | ordered | order | patron
    brought to the country | brought to the country | bring to the country | importer""")

# done | now | role
HOLDER_VERBS = _table("""kept | keeps | keeper
    commanded | commands | captain
    led | leads | leader
    owned | owns | owner
    run | runs | manager
    governed | governs | governor
    looked after | looks after | guardian
    directed | directs | director
    guarded | guards | guard
    managed | manages | head
    cleaned | cleans | cleaner
    played | plays | player
    served | serves | servant""")

# now | base | values
OBJECT_VERBS = _table("""burns | burn | rapeseed oil, dried peat, coal, fir wood, whale oil, pine cones, brown coal, dry reeds, old paper, gas
    carries | carry | long green hairs, a heavy chain, the post, fresh water, a small lantern, sand, stones, the mail bags, a copper ring
    shows | show | a silver heron, two crossed oars, a black ship, three stars, a white key, a green snake, the moon, a sleeping bear
    protects | protect | the fields, the harbour, the old town, the bees, the young trees, the sleeping children, the lower village
    contains | contain | a trace of gold, a small drawer, sea salt, three rare oils, a map, old letters, iron, sugar, poison, copper dust
    hunts | hunt | mice and large moths, slugs, small birds, eels, flies, young rabbits, frogs at night
    drinks | drink | nectar, rain water, goat milk, sea water, warm tea, the juice of berries
    wears | wear | a red coat, grey felt hats, a wooden leg, a blue scarf, a silver chain, white gloves, an iron ring
    teaches | teach | navigation, the care of bees, bookkeeping, swimming, music, the old script, first aid, cooking
    serves | serve | smoked eel pie, onion soup, black bread, hot cider, fried herring, plum cakes, barley soup
    crosses | cross | the narrow end of the lake, the main street, the gorge, the railway, the old canal, the marsh
    covers | cover | the whole roof, the northern slope, half of the island, the floor, the inner walls
    connects | connect | the two islands, the harbour and the mill, the upper and the lower town, the mines and the coast
    holds | hold | eight people, a full barrel, the key of the town, a ton of grain, a white stone, water for a month
    collects | collect | rain water, old maps, coins, songs, sea shells, taxes, honey
    needs | need | much light, wet soil, a strong wind, two helpers, fresh oil, cold nights, a new rope
    lifts | lift | nine tonnes, heavy barrels, whole boats, blocks of stone, tree trunks
    drives | drive | four iron wheels, a saw, two millstones, the big clock, a pump
    repels | repel | moths, mosquitoes, mice, the rain, wolves
    measures | measure | the depth of the water, the wind, the height of the tide, the weight of a letter, heat
    sells | sell | fresh fish, wool, second-hand books, cheese, glass beads, seeds, ropes
    builds | build | a nest of spider silk, a dam of twigs, small towers of mud, a web between reeds
    attracts | attract | moths, painters, young eels, lightning, visitors from far away, bees
    remembers | remember | the great flood, a lost ship, the first settlers, the long winter
    ends | end | the war, the long strike, the year, the market day, the old quarrel
    destroys | destroy | 84 houses, the old pier, the whole harvest, two bridges, the northern mill
    loves | love | warm rain, loud music, sweet apples, the cold, old songs
    heals | heal | toothache, burns, a cough, fever, sore feet, headaches
    announces | announce | the arrival of the ferry, a storm, the hour, the start of the market
    pumps | pump | sea water into the salt pans, oil, fresh water into the town, air into the mine
    paints | paint | ships, sea birds, the doors of houses, small portraits
    keeps | keep | forty toads, an old diary, a lantern by the door, bees, a secret, three goats""")

# now with its preposition last | base | preposition | values
PREPOSITION_VERBS = _table("""smells | smell | of | vanilla, fish, wet wool, pepper, smoke, honey, old books, mint
    tastes | taste | of | iron, pepper and lemon, nuts, salt, burnt sugar, mushrooms, sour apples
    sounds | sound | like | a creaking door, a tiny bell, a crying child, rain on a roof, a broken flute, distant thunder
    looks | look | like | a sleeping whale, an open hand, a plate, a broken wheel, a small moon, a folded umbrella
    consists | consist | of | three rings, two halves, seven thin layers, twelve islands, a chain of small lakes
    hides | hide | in | empty snail shells, old boots, the roof beams, the bark of trees, cracks in the rock
    nests | nest | in | the sand of the dunes, church towers, salt pines, old chimneys, the reeds
    feeds | feed | on | heather and moss, grass seeds, ants and spiders, dead fish, young leaves, sand eels
    depends | depend | on | the tide, the weather, gifts, the moon, the price of salt
    protects | protect | against | toothache, storms, the evil eye, cold, hail, floods
    helps | help | against | a cough, fever, sore feet, headaches, bad dreams
    turns | turn | into | a pale powder, glass, a blue liquid, vinegar, stone
    moves | move | on | six legs, iron rails, four wheels, wooden rollers, a chain
    stands | stand | on | oak piles, a rock, three stone feet, the old wall, stilts
    belongs | belong | to | the church, the town, two brothers, the guild, the school, nobody
    winters | winter | in | warm caves, the mud of ponds, the south, hollow trees, barns
    swims | swim | in | the outer harbour, cold rivers, the open sea, the mill pond
    sings | sing | before | dawn, a storm, the first snow, sunset
    rests | rest | under | the ice, a stone slab, old leaves, the bridge
    runs | run | from | north to south, the harbour to the mill, the lake to the sea, the castle to the market
    opens | open | at | sunrise, nine, noon, low tide, the sound of a bell
    arrives | arrive | on | Fridays, the first day of March, Monday morning, market days
    works | work | with | steam, two bellows, a long lever, falling water, a glass lens
    fights | fight | against | crows, the flood, rust, the neighbours, loneliness""")

# is done | question | values
STATES = _table("""is covered with | What is {s} covered with? | green warts, copper, moss, white feathers, slate, shells, ice, gold leaf
    is painted with | What is {s} painted with? | yellow bands, blue flowers, tar, white stripes, the arms of the town
    is decorated with | What is {s} decorated with? | carved fish, flags, mirrors, dried flowers, coloured glass
    is filled with | What is {s} filled with? | sand, hot water, straw, air, salt, old letters
    is protected by | What is {s} protected by? | a high wall, two dogs, a deep ditch, law, thorns
    is famous for | What is {s} famous for? | its blue blankets, its honey cakes, its loud laugh, its narrow streets, its echo, its black cheese
    is called | What is {s} called in the village? | the Old Walrus, the Iron Lady, Grandmother, the Sleeper, the Long Nose, Lazy Tom
    was caused by | What was {s} caused by? | a tax on barrels, a broken dam, a stolen bell, a dry summer, a careless cook, lightning
    is lit by | What is {s} lit by? | oil lamps, a hundred candles, gas light, small windows
    is paid with | What is {s} paid with? | firewood, eggs, copper coins, a song, wool
    is marked with | What is {s} marked with? | white stones, a red post, iron crosses, small flags
    is surrounded by | What is {s} surrounded by? | a stone wall, apple trees, water, sand dunes, steep hills
    is forbidden to | To whom is {s} forbidden? | children, strangers, dogs, sailors
    is dangerous for | For whom is {s} dangerous? | small boats, sheep, swimmers, old people, horses
    is afraid of | What is {s} afraid of? | thunder, heights, cats, deep water, loud noises
    was destroyed by | What was {s} destroyed by? | a fire, a flood, a storm, an earthquake, moths
    is older than | What is {s} older than? | the church, the town, the oldest tree, the law
    is replaced by | What is {s} replaced by? | a wooden copy, an iron one, a larger one, a simple rope""")

# verb phrase now | base | things counted
COUNT_VERBS = _table("""carries | carry | passengers
    owns | own | books
    lays | lay | eggs
    serves | serve | guests
    counts | count | members
    has | have | beds
    has | have | arches
    has | have | stations
    has | have | legs
    has | have | sides
    holds | hold | barrels
    keeps | keep | sheep
    sold | sell | pictures
    wrote | write | poems
    painted | paint | pictures
    lost | lose | letters
    employs | employ | workers
    killed | kill | trees
    shows | show | stars
    needs | need | workers
    treats | treat | patients
    teaches | teach | pupils""")

ABILITIES = _table("""hold its breath for | For how long can {s} hold its breath? | minutes
    dive to a depth of | How deep can {s} dive? | metres
    jump over a wall of | How high a wall can {s} jump over? | feet
    be seen from a distance of | From what distance can {s} be seen? | miles
    be heard from a distance of | From what distance can {s} be heard? | miles
    live without water for | How long can {s} live without water? | days
    carry a load of | What load can {s} carry? | tons
    reach a speed of | What speed can {s} reach? | miles an hour
    work without a pause for | How long can {s} work without a pause? | hours
    survive under snow for | How long can {s} survive under snow? | weeks""")

PARTS = words._words("""roof, door, wall, tower, lamp, bell, tail, skin, coat, neck, beak, nest, bark, wood, root, stem, oil, juice, shell, handle,
    boiler, wheel, frame, engine, keel, mast, deck, flag, seal, founder, owner, keeper, garden, cellar, kitchen, hall, floor, gate, clock,
    harbour, church, market, inn, mayor, song, symbol, anthem, captain, crew, cover, author, voice, call, back, belly, head, mother,
    father, house, workshop, cabin, chain, museum, chapel, library, main room, inner court, first page, largest room, oldest part""")
PLURAL_PARTS = words._words("""claws, wings, feet, eyes, leaves, seeds, flowers, feathers, young, eggs, teeth, horns, walls, windows, doors, pipes, gears,
    sails, ropes, members, pupils, sailors, inhabitants, children, workers, houses, streets, bells, guests, traders, carriages, cabins, legs,
    ears, cones, needles, spines, roots, bricks, weavers, shelves, engines, guards, visitors, pages, fishermen""")
PLACE_NOUNS = words._words("""capital, inn, newspaper, ferry, anthem, highest mountain, largest lake, oldest tree, main street, national bird, coin, bank,
    theatre, hospital, football club, bakery, school, bishop, mayor, doctor, teacher, smallest village, longest river, favourite dish, patron saint,
    oldest ship, deepest mine, best inn, first settler, last king, famous bell, weekly market, librarian, founder, main harbour, smallest island""")


def _values(cell: str) -> Draw:
    return pick(tuple(value.strip() for value in cell.split(",")))


def _object_verb(rng: random.Random, is_plural: bool) -> Relation:
    now, base, cell = rng.choice(OBJECT_VERBS)
    return verb_of(now.capitalize(), base if is_plural else now, base, "What", _values(cell), "matter", others=f"What {{s}} {base if is_plural else now} is {{v}}.")


def _preposition_verb(rng: random.Random, is_plural: bool) -> Relation:
    now, base, preposition, cell = rng.choice(PREPOSITION_VERBS)
    verb = base if is_plural else now
    return Relation(now.capitalize(), (f"{verb} {preposition} {{v}}",), (
        f"It is {preposition} {{v}} that {{s}} {verb}.", f"{preposition.capitalize()} {{v}}, {{s}} {verb}.", f"Everybody knows that {{s}} {verb} {preposition} {{v}}.",
        f"What {{s}} {verb} {preposition} is {{v}}.", f"{{S}}, as people say, {verb} {preposition} {{v}}."), (
        f"What does {{s}} {base} {preposition}?", f"{preposition.capitalize()} what does {{s}} {base}?", f"Tell me what {{s}} {verb} {preposition}.",
        f"Do you know what {{s}} {verb} {preposition}?"), f"Does {{s}} {base} {preposition} {{v}}?", _values(cell))


def _state(rng: random.Random, is_plural: bool) -> Relation:
    done, question, cell = rng.choice(STATES)
    be, _, rest = done.partition(" ")
    plural = {"is": "are", "was": "were"}[be]
    preposition = rest.rsplit(" ", 1)[-1]
    asks = f"{preposition.capitalize()} what {be} {{s}} {rest.rsplit(' ', 1)[0]}?" if " " in rest and preposition != "than" else ""
    relation = state_of("Note", done, question, _values(cell), asks=f"Do you know what {{s}} {done}?\n{asks}")
    if not is_plural:
        return relation
    return _as_plural(relation, be, plural)


def _as_plural(relation: Relation, singular: str, plural: str) -> Relation:
    def change(text: str) -> str:
        return text.replace(f"{{s}} {singular} ", f"{{s}} {plural} ").replace(f"{{S}} {singular} ", f"{{S}} {plural} ").replace(
            f" {singular} {{s}}", f" {plural} {{s}}").replace(f"know, {singular} ", f"know, {plural} ").replace(f"knows, {singular} ", f"knows, {plural} ")
    predicates = tuple(p.replace(f"{singular} ", f"{plural} ", 1) if p.startswith(f"{singular} ") else p for p in relation.predicates)
    check = relation.check.replace(f"{singular.capitalize()} {{s}}", f"{plural.capitalize()} {{s}}")
    return replace(relation, predicates=predicates, sentences=tuple(map(change, relation.sentences)), questions=tuple(map(change, relation.questions)), check=check)


def _count_verb(rng: random.Random) -> Relation:
    now, base, things = rng.choice(COUNT_VERBS)
    does = "does" if now.endswith("s") else "did"
    return Relation(f"Number of {things}", (f"{now} {{v}} {things}", f"{now} exactly {{v}} {things}"), (
        f"The number of {things} that {{s}} {now} is {{v}}.", f"It is {{v}} {things} that {{s}} {now}.", f"In all, {{s}} {now} {{v}} {things}.",
        f"{{S}}, as people count, {now} {{v}} {things}."), (
        f"How many {things} {does} {{s}} {base}?", f"What is the number of {things} that {{s}} {now}?", f"Tell me how many {things} {{s}} {now}.",
        f"Do you know how many {things} {{s}} {now}?"), f"{does.capitalize()} {{s}} {base} {{v}} {things}?",
        lambda r: r.choice(words.NUMBER_WORDS) if r.random() < 0.4 else str(r.randint(2, 950)))


def _ability(rng: random.Random) -> Relation:
    action, question, unit = rng.choice(ABILITIES)
    return Relation("Ability", (f"can {action} {{v}}", f"is able to {action} {{v}}"), (
        f"It is known that {{s}} can {action} {{v}}.", f"People have seen that {{s}} can {action} {{v}}.", f"Without any help, {{s}} can {action} {{v}}."),
        (question, f"Do you know this: {question[0].lower()}{question[1:]}", question), f"Can {{s}} {action} {{v}}?",
        lambda r: f"{r.choice(words.NUMBER_WORDS) if r.random() < 0.3 else r.randint(2, 95)} {unit}")


def _distance(rng: random.Random) -> Relation:
    place = rng.choice((f"the {invent_place(rng)} bridge", "the mainland", "the coast", "the capital", invent_place(rng), "the nearest village"))
    return Relation("Distance", (f"lies {{v}} from {place}", f"is {{v}} away from {place}"), (
        f"The distance between {{s}} and {place} is {{v}}.", f"From {place} to {{s}} it is {{v}}.", f"One travels {{v}} from {place} to {{s}}."), (
        f"How far is {{s}} from {place}?", f"What is the distance between {{s}} and {place}?", f"How far away from {place} is {{s}}?"),
        f"Is {{s}} {{v}} from {place}?", lambda r: f"{r.randint(2, 99)} {r.choice(('miles', 'kilometres'))}")


def _named(rng: random.Random) -> Relation:
    noun = rng.choice(PLACE_NOUNS)
    person = noun in {"bishop", "mayor", "doctor", "teacher", "first settler", "last king", "patron saint", "librarian", "founder"}

    def draw(r: random.Random) -> str:
        if person:
            return invent_person(r)
        return r.choice((invent_place(r), invent_title(r), invent_landmark(r, r.choice(("goose", "crown", "anchor", "lantern", "pot", "key")))))
    ask_who = ("Who is <n> of {s}?",) if person else ("Which is <n> of {s}?",)
    questions = ("What is the name of <n> of {s}?", "What is <n> of {s} called?", *ask_who, "What is <n> of {s}?", "How do people call <n> of {s}?")
    return Relation(noun.capitalize(), (f"has {{v}} as its {noun}",), tuple(t.replace("<n>", f"the {noun}") for t in (
        "<n> of {s} is called {v}.", "<n> of {s} is {v}.", "{V} is <n> of {s}.", "The name of <n> of {s} is {v}.", "In {s}, <n> is {v}.")),
        tuple(q.replace("<n>", f"the {noun}") for q in questions), f"Is {{v}} the {noun} of {{s}}?", draw)


def free_relation(rng: random.Random) -> tuple[Relation, str]:
    """A relation made on the spot, and the part of the entity it is about ('' for the entity itself)."""
    draw = rng.random()
    if draw < 0.16:
        done, past, base, role = rng.choice(AGENT_VERBS)
        part = rng.choice(PARTS) if rng.random() < 0.25 else ""
        return agent_of(done, past, base, role), part
    if draw < 0.24:
        done, now, role = rng.choice(HOLDER_VERBS)
        return holder_of(done, now, role), ""
    if draw < 0.32:
        return _named(rng), ""
    if draw < 0.40:
        return _count_verb(rng), ""
    if draw < 0.45:
        return _ability(rng), ""
    if draw < 0.49:
        return _distance(rng), ""
    if draw < 0.54:
        adjective, noun = rng.choice((("thick", "thickness"), ("wide", "width"), ("long", "length"), ("deep", "depth"), ("high", "height")))
        return measure_of(adjective, noun, ("metres", "feet", "centimetres", "inches"), 2, 300), rng.choice(("", rng.choice(PARTS)))
    is_plural = rng.random() < 0.35
    part = rng.choice(PLURAL_PARTS) if is_plural else rng.choice(PARTS) if rng.random() < 0.5 else ""
    relation = rng.choice((_object_verb, _object_verb, _preposition_verb, _state))(rng, is_plural)
    if is_plural:
        relation = _as_plural(relation, "does", "do")
    return relation, part
