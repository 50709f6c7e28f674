"""Says what kind of process it finds itself in: run as `python -P -m tests.witness`."""

import gc
import json
import logging
import os
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

OPEN = Path("/proc/self/fd")

if __name__ == "__main__":
    print("to stderr", file=sys.stderr, flush=True)
    seen = {
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "flags": str(sys.flags),
        "encodings": [sys.stdout.encoding, sys.getfilesystemencoding()],
        "main": sys.modules["__main__"].__spec__.name,
        "is session leader": os.getsid(0) == os.getpgid(0) == os.getpid(),
        "open files": sorted(str(f.readlink()) for f in OPEN.iterdir() if f.exists()),
        "ignored signals": [s for s in signal.valid_signals() if signal.getsignal(s) == 1],
        "blocked signals": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "mask": os.umask(0o22),
        "threads": threading.active_count(),
        "temporary folder": tempfile.gettempdir(),
        "handlers": len(logging.root.handlers),
        "level": logging.root.level,
        "collects garbage": gc.isenabled(),
        "is in use": "bot.__main__" in sys.modules,
    }
    json.dump(seen, sys.stdout)
    print("\n", random.random(), file=sys.stderr)
    sys.exit(3)
