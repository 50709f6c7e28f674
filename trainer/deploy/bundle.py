"""An exported model on disk: a folder with its files, and a page that says what they are."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer.health import ConfigError

PAGE = "model.json"
CHECKPOINT = "model.pt"
SCHEMA = 1
INPUT = (
    "images: (n, c, h, w) float32 from 0 to 1, of any n; normalising is a part of the model; "
    "picture files become pixels as in trainer/picture.py, and pixels are divided by 255"
)
OUTPUT = "logits: (n, classes) float32; their softmax is the probabilities"


@dataclass(frozen=True)
class File:
    """One file of a bundle.

    Attributes:
        sha256: Of its content when it was checked.
        agreement: Share of the images checked where its answer is the checkpoint's.
        difference: Largest distance of a logit from the checkpoint's.
    """

    bytes: int
    sha256: str
    agreement: float
    difference: float


@dataclass(frozen=True)
class Bundle:
    """What stands in a folder.

    Attributes:
        shape: Channels, height and width of an image.
        classes: Their names, by label.
        about: What it was trained with, what it scored, and by which versions it was exported.
        files: Each file that was checked against the checkpoint, by name.
    """

    folder: Path
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    about: Mapping[str, Any]
    files: dict[str, File] = field(default_factory=dict)

    def add(self, name: str, agreement: float, difference: float) -> None:
        """Notes a file that has been checked."""
        content = (self.folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        self.files[name] = File(len(content), digest, agreement, difference)

    def path(self, name: str) -> Path:
        """Where a file is.

        Raises:
            ConfigError: It is none of the bundle's, or not what was checked.
        """
        if name not in self.files:
            raise ConfigError(f"{self.folder} has no {name}, only {', '.join(self.files)}")
        path = self.folder / name
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.files[name].sha256:
            raise ConfigError(f"{path} is not the file that was checked: export it again")
        return path

    def write(self) -> None:
        """Writes the page; a folder without one is no bundle."""
        page = {
            "schema": SCHEMA,
            "input": INPUT,
            "output": OUTPUT,
            "shape": self.shape,
            "classes": self.classes,
            **self.about,
            "files": {name: asdict(file) for name, file in self.files.items()},
        }
        (self.folder / PAGE).write_text(json.dumps(page, indent=2) + "\n")


def read(folder: Path) -> Bundle:
    """The bundle in a folder.

    Raises:
        ConfigError: There is none.
    """
    try:
        page = json.loads((folder / PAGE).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} holds no exported model: {error}") from error
    files = {name: File(**file) for name, file in page.pop("files").items()}
    shape, classes = tuple(page.pop("shape")), tuple(page.pop("classes"))
    about = {name: page[name] for name in page.keys() - {"schema", "input", "output"}}
    return Bundle(folder, shape, classes, about, files)
