"""The story, chapter by chapter: each step is done as a person does it, and then looked for."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

from bot.sandbox.agents import clean_environment
from bot.sandbox.demo.display import Display
from bot.sandbox.demo.looking import Looking
from bot.sandbox.demo.plot import BY_HAND, CODE, HARM, HELP, IDEAS, NAN
from bot.sandbox.demo.stage import STRANGER, Stage

TRAINING_SECONDS = 300.0
STRANGERS_SEEDS = "4321"
"""How many seeds the stranger asks for: a number that no answer holds by chance."""


@dataclass
class Cast:
    """Where the story's experiments stand: idea to issue, idea to PR."""

    issues: dict[str, int]
    pulls: dict[str, int]


class Story:
    """Plays the story on a stage."""

    def __init__(self, at: Stage, display: Display) -> None:
        self.at = at
        self.show = display
        self.see = Looking(at)
        self.cast = Cast({}, {})
        display.beat = self.see.running

    def set_up(self) -> None:
        """The first chapter; agents find their queue only behind it."""
        with self.show.chapter("1. Set up GitHub and W&B"):
            self._setup()

    def play(self) -> None:
        """Every other chapter in turn, up to the first that misses something."""
        chapters = (
            ("2. Measure the baseline: /baseline seeds=6", self._baseline),
            ("3. Four ideas, and a PR by hand", self._ideas),
            ("4. /launch them all", self._launch),
            ("5. Verdicts", self._verdicts),
            ("6. /fix what failed", self._fix),
            ("7. /merge the winner", self._merge),
        )
        for title, chapter in chapters:
            with self.show.chapter(title):
                chapter()
            if self.show.missed:
                return

    def _setup(self) -> None:
        first, second = self._run_setup(), self._run_setup()
        for line in first.splitlines():
            self.show.check(line, line.startswith("created"))
        self.show.check("the second time: everything is there", "created" not in second)

    def _run_setup(self) -> str:
        environment = {**clean_environment(self.at.root), **self.at.environment}
        command = [sys.executable, "-P", "-m", "bot", "setup"]
        environment["PYTHONPATH"] = str(self.at.root / "files")
        done = subprocess.run(
            command, env=environment, cwd=self.at.root, capture_output=True, text=True, check=False
        )
        self.show.check(
            f"python -m bot setup {done.stderr if done.returncode else ''}", done.returncode == 0
        )
        return done.stdout

    def _baseline(self) -> None:
        ada = self.at.people["ada"]
        place = ada.opens_issue("Measure the baseline", "The first one.")
        self.cast.issues["baseline"] = place
        ada.writes(place, "/baseline seeds=6")
        self.show.expect(
            "six runs are queued", lambda: self.see.said(place, "labhand:progress", "of 6 runs")
        )
        release = self.show.expect(
            "baseline-v1 is tagged and released",
            lambda: self.see.release("baseline-v1"),
            TRAINING_SECONDS,
        )
        held = json.loads(release.assets[0].content)
        self.show.check("baseline.json holds six seeds", len(held["seeds"]) == 6)

    def _ideas(self) -> None:
        people = self.at.people
        for idea in IDEAS:
            author = people["linus" if idea is HARM else "ada"]
            self.cast.issues[idea.key] = author.fills_form(idea.title, idea.answers)
        harm = self.cast.issues[HARM.key]
        self.show.expect(
            "the idea of somebody without rights gets a line of thanks",
            lambda: self.see.said(harm, "/pick"),
        )
        people["ada"].writes(harm, "/pick")
        self.cast.pulls[BY_HAND.key] = people["grace"].opens_pull(
            self.at.root / "grace", BY_HAND.branch, BY_HAND.title, BY_HAND.body, BY_HAND.edit
        )
        for idea in IDEAS:
            issue = self.cast.issues[idea.key]
            pull = self.show.expect(
                f"#{issue} “{idea.title}” has a branch and a draft PR",
                partial(self.see.pull_of, issue),
            )
            self.show.expect(
                f"#{issue} is answered with what is next",
                partial(self.see.said, issue, "Ready"),
            )
            body = pull.body or ""
            told = all(word in body for word in ("Hypothesis", "Change", "How it will be judged"))
            self.show.check(
                f"PR #{pull.number} is a draft that says what, why and how it is judged",
                pull.draft and told,
            )
            self.cast.pulls[idea.key] = pull.number

    def _launch(self) -> None:
        ada, pulls = self.at.people["ada"], self.cast.pulls
        helping = pulls[HELP.key]
        self.at.people[STRANGER].writes(helping, f"/launch seeds={STRANGERS_SEEDS}")
        ada.writes(helping, "/launch")
        self._three_are_queued(helping, HELP.key)
        ada.writes(helping, "/launch")
        self.show.expect(
            "a second /launch of the same commit changes nothing and says so",
            lambda: self.see.said(helping, "othing was queued"),
        )
        ada.writes(helping, "/merge")
        self.show.expect(
            "/merge before there is a verdict is refused",
            lambda: self.see.said(helping, "still being trained"),
        )
        others = {key: pull for key, pull in pulls.items() if pull != helping}
        for pull in others.values():
            ada.writes(pull, "/launch")
        for key, pull in others.items():
            self._three_are_queued(pull, key)
        said = self.see.repository.threads[helping].comments
        stranger = next(c for c in said if c.author.login == STRANGER)
        answered = any(STRANGERS_SEEDS in c.body for c in said if c is not stranger)
        self.show.check("the stranger's /launch gets nothing", not (answered or stranger.reactions))

    def _three_are_queued(self, pull: int, key: str) -> None:
        self.show.expect(
            f"PR #{pull} ({key}): three runs are queued",
            lambda: self.see.said(pull, "labhand:progress", "of 3 runs"),
        )

    def _verdicts(self) -> None:
        pulls = self.cast.pulls
        expected = {HELP.key: ("WIN",), HARM.key: ("LOSS",), NAN.key: ("FAILED",)}
        any_verdict = ("WIN", "LOSS", "UNDECIDED")
        for key in (NAN.key, HELP.key, HARM.key, CODE.key, BY_HAND.key):
            verdict = self.show.expect(
                f"PR #{pulls[key]} ({key}) has its report",
                partial(self.see.verdict, pulls[key]),
                TRAINING_SECONDS,
            )
            allowed = expected.get(key, any_verdict)
            self.show.check(f"PR #{pulls[key]} ({key}): {verdict}", verdict in allowed)
        asked = {run.config["augment"]["affine"] for run in self.see.runs(pulls[HELP.key])}
        self.show.check("the changed setting reached the training program", asked == {0.5})
        self.show.check(
            "progress is one comment each, edited in place",
            all(self.see.progress(pull) == 1 for pull in pulls.values()),
        )
        self.at.people["ada"].writes(pulls[HARM.key], "/merge")
        self.show.expect(
            "/merge of what is no WIN is refused",
            lambda: self.see.said(pulls[HARM.key], "Only a WIN is merged"),
        )

    def _fix(self) -> None:
        pull = self.cast.pulls[NAN.key]
        self.at.people["ada"].writes(pull, "/fix")
        verdict = self.show.expect(
            f"PR #{pull}: the suggestion is committed, trained and reported",
            lambda: self.see.verdict(pull, 2),
            TRAINING_SECONDS,
        )
        self.show.check(f"PR #{pull}: {verdict}", verdict != "FAILED")
        self.show.check(
            "the report before is minimised",
            self.see.reports(pull)[0].minimized_reason is not None,
        )

    def _merge(self) -> None:
        pull = self.cast.pulls[HELP.key]
        self.at.people["ada"].writes(pull, "/merge")
        self.show.expect(
            f"PR #{pull}: three held-out seeds are queued",
            lambda: self.see.said(pull, "held-out"),
        )
        release = self.show.expect(
            "they agree: merged, baseline-v2 is tagged and released",
            lambda: self.see.release("baseline-v2"),
            TRAINING_SECONDS,
        )
        held = json.loads(release.assets[0].content)
        self.show.check("its values are the held-out seeds'", len(held["seeds"]) == 3)
        for key, other in self.cast.pulls.items():
            if key != HELP.key:
                self.show.expect(
                    f"PR #{other} ({key}) is marked as measured against an old baseline",
                    partial(self.see.said, other, "⏳"),
                )
        self.show.check("no run was trained twice", max(self.at.wandb.starts.values()) == 1)
