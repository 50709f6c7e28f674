"""What people can ask: the one table behind the grammar, /help, the README and the shell's help."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Right = Literal["look", "act", "decide"]
Where = Literal["issue", "pr", "both"]
WHERE: Mapping[Where, str] = {"issue": "an issue", "pr": "a PR", "both": "an issue or a PR"}


@dataclass(frozen=True)
class Argument:
    """What may stand for one `name=value`, or for one word without a name."""

    pattern: str
    """A regular expression that the whole value matches."""
    allowed: str
    """Type, unit and what is allowed, in words: for the error and for /help."""
    example: str = ""
    """A value that can be pasted; without one the command's own example is shown."""
    right: Right | None = None
    """What it takes to use it, where that is more than the command itself takes."""


@dataclass(frozen=True)
class Spec:
    """One row of the command table."""

    name: str
    does: str
    right: Right
    where: Where
    example: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    words: Mapping[str, Argument] = field(default_factory=dict)
    """What it takes without a name, in order."""
    needs: int = 0
    """How many of its words must be there."""
    aliases: tuple[str, ...] = ()
    settings: bool = False
    """Whether it takes settings of the training program, such as `optimizer.lr=0.01`."""
    dry: bool = False
    """Whether `dry-run` behind it shows what it would do, and does nothing."""
    locks: tuple[Literal["baseline", "queue"], ...] = ()
    """What it changes that `/lock` can close; the lock of a PR closes that PR to all of them."""
    costs: str = "nothing"


