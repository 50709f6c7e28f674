"""The lab book's files: how the ledger is laid out, read back, checked and brought up to date."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Never

from pydantic import TypeAdapter, ValidationError

from bot.core.contents import TRAILER, Contents, decision_of
from bot.core.cost import Accounts
from bot.core.desk import Desk
from bot.core.experiment import Experiment
from bot.core.fingerprint import fingerprint
from bot.core.ledger import BaselineRef, Board, Ledger
from bot.core.lines import line_of
from bot.errors import UserError

BRANCH = "labbook"
SCHEMA = 3
"""Files of schema 1 had no check value, and wrote down every default. With those of schema 2 alone
nothing told what the whole book holds."""
FOLDER = "ledger"
OPEN = f"{FOLDER}/open"
CLOSED = f"{FOLDER}/closed"
CONTENTS = f"{FOLDER}/contents.json"
WIDTH = 120
"""Characters of JSON that are kept on one line."""
SIDE: Mapping[str, TypeAdapter[Any]] = {
    "baselines": TypeAdapter(tuple[BaselineRef, ...]),
    "budget": TypeAdapter(Accounts),
    "desk": TypeAdapter(Desk),
    "board": TypeAdapter(Board),
}
"""Each field of the ledger that has a file of its own beside the experiments."""
README = """# The lab book

Labhand, the bot that runs this repository's experiments, writes this branch. It is all that the bot
remembers; code lives on the other branches.

- `ledger/open/41.json`: the experiment of issue 41 (or of PR 41, if somebody wrote it by hand)
  while it is open: its attempts, their runs, verdicts, and what they cost.
- `ledger/closed/41.json`: the same, once its PR is merged or closed.
- `ledger/baselines.json`: the baselines that were released, and how often each was tried against.
- `ledger/budget.json`: what was spent, by month (UTC) and person.
- `ledger/board.json`: which issue is the leaderboard.
- `ledger/desk.json`: locks, and commands that wait for a `/yes`.
- `ledger/contents.json`: what the last decision left here, and its number.

One decision is one commit, however many files it touches. So the history tells who asked for what
and what happened, with the comment and the workflow run in the last lines of each message:

```
git log --oneline origin/labbook                                all of it
git log origin/labbook --grep '^#41: '                          one experiment
git log origin/labbook --grep '^Labhand-Asked-By: octocat$'     one person
```

Please do not edit these files. Each carries a check value of what it holds, `contents.json` those
of all that is open, and each commit its number: the bot notices an edit, however plausible, a file
that is gone or older than it should be, and a decision that was reverted. It then stops until that
is taken back with `git revert`.

