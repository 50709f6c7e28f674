"""Workflow files written here are run: what do their jobs see, do and leave?"""

import pytest

from bot.sandbox.actions import JobResult
from tests.sandbox.actions_stage import PATIENCE_SECONDS, WORKFLOW, Play


def conclusions(jobs: list[JobResult]) -> dict[str, str]:
    return {job.job: job.conclusion for job in jobs}


def test_outputs_pass_from_step_to_job_to_the_job_that_needs_it(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      word: ${{ steps.say.outputs.word }}
      poem: ${{ steps.say.outputs.poem }}
    steps:
      - id: say
        shell: bash
        run: |
          echo "word=a=b" >> "$GITHUB_OUTPUT"
          printf 'poem<<END\\none\\ntwo=2\\nEND\\n' >> "$GITHUB_OUTPUT"
          echo "# done" >> "$GITHUB_STEP_SUMMARY"
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo "$WORD / $POEM"
        env:
          WORD: ${{ needs.first.outputs.word }}
          POEM: ${{ needs.first.outputs.poem }}
""")
    first, second = stage.run()
    assert first.outputs == {"word": "a=b", "poem": "one\ntwo=2"}
    assert first.summary == "# done\n"
    assert "a=b / one\ntwo=2" in second.log
    assert [run["conclusion"] for run in stage.workflow_runs.values()] == ["success"]


def test_a_failure_skips_what_needs_it_but_not_what_always_runs(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  breaks:
    runs-on: ubuntu-latest
    steps:
      - run: exit 7
      - run: echo never
      - if: failure()
        run: echo cleaned
  follows:
    needs: breaks
    runs-on: ubuntu-latest
    steps: [{run: echo never}]
  follows-skipped:
    needs: follows
    runs-on: ubuntu-latest
    steps: [{run: echo never}]
  settles:
    needs: [breaks, follows]
    if: always() && needs.breaks.result == 'failure'
    runs-on: ubuntu-latest
    steps: [{run: echo settled}]
""")
    jobs = stage.run()
    assert conclusions(jobs) == {
        "breaks": "failure",
        "follows": "skipped",
        "follows-skipped": "skipped",
        "settles": "success",
    }
    breaks = jobs[0]
    assert breaks.exit_code == 7
    assert "cleaned" in breaks.log
    assert "never" not in breaks.log
    assert [run["conclusion"] for run in stage.workflow_runs.values()] == ["failure"]


def test_a_forgiven_step_does_not_fail_the_job(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - id: try
        continue-on-error: true
        run: exit 1
      - run: echo "${{ steps.try.outcome }} then ${{ steps.try.conclusion }}"
""")
    (job,) = stage.run()
    assert (job.conclusion, job.exit_code) == ("success", 0)
    assert "failure then success" in job.log


def test_pipes_fail_only_where_the_shell_is_named(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  named: {runs-on: x, steps: [{shell: bash, run: "false | true"}]}
  unnamed: {runs-on: x, steps: [{run: "false | true"}]}
""")
    assert conclusions(stage.run()) == {"named": "failure", "unnamed": "success"}


def test_what_starts_nothing(play: Play) -> None:
    stage = play("""
on: {issues: {types: [labeled]}, push: {}}
jobs:
  a: {runs-on: x, steps: [{run: "true"}]}
""")
    assert stage.run("issues", {"action": "opened"}) == []
    assert stage.run("push") == []
    stage.send("issues", {"action": "labeled"}, by_job=True)
    stage.actions.wait_idle(PATIENCE_SECONDS)
    assert stage.actions.jobs == []
    assert len(stage.run("issues", {"action": "labeled"})) == 1
    assert stage.ask("PUT", "actions/workflows/w.yml/disable", stage.mona) == 204
    assert stage.run("issues", {"action": "labeled"}) == []


def test_a_job_that_takes_too_long_is_cancelled(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  slow:
    runs-on: x
    timeout-minutes: 0.005
    steps: [{run: sleep 600}]
  after: {needs: slow, if: always(), runs-on: x, steps: [{run: "echo ${{ needs.slow.result }}"}]}
""")
    slow, after = stage.run()
    assert slow.conclusion == "cancelled"
    assert "cancelled" in after.log


def test_a_step_that_takes_too_long_fails_with_all_that_it_started(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  a:
    runs-on: x
    steps:
      - timeout-minutes: 0.005
        run: |
          sleep 600 & echo $! > pid
          wait
      - if: always()
        run: |
          for _ in $(seq 100); do
            case "$(cut -d' ' -f3 "/proc/$(cat pid)/stat" 2>&1)" in
              *No*|Z) echo "the child is gone"; break;;
            esac
            sleep 0.05
          done
""")
    (job,) = stage.run()
    assert job.conclusion == "failure"
    assert "the child is gone" in job.log


def test_close_ends_running_jobs(play: Play) -> None:
    stage = play("""
on: workflow_dispatch
jobs:
  a: {runs-on: x, steps: [{run: sleep 600}]}
""")
    stage.send("workflow_dispatch", {"workflow": WORKFLOW})
    stage.actions.close()
    assert conclusions(stage.actions.jobs) in ({}, {"a": "cancelled"})


@pytest.mark.parametrize(
    ("workflow", "complaint"),
    [
        ("on: issues\njobs: {a: {runs-on: x, strategy: {}, steps: []}}", "`strategy`"),
        ("on: issues\njobs: {a: {runs-on: x, needs: b, steps: []}}", "needs `b`"),
        ("on: issues\njobs: {a: {runs-on: x, steps: [{shell: bash}]}}", "`run` or `uses`"),
        ("on: issues\npermissions: {content: read}\njobs: {}", "`content`"),
        ("on: issues\njobs: [", "Flow sequence"),
    ],
)
def test_a_wrong_file_is_named_and_starts_nothing(
    play: Play, workflow: str, complaint: str
) -> None:
    (result,) = play(workflow).run("issues", {"action": "opened"})
    assert (result.conclusion, result.workflow) == ("startup_failure", WORKFLOW)
    assert complaint in result.log


def test_a_file_for_events_of_branches_is_left_alone(play: Play) -> None:
    stage = play("on: [push, pull_request]\nconcurrency: ci\njobs: {}")
    assert stage.run("issues", {"action": "opened"}) == []


def test_a_pull_request_starts_the_default_branchs_workflow(play: Play) -> None:
    stage = play("""
on: pull_request_target
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$GITHUB_EVENT_NAME ${{ github.event.action }} $GITHUB_REF $GITHUB_SHA"
""")
    for action in ("opened", "synchronize", "reopened", "labeled", "closed"):
        stage.run("pull_request", {"action": action})
    assert [job.log.strip().rpartition("\n")[2] for job in stage.actions.jobs] == [
        f"pull_request_target {action} refs/heads/main {stage.commit}"
        for action in ("opened", "synchronize", "reopened")
    ]
