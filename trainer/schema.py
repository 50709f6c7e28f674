"""Every setting of a run: its type, bounds, default and meaning."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Many = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """Strict and frozen: 3 is no text, an unknown field is an error, NaN is no number."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Checks(Section):
    """What the data must be before anything is trained on it; each threshold can be moved."""

    max_imbalance: float = Field(10.0, ge=1, description="largest class ÷ smallest, training")
    min_per_class: Many = Field(100, description="images of the rarest class, training")
    min_val_share: Share = Field(0.2, description="validation images ÷ training images")
    max_duplicates: Share = Field(0.01, description="share of training images seen before")
    max_leaked: Many = Field(0, description="images that two splits share")
    max_unreadable: Many = Field(0, description="files that are missing or no pictures")


class Digits(Section):
    """Distorted copies of scikit-learn's digits; validation and test never change."""

    kind: Literal["digits"] = "digits"
    copies: int = Field(2, ge=1, le=100, description="distorted copies of each training original")
    checks: Checks = Checks()


class _Files(Section):
    path: str = Field("", description="folder of the data on this machine")
    artifact: str = Field("", description="W&B artifact to fetch instead of a path: name:alias")
    checks: Checks = Checks()


class Cifar10(_Files):
    """CIFAR-10 in its binary version; validation is cut off the training files."""

    kind: Literal["cifar10"] = "cifar10"
    val_share: float = Field(0.1, gt=0, lt=1, description="share of the training images held out")


class Folder(_Files):
    """Pictures of any size and a CSV that names each one's file, label and patient."""

    kind: Literal["folder"] = "folder"
    metadata: str = Field("metadata.csv", description="the CSV, with a header")
    file: str = Field("image_path", description="column: path inside the folder")
    label: str = Field("diagnosis", description="column: the class")
    group: str = Field("patient_id", description="column that no two splits share")
    size: int = Field(224, ge=8, description="pixels of each side after resizing")
    channels: Literal[1, 3] = Field(3, description="1: grey, 3: colour")
    val_share: float = Field(0.2, gt=0, lt=1, description="share of the groups")
    test_share: float = Field(0.2, gt=0, lt=1, description="share of the groups")
    balanced: bool = Field(False, description="draw every class equally often")


class Mlp(Section):
    """The multilayer perceptron."""

    kind: Literal["mlp"] = "mlp"
    width: Count = Field(192, description="units in each hidden layer")
    depth: Count = Field(2, description="hidden layers")
    dropout: Rate = Field(0.0, description="share of hidden units dropped in training")


class ResNet(Section):
    """The residual network of He et al., for small pictures or for 224 pixels."""

    kind: Literal["resnet"] = "resnet"
    stem: Literal["small", "large"] = Field(
        "small", description="small: 3×3; large: 7×7 and pooling, a quarter of the size"
    )
    block: Literal["basic", "bottleneck"] = Field("basic", description="bottleneck: ×4 channels")
    widths: list[Count] = Field([16, 32, 64], min_length=1, description="channels of each stage")
    blocks: list[Count] = Field([3, 3, 3], min_length=1, description="blocks of each stage")
    dropout: Rate = Field(0.0, description="share of pooled features dropped in training")

    @model_validator(mode="after")
    def _stages(self) -> "ResNet":
        if len(self.widths) != len(self.blocks):
            raise ValueError("widths and blocks must name equally many stages")
        return self


class Vit(Section):
    """The vision transformer of Dosovitskiy et al., pre-norm, with a class token."""

    kind: Literal["vit"] = "vit"
    stem: Literal["patch", "conv"] = Field("patch", description="conv: 3×3 layers before patches")
    patch: Count = Field(4, description="pixels of a patch's side")
    width: Count = Field(192, description="numbers per token")
    depth: Count = Field(6, description="blocks")
    heads: Count = Field(3, description="attention heads; they share the width")
    positions: Literal["learned", "none", "relative"] = Field(
        "learned", description="how a token's place is told; relative: a bias per offset and head"
    )
    dropout: Rate = Field(0.0, description="share of each block's output dropped in training")

    @model_validator(mode="after")
    def _whole_heads(self) -> "Vit":
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


class Augment(Section):
    """Fresh changes of each training image at each step; all off by default."""

    affine: Share = Field(0.0, description="strength of rotation, scaling and shift")
    flip: bool = Field(False, description="mirror every other image, left to right")
    crop: Many = Field(0, description="pixels that an image is shifted at most, zeros behind it")
    brightness: Share = Field(0.0, description="largest change, as a share of the range")
    contrast: Share = Field(0.0, description="largest change of the distance from the mean")
    cutout: Many = Field(0, description="side of a square set to zero, pixels")


