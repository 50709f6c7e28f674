"""How commands are typed: the first line of a comment to one of ours, and back, and in a table."""

import re
from collections.abc import Iterator

from bot.commands import ALIASES, COMMANDS, WHERE, Argument, Command, Spec
from bot.core.quoting import code
from bot.core.settings import SHELL, is_whole, nearest
from bot.errors import UserError

DRY_RUN = "dry-run"
NAME = re.compile(r"([a-z][a-z-]*)(?:\s+(.*))?\Z")
SETTING = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z", re.ASCII)
QUOTES = {'"': '"', "'": "'", "“": '“”"', "”": '”"', "„": '“”"'}
"""What ends a quotation that begins so; telephones write curly quotes for straight ones."""
PLAIN = re.compile(r"[^\s\"'“”„\[\]\\=]+\Z")
CURLY = str.maketrans("“”„", '"""')
MINUS = "\u2212"
MOST_LETTERS = 3_000


def addressed(body: str, prefix: str = "/") -> bool:
    """Whether a comment's first line could be a command at all, ours or another bot's."""
    return re.match(rf"{re.escape(prefix)}[a-z]", _first(body)) is not None


def parse(body: str, prefix: str = "/") -> Command | UserError | None:
    """Read the first line of a comment.

    Args:
        body: the comment as it was first written.
        prefix: what our commands begin with.

    Returns:
        The command; an error to be told to whoever may use the bot; or None if it is not for us,
        because other bots listen to slash words too.
    """
    line = _first(body)
    if not (line.startswith(prefix) and (found := NAME.match(line[len(prefix) :]))):
        return None
    typed, rest = found[1], found[2] or ""
    if (spec := COMMANDS.get(ALIASES.get(typed, typed))) is None:
        known = (n for n in (*COMMANDS, *ALIASES) if abs(len(n) - len(typed)) <= 2)
        names = [n for n in known if distance(typed, n) <= 2]
        close = min(names, key=lambda n: distance(typed, n), default=None)
        if close is None or len(typed) < 3:
            return None
        return UserError(f"There is no `{prefix}{typed}`. Did you mean `{prefix}{close}`?")
    try:
        return _command(spec, rest)
    except UserError as error:
        return error


def is_ours(body: str) -> bool:
    """Whether a comment would be for us under one prefix or another, where none can be read."""
    bare = re.sub(r"\A/[a-z][a-z0-9]*[ -](?=[a-z])", "/", _first(body))
    return parse(body) is not None or parse(bare) is not None


def written(command: Command, prefix: str = "/") -> str:
    """Write a command as `parse` reads it."""
    pairs = {**command.arguments, **command.overrides}
    words = [
        f"{prefix}{command.name}",
        *(_quoted(word) for word in command.words),
        *(f"{name}={_quoted(value)}" for name, value in pairs.items()),
    ]
    return " ".join([*words, DRY_RUN] if command.dry_run else words)


def usage(spec: Spec, prefix: str = "/") -> str:
    """How a command is typed, such as `/launch [seeds=…]`; what must be there has no brackets."""
    words = [
        f"<{name}>" if place < spec.needs else f"[{name}]" for place, name in enumerate(spec.words)
    ]
    settings = ["[setting=…]"] if spec.settings else []
    return " ".join(
        [f"{prefix}{spec.name}", *words, *(f"[{name}=…]" for name in spec.arguments), *settings]
    )


def table(prefix: str = "/") -> str:
    """The command table as Markdown, for the README and /help."""
    rows = [
        f"| `{usage(spec, prefix)}` | {spec.does} | {spec.right} | {WHERE[spec.where]} |"
        for spec in COMMANDS.values()
    ]
    return "\n".join(["| you write | it does | who | where |", "|:--|:--|:--|:--|", *rows])


def listing() -> str:
    """The command table as plain text, for a terminal."""
    return "\n".join(f"  {usage(spec)}\n      {spec.does}" for spec in COMMANDS.values())


