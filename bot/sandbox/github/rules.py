"""The rules of a protected branch, and what GitHub says when one is not kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PASSED = "passed"
PULL_NEEDED = "Changes must be made through a pull request."
NO_FORCE = "Cannot force-push to this branch"
NO_DELETION = "Cannot delete this branch"
NO_MERGES = "This branch must not contain merge commits."
NOT_A_PUSHER = (
    "You're not authorized to push to this branch. Visit https://docs.github.com/articles/"
    "about-protected-branches for more information."
)


@dataclass(frozen=True, kw_only=True)
class Protection:
    """The rules of a protected branch.

    Attributes:
        checks: Names of the required checks, each with the id of the app that must report it;
            with None anybody may. None where no checks are required.
        strict: Whether a check counts only on a branch that contains its base.
        approvals: How many reviews must approve; None where no pull request is required.
        dismisses_stale: Whether a push takes approvals back.
        pushers: Logins that may push, in lower case; None where every writer may.
        binds_admins: Whether admins must obey too.
    """

    checks: tuple[tuple[str, int | None], ...] | None = None
    strict: bool = False
    approvals: int | None = None
    dismisses_stale: bool = False
    pushers: tuple[str, ...] | None = None
    binds_admins: bool = False
    linear: bool = False
    allows_force: bool = False
    allows_deletion: bool = False


@dataclass(frozen=True)
class Verdict:
    """What one app or person reports about a commit under one name.

    Attributes:
        state: `passed`, or what GitHub calls it when it is not: failing, pending, queued,
            in progress.
    """

    name: str
    app: int | None
    state: str


def missing_checks(rules: Protection, verdicts: Iterable[Verdict], *, behind: bool) -> list[str]:
    """What GitHub says about required checks that have not passed; nothing if all have.

    Args:
        rules: Of the branch.
        verdicts: Of the commit that is to come onto it.
        behind: Whether that commit lacks some of the branch; a strict rule then takes all its
            checks for unheard.
    """
    known = () if behind and rules.strict else tuple(verdicts)
    required = rules.checks or ()
    states = {name: _state(name, app, known) for name, app in required}
    open_ones = {name: state for name, state in states.items() if state != PASSED}
    if not open_ones:
        return []
    if len(required) == 1:
        ((name, state),) = open_ones.items()
        return [f'Required status check "{name}" is {state}.']
    return [_counted(open_ones, len(required))]


def _state(name: str, app: int | None, verdicts: Iterable[Verdict]) -> str:
    """The worst that is reported under a name, as a failure hides behind no success."""
    found = [v.state for v in verdicts if v.name == name and app in (None, v.app)]
    return next((state for state in found if state != PASSED), PASSED if found else "expected")


def _counted(open_ones: Mapping[str, str], required: int) -> str:
    counts = Counter(open_ones.values())
    start = f"{len(open_ones)} of {required} required status checks"
    if len(open_ones) == required and len(counts) == 1:
        return f"{start} are {next(iter(counts))}."
    listed = " and ".join(f"{count} {state}" for state, count in counts.items())
    return f"{start} have not succeeded: {listed}."


def missing_reviews(rules: Protection, approvals: int, objections: int) -> list[str]:
    """What GitHub says about reviews by people who may write; nothing if there are enough."""
    if rules.approvals is None:
        return []
    if objections:
        what = f"{objections} review{'s' if objections > 1 else ''} requesting changes"
        return [f"{what} by reviewers with write access."]
    if approvals < rules.approvals:
        some = "review is" if rules.approvals == 1 else "reviews are"
        what = f"At least {rules.approvals} approving {some} required"
        return [f"{what} by reviewers with write access."]
    return []
