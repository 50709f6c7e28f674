"""The sandbox's GitHub: REST, GraphQL, webhooks and git over real bare repositories."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bot.sandbox import record
from bot.sandbox.faults import Carry
from bot.sandbox.github import apps, forms, workflows
from bot.sandbox.github.app import build
from bot.sandbox.github.auth import Actor
from bot.sandbox.github.events import Delivery
from bot.sandbox.github.hooks import Courier
from bot.sandbox.github.limits import Limits, Meter
from bot.sandbox.github.seeding import first_commit
from bot.sandbox.github.site import Request, Site
from bot.sandbox.github.state import Issue, Pull, Release, Repository, Role

__all__ = ["Delivery", "GitHub", "Issue", "Limits", "Pull", "Release", "Repository", "Request"]


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

    def __init__(
        self,
        url: str,
        root: Path,
        *,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Make an empty GitHub.

        Args:
            url: Its address.
            root: Where its repositories lie.
            limits: How often one may ask; as often as on the real one if not given.
            now: The clock by which limits and tokens end, in seconds since 1970.
        """
        self.url = url
        self.api_url = f"{url}/api/v3"
        self.graphql_url = f"{url}/api/graphql"
        self._site = Site(url, root, Meter(limits or Limits(), now))
        self.listeners: list[Callable[[Delivery], None]] = self._site.outbox.listeners
        self.requests: list[Request] = self._site.requests
        self.listeners.append(Courier(self._site).take)
        self.app: ASGIApp = build(self._site)
        if recorder := record.start():
            self.app = recorder.wrap(self.app, below="/api/")
            self.listeners.append(
                lambda seen: recorder.write({"event": seen.event, "payload": seen.payload})
            )

    def add_user(self, login: str, *, kind: str = "User", token: str | None = None) -> str:
        """Make a user, an organization or a bot (`login[bot]`) and return a token for it.

        The token is made up unless one is given.
        """
        with self._site.outbox.transaction():
            return self._site.add_token(self._site.add_user(login, kind=kind), token)

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

    def fine_grained_token(
        self,
        login: str,
        full_name: str,
        permissions: Mapping[str, str],
        *,
        expires_at: float | None = None,
    ) -> str:
        """Make a token of a user that is good for one repository and some permissions.

        It may do what both the user's role and the permissions allow, and unlike a GITHUB_TOKEN
        it starts workflows.

        Args:
            login: The user.
            full_name: The repository.
            permissions: `read` or `write` by scope, as for `job_token`.
            expires_at: When it ends, in seconds since 1970.

        Raises:
            KeyError: there is no such user or repository.
        """
        with self._site.outbox.transaction():
            user, where = self._site.users[login.lower()], self.repository(full_name)
            return self._site.add_fine_grained_token(user, (where,), permissions, expires_at)

    def add_app(self, slug: str, owner: str, permissions: Mapping[str, str]) -> tuple[int, str]:
        """Make a GitHub App, which acts as `slug[bot]`.

        Args:
            slug: Its name in addresses.
            owner: Login of the user or organization that it belongs to.
            permissions: What it may do where it is installed: `read` or `write` by scope.

        Returns:
            Its id, and its private key in PEM.

        Raises:
            KeyError: there is no such owner.
        """
        with self._site.outbox.transaction():
            app, key = apps.register(self._site, slug, self._site.users[owner.lower()], permissions)
            return app.id, key

    def install_app(self, app: int, *full_names: str) -> int:
        """Install an App on repositories of one owner, and return the installation's id.

        Raises:
            KeyError: there is no such App or repository.
        """
        with self._site.outbox.transaction():
            where = [self.repository(full_name) for full_name in full_names]
            return apps.install(self._site, self._site.apps[app], where).id

    def limit(self, limits: Limits) -> None:
        """Allow this much from now on; what was spent stays spent."""
        with self._site.outbox.transaction():
            self._site.meter.limits = limits

    def revoke(self, token: str) -> None:
        """Make a token worthless."""
        with self._site.outbox.transaction():
            self._site.tokens.pop(token, None)

    def workflow_enabled(self, full_name: str, path: str) -> bool:
        """Whether nobody has disabled this workflow file, such as `.github/workflows/ci.yml`.

        In a fork workflows rest until its owner enables them, which the sandbox does not offer.
        """
        with self._site.outbox.transaction():
            repository = self.repository(full_name)
            known = workflows.known(self._site, repository)
            active = all(item.state == "active" for item in known if item.path == path)
            return active and repository.parent is None

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

    def carry_mail_by(self, carry: Carry) -> None:
        """Let somebody else carry the events to the listeners."""
        self._site.outbox.carry = carry

    def close(self) -> None:
        """End the processes that read the repositories."""
        with self._site.outbox.transaction():
            for repository in self._site.repositories.values():
                repository.git.close()
