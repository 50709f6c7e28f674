"""Who sees what: tokens, private repositories, headers, pages."""

import pytest
from github import BadCredentialsException, GithubException, UnknownObjectException

from tests.sandbox.github_stage import Home, Hub

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_a_wrong_token_is_bad_credentials(hub: Hub, home: Home) -> None:
    with pytest.raises(BadCredentialsException):
        hub.client("nonsense").get_repo(home.name)


def test_a_revoked_token_is_bad_credentials(hub: Hub, home: Home) -> None:
    token = home.job(contents="read")
    assert home.ask("GET", "/branches", token).status == 200
    hub.github.revoke(token)
    assert home.ask("GET", "/branches", token).status == 401


def test_nobody_reads_in_public_but_writes_nothing(home: Home) -> None:
    assert home.ask("GET", "/contents/README.md").status == 200
    reply = home.ask("POST", "/issues", body={"title": "x"})
    assert (reply.status, reply.message) == (401, "Requires authentication")


def test_a_private_repository_does_not_exist_for_strangers(hub: Hub, private: Home) -> None:
    with pytest.raises(UnknownObjectException):
        hub.client("stranger").get_repo(private.name)
    for path in ("", "/issues", "/contents/README.md", "/git/ref/heads/main"):
        assert private.ask("GET", path, "stranger").status == 404
    assert private.ask("POST", "/issues", "stranger", {"title": "x"}).status == 404
    assert private.seen_by("rita").private


def test_an_error_looks_like_github(hub: Hub) -> None:
    reply = hub.ask("GET", "/repos/acme/nowhere", "ada")
    assert reply.status == 404
    assert reply.body == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }
    assert hub.ask("GET", "/no/such/route", "ada").body == reply.body


def test_broken_json_is_a_400(home: Home) -> None:
    reply = home.ask("POST", "/issues", "ada", b"{not json")
    assert (reply.status, reply.message) == (400, "Problems parsing JSON")


def test_a_missing_field_is_named(home: Home) -> None:
    reply = home.ask("POST", "/issues", "ada", {"body": "no title"})
    assert reply.status == 422
    assert '"title" wasn\'t supplied' in reply.message


def test_requests_are_counted_in_headers_and_in_the_record(hub: Hub, home: Home) -> None:
    one, two = (home.ask("GET", "", "rita") for _ in range(2))
    spent = [int(reply.headers["x-ratelimit-remaining"]) for reply in (one, two)]
    assert spent[0] - spent[1] == 1
    path = f"/api/v3/repos/{home.name}"
    assert hub.github.requests[-1] == ("GET", path, 200, "rita")


def test_a_page_has_thirty_items_and_links_to_the_others(home: Home) -> None:
    for number in range(65):
        home.ask("POST", "/issues", "ada", {"title": f"Idea {number}"})
    first = home.ask("GET", "/issues", "ada")
    assert [item["number"] for item in first.body] == list(range(65, 35, -1))
    links = first.headers["link"]
    assert 'page=2>; rel="next"' in links
    assert 'page=3>; rel="last"' in links
    last = home.ask("GET", "/issues?page=3", "ada")
    assert len(last.body) == 5
    assert 'rel="next"' not in last.headers["link"]
    assert len(home.ask("GET", "/issues?per_page=500", "ada").body) == 65
    found = home.seen_by("ada").get_issues()
    assert found.totalCount == 65
    assert [issue.number for issue in found] == list(range(65, 0, -1))


def test_a_list_that_fits_has_no_links(home: Home) -> None:
    assert "link" not in home.ask("GET", "/issues", "ada").headers


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        ("boss", "admin", "admin"),
        ("mona", "write", "maintain"),
        ("ada", "write", "write"),
        ("tess", "read", "triage"),
        ("rita", "read", "read"),
        ("stranger", "read", "read"),
    ],
)
def test_the_permission_field_knows_fewer_words_than_the_role(
    home: Home, login: str, permission: str, role: str
) -> None:
    answer = home.ask("GET", f"/collaborators/{login}/permission", "ada").body
    assert (answer["permission"], answer["role_name"]) == (permission, role)
    assert answer["user"]["login"] == login
    assert home.seen_by("ada").get_collaborator_permission(login) == permission


def test_a_stranger_has_no_permission_in_private(private: Home) -> None:
    answer = private.ask("GET", "/collaborators/stranger/permission", "ada").body
    assert (answer["permission"], answer["role_name"]) == ("none", "none")


def test_permissions_are_shown_to_writers_and_jobs_alone(home: Home) -> None:
    path = "/collaborators/ada/permission"
    assert home.ask("GET", path, "rita").status == 403
    assert home.ask("GET", path, home.job()).status == 200
    assert home.ask("GET", "/collaborators/nobody/permission", "ada").status == 404


def test_collaborators_are_those_with_a_role(home: Home) -> None:
    people = {user.login: user.role_name for user in home.seen_by("ada").get_collaborators()}
    assert people == {
        "boss": "admin",
        "mona": "maintain",
        "ada": "write",
        "tess": "triage",
        "rita": "read",
    }


def test_a_user_knows_who_it_is(hub: Hub) -> None:
    client = hub.client("ada")
    assert client.get_user().login == "ada"
    assert client.get_user("rita").login == "rita"
    with pytest.raises(GithubException, match="Not Found"):
        client.get_user("nobody-at-all")
