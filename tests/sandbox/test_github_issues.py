"""Issues, labels, assignees, comments and reactions."""

import pytest
from github import GithubException, UnknownObjectException

from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)
NOT_YOURS = "Must have admin rights to Repository."


def test_an_issue_is_opened_once_and_labelled_once_for_each_label(home: Home) -> None:
    repo = home.seen_by("tess")
    issue = repo.create_issue("EMA", "of the weights", labels=["bug", "question"], assignee="tess")
    assert (issue.number, issue.state, issue.user.login) == (1, "open", "tess")
    assert [label.name for label in issue.labels] == ["bug", "question"]
    assert [user.login for user in issue.assignees] == ["tess"]
    assert home.events() == [
        ("issues", "opened"),
        ("issues", "labeled"),
        ("issues", "labeled"),
        ("issues", "assigned"),
    ]
    labelled = home.deliveries[1].payload
    assert labelled["label"]["name"] == "bug"
    assert labelled["issue"]["number"] == 1
    assert labelled["repository"]["full_name"] == home.name
    assert labelled["sender"]["login"] == "tess"


def test_strangers_may_open_and_comment_but_their_labels_are_dropped(home: Home) -> None:
    issue = home.seen_by("stranger").create_issue("Idea", labels=["bug"])
    assert issue.labels == []
    issue.create_comment("please")
    assert home.events() == [("issues", "opened"), ("issue_comment", "created")]


def test_labelling_needs_triage(home: Home) -> None:
    number = home.seen_by("rita").create_issue("Idea").number
    path = f"/issues/{number}/labels"
    for who in ("rita", "stranger"):
        assert home.ask("POST", path, who, ["bug"]).status == 403
    assert [label["name"] for label in home.ask("POST", path, "tess", ["bug"]).body] == ["bug"]


def test_labels_are_added_set_removed_and_each_change_is_told_once(home: Home) -> None:
    issue = home.seen_by("ada").create_issue("Idea")
    issue.add_to_labels("bug")
    issue.add_to_labels("bug", "question")
    issue.set_labels("question", "wontfix")
    issue.remove_from_labels("wontfix")
    with pytest.raises(GithubException, match="Label does not exist"):
        issue.remove_from_labels("wontfix")
    assert [label.name for label in issue.get_labels()] == ["question"]
    told = [
        (item.payload["action"], item.payload["label"]["name"])
        for item in home.deliveries
        if "label" in item.payload
    ]
    assert told == [
        ("labeled", "bug"),
        ("labeled", "question"),
        ("unlabeled", "bug"),
        ("labeled", "wontfix"),
        ("unlabeled", "wontfix"),
    ]


def test_the_labels_of_a_repository(home: Home) -> None:
    repo = home.seen_by("ada")
    label = repo.create_label("experiment", "0E8A16", "Try this")
    assert (label.name, label.color, label.description) == ("experiment", "0e8a16", "Try this")
    with pytest.raises(GithubException) as refused:
        repo.create_label("Experiment", "ffffff")
    assert refused.value.status == 422
    assert refused.value.data["errors"] == [
        {"resource": "Label", "code": "already_exists", "field": "name"}
    ]
    with pytest.raises(GithubException, match="Validation Failed"):
        repo.create_label("x", "no colour")
    label.edit("trial", "000000", "Renamed")
    assert repo.get_label("trial").color == "000000"
    with pytest.raises(UnknownObjectException):
        repo.get_label("experiment")
    assert repo.create_label("area/data loading", "ffffff").name == "area/data loading"
    repo.get_label("area/data loading").delete()
    assert len(list(repo.get_labels())) == 10
    label.delete()
    assert len(list(repo.get_labels())) == 9
    assert home.ask("POST", "/labels", "tess", {"name": "y"}).status == 404


def test_issues_are_filtered(home: Home) -> None:
    repo = home.seen_by("ada")
    for number, names in enumerate((["bug"], ["bug", "question"], [])):
        repo.create_issue(f"Idea {number}", labels=names)
    home.seen_by("rita").create_issue("Idea 3")
    repo.get_issue(1).edit(state="closed")
    assert [issue.number for issue in repo.get_issues()] == [4, 3, 2]
    assert [issue.number for issue in repo.get_issues(state="all", labels=["bug"])] == [2, 1]
    both = repo.get_issues(state="all", labels=["bug", "question"])
    assert [issue.number for issue in both] == [2]
    assert [issue.number for issue in repo.get_issues(state="closed")] == [1]
    assert [issue.number for issue in repo.get_issues(creator="rita")] == [4]


def test_an_issue_is_edited_closed_and_reopened(home: Home) -> None:
    issue = home.seen_by("ada").create_issue("Idea", "old")
    issue.edit(title="Better", body="new")
    issue.edit(state="closed", state_reason="not_planned")
    assert (issue.state, issue.state_reason, issue.closed_by.login) == (
        "closed",
        "not_planned",
        "ada",
    )
    issue.edit(state="open")
    assert issue.closed_at is None
    assert home.events() == [
        ("issues", action) for action in ("opened", "edited", "closed", "reopened")
    ]
    edited = home.deliveries[1].payload["changes"]
    assert edited == {"title": {"from": "Idea"}, "body": {"from": "old"}}


