"""The two kinds of news that are not bugs; every other exception is one."""


class UserError(Exception):
    """Something the person can mend. Its text says what happened and what to do, in one or two sentences."""


class MemoryFull(UserError):
    """The memory was full; with less at once the work may go on."""


class Cancelled(Exception):
    """The person asked the work to stop. Shown to nobody."""
