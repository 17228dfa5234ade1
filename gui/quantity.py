"""Sizes, counts, durations and dates as people say them."""

from __future__ import annotations

from datetime import datetime

from services.translation import _, ngettext


def say_size(size_bytes: float) -> str:
    """“3.4 GB”, “25 MB”: powers of 1024, as memory is sold."""
    for unit, size in ((_("GB"), 2**30), (_("MB"), 2**20)):
        if size_bytes >= size:
            value = size_bytes / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{size_bytes / 2**10:,.0f} {_('kB')}"


def say_count(count: float) -> str:
    """“965k”, “1.7 billion”: two digits are enough to judge by."""
    if count >= 1e9:
        return _("{count:.1f} billion").format(count=count / 1e9)
    if count >= 1e6:
        return _("{count:.1f} million").format(count=count / 1e6)
    return f"{count / 1e3:,.0f}k" if count >= 10_000 else f"{count:,.0f}"


def say_duration(seconds: float) -> str:
    """“about 1 h 50 min”: an estimate pretends to no seconds."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return ngettext("about {minutes} minute", "about {minutes} minutes", minutes).format(minutes=minutes)
    return _("about {hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


def say_when(moment: str) -> str:
    """An ISO moment in local time: “today 14:02”, “yesterday 9:10”, “22 Nov 9:10”; empty where it cannot be read."""
    try:
        when = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return ""
    clock, days = f"{when:%H:%M}", (datetime.now().astimezone().date() - when.date()).days
    if days == 0:
        return _("today {time}").format(time=clock)
    if days == 1:
        return _("yesterday {time}").format(time=clock)
    return f"{when.day} {when:%b} {when.year if days > 300 else ''}".strip() + f" {clock}"
