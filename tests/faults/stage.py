"""A stage on which the real bot is started, killed and started again, as Actions would do it."""

import copy
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.demo.people import Person
from bot.sandbox.demo.stage import clean_environment
from bot.sandbox.faults import Scissors
from bot.sandbox.github import Delivery, GitHub
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb, launch, runs, stream
from bot.sandbox.wandb.state import Item

PROJECT = Path(__file__).parents[2]
NAME = "acme/digits"
RIGHTS = dict.fromkeys(("actions", "checks", "contents", "issues", "pull-requests"), "write")
SETTINGS = "lr: 0.01\nwidth: 64\n"
FILES = {
    ".github/labhand.yml": """
version: 1
metric: {name: val/acc, goal: maximize, value: last, min_effect: 0.004}
guards: {val/loss: {goal: minimize, limit: 50%}}
train: {command: "python train.py {overrides} seed={seed}", config: conf.yaml}
seeds: {experiment: 2, held_out: [101, 102], looks: 2}
wandb: {entity: acme, project: digits}
queues: {local: {}}
""",
    "conf.yaml": SETTINGS,
    "train.py": "raise SystemExit('nothing is trained on this stage')\n",
}
for path in (".github/ISSUE_TEMPLATE/experiment.yml", ".github/workflows/ring.yml"):
    FILES[path] = (PROJECT / path).read_text()
