"""The sandbox's GitHub: REST, GraphQL, webhooks and git over real bare repositories."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bot.sandbox.github import forms, workflows
from bot.sandbox.github.app import build
from bot.sandbox.github.auth import Actor
from bot.sandbox.github.events import Delivery
from bot.sandbox.github.hooks import Courier
from bot.sandbox.github.seeding import first_commit
from bot.sandbox.github.site import Request, Site
from bot.sandbox.github.state import Issue, Pull, Release, Repository, Role

__all__ = ["Delivery", "GitHub", "Issue", "Pull", "Release", "Repository", "Request"]


class GitHub:
    """The sandbox's GitHub: state, and the ASGI application that serves it.

    Attributes:
        url: Where a browser and git find it, without a final slash.
        api_url: The root of its REST API.
        graphql_url: Its GraphQL endpoint.
        app: The ASGI application.
        listeners: Called with every event, right after its effect, on whatever thread.
        requests: Everything that was asked and answered, oldest first.
    """

    def __init__(self, url: str, root: Path) -> None:
        """Make an empty GitHub at an address, with its repositories below `root`."""
        self.url = url
        self.api_url = f"{url}/api/v3"
        self.graphql_url = f"{url}/api/graphql"
        self._site = Site(url, root)
        self.listeners: list[Callable[[Delivery], None]] = self._site.outbox.listeners
        self.requests: list[Request] = self._site.requests
        self.listeners.append(Courier(self._site).take)
        self.app: ASGIApp = build(self._site)

    def add_user(self, login: str, *, kind: str = "User") -> str:
        """Make a user, an organization or a bot (`login[bot]`) and return a token for it."""
        with self._site.outbox.transaction():
            return self._site.add_token(self._site.add_user(login, kind=kind))

    def add_repository(
        self,
        full_name: str,
        *,
        source: Path | None,
        private: bool = False,
        default_branch: str = "main",
    ) -> Repository:
        """Make a repository; the files below `source` become its first commit.

        What `source` ignores through its `.gitignore` stays out. An owner that is unknown
        becomes an organization.

        Raises:
            ValueError: there is a repository of that name.
        """
        with self._site.outbox.transaction():
            repository = self._site.add_repository(
                full_name, private=private, default_branch=default_branch
            )
            if source is not None:
                first_commit(repository, source)
            return repository

    def repository(self, full_name: str) -> Repository:
        """The state of a repository, to be read.

        Raises:
            KeyError: there is no such repository.
        """
        return self._site.repositories[full_name.lower()]

    def git_dir(self, full_name: str) -> Path:
        """The bare repository on disk."""
        return self.repository(full_name).git.path

    def set_role(self, full_name: str, login: str, role: str) -> None:
        """Give a user a role: admin, maintain, write, triage, read or none.

        Raises:
            KeyError: there is no such repository, user or role.
        """
        with self._site.outbox.transaction():
            self._site.set_role(self.repository(full_name), login, Role[role.upper()])

    def job_token(self, full_name: str, permissions: Mapping[str, str]) -> str:
        """Make a GITHUB_TOKEN: it acts as github-actions[bot] in one repository.

        Args:
            full_name: The repository.
            permissions: What it may do: `read` or `write` by scope (contents, issues,
                pull-requests, checks, actions).
        """
        with self._site.outbox.transaction():
            return self._site.add_job_token(self.repository(full_name), permissions)

    def revoke(self, token: str) -> None:
        """Make a token worthless."""
        with self._site.outbox.transaction():
            self._site.tokens.pop(token, None)

    def workflow_enabled(self, full_name: str, path: str) -> bool:
        """Whether nobody has disabled this workflow file, such as `.github/workflows/ci.yml`."""
        with self._site.outbox.transaction():
            known = workflows.known(self._site, self.repository(full_name))
            return all(item.state == "active" for item in known if item.path == path)

    def record_workflow_run(self, full_name: str, run: dict[str, Any]) -> None:
        """Show a workflow run in the API; the same `id` again replaces it.

        Args:
            full_name: The repository.
            run: What is known, in the API's words; `id` is needed, the rest is filled in.
        """
        with self._site.outbox.transaction():
            workflows.record_run(self._site, self.repository(full_name), run)

    def submit_issue_form(
        self, full_name: str, token: str, template: str, answers: Mapping[str, str], *, title: str
    ) -> Issue:
        """File an issue through a form, as a browser would.

        Args:
            full_name: The repository.
            token: Who files it.
            template: The form's file name in `.github/ISSUE_TEMPLATE`.
            answers: Text by the question's id; what is left out stays unanswered.
            title: What the person typed; the form's own title goes before it.

        Raises:
            LookupError: no such form or question, or no such token.
            ValueError: a required answer is missing, or one is none of the options.
        """
        with self._site.outbox.transaction():
            actor: Actor = self._site.tokens[token]
            repository = self.repository(full_name)
            return forms.submit(self._site, actor, repository, template, answers, title)

    def close(self) -> None:
        """End the processes that read the repositories."""
        with self._site.outbox.transaction():
            for repository in self._site.repositories.values():
                repository.git.close()
