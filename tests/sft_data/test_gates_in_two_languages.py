"""Every gate with what must pass it and what must not, in German and English."""

from collections import Counter

import pytest

from services.records import Chunk
from services.sft_data.alone import stands_alone
from services.sft_data.evidence import find_evidence
from services.sft_data.gate import REASONS, Gate
from services.sft_data.known_question import KnownQuestions
from services.sft_data.language_name import code_of
from services.sft_data.number import has_numbers_of
from services.sft_data.number_word import spelled_numbers
from services.sft_data.option import has_right_option
from services.sft_data.parse import Candidate, choice, parse
from services.sft_data.style import STYLES
from services.sft_data.unit import keeps_dates, keeps_units

ENGLISH = Chunk(
    1,
    "The lighthouse of Norrholm was built on 3 May 1874 by Greta Halvorsen and cost 1,234.5 crowns. Three keepers live there "
    "with their families. The lamp weighs 3.5 kg and was paid for by 2.5 million people, 20 % of them Swedes. The Northern "
    "Sailing Society opened it on a Tuesday; rain falls on 150 days a year.",
    "island.md", 0, {},
)  # fmt: skip
GERMAN = Chunk(
    2,
    "Der Leuchtturm von Norrholm wurde am 3. Mai 1874 von Greta Halvorsen gebaut und hat 1.234,5 Kronen gekostet. Drei "
    "Wärter wohnen dort mit ihren Familien. Die Lampe wiegt 3,5 kg und wurde von 2,5 Millionen Menschen bezahlt, von denen "
    "20 Prozent Schweden waren. Sie wurde an einem Dienstag eröffnet; an einundzwanzig Tagen im Jahr fällt Schnee.",
    "insel.md", 0, {},
)  # fmt: skip


def reason(chunk: Chunk, question: str, answer: str, style: str = "factual", *turns: str) -> str:
    return Gate(STYLES[style]).reason(Candidate(question, answer, turns=turns), chunk)


@pytest.mark.parametrize(
    ("chunk", "question", "answer"),
    [
        (ENGLISH, "What did the lighthouse of Norrholm cost?", "It cost 1234.5 crowns."),
        (ENGLISH, "What did the lighthouse of Norrholm cost?", "It cost 1.234,5 crowns."),
        (ENGLISH, "When was the lighthouse of Norrholm built?", "It was built on May 3, 1874."),
        (ENGLISH, "When was the lighthouse of Norrholm built?", "It was built in May 1874."),
        (ENGLISH, "How many keepers live in the lighthouse?", "3 keepers live there."),
        (ENGLISH, "How many people paid for the lamp?", "2,500,000 people paid for it."),
        (ENGLISH, "Which share of those who paid were Swedes?", "20 percent of them were Swedes."),
        (ENGLISH, "Who paid for the lamp and who lives in the lighthouse?", "Two groups: people who paid, and keepers."),
        (ENGLISH, "How much does the lamp of Norrholm weigh?", "The lamp weighs 3,5 kilograms."),
        (ENGLISH, "Who opened the lighthouse of Norrholm?", "It was opened by the Northern Sailing Society (NSS)."),
        (ENGLISH, "On which day was the lighthouse of Norrholm opened?", "On a Tuesday."),
        (GERMAN, "Was hat der Leuchtturm von Norrholm gekostet?", "Er hat 1,234.5 Kronen gekostet."),
        (GERMAN, "Wann wurde der Leuchtturm von Norrholm gebaut?", "Am 03.05.1874."),
        (GERMAN, "Wie viele Wärter wohnen im Leuchtturm?", "Dort wohnen 3 Wärter mit ihren Familien."),
        (GERMAN, "An wie vielen Tagen fällt in Norrholm Schnee?", "An 21 Tagen im Jahr fällt Schnee."),
        (GERMAN, "Wie viele Menschen haben die Lampe bezahlt?", "Es waren 2,5 Mio. Menschen."),
        (GERMAN, "Wer baute den Leuchtturm von Norrholm?", "Greta Halvorsen."),
        (GERMAN, "Wer wohnt im Leuchtturm von Norrholm?", "Drei Wärter wohnen dort mit Frauen und Kindern."),
        (GERMAN, "Wie viel Prozent waren Schweden?", "Es waren 20 % Schweden."),
    ],
)
def test_what_is_right_passes(chunk: Chunk, question: str, answer: str) -> None:
    assert reason(chunk, question, answer) == ""


