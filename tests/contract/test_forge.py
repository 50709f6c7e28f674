"""The Forge: what every GitHub must do for the bot, asked of the real client on the sandbox."""

import pytest

from bot.errors import UserError
from bot.ports import Forge, Stale
from tests.contract.hub import Hub, head

# Reading


def test_knows_the_repository(forge: Forge) -> None:
    assert forge.default_branch == "main"
    assert not forge.is_private


@pytest.mark.parametrize("role", ["read", "triage", "write", "maintain", "admin"])
def test_roles_are_those_by_name(hub: Hub, role: str) -> None:
    hub.set_role(f"some-{role}", role)
    assert hub.forge.role(f"some-{role}") == role


def test_nobody_has_no_role(forge: Forge) -> None:
    assert forge.role("nobody-knows-me") == "none"


def test_reads_an_issue(hub: Hub) -> None:
    number = hub.open_issue("Averaging", "### What should change?\n\nEMA")
    issue = hub.forge.issue(number)
    assert (issue.number, issue.title, issue.author) == (number, "Averaging", "ada")
    assert issue.body == "### What should change?\n\nEMA"


def test_a_pull_follows_its_branch(hub: Hub) -> None:
    first = hub.push("ema", {"conf/config.yaml": "lr: 0.2\n"})
    number = hub.open_pull("ema", "Averaging")
    pull = hub.forge.pull(number)
    assert (pull.branch, pull.head, pull.base_branch) == ("ema", first, "main")
    assert (pull.author, pull.title) == ("ada", "Averaging")
    assert (pull.is_open, pull.is_draft, pull.is_fork) == (True, False, False)
    assert pull.merge_commit is None
    second = hub.push("ema", {"conf/config.yaml": "lr: 0.3\n"})
    assert hub.forge.pull(number).head == second


def test_reads_files_at_branches_and_commits(hub: Hub) -> None:
    before = head(hub.forge)
    hub.push("main", {"conf/config.yaml": "lr: 0.5\n"})
    assert hub.forge.file("conf/config.yaml", "main") == "lr: 0.5\n"
    assert hub.forge.file("conf/config.yaml", before) == "lr: 0.1\n"
    assert hub.forge.file("conf/config.yaml", "HEAD") == "lr: 0.5\n"
    assert hub.forge.file("conf/none.yaml", "main") is None
    hub.push("main", {"conf/config.yaml": "lr: 0.7\n"})
    assert hub.forge.file("conf/config.yaml", "HEAD") == "lr: 0.7\n"
    assert hub.forge.file("conf/config.yaml", "main") == "lr: 0.7\n"


def test_equal_contents_have_equal_ids(hub: Hub) -> None:
    base = head(hub.forge)
    before = hub.forge.blobs(base)
    assert {"README.md", "conf/config.yaml", "src/metrics/dice.py"} <= before.keys()
    after = hub.forge.blobs(hub.push("there", {"conf/config.yaml": "lr: 0.5\n", "a.py": "1\n"}))
    assert after.keys() - before.keys() == {"a.py"}
    assert [path for path in before if after[path] != before[path]] == ["conf/config.yaml"]


def test_compares_a_branch_with_where_it_left(hub: Hub) -> None:
    base = head(hub.forge)
    tip = hub.push("ema", {"conf/config.yaml": "lr: 0.2\n", "ema.py": "x = 1\ny = 2\n"})
    hub.push("main", {"README.md": "# Changed\n"})
    change = hub.forge.compare(head(hub.forge), tip)
    assert change.merge_base == base
    assert {file.path for file in change.files} == {"conf/config.yaml", "ema.py"}


def test_equal_files_are_equal_trees(hub: Hub) -> None:
    base = head(hub.forge)
    hub.push("there", {"a.txt": "a"})
    back = hub.push("there", {"a.txt": None})
    assert hub.forge.tree(back) == hub.forge.tree(base)
    assert hub.forge.tree(hub.push("other", {"a.txt": "b"})) != hub.forge.tree(base)


def test_missing_branches_have_no_head(forge: Forge) -> None:
    assert forge.head("exp/none") is None


# Writing


def test_a_label_is_created_once(forge: Forge) -> None:
    assert forge.create_label("experiment", "0969da", "Labhand tries this idea")
    assert not forge.create_label("experiment", "0969da", "Labhand tries this idea")


def test_a_branch_that_is_there_is_taken(hub: Hub) -> None:
    base = head(hub.forge)
    assert hub.forge.create_branch("exp/7-ema", base) == base
    tip = hub.push("exp/7-ema", {"a.txt": "a"})
    assert hub.forge.create_branch("exp/7-ema", base) == tip


def test_commits_texts_and_deletions(forge: Forge) -> None:
    base = head(forge)
    forge.create_branch("exp/7-ema", base)
    files = {"conf/config.yaml": "lr: ½\n", "new/a.py": "x = 1\n", "README.md": None}
    made = forge.commit("exp/7-ema", base, "Try EMA\n\nAsked for by @ada.", files)
    assert head(forge, "exp/7-ema") == made
    assert forge.file("conf/config.yaml", made) == "lr: ½\n"
    assert forge.file("new/a.py", made) == "x = 1\n"
    assert forge.file("README.md", made) is None
    assert forge.file("src/metrics/dice.py", made) is not None


