"""The command line: `python -m trainer key=value ...` trains once and says how it ended."""

import sys
import traceback

from trainer import config, health, track


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code (0, or the one of the failure's kind)."""
    if {"-h", "--help"} & set(arguments):
        print(config.usage())
        return 0
    stop = health.Stop()
    stop.listen()
    try:
        tracker = track.start()
    except track.NotStarted as refusal:
        print(f"trainer: {refusal}", file=sys.stderr)
        return refusal.exit_code
    except track.Unreachable as error:
        place = track.keep(health.Evidence().record(error), track.local_folder())
        print(f"trainer: {error}\nrecord: {place}", file=sys.stderr)
        return error.exit_code
    return run(arguments, tracker, stop)


def run(arguments: list[str], tracker: track.Tracker, stop: health.Stop) -> int:
    """Trains in a started W&B run, which it ends; every failure leaves a record first."""
    evidence = health.Evidence()
    code = health.Failure.exit_code
    try:
        settings = config.resolve(arguments, tracker.given)
        evidence.settings, evidence.config_hash = settings.flat(), settings.hash()
        # Here and not above: torch takes a second, and an import that fails is to be recorded too.
        from trainer import loop

        tracker.configure(settings)
        results = loop.train(settings, tracker, stop, evidence)
        tracker.summary({"run/status": "finished"})
        print("\n".join(f"{key}: {value:.6g}" for key, value in results.items()), flush=True)
        code = 0
    except BaseException as error:  # whatever ends a run, even sys.exit() in a model's code
        code = health.exit_code(error)
        _tell(error, evidence, tracker)
    finally:
        tracker.finish(code)
    return code


def _tell(error: BaseException, evidence: health.Evidence, tracker: track.Tracker) -> None:
    record = evidence.record(error)
    tracker.fail(record)
    if not isinstance(error, health.Failure):
        traceback.print_exception(error)
    print(f"failed ({record['kind']}) at step {record['step']}: {record['message']}")
    for patch in record["suggest"]:
        changes = " ".join(f"{name}={value}" for name, value in patch["set"].items())
        print(f"suggestion: {changes} ({patch['why']})")
    print(f"record: {track.RECORD}, among the run's files", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