@pytest.mark.parametrize(
    ("chunk", "question", "answer", "expected"),
    [
        (ENGLISH, "What did the lighthouse of Norrholm cost?", "It cost 12,345 crowns.", "number"),
        (ENGLISH, "How many keepers live in the lighthouse?", "Four keepers live there.", "number"),
        (ENGLISH, "How many people paid for the lamp?", "2.5 billion people paid for it.", "number"),
        (ENGLISH, "On how many days does rain fall?", "Rain falls on one hundred and fifteen days.", "number"),
        (ENGLISH, "How much does the lamp of Norrholm weigh?", "The lamp weighs 3.5 tonnes.", "unit"),
        (ENGLISH, "Which share of those who paid were Swedes?", "20 kg of them were Swedes.", "unit"),
        (ENGLISH, "How long does rain fall?", "Rain falls for 150 years.", "unit"),
        (ENGLISH, "How long have the keepers lived there?", "They have lived there for three years.", ""),
        (ENGLISH, "When was the lighthouse of Norrholm built?", "It was built on 3 June 1874.", "date"),
        (ENGLISH, "When was the lighthouse of Norrholm built?", "It was built in June 1874.", "date"),
        (ENGLISH, "On which day was the lighthouse of Norrholm opened?", "The lighthouse was opened on a Friday.", "date"),
        (ENGLISH, "Who built the lighthouse of Norrholm?", "The lighthouse was built by Anna Berg.", "name"),
        (ENGLISH, "Who opened the lighthouse of Norrholm?", "It was opened by the NATO.", "name"),
        (ENGLISH, "When was the lighthouse built?",
         "Der Leuchtturm wurde im Mai 1874 gebaut und es ist nicht bekannt, wie lange das gedauert hat.", "language"),
        (GERMAN, "Was hat der Leuchtturm von Norrholm gekostet?", "Er hat 12.345 Kronen gekostet.", "number"),
        (GERMAN, "Wie viele Wärter wohnen im Leuchtturm?", "Dort wohnen vier Wärter.", "number"),
        (GERMAN, "An wie vielen Tagen fällt in Norrholm Schnee?", "An zweiundzwanzig Tagen fällt Schnee.", "number"),
        (GERMAN, "Wie viele Menschen haben die Lampe bezahlt?", "Es waren 2,5 Milliarden Menschen.", "number"),
        (GERMAN, "Wie schwer ist die Lampe des Leuchtturms?", "Die Lampe wiegt 3,5 Tonnen.", "unit"),
        (GERMAN, "Wie lange fällt in Norrholm Schnee?", "Schnee fällt einundzwanzig Wochen im Jahr.", "unit"),
        (GERMAN, "Wann wurde der Leuchtturm von Norrholm gebaut?", "Er wurde am 4. Mai 1874 gebaut.", "number"),
        (GERMAN, "Wann wurde der Leuchtturm von Norrholm gebaut?", "Der Leuchtturm wurde am 3. Juni 1874 gebaut.", "date"),
        (GERMAN, "Wann wurde die Lampe eröffnet?", "Sie wurde an einem Freitag eröffnet.", "date"),
        (GERMAN, "Wer baute den Leuchtturm von Norrholm?", "Der Leuchtturm wurde von Peter Olsen gebaut.", "name"),
        (GERMAN, "Wer baute den Leuchtturm von Norrholm?", "Olsen.", "name"),
        (GERMAN, "Wer betreibt den Leuchtturm?", "Der Leuchtturm gehört der UNESCO.", "name"),
        (GERMAN, "Wann wurde der Leuchtturm von Norrholm gebaut?",
         "The lighthouse was built in May of the year 1874 and it has been there for all of the time since.", "language"),
    ],
)  # fmt: skip
def test_what_is_wrong_fails_with_its_reason(chunk: Chunk, question: str, answer: str, expected: str) -> None:
    assert reason(chunk, question, answer) == expected
    assert not expected or expected in REASONS