def test_authors_edit_their_own_issues_and_writers_all(home: Home) -> None:
    number = home.seen_by("rita").create_issue("Idea").number
    path = f"/issues/{number}"
    assert home.ask("PATCH", path, "stranger", {"title": "x"}).message == NOT_YOURS
    assert home.ask("PATCH", path, "tess", {"title": "x"}).status == 403
    assert home.ask("PATCH", path, "tess", {"state": "closed"}).status == 200
    assert home.ask("PATCH", path, "rita", {"title": "mine"}).status == 200
    assert home.ask("PATCH", path, "ada", {"title": "edited"}).body["title"] == "edited"


def test_a_body_that_is_too_long_is_refused_at_first_and_later_dropped(home: Home) -> None:
    long = "x" * 65_537
    reply = home.ask("POST", "/issues", "ada", {"title": "t", "body": long})
    assert reply.status == 422
    issue = home.seen_by("ada").create_issue("t", "short")
    dropped = home.ask("PATCH", f"/issues/{issue.number}", "ada", {"body": long})
    assert dropped.status == 200
    assert dropped.body["body"] == "short"


def test_assignees(home: Home) -> None:
    issue = home.seen_by("stranger").create_issue("Idea")
    issue = home.seen_by("tess").get_issue(issue.number)
    issue.add_to_assignees("stranger", "ada", "nobody-at-all")
    assert [user.login for user in issue.assignees] == ["stranger", "ada"]
    issue.remove_from_assignees("ada")
    assert [user.login for user in issue.assignees] == ["stranger"]
    assert home.ask("POST", "/issues/1/assignees", "rita", {"assignees": ["ada"]}).status == 403


def test_comments_are_made_edited_listed_and_deleted(home: Home) -> None:
    issue = home.seen_by("rita").create_issue("Idea")
    first = issue.create_comment("/launch")
    issue.create_comment("second")
    first.edit("/status")
    assert [comment.body for comment in issue.get_comments()] == ["/status", "second"]
    assert [item.body for item in home.seen_by("ada").get_issues_comments()] == [
        "/status",
        "second",
    ]
    first.delete()
    assert [comment.body for comment in issue.get_comments()] == ["second"]
    assert home.events("issue_comment") == [
        ("issue_comment", action) for action in ("created", "created", "edited", "deleted")
    ]
    edited = home.deliveries[3].payload
    assert edited["changes"] == {"body": {"from": "/launch"}}
    assert (edited["comment"]["body"], edited["issue"]["number"]) == ("/status", issue.number)
    assert home.ask("GET", f"/issues/comments/{first.id}", "ada").status == 404


def test_comments_are_changed_by_author_or_writer_alone(home: Home) -> None:
    comment = home.seen_by("rita").create_issue("Idea").create_comment("mine")
    path = f"/issues/comments/{comment.id}"
    for who in ("stranger", "tess"):
        assert home.ask("PATCH", path, who, {"body": "x"}).message == NOT_YOURS
        assert home.ask("DELETE", path, who).status == 403
    assert home.ask("PATCH", path, "rita", {"body": "y"}).body["body"] == "y"
    assert home.ask("DELETE", path, "ada").status == 204


def test_comments_hold_262144_bytes_and_are_not_blank(home: Home) -> None:
    home.seen_by("ada").create_issue("Idea")
    path = "/issues/1/comments"
    assert home.ask("POST", path, "ada", {"body": "é" * 131_072}).status == 201
    refused = home.ask("POST", path, "ada", {"body": "é" * 131_072 + "x"})
    assert refused.status == 422
    assert "too long" in refused.body["errors"][0]["message"]
    assert home.ask("POST", path, "ada", {"body": "  "}).status == 422


def test_comments_since_a_time(home: Home) -> None:
    issue = home.seen_by("ada").create_issue("Idea")
    issue.create_comment("now")
    for path in (f"/issues/{issue.number}/comments", "/issues/comments"):
        assert len(home.ask("GET", f"{path}?since=2000-01-01T00:00:00Z", "ada").body) == 1
        assert home.ask("GET", f"{path}?since=2999-01-01T00:00:00Z", "ada").body == []


def test_reactions_are_given_once_and_start_nothing(home: Home) -> None:
    issue = home.seen_by("ada").create_issue("Idea")
    comment = issue.create_comment("hello")
    seen = len(home.deliveries)
    for subject in (issue, comment):
        one, two = subject.create_reaction("eyes"), subject.create_reaction("eyes")
        assert one.id == two.id
        assert [given.content for given in subject.get_reactions()] == ["eyes"]
        subject.delete_reaction(one.id)
        assert list(subject.get_reactions()) == []
    comment.create_reaction("rocket")
    shown = home.ask("GET", f"/issues/comments/{comment.id}", "ada").body["reactions"]
    assert (shown["rocket"], shown["total_count"]) == (1, 1)
    assert home.ask("POST", "/issues/1/reactions", "ada", {"content": "cake"}).status == 422
    assert len(home.deliveries) == seen
