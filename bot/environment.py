"""What a job is told by its environment."""

from collections.abc import Mapping

from pydantic import Field

from bot.core.record import Record
from bot.errors import UserError


class Environment(Record):
    """What a job is told by the variables that `action.yml` and Actions set.

    Secrets stand in it too; `repr` hides them, so that a traceback may show it.
    """

    repository: str
    api_url: str
    server_url: str
    event_name: str = ""
    event_path: str = ""
    workflow_run: int = 0
    actor: str = ""
    """Whoever the event is of."""
    triggering_actor: str = ""
    """Whoever started this workflow run, perhaps again."""
    output_path: str | None = None
    summary_path: str | None = None
    folder: str
    """Where jobs of one workflow run hand files to each other."""
    github_token: str = Field("", repr=False)

    @property
    def workflow_url(self) -> str:
        """The page of this workflow run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.workflow_run}"

    def issue_url(self, number: int, comment_id: int | None = None) -> str:
        """The page of an issue or a PR, at one of its comments if that is named."""
        page = f"{self.server_url}/{self.repository}/issues/{number}"
        return f"{page}#issuecomment-{comment_id}" if comment_id else page

    def release_url(self, tag: str) -> str:
        """The page of a release."""
        return f"{self.server_url}/{self.repository}/releases/tag/{tag}"

    @property
    def is_replayed(self) -> bool:
        """Whether somebody else than the event's own person has started this job again."""
        return self.triggering_actor not in ("", self.actor)


def parse_environment(variables: Mapping[str, str]) -> Environment:
    """Read the environment of a job.

    Raises:
        UserError: a variable that Actions always sets is missing; it is named.
    """
    try:
        return Environment(
            repository=variables["GITHUB_REPOSITORY"],
            api_url=variables.get("GITHUB_API_URL", "https://api.github.com"),
            server_url=variables.get("GITHUB_SERVER_URL", "https://github.com"),
            event_name=variables.get("GITHUB_EVENT_NAME", ""),
            event_path=variables.get("GITHUB_EVENT_PATH", ""),
            workflow_run=int(variables.get("GITHUB_RUN_ID") or 0),
            actor=variables.get("GITHUB_ACTOR", ""),
            triggering_actor=variables.get("GITHUB_TRIGGERING_ACTOR", ""),
            output_path=variables.get("GITHUB_OUTPUT"),
            summary_path=variables.get("GITHUB_STEP_SUMMARY"),
            folder=variables.get("LABHAND_FOLDER", "labhand"),
            github_token=variables.get("LABHAND_GITHUB_TOKEN", ""),
        )
    except KeyError as missing:
        raise UserError(f"The variable {missing} is not set: is this an Actions job?") from missing