What it cannot notice is a branch that was put back by force (`git push --force`), for nothing is
left that tells. It then decides again what it has forgotten: no run is trained twice, because each
has the name that it had, and no comment is said twice; but what was spent since is not counted.
Without this branch the bot has forgotten every experiment; releases, PRs and W&B's runs stay. So
let a ruleset (Settings, Rules) forbid force pushes and deletions of `labbook`.
"""


class Checked(NamedTuple):
    """A file that is as Labhand wrote it."""

    value: Any
    check: str
    schema: int


def parse(
    head: str | None, files: Mapping[str, str], closed: str = "", messages: Iterable[str] = ()
) -> Ledger:
    """Read the lab book's open files.

    Args:
        head: the commit that they were read at.
        files: path to text.
        closed: git's id of the folder of closed experiments; empty if there is none.
        messages: of that commit and of those before it, the newest first, as far as they are known.

    Raises:
        UserError: a file is not what Labhand wrote; it is named, and never repaired in silence.
    """
    ledger = Ledger(head)
    read: dict[str, Checked] = {}
    for field, adapter in SIDE.items():
        if (text := files.get(path := f"{FOLDER}/{field}.json")) is not None:
            read[path] = _checked(path, text, TypeAdapter(dict[str, Any]))
            held = read[path].value
            if held.keys() != {field}:
                _by_hand(path, 1, f"it holds {', '.join(map(repr, held))} in place of `{field}`")
            value = _valid(path, text, adapter, held[field], (field,))
            ledger = replace(ledger, **{field: value})
    opened = {p: _experiment(p, text) for p, text in files.items() if p.startswith(f"{OPEN}/")}
    _apart(each.value for each in opened.values())
    contents = _contents(files.get(CONTENTS), read | opened, closed, decision_of(messages))
    return replace(ledger, contents=contents).put(*(each.value for each in opened.values()))


def _contents(
    text: str | None, read: Mapping[str, Checked], closed: str, decision: int
) -> Contents:
    """What is there, if that is what the last decision has left."""
    checks = {path: each.check for path, each in read.items()}
    found = Contents(decision=decision, files=checks, closed=closed)
    if text is not None:
        told: Contents = _checked(CONTENTS, text, TypeAdapter(Contents)).value
        if wrong := told.amiss(found, CONTENTS, CLOSED):
            _by_hand(wrong[0], None, wrong[1])
        return found.but(decision=told.decision)
    if decision or any(each.schema > 2 for each in read.values()):
        _by_hand(CONTENTS, None, "it is gone")
    return found


def parse_experiment(path: str, text: str) -> Experiment:
    """Read one experiment's file.

    Raises:
        UserError: it is not what Labhand wrote.
    """
    experiment: Experiment = _experiment(path, text).value
    return experiment


def _experiment(path: str, text: str) -> Checked:
    found = _checked(path, text, TypeAdapter(Experiment))
    if path.rpartition("/")[2] != f"{found.value.number}.json":
        line = line_of(text, ["number"])
        _by_hand(path, line, f"it holds the experiment {found.value.number}, not that of its name")
    return found


def _apart(experiments: Iterable[Experiment]) -> None:
    """Check that no two experiments claim one PR, or one branch."""
    claimed: dict[str, Experiment] = {}
    for experiment in experiments:
        claims = [f"PR #{experiment.pull}"] if experiment.pull else []
        if experiment.kind == "experiment":
            claims.append(f"the branch `{experiment.branch}`")
        for claim in claims:
            if other := claimed.get(claim):
                path = f"{OPEN}/{experiment.number}.json"
                _by_hand(path, 1, f"`{other.number}.json` beside it claims {claim} as well")
            claimed[claim] = experiment


def _checked(path: str, text: str, adapter: TypeAdapter[Any]) -> Checked:
    """Read what a file holds: its schema, its fields, and last whether it is what was written."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        _by_hand(path, error.lineno, f"it is no JSON: {error.msg}")
    if not isinstance(data, dict) or not isinstance(schema := data.pop("schema", None), int):
        _by_hand(path, 1, "it says no schema")
    if schema > SCHEMA:
        raise UserError(
            f"`{path}` on the branch `{BRANCH}` has schema {schema}, and this version of Labhand "
            f"knows those up to {SCHEMA}: a newer one wrote it. Use that version here too (the "
            "line `uses:` of the workflow on the default branch)."
        )
    check = data.pop("check", None)
    found = _valid(path, text, adapter, data)
    if schema > 1 and check != check_value(data):
        line = line_of(text, ["check"])
        _by_hand(path, line, "its check value does not fit what it holds")
    return Checked(found, check_value(data) if check is None else check, schema)


def _valid(
    path: str, text: str, adapter: TypeAdapter[Any], data: object, under: tuple[str, ...] = ()
) -> Any:
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        location = (*under, *first["loc"])
        unknown = first["type"] == "extra_forbidden"
        where = ".".join(map(str, location))
        wrong = "there is no such key" if unknown else first["msg"]
        _by_hand(path, line_of(text, location), f"`{where}`: {wrong}")


