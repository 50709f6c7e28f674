"""How a service may fail us: it does not answer, it asks for patience, or what was read is old."""


class Outage(Exception):
    """A service did not answer, or answered that it cannot: look again, then decide again."""


class Limited(Outage):
    """A service asks to be left alone for longer than a job should wait; a later ring goes on."""


class Stale(Exception):
    """The branch moved between reading and writing: read again, then decide again."""
