"""The window: it shows what services/ does, and does none of it."""