def test_names_are_looked_at_in_english_text_that_is_full_of_them() -> None:
    chunk = Chunk(3, "The harbour of Abbeyford was built by Anna Berg of Old Brackmoor, and Boris Klee paid.", "x.md", 0)
    assert reason(chunk, "Who built the harbour of Abbeyford?", "Anna Berg of Old Brackmoor built it.") == ""
    assert reason(chunk, "Who built the harbour of Abbeyford?", "The harbour was built by Clara Voss.") == "name"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("twenty-one", [21]), ("three hundred and five", [305]), ("a hundred", [100]), ("two thousand five hundred", [2500]),
        ("one of them", []), ("einundzwanzig", [21]), ("zweihundertfünf", [205]), ("dreitausendfünfhundert", [3500]),
        ("drei Millionen", [3_000_000]), ("Hundertschaft und Siebenschläfer", []), ("zwölf oder dreizehn", [12, 13]),
    ],
)  # fmt: skip
def test_numbers_in_words_are_read(text: str, values: list[int]) -> None:
    assert [int(value) for value, _words in spelled_numbers(text)] == values


@pytest.mark.parametrize(
    ("support", "answer", "is_kept"),
    [
        ("um 14:30", "um 14.30 Uhr", True), ("half of them", "50 %", True), ("die Hälfte", "50 Prozent", True),
        ("3.5 million", "3,500,000", True), ("3,500,000", "3.5 million", True), ("3.5 (in millions)", "3.5 million", True),
        ("3,5 Mrd. Euro", "3,5 Milliarden Euro", True), ("3,5 Mrd. Euro", "3,5 Millionen Euro", False),
        ("12 300 people", "12,300 people", True), ("12 300 people", "1,230 people", False),
        ("iron and gold", "Two metals: iron and gold.", True), ("iron and gold", "Two hundred metals: iron and gold.", False),
        ("20 %", "21 %", False), ("version 3.14", "version 3.15", False),
    ],
)  # fmt: skip
def test_numbers_are_compared_by_value(support: str, answer: str, is_kept: bool) -> None:
    assert has_numbers_of(support, answer) is is_kept


@pytest.mark.parametrize(
    ("support", "answer", "is_kept"),
    [
        ("3.5 kg", "3,5 kg", True), ("3.5 kg", "3,5 m", False), ("1,930 m", "1930 km", False), ("three metres", "3 feet", False),
        ("drei Meter", "3 m", True), ("100 km/h", "100 kilometres per hour", True), ("5 mg per day", "5 mg per hour", False),
        ("5 mg pro Tag", "5 mg", True), ("20 %", "20 percent", True), ("$5", "5 dollars", True), ("$5", "5 euros", False),
        ("in the 1930s", "after 1930 years", True), ("10 mm or 10 cm", "10 cm", True), ("5 μm", "5 mm", False),
    ],
)  # fmt: skip
def test_units_stay_with_their_numbers(support: str, answer: str, is_kept: bool) -> None:
    assert keeps_units(support, answer) is is_kept


@pytest.mark.parametrize(
    ("support", "answer", "is_kept"),
    [
        ("on 3 May 1874", "May 3rd", True), ("on 3 May 1874", "in May 1874", True), ("in March 1874", "in May 1874", False),
        ("in March 1874", "im März 1874", True), ("am 14.03.1985", "March 14, 1985", True), ("Sept. 5", "5. September", True),
        ("2021-12-01", "1 December 2021", True), ("2021-12-01", "2 December 2021", False), ("It may rain", "You may go", True),
        ("am Dienstag", "on a Tuesday", True), ("am Dienstag", "am Mittwoch", False), ("4/5/2020", "5 April 2020", True),
    ],
)  # fmt: skip
def test_dates_are_the_ones_of_the_text(support: str, answer: str, is_kept: bool) -> None:
    assert keeps_dates(support, answer) is is_kept


