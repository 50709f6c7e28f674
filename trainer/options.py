"""What the verbs other than training take: a few key=value words, checked before any work."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer.health import ConfigError


class Options(BaseModel):
    """A verb's arguments; each verb names its own. What comes as text becomes a number here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, arguments: Iterable[str]) -> Self:
        """Reads the words after the verb.

        Raises:
            ConfigError: A word is no key=value, a key is unknown or missing, or a value is wrong.
        """
        given = {}
        for word in arguments:
            name, equals, value = word.removeprefix("--").partition("=")
            if not equals:
                raise ConfigError(f"{word!r} is no setting: write key=value")
            given[name] = value
        try:
            return cls.model_validate(given)
        except ValidationError as invalid:
            raise ConfigError("; ".join(map(cls._problem, invalid.errors()))) from None

    @classmethod
    def _problem(cls, problem: dict) -> str:
        name = problem["loc"][0]
        if problem["type"] == "missing":
            return f"{name}= is missing"
        if problem["type"] == "extra_forbidden":
            known = (field.alias or name for name, field in cls.model_fields.items())
            return f"there is no {name}=, only {', '.join(known)}"
        return f"{name}: {problem['msg']}, got {problem['input']!r}"


class DataOptions(Options):
    """Of a verb that reads the data that a checkpoint was trained on, which may have moved."""

    path: str = Field("", alias="data.path")
