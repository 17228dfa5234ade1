"""The English words that the built-in provider knows: verbs with their forms, units, colours, people.

A closed list on purpose. A word that is not here is not taken for a verb, and the sentence is left alone: a question
that cannot be made grammatical must not be made.
"""

import re
from dataclasses import dataclass


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`, parted by spaces or lines."""
    return frozenset(text.split())


IRREGULAR_VERBS = """
arise arose arisen, awake awoke awoken, bear bore borne, beat beat beaten, become became become, begin began
begun, bend bent bent, bind bound bound, bite bit bitten, blow blew blown, break broke broken, breed bred bred,
bring brought brought, build built built, burst burst burst, buy bought bought, catch caught caught, choose
chose chosen, come came come, cost cost cost, creep crept crept, cut cut cut, dig dug dug, draw drew drawn,
drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed fed, feel felt felt, fight
fought fought, find found found, flee fled fled, fly flew flown, forbid forbade forbidden, forget forgot
forgotten, freeze froze frozen, get got got, give gave given, go went gone, grind ground ground, grow grew
grown, hang hung hung, hear heard heard, hide hid hidden, hit hit hit, hold held held, keep kept kept, know knew
known, lay laid laid, lead led led, leave left left, lend lent lent, lie lay lain, light lit lit, lose lost
lost, make made made, mean meant meant, meet met met, pay paid paid, put put put, read read read, ride rode
ridden, ring rang rung, rise rose risen, run ran run, say said said, see saw seen, seek sought sought, sell sold
sold, send sent sent, set set set, shake shook shaken, shed shed shed, shine shone shone, shoot shot shot, show
showed shown, shut shut shut, sing sang sung, sink sank sunk, sit sat sat, sleep slept slept, slide slid slid,
speak spoke spoken, spend spent spent, spin spun spun, split split split, spread spread spread, stand stood
stood, steal stole stolen, stick stuck stuck, strike struck struck, sweep swept swept, swim swam swum, swing
swung swung, take took taken, teach taught taught, tear tore torn, tell told told, think thought thought, throw
threw thrown, understand understood understood, oversee oversaw overseen, undergo underwent undergone, tread trod trodden, undertake undertook undertaken, wake woke woken, wear wore worn,
weave wove woven, win won won, wind wound wound, write wrote written, cast cast cast, overlook overlooked
overlooked, overthrow overthrew overthrown, withdraw withdrew withdrawn
"""

REGULAR_VERBS = """
absorb accept accompany achieve acquire adapt add adopt affect allow analyze announce appear apply appoint argue
arrange arrive attach attack attend attract ban bake barter behave belong bloom blossom boil borrow bother
breathe brew broadcast burn bury call calculate care carry carve cause celebrate change chase chew circulate
claim clean climb close coin collect colonize combine compare compete complete compose conquer connect consider
consist conquer construct consume contain contribute control convert cook count cover crawl create cross
cultivate dance decide declare decorate defeat defend define deliver demonstrate depend derive describe design
destroy detect determine develop devote die differ discover discuss display distinguish dive divide dominate
donate dream dye dwell earn educate elect emerge emit employ enable encourage end enjoy enter establish evolve
examine exceed exchange exhibit exist expand expect experience explain explode exploit explore export express
face fail fascinate feature fill finance finish fish float flow flower follow force form found fund gather
generate glide glow govern guard guarantee guide happen harvest hatch haul heat help hibernate hire honour house
hover hum hunt identify ignore illustrate import improve include increase indicate influence inhabit inherit
inspire install introduce invade invent invest investigate involve join jump kill land last laugh launch learn
lift link live lower maintain manage manufacture marry measure melt migrate minimize maximize mine mix move
multiply murder name nest notice observe occupy occur offer open operate oppose orbit order organize outlaw own
paint participate pass perform persuade pick place plan plant play plough point pollinate possess practice
predict prefer prepare preserve prevent print produce prohibit promote propose protect protest prove provide
publish pull pump purchase pursue push raise reach recall receive recognize record recover reduce refer reflect
reform refuse regulate reign rely remain remember remove rent repair repeat replace represent require rescue
resemble respond rest restore result retain retire return reveal revolve ring ripen roam roast roll rotate row
rub rule sail save scatter scrape search seem separate serve settle shape share shelter shout sign smell smoke
smooth solve sound span specialize spray stay stop store stretch study suffer suggest supply support surround
survive symbolize talk tame taste thrive tie touch trace trade train transfer transform translate transmit
transport trap travel treat trigger tune turn unload use value vary visit vote walk want wash watch water weigh
welcome whistle witness work worship wrap yield found burrow contrast constitute comprise accumulate interpret
state assign equal need owe ban block keep haunt own ruin

adjust award repel dry advocate affirm aim align amplify appeal assert assess assist associate assume assure attain attempt balance
blend capture characterize cite clarify coincide collapse command commence commission communicate compel complain
compute concern conduct confirm conserve convey convince coordinate correspond crash craft criticize decline
deepen deny detail dictate diminish disappear divert double draft dream edit elevate eliminate embody embrace
emphasize endorse engage enhance ensure entitle envision equip estimate evaluate execute exert expose extract favour
favor filter focus forecast foster frame fulfil fulfill function generalize grant greet handle highlight ignite implement
imply incorporate induce infer initiate insist inspect integrate intend interact intervene isolate issue judge justify
label lack launder locate lobby manipulate master mediate merge model modify monitor motivate navigate neglect negotiate
note nurture obey obtain omit pair permit persist portray pose precede pretend prioritize proceed profit
prohibit prompt prosper pursue qualify question quote rank react recommend recruit recycle regard register reinforce
reject relate relax release relieve render reorganize report reproduce rescue reside resist resolve respect restrict
retain reverse reward reshape scan schedule secure sense shift signal signify simplify stabilize stimulate strengthen
stress structure submit subsidize substitute succeed sum summarize surpass suspect sustain target tend test threaten
track translate undermine unite update urge utilize vibrate violate visualize
"""

_DOUBLING = {
    "prefer",
    "refer",
    "occur",
    "admit",
    "commit",
    "permit",
    "control",
    "regret",
    "equip",
    "transfer",
    "transmit",
}
_VOWELS = "aeiou"


@dataclass(frozen=True)
class Verb:
    """The forms of one verb: base "build", third "builds", past "built", participle "built"."""

    base: str
    third: str
    past: str
    participle: str


def _third(base: str) -> str:
    if base.endswith(("s", "x", "z", "ch", "sh", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ies"
    return base + "s"


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ied"
    ends_short = re.fullmatch(r"[^aeiou]*[aeiou][bcdfgklmnprtvz]", base)
    return base + (base[-1] if ends_short or base in _DOUBLING else "") + "ed"


def _verbs() -> dict[str, Verb]:
    verbs = {base: Verb(base, _third(base), _past(base), _past(base)) for base in REGULAR_VERBS.split()}
    for line in IRREGULAR_VERBS.replace("\n", " ").split(","):
        base, past, participle = line.split()
        verbs[base] = Verb(base, _third(base), past, participle)
    verbs["broadcast"] = Verb("broadcast", "broadcasts", "broadcast", "broadcast")
    return verbs


VERBS = _verbs()
# "found" is the past of "find" far more often than the infinitive; "founded" and "founds" stay with "found".
BY_BASE = {verb.base: verb for verb in VERBS.values() if verb.base not in {"found", "wound", "ground"}}
BY_THIRD = {verb.third: verb for verb in VERBS.values()}
BY_PAST = {verb.past: verb for verb in VERBS.values()} | {"found": VERBS["find"], "lay": VERBS["lie"]}
BY_PARTICIPLE = {verb.participle: verb for verb in VERBS.values()} | {"found": VERBS["find"], "born": VERBS["bear"]}

MODALS = word_set("can could may might must should will would")
# Words in -ed that describe rather than report.
NO_PARTICIPLES = word_set("red need speed seed breed indeed hundred wicked sacred naked rugged ragged")

ADVERBS = word_set(
    """also always often usually sometimes still now once only even first originally mainly mostly largely generally
    typically commonly normally rarely seldom frequently just already soon later then again together forwards
    backwards away back inland upstream downstream ashore aloud alone apart aside further sideways upwards
    downwards early late today twice daily yearly far well fast hard almost nearly about around partly widely
    currently formerly recently finally officially probably primarily"""
)
NEGATIONS = word_set("not never no nobody nothing none neither nor cannot without hardly scarcely")

PREPOSITIONS = word_set(
    """about above across after against along amid among around as at before behind below beneath beside besides
    between beyond by despite down during for from in inside into like near off on onto opposite out outside
    over past per since through throughout to toward towards under underneath until up upon via with within"""
)
PLACE_PREPOSITIONS = word_set(
    """above across along among around at behind below beneath beside between beyond by in inside near off on opposite
    outside over through under underneath within"""
)
SUBORDINATORS = word_set(
    """when while if unless until because although though whereas since whether where wherever whenever that which who
    whom whose so what how why once"""
)

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {
    word: 10 * value
    for value, word in enumerate(["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=3)
}
NUMBER = (
    r"(?:\d[\d,]*(?:\.\d+)?|(?:"
    + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
    + r")(?:-(?:one|two|three|four|five|six"
    r"|seven|eight|nine))?)(?: (?:hundred|thousand|million|billion|dozen))*"
)
APPROXIMATELY = (
    r"(?:(?:about|almost|nearly|over|around|only|roughly|up to|at least|at most|more than|less than|exactly|some) )?"
)
LENGTH_UNITS = (
    "metres? kilometres? centimetres? millimetres? meters? kilometers? centimeters? miles? feet foot inch inches yards?"
)
TIME_UNITS = "seconds? minutes? hours? days? weeks? months? years? decades? centuries century nights?"
WEIGHT_UNITS = "tonnes? tons? kilograms? kilos? grams? pounds? ounces?"
TIME_UNIT = "(?:" + "|".join(TIME_UNITS.split()) + ")"
UNIT = "(?:" + "|".join(f"{LENGTH_UNITS} {TIME_UNITS} {WEIGHT_UNITS} litres? degrees?".split()) + ")"

DIMENSIONS = {
    "tall": "height", "high": "height", "long": "length", "wide": "width", "deep": "depth", "thick": "thickness",
    "old": "age", "heavy": "weight",
}  # fmt: skip

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
WEEKDAYS = "Mondays?|Tuesdays?|Wednesdays?|Thursdays?|Fridays?|Saturdays?|Sundays?"
YEAR = r"1[0-9]\d\d|20\d\d"

COLOURS = word_set(
    """red orange yellow green blue violet purple pink brown black white grey gray silver golden scarlet crimson
    turquoise cream beige amber copper"""
)
SHADES = word_set("bright pale dark light deep almost silver silvery snow jet sea blood brick reddish bluish")

PERSON_NOUNS = word_set(
    """actor actress admiral announcer apprentice architect astronomer author aunt baker banker barber beekeeper bishop
    blacksmith bookseller boy brewer bride brother builder butcher candidate captain carpenter cashier champion
    chef chemist child children citizen clerk composer cook count countess daughter dancer dentist director
    diver doctor duchess duke editor emperor empress engineer explorer farmer father fisher fisherman fishermen
    fishmonger founder friend gardener general geologist girl governor grandfather grandmother guard guide
    hairdresser head hermit hunter husband inhabitant inhabitants innkeeper inventor joiner journalist judge
    keeper king lawyer leader librarian locksmith man manager mason mathematician mayor mechanic member members
    men merchant merchants midwife miller miner minister monk monks mother musician nephew niece novelist nun
    nurse officer organist owner owners painter people person philosopher physician physicist pilot pioneer
    pioneers pirate pirates player poet policeman postman potter president priest prince princess printer
    producer professor pupil pupils queen ruler sailmaker sailor sailors scholar scientist sculptor secretary
    settler settlers shepherd shepherdess shipwright shoemaker singer sister sisters smith soldier soldiers son
    student students surgeon tailor teacher teachers trader traders traveller twin twins uncle vicar villager
    villagers visitor visitors walker walkers warden watchmaker weaver weavers widow wife winner woman women
    workers worker writer twins"""
)
PERSON_SUFFIXES = ("ologist", "smith", "wright", "monger", "keeper", "woman", "women", "sman", "smen", "grapher")

# A capitalised name that ends or begins with one of these is no person.
THING_WORDS = word_set(
    """Museum Hall Bridge Line Week Point Sea House Houses River Street Lane Road Market Path Caves Cave Mount Lake
    Cape Island Bay Port Fort Tower Church Chapel Castle Palace University School College Company Brewery Inn
    Kite Race Wedding Stone Guild War Storm Dyke Engine Organ Crane Lift Farm Radio Party Union Act Court Bank
    Age Day Night North South East West New Saint Great Old Little Lower Upper Grand Valley Park Garden Square
    Ocean Mountains Treaty Empire Republic States Kingdom Society Institute Association Center Centre Office
    Press Corporation Inc City County Province"""
)

PLURALS = word_set("people men women children mice geese feet teeth sheep cattle police young wounded poor fish deer")
SINGULARS = word_set(
    """news physics mathematics economics politics ethics linguistics series species gas bus lens census mechanics analysis basis
    chess mess business process canvas atlas iris compass moss grass glass class thesis crisis hypothesis
    mathematics genetics mechanics electronics statistics gymnastics measles rickets always"""
)


def is_person_noun(word: str) -> bool:
    """Return whether a common noun such as "shepherd" or "fishmonger" names people."""
    word = word.lower()
    if word in SINGULARS:
        return False
    return (
        word in PERSON_NOUNS
        or word.removesuffix("s") in PERSON_NOUNS
        or word.removesuffix("s").endswith(PERSON_SUFFIXES)
    )


def is_plural(noun: str) -> bool:
    """Return whether a common noun has the form of a plural."""
    word = noun.lower()
    if word in PLURALS:
        return True
    if word in SINGULARS or word.endswith(("ss", "us", "is", "'s", "’s")):
        return False
    return len(word) > 2 and word.endswith("s")


def is_participle(word: str) -> bool:
    """Return whether a word after a form of "be" or "have" is a past participle; "-ed" words are, known or not."""
    if word in NO_PARTICIPLES:
        return False
    return word in BY_PARTICIPLE or (len(word) > 4 and word.endswith("ed"))
