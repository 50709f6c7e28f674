"""GitHub through PyGithub: the Forge."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from bot.clients.github_checks import Checks
from bot.clients.github_connection import Expecting, answered, unchanging
from bot.clients.github_hearing import Hearing
from bot.clients.github_releases import Releases
from bot.clients.github_start import Start
from bot.errors import UserError
from bot.ports import Change, FileChange, Issue, Outage, Pull
from bot.sections import ROLES, Role

if TYPE_CHECKING:
    from github.PullRequest import PullRequest

SCHEDULE = "ring.yml"
WORKFLOW = "labhand.yml"
MOST_FILES = 300
"""GitHub lists no more files of a comparison."""
logger = logging.getLogger(__name__)


class GitHub(Checks, Hearing, Releases, Start):
    """One repository on GitHub.

    Args:
        token: acts for the bot in this repository.
        repository: owner and name.
        api_url: where its REST interface is, as `GITHUB_API_URL` says.
        workflow_run: the workflow run that this process belongs to.
    """

    def __init__(self, token: str, repository: str, api_url: str, workflow_run: int) -> None:
        super().__init__(token, repository, api_url)
        self._workflow_run = workflow_run

    @answered
    def role(self, login: str) -> Role:
        """The role of a person; "none" for whatever GitHub says that is no known role."""
        repository = self._repository
        with Expecting(403, 404, 422) as answer:
            _, found = repository.requester.requestJsonAndCheck(
                "GET", f"{repository.url}/collaborators/{login}/permission"
            )
            # A custom role has a name of its own; `permission` tells which one it is built on.
            for word in (found.get("role_name"), found.get("permission")):
                for role in ROLES:
                    if word == role:
                        return role
        logger.info("%s has no role: %s", login, answer.reason)
        return "none"

    @answered
    def issue(self, number: int) -> Issue:
        with Expecting(404, 410):
            found = self._repository.get_issue(number)
            author = found.user.login
            is_pull = found.pull_request is not None
            return Issue(number, found.title, found.body or "", author, is_pull)
        raise UserError(f"There is no issue #{number}.")

    @answered
    def pull(self, number: int) -> Pull:
        with Expecting(404):
            found = self._repository.get_pull(number)
            return Pull(
                number=number,
                title=found.title,
                author=found.user.login,
                branch=found.head.ref,
                head=found.head.sha,
                base_branch=found.base.ref,
                is_open=found.state == "open",
                is_draft=found.draft,
                is_fork=found.head.repo is None or found.head.repo.id != found.base.repo.id,
                merge_commit=found.merge_commit_sha if found.merged else None,
            )
        raise UserError(f"#{number} is no pull request.")

    @answered
    def open_pulls(self) -> frozenset[int]:
        if (listed := self._came_along.pop("pullRequests", None)) is not None:
            return frozenset(pull["number"] for pull in listed)
        return frozenset(pull.number for pull in self._repository.get_pulls(state="open"))

    @answered
    def head(self, branch: str) -> str | None:
        with Expecting(404):
            return self._repository.get_git_ref(f"heads/{branch}").object.sha
        return None

    @answered
    def stood(self, branch: str, at: float) -> str | None:
        repository, before = self._repository, None
        with Expecting(404):  # an older GitHub of one's own
            _, moves = repository.requester.requestJsonAndCheck(
                "GET",
                f"{repository.url}/activity",
                {"ref": f"refs/heads/{branch}", "per_page": 100},
            )
            for move in moves:  # the newest first
                if datetime.fromisoformat(move["timestamp"]).timestamp() <= at:
                    return str(move["after"])
                before = str(move["before"])
        return before

    @unchanging(commits=2)
    @answered
    def compare(self, base: str, head: str) -> Change:
        found = self._repository.compare(base, head)
        if len(found.files) >= MOST_FILES:
            raise UserError(
                f"This changes {MOST_FILES} files or more, and GitHub does not list them all. "
                "Split it, so that every file can be checked."
            )
        files = [FileChange(f.filename, f.additions, f.deletions) for f in found.files]
        # A renamed file has left its old place too.
        files += [
            FileChange(f.previous_filename, 0, 0) for f in found.files if f.status == "renamed"
        ]
        return Change(found.merge_base_commit.sha, tuple(files))

    @unchanging(commits=1)
    @answered
    def tree(self, commit: str) -> str:
        return self._repository.get_git_commit(commit).tree.sha

    @unchanging(commits=1)
    @answered
    def blobs(self, commit: str) -> Mapping[str, str]:
        listed = self._repository.get_git_tree(commit, recursive=True)
        if listed.raw_data.get("truncated"):
            logger.warning("%s holds more files than GitHub lists", commit)
            return {}
        return {each.path: each.sha for each in listed.tree if each.type == "blob"}

    @answered
    def create_label(self, name: str, color: str, description: str) -> bool:
        with Expecting(422) as answer:
            self._repository.create_label(name, color, description)
            return True
        if any(label.name.lower() == name.lower() for label in self._repository.get_labels()):
            return False
        raise UserError(f"GitHub does not take the label `{name}`: {answer.reason}")

    @answered
    def create_branch(self, name: str, commit: str) -> str:
        with Expecting(422) as answer:
            return self._repository.create_git_ref(f"refs/heads/{name}", commit).object.sha
        if (there := self.head(name)) is None:
            raise UserError(f"GitHub does not make the branch `{name}`: {answer.reason}")
        return there

    @answered
    def open_pull(self, branch: str, title: str, body: str, assignee: str) -> int:
        pull = self._create_pull(branch, title, body)
        if assignee.lower() not in {person.login.lower() for person in pull.assignees}:
            with Expecting(403, 404, 422) as answer:
                pull.add_to_assignees(assignee)
                return pull.number
            logger.info("#%s is not assigned to %s: %s", pull.number, assignee, answer.reason)
        return pull.number

    def _open_pull(self, branch: str) -> "PullRequest | None":
        owner = self._name.partition("/")[0]
        found = self._repository.get_pulls(
            state="open", head=f"{owner}:{branch}", base=self.default_branch
        )
        return next(iter(found), None)

    def _create_pull(self, branch: str, title: str, body: str) -> "PullRequest":
        base = self.default_branch
        with Expecting(403, 404, 422) as answer:
            return self._repository.create_pull(base, branch, title=title, body=body, draft=True)
        if pull := self._open_pull(branch):  # by an earlier try, or by somebody's hand
            return pull
        if "draft" in answer.reason.lower():  # private repositories have drafts on paid plans only
            return self._repository.create_pull(base, branch, title=title, body=body)
        raise UserError(
            f"GitHub opens no PR from `{branch}`: {answer.reason} If Actions may not open PRs, "
            "allow it under Settings, Actions, General: “Allow GitHub Actions to create and "
            "approve pull requests”."
        )

    @answered
    def merge(self, pull: int, head: str, method: str, title: str, message: str) -> str:
        found = self._repository.get_pull(pull)
        if found.merged:
            return found.merge_commit_sha
        if found.state != "open":
            raise UserError(f"#{pull} is closed. Reopen it, then ask again.")
        if found.head.sha != head:
            raise UserError(
                f"#{pull} has moved from `{head[:7]}` to `{found.head.sha[:7]}`. "
                "Train the new head with `/launch` first."
            )
        if found.draft:
            found.mark_ready_for_review()
        with Expecting(403, 404, 405, 422) as answer:
            return found.merge(message, title, method, head).sha
        if "was modified" in answer.reason and "Base branch" in answer.reason:
            raise Outage(answer.reason)
        raise UserError(
            f"GitHub does not merge #{pull}: {answer.reason} "
            "Resolve this on the PR (conflicts, required checks, reviews), then ask again."
        )

    @answered
    def close_issue(self, number: int) -> None:
        self._repository.get_issue(number).edit(state="closed", state_reason="completed")

    @answered
    def send_form(self, command: str, number: int) -> None:
        """Send the form in the Actions tab, as whoever's token this is.

        Raises:
            UserError: GitHub does not let this person start workflows here.
        """
        repository = self._repository
        form = {"command": command, "number": str(number)}
        with Expecting(403, 404, 422) as answer:
            repository.requester.requestJsonAndCheck(
                "POST",
                f"{repository.url}/actions/workflows/{WORKFLOW}/dispatches",
                input={"ref": self.default_branch, "inputs": form},
            )
            return
        raise UserError(
            f"GitHub does not start `{WORKFLOW}`: {answer.reason} The token needs the right to "
            "start workflows (`actions: write`), and its owner the role `write`."
        )

    @answered
    def ended(self, workflow_run: int) -> bool:
        """Whether a workflow run has ended; one that was deleted has, our own has not."""
        if workflow_run == self._workflow_run:
            return False
        with Expecting(404):
            return self._repository.get_workflow_run(workflow_run).status == "completed"
        return True

    @answered
    def set_schedule(self, enabled: bool) -> None:
        requester = self._repository.requester
        page = f"{self._repository.url}/actions/workflows/{SCHEDULE}"
        verb = "enable" if enabled else "disable"
        with Expecting(403, 404, 422) as answer:
            # It mostly is as it should be, and GitHub allows fewer writes than reads.
            _, found = requester.requestJsonAndCheck("GET", page)
            if (found["state"] == "active") != enabled:
                requester.requestJsonAndCheck("PUT", f"{page}/{verb}")
            return
        logger.info("the schedule stays as it is: %s", answer.reason)