@pytest.mark.parametrize(
    "question",
    [
        "When was it built?", "What did he invent?", "In which year did she die?", "Why does this matter?", "How old was his wife?",
        "What does Figure 3 show?", "What is the result of Equation (4)?", "Who is the author of the text?",
        "According to the passage, who built the mill?", "What is said in this chapter about mills?",
        "What does the provided context say about mills?", "And the mill?",
        "What makes it special?", "What caused them to leave?", "Wie heißt er?", "Was macht sie?", "Wie funktioniert es?",
        "Wann wurde es gebaut?", "Was hat er erfunden?", "Wo starb seine Frau?", "Was zeigt Abbildung 2?", "Was steht in Tab. 4?",
        "Wer baute laut Text die Mühle?", "Was wird im Text über Mühlen gesagt?", "Was steht in diesem Kapitel?",
        "Wovon handelt der oben genannte Abschnitt?", "Was meint der Autor dieses Textes?", "Aber die Mühle?",
    ],
)  # fmt: skip
def test_what_leans_on_the_text_does_not_stand_alone(question: str) -> None:
    assert not stands_alone(question, f"{question}\nThe mill.", "A mill stands by the river. In this chapter we see mills.")


@pytest.mark.parametrize(
    "question",
    [
        "When was the mill of Osterly built?", "Why is it important to wash your hands?", "How long does it take to bake bread?",
        "What does it mean when the light is red?", "At its closest point, how far away is the moon?",
        "How do you insert a table in the document?", "Which text did Luther translate?", "Who wrote chapter 3 of the report?",
        "What is the author of a novel called?", "A cyclist rides 3 km. How far does she ride in two hours?",
        "Warum ist es wichtig, dass man sich die Hände wäscht?", "Wie können Sie eine Tabelle einfügen?",
        "Wann wurde die Mühle von Osterly gebaut?", "Welche Ihrer Rechte haben Sie?", "Wie lange dauert es, Brot zu backen?",
        "Was gibt es Neues in Norrholm?", "Worum handelt es sich bei einer Fuge?", "What if it rains in Norrholm?",
        "In welchem Artikel des Grundgesetzes steht das?",
    ],
)  # fmt: skip
def test_what_makes_sense_by_itself_passes(question: str) -> None:
    assert stands_alone(question, question, "Insert a table in the document with one click.")


BROKEN = "The exam-\nple mill of Osterly was not re\u00adbuilt after 1902. “It burned,” said Tomas Reed,\n  its owner, in a large-scale fire."


@pytest.mark.parametrize(
    ("quotation", "found"),
    [
        ("The example mill of Osterly", "The exam-\nple mill of Osterly"),
        ("was not rebuilt after 1902", "was not re\u00adbuilt after 1902"),
        ("\"It burned,\" said Tomas Reed, its owner", "It burned,” said Tomas Reed,\n  its owner"),
        ("„it burned“ said   Tomas Reed", "It burned,” said Tomas Reed"),
        ("in a large scale fire", "in a large-scale fire"),
        ("the exmple mill of Osterly was not rebuilt after 1902", "The exam-\nple mill of Osterly was not re\u00adbuilt after 1902"),
        ("The example mill of Osterly was rebuilt after 1902", None),
        ("was not rebuilt after 1903", None),
        ("The example mill of Osterly was sold to a bishop", None),
        ("", None),
    ],
)  # fmt: skip
def test_evidence_is_found_whatever_the_lines_look_like(quotation: str, found: str | None) -> None:
    place = find_evidence(BROKEN, quotation)
    assert (BROKEN[slice(*place)] if place else None) == found


def test_evidence_in_german_keeps_its_denial() -> None:
    text = "Die Mühle von Osterly wurde nach dem Brand von 1902 nicht wieder aufge-\nbaut, weil das Geld fehlte."
    place = find_evidence(text, "„nicht wieder aufgebaut“")
    assert place and text[slice(*place)] == "nicht wieder aufge-\nbaut"
    assert find_evidence(text, "Die Mühle von Osterly wurde nach dem Brand von 1902 wieder aufgebaut, weil das Geld fehlte") is None