@dataclass(frozen=True)
class Command:
    """A command as somebody typed it: known, and its arguments well formed."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False


COUNT = Argument(r"[1-9]\d?", "a number of seeds, 1 to 99", "10")
SEEDS = Argument(
    r"\+?[1-9]\d?", "a number of seeds such as `5`, or more of them such as `+3`", "+3"
)
ONLY = Argument(r"failed", "`failed`: what has finished is kept", "failed")
QUEUE = Argument(r"[\w.-]+", "the name of a queue of `.github/labhand.yml`", "a100-80g")
SENTENCE = Argument(r"(?=.*\w).{1,300}", "up to 300 letters, in quotes", '"why"')
ARM = Argument(
    r"#?\d{1,9}|[\w][\w./-]{0,199}",
    "a PR such as `#12`, a branch, a baseline such as `baseline-v3`, or a run's id",
    "#12",
)
LOCKED = Argument(r"pr|baseline|queue", "`pr`, `baseline` or `queue`", "queue")
GPU_TIME = "GPU time of what it trains; it asks first above `budget.ask_above`"
MODEL_TIME = "model calls if it needs code, nothing if it only changes settings"

COMMANDS: Mapping[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "experiment",
            "open an idea as an issue and pick it at once",
            "act",
            "both",
            '/experiment "a larger learning rate" optimizer.lr=0.02',
            words={"idea": Argument(r"(?=.*\w)[^#\s-].{1,2000}", "what should change, in quotes")},
            needs=1,
            aliases=("new-experiment",),
            settings=True,
            dry=True,
            costs=MODEL_TIME,
        ),
        Spec(
            "pick",
            "turn this idea into a branch and a draft PR, as the label `experiment` does",
            "act",
            "issue",
            "/pick",
            aliases=("pick-issue",),
            dry=True,
            costs=MODEL_TIME,
        ),
        Spec(
            "launch",
            "train this PR with the experiment's seeds; the verdict comes as a comment",
            "act",
            "pr",
            "/launch seeds=+3",
            {
                "seeds": SEEDS,
                "commit": Argument(
                    r"[0-9a-f]{7,40}",
                    "a commit of this PR, 7 to 40 hexadecimal digits",
                    "3f9c1e2",
                ),
                "only": ONLY,
                "queue": QUEUE,
            },
            settings=True,
            aliases=("launch-job", "train"),
            dry=True,
            locks=("queue",),
            costs=GPU_TIME,
        ),
        Spec(
            "quote",
            "say what `/launch` would train and cost",
            "look",
            "pr",
            "/quote seeds=+3",
            {"seeds": SEEDS, "only": ONLY, "queue": QUEUE},
            settings=True,
        ),
        Spec("status", "look at W&B now and say how things stand", "look", "both", "/status"),
        Spec(
            "budget",
            "say what was spent this month, what is set aside, and what the limits are",
            "look",
            "both",
            "/budget",
        ),
        Spec(
            "diagnose",
            "say again why the last attempt failed, and what would remedy it",
            "look",
            "both",
            "/diagnose",
        ),
        Spec(
            "fix",
            "commit the change that the failure report suggests, and train again",
            "act",
            "pr",
            "/fix",
            aliases=("fix-and-relaunch",),
            dry=True,
            locks=("queue",),
            costs=GPU_TIME,
        ),
        Spec(
            "merge",
            "confirm a WIN on held-out seeds, merge it and release it as the next baseline",
            "decide",
            "pr",
            "/merge",
            aliases=("merge-winners",),
            dry=True,
            locks=("queue", "baseline"),
            costs=GPU_TIME,
        ),
        Spec(
            "baseline",
            "train the default branch and release the result as the baseline",
            "decide",
            "issue",
            "/baseline seeds=10",
            {"seeds": COUNT},
            aliases=("run-baseline",),
            dry=True,
            locks=("queue", "baseline"),
            costs=GPU_TIME,
        ),
        Spec(
            "yes",
            "go ahead with what you were asked about here",
            "act",
            "both",
            "/yes",
            costs="what the question said",
        ),
        Spec(
            "lock",
            "let nobody else act on this PR, the baseline or the queue until it is unlocked",
            "act",
            "both",
            '/lock what=queue hours=8 reason="the cluster is being moved"',
            {
                "what": LOCKED,
                "hours": Argument(r"[1-9]\d{0,2}", "a time in hours, 1 to 999", "24"),
                "reason": SENTENCE,
            },
            dry=True,
        ),
        Spec(
            "unlock",
            "take back a lock: your own, or anybody's if you may decide",
            "act",
            "both",
            "/unlock what=queue",
            {"what": LOCKED},
            dry=True,
        ),
        Spec(
            "queue",
            "show what waits in W&B's queues, for how long and on whom; take it back or hurry it",
            "look",
            "both",
            "/queue priority=high pr=#12",
            {
                "cancel": Argument(
                    r"#?\d{1,9}|[\w:=+/-]{4,80}",
                    "a PR such as `#12`, or an item as `/queue` lists it",
                    "#12",
                    "act",
                ),
                "priority": Argument(
                    r"critical|high|medium|low", "critical, high, medium or low", "high", "act"
                ),
                "pr": Argument(r"#?\d{1,9}", "a PR such as `#12`; by default this one", "#12"),
            },
            dry=True,
            locks=("queue",),
            aliases=("manage-queue",),
        ),
        Spec(
            "runs",
            "list this PR's runs; tag, annotate or group those of the latest attempt in W&B",
            "look",
            "both",
            '/runs tag=ablation note="without the warm-up"',
            {
                "tag": Argument(
                    r"[\w./:-]{1,64}(,[\w./:-]{1,64})*",
                    "one word or several with commas",
                    "ablation",
                    "act",
                ),
                "note": Argument(SENTENCE.pattern, SENTENCE.allowed, '"odd curve"', "act"),
                "group": Argument(
                    r"[\w][\w./ -]{0,63}", "a name of up to 64 letters", "ablations", "act"
                ),
            },
            aliases=("manage-runs",),
            dry=True,
        ),
        Spec(
            "compare",
            "set PRs, branches, baselines or runs head to head; decides nothing, costs nothing",
            "look",
            "both",
            "/compare #12 baseline-v3",
            words=dict.fromkeys(("A", "B", "C", "D", "E"), ARM),
            needs=2,
        ),
        Spec(
            "results",
            "show what this PR, or any other, a branch or a run, has given so far",
            "look",
            "both",
            "/results #12",
            words={"what": ARM},
            aliases=("check-results",),
        ),
        Spec(
            "stop",
            "end what is queued or running of this PR",
            "act",
            "both",
            '/stop reason="the loss went up"',
            {"reason": SENTENCE},
            dry=True,
        ),
        Spec(
            "help",
            "list the commands, or say all about one",
            "look",
            "both",
            "/help launch",
            words={"command": Argument(r"/?[a-z-]{1,30}", "the name of a command", "launch")},
        ),
    )
}
ALIASES: Mapping[str, str] = {
    alias: spec.name for spec in COMMANDS.values() for alias in spec.aliases
}
