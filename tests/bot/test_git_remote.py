"""What git says of a remote that it could not read."""

import pytest

from bot.clients.git_remote import outage

FETCH = "wandb: ERROR Error creating job: Unable to fetch from git remote repository {}:\n"
SAID = FETCH.format("https://github.example/a/not-found.git") + "git fetch origin exited with 128: "


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_a_remote_that_does_not_answer_is_asked_again(status: int) -> None:
    why = outage(f"{SAID}fatal: unable to access: The requested URL returned error: {status}")
    assert why.endswith(str(status))


@pytest.mark.parametrize(
    "said",
    [
        SAID + "fatal: unable to access: The requested URL returned error: 401",
        SAID + "fatal: repository 'https://github.example/a/b.git/' not found",
        SAID + "fatal: could not read Username for 'https://github.example'",
        "wandb: ERROR Error creating job: Unable to checkout ref 'f00': unknown revision",
        "",
    ],
)
def test_what_asking_again_does_not_help_is_no_outage(said: str) -> None:
    assert not outage(said)
