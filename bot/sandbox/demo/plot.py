"""What the people of the story propose, and what the scripted Claude answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.claude import Scenario, ToolUse, Turn


@dataclass(frozen=True)
class Idea:
    """An idea that is filed through the issue form."""

    key: str
    title: str
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Edit:
    """A PR that somebody writes by hand: one edit of one file."""

    key: str
    branch: str
    title: str
    body: str
    edit: tuple[str, str, str]
    """Path, old text, new text."""


HELP = Idea(
    "helps",
    "Augment the training digits",
    {
        "what": "Rotate, scale and shift every training digit a little, anew in each epoch.",
        "why": "Training accuracy reaches 1.0 while validation stalls: it learns the copies by "
        "heart.",
        "overrides": "augment.affine=0.5",
        "gain": "0.015 on val/acc",
        "risks": "Shifted too far, a digit leaves the picture.",
    },
)
HARM = Idea(
    "hurts",
    "A tenth of the learning rate",
    {
        "what": "Train with a tenth of the learning rate.",
        "why": "The training loss is noisy; smaller steps may settle lower.",
        "overrides": "train.lr=0.001",
    },
)
NAN = Idea(
    "fails",
    "A far higher learning rate",
    {
        "what": "Train with a learning rate of 1000.",
        "why": "Fewer epochs may be enough.",
        "overrides": "train.lr=1000",
        "risks": "It may diverge.",
    },
)
CODE = Idea(
    "code",
    "Focal loss",
    {
        "what": "Weigh each image's loss by how unsure the network still is of it (focal loss, "
        "gamma 1).",
        "why": "Most of the gradient comes from copies that it knows by heart; the hard ones "
        "should count for more.",
        "gain": "0.01 on val/acc",
    },
)
IDEAS = (HELP, HARM, NAN, CODE)
BY_HAND = Edit(
    "by hand",
    "wider",
    "A little wider",
    "I would like to know what this does before we tune anything else.",
    ("trainer/conf/config.yaml", "width: 192", "width: 208"),
)

EDITOR = "str_replace_based_edit_tool"
PATH = "trainer/loss.py"
UNIFORM = """\
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)
"""
FOCAL = """\
    losses = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    return ((1 - (-losses).exp()) * losses).mean()
"""
SCRIPT = (
    Scenario(
        CODE.title,
        (
            Turn("I look for the loss.", [ToolUse(EDITOR, {"command": "view", "path": PATH})]),
            Turn(
                "The loss that is trained on stands in one place.",
                [
                    ToolUse(
                        EDITOR,
                        {
                            "command": "str_replace",
                            "path": PATH,
                            "old_str": UNIFORM,
                            "new_str": FOCAL,
                        },
                    )
                ],
            ),
            Turn(
                "Each image's loss is weighed by how unsure the network still is of it; what is "
                "reported for validation is not. Watch the training loss: weighed like this, it "
                "is not comparable with the baseline's."
            ),
        ),
    ),
)
