import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands import COMMANDS, Command, Spec, addressed, parse, table
from bot.errors import UserError


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/launch", Command("launch")),
        ("/launch seeds=+3", Command("launch", {"seeds": "+3"})),
        ("/launch 'seeds=5'", Command("launch", {"seeds": "5"})),
        ("/help  \r\nand more", Command("help")),
        ("\ufeff/status", Command("status")),
        ("/baseline seeds=10", Command("baseline", {"seeds": "10"})),
    ],
)
def test_the_first_line_is_a_command(body: str, command: Command) -> None:
    assert parse(body) == command


@pytest.mark.parametrize(
    "body",
    ["", "hello", " /launch", "> /launch", "`/launch`", "text\n/launch", "/", "//launch",
     "/assign me", "/Launch", "/deploy"],
)  # fmt: skip
def test_what_is_not_for_us_gets_no_answer(body: str) -> None:
    assert parse(body) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("/lanch", "There is no `/lanch`. Did you mean `/launch`?"),
        ("/launch seds=3", "has no argument `seds`. Did you mean `seeds`?"),
        ("/launch seeds=many", "`seeds=many` cannot be read: `seeds` is a number of seeds such"),
        ("/launch seeds", "`seeds=` cannot be read"),
        ("/launch seeds=0", "`seeds=0` cannot be read"),
        ("/launch seeds=1 seeds=2", "`seeds` is given twice"),
        ('/launch seeds="3', "A quote is not closed"),
        ("/fix now", "It takes no arguments. Example: `/fix`"),
    ],
)
def test_a_slip_is_told_with_what_to_write(body: str, words: str) -> None:
    answer = parse(body)
    assert isinstance(answer, UserError)
    assert words in str(answer)


@given(st.text() | st.text().map("/launch {}".format) | st.text().map("/{}".format))
@example("/launch '")
@example("/launch \\")
@example("/merge \x00")
def test_no_comment_breaks_the_parser(body: str) -> None:
    answer = parse(body)
    assert answer is None or isinstance(answer, Command | UserError)
    assert addressed(body) or answer is None


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.name)
def test_every_command_stands_in_the_table_and_its_example_works(spec: Spec) -> None:
    assert f"| `/{spec.name}" in table()
    found = parse(spec.example)
    assert isinstance(found, Command)
    assert found.name == spec.name
