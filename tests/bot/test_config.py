import pytest

from bot.config import parse, parse_environment
from bot.core.runs import Metric
from bot.errors import UserError

TEXT = """\
version: 1
metric:
  name: val/dice
  goal: maximize
  value: best
  min_effect: 0.002
guards:
  train/minutes: {goal: minimize, limit: 15%}
train:
  command: python train.py {overrides} seed={seed}
seeds:
  experiment: 3
  baseline: [1, 2, 3, 4]
wandb: {entity: acme, project: retina}
queues:
  a100: {}
"""


def test_a_configuration_with_its_defaults() -> None:
    config = parse(TEXT)
    assert config.primary == Metric("val/dice", "maximize", "best")
    assert config.seeds.experiment == (1, 2, 3)
    assert config.seeds.baseline == (1, 2, 3, 4)
    assert config.seeds.held_out == (101, 102, 103)
    assert config.guards["train/minutes"].limit == "15%"
    assert config.rights.decide == "maintain"


def test_a_limit_may_be_a_plain_number() -> None:
    assert parse(TEXT.replace("15%", "0.15")).guards["train/minutes"].limit == "0.15"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("min_effect", "min_efect", "line 6, `metric.min_efect`: there is no such key. Did you "
         "mean `min_effect`?"),
        ("wandb:", "wanbd:", "line 14, `wanbd`: there is no such key. Did you mean `wandb`?"),
        ("goal: maximize", "goal: up", "line 4, `metric.goal`:"),
        ("0.002", "0", "line 6, `metric.min_effect`:"),
        ("15%", "much", "line 8, `guards.train/minutes.limit`:"),
        (" seed={seed}", "", "line 10, `train.command`:"),
        ("experiment: 3", "experiment: 1", "line 12, `seeds.experiment`:"),
        ("experiment: 3", "experiment: [1, 2, 1]", "a seed stands there twice"),
        ("experiment: 3", "experiment: [1, 101]", "seed 101 is held out"),
        ("version: 1", "version: 2", "line 1, `version`:"),
        ("  a100: {}", "  {}", "`queues`:"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, words: str) -> None:
    with pytest.raises(UserError) as error:
        parse(TEXT.replace(old, new, 1))
    assert words in str(error.value)


@pytest.mark.parametrize("text", [None, "", "a: [", "- 1", "words"])
def test_what_is_no_configuration_is_told(text: str | None) -> None:
    with pytest.raises(UserError, match=r"labhand\.yml"):
        parse(text)


VARIABLES = {
    "GITHUB_REPOSITORY": "acme/retina",
    "GITHUB_RUN_ID": "11873",
    "LABHAND_GITHUB_TOKEN": "made-up-token",
}


def test_the_environment_of_a_job() -> None:
    environment = parse_environment(VARIABLES)
    assert environment.workflow_url == "https://github.com/acme/retina/actions/runs/11873"
    assert environment.github_token == "made-up-token"
    assert "made-up-token" not in repr(environment)


def test_a_variable_that_actions_always_sets_is_named() -> None:
    with pytest.raises(UserError, match="GITHUB_REPOSITORY"):
        parse_environment({})
