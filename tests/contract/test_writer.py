"""The real anthropic SDK, against the sandbox's Claude."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.clients.claude import MOST_TOKENS, Claude
from bot.clients.workspace import FolderWorkspace
from bot.core.cost import TokenPrices, Tokens
from bot.errors import UserError
from bot.ports import Outage
from bot.sandbox import claude as sandbox
from bot.sandbox.claude import Scenario, ToolUse, Turn
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.serve import reserve, serve

TRAIN = "lr = 0.1\nepochs = 3\nprint(lr)\n"


def edit(**given: object) -> ToolUse:
    return ToolUse("str_replace_based_edit_tool", given)


@pytest.fixture
def workspace(tmp_path: Path) -> FolderWorkspace:
    (tmp_path / "src").mkdir()
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "src/model.py").write_text("depth = 3\n")
    (tmp_path / "judge.py").write_text("def judge(): ...\n")
    return FolderWorkspace(tmp_path, ["judge.py"])


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(faults: Faults) -> Iterator[sandbox.Claude]:
    bound, url = reserve()
    server = sandbox.Claude(url)
    with serve(faults.around("claude", server.app), bound):
        yield server


def writer(server: sandbox.Claude, *turns: Turn, max_turns: int = 9) -> Claude:
    server.script.append(Scenario("the task", turns))
    return Claude(server.api_key, server.url, "claude-sonnet-5-5", max_turns)


def test_a_model_stops_before_it_costs_more_than_it_may(
    server: sandbox.Claude, workspace: FolderWorkspace
) -> None:
    look = Turn(uses=[edit(command="view", path="train.py")])
    prices = TokenPrices(input=3.0, output=15.0)
    longest = prices.usd(Tokens(output=MOST_TOKENS))
    server.script.append(Scenario("the task", [look] * 9))
    claude = Claude(server.api_key, server.url, "m", 9, usd=longest + 0.01, prices=prices)
    with pytest.raises(UserError, match=r"\$0\.25 that it may cost.*claude\.usd_per_experiment"):
        claude.write("", "the task", workspace)
    assert 0 < len(server.requests) < 9
    assert 0 < prices.usd(claude.tokens) <= longest + 0.01


def told(server: sandbox.Claude) -> list[tuple[str, bool]]:
    """What the tools answered, over the whole conversation: text, and whether it is an error."""
    blocks = [
        block
        for message in server.requests[-1]["messages"]
        if message["role"] == "user" and isinstance(message["content"], list)
        for block in message["content"]
    ]
    return [(block["content"], block["is_error"]) for block in blocks]


def test_edits_files_turn_by_turn(server: sandbox.Claude, workspace: FolderWorkspace) -> None:
    claude = writer(
        server,
        Turn("Let me look.", [edit(command="view", path="."), edit(command="view", path="src")]),
        Turn(uses=[edit(command="view", path="train.py", view_range=[2, -1])]),
        Turn(
            "Now I write.",
            [
                edit(command="str_replace", path="train.py", old_str="lr = 0.1", new_str="lr = 1"),
                edit(command="insert", path="train.py", insert_line=1, insert_text="ema = 0.9"),
                edit(command="create", path="src/ema.py", file_text="class Ema: ...\n"),
            ],
        ),
        Turn("EMA of the weights is in."),
    )
    written = claude.write("You are careful.", "Do the task.", workspace)
    assert workspace.changes() == {
        "train.py": "lr = 1\nema = 0.9\nepochs = 3\nprint(lr)\n",
        "src/ema.py": "class Ema: ...\n",
    }
    assert (written.summary, written.turns) == ("EMA of the weights is in.", 4)
    assert claude.tokens.input > 0
    assert claude.tokens.output > 0
    assert told(server)[:3] == [
        ("judge.py\nsrc/model.py\ntrain.py", False),
        ("src/model.py", False),
        ("2\tepochs = 3\n3\tprint(lr)", False),
    ]
    first = server.requests[0]
    assert first["system"] == "You are careful."
    assert [tool["type"] for tool in first["tools"]] == ["text_editor_20250728"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": "view", "path": "no.py"}, "no file"),
        ({"command": "view", "path": "../x"}, "no path within"),
        ({"command": "view", "path": "train.py", "view_range": [9, 2]}, "view_range"),
        ({"command": "view"}, "`path` must be given"),
        ({"command": "str_replace", "path": "train.py", "old_str": "r"}, "3 times"),
        ({"command": "str_replace", "path": "train.py", "old_str": "no"}, "nowhere"),
        ({"command": "str_replace", "path": "train.py", "old_str": ""}, "nowhere"),
        ({"command": "insert", "path": "train.py", "insert_line": 4, "insert_text": "x"}, "0 to 3"),
        ({"command": "create", "path": "judge.py", "file_text": "x"}, "closed"),
        ({"command": "create", "path": ".git/config", "file_text": "x"}, "git"),
        ({"command": "delete", "path": "train.py"}, "no command `delete`"),
    ],
)
def test_tells_the_model_what_cannot_be_done(
    server: sandbox.Claude, workspace: FolderWorkspace, given: dict[str, object], said: str
) -> None:
    claude = writer(server, Turn(uses=[edit(**given)]), Turn("I gave up."))
    assert claude.write("", "the task", workspace).summary == "I gave up."
    ((text, is_error),) = told(server)
    assert is_error
    assert said in text
    assert workspace.changes() == {}


def test_stops_after_its_turns(server: sandbox.Claude, workspace: FolderWorkspace) -> None:
    look = Turn(uses=[edit(command="view", path=".")])
    with pytest.raises(UserError, match="within 3 turns"):
        writer(server, *[look] * 9, max_turns=3).write("", "the task", workspace)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("stop_reason", "said"),
    [
        ("refusal", "declined"),
        ("max_tokens", "too long"),
        ("model_context_window_exceeded", "more than it can hold"),
    ],
)
def test_says_how_the_model_ended(
    server: sandbox.Claude, workspace: FolderWorkspace, stop_reason: str, said: str
) -> None:
    half = edit(command="create", path="half.py", file_text="x")
    claude = writer(server, Turn("No.", [half], stop_reason=stop_reason))
    with pytest.raises(UserError, match=said):
        claude.write("", "the task", workspace)
    assert workspace.changes() == {}


AT_ONCE = {"retry-after-ms": "1"}


@pytest.mark.parametrize(
    "given",
    [
        {"status": 500, "headers": AT_ONCE},
        {"status": 529, "headers": AT_ONCE},
        {"cut": "before"},
        {"cut": "after"},
    ],
)
def test_one_failure_is_retried(
    server: sandbox.Claude, workspace: FolderWorkspace, faults: Faults, given: dict[str, Any]
) -> None:
    faults.add(Fault(service="claude", **given))
    assert writer(server, Turn("Done.")).write("", "the task", workspace).summary == "Done."
    assert len(faults.log) == 1


@pytest.mark.parametrize("status", [500, 529, 429])
def test_a_lasting_failure_is_an_outage(
    server: sandbox.Claude, workspace: FolderWorkspace, faults: Faults, status: int
) -> None:
    faults.add(Fault(service="claude", status=status, headers=AT_ONCE, times=None))
    with pytest.raises(Outage, match=str(status)):
        writer(server, Turn("Done.")).write("", "the task", workspace)
    assert len(faults.log) == 3


HALF_WRITTEN = edit(command="create", path="train.py", file_text="lr = 0.2\nepochs = 30\n")


@pytest.mark.parametrize(
    ("given", "outcome", "said"),
    [
        ({"cut": "midway"}, Outage, "did not answer"),
        ({"act": "early_end"}, Outage, "broke off"),
        ({"act": "bad_event"}, Outage, "did not answer"),
        ({"act": "error_event"}, Outage, "Overloaded"),
        ({"act": "bad_input"}, Outage, "did not answer"),
        ({"act": "half_input"}, Outage, "did not answer"),
        ({"act": "max_tokens"}, UserError, "too long"),
        ({"act": "refusal"}, UserError, "declined"),
    ],
)
def test_nothing_half_written_is_taken(
    server: sandbox.Claude,
    workspace: FolderWorkspace,
    faults: Faults,
    given: dict[str, Any],
    outcome: type[Exception],
    said: str,
) -> None:
    faults.add(Fault(service="claude", **given))
    with pytest.raises(outcome, match=said):
        writer(server, Turn("I write.", [HALF_WRITTEN])).write("", "the task", workspace)
    assert workspace.changes() == {}
    assert faults.unused == []


def test_half_a_replacement_deletes_nothing(
    server: sandbox.Claude, workspace: FolderWorkspace, faults: Faults
) -> None:
    """The SDK reads `{"old_str": "lr = 0.1", "new` without complaint, as if nothing were new."""
    use = edit(command="str_replace", path="train.py", old_str="lr = 0.1", new_str="lr = 1" * 20)
    faults.add(Fault(service="claude", act="half_input"))
    with pytest.raises(Outage):
        writer(server, Turn(uses=[use])).write("", "the task", workspace)
    assert workspace.changes() == {}


def test_goes_on_after_a_tool_that_there_is_not(
    server: sandbox.Claude, workspace: FolderWorkspace, faults: Faults
) -> None:
    faults.add(Fault(service="claude", act="unknown_tool"))
    claude = writer(server, Turn(uses=[HALF_WRITTEN]), Turn("Done."))
    written = claude.write("", "the task", workspace)
    assert (written.summary, written.turns) == ("Done.", 3)
    (unknown, failed), (_, failed_then) = told(server)
    assert (failed, failed_then) == (True, False)
    assert "bash" in unknown


def test_slow_words_are_waited_for(
    server: sandbox.Claude, workspace: FolderWorkspace, faults: Faults
) -> None:
    faults.add(Fault(service="claude", pace_seconds=0.001, delay_seconds=0.001))
    assert writer(server, Turn("Done.")).write("", "the task", workspace).summary == "Done."
    assert faults.unused == []


def test_nobody_there_is_an_outage(workspace: FolderWorkspace) -> None:
    bound, url = reserve()
    bound.close()
    with pytest.raises(Outage):
        Claude("key", url, "claude-sonnet-5-5", 3).write("", "the task", workspace)


@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_names_the_secret(
    server: sandbox.Claude, workspace: FolderWorkspace, key: str
) -> None:
    with pytest.raises(UserError, match="ANTHROPIC_API_KEY"):
        Claude(key, server.url, "claude-sonnet-5-5", 3).write("", "the task", workspace)


def test_a_refused_request_says_why(server: sandbox.Claude, workspace: FolderWorkspace) -> None:
    with pytest.raises(UserError, match="no scenario"):
        writer(server).write("", "something else", workspace)
