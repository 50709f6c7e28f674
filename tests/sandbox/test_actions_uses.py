"""`uses:`: composite actions, and GitHub's own actions as our workflows use them."""

import pytest

from tests.sandbox.actions_stage import Play

SHA = "0" * 40
COMPOSITE = """
name: Greeter
inputs:
  name: {default: "${{ github.repository }}"}
  key: {default: ""}
outputs:
  greeting: {value: "${{ steps.greet.outputs.greeting }}"}
runs:
  using: composite
  steps:
    - if: inputs.name == ''
      shell: bash
      run: echo never
    - id: greet
      shell: bash
      env:
        NAME: ${{ inputs.name }}
        KEY: ${{ inputs.key }}
      run: |
        echo "Hello $NAME, $OUTER, ${#KEY} letters"
        echo "greeting=Hello $NAME" >> "$GITHUB_OUTPUT"
        cat "$GITHUB_ACTION_PATH/beside.txt"
        ls -A
"""
CALLS = """
on: workflow_dispatch
jobs:
  a:
    runs-on: x
    steps:
      - uses: $/greeter
        id: default
        env: {OUTER: outside}
      - uses: $/greeter
        id: given
        env: {OUTER: outside}
        with: {name: Mona, key: "${{ secrets.KEY }}"}
      - run: echo "got $ONE and $TWO"
        env:
          ONE: ${{ steps.default.outputs.greeting }}
          TWO: ${{ steps.given.outputs.greeting }}
"""


def test_a_composite_action_sees_its_inputs_and_gives_its_outputs(play: Play) -> None:
    stage = play(
        CALLS,
        {"greeter/action.yml": COMPOSITE, "greeter/beside.txt": "beside\n"},
        secrets={"KEY": "k3y-of-nine"},
    )
    (job,) = stage.run()
    assert job.conclusion == "success", job.log
    assert "Hello acme/digits, outside, 0 letters" in job.log
    assert "Hello Mona, outside, 11 letters" in job.log
    assert "got Hello acme/digits and Hello Mona" in job.log
    assert "beside" in job.log
    assert "never" not in job.log


def test_the_workflows_own_action_needs_no_checkout_and_a_local_one_does(play: Play) -> None:
    stage = play(
        """
on: workflow_dispatch
jobs:
  own: {runs-on: x, steps: [{uses: $/greeter}]}
  local: {runs-on: x, steps: [{uses: ./greeter}]}
""",
        {"greeter/action.yml": COMPOSITE, "greeter/beside.txt": ""},
    )
    results = {job.job: job for job in stage.run()}
    assert results["own"].conclusion == "success"
    assert results["local"].conclusion == "failure"
    assert "no action.yml" in results["local"].log


def test_a_failing_composite_action_fails_its_step_with_its_exit_code(play: Play) -> None:
    action = "runs: {using: composite, steps: [{shell: bash, run: exit 3}, {shell: bash, run: x}]}"
    stage = play(
        "on: workflow_dispatch\njobs: {a: {runs-on: x, steps: [{uses: $/}]}}",
        {"action.yml": action},
    )
    (job,) = stage.run()
    assert (job.conclusion, job.exit_code) == ("failure", 3)


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ("runs: {using: composite, steps: [{run: 'true'}]}", "names its shell"),
        ("runs: {using: node24, main: x.js}", "composite actions only"),
        (
            "runs: {using: composite, steps: [{if: secrets.K, shell: bash, run: 'true'}]}",
            "'secrets'",
        ),
        (
            "runs: {using: composite, steps: [{shell: bash, run: 'echo ${{ vars.K }}'}]}",
            "'vars'",
        ),
    ],
)
def test_an_action_that_github_would_refuse_fails(play: Play, action: str, complaint: str) -> None:
    stage = play(
        "on: workflow_dispatch\njobs: {a: {runs-on: x, steps: [{uses: $/}]}}",
        {"action.yml": action},
    )
    (job,) = stage.run()
    assert job.conclusion == "failure"
    assert complaint in job.log


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (f"{{uses: somebody/thing@{SHA}}}", "no action somebody/thing"),
        (f"{{uses: actions/checkout@{SHA}, with: {{submodules: true}}}}", "`submodules`"),
        ("{uses: $/, with: {nmae: x}}", "no input `nmae`"),
    ],
)
def test_what_the_sandbox_cannot_do_is_said(play: Play, step: str, complaint: str) -> None:
    stage = play(
        f"on: workflow_dispatch\njobs: {{a: {{runs-on: x, steps: [{step}]}}}}",
        {"action.yml": COMPOSITE},
    )
    (job,) = stage.run()
    assert job.conclusion == "failure"
    assert complaint in job.log


def test_checkout_brings_the_default_branch_or_a_commit(play: Play) -> None:
    stage = play(
        f"""
on: workflow_dispatch
jobs:
  a:
    runs-on: x
    steps:
      - uses: actions/checkout@{SHA}
        with: {{persist-credentials: false}}
      - uses: actions/checkout@{SHA}
        with: {{ref: "${{{{ github.sha }}}}", path: target}}
      - run: cat data.txt target/data.txt
      - run: "git config --get-regexp extraheader || echo no credentials here"
      - run: "cd target; git config --get-regexp extraheader | cut -d' ' -f2,3"
""",
        {"data.txt": "42\n"},
    )
    (job,) = stage.run()
    assert job.conclusion == "success", job.log
    assert "42\n42" in job.log
    assert "no credentials here" in job.log
    assert "AUTHORIZATION: basic" in job.log


ARTIFACTS = f"""
on: workflow_dispatch
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          mkdir -p "$RUNNER_TEMP/out/deep"
          echo 1 > "$RUNNER_TEMP/out/deep/one.txt"
          echo 2 > "$RUNNER_TEMP/out/.two"
      - uses: actions/upload-artifact@{SHA}
        with: {{name: found, path: "${{{{ runner.temp }}}}/out", if-no-files-found: error}}
      - uses: actions/upload-artifact@{SHA}
        with: {{name: nothing, path: nowhere, if-no-files-found: ignore}}
      - uses: actions/upload-artifact@{SHA}
        id: again
        continue-on-error: true
        with: {{name: found, path: "${{{{ runner.temp }}}}/out"}}
      - run: echo "again ${{{{ steps.again.outcome }}}}"
  b:
    needs: a
    runs-on: x
    steps:
      - uses: actions/download-artifact@{SHA}
        with: {{name: found, path: "${{{{ runner.temp }}}}/in"}}
      - run: cd "$RUNNER_TEMP/in"; find . -type f
      - uses: actions/download-artifact@{SHA}
        with: {{name: nothing, path: x}}
  c:
    runs-on: x
    steps:
      - uses: actions/upload-artifact@{SHA}
        with: {{path: nowhere, if-no-files-found: error}}
"""


def test_artifacts_go_from_job_to_job_without_hidden_files(play: Play) -> None:
    stage = play(ARTIFACTS)
    results = {job.job: job for job in stage.run()}
    assert results["a"].conclusion == "success", results["a"].log
    assert "again failure" in results["a"].log
    assert "./deep/one.txt" in results["b"].log
    assert ".two" not in results["b"].log
    assert results["b"].conclusion == "failure"
    assert results["c"].conclusion == "failure"