OPTIONS = Chunk(4, "The mill of Osterly was built by Anna Berg and Boris Klee from granite in 1902. Clara Voss owns the mill.", "x.md", 0)


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("What is the mill of Osterly built from?\nA) granite\nB) brick\nC) wood\nD) clay", "A) granite", ""),
        ("What is the mill of Osterly built from?\nA) granite\nB) brick\nC) wood\nD) clay", "A", ""),
        ("When was the mill built?\nA) in 1902\nB) in 1903\nC) in 1904\nD) in 1905", "B", "number"),
        ("When was the mill built?\nA) in 1902\nB) by a bishop\nC) in 1904\nD) in 1905", "A) in 1902", "options"),
        ("What is the mill built from?\nA) granite\nB) granite and a little clay\nC) wood\nD) clay", "A) granite", "options"),
        ("What is the mill built from?\nA) granite\nB) Granite.\nC) wood\nD) clay", "A) granite", "options"),
        ("What is the mill built from?\nA) granite\nB) wood\nC) clay\nD) all of the above", "A) granite", "options"),
        ("What is the mill built from?\nA) granite\nB) wood\nC) clay\nD) A and B", "A) granite", "options"),
        ("What is the mill built from?\nA) granite\nB) wood\nC) clay\nD) a mixture of many different stones that lay about there",
         "A) granite", "options"),
        ("Who built the mill of Osterly?\nA) Anna Berg\nB) Boris Klee\nC) Edda Falk\nD) Jo Karn", "A) Anna Berg", "options"),
        ("Who built the mill of Osterly?\nA) Anna Berg\nB) Clara Voss\nC) Edda Falk\nD) Jo Karn", "A) Anna Berg", ""),
        ("Who built the mill of Osterly?\nA) Anna Berg\nB) Clara Voss\nC) Edda Falk\nD) Jo Karn", "Hugo Stern", "options"),
    ],
)  # fmt: skip
def test_options_are_of_one_kind_and_one_is_right(question: str, answer: str, expected: str) -> None:
    assert reason(OPTIONS, question, answer, "multiple-choice") == expected


def test_german_options() -> None:
    chunk = Chunk(5, "Die Mühle von Osterly wurde von Anna Berg und Boris Klee aus Granit gebaut.", "x.md", 0)
    ask = "Woraus wurde die Mühle gebaut?\nA) aus Lehm\nB) aus Granit\nC) aus Holz\nD) {}"
    assert reason(chunk, ask.format("aus Ziegeln"), "B) aus Granit", "multiple-choice") == ""
    assert reason(chunk, ask.format("alle genannten"), "B) aus Granit", "multiple-choice") == "options"
    who = "Wer baute die Mühle von Osterly?\nA) Anna Berg\nB) Boris Klee\nC) Edda Falk\nD) Jo Karn"
    assert reason(chunk, who, "A) Anna Berg", "multiple-choice") == "options"


def test_where_the_right_option_stands_cannot_be_guessed() -> None:
    """Models write the right one first, as a list, as lines, or in the question itself."""
    places: Counter[str] = Counter()
    for number in range(400):
        stem = f"Who built mill {number}?"
        made = choice(stem, ["right", "wrong", "worse", "worst"], "A")
        written = parse(f'{{"question": "{stem}\\nA) right\\nB) wrong\\nC) worse\\nD) worst", "answer": "A) right"}}').candidates
        assert made and written == [made] and made.output.endswith("right")
        places[made.output[0]] += 1
    assert all(70 <= places[letter] <= 130 for letter in "ABCD")


def test_a_choice_without_a_right_option_is_kept_for_its_reason() -> None:
    [candidate] = parse('{"question": "Who built the mill?", "options": ["Anna Berg", "Boris Klee"], "answer": "Hugo Stern"}').candidates
    assert reason(OPTIONS, candidate.instruction, candidate.output, "multiple-choice") == "options"


