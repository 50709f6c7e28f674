import pytest
from pydantic import ValidationError

from bot.config import parse
from bot.core.metric import Metric
from bot.environment import parse_environment
from bot.errors import UserError
from bot.sections import Train

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
ALSO = "goal: minimize, value: last, min_effect: 1%"


def test_further_metrics_may_decide_too() -> None:
    rules = parse(TEXT.replace("guards:", f"alternatives: {{val/iou: {{{ALSO}}}}}\nguards:")).rules
    assert [each.name for each in rules.deciding] == ["val/dice", "val/iou"]
    assert rules.deciding[1].metric == Metric("val/iou", "minimize", "last")
    assert rules.deciding[1].min_effect == "1%"


def test_a_configuration_with_its_defaults() -> None:
    config = parse(TEXT)
    assert config.primary == Metric("val/dice", "maximize", "best")
    assert config.seeds.experiment == (1, 2, 3)
    assert config.seeds.baseline == (1, 2, 3, 4)
    assert config.seeds.held_out == (101, 102, 103)
    assert config.guards["train/minutes"].limit == "15%"
    assert config.rights.decide == "maintain"


def test_a_queue_like_another_differs_only_in_what_it_says() -> None:
    big = "big: {like: a100, usd_per_gpu_hour: 3.1}"
    small = "a100: {gpus: 2, parallel: 4, usd_per_gpu_hour: 2.4}"
    queues = f"queues:\n  {big}\n  {small}\n"
    found = parse(TEXT.replace("queues:\n  a100: {}\n", queues)).queues
    assert [*found] == ["big", "a100"]
    assert (found["big"].gpus, found["big"].parallel) == (2, 4)
    assert (found["big"].usd_per_gpu_hour, found["a100"].usd_per_gpu_hour) == (3.1, 2.4)


@pytest.mark.parametrize(("limit", "held"), [("0.15", "0.15"), ("0.00001", "1e-05"), ("0", "0")])
def test_a_limit_may_be_a_plain_number(limit: str, held: str) -> None:
    assert parse(TEXT.replace("15%", limit)).guards["train/minutes"].limit == held


def test_what_is_worth_a_merge_may_be_a_share() -> None:
    assert parse(TEXT).metric.min_effect == 0.002
    assert parse(TEXT.replace("0.002", "0.5%")).metric.min_effect == "0.5%"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.002", "0%", "line 6, `metric.min_effect`: Value error, a number above 0 is meant, or "
         "a share of the baseline such as `0.5%`"),
        ("0.002", "little", "line 6, `metric.min_effect`:"),
        ("0.002", ".inf", "line 6, `metric.min_effect`:"),
        ("min_effect", "min_efect", "line 6, `metric.min_efect`: there is no such key. Did you "
         "mean `min_effect`?"),
        ("wandb:", "wanbd:", "line 14, `wanbd`: there is no such key. Did you mean `wandb`?"),
        ("goal: maximize", "goal: up", "line 4, `metric.goal`:"),
        ("0.002", "0", "line 6, `metric.min_effect`:"),
        ("15%", "much", "line 8, `guards.train/minutes.limit`:"),
        ("15%", "-0.1", "a number from 0 up is meant, or a share of the baseline such as `15%`"),
        (" seed={seed}", "", "line 9, `train`:"),
        ("experiment: 3", "experiment: 1", "line 12, `seeds.experiment`:"),
        ("experiment: 3", "experiment: [1, 2, 1]", "a seed stands there twice"),
        ("experiment: 3", "experiment: [1, 101]", "seed 101 is held out"),
        ("version: 1", "version: 2", "line 1, `version`:"),
        ("  a100: {}", "  {}", "`queues`:"),
        ("a100: {}", "a100: {gpu: 2}", "line 16, `queues.a100.gpu`: there is no such key. Did you "
         "mean `gpus`?"),
        ("a100: {}", "a100: {usd_per_gpu_hour: .nan}", "line 16, `queues.a100.usd_per_gpu_hour`:"),
        ("a100: {}", "a100: {like: b100}", "`a100` is like `b100`, which is no other queue"),
        ("a100: {}", "a: {like: b}\n  b: {like: a}", "`a` is like `b`, which is no other queue"),
        ("queues:", "budget: {month: -1}\nqueues:", "line 15, `budget.month`:"),
        ("a100: {}", "a100: {image: acme/retina}", "it needs `{commit}`, as in"),
        ("a100: {}", "a100: {patience_minutes: 0}", "line 16, `queues.a100.patience_minutes`:"),
        ("experiment: 3", "canary: -1", "line 12, `seeds.canary`:"),
        ("guards:", "alternatives: {val/iou: {goal: maximize, value: best}}\nguards:", "line 7, "
         "`alternatives.val/iou.min_effect`: Field required"),
        ("guards:", f"alternatives: {{val/dice: {{{ALSO}}}}}\nguards:", "line 7, `alternatives`: "
         "Value error, `val/dice` is the `metric` already"),
        ("train/minutes", "val/dice", "line 7, `guards`: Value error, `val/dice` is the `metric` "
         "already"),
        ("guards:", f"alternatives: {{train/minutes: {{{ALSO}}}}}\nguards:", "line 8, `guards`: "
         "Value error, `train/minutes` is one of `alternatives`: where it is surely worse, that"),
        ("guards:", f"alternatives: {{val/iou: {{limit: 1, {ALSO}}}}}\nguards:", "line 7, "
         "`alternatives.val/iou.limit`: there is no such key."),
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


