"""What is known already is not asked of GitHub again: its hour has a thousand requests."""

import time
from pathlib import Path

import pytest

from bot.core.desk import Desk
from bot.core.ledger import Board, Ledger
from bot.errors import UserError
from bot.ports import Stale
from tests.contract.hub import EXPERIMENT, Interference, SandboxHub

PATH = ".github/labhand.yml"


def test_a_job_starts_with_one_question(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    sandbox_hub.push("main", {PATH: "version: 1\n# größer\n"})
    written = sandbox_hub.forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "begin")
    place, forge = sandbox_hub.open_issue("Averaging"), sandbox_hub.client()
    interference.asked.clear()
    assert forge.start(PATH) == "version: 1\n# größer\n"
    assert (forge.default_branch, forge.is_private) == ("main", False)
    assert forge.read_ledger() == written
    assert len(interference.asked) == 1
    forge.say(place, "help", "text", alone=True)
    assert [asked.partition(" ")[0] for asked in interference.asked[1:]] == ["GET", "POST"]


def test_the_ledger_of_the_start_is_read_once(sandbox_hub: SandboxHub) -> None:
    forge = sandbox_hub.client()
    assert forge.start(PATH) is None
    assert forge.read_ledger() == Ledger(None)
    written = sandbox_hub.forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "begin")
    assert forge.read_ledger() == written


def test_what_came_along_and_is_old_by_now_writes_nothing(sandbox_hub: SandboxHub) -> None:
    begun = sandbox_hub.forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "begin")
    job = sandbox_hub.client()
    job.start(PATH)
    now = sandbox_hub.forge.write_ledger(begun, begun.with_board(Board(issue=3)), "board")
    old = job.read_ledger()
    assert old == begun
    with pytest.raises(Stale):
        job.write_ledger(old, old.with_desk(Desk(answered=(1,))), "desk")
    assert job.read_ledger() == now
    written = job.write_ledger(now, now.with_desk(Desk(answered=(1,))), "desk")
    assert sandbox_hub.forge.read_ledger() == written


def test_open_pulls_that_came_along_are_good_once(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.push("ema", {"a.txt": "a"})
    pull, job = sandbox_hub.open_pull("ema", "EMA"), sandbox_hub.client()
    job.start(PATH, rings=True)
    sandbox_hub.ada.get_pull(pull).edit(state="closed")
    assert [job.open_pulls(), job.open_pulls()] == [{pull}, frozenset()]


def test_a_job_that_may_not_list_what_is_open_starts_all_the_same(
    sandbox_hub: SandboxHub, tmp_path: Path
) -> None:
    server, name = sandbox_hub.server, f"{sandbox_hub.name}-private"
    (tmp_path / "private" / PATH).parent.mkdir(parents=True)
    (tmp_path / "private" / PATH).write_text("version: 1\n")
    server.add_repository(name, source=tmp_path / "private", private=True)
    token = server.job_token(name, {"checks": "write", "contents": "read"})  # as in check.yml
    job = sandbox_hub.client(token=token, repository=name)
    assert job.start(PATH) == "version: 1\n"
    assert job.is_private
    with pytest.raises(UserError, match="Resource not accessible by integration"):
        job.start(PATH, rings=True)


def test_a_start_takes_text_alone(sandbox_hub: SandboxHub) -> None:
    assert sandbox_hub.client().start("src") is None
    with pytest.raises(UserError, match="no text"):
        sandbox_hub.client().start("logo.bin")


def test_what_one_job_alone_can_say_is_not_looked_for_behind_it(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    place, forge = sandbox_hub.open_issue("Averaging"), sandbox_hub.client()
    forge.start(PATH)
    asked = []
    for alone, key in ((True, "report:1"), (True, "report:1"), (False, "reply:1")):
        interference.asked.clear()
        forge.say(place, key, "text", alone=alone)
        asked.append(len(interference.asked))
    assert asked == [2, 1, 3]
    assert len(sandbox_hub.comments(place)) == 2


def test_outside_actions_nobody_is_alone(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    """Two crons have no workflow run by which one could tell that the other is at work."""
    place, forge = sandbox_hub.open_issue("Averaging"), sandbox_hub.client(workflow_run=0)
    other = sandbox_hub.client(workflow_run=0)
    interference.before["POST", "/comments"] = lambda: other.say(place, "report:1", "text")
    said = forge.say(place, "report:1", "text", alone=True)
    assert [comment.id for comment in sandbox_hub.comments(place)] == [said]


def test_a_page_that_is_full_may_be_the_last(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    place = sandbox_hub.ada.get_issue(sandbox_hub.open_issue("Averaging"))
    for number, requests in ((99, 1), (1, 1), (1, 2)):
        for each in range(number):
            place.create_comment(f"/status {each}")
        interference.asked.clear()
        found = sandbox_hub.client().unanswered(time.time() - 3_600)
        assert len(interference.asked) == requests
    assert len(found) == 101


def test_an_edit_is_one_request(sandbox_hub: SandboxHub, interference: Interference) -> None:
    said = sandbox_hub.forge.say(sandbox_hub.open_issue("Averaging"), "progress", "0 of 3")
    interference.asked.clear()
    sandbox_hub.forge.edit(said, "progress", "1 of 3")
    assert len(interference.asked) == 1


def test_a_schedule_that_is_as_it_should_be_is_not_written(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    sandbox_hub.forge.set_schedule(False)
    for enabled in (False, True, True):
        interference.asked.clear()
        sandbox_hub.forge.set_schedule(enabled)
        writes = [asked for asked in interference.asked if asked.startswith("PUT")]
        assert (len(interference.asked), len(writes)) == ((2, 1) if writes else (1, 0))
    assert not writes
    assert sandbox_hub.schedule_is_on()


def test_an_idea_is_left_alone_while_our_answer_is_the_last_word(sandbox_hub: SandboxHub) -> None:
    hub, started = sandbox_hub, time.time() - 2
    hub.ada.create_label("experiment", "ededed")
    place = hub.open_issue("Averaging")
    hub.ada.get_issue(place).add_to_labels("experiment")
    hub.forge.say(place, "label:1", "There is no baseline yet.")
    ring = hub.client()
    ring.unanswered(started)
    assert ring.labelled(started) == ()
    answered_at = int(time.time())
    while int(time.time()) == answered_at:  # GitHub tells the time to the second
        time.sleep(0.05)
    hub.ada.get_issue(place).remove_from_labels("experiment")
    hub.ada.get_issue(place).add_to_labels("experiment")
    ring = hub.client()
    ring.unanswered(started)
    assert ring.labelled(started) == (place,)


def test_a_pull_is_looked_for_only_where_github_refuses_one(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    sandbox_hub.push("ema", {"a.txt": "a"})
    interference.asked.clear()
    number = sandbox_hub.forge.open_pull("ema", "EMA", "body", "ada")
    assert [asked.partition(" ")[0] for asked in interference.asked] == ["GET", "POST", "POST"]
    sandbox_hub.allow_pulls(False)
    assert sandbox_hub.forge.open_pull("ema", "EMA", "body", "ada") == number