@pytest.mark.parametrize(
    ("chunk", "question", "answer", "expected"),
    [
        (ENGLISH, "Why was the lighthouse of Norrholm built in 1900?", "It was built in 1874, not in 1900.", ""),
        (ENGLISH, "Why was the lighthouse of Norrholm built in 1900?", "It was built in 1900 by Greta Halvorsen.", "premise"),
        (GERMAN, "Warum wurde der Leuchtturm 1900 gebaut?", "Das stimmt nicht: Er wurde 1874 gebaut.", ""),
        (GERMAN, "Warum wurde der Leuchtturm 1900 gebaut?", "Der Leuchtturm wurde 1900 von Greta Halvorsen gebaut.", "premise"),
    ],
)
def test_a_wrong_premise_is_put_right(chunk: Chunk, question: str, answer: str, expected: str) -> None:
    assert reason(chunk, question, answer, "wrong-premise") == expected


def test_a_socratic_pair_has_several_turns() -> None:
    asked, told = "Who built the lighthouse of Norrholm?", "Greta Halvorsen built the lighthouse."
    assert reason(ENGLISH, asked, told, "socratic") == "turns"
    assert reason(ENGLISH, asked, told, "socratic", "What do you know of the lighthouse?", "It is old.") == ""
    assert reason(ENGLISH, asked, told, "socratic", "What happened in 1999?", "It is old.") == "number"


@pytest.mark.parametrize(
    ("language", "question", "answer", "expected"),
    [
        ("German", "Wann wurde der Leuchtturm von Norrholm gebaut?", "Der Leuchtturm wurde im Mai des Jahres 1874 gebaut.", ""),
        ("Deutsch", "When was the lighthouse of Norrholm built?", "It was built in May of the year 1874, and it is there.", "language"),
        ("simple words", "When was the lighthouse of Norrholm built?", "It was built in May of the year 1874, and it is there.", ""),
    ],
)
def test_the_language_of_choice_is_kept(language: str, question: str, answer: str, expected: str) -> None:
    gate = Gate(STYLES["factual"], True, code_of(language))
    assert gate.reason(Candidate(question, answer), ENGLISH) == expected


def test_near_duplicates_in_german() -> None:
    known = KnownQuestions(["Wann wurde der Leuchtturm von Norrholm gebaut?"])
    assert known.has_near("Wann wurde der Leuchtturm von Norrholm gebaut")
    assert not known.has_near("Wann wurde der Leuchtturm von Ostholm gebaut?")
    assert not known.has_near("Wer hat den Leuchtturm von Norrholm gebaut?")


