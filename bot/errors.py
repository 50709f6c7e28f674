"""The one error whose text a person reads."""


class UserError(Exception):
    """Something was asked for that cannot be done.

    The text says what is wrong and what to do about it, in Markdown; it is posted as it stands.
    Everything else that is raised is a bug or an outage, and its text is never posted.
    """
