"""The queues for Kubernetes: what W&B's agent takes, and what leaves time to save."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.errors import LaunchError
from wandb.sdk.launch.utils import (
    recursive_macro_sub,
    validate_kubernetes_resource_args,
    yield_kubernetes_pod_specs,
)

import trainer

FOLDER = Path(trainer.__file__).parent / "queues"
MACROS = {"image_uri": "ghcr.io/acme/digits:c0ffee"}


@pytest.fixture(params=["kubernetes", "pytorchjob"])
def queue(request: pytest.FixtureRequest) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{request.param}.yaml").read_text())


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(each)


def test_the_agent_takes_it_and_fills_in_the_image(queue: dict[str, Any]):
    validate_kubernetes_resource_args(queue)
    filled = recursive_macro_sub(queue, MACROS)
    assert not any("${" in text for text in texts(filled))
    images = [c["image"] for pod in yield_kubernetes_pod_specs(filled) for c in pod["containers"]]
    assert set(images) == set(MACROS.values())


def test_a_pod_has_two_minutes_to_save_and_is_not_tried_again(queue: dict[str, Any]):
    pods = list(yield_kubernetes_pod_specs(queue))
    assert pods
    assert {pod["terminationGracePeriodSeconds"] for pod in pods} == {120}
    policy = queue["spec"] if queue["kind"] == "Job" else queue["spec"]["runPolicy"]
    assert policy["backoffLimit"] == 0


def test_the_agent_would_refuse_what_may_do_too_much(queue: dict[str, Any]):
    next(yield_kubernetes_pod_specs(queue))["hostNetwork"] = True
    with pytest.raises(LaunchError, match="hostNetwork"):
        validate_kubernetes_resource_args(queue)
