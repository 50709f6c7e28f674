"""A git remote, asked whether it answers at all."""

import re
import subprocess

from bot.ports import Outage

TIMEOUT_SECONDS = 30
REFUSED = re.compile(r"returned error: 40[14]|not found|Authentication failed|not read Username")
"""What git says of a remote that does not let it in; 403 is GitHub's word for too many requests."""


def answers(url: str) -> bool:
    """Whether a remote can be read; git's configuration comes from the environment.

    Raises:
        Outage: it does not answer, or asks to be left alone.
    """
    command = ["git", "ls-remote", "--quiet", url, "HEAD"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Outage(f"git had no answer from {url}") from error
    if done.returncode and not REFUSED.search(done.stderr):
        raise Outage(f"git had no answer from {url}: {' '.join(done.stderr.split())[:300]}")
    return not done.returncode
