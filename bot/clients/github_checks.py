"""GitHub check runs: one named "labhand" on each head, found again before it is written."""

import logging
from typing import TYPE_CHECKING, Any

from bot.clients.github_connection import Connection, Expecting, answered
from bot.ports import CheckState

if TYPE_CHECKING:
    from github.CheckRun import CheckRun

NAME = "labhand"
UNFINISHED = ("queued", "in_progress")
PASSED_OR_NOT: tuple[CheckState, ...] = ("success", "neutral", "cancelled")
"""Whatever else a check concludes (skipped, timed out, stale) is no success."""
MOST_TITLE = 250
MOST_SUMMARY = 65_535
"""Characters; GitHub refuses a longer one."""
logger = logging.getLogger(__name__)


class Checks(Connection):
    """What a head is worth, where branch protection can ask for it."""

    @answered
    def check(self, head: str, state: CheckState, title: str, summary: str) -> None:
        from github.GithubObject import NotSet

        status, conclusion = (state, None) if state in UNFINISHED else ("completed", state)
        output: dict[str, Any] = {"title": title[:MOST_TITLE], "summary": summary[:MOST_SUMMARY]}
        given = conclusion or NotSet
        with Expecting(403, 404, 422) as answer:
            found = self._check(head)
            # A new run takes the place of a completed one: it is the latest that counts.
            if found is None or (found.status == "completed" and not conclusion):
                self._repository.create_check_run(
                    NAME, head, external_id=NAME, status=status, conclusion=given, output=output
                )
            elif (found.status, found.conclusion, _said(found)) != (status, conclusion, output):
                found.edit(status=status, conclusion=given, output=output)
            return
        # A team may have kept the right from the bot: what it does does not hang on it.
        logger.warning("no check on %s: %s", head[:7], answer.reason)

    @answered
    def check_state(self, commit: str, name: str) -> CheckState | None:
        """The state of the latest check run of that name, whichever app made it."""
        runs = list(self._repository.get_commit(commit).get_check_runs(check_name=name))
        if not runs:
            return None
        latest = max(runs, key=lambda run: run.id)
        if latest.status != "completed":
            return "in_progress" if latest.status == "in_progress" else "queued"
        conclusion = latest.conclusion
        return next((s for s in PASSED_OR_NOT if s == conclusion), "failure")

    def _check(self, head: str) -> "CheckRun | None":
        runs = self._repository.get_commit(head).get_check_runs(check_name=NAME)
        return next((run for run in runs if run.external_id == NAME), None)


def _said(run: "CheckRun") -> dict[str, str]:
    return {"title": run.output.title or "", "summary": run.output.summary or ""}
