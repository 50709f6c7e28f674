"""The processes that train together: one alone, or as many as torchrun has started."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.distributed_c10d import _set_pg_timeout  # torch has no public way

from trainer.health import ConfigError, PeerLost, out_of_memory


class Ranks:
    """This process's place among them.

    Args:
        device: cpu, cuda, or auto: a GPU if there is one.
        patience_seconds: For the others, once they have all taken their first step; before that
            it is torch's, since starting may take long. 0 leaves it at that.

    Attributes:
        device: What this process computes on.
        rank: Of this process, from 0; rank 0 speaks to W&B and writes.
        world: How many there are.
    """

    def __init__(self, device: str, patience_seconds: float = 0.0) -> None:
        self.rank, self.world = int(os.environ.get("RANK", 0)), world()
        cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
        if cuda and not torch.cuda.is_available():
            raise ConfigError("device=cuda, but this machine has no GPU that torch can use")
        local = int(os.environ.get("LOCAL_RANK", 0))
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(local)
        self._patience_seconds = patience_seconds
        _join()

    def seed(self, number: int) -> None:
        """Starts the device's global source of random numbers anew.

        torch.manual_seed costs a millisecond: it keeps a traceback for GPUs that are not there.
        """
        torch.default_generator.manual_seed(number)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(number)

    def add(self, vector: Tensor) -> None:
        """Sums a vector over all processes, in place.

        Raises:
            PeerLost: One of them is gone, or says nothing.
        """
        if self.world == 1:
            return
        with _together():
            distributed.all_reduce(vector)
        if self._patience_seconds:
            _set_pg_timeout(timedelta(seconds=self._patience_seconds))
            self._patience_seconds = 0.0

    def share(self, model: nn.Module) -> None:
        """Gives all processes rank 0's buffers: each has seen its own part of the batches."""
        if self.world > 1:
            with _together():
                for buffer in model.buffers():
                    distributed.broadcast(buffer, src=0)


def world() -> int:
    """How many processes torchrun has started; 1 if it has not."""
    return int(os.environ.get("WORLD_SIZE", 1))


def told(value: Any) -> Any:
    """What rank 0 was told, on every rank."""
    _join()
    values = [value]
    if world() > 1:
        with _together():
            distributed.broadcast_object_list(values, src=0)
    return values[0]


@contextmanager
def _together() -> Iterator[None]:
    """Says of an error in something that all processes do that another one is lost."""
    try:
        yield
    except RuntimeError as error:  # gloo's own, and distributed.DistError
        if out_of_memory(error):
            raise
        raise PeerLost(f"another process is gone or silent: {error}") from error


def _join() -> None:
    if world() > 1 and not distributed.is_initialized():
        distributed.init_process_group()  # gloo for what is on the CPU, nccl for what is on GPUs
        # Left to the interpreter's end, gloo's threads now and then abort a process that is done.
        atexit.register(distributed.destroy_process_group)
