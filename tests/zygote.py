"""A fork server (a zygote): the bot's jobs, without the seconds that the SDKs take to import.

`zygote()` starts `python -P -m tests.zygote`, a process of one thread that imports what a job may
need and then waits. For each job it forks; the child becomes what `python -P -m bot` would be.
What an interpreter decides when it starts (its path, its locale, the seed of its hashes) all jobs
have in common, so that some tests go on to start the true process: see `test_zygote.py`.
"""

import atexit
import contextlib
import gc
import importlib
import json
import logging
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]
NEEDED = (
    "bot.__main__",
    "github",
    "scipy.special",
    "wandb.sdk.artifacts._generated.fragments",
    "wandb.sdk.launch",
    "wandb.sdk.launch.api",
)
MOST_BYTES = 100_000
"""Of an order; the kernel takes no much larger message at once."""


class Job:
    """A process that the zygote has forked.

    Attributes:
        pid: of the process, which leads a session and a group of its own.
    """

    def __init__(self, reports: socket.socket) -> None:
        self._reports = reports
        self.pid = self._told()

    def wait(self, timeout_seconds: float) -> int:
        """Wait for its end, once; return the exit code, or the negative number of the signal.

        Raises:
            TimeoutError: it has not ended in time.
        """
        self._reports.settimeout(timeout_seconds)
        with self._reports:
            return self._told()

    def _told(self) -> int:
        if not (report := self._reports.recv(MOST_BYTES)):
            raise RuntimeError("the zygote has ended")
        return int(report)


class Zygote:
    """Starts jobs; any thread may ask for one."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        module: str = "bot",
    ) -> Job:
        """Start what `python -P -m bot` starts with these arguments.

        Args:
            arguments: what stands behind the module on the command line.
            cwd: where the job works.
            env: its whole environment.
            log: takes what it prints, behind what stands there already.
            module: what is run.
        """
        order = {"module": module, "arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("a") as out:
            fds = [theirs.fileno(), out.fileno()]
            socket.send_fds(self._orders, [json.dumps(order).encode()], fds)
        return Job(ours)


@contextmanager
def zygote() -> Iterator[Zygote]:
    """Start the process that forks; it ends with the block, after the jobs have been waited for."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={
                "LANG": "C.UTF-8",
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": str(PROJECT),
                "OPENBLAS_NUM_THREADS": "1",  # scipy's import starts threads otherwise
            },
        )
        theirs.close()
        with process:
            try:
                yield Zygote(ours)
            finally:
                ours.close()


def _preload() -> list[tempfile.TemporaryDirectory[str]]:
    """Import what jobs import; return the folders that this has made, emptied."""
    for name in NEEDED:
        importlib.import_module(name)
    with contextlib.redirect_stdout(sys.stderr):  # as the client does when it imports this
        importlib.import_module("wandb.sdk.launch.create_job")
    del sys.modules["bot.__main__"]  # which `-m` runs under its other name
    logging.root.handlers.clear()  # wandb's, which in a job comes after the bot's own
    logging.root.setLevel(logging.WARNING)
    folders = [o for o in gc.get_objects() if isinstance(o, tempfile.TemporaryDirectory)]
    for folder in folders:
        folder.cleanup()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would not be forked"
    gc.freeze()  # a collection in a child would copy every page
    return folders


def _next_order(orders: socket.socket) -> dict:
    """Fork for every order; return it in the process that is to be the job."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who report
    while True:
        message, fds, _, _ = socket.recv_fds(orders, MOST_BYTES, 2)
        if not message:
            sys.exit()
        if not os.fork():
            break
        for fd in fds:
            os.close(fd)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    orders.close()
    with socket.socket(fileno=fds[0]) as reports:
        if pid := os.fork():
            reports.send(str(pid).encode())
            _, status = os.waitpid(pid, 0)
            reports.send(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
    os.dup2(fds[1], 1)
    os.dup2(fds[1], 2)
    os.close(fds[1])
    return json.loads(message)


def _main() -> None:
    folders = _preload()
    order = _next_order(socket.socket(fileno=int(sys.argv[1])))
    os.setsid()
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    tempfile.tempdir = None  # it was asked for once, and is remembered
    for folder in folders:
        tempfile.TemporaryDirectory.__init__(folder)
    sys.argv = ["", *order["arguments"]]
    codes = [1]
    atexit.register(_leave, codes)  # what is registered first is called last
    try:
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
        codes[0] = 0
    except SystemExit as end:
        codes[0] = end.code
        raise


def _leave(codes: list[int]) -> None:
    """End at once: to take down all modules, as the interpreter would, copies every page."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(codes[0])


if __name__ == "__main__":
    _main()