PLANT = Chunk(
    6,
    "Das Pumpspeicherwerk Ölmühle an der Würm wurde am 3. Mai 1984 von Jörg Weiß und Käthe Größl eröffnet; am 5. Juni 1991 "
    "wurde es von der Stadt Döbernitz gekauft. Der Betrieb ruhte vom 3. bis 9. Oktober 2003. Es hat eine Leistung von 1.500 kW "
    "und ein Becken von 0,125 km². Das Wasser hat zwischen -5 °C und 12,5 °C. Die Wartung kostet 2.750 € im Jahr. Rund ein "
    "Drittel des Stroms geht nach Österreich.\n\n"
    "| Pumpe | Hersteller | Gewicht (t) |\n| --- | --- | --- |\n| P1 | Voith | 14,5 |\n| P2 | Andritz | 18,25 |",
    "werk.md", 0, {},
)  # fmt: skip
OBSERVATORY = Chunk(
    7,
    "The Eastwick Observatory was founded on 3 May 1984 by Zoë Märtens and Liam O'Hara; it was sold to the Town of Derry on "
    "5 June 1991. It was closed from 3 to 9 October 2003. Its main mirror is 1,500 mm wide and weighs 0.125 tonnes. The dome "
    "falls to -5 °C in winter and rises to 68 °F. Upkeep costs $2,750 a year. About a third of the visitors come from Scotland. "
    "It opens at 7:30 p.m.\n\n"
    "| Camera | Maker | Weight (kg) |\n| --- | --- | --- |\n| C1 | Nikon | 14.5 |\n| C2 | Pentax | 18.25 |",
    "observatory.md", 0, {},
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Wann wurde das Pumpspeicherwerk Ölmühle eröffnet?", "Am 03.05.1984.", ""),
        ("Wann wurde das Pumpspeicherwerk Ölmühle eröffnet?", "Am 05.03.1984.", "date"),
        ("Wann wurde das Pumpspeicherwerk Ölmühle eröffnet?", "Am 3. Mai 1991.", "date"),
        ("Wann wurde das Pumpspeicherwerk Ölmühle eröffnet?", "Im Juni 1984.", "date"),
        ("Wann begann die Pause des Pumpspeicherwerks Ölmühle?", "Sie begann am 3. Oktober 2003.", ""),
        ("Wie lange ruhte der Betrieb der Ölmühle?", "Vom 03.10.2003 bis 09.10.2003.", ""),
        ("Welche Leistung hat das Pumpspeicherwerk Ölmühle?", "Es hat eine Leistung von 1500 Kilowatt.", ""),
        ("Welche Leistung hat das Pumpspeicherwerk Ölmühle?", "Es hat eine Leistung von 1,5 kW.", "number"),
        ("Welche Leistung hat das Pumpspeicherwerk Ölmühle?", "The plant has a power of 1,500 kW.", "language"),
        ("Wie groß ist das Becken der Ölmühle?", "Es ist 0,125 Quadratkilometer groß.", ""),
        ("Wie groß ist das Becken der Ölmühle?", "Es ist 125 km² groß.", "number"),
        ("Wie groß ist das Becken der Ölmühle?", "Es ist 0,125 m² groß.", "unit"),
        ("Wie kalt kann das Wasser der Ölmühle werden?", "Minus 5 Grad Celsius.", ""),
        ("Wie kalt kann das Wasser der Ölmühle werden?", "Es wird 5 °C kalt.", "unit"),
        ("Was kostet die Wartung der Ölmühle?", "Sie kostet 2750 EUR im Jahr.", ""),
        ("Was kostet die Wartung der Ölmühle?", "Sie kostet 2.750 € im Monat.", "unit"),
        ("Wie viel Strom der Ölmühle geht nach Österreich?", "Etwa 1/3 des Stroms.", ""),
        ("Wie viel Strom der Ölmühle geht nach Österreich?", "Etwa zwei Drittel des Stroms.", "number"),
        ("Wie schwer ist die Pumpe P1 der Ölmühle?", "Sie wiegt 14,5 Tonnen.", ""),
        ("Wie schwer ist die Pumpe P1 der Ölmühle?", "Sie wiegt 14,5 kg.", "unit"),
        ("Wer hat das Pumpspeicherwerk Ölmühle eröffnet?", "Joerg Weiss und Kaethe Groessl.", ""),
        ("Wer hat das Pumpspeicherwerk Ölmühle eröffnet?", "Anna Berg hat das Werk eröffnet.", "name"),
        ("Wer hat das Pumpspeicherwerk Ölmühle eröffnet?", "Olsen hat das Werk eröffnet.", "name"),
        ("Wer hat das Pumpspeicherwerk Ölmühle eröffnet?", "Jörg Schwarz.", "name"),
        ("Wer kaufte das Pumpspeicherwerk Ölmühle?", "Die Stadt Döbernitz kaufte es 1991.", ""),
        ("Wer arbeitet im Pumpspeicherwerk Ölmühle?", "Viele Angestellte arbeiten dort.", ""),
        ("Wohin geht der Strom der Ölmühle?", "Ein Teil des Stroms geht nach Österreich.", ""),
        ("Wohin geht der Strom der Ölmühle?", "Ein Teil des Stroms geht nach Frankreich.", "name"),
        ("Wie heißt der Hersteller der Pumpe P2?", "Der Hersteller der Pumpe P2 heißt Siemens.", "name"),
        ("Welche Pumpen der Ölmühle nennt die Tabelle?", "P1 und P2.", "not-alone"),
        ("Wie groß ist die Leistung der Ölmühle laut den Angaben?", "Es sind 1.500 kW.", "not-alone"),
    ],
)  # fmt: skip
def test_german_answers_about_a_plant(question: str, answer: str, expected: str) -> None:
    assert reason(PLANT, question, answer) == expected


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("When was the Eastwick Observatory founded?", "On 05/03/1984.", ""),
        ("When was the Eastwick Observatory founded?", "It was founded on 3 May 1991.", "date"),
        ("When was the Eastwick Observatory founded?", "In June 1984.", "date"),
        ("When was the Eastwick Observatory closed?", "It was closed from October 3 to October 9, 2003.", ""),
        ("How wide is the main mirror of Eastwick?", "It is 1500 millimetres wide.", ""),
        ("How wide is the main mirror of Eastwick?", "It is 1.5 mm wide.", "number"),
        ("How heavy is the mirror of Eastwick?", "It weighs 125 tonnes.", "number"),
        ("How cold does the dome of Eastwick get?", "It falls to minus 5 degrees Celsius.", ""),
        ("How cold does the dome of Eastwick get?", "It falls to 5 °C.", "unit"),
        ("How warm does the dome of Eastwick get?", "It rises to 68 degrees Fahrenheit.", ""),
        ("How warm does the dome of Eastwick get?", "It rises to 68 degrees Celsius.", "unit"),
        ("What does the upkeep of Eastwick cost?", "It costs 2,750 dollars per year.", ""),
        ("What does the upkeep of Eastwick cost?", "It costs £2,750 a year.", "unit"),
        ("What does the upkeep of Eastwick cost?", "It costs $2,750 a month.", "unit"),
        ("What does the upkeep of Eastwick cost?", "It costs $2,750 million a year.", "number"),
        ("How many visitors of Eastwick come from Scotland?", "About one third of them.", ""),
        ("How many visitors of Eastwick come from Scotland?", "About half of the visitors.", "number"),
        ("When does the Eastwick Observatory open?", "It opens at 7:30 PM.", ""),
        ("When does the Eastwick Observatory open?", "It opens at 7:30 a.m.", "unit"),
        ("How much does camera C1 at Eastwick weigh?", "It weighs 14.5 g.", "unit"),
        ("Who founded the Eastwick Observatory?", "It was founded by Liam O’Hara and Zoë Märtens.", ""),
        ("Who founded the Eastwick Observatory?", "Olsen founded the observatory.", "name"),
        ("Who founded the Eastwick Observatory?", "They founded it in 1984: Zoë Märtens and Liam O'Hara.", ""),
        ("Who founded the Eastwick Observatory according to the table?", "Zoë Märtens founded it.", "not-alone"),
    ],
)  # fmt: skip
def test_english_answers_about_an_observatory(question: str, answer: str, expected: str) -> None:
    assert reason(OBSERVATORY, question, answer) == expected


