"""The grammar as a table, and hypothesis trying to break it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import ALIASES, COMMANDS, Argument, Command, Spec
from bot.core.settings import is_whole
from bot.errors import UserError
from bot.grammar import addressed, listing, parse, table, written

LINES = [
    ("/launch", Command("launch")),
    ("/launch seeds=+3", Command("launch", {"seeds": "+3"})),
    ("/launch seeds='5'", Command("launch", {"seeds": "5"})),
    ("/launch   seeds=5\tcommit=3f9c1e2", Command("launch", {"seeds": "5", "commit": "3f9c1e2"})),
    ("/launch dry-run", Command("launch", dry_run=True)),
    ("/launch dry-run seeds=5", Command("launch", {"seeds": "5"}, dry_run=True)),
    ("/train", Command("launch")),
    ("/launch-job seeds=5", Command("launch", {"seeds": "5"})),
    ("/new-experiment 'EMA'", Command("experiment", words=("EMA",))),
    ("/pick-issue", Command("pick")),
    ("/experiment '(re)add 🎉'", Command("experiment", words=("(re)add 🎉",))),
    ("/fix-and-relaunch", Command("fix")),
    ("/merge-winners", Command("merge")),
    ("/run-baseline seeds=10", Command("baseline", {"seeds": "10"})),
    ("/check-results", Command("results")),
    ("/manage-queue", Command("queue")),
    ("/manage-runs", Command("runs")),
    ("/launch optimizer.lr=0.01", Command("launch", overrides={"optimizer.lr": "0.01"})),
    ("/launch lr=1e-3", Command("launch", overrides={"lr": "1e-3"})),
    (
        "/launch model.layers=[64, 128] data.path='a b'",
        Command("launch", overrides={"model.layers": "[64, 128]", "data.path": "a b"}),
    ),
    ("/launch a.b=[[1,2],[3]]", Command("launch", overrides={"a.b": "[[1,2],[3]]"})),
    ("/launch a.b=['x', 'y z']", Command("launch", overrides={"a.b": "['x', 'y z']"})),
    ('/launch a.b="it\'s = 1"', Command("launch", overrides={"a.b": "it's = 1"})),
    ("/launch heads=8 speed=2", Command("launch", overrides={"heads": "8", "speed": "2"})),
    ("/launch a.b=[“x”, “y z”]", Command("launch", overrides={"a.b": '["x", "y z"]'})),
    ('/stop reason=“it’s done"', Command("stop", {"reason": "it’s done"})),
    ('/stop reason="a “b c” d"', Command("stop", {"reason": "a “b c” d"})),
    ("/stop reason=„rot, nicht grün“", Command("stop", {"reason": "rot, nicht grün"})),
    (
        "/experiment “a larger one” optimizer.lr=0.02",
        Command("experiment", words=("a larger one",), overrides={"optimizer.lr": "0.02"}),
    ),
    ('/experiment "lr=0.02 helps"', Command("experiment", words=("lr=0.02 helps",))),
    ('/experiment "a \\"quoted\\" word"', Command("experiment", words=('a "quoted" word',))),
    (
        '/lock what=queue hours=8 reason="moving, at 10:00"',
        Command("lock", {"what": "queue", "hours": "8", "reason": "moving, at 10:00"}),
    ),
    ("/help launch", Command("help", words=("launch",))),
    ("/help  \r\nand more", Command("help")),
    ("\ufeff/status", Command("status")),
    ("/launch\n\n> /merge\n\n```\n/baseline\n```", Command("launch")),
]
NOT_OURS = [
    *("", "hello", " /launch", "\t/launch", "> /launch", "`/launch`", "- /launch"),
    *("```\n/launch\n```", "<!-- x -->/launch", "&#47;launch", "!launch"),
    *("text\n/launch", "\n/launch", "/", "//launch", "/ launch", "/Launch", "/LAUNCH", "/launch!"),
    *("/assign me", "/deploy", "/lgtm", "/cc", "/ye", "/retest-required", "/1aunch", "／launch"),
    *("\u200b/launch", "/\u200blaunch", "/launch\u200b", "/launc" + "h" * 5_000_000),
]  # fmt: skip
SLIPS = [
    ("/lanch", "There is no `/lanch`. Did you mean `/launch`?"),
    ("/stauts", "Did you mean `/status`?"),
    ("/mege", "Did you mean `/merge`?"),
    ("/launch seds=3", "has no argument `seds`. Did you mean `seeds`?"),
    ("/launch sedes=3", "has no argument `sedes`. Did you mean `seeds`?"),
    ("/launch queeu=a100", "has no argument `queeu`. Did you mean `queue`?"),
    ("/launch seed=3", "has no argument `seed`. Did you mean `seeds`?"),
    ("/launch seeds=many", "`seeds=many` cannot be read: `seeds` is a number of seeds such"),
    ("/launch seeds=many", "Example: `/launch seeds=+3`"),
    ("/launch seeds", "`seeds=` cannot be read"),
    ("/launch seeds=", "`seeds=` cannot be read"),
    ("/launch seeds=0", "`seeds=0` cannot be read"),
    ("/launch seeds=-1", "`seeds=-1` cannot be read"),
    ("/launch seeds=٣", "`seeds=٣` cannot be read"),
    ("/launch seeds=5\u200b", "cannot be read"),
    ("/launch seeds=1 seeds=2", "`seeds` is given twice"),
    ("/launch a.b=1 a.b=2", "`a.b` is given twice"),
    ("/launch commit=xyz", "`commit` is a commit of this PR, 7 to 40 hexadecimal digits"),
    ("/launch commit=xyz", "Example: `/launch commit=3f9c1e2`"),
    ("/launch now", "has no argument `now`. It takes `seeds=`"),
    ("/launch lr = 0.1", "`queue=`, settings such as `optimizer.lr=0.01`. Example"),
    ("/launch lr=0.1, dry-run", "`lr=0.1,` cannot be read"),
    ("/launch lr=\u22120.1", "has the minus of a printed text; type `-` for `\u2212`"),
    ("/launch dry-run=true", "`dry-run` takes no value: write `/launch dry-run`"),
    ("/launch a..b=1", "has no argument `a..b`"),
    ("/launch --lr=1", "has no argument `--lr`"),
    ("/launch a.b=", "`a.b=` cannot be read: a setting is `name=value`"),
    ("/launch a.b=1\u202e0", "no hidden letters"),
    ("/launch a.b=$(id)", "none of ! $ & ; <"),
    ('/launch seeds="3', "A quote is not closed"),
    ("/launch a.b=[1, 2", "A bracket is not closed"),
    ("/fix now", "It takes no arguments. Example: `/fix`"),
    ("/fix a.b=1", "`/fix` has no argument `a.b`"),
    ("/status dry-run", "`/status` takes no `dry-run`"),
    ("/status dry-run=1", "`/status` takes no `dry-run`: by itself it changes nothing"),
    ("/yes dry-run", "`/yes` takes no `dry-run`: the question said what it would do"),
    ("/experiment", "`/experiment` needs `idea`: what should change, in quotes."),
    ("/experiment larger one", "has no argument `one`"),
    ("/lock hours=never", "a time in hours, 1 to 999. Example: `/lock what=queue hours=8"),
    ("/lock what=world", "`pr`, `baseline` or `queue`"),
    ("/launch " + "a" * 4000, "is too long"),
    ("/launch `rm`", "has no argument `` `rm` ``"),
]


@pytest.mark.parametrize(("body", "command"), LINES)
def test_the_first_line_is_a_command(body: str, command: Command) -> None:
    assert parse(body) == command


@pytest.mark.parametrize("body", NOT_OURS)
def test_what_is_not_for_us_gets_no_answer(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(("body", "words"), SLIPS)
def test_a_slip_is_told_with_what_to_write(body: str, words: str) -> None:
    answer = parse(body)
    assert isinstance(answer, UserError)
    assert words in str(answer)


@pytest.mark.parametrize(("prefix", "typed"), [("/lab ", "/lab launch"), ("/lab-", "/lab-launch")])
def test_beside_other_bots_the_prefix_is_longer(prefix: str, typed: str) -> None:
    assert parse(typed, prefix) == Command("launch")
    assert parse("/launch", prefix) is None
    assert not addressed("/launch", prefix)
    assert written(Command("launch"), prefix) == typed
    assert f"| `{typed} [seeds=…]" in table(prefix)


@given(st.text() | st.text().map("/launch {}".format) | st.text().map("/{}".format))
@example("/launch '")
@example("/launch \\")
@example("/merge \x00")
@example("/launch a=[\\")
@example("/launch =")
@example("/experiment \ud800")
def test_no_comment_breaks_the_parser(body: str) -> None:
    answer = parse(body)
    assert answer is None or isinstance(answer, Command | UserError)
    assert addressed(body) or answer is None
    if isinstance(answer, Command):
        assert answer.name in COMMANDS


def matching(argument: Argument) -> st.SearchStrategy[str]:
    """Values that an argument takes, on one line."""
    found = st.from_regex(argument.pattern, fullmatch=True)
    return found.filter(lambda v: "\n" not in v)


PLAIN = st.characters(exclude_categories=["C", "Z"], exclude_characters="\u2212!$`;|&<>\\[](){}")


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command of the table, with any of what it takes."""
    spec = draw(st.sampled_from(list(COMMANDS.values())))
    names = draw(st.sets(st.sampled_from(sorted(spec.arguments)))) if spec.arguments else set()
    words = list(spec.words.values())[: draw(st.integers(spec.needs, len(spec.words)))]
    settings = st.dictionaries(
        st.from_regex(r"[a-z_]{4,9}\.[a-z_]{1,9}", fullmatch=True),
        st.text(PLAIN, min_size=1).filter(is_whole),
    )
    return Command(
        spec.name,
        {name: draw(matching(spec.arguments[name])) for name in sorted(names)},
        tuple(draw(matching(word)) for word in words),
        draw(settings) if spec.settings else {},
        spec.dry and draw(st.booleans()),
    )


