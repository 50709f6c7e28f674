#!/bin/sh
# Trains detached from the terminal: a folder of its own for each run, its log, its process id,
# and a last line that says how it ended.
#
#   trainer/run.sh start [NAME] [key=value ...]   starts a run, prints its folder
#   trainer/run.sh status [NAME]                  says how one run stands, or all of them
#   trainer/run.sh stop NAME                      SIGTERM; waits until its state is saved
#   trainer/run.sh tail NAME                      follows the log
#
# RUNS     where the folders are (runs)
# PYTHON   what runs the trainer (python); `torchrun --standalone --nproc-per-node=gpu` does, too
# METRIC   whose best value is told (val/acc); more is better
set -eu

runs=${RUNS:-runs}
metric=${METRIC:-val/acc}

fail() {
    echo "run.sh: $1" >&2
    exit 2
}

folder_of() {
    [ -n "$1" ] && [ -f "$runs/$1/pid" ] || fail "there is no run '$1' in $runs"
    echo "$runs/$1"
}

# The watchdog outlives the process by a moment, in which it writes the exit code.
alive() {
    kill -0 "$(cat "$1/pid")" 2>/dev/null || kill -0 "$(cat "$1/watchdog")" 2>/dev/null
}

# The last epoch and the best value, as the trainer's log has them.
progress() {
    awk -v metric="$metric" '
        $1 == "epoch" {
            epoch = $2
            for (i = 3; i < NF; i++)
                if ($i == metric && (best == "" || $(i + 1) + 0 > best + 0)) best = $(i + 1)
        }
        END { if (epoch) printf ", epoch %s, best %s %s", epoch, metric, best }
    ' "$1/log"
}

told() {
    name=$(basename "$1")
    if [ -f "$1/exit" ]; then
        echo "$name: ended with exit code $(cat "$1/exit")$(progress "$1")"
    elif alive "$1"; then
        echo "$name: running, process $(cat "$1/pid")$(progress "$1")"
    else
        echo "$name: gone without a word, killed from outside$(progress "$1")"
    fi
}

start() {
    name=$(date +%Y%m%d-%H%M%S)-$$
    case ${1-} in
    '' | *=* | -*) ;;
    *)
        name=$1
        shift
        export WANDB_NAME="${WANDB_NAME:-$name}"
        ;;
    esac
    case $name in
    */* | .*) fail "'$name' is no name for a folder" ;;
    esac
    mkdir -p "$runs"
    mkdir "$runs/$name" || fail "a run keeps its folder: choose another name than $name"
    folder=$(cd "$runs/$name" && pwd)
    detach='nohup'
    if command -v setsid >/dev/null; then detach='nohup setsid'; fi
    # The watchdog closes its output once the run has started, which ends the substitution.
    # shellcheck disable=SC2086 # two words
    pid=$($detach "$0" watch "$folder" "$@" </dev/null 2>>"$folder/log" &)
    echo "$folder: process $pid"
}

# The watchdog: sleeps until the run ends, then says so.
watch() {
    folder=$1
    shift
    export WANDB_DIR="$folder"
    # shellcheck disable=SC2086 # torchrun comes with options
    ${PYTHON:-python} -m trainer "$@" >>"$folder/log" 2>&1 &
    pid=$!
    echo $$ >"$folder/watchdog"
    echo "$pid" >"$folder/pid"
    echo "$pid"
    exec >>"$folder/log"
    code=0
    wait "$pid" || code=$?
    echo "$code" >"$folder/exit"
    told "$folder"
}

stop() {
    folder=$(folder_of "${1-}")
    pid=$(cat "$folder/pid")
    [ -f "$folder/exit" ] || kill "$pid" || true
    seconds=0
    while [ ! -f "$folder/exit" ] && alive "$folder"; do
        [ "$seconds" -lt 120 ] || fail "it does not end: kill -9 $pid"
        sleep 1
        seconds=$((seconds + 1))
    done
    told "$folder"
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
start | watch | stop) "$command" "$@" ;;
status)
    if [ -n "${1-}" ]; then
        folder=$(folder_of "$1")
        told "$folder"
    else
        for pid in "$runs"/*/pid; do
            if [ -f "$pid" ]; then told "$(dirname "$pid")"; fi
        done
    fi
    ;;
tail)
    folder=$(folder_of "${1-}")
    exec tail -n +1 -f "$folder/log"
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