def test_options_that_end_with_a_unit_are_different_without_a_number() -> None:
    question = "What is held in May?\nA) Kite Week\nB) Goose Week\nC) Salt Week\nD) Lantern Day"
    assert has_right_option(question, "A) Kite Week")


def test_a_name_that_is_a_word_of_another_language_does_not_make_a_short_answer_foreign() -> None:
    lake = Chunk(8, "The island has one large lake, and it is deep. Lake Immer is 73 metres deep. The boats are kept on it.", "a.md", 0, {})
    asked = "My friend wants to know what the depth of Lake Immer is. Can you help?"
    assert reason(lake, asked, "Happy to help! Lake Immer is 73 metres deep.") == ""
    assert reason(lake, asked, "Der Immersee ist mit 73 Metern sehr tief.") == "language"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does the upkeep of Eastwick cost?\nA) $2,750\nB) $3,000\nC) $4,100\nD) 2750 dollars", "A) $2,750"),
        ("When was Eastwick sold?\nA) 5 June 1991\nB) June 5, 1991\nC) 7 June 1991\nD) 9 June 1991", "A) 5 June 1991"),
    ],
)
def test_two_options_that_say_the_same_are_no_choice(question: str, answer: str) -> None:
    assert reason(OBSERVATORY, question, answer, "multiple-choice") == "options"
