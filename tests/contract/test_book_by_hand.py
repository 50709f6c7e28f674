"""Hands in the lab book, on the sandbox: what they took away is missed, and can be given back."""

from dataclasses import replace
from typing import Any

import pytest

from bot.clients.github_book import READ, ledger_at
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.sandbox.faults import Fault, Faults
from tests.contract.hub import EXPERIMENT, Interference, SandboxHub, head

PATH = "ledger/open/7.json"
OTHER = EXPERIMENT.but(number=8, branch="exp/8")


def decided(hub: SandboxHub) -> tuple[Ledger, Ledger]:
    """The lab book behind its first decision, and behind its second."""
    first = hub.forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    grown = first.put(EXPERIMENT.but(title="Averaging"), OTHER)
    return first, hub.forge.write_ledger(first, grown, "renamed")


def taken_back(hub: SandboxHub, to: str | None) -> None:
    """Somebody commits the files of another commit, as `git revert` does."""
    tip = head(hub.forge, "labbook")
    tree = hub.ada.get_git_commit(to).tree
    made = hub.ada.create_git_commit("Revert", tree, [hub.ada.get_git_commit(tip)])
    moved(hub, made.sha)


def moved(hub: SandboxHub, commit: str | None) -> None:
    """Somebody lets the branch point elsewhere, by force."""
    (ref,) = (ref for ref in hub.ada.get_git_refs() if ref.ref == "refs/heads/labbook")
    ref.edit(commit, force=True)


@pytest.mark.parametrize("path", [PATH, "ledger/contents.json"])
def test_a_file_that_somebody_deleted_is_missed_until_it_is_back(
    sandbox_hub: SandboxHub, interference: Interference, path: str
) -> None:
    _, last = decided(sandbox_hub)
    blob = sandbox_hub.ada.get_contents(path, ref="labbook").sha
    sandbox_hub.ada.delete_file(path, "Tidy up", blob, branch="labbook")
    interference.asked.clear()
    with pytest.raises(UserError, match=rf"`{path}` .* It is gone. .* `git revert`"):
        sandbox_hub.client().read_ledger()
    assert interference.asked == ["POST /api/graphql"] * 2  # once more at the commit itself
    taken_back(sandbox_hub, last.head)
    assert sandbox_hub.forge.read_ledger() == replace(last, head=head(sandbox_hub.forge, "labbook"))


def test_a_decision_that_somebody_reverted_is_missed(sandbox_hub: SandboxHub) -> None:
    first, _ = decided(sandbox_hub)
    taken_back(sandbox_hub, first.head)
    with pytest.raises(UserError, match="that of decision 1, and decision 2 was the last"):
        sandbox_hub.forge.read_ledger()


def test_a_closed_experiment_that_somebody_deleted_is_missed(sandbox_hub: SandboxHub) -> None:
    _, second = decided(sandbox_hub)
    third = sandbox_hub.forge.write_ledger(second, second.put(OTHER.but(phase="closed")), "closed")
    fourth = sandbox_hub.forge.read_ledger()
    assert fourth == third
    sandbox_hub.forge.write_ledger(fourth, fourth.put(EXPERIMENT), "renamed again")
    blob = sandbox_hub.ada.get_contents("ledger/closed/8.json", ref="labbook").sha
    sandbox_hub.ada.delete_file("ledger/closed/8.json", "Tidy up", blob, branch="labbook")
    with pytest.raises(UserError, match=r"`ledger/closed` .* A file there was changed, added or"):
        sandbox_hub.forge.read_ledger()


def test_a_branch_put_back_by_force_cannot_be_told(sandbox_hub: SandboxHub) -> None:
    first, _ = decided(sandbox_hub)
    moved(sandbox_hub, first.head)
    assert sandbox_hub.forge.read_ledger() == first


def test_what_is_written_while_it_is_read_is_no_edit(
    sandbox_hub: SandboxHub, faults: Faults
) -> None:
    """GitHub reads the folders one by one: here the list is newer than what it tells of."""
    first, second = decided(sandbox_hub)
    torn = {**_asked(sandbox_hub, first.head), "side": _asked(sandbox_hub, second.head)["side"]}
    answer = {"data": {"repository": torn}}
    faults.add(Fault(service="github", on="POST *graphql", status=200, body=answer))
    assert sandbox_hub.forge.read_ledger() == first


def _asked(hub: SandboxHub, commit: str | None) -> dict[str, Any]:
    owner, name = hub.name.split("/")
    query = READ + ledger_at(str(commit))
    _, answer = hub.ada.requester.graphql_query(query, {"owner": owner, "name": name})
    return dict(answer["data"]["repository"])


def test_a_tag_of_the_same_name_is_not_taken_for_the_branch(sandbox_hub: SandboxHub) -> None:
    first, last = decided(sandbox_hub)
    assert first.head
    sandbox_hub.ada.create_git_ref("refs/tags/labbook", first.head)
    assert sandbox_hub.client().read_ledger() == last