@given(commands())
def test_a_command_that_is_written_down_is_read_back(command: Command) -> None:
    line = written(command)
    if len(line) < 3000 and "dry-run" not in command.words:
        assert parse(line) == command


@given(st.sampled_from(sorted({*COMMANDS, *ALIASES})), st.data())
def test_two_letters_off_is_told_and_never_carried_out(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    typed = name[:place] + data.draw(st.sampled_from("abcxyz")) + name[place + 1 :]
    answer = parse(f"/{typed}")
    if typed not in {*COMMANDS, *ALIASES} and not isinstance(answer, Command):
        assert answer is None or "Did you mean" in str(answer)
    assert not isinstance(answer, Command) or typed in {*COMMANDS, *ALIASES}


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.name)
def test_every_command_stands_in_the_table_and_its_example_works(spec: Spec) -> None:
    assert f"| `/{spec.name}" in table()
    assert f"  /{spec.name}" in listing()
    found = parse(spec.example)
    assert isinstance(found, Command)
    assert found.name == spec.name


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.name)
def test_every_argument_has_an_example_that_works(spec: Spec) -> None:
    for name, argument in spec.arguments.items():
        if argument.example:
            found = parse(f"/{spec.name} {name}={argument.example}")
            assert isinstance(found, Command), found
        else:
            assert f"{name}=" in spec.example


def test_no_name_stands_for_two_commands() -> None:
    assert not set(ALIASES) & set(COMMANDS)
    assert len(ALIASES) == sum(len(spec.aliases) for spec in COMMANDS.values())