@pytest.mark.parametrize("prefix", ["/", "/lab ", "/lab-"])
def test_the_prefix_may_be_longer(prefix: str) -> None:
    assert parse(f'{TEXT}commands: {{prefix: "{prefix}"}}\n').commands.prefix == prefix


@pytest.mark.parametrize("prefix", ["", "!", ".", "@lab ", "/LAB ", "/lab", "//", "/(a+)+"])
def test_a_prefix_that_starts_no_runner_or_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(UserError, match=r"commands\.prefix"):
        parse(f'{TEXT}commands: {{prefix: "{prefix}"}}\n')


def test_a_single_command_may_need_another_role() -> None:
    rights = parse(f"{TEXT}rights: {{commands: {{launch: maintain}}}}\n").rights
    assert rights.needed("act", is_private=False, command="launch") == "maintain"
    assert rights.needed("act", is_private=False, command="fix") == "write"
    assert rights.needed("look", is_private=False) == "triage"
    assert rights.needed("look", is_private=True) == "read"


def test_a_right_of_no_command_is_refused() -> None:
    with pytest.raises(UserError, match=r"no command `lunch`\. Did you mean `launch`"):
        parse(f"{TEXT}rights: {{commands: {{lunch: maintain}}}}\n")


@pytest.mark.parametrize("timeout", ["3x", "90", "1.5x", 90])
def test_a_time_limit_is_minutes_or_a_multiple(timeout: str | int) -> None:
    train = Train.model_validate({"command": "x {overrides} {seed}", "timeout": timeout})
    assert train.timeout == str(timeout)


@pytest.mark.parametrize(
    "train",
    [
        {"command": "x {overrides} {seed}", "timeout": "3 hours"},
        {"command": "x {overrides} {seed}", "timeout": "x"},
        {"command": "x {overrides} {seed}", "fence": {"loss": 0}},
        {"command": "x {overrides} {seed}", "fence": {"loss": ".inf"}},
        {"command": "x {overrides}", "overrides": "wandb"},
        {"command": "x {seed}", "overrides": "argparse"},
    ],
)
def test_what_training_cannot_mean_is_refused(train: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Train.model_validate(train)


def test_a_program_that_reads_wandb_needs_no_word_for_settings() -> None:
    assert Train.model_validate({"command": "x {seed}", "overrides": "wandb"})


def test_a_guard_says_which_of_its_values_counts() -> None:
    text = TEXT.replace("limit: 15%", "limit: 15%, value: last")
    assert parse(TEXT).guards["train/minutes"].value == "summary"
    assert parse(text).guards["train/minutes"].value == "last"
    metrics = parse(text).rules.guard_metrics
    assert next(m for m in metrics if m.name == "train/minutes").value == "last"
