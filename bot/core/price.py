"""What training is expected to cost, before anybody pays for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """The cost of some runs together."""

    gpu_hours: float
    usd: float | None = None
    """None where the queue has no price."""
    seconds: float = 0.0
    """The time that they train, one after the other."""

    @classmethod
    def of(cls, runs: int, seconds: float, gpus: int, usd_per_gpu_hour: float | None) -> "Price":
        """The price of so many runs on a queue.

        Args:
            runs: how many.
            seconds: the time of one, from the baseline's runs.
            gpus: of one run.
            usd_per_gpu_hour: None where the queue has no price.
        """
        hours = runs * seconds * gpus / 3600
        usd = None if usd_per_gpu_hour is None else hours * usd_per_gpu_hour
        return cls(hours, usd, runs * seconds)

    def __add__(self, other: "Price") -> "Price":
        """Both together; what is known of one alone is no price of both."""
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Price(self.gpu_hours + other.gpu_hours, usd, self.seconds + other.seconds)

    def above(self, usd: float | None, gpu_hours: float) -> bool:
        """Whether this is dearer than either of two limits; None is none."""
        dear = usd is not None and self.usd is not None and self.usd > usd
        return dear or self.gpu_hours > gpu_hours
