"""The command line: `python -m trainer [verb] key=value ...`; without a verb it trains."""

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from trainer.health import Failure

HELP = {"-h", "--help"}
DEFAULT = "train"


@dataclass(frozen=True)
class Verb:
    """What can be asked of the trainer.

    Attributes:
        place: module:function that takes the arguments and gives the exit code. It is imported
            when it is called for: a server needs no torch, and a run must start soon.
        takes: Its arguments, as its usage line shows them.
        does: One line.
    """

    place: str
    takes: str
    does: str


VERBS = {
    "train": Verb(
        "trainer.job:main",
        "[--config FILE] [group=name ...] [key=value ...]",
        "train one model and track it in W&B",
    ),
    "eval": Verb(
        "trainer.evaluate:main",
        "ckpt=PATH|ARTIFACT [split=test|validation] [data.path=FOLDER]",
        "score a checkpoint with the settings that it was trained with",
    ),
    "check": Verb(
        "trainer.check:main",
        "[group=name ...] [key=value ...]",
        "look at the data only, as every training does first",
    ),
    "data": Verb(
        "trainer.stage:main",
        "push folder=FOLDER name=NAME | pull name=NAME:ALIAS",
        "keep a folder of data as a W&B artifact, or fetch one",
    ),
    "lr-find": Verb(
        "trainer.lr_find:main", "[key=value ...]", "find the learning rate by raising it"
    ),
    "profile": Verb(
        "trainer.profile:main", "[key=value ...]", "measure where a training step's time goes"
    ),
    "export": Verb(
        "trainer.deploy.export:main",
        "ckpt=PATH|ARTIFACT to=FOLDER",
        "write torch.export, ONNX and TorchScript files that answer as the checkpoint does",
    ),
    "quantise": Verb(
        "trainer.deploy.quantise:main",
        "model=FOLDER",
        "write 8-bit versions of an exported model, calibrated on training images",
    ),
    "bench": Verb(
        "trainer.deploy.bench:main",
        "model=FOLDER [threads=1] [rounds=100]",
        "compare an exported model's files: accuracy, size and latency",
    ),
    "serve": Verb(
        "trainer.deploy.serve:main",
        "model=FOLDER [file=model.onnx] [host=127.0.0.1] [port=8000] [threads=1]",
        "answer pictures over HTTP with an exported model",
    ),
    "metrics": Verb("trainer.track:main", "", "print the table of all keys that a run logs"),
    "verify-run": Verb(
        "trainer.verify:main",
        "FOLDER|TEAM/PROJECT/RUN [--labhand FILE] [key=value ...]",
        "say whether a run of any program keeps the contract with the bot",
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Does what the first word says, or trains if it is a setting; returns the exit code."""
    first, *rest = arguments or [DEFAULT]
    if first in HELP:
        print(usage())
        return 0
    if first.startswith("-") or "=" in first:
        first, rest = DEFAULT, list(arguments)
    if first not in VERBS:
        print(f"trainer: there is no {first}: did you mean {_nearest(first)}?", file=sys.stderr)
        return 2
    if HELP & set(rest):
        print(_usage_of(first))
        return 0
    module, _, function = VERBS[first].place.partition(":")
    try:
        return getattr(import_module(module), function)(rest)
    except Failure as failure:
        print(f"trainer: {failure}", file=sys.stderr)
        return failure.exit_code


def usage() -> str:
    """All verbs, and the settings of training."""
    verbs = [f"  {name:<12}{verb.does}" for name, verb in VERBS.items()]
    return "\n".join(
        ["usage: python -m trainer [verb] [key=value ...]", "", *verbs, "", _usage_of(DEFAULT)]
    )


def _usage_of(name: str) -> str:
    if name == DEFAULT:
        from trainer import config  # reads YAML, which not every verb needs

        return config.usage()
    verb = VERBS[name]
    return f"usage: python -m trainer {name} {verb.takes}".rstrip() + f"\n\n{verb.does}"


def _nearest(word: str) -> str:
    return max(VERBS, key=lambda verb: difflib.SequenceMatcher(None, word, verb).ratio())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
