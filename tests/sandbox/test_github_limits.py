"""Rate limits: what an hour allows, what a minute allows, and how GitHub says no."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import pytest
from github import Github, RateLimitExceededException

from bot.sandbox.github import Limits
from tests.sandbox.github_clock import Clock
from tests.sandbox.github_fixtures import opened
from tests.sandbox.github_stage import Home, Reply

VIEWER = "{ viewer { login } }"
COMMENTING = (
    'mutation { minimizeComment(input: {subjectId: "x", classifier: SPAM}) { __typename } }'
)
Open = Callable[..., Home]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home_with(tmp_path: Path, clock: Clock) -> Iterator[Open]:
    """Opens a repository on a GitHub with these limits."""
    with ExitStack() as stack:

        def open_home(**limits: int) -> Home:
            hub = stack.enter_context(opened(tmp_path, limits=Limits(**limits), now=clock))
            return hub.home()

        yield open_home


def _hour(reply: Reply) -> tuple[int, int, int]:
    """Limit, used and remaining."""
    names = ("limit", "used", "remaining")
    limit, used, remaining = (int(reply.headers[f"x-ratelimit-{name}"]) for name in names)
    return limit, used, remaining


def test_the_limits_are_githubs_unless_a_stage_says_otherwise(home_with: Open) -> None:
    home = home_with()
    job = home.job(contents="read")
    assert _hour(home.ask("GET", "", "rita")) == (5000, 1, 4999)
    assert _hour(home.ask("GET", "", job)) == (1000, 1, 999)
    assert _hour(home.ask("GET", "")) == (60, 1, 59)


def test_a_spent_hour_refuses_until_it_is_over(home_with: Open, clock: Clock) -> None:
    home = home_with(person=2)
    assert [home.ask("GET", "", "rita").status for _ in range(2)] == [200, 200]
    clock.now += 3599
    refused = home.ask("GET", "", "rita")
    assert (refused.status, _hour(refused)) == (403, (2, 3, 0))
    user = home.hub.ask("GET", "/users/rita", "ada").body["id"]
    assert refused.message == f"API rate limit exceeded for user ID {user}."
    assert "rate-limits" in refused.body["documentation_url"]
    assert int(refused.headers["x-ratelimit-reset"]) == int(clock.now + 1)
    assert "retry-after" not in refused.headers
    clock.now += 1
    answered = home.ask("GET", "", "rita")
    assert (answered.status, _hour(answered)) == (200, (2, 1, 1))


def test_what_was_refused_did_not_happen(home_with: Open) -> None:
    home = home_with(person=1)
    home.ask("GET", "", "ada")
    assert home.ask("POST", "/issues", "ada", {"title": "Idea"}).status == 403
    assert home.state.threads == {}


def test_all_tokens_of_a_person_share_an_hour(home_with: Open) -> None:
    home = home_with(person=2)
    other = home.hub.github.fine_grained_token("rita", home.name, {"contents": "read"})
    for token in ("rita", other):
        assert home.ask("GET", "", token).status == 200
    assert home.ask("GET", "", other).status == 403
    assert home.ask("GET", "", "ada").status == 200


def test_the_jobs_of_a_repository_share_an_hour(home_with: Open) -> None:
    home = home_with(job=2)
    other = home.hub.home()
    assert [home.ask("GET", "", home.job()).status for _ in range(3)] == [200, 200, 403]
    refused = home.ask("GET", "", home.job())
    assert refused.message == f"API rate limit exceeded for installation ID {home.state.id}."
    assert other.ask("GET", "", other.job()).status == 200


def test_nobody_shares_an_hour_with_the_whole_address(home_with: Open) -> None:
    home = home_with(nobody=1)
    assert home.ask("GET", "").status == 200
    refused = home.ask("GET", "")
    assert refused.message.startswith("API rate limit exceeded for 127.0.0.1. (But here's the good")


def test_looking_at_the_limit_is_free(home_with: Open, clock: Clock) -> None:
    home = home_with(person=3)
    home.ask("GET", "", "rita")
    home.hub.graphql("rita", VIEWER)
    home.hub.graphql("rita", VIEWER)
    for _ in range(5):
        found = home.hub.ask("GET", "/rate_limit", "rita")
    reset = int(clock.now + 3600)
    core = {"limit": 3, "used": 1, "remaining": 2, "reset": reset}
    assert found.body["rate"] == found.body["resources"]["core"] == core
    assert found.body["resources"]["graphql"] == {**core, "used": 2, "remaining": 1}
    told = home.hub.client("rita").get_rate_limit().resources
    assert (told.core.remaining, told.graphql.remaining, told.search.limit) == (2, 1, 30)
    assert int(told.core.reset.timestamp()) == reset


def test_graphql_has_an_hour_of_its_own_and_says_no_with_a_200(home_with: Open) -> None:
    home = home_with(person=1)
    answered = home.hub.graphql("rita", "{ rateLimit { cost limit used remaining } }")
    shown = {"cost": 1, "limit": 1, "used": 1, "remaining": 0}
    assert answered.body == {"data": {"rateLimit": shown}}
    assert answered.headers["x-ratelimit-resource"] == "graphql"
    refused = home.hub.graphql("rita", VIEWER)
    assert (refused.status, _hour(refused)) == (200, (1, 2, 0))
    (error,) = refused.body["errors"]
    assert (error["type"], error["code"]) == ("RATE_LIMIT", "graphql_rate_limit")
    assert "API rate limit already exceeded" in error["message"]
    assert "data" not in refused.body
    assert home.ask("GET", "", "rita").status == 200


def test_pygithub_knows_a_spent_hour(home_with: Open) -> None:
    home = home_with(person=1)
    client: Github = home.hub.client("rita")
    repository = client.get_repo(home.name)
    assert client.rate_limiting == (0, 1)
    with pytest.raises(RateLimitExceededException):
        repository.get_branch("main")


def test_git_and_downloads_are_not_counted(home_with: Open) -> None:
    home = home_with(person=1)
    found = home.hub.ask("GET", f"{home.state.html_url}/info/refs?service=git-upload-pack", "rita")
    assert found.status == 200
    assert not [name for name in found.headers if name.startswith("x-ratelimit")]
    assert _hour(home.ask("GET", "", "rita")) == (1, 1, 0)


def test_contents_come_at_eighty_a_minute(home_with: Open, clock: Clock) -> None:
    home = home_with()
    for number in range(80):
        clock.now += 0.5
        assert home.ask("POST", "/issues", "ada", {"title": f"Idea {number}"}).status == 201
    refused = home.ask("POST", "/issues", "ada", {"title": "One too many"})
    assert refused.status == 403
    assert "temporarily blocked from content creation" in refused.message
    assert refused.message.startswith("You have exceeded a secondary rate limit")
    assert "secondary" in refused.body["documentation_url"]
    # The first of them was posted 39.5 seconds ago.
    assert refused.headers["retry-after"] == "21"
    assert len(home.state.threads) == 80
    assert home.ask("GET", "", "ada").status == 200
    assert home.ask("POST", "/issues", "mona", {"title": "Mine"}).status == 201
    clock.now += 21
    assert home.ask("POST", "/issues", "ada", {"title": "Late"}).status == 201


def test_contents_are_counted_by_the_hour_too(home_with: Open, clock: Clock) -> None:
    home = home_with(contents_per_hour=2)
    for _ in range(2):
        assert home.ask("POST", "/issues", "ada", {"title": "Idea"}).status == 201
        clock.now += 120
    refused = home.ask("POST", "/issues", "ada", {"title": "Idea"})
    assert (refused.status, refused.headers["retry-after"]) == (403, str(3600 - 240))


def test_a_read_costs_a_point_and_a_write_five(home_with: Open, clock: Clock) -> None:
    home = home_with(rest_points=11)
    assert home.ask("POST", "/issues", "ada", {"title": "Idea"}).status == 201
    assert home.ask("PATCH", "/issues/1", "ada", {"title": "Better"}).status == 200
    assert home.ask("GET", "", "ada").status == 200
    refused = home.ask("GET", "", "ada")
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert refused.message.endswith("Please wait a few minutes before you try again.")
    clock.now += 60
    assert home.ask("GET", "", "ada").status == 200


def test_a_query_costs_a_point_and_a_mutation_five(home_with: Open) -> None:
    home = home_with(graphql_points=6)
    for query in (VIEWER, COMMENTING):
        assert home.hub.graphql("ada", query).status == 200
    refused = home.hub.graphql("ada", VIEWER)
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert home.ask("GET", "", "ada").status == 200


def test_mutations_are_contents_and_queries_are_not(home_with: Open) -> None:
    home = home_with(contents_per_minute=1)
    assert home.hub.graphql("ada", COMMENTING).status == 200
    assert home.hub.graphql("ada", COMMENTING).status == 403
    assert home.hub.graphql("ada", VIEWER).status == 200


def test_too_many_at_the_same_time_are_turned_away(home_with: Open) -> None:
    home = home_with(concurrent=1)
    with ThreadPoolExecutor(2) as pool:
        with home.hub.github._site.outbox.transaction():  # nothing is answered meanwhile
            asked = [pool.submit(home.ask, "GET", "", "rita") for _ in range(2)]
            done, waiting = wait(asked, 30, FIRST_COMPLETED)
        assert [each.result().status for each in done] == [403]
        assert [each.result().status for each in waiting] == [200]
    assert "retry-after" in done.pop().result().headers
