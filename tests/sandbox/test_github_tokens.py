"""Tokens that end, tokens with permissions, and GitHub Apps."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import github
import jwt
import pytest
from github import (
    BadCredentialsException,
    GithubException,
    GithubIntegration,
    UnknownObjectException,
)

from tests.sandbox.actions_stage import Play
from tests.sandbox.github_clock import Clock
from tests.sandbox.github_fixtures import opened
from tests.sandbox.github_stage import Home, Hub, Reply

INTEGRATION = "Resource not accessible by integration"
PERSONAL = "Resource not accessible by personal access token"
HOUR = 3600
ASKING = 'curl -sf -H "Authorization: Bearer $TOKEN" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY"'
WORKFLOW = "on: push\njobs: {}\n"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Hub]:
    with opened(tmp_path_factory.mktemp("hub"), now=clock) as made:
        yield made


@pytest.fixture(autouse=True)
def present(clock: Clock) -> None:
    """PyGithub signs with the real time."""
    clock.now = time.time()


@pytest.fixture
def home(hub: Hub) -> Home:
    return hub.home(private=True)


def _ref(home: Home, name: str = "topic") -> dict[str, str]:
    return {"ref": f"refs/heads/{name}", "sha": home.state.git.refs["refs/heads/main"]}


def test_a_jobs_token_ends_after_a_day(home: Home, clock: Clock) -> None:
    job = home.job(contents="read")
    clock.now += 24 * HOUR - 1
    answered = home.ask("GET", "/branches", job)
    assert answered.status == 200
    assert "github-authentication-token-expiration" not in answered.headers
    clock.now += 1
    refused = home.ask("GET", "/branches", job)
    assert (refused.status, refused.message) == (401, "Bad credentials")


def test_a_jobs_token_ends_with_its_job(play: Play, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    stage = play(f"""
on: workflow_dispatch
jobs:
  keep:
    runs-on: ubuntu-latest
    steps:
      - env: {{TOKEN: "${{{{ github.token }}}}"}}
        run: |
          printf %s "$TOKEN" > {kept}
          {ASKING}
