"""Where the sandbox and GitHub's descriptions may differ, and why."""

from typing import NamedTuple


class Allowed(NamedTuple):
    """Deviations that are right: shell patterns for place and words, and the reason."""

    place: str
    what: str
    reason: str


EXCEPTIONS = (
    Allowed(
        "*",
        "[45]?? / has status, which GitHub does not know",
        "GitHub repeats the status in every refusal; the schemas for 422, 405 and 409 lag behind",
    ),
    Allowed(
        "issues/*-labels",
        "body / is array, not object",
        "PyGithub sends the bare list, and GitHub takes it",
    ),
    Allowed(
        "GET /repos/*/git/refs",
        "is no operation of GitHub's",
        "PyGithub lists refs at the address from before `matching-refs`, which still answers",
    ),
    Allowed(
        "GET /repos/*/statuses/*",
        "is no operation of GitHub's",
        "PyGithub lists statuses at the address from before `commits`, which still answers",
    ),
    Allowed(
        "repos/update-branch-protection",
        "body /* is null, not boolean",
        "PyGithub sends null for a rule that it is not told of, and GitHub takes it",
    ),
    Allowed(
        "repos/update-branch-protection",
        "body /required_status_checks has no contexts",
        "GitHub takes `checks` in their place, which is what PyGithub sends",
    ),
    Allowed(
        "apps/list-installations",
        "200 /[*]/account has no *",
        "its description wants a user and an enterprise at once; all others, one of the two",
    ),
    Allowed(
        "actions/create-repo-variable",
        "409 is no status that GitHub names",
        "GitHub answers a second variable of one name so; only its description does not say it",
    ),
    Allowed(
        "issues/create",
        "body / has name, which GitHub does not know",
        "a test sends one body to two addresses; GitHub passes over what it does not know",
    ),
    Allowed(
        "issues/create-label",
        "body / has title, which GitHub does not know",
        "a test sends one body to two addresses; GitHub passes over what it does not know",
    ),
    Allowed(
        "pulls/*",
        "* /head/repo is null, not object",
        "so GitHub shows a pull request whose fork is gone, whatever its description says",
    ),
    Allowed(
        "event fork",
        "/forkee has has_discussions, which GitHub does not know",
        "GitHub sends it with every repository; the schema of this one event lacks it",
    ),
    Allowed(
        "event push",
        "*/email is no email",
        "the address of a bot has brackets: 41898282+github-actions[bot]@users.noreply.github.com",
    ),
    Allowed(
        "event *",
        "* has user_view_type, which GitHub does not know",
        "GitHub sends it with every user; a few of the webhooks' own user schemas lack it",
    ),
)