def test_a_commit_on_a_branch_that_moved_is_stale(hub: Hub) -> None:
    base = head(hub.forge)
    tip = hub.push("main", {"README.md": "# Theirs\n"})
    with pytest.raises(Stale):
        hub.forge.commit("main", base, "Mine", {"README.md": "# Mine\n"})
    assert head(hub.forge) == tip


def test_open_pulls_are_listed_at_once(hub: Hub) -> None:
    assert hub.forge.open_pulls() == frozenset()
    hub.push("one", {"a.txt": "a"})
    hub.push("two", {"a.txt": "b"})
    one, two = hub.open_pull("one", "One"), hub.open_pull("two", "Two")
    assert hub.forge.open_pulls() == {one, two}
    head = hub.forge.pull(one).head
    hub.forge.merge(one, head, "squash", "One", "")
    assert hub.forge.open_pulls() == {two}


def test_a_pull_is_opened_once(hub: Hub) -> None:
    hub.push("exp/7-ema", {"a.txt": "a"})
    number = hub.forge.open_pull("exp/7-ema", "EMA", "Closes #7", "ada")
    assert hub.forge.open_pull("exp/7-ema", "EMA again", "other", "ada") == number
    pull = hub.forge.pull(number)
    assert (pull.title, pull.is_draft, pull.is_open) == ("EMA", True, True)


def test_a_merge_happens_once(hub: Hub) -> None:
    before = head(hub.forge)
    tip = hub.push("exp/7-ema", {"a.txt": "a"})
    number = hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")
    merged = hub.forge.merge(number, tip, "squash", "EMA (#7)", "+0.0060")
    assert head(hub.forge) == merged != before
    assert hub.forge.file("a.txt", "main") == "a"
    assert hub.forge.merge(number, tip, "squash", "EMA (#7)", "+0.0060") == merged
    assert head(hub.forge) == merged
    pull = hub.forge.pull(number)
    assert (pull.is_open, pull.merge_commit) == (False, merged)


def test_a_head_that_moved_is_not_merged(hub: Hub) -> None:
    before = head(hub.forge)
    tip = hub.push("exp/7-ema", {"a.txt": "a"})
    number = hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")
    hub.push("exp/7-ema", {"a.txt": "b"})
    with pytest.raises(UserError, match="moved"):
        hub.forge.merge(number, tip, "squash", "EMA", "")
    assert head(hub.forge) == before
    assert hub.forge.pull(number).is_open


# Comments


def test_a_comment_is_said_once(hub: Hub) -> None:
    place = hub.open_issue("Averaging")
    first = hub.forge.say(place, "report:1", "### ✅ WIN\n\nNext: `/merge`")
    assert hub.forge.say(place, "report:1", "something else") == first
    second = hub.forge.say(place, "report:2", "### ❌ LOSS")
    assert [c.id for c in hub.comments(place)] == [first, second]
    assert hub.comments(place)[0].body.startswith("### ✅ WIN\n\nNext: `/merge`")
    assert hub.forge.said(first) == "### ✅ WIN\n\nNext: `/merge`"


def test_an_edited_comment_is_still_known(hub: Hub) -> None:
    place = hub.open_issue("Averaging")
    first = hub.forge.say(place, "progress", "0 of 3")
    hub.forge.edit(first, "progress", "3 of 3")
    hub.forge.edit(first, "progress", "3 of 3")
    assert hub.forge.said(first) == "3 of 3"
    assert hub.forge.say(place, "progress", "0 of 3") == first
    assert hub.forge.said(first) == "3 of 3"
    assert len(hub.comments(place)) == 1


# Checks


def test_a_check_follows_what_becomes_of_a_head(hub: Hub) -> None:
    commit = hub.push("ema", {"a.txt": "a"})
    for said in (
        ("queued", "not trained yet", "`/launch`"),
        ("in_progress", "attempt 1", "It trains."),
        ("success", "WIN", "### WIN"),
        ("in_progress", "attempt 2", "It trains again."),
        ("neutral", "UNDECIDED", "### UNDECIDED"),
        ("failure", "LOSS", "### LOSS"),
    ):
        hub.forge.check(commit, *said)
        hub.forge.check(commit, *said)
        assert hub.check(commit) == said


# Releases, Actions


def test_a_release_is_published_once(forge: Forge) -> None:
    commit = head(forge)
    assets = {"baseline.json": '{"n": 10}\n', "runs.csv": "seed\n1\n"}
    url = forge.publish("baseline-v1", commit, "Baseline 1", "notes", assets)
    assert forge.baseline_asset("baseline-v1") == '{"n": 10}\n'
    assert forge.publish("baseline-v1", commit, "Baseline 1", "notes", assets) == url


def test_a_workflow_run_ends(hub: Hub) -> None:
    hub.run_workflow(41, "in_progress")
    assert not hub.forge.ended(41)
    hub.run_workflow(41, "completed")
    assert hub.forge.ended(41)


def test_a_workflow_run_that_is_gone_has_ended(forge: Forge) -> None:
    assert forge.ended(404)
