"""What a job sees: variables, the event, secrets, its token, and nothing of the machine."""

import pytest

from tests.sandbox.actions_stage import Play


def test_variables_reach_later_steps_and_nearer_layers_win(play: Play) -> None:
    stage = play(
        """
on: workflow_dispatch
env: {LAYER: workflow, ONLY: "${{ vars.COLOR }}"}
jobs:
  a:
    runs-on: ubuntu-latest
    env: {LAYER: job}
    steps:
      - run: |
          echo "1 $LAYER $ONLY"
          echo "ADDED=kept" >> "$GITHUB_ENV"
          mkdir tools; printf '#!/bin/sh\\necho tool\\n' > tools/hello; chmod +x tools/hello
          echo "$PWD/tools" >> "$GITHUB_PATH"
      - env: {LAYER: step}
        run: echo "2 $LAYER $ADDED ${{ env.LAYER }} $(hello)"
""",
        variables={"COLOR": "blue"},
    )
    (job,) = stage.run()
    assert "1 job blue" in job.log
    assert "2 step kept step tool" in job.log


def test_a_job_sees_nothing_of_the_machine_but_its_own_environment(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHINE_SECRET", "of-the-parent")
    stage = play(
        """
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: "env | cut -d= -f1 | sort | tr '\\n' ' '; ls -A; ls -A $HOME"}]
""",
        secrets={"WANDB_API_KEY": "k" * 40},
    )
    (job,) = stage.run()
    ours = {"CI", "HOME", "LANG", "PATH", "PWD", "SHLVL", "_", "OLDPWD"}
    foreign = {
        name
        for name in job.log.splitlines()[-1].split()
        if name not in ours and not name.startswith(("GITHUB_", "RUNNER_"))
    }
    assert foreign == set()
    assert "GITHUB_RUN_ID" in job.log


def test_the_default_variables_describe_the_event(play: Play) -> None:
    stage = play("""
name: Talk
on: {issue_comment: {types: [created]}}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "$GITHUB_EVENT_NAME by $GITHUB_ACTOR in $GITHUB_REPOSITORY at $GITHUB_SHA"
          echo "$GITHUB_REF $GITHUB_WORKFLOW/$GITHUB_JOB $GITHUB_RUN_NUMBER.$GITHUB_RUN_ATTEMPT"
          echo "$GITHUB_API_URL $GITHUB_SERVER_URL"
          grep -o '"body": "[^"]*"' "$GITHUB_EVENT_PATH"
""")
    payload = {"action": "created", "comment": {"body": "/launch"}}
    stage.run("issue_comment", payload)
    (job,) = stage.run("issue_comment", payload)
    assert f"issue_comment by mona in acme/digits at {stage.commit}" in job.log
    assert "refs/heads/main Talk/a 2.1" in job.log
    assert f"{stage.github.api_url} {stage.github.url}" in job.log
    assert '"body": "/launch"' in job.log


def test_secrets_are_masked_and_never_leave_as_outputs(play: Play) -> None:
    stage = play(
        """
on: workflow_dispatch
jobs:
  a:
    runs-on: ubuntu-latest
    outputs: {leak: "${{ steps.s.outputs.leak }}", fine: "${{ steps.s.outputs.fine }}"}
    steps:
      - id: s
        env: {KEY: "${{ secrets.WANDB_API_KEY }}", TOKEN: "${{ github.token }}"}
        run: |
          echo "key $KEY token $TOKEN"
          echo "::add-mask::hidden-word"
          echo "a hidden-word"
          echo "leak=x$KEY" >> "$GITHUB_OUTPUT"
          echo "fine=yes" >> "$GITHUB_OUTPUT"
""",
        secrets={"WANDB_API_KEY": "k3y" * 9},
    )
    (job,) = stage.run()
    assert "key *** token ***" in job.log
    assert "a ***" in job.log
    assert job.outputs == {"fine": "yes"}


def test_a_jobs_token_can_do_what_its_permissions_say_until_the_job_ends(play: Play) -> None:
    ask = """
      - env: {TOKEN: "${{ github.token }}"}
        run: |
          for place in issues labels; do
            curl -s -o /dev/null -w "$place %{http_code}\\n" -H "Authorization: Bearer $TOKEN" \
              -d '{"title": "A", "name": "B"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$place"
          done
          echo "$TOKEN" | rev
"""
    stage = play(f"""
on: workflow_dispatch
permissions: {{}}
jobs:
  none:
    runs-on: x
    steps: {ask}
  reads:
    runs-on: x
    permissions: {{issues: read, contents: write, checks: none}}
    steps: {ask}
  writes:
    runs-on: x
    permissions: {{issues: write}}
    steps: {ask}
""")
    logs = {job.job: job.log for job in stage.run()}
    assert "issues 403\nlabels 403" in logs["none"]
    assert "issues 403\nlabels 403" in logs["reads"]
    assert "issues 201\nlabels 201" in logs["writes"]
    token = logs["writes"].splitlines()[-1][::-1]
    assert token.startswith("ghs_")
    assert stage.ask("GET", "issues", token) == 401


def test_conditions_see_no_secrets(play: Play) -> None:
    stage = play(
        """
on: workflow_dispatch
jobs:
  a: {runs-on: x, steps: [{if: "secrets.KEY != ''", run: "true"}]}
  b: {if: "secrets.KEY != ''", runs-on: x, steps: [{run: "true"}]}
""",
        secrets={"KEY": "k3y"},
    )
    jobs = stage.run()
    assert [job.conclusion for job in jobs] == ["failure"] * 2
    for job in jobs:
        assert "Unrecognized named-value: 'secrets'" in job.log