def _by_hand(path: str, line: int | None, wrong: str) -> Never:
    where = "" if line is None else f"Line {line}: "
    wrong = wrong if where else wrong[:1].upper() + wrong[1:]
    raise UserError(
        f"`{path}` on the branch `{BRANCH}` is not as Labhand wrote it. {where}{wrong}. "
        f"Nothing is done until that edit is taken back: `git log -p origin/{BRANCH} -- {path}` "
        "shows it, and `git revert` of its commit takes it back."
    )


def check_value(data: Mapping[str, object]) -> str:
    """What a file's content comes to, whatever its layout."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return fingerprint(text)


def difference(before: Ledger, after: Ledger) -> dict[str, str | None]:
    """The files to write so that the lab book says `after`: path to text, None to delete."""
    files: dict[str, str | None] = {}
    for field, adapter in SIDE.items():
        value = getattr(after, field)
        if value != getattr(before, field):
            held = adapter.dump_python(value, mode="json", exclude_defaults=True)
            files[f"{FOLDER}/{field}.json"] = _text({field: held})
    for number, experiment in after.experiments.items():
        old = before.experiments.get(number)
        if experiment == old:
            continue
        data = experiment.model_dump(mode="json", exclude_defaults=True)
        files[path := path_of(experiment)] = _text(data)
        if old and path_of(old) != path:
            files[path_of(old)] = None
    if not files:
        return {}
    checks = {path: text and json.loads(text)["check"] for path, text in files.items()}
    contents = before.contents.behind(checks, CLOSED)
    files[CONTENTS] = _text(contents.model_dump(mode="json"))
    if contents.decision == 1:  # before it nobody counted, and the README said less
        files["README.md"] = README
    return files


def written(after: Ledger, head: str, files: Mapping[str, str | None]) -> Ledger:
    """What is open of a ledger, now that these files stand in the lab book at that commit."""
    return replace(after.written(head), contents=_told(files))


def _told(files: Mapping[str, str | None]) -> Contents:
    found: Contents = _checked(CONTENTS, files[CONTENTS] or "", TypeAdapter(Contents)).value
    return found


def path_of(experiment: Experiment) -> str:
    """Where an experiment's file lies."""
    return f"{CLOSED if experiment.is_closed else OPEN}/{experiment.number}.json"


def asked(message: str, person: str, comment_id: int | None = None) -> str:
    """A commit message that remembers who asked, and in which comment, if it was in one."""
    comment = f"\nLabhand-Comment: {comment_id}" if comment_id and comment_id > 0 else ""
    return f"{message}\n\nLabhand-Asked-By: {person}{comment}"


def signed(message: str, workflow_run: int, files: Mapping[str, str | None]) -> str:
    """The whole text of a commit: what happened, and the trailers by which git lists it.

    Args:
        message: what happened, and who asked.
        workflow_run: the one that writes it.
        files: what it writes.
    """
    headline, _, trailers = message.partition("\n\n")
    workflow = f"Labhand-Workflow-Run: {workflow_run}"
    decision = f"{TRAILER}: {_told(files).decision}"
    lines = filter(None, (trailers, workflow, decision))
    return "\n\n".join((headline, "[skip ci]", "\n".join(lines)))


def _text(data: Mapping[str, object]) -> str:
    return _laid_out({"schema": SCHEMA, "check": check_value(data), **data}, 0) + "\n"


def _laid_out(value: object, depth: int) -> str:
    """JSON with what is small on one line: one run, one attempt's settings."""
    short = json.dumps(value, ensure_ascii=False)
    if (depth and len(short) + depth <= WIDTH) or not isinstance(value, dict | list):
        return short
    inner = depth + 1
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(k, ensure_ascii=False)}: {_laid_out(v, inner)}" for k, v in value.items()
        ]
        start, end = "{", "}"
    else:
        parts = [_laid_out(item, inner) for item in value]
        start, end = "[", "]"
    space = "\n" + " " * inner
    return f"{start}{space}{f',{space}'.join(parts)}\n{' ' * depth}{end}"
