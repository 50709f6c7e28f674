"""The verb `check`: looks at the data as every training does first, and trains nothing."""

from trainer import artifact, config, data
from trainer.data import checks


def main(arguments: list[str]) -> int:
    """Prints sizes, class counts and the table of checks; returns 0.

    Raises:
        ConfigError: A setting is unknown or wrong.
        DataError: The data cannot be had, or a check fails.
    """
    settings = config.resolve(arguments)
    dataset = data.load(settings.data, artifact.fetch)
    print(dataset.describe())
    print(checks.require(dataset, settings.data.checks))
    return 0
