"""Whether a question and its answer make sense to somebody who has never seen the text."""

from __future__ import annotations

import re

_WORK = r"(?:text|passage|excerpt|paragraph|snippet|section|chapter|document|article|author|chunk)(?!\ of\b|\s*\d)"
_WERK = (
    r"(?:text|textes|abschnitt|abschnitts|absatz|absatzes|auszug|auszugs|dokument|dokuments|artikel|artikels|autor|autors"
    r"|autorin|kapitel|kapitels|textstelle|passage)(?!\s*\d)"
)
_POINTS_AT_THE_TEXT = re.compile(
    rf"""
    \b(?:according\ to|in|from|by|based\ on|does|per)\s+(?:the|this|that)\s+(?:above\ |following\ |given\ |provided\ )?{_WORK}\b
  | \b(?:the|this)\s+(?:above\ |following\ |given\ |provided\ )?(?:text|passage|excerpt|snippet|author)\b(?!\ of\b)
  | \bthe\s+(?:provided|given)\s+(?:information|context|content)\b
  | \b(?:according\ to|does|do)\s+(?:the|this)\s+(?:table|figure|diagram|chart|list)\b(?!\ of\b|\s*\d)
  | \b(?:laut|gemäß|nach)\s+(?:der|dieser)\s+(?:tabelle|abbildung|grafik|übersicht|liste)\b(?!\s*\d)
  | \b(?:nennt|zeigt|listet|enthält)\s+(?:die|diese)\s+(?:tabelle|abbildung|grafik|übersicht)\b|\bin\s+der\s+tabelle\b
  | \b(?:laut|gemäß)\s+den\s+(?:angaben|informationen)\b(?!\s+(?:de[rs]|von|eine[rs])\b)
  | \b(?:laut|gemäß|nach|zufolge)\s+(?:(?:dem|des|der|diesem|dieser)\ )?(?:obigen\ |vorliegenden\ |gegebenen\ )?{_WERK}\b
  | \b(?:in|aus|im)\s+(?:dem\ |diesem\ |dieser\ |der\ |obigen\ |vorliegenden\ |folgenden\ )?{_WERK}\b
  | \b(?:der|dieser|diesem|des|dem)\s+(?:text|textes|textabschnitt|auszug|autor)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_POINTS_AT_A_PLACE = re.compile(
    r"""
    \b(?:mentioned|described|stated|listed|shown|given|discussed)\s+(?:above|below|earlier|here)\b
  | \bas\s+(?:mentioned|described|stated|shown|noted)\b(?!\s+(?:by|in)\s)
  | \b(?:figure|fig\.|table|equation|eq\.|exercise|exhibit)\s*\(?\d
  | \b(?:oben|unten|hier)\s+(?:genannt|angegeben|beschrieben|erwähnt|aufgeführt|gezeigt)
  | \bwie\s+(?:oben|unten|bereits)\s+(?:\w+\s+)?(?:genannt|beschrieben|erwähnt|gezeigt)
  | \b(?:abbildung|abb\.|tabelle|tab\.|gleichung|schaubild)\s*\(?\d
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SHOWS = re.compile(r"\b(?:this|these|that|dies\w*)\b|\b(?:laut|gemäß|zufolge)\b|according\ to|author|autor", re.IGNORECASE)
_LEANS_ON_BEFORE = re.compile(
    r"^(?:and|but|what about|und|aber)\b|^(?:\w+\s+){0,3}(?:he|she|it|they|this|these|those|er|dies(?:er|e|es))\?*$",
    re.IGNORECASE,
)
# A question whose first word with sense is a pronoun: "When did he die?", "Wann wurde es gebaut?".
_ASKS = (
    r"(?:who|whom|whose|what|when|where|why|which|how|in|at|on|for|to|from|by|did|does|do|is|are|was|were|has|have|had|can"
    r"|could|will|would|should|many|much|long|often|old|far|year|way|wer|wen|wem|was|wann|wo|woher|wohin|wodurch|womit|warum"
    r"|weshalb|wieso|wie|welche[rsnm]?|viele|lange|oft|alt|ist|sind|war|waren|wurde|wurden|wird|werden|hat|haben|hatte|kann"
    r"|konnte|starb|jahr)"
)
_PRONOUN_FIRST = re.compile(
    rf"^(?i:(?:(?:in|at|on|for|to|from|by|von|seit|bis|aus)\s+)?(?!(?:in|at|on|for|to|from|by)\s)(?:{_ASKS}\s+){{1,6}})(?:"
    r"(?P<person>he|she|they|his|her|him|their|them|er|ihn|ihm|seine?[rnm]?|ihre?[rnm]?|sie)"
    r"|(?P<thing>it|its|es|this|these|those|dies(?:e[rsnm]?)?))\b(?P<rest>.*)$",
    re.DOTALL,
)
# "Why is it important to ...", "How long does it take ...", "Warum ist es wichtig, dass ...": it stands for nothing.
_EMPTY_IT = re.compile(
    r"\b(?:to|that|when|if|for|whether|true|take|takes|took|mean|means|possible|like|about|called|sich|dass|zu|wenn|ob|um|gibt|gab|heißt)\b",
    re.IGNORECASE,
)
# The same with a verb between: "What makes it special?", "Wie heißt er?".
_VERB_BETWEEN = re.compile(
    r"^(?i:who|what|why|how|where|when|wer|was|wie|wo|wann|warum|weshalb|wodurch|womit|woher|wohin)\s+"
    r"(?!(?:gibt|gab|geht|ging|handelt|kommt|kam|if|about|do|does|would|should|can|could|will)\b)[a-zäöüß]+\s+"
    r"(?:(?P<person>he|she|they|him|her|them|er|ihn|ihm|sie)|(?P<thing>it|es))\b(?P<rest>.*)$",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


def stands_alone(question: str, said: str, content: str) -> bool:
    """Whether nothing is pointed at that only the reader of the text can see.

    said: all that is to be looked at, the question with it. content: of the chunk; a work that the chunk itself is
    about ("Insert a table in the document") may be spoken of.
    """
    if _POINTS_AT_A_PLACE.search(said) or _LEANS_ON_BEFORE.search(question):
        return False
    known = content.casefold()
    for match in _POINTS_AT_THE_TEXT.finditer(said):
        if _SHOWS.search(match[0]) or " ".join(match[0].casefold().split()) not in known:
            return False
    first = _SENTENCE_END.split(question.strip(), maxsplit=1)[0].splitlines()[0] if question.strip() else ""
    found = _PRONOUN_FIRST.match(first) or _VERB_BETWEEN.match(first)
    return not found or (found["thing"] is not None and bool(_EMPTY_IT.search(found["rest"])) and found["thing"] in ("it", "es"))