""")
    (job,) = stage.run()
    assert job.conclusion == "success"
    assert kept.read_text().startswith("ghs_")
    assert stage.ask("GET", "branches", kept.read_text()) == 401


def test_a_persons_token_tells_its_end(home: Home, hub: Hub, clock: Clock) -> None:
    end = datetime(2031, 5, 17, 9, 30, tzinfo=UTC)
    token = hub.github.fine_grained_token(
        "ada", home.name, {"contents": "read"}, expires_at=end.timestamp()
    )
    told = home.ask("GET", "", token).headers["github-authentication-token-expiration"]
    assert told == "2031-05-17 09:30:00 UTC"
    clock.now = end.timestamp()
    with pytest.raises(BadCredentialsException):
        hub.client(token).get_repo(home.name)
    assert "github-authentication-token-expiration" not in home.ask("GET", "", "ada").headers


# Fine-grained tokens


def test_a_fine_grained_token_can_do_what_it_was_given(home: Home, hub: Hub) -> None:
    token = hub.github.fine_grained_token("ada", home.name, {"contents": "write"})
    assert home.ask("POST", "/git/refs", token, _ref(home)).status == 201
    assert hub.client(token).get_user().login == "ada"
    refused = home.ask("POST", "/issues", token, {"title": "Idea"})
    assert (refused.status, refused.message) == (403, PERSONAL)
    assert home.ask("GET", "/issues", token).message == PERSONAL


def test_a_fine_grained_token_gives_no_more_than_its_owner_has(home: Home, hub: Hub) -> None:
    granted = {"contents": "write", "issues": "write"}
    token = hub.github.fine_grained_token("rita", home.name, granted)
    assert home.ask("POST", "/git/refs", token, _ref(home)).message == PERSONAL
    assert home.ask("GET", "/contents/README.md", token).status == 200
    made = home.ask("POST", "/issues", token, {"title": "Idea"})
    assert (made.status, made.body["user"]["login"]) == (201, "rita")
    said = home.ask("POST", "/issues/1/comments", token, {"body": "And more."}).body
    changed = home.ask("PATCH", f"/issues/comments/{said['id']}", token, {"body": "Less."})
    assert changed.body["body"] == "Less."
    assert home.ask("PATCH", "/issues/1", token, {"state": "closed"}).body["state"] == "closed"


def test_a_fine_grained_token_is_good_for_one_repository(home: Home, hub: Hub) -> None:
    token = hub.github.fine_grained_token("ada", home.name, {"contents": "write"})
    hidden, public = hub.home(private=True), hub.home()
    assert hidden.ask("GET", "", token).status == 404
    assert public.ask("GET", "/contents/README.md", token).status == 200
    assert public.ask("POST", "/git/refs", token, _ref(public)).message == PERSONAL


def test_a_fine_grained_token_ends_with_its_owners_role(home: Home, hub: Hub) -> None:
    token = hub.github.fine_grained_token("tess", home.name, {"contents": "read"})
    assert home.ask("GET", "", token).status == 200
    hub.github.set_role(home.name, "tess", "none")
    assert home.ask("GET", "", token).status == 404


def test_what_a_person_does_with_one_starts_workflows(home: Home, hub: Hub) -> None:
    token = hub.github.fine_grained_token("ada", home.name, {"contents": "write"})
    assert home.ask("POST", "/dispatches", token, {"event_type": "wandb"}).status == 204
    assert home.ask("POST", "/git/refs", token, _ref(home)).status == 201
    assert {item.event for item in home.deliveries} >= {"repository_dispatch", "push"}
    assert all(item.triggers_workflows for item in home.deliveries)


def test_workflow_files_need_a_permission_of_their_own(home: Home, hub: Hub) -> None:
    granted = {"contents": "write"}
    token = hub.github.fine_grained_token("ada", home.name, granted)
    repo = hub.client(token).get_repo(home.name)
    with pytest.raises(GithubException, match="refusing to allow a Personal Access Token"):
        repo.create_file(".github/workflows/new.yml", "Add a workflow", WORKFLOW)
    token = hub.github.fine_grained_token("ada", home.name, {**granted, "workflows": "write"})
    repo = hub.client(token).get_repo(home.name)
    assert repo.create_file(".github/workflows/new.yml", "Add a workflow", WORKFLOW)["commit"]


# GITHUB_TOKEN


def test_a_job_approves_only_where_the_setting_allows(home: Home) -> None:
    home.branch("topic", {"README.md": "x\n"})
    home.ask("POST", "/pulls", "ada", {"title": "t", "head": "topic", "base": "main"})
    job, review = home.job(pull_requests="write"), {"event": "APPROVE"}
    refused = home.ask("POST", "/pulls/1/reviews", job, review)
    assert refused.status == 422
    assert "GitHub Actions is not permitted to approve" in refused.body["errors"][0]
    setting = {"can_approve_pull_request_reviews": True}
    home.ask("PUT", "/actions/permissions/workflow", "boss", setting)
    assert home.ask("POST", "/pulls/1/reviews", job, review).body["state"] == "APPROVED"


def test_a_job_changes_no_workflow_file(home: Home) -> None:
    changes = {"additions": [{"path": ".github/workflows/x.yml", "contents": ""}]}
    tip = home.state.git.refs["refs/heads/main"]
    refused = home.commit(home.job(contents="write"), "main", tip, changes, "Sneak in")
    assert "without `workflows` permission" in refused.body["errors"][0]["message"]
    assert home.state.git.refs["refs/heads/main"] == tip


# Apps


@dataclass(frozen=True)
class Registered:
    """An App on one repository."""

    hub: Hub
    home: Home
    id: int
    key: str
    installation: int

    @property
    def auth(self) -> github.Auth.AppAuth:
        return github.Auth.AppAuth(self.id, self.key)

    @property
    def integration(self) -> GithubIntegration:
        return GithubIntegration(
            auth=self.auth,
            base_url=self.hub.github.api_url,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )

    def client(self, permissions: dict[str, str] | None = None) -> github.Github:
        return self.integration.get_github_for_installation(self.installation, permissions)

    def token(self) -> str:
        return self.integration.get_access_token(self.installation).token

    def signed(self, key: str = "", **claims: Any) -> Reply:
        """What `GET /app` answers to a JWT with these claims."""
        now = int(time.time())
        content = {"iat": now - 60, "exp": now + 300, "iss": str(self.id), **claims}
        given = {name: value for name, value in content.items() if value is not None}
        return self.hub.ask("GET", "/app", jwt.encode(given, key or self.key, algorithm="RS256"))


PERMISSIONS = {"contents": "write", "issues": "write", "pull_requests": "read", "checks": "write"}


@pytest.fixture(scope="module")
def app(hub: Hub) -> Registered:
    home = hub.home(private=True)
    number, key = hub.github.add_app(f"labhand-{len(hub.homes)}", "acme", PERMISSIONS)
    return Registered(hub, home, number, key, hub.github.install_app(number, home.name))


def test_an_app_introduces_itself(app: Registered) -> None:
    told = app.integration.get_app()
    assert (told.id, told.name, told.owner.login) == (app.id, told.slug, "acme")
    assert told.permissions == {**PERMISSIONS, "metadata": "read"}
    (found,) = app.integration.get_installations()
    assert (found.id, found.app_id, found.target_type) == (app.installation, app.id, "Organization")
    owner, _, name = app.home.name.partition("/")
    assert app.integration.get_repo_installation(owner, name).id == app.installation
    assert app.integration.get_app_installation(app.installation).account.login == "acme"
    with pytest.raises(UnknownObjectException):
        app.integration.get_repo_installation("acme", "nowhere")


def test_an_app_acts_as_its_bot_and_starts_workflows(app: Registered) -> None:
    repo = app.client().get_repo(app.home.name)
    before = len(app.home.deliveries)
    issue = repo.create_issue("By an App")
    slug = app.integration.get_app().slug
    assert (issue.user.login, issue.user.type) == (f"{slug}[bot]", "Bot")
    repo.create_git_ref(**_ref(app.home, "by-app"))
    told = app.home.deliveries[before:]
    assert {item.event for item in told} >= {"issues", "push"}
    assert all(item.triggers_workflows for item in told)
    sha = app.home.state.git.refs["refs/heads/main"]
    run = repo.create_check_run("labhand", sha, conclusion="success")
    assert (run.app.id, run.app.slug) == (app.id, slug)


def test_an_app_can_do_what_it_was_given_and_no_more(app: Registered) -> None:
    token = app.token()
    for method, path, body in (
        ("POST", "/pulls", {"title": "t", "head": "main", "base": "main"}),
        ("GET", "/actions/variables", None),
        ("GET", "/hooks", None),
        ("PUT", "/contents/.github/workflows/x.yml", {"message": "m", "content": ""}),
    ):
        reply = app.home.ask(method, path, token, body)
        assert (path, reply.status) == (path, 403)
    assert app.home.ask("GET", "/hooks", token).message == INTEGRATION
    assert app.hub.ask("GET", "/user", token).message == INTEGRATION
    viewer = app.hub.graphql(token, "{ viewer { login } }").body["data"]["viewer"]["login"]
    assert viewer.endswith("[bot]")
    assert app.hub.home(private=True).ask("GET", "", token).status == 404


def test_a_token_can_be_made_for_less(app: Registered) -> None:
    client = app.client({"issues": "read"})
    repo = client.get_repo(app.home.name)
    assert repo.get_issues().totalCount >= 0
    with pytest.raises(GithubException, match=INTEGRATION):
        repo.create_issue("Idea")
    for asked in ({"actions": "read"}, {"pull_requests": "write"}, {"issues": "admin"}):
        with pytest.raises(GithubException, match="not granted to this installation") as refused:
            app.integration.get_access_token(app.installation, permissions=asked)
        assert refused.value.status == 422


def test_a_token_can_be_made_for_some_repositories(app: Registered) -> None:
    one, two = app.hub.home(private=True), app.hub.home(private=True)
    installation = app.hub.github.install_app(app.id, one.name, two.name)
    path = f"/app/installations/{installation}/access_tokens"
    made = app.hub.ask("POST", path, app.auth.token, {"repositories": [one.state.name]}).body
    assert [found["full_name"] for found in made["repositories"]] == [one.name]
    assert one.ask("GET", "", made["token"]).status == 200
    assert two.ask("GET", "", made["token"]).status == 404
    listed = app.hub.ask("GET", "/installation/repositories", made["token"]).body
    assert (listed["total_count"], listed["repositories"][0]["full_name"]) == (1, one.name)
    body = {"repository_ids": [two.state.id]}
    by_id = app.hub.ask("POST", path, app.auth.token, body).body
    assert two.ask("GET", "", by_id["token"]).status == 200
    refused = app.hub.ask("POST", path, app.auth.token, {"repositories": ["nowhere"]})
    assert (refused.status, "does not exist" in refused.message) == (422, True)


def test_an_installation_lists_its_repositories(app: Registered) -> None:
    auth = app.auth.get_installation_auth(app.installation, requester=app.integration.requester)
    (found,) = app.integration.get_app_installation(app.installation).get_repos()
    assert found.full_name == app.home.name
    client = github.Github(auth=auth, base_url=app.hub.github.api_url, retry=None)
    assert client.get_repo(app.home.name).private
    refused = app.hub.ask("GET", "/installation/repositories", "ada")
    assert refused.status == 403


def test_an_installation_token_ends_after_an_hour(app: Registered, clock: Clock) -> None:
    made = app.integration.get_access_token(app.installation)
    assert made.token.startswith("ghs_")
    assert int(made.expires_at.timestamp()) == int(clock.now) + HOUR
    clock.now += HOUR - 1
    answered = app.home.ask("GET", "", made.token)
    assert (answered.status, answered.headers["x-ratelimit-limit"]) == (200, "5000")
    clock.now += 1
    assert app.home.ask("GET", "", made.token).message == "Bad credentials"


def test_an_installation_token_can_be_given_back(app: Registered) -> None:
    token = app.token()
    assert app.hub.ask("DELETE", "/installation/token", token).status == 204
    assert app.home.ask("GET", "", token).status == 401


def test_an_app_alone_reads_no_private_repository(app: Registered) -> None:
    assert app.home.ask("GET", "", app.auth.token).status == 404
    assert app.home.ask("POST", "/issues", app.auth.token, {"title": "x"}).status == 401
    for who in ("ada", app.token(), ""):
        refused = app.hub.ask("GET", "/app", who)
        assert (refused.status, "JSON web token" in refused.message) == (401, True)


def test_a_jwt_is_checked(app: Registered, hub: Hub) -> None:
    now = int(time.time())
    stranger, other_key = hub.github.add_app("other", "acme", {})
    assert stranger != app.id
    for claims, status, message in (
        ({}, 200, ""),
        ({"iss": hub.github._site.apps[app.id].client_id}, 200, ""),
        ({"exp": now + 590}, 200, ""),
        ({"exp": now + 700}, 401, "is too far in the future"),
        ({"exp": now - 1}, 401, "must be a numeric value"),
        ({"exp": None}, 401, "must be a numeric value"),
        ({"iat": now + 120}, 401, "'Issued at'"),
        ({"iss": "999"}, 404, "Integration not found"),
        ({"key": other_key}, 401, "A JSON web token could not be decoded"),
    ):
        reply = app.signed(**claims)
        assert (claims, reply.status) == (claims, status)
        assert message in reply.body.get("message", "")
    assert hub.ask("GET", "/app", "not.a.jwt").message == "A JSON web token could not be decoded"
