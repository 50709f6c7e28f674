"""Issue forms, filed as a browser would."""

import pytest

from tests.sandbox.github_stage import Home, Hub

pytest_plugins = ("tests.sandbox.github_fixtures",)
FORM = """\
name: Idea
description: Propose an experiment
title: "[idea] "
labels: [experiment]
body:
  - type: markdown
    attributes:
      value: Thank you.
  - type: textarea
    id: change
    attributes:
      label: What should change?
    validations:
      required: true
  - type: input
    id: gain
    attributes:
      label: What gain do you expect?
  - type: dropdown
    id: kind
    attributes:
      label: Kind of work
      options: [Configuration only, Code]
  - type: textarea
    id: settings
    attributes:
      label: Configuration, if that is all it takes
      render: yaml
"""


@pytest.fixture
def forms(hub: Hub) -> Home:
    return hub.home(files={".github/ISSUE_TEMPLATE/idea.yml": FORM})


def _file(home: Home, who: str, answers: dict[str, str], template: str = "idea.yml") -> int:
    site, token = home.hub.github, home.hub.tokens[who]
    return site.submit_issue_form(home.name, token, template, answers, title="EMA").number


def test_the_body_is_what_github_makes_of_the_form(forms: Home) -> None:
    answers = {"change": "Average the weights.\n", "kind": "Code", "settings": "lr: 0.1"}
    issue = forms.seen_by("ada").get_issue(_file(forms, "rita", answers))
    assert issue.title == "[idea] EMA"
    assert issue.body == (
        "### What should change?\n\nAverage the weights.\n\n"
        "### What gain do you expect?\n\n_No response_\n\n"
        "### Kind of work\n\nCode\n\n"
        "### Configuration, if that is all it takes\n\n```yaml\nlr: 0.1\n```"
    )


def test_anybody_gets_the_forms_labels(forms: Home) -> None:
    _file(forms, "stranger", {"change": "x"})
    issue = forms.state.issues[1]
    assert issue.author.login == "stranger"
    assert [label.name for label in issue.labels] == ["experiment"]
    assert forms.events() == [("issues", "opened"), ("issues", "labeled")]
    assert forms.deliveries[1].payload["sender"]["login"] == "stranger"


def test_what_a_browser_would_not_send_is_an_error(forms: Home) -> None:
    with pytest.raises(ValueError, match="requires an answer to change"):
        _file(forms, "rita", {"gain": "0.1"})
    with pytest.raises(ValueError, match="none of the options"):
        _file(forms, "rita", {"change": "x", "kind": "Magic"})
    with pytest.raises(LookupError, match="does not ask for colour"):
        _file(forms, "rita", {"change": "x", "colour": "red"})
    with pytest.raises(LookupError, match="no issue form"):
        _file(forms, "rita", {}, template="nope.yml")
    assert forms.state.issues == {}
