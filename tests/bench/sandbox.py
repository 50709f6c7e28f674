"""How fast the sandbox is: to start, beside a bare server, and with a full repository.

Every figure is a median with the lowest and the highest; what is compared is done in turns.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.client import Client
from tests.bench.measure import interleaved, ratios, show, spread
from tests.bench.repository import Contents, Place

ADDRESS = re.compile(rb"http://127\.0\.0\.1:\d+")
STARTS = 5
SMALL = Contents(issues=40, pulls=40, comments=100)
FULL = Contents(issues=1_000, pulls=1_000, comments=10_000)


def main() -> None:
    """Measure everything; a few minutes."""
    start_up()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {
            name: stack.enter_context(server(kind))
            for name, kind in {"small": "github", "full": "github", "bare": "bare"}.items()
        }
        small, full = (
            Place(servers[name]["url"], servers[name]["token"], folder / name)
            for name in ("small", "full")
        )
        small.fill(SMALL)
        full.fill(FULL)
        beside_bare(small, Client(servers["bare"]["url"], servers["bare"]["token"]))
        growth(small, full)
        rows = [[name, str(_memory(each["pid"]))] for name, each in servers.items()]
        show("Memory", ("server", "resident, MiB"), rows)


@contextmanager
def server(kind: str) -> Iterator[dict[str, str]]:
    """One server of `tests.bench.served` until the block ends: address, token, process id."""
    command = [sys.executable, "-m", "tests.bench.served", kind]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield {**json.loads(process.stdout.readline()), "pid": str(process.pid)}
        process.stdin.close()


def start_up() -> None:
    """From the start of the process to the first answer, beside a server with one route."""
    seconds: dict[str, list[float]] = {"sandbox": [], "bare": []}
    for _ in range(STARTS):
        seconds["sandbox"].append(_ready("/api/v3/zen", "bot", "sandbox", "--port", "0"))
        seconds["bare"].append(_ready("/thing", "tests.bench.served", "bare"))
    rows = [[name, spread(figures, ".2f")] for name, figures in seconds.items()]
    rows.append(["ratio", spread(ratios(seconds["sandbox"], seconds["bare"]), ".1f")])
    show("Start-up: from the process to the first answer", ("server", "seconds"), rows)


def _ready(path: str, *module: str) -> float:
    """Seconds until a server that tells its address has answered."""
    began = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", *module], stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        url = next(found[0] for line in process.stdout if (found := ADDRESS.search(line)))
        urllib.request.urlopen(url.decode() + path).close()
        seconds = time.perf_counter() - began
        process.terminate()
    return seconds


def beside_bare(place: Place, bare: Client) -> None:
    """A mix of requests, beside a route of bare Starlette that answers with constant JSON."""
    mix = [*place.reads().values(), place.comment]

    def all_of_it() -> None:
        for act in mix:
            act()

    def as_many() -> None:
        for _ in mix:
            bare.ask("GET", "/thing")

    found = interleaved({"sandbox": all_of_it, "bare": as_many}, rounds=9, each=40)
    rates = {name: [len(mix) / each for each in figures] for name, figures in found.items()}
    rows = [[name, spread(figures, ".0f")] for name, figures in rates.items()]
    rows.append(["ratio", spread(ratios(rates["sandbox"], rates["bare"]), ".2f")])
    show(f"Throughput: {len(mix)} kinds of request in turns", ("server", "requests/s"), rows)


def growth(small: Place, full: Place) -> None:
    """The same requests to a small and to a full repository."""
    acts = {
        name: ({"small": act, "full": full.writes().get(name) or full.reads()[name]}, each)
        for found, each in ((small.reads(), 30), (small.writes(), 5))
        for name, act in found.items()
    }
    rows = []
    for name, (pair, each) in acts.items():
        found = interleaved(pair, rounds=5, each=each)
        times = [spread([1000 * seconds for seconds in found[size]], ".1f") for size in pair]
        rows.append([name, *times, spread(ratios(found["full"], found["small"]), ".2f")])
    show(f"Growth: {FULL}", ("request", "small, ms", "full, ms", "ratio"), rows)


def _memory(process: str) -> int:
    """Resident memory in MiB."""
    status = Path("/proc", process, "status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
