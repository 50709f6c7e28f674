"""What git says of a remote that it could not read: whether to try again, or to tell somebody."""

import re

UNREAD = re.compile(r"Unable to (?:fetch from git remote|update submodules).*", re.DOTALL)
"""How the SDK says that git failed, before all that git itself has said."""
REFUSED = re.compile(r"returned error: 40[14]|not found|Authentication failed|not read Username")
"""What git says of a remote that does not let it in; 403 is GitHub's word for too many requests."""


def outage(said: str) -> str:
    """Why a remote did not answer, on one line; empty if it did, or if it does not let git in."""
    unread = UNREAD.search(said)
    if unread is None or REFUSED.search(unread[0]):
        return ""
    return " ".join(unread[0].split())[:300]
