"""The open textbooks: cleaned prose, and the questions they print."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

Exchange = tuple[str, str]

DROPPED_SECTIONS = re.compile(r"teacher support|key terms|learning (objectives|outcomes)|self-check|review questions|critical thinking|"
                              r"problems|references|endnotes|bibliography|further reading|exercises|test prep|suggested|works cited|sources", re.I)
NOISE = re.compile(r"https?://|www\.|\.com\b|\[(OL|AL|BL|EL|All)\]|\( ?\)|credit:|©|\bISBN\b|&#|\\|_{3,}|Figure|Table \d|Access for free|OpenStax", re.I)
DEFINITION = re.compile(r"^((?:An? |The )?[A-Z]?[a-z][\w\-]*(?: [a-z][\w\-]*){0,3}) (is|are) (?:an?|the) [^.;:()]{20,160}\.$")
VAGUE = re.compile(r"^(This|That|These|Those|It|They|There|He|She|We|You|One|What|Which|Such|Here|Each|Another|Other|So|If|When|In|At|On|For)\b")


@dataclass(frozen=True)
class Textbooks:
    """Paragraphs and exchanges for training, and the part held out for measuring."""

    paragraphs: list[str]
    exchanges: list[Exchange]
    held_out_paragraphs: list[str]
    held_out_exchanges: list[Exchange]


def clean_book(text: str) -> list[str]:
    """The sections of a book as Markdown text; lists of aims, exercises, references and noisy lines are left out."""
    sections: list[str] = []
    for section in re.split(r"\n(?=#{1,3} )", text):
        heading, _, body = section.partition("\n")
        if DROPPED_SECTIONS.search(heading):
            continue
        lines = [re.sub(r"(?<=[a-z.”])\.(?=[A-Z][a-z]+ [A-Z]).*$", ".", line.strip()) for line in body.splitlines()]
        lines = [line for line in lines if len(line) > 60 and not NOISE.search(line) and line[-1] in ".!?”\"" and "  " not in line]
        kept = "\n".join(line for line in lines if sum(c.isalpha() or c == " " for c in line) / len(line) > 0.92)
        if len(kept) > 150:
            sections.append(f"{heading}\n\n{kept}")
    return sections


def _restate(term: str, meaning: str) -> str:
    meaning = meaning.strip().rstrip(".")
    subject = term[0].upper() + term[1:]
    if re.match(r"(an?|the) ", meaning, re.I):
        return f"{subject} is {meaning[0].lower()}{meaning[1:]}."
    return f"{subject} means {meaning[0].lower()}{meaning[1:]}."


def _read_exchanges(path: Path, rng: random.Random) -> list[Exchange]:
    exchanges: list[Exchange] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        reply = row["answer"]
        if row["kind"] == "glossary" and 15 < len(reply) < 300:
            for form in rng.sample(("What is {}?", "Define {}.", "What does {} mean?", "What is meant by {}?", "Explain the term {}."), 2):
                exchanges.append((form.format(row["term"]), _restate(row["term"], reply)))
        elif row["kind"] == "exercise" and len(row["question"]) < 260 and len(reply) < 420 and "correct answer" not in reply:
            if not re.search(r"\d.*\d.*\d", reply) and "based on the information" not in row["question"]:
                exchanges.append((row["question"], reply))
    return exchanges


def _ask_definitions(sections: list[str], rng: random.Random) -> list[Exchange]:
    """'X is a ...' sentences of the prose as questions about X."""
    exchanges: list[Exchange] = []
    for section in sections:
        for sentence in re.split(r"(?<=[.!?]) +|\n", section):
            match = DEFINITION.match(sentence)
            if match and not VAGUE.match(sentence):
                subject = match.group(1)
                subject = subject if re.match(r"[A-Z]{2}", subject) else subject[0].lower() + subject[1:]
                exchanges.append((f"What {match.group(2)} {subject}?", sentence))
    return exchanges


def read_textbooks(folder: Path, seed: int = 1) -> Textbooks:
    """All books of the folder; every 40th section and every 30th exchange are held out.

    Raises FileNotFoundError if the folder has no text files.
    """
    rng = random.Random(seed)
    sections: list[str] = []
    exchanges: list[Exchange] = []
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise FileNotFoundError(f"No text files (*.txt) in {folder}")
    for path in paths:
        sections += clean_book(path.read_text(encoding="utf-8"))
    for path in sorted(folder.glob("*.qa.jsonl")):
        exchanges += _read_exchanges(path, rng)
    kept = [section for index, section in enumerate(sections) if index % 40]
    exchanges += _ask_definitions(kept, rng)
    return Textbooks(
        paragraphs=kept,
        exchanges=[pair for index, pair in enumerate(exchanges) if index % 30],
        held_out_paragraphs=sections[::40],
        held_out_exchanges=exchanges[::30],
    )