def distance(a: str, b: str) -> int:
    """Levenshtein distance in letters."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def _swapped(a: str, b: str) -> bool:
    """Whether two neighbouring letters changed places, and nothing else did."""
    return any(a == b[:i] + b[i + 1] + b[i] + b[i + 2 :] for i in range(len(b) - 1))


def _first(body: str) -> str:
    return body.lstrip("\ufeff").split("\n", 1)[0].rstrip()


def _command(spec: Spec, text: str) -> Command:
    if len(text) > MOST_LETTERS:
        raise UserError(f"`/{spec.name}` is too long: {MOST_LETTERS} letters at most.")
    arguments: dict[str, str] = {}
    overrides: dict[str, str] = {}
    words: list[str] = []
    dry_run = False
    for name, value in _pieces(spec, text):
        if name == DRY_RUN and _can_be_dry(spec):
            raise UserError(f"`{DRY_RUN}` takes no value: write `/{spec.name} {DRY_RUN}`.")
        if name is None and value == DRY_RUN:
            dry_run = _can_be_dry(spec)
        elif name is None and value not in spec.arguments and len(words) < len(spec.words):
            words.append(_checked(spec, list(spec.words)[len(words)], value, named=False))
        elif name is None or name in spec.arguments:
            _once(spec, name or value, arguments)
            arguments[name or value] = _checked(spec, name or value, value if name else "")
        else:
            _once(spec, name, overrides)
            overrides[name] = _setting(spec, name, value)
    if len(words) < spec.needs:
        missing = list(spec.words)[len(words)]
        raise UserError(
            f"`/{spec.name}` needs `{missing}`: {spec.words[missing].allowed}. "
            f"Example: `{spec.example}`"
        )
    return Command(spec.name, arguments, tuple(words), overrides, dry_run)


def _can_be_dry(spec: Spec) -> bool:
    if not spec.dry:
        looks = spec.right == "look"
        why = "by itself it changes nothing" if looks else "the question said what it would do"
        raise UserError(f"`/{spec.name}` takes no `{DRY_RUN}`: {why}. Example: `{spec.example}`")
    return True


def _once(spec: Spec, name: str, found: dict[str, str]) -> None:
    if name in found:
        raise UserError(f"`{name}` is given twice. Example: `{spec.example}`")


def _checked(spec: Spec, name: str, value: str, *, named: bool = True) -> str:
    """A value that is as its argument allows."""
    argument = (spec.arguments if named else spec.words).get(name)
    if argument is None:
        raise _unknown(spec, name)
    if re.fullmatch(argument.pattern, value):
        return value
    given = f"{name}={value}" if named else value
    raise UserError(
        f"{code(given)} cannot be read: `{name}` is {argument.allowed}. "
        f"Example: `{_example(spec, name, argument, named=named)}`"
    )


def _example(spec: Spec, name: str, argument: Argument, *, named: bool) -> str:
    if not argument.example or f"{name}=" in spec.example:
        return spec.example
    return f"/{spec.name} {name}={argument.example}" if named else spec.example


def _unknown(spec: Spec, name: str) -> UserError:
    known = {**spec.arguments, **({DRY_RUN: None} if spec.dry else {})}
    settings = ["settings such as `optimizer.lr=0.01`"] if spec.settings else []
    takes = ", ".join([*(f"`{n}=`" for n in spec.arguments), *settings]) or "no arguments"
    return UserError(
        f"`/{spec.name}` has no argument {code(name)}.{nearest(name, known)} "
        f"It takes {takes}. Example: `{spec.example}`"
    )


def _setting(spec: Spec, name: str, value: str) -> str:
    """A setting of the training program; one letter off ours, or two that swapped, is a slip.

    More would be too many: `heads` and `speed` are two letters off `seeds`.
    """
    slip = any(distance(name, known) <= 1 or _swapped(name, known) for known in spec.arguments)
    if not spec.settings or slip or not SETTING.match(name):
        raise _unknown(spec, name)
    if MINUS in value:
        raise UserError(
            f"{code(f'{name}={value}')} has the minus of a printed text; type {code('-')} for "
            f"`{MINUS}`. Example: `{spec.example}`"
        )
    if not is_whole(value):
        raise UserError(
            f"{code(f'{name}={value}')} cannot be read: a setting is `name=value`, whole, with no "
            f"hidden letters and none of {' '.join(sorted(SHELL - {'`'}))} in it. "
            f"Example: `{spec.example}`"
        )
    return value


def _pieces(spec: Spec, text: str) -> Iterator[tuple[str | None, str]]:
    """Part a line at its spaces; what is quoted, or stands in brackets, stays together.

    Yields:
        Name and value of each `name=value`, and None and the word where there is no name.
    """
    for word in _split(spec, text):
        name, equals, value = word.partition("=")
        if equals and not re.search(r"[\s\"'“”„\[\]\\]", name) and name:
            yield name, _unquoted(value)
        else:
            yield None, _unquoted(word)


def _split(spec: Spec, text: str) -> list[str]:
    words: list[str] = []
    word, quote, depth = "", "", 0
    letters = iter(text)
    for letter in letters:
        if letter == "\\" and quote != "'":
            word += letter + next(letters, "")
        elif quote or letter in QUOTES:
            quote = "" if letter in QUOTES.get(quote, "") else quote or letter
            word += letter
        elif letter.isspace() and not depth:
            words, word = ([*words, word] if word else words), ""
        else:
            depth = max(0, depth + (letter == "[") - (letter == "]"))
            word += letter
    if quote or depth:
        what = "quote" if quote else "bracket"
        raise UserError(f"A {what} is not closed in {code(f'/{spec.name} {text}')}.")
    return [*words, word] if word else words


def _unquoted(word: str) -> str:
    """A value without its quotes; inside brackets they belong to the value."""
    if word.startswith("["):
        return word.translate(CURLY)
    found, quote = "", ""
    letters = iter(word)
    for letter in letters:
        if letter == "\\" and quote != "'":
            found += next(letters, "")
        elif letter in QUOTES.get(quote, ""):
            quote = ""
        elif not quote and letter in QUOTES:
            quote = letter
        else:
            found += letter
    return found


def _quoted(value: str) -> str:
    if PLAIN.match(value) or re.fullmatch(r"\[[^\\\"'“”„\[\]]*\]", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
