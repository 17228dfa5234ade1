"""Everything that Wissenswerk does; nothing here knows that there is a window."""
