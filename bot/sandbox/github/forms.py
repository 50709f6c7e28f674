"""Issue forms, filled in as a browser would."""

from collections.abc import Mapping
from typing import Any

import yaml

from bot.sandbox.github.auth import Actor
from bot.sandbox.github.issues import open_issue
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Issue, Label, Repository

FOLDER = ".github/ISSUE_TEMPLATE"
EMPTY = "_No response_"


def submit(
    site: Site,
    actor: Actor,
    repository: Repository,
    template: str,
    answers: Mapping[str, str],
    title: str,
) -> Issue:
    """File an issue through a form of the default branch.

    The form's labels are given to anyone's issue, also without the right to label.

    Raises:
        LookupError: no such form, or an answer to a question that it does not ask.
        ValueError: a required question is unanswered, or an answer is none of its options.
    """
    form = _read(repository, template)
    body = render(form, answers)
    labels = [_label(site, repository, name) for name in _labels(form)]
    return open_issue(site, actor, repository, form.get("title", "") + title, body, labels)


def render(form: Mapping[str, Any], answers: Mapping[str, str]) -> str:
    """The body that GitHub makes of a form: each label a heading, each answer below it."""
    questions = {item["id"]: item for item in form["body"] if item["type"] != "markdown"}
    if unknown := sorted(set(answers) - set(questions)):
        raise LookupError(f"the form does not ask for {', '.join(unknown)}")
    parts = []
    for name, question in questions.items():
        attributes = question["attributes"]
        answer = answers.get(name, "").strip()
        if not answer and question.get("validations", {}).get("required"):
            raise ValueError(f"the form requires an answer to {name}")
        _check_options(question, answer)
        if answer and attributes.get("render"):
            answer = f"```{attributes['render']}\n{answer}\n```"
        parts.append(f"### {attributes['label']}\n\n{answer or EMPTY}")
    return "\n\n".join(parts)


def _check_options(question: Mapping[str, Any], answer: str) -> None:
    options = question["attributes"].get("options")
    if question["type"] != "dropdown" or not answer:
        return
    several = question["attributes"].get("multiple")
    for chosen in answer.split(", ") if several else [answer]:
        if chosen not in options:
            raise ValueError(f"{chosen!r} is none of the options of {question['id']}: {options}")


def _read(repository: Repository, template: str) -> dict[str, Any]:
    blob = repository.git.read(f"{repository.default_branch}:{FOLDER}/{template}")
    if blob is None:
        raise LookupError(f"there is no issue form {template}")
    form: dict[str, Any] = yaml.safe_load(blob.data)
    return form


def _labels(form: Mapping[str, Any]) -> list[str]:
    labels = form.get("labels") or []
    return [name.strip() for name in labels.split(",")] if isinstance(labels, str) else labels


def _label(site: Site, repository: Repository, name: str) -> Label:
    if name.lower() not in repository.labels:
        label = Label(id=site.next_id(), name=name, color="ededed", description=None)
        repository.labels[name.lower()] = site.keep(label)
    return repository.labels[name.lower()]