class Sgd(Section):
    """Gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    momentum: Rate = Field(0.9, description="share of the last step that goes on")
    nesterov: bool = Field(False, description="look ahead by the momentum")


class _Moments(Section):
    beta1: Rate = Field(0.9, description="memory of the gradient's mean")
    beta2: Rate = Field(0.999, description="memory of its square")


class Adam(_Moments):
    """Adam, where weight decay is part of the gradient."""

    kind: Literal["adam"] = "adam"


class AdamW(_Moments):
    """Adam with decoupled weight decay."""

    kind: Literal["adamw"] = "adamw"


class Muon(_Moments):
    """Orthogonalised momentum for hidden matrices and filters, AdamW for everything else."""

    kind: Literal["muon"] = "muon"
    momentum: Rate = Field(0.95, description="share of the last step that goes on")


class Train(Section):
    """How it is trained."""

    epochs: Count = Field(30, description="passes over the training split")
    epoch_steps: Many = Field(0, description="steps of an epoch at most; 0: the whole split")
    batch: Count = Field(64, description="images per step, over all processes")
    micro_batch: Many = Field(0, description="images at once in a process; 0: its whole share")
    lr: float = Field(0.01, gt=0, description="peak learning rate")
    lr_floor: Share = Field(0.0, description="share of lr where the cosine ends")
    warmup_epochs: Amount = Field(0.0, description="epochs in which lr rises linearly")
    weight_decay: Amount = Field(0.01, description="pull of the weights towards zero")
    clip: Amount = Field(0.0, description="longest gradient norm that a step may use; 0: any")
    label_smoothing: Rate = Field(0.0, description="share of each label spread over all classes")
    ema: Rate = Field(0.0, description="memory of the averaged weights that are scored; 0: off")
    patience: Many = Field(0, description="epochs without a better val/acc before it stops; 0: all")
    keep_best: Many = Field(1, description="checkpoints with the best val/acc that are kept")
    save_epochs: Many = Field(0, description="epochs between checkpoints that stay; 0: none stay")
    save_seconds: Amount = Field(60.0, description="time between saves of the last state")
    bf16: bool = Field(True, description="compute in bfloat16, on GPUs that can")
    compile: bool = Field(False, description="torch.compile: a slow start, then faster steps")


class Health(Section):
    """What counts as ill; none of it changes a number that is trained."""

    hang_seconds: Amount = Field(600.0, description="without a step until it is ended; 0: never")
    overfit_rise: Amount = Field(0.2, description="share by which val/loss may leave its best")
    overfit_epochs: Count = Field(3, description="epochs in which val/loss was no better")
    stall_epochs: Count = Field(5, description="epochs without a better loss")
    stall_gain: Share = Field(0.01, description="share by which a loss is better")
    chance_epochs: Count = Field(3, description="epochs at chance level")
    chance_margin: Share = Field(0.02, description="val/acc above luck that is no chance any more")
    data_share: Share = Field(
        0.5, description="share of the time that may go into waiting for data"
    )
    start_loss: Amount = Field(
        0.3, description="share by which the first loss may miss ln(classes)"
    )


class Track(Section):
    """What is shown and kept beside the numbers; it changes none of them."""

    samples_every: Many = Field(
        10, description="epochs between tables of predictions; 0: only at the end"
    )
    figures: bool = Field(True, description="draw curves, confusion matrix and the worst images")
    upload_seconds: Amount = Field(600.0, description="time between uploads of the last state")


Data = Annotated[Digits | Cifar10 | Folder, Field(discriminator="kind")]
Model = Annotated[Mlp | ResNet | Vit, Field(discriminator="kind")]
Optim = Annotated[Sgd | Adam | AdamW | Muon, Field(discriminator="kind")]


class Config(Section):
    """All that decides a run's numbers, on a given machine and commit, and how it is watched."""

    seed: Many = Field(1, description="of weights, order, dropout and augmentation")
    threads: Count = Field(1, description="CPU threads; more change the numbers' last digits")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: a GPU if there is one"
    )
    data: Data = Digits()
    model: Model = Mlp()
    augment: Augment = Augment()
    optim: Optim = AdamW()
    train: Train = Train()
    health: Health = Health()
    track: Track = Track()

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted name."""
        return dict(flatten(self.model_dump()))

    def decisive(self) -> dict[str, Any]:
        """Every setting that a number depends on, nested."""
        return self.model_dump(exclude={"health", "track"})

    def hash(self) -> str:
        """12 hex digits that all seeds of one configuration share."""
        settings = dict(flatten(self.decisive()))
        del settings["seed"]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Gives a nested mapping's leaves with their dotted names."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def fields(kinds: Mapping[str, Any]) -> dict[str, str]:
    """Gives the dotted name and the meaning of every setting.

    Args:
        kinds: The `kind` of each section that has several.
    """
    return dict(_fields(Config, kinds))


def _fields(section: type[Section], kinds: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, field in section.model_fields.items():
        inner = KINDS.get(name, {}).get(kinds.get(name), field.annotation)
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from ((f"{name}.{rest}", meaning) for rest, meaning in _fields(inner, kinds))
        else:
            yield name, field.description or (section.__doc__ or "").rstrip(".")


KINDS = {
    name: {variant.model_fields["kind"].default: variant for variant in get_args(field.annotation)}
    for name, field in Config.model_fields.items()
    if field.discriminator
}
"""The sections that have several kinds: section, kind, class."""
