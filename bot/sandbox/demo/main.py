"""Play the story, then leave the transcript and the table; the exit code says if all went well."""

import shutil
import tempfile
from pathlib import Path

from bot.sandbox.agents import agents
from bot.sandbox.demo.display import Display
from bot.sandbox.demo.plot import SCRIPT
from bot.sandbox.demo.stage import stage
from bot.sandbox.demo.story import Story
from bot.sandbox.demo.transcript import table, transcript

IDLE_SECONDS = 60.0


def main() -> int:
    """Run the demonstration, and leave what was posted in `demo/`; 1 if a step did not happen."""
    out = Path.cwd() / "demo"
    display = Display()
    print("GitHub, W&B and Claude on 127.0.0.1; real clients, real agents, real training.")
    root = Path(tempfile.mkdtemp(prefix="labhand-demo-"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    with stage(root, SCRIPT) as at:
        story = Story(at, display)
        story.set_up()
        with agents(root, at.github.url, at.wandb):
            story.play()
        if not display.missed:
            at.actions.wait_idle(IDLE_SECONDS)
        paths = [request.path for request in at.github.requests if request.login.endswith("[bot]")]
        (out / "transcript.md").write_text(transcript(story.see), encoding="utf-8")
        (out / "requests.log").write_text(
            "\n".join(f"{r.status} {r.login} {r.method} {r.path}" for r in at.github.requests),
            encoding="utf-8",
        )
        logs = "\n".join(
            f"=== {job.workflow} {job.run_id} {job.job} ({job.event}): {job.conclusion}\n{job.log}"
            for job in at.actions.jobs
        )
        (out / "jobs.log").write_text(logs, encoding="utf-8")
        print("\n" + table(story.see, story.cast.issues, story.cast.pulls, paths))
        failed = [job for job in at.actions.jobs if job.conclusion == "failure"]
    if display.missed or failed:
        for missed in display.missed:
            print(f"\nThis did not happen: {missed}")
        for job in failed:
            print(f"\nA job failed: {job.workflow} {job.run_id} {job.job} ({job.event})")
        print(f"Logs: {out / 'jobs.log'}, {root}")
        return 1
    shutil.rmtree(root, ignore_errors=True)
    print(f"\nAll of it happened, in {display.seconds:.0f} s.")
    print(f"Everything that was posted: {out.name}/transcript.md")
    return 0
