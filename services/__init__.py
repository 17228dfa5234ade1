"""Everything that Wissenswerk does; nothing here knows that there is a window."""

__version__ = "0.1.0"
