"""The two kinds of news that are not bugs; every other exception is one."""


class UserError(Exception):
    """Something the person can mend. Its text says what happened and what to do, in one or two sentences."""


class Cancelled(Exception):
    """The person asked the work to stop. Shown to nobody."""
