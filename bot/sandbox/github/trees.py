"""Trees and commits as values: read, looked up, edited and written."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from bot.sandbox.github.git import Git

KINDS = {"040000": "tree", "160000": "commit"}


@dataclass(frozen=True)
class Entry:
    """One line of a tree: `mode` has six octal digits."""

    mode: str
    oid: str

    @property
    def kind(self) -> str:
        """What kind of object it points at: blob, tree or commit."""
        return KINDS.get(self.mode, "blob")


@dataclass(frozen=True)
class Signature:
    """Who wrote or made a commit, and when (ISO 8601)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit, taken apart."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


def entries(git: Git, tree: str) -> dict[str, Entry]:
    """The entries of one tree by name; empty when there is no such tree."""
    found = git.read(f"{tree}^{{tree}}")
    rest, result = (found.data if found else b""), {}
    while rest:
        head, _, tail = rest.partition(b"\0")
        mode, _, name = head.decode("utf-8", "surrogateescape").partition(" ")
        result[name] = Entry(mode.zfill(6), tail[:20].hex())
        rest = tail[20:]
    return result


def write(git: Git, content: Mapping[str, Entry]) -> str:
    """Store a tree; git sorts a folder as if its name ended in a slash."""

    def order(item: tuple[str, Entry]) -> bytes:
        return item[0].encode() + (b"/" if item[1].kind == "tree" else b"")

    lines = [
        f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.oid)
        for name, entry in sorted(content.items(), key=order)
    ]
    return git.write("tree", b"".join(lines))


def find(git: Git, tree: str, path: str) -> Entry | None:
    """The entry at a path, or None; the empty path is the tree itself."""
    entry: Entry | None = Entry("040000", tree)
    for part in path.split("/") if path else []:
        if entry is None or entry.kind != "tree":
            return None
        entry = entries(git, entry.oid).get(part)
    return entry


def walk(git: Git, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
    """Every entry below a tree with its path, folders before what they hold."""
    for name, entry in entries(git, tree).items():
        yield prefix + name, entry
        if entry.kind == "tree":
            yield from walk(git, entry.oid, f"{prefix}{name}/")


def edit(git: Git, tree: str | None, changes: Mapping[str, Entry | None]) -> str:
    """A tree with paths replaced or, where the change is None, removed.

    Returns:
        The new tree's id. Folders that became empty are gone, as git has none.
    """
    content = entries(git, tree) if tree else {}
    below: defaultdict[str, dict[str, Entry | None]] = defaultdict(dict)
    for path, entry in changes.items():
        name, _, rest = path.partition("/")
        if rest:
            below[name][rest] = entry
        elif entry is None:
            content.pop(name, None)
        else:
            content[name] = entry
    for name, inner in below.items():
        old = content.get(name)
        folder = edit(git, old.oid if old and old.kind == "tree" else None, inner)
        if entries(git, folder):
            content[name] = Entry("040000", folder)
        elif old and old.kind == "tree":
            del content[name]
    return write(git, content)


def commit(git: Git, name: str) -> Commit | None:
    """The commit that a branch, tag or id names, or None."""
    found = git.read(git.refs.get(f"refs/heads/{name}", name) + "^{commit}")
    if found is None:
        return None
    head, _, message = found.data.decode("utf-8", "replace").partition("\n\n")
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields[key].append(value)
    return Commit(
        found.oid,
        fields["tree"][0],
        tuple(fields["parent"]),
        read_signature(fields["author"][0]),
        read_signature(fields["committer"][0]),
        message,
    )


def write_commit(
    git: Git,
    tree: str,
    parents: tuple[str, ...],
    message: str,
    author: Signature,
    committer: Signature,
) -> str:
    """Store a commit and return its id."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {stamp(author)}", f"committer {stamp(committer)}"]
    return git.write("commit", ("\n".join(lines) + "\n\n" + message).encode())


def stamp(signature: Signature) -> str:
    """A signature as git writes it into commits and tags."""
    when = datetime.fromisoformat(signature.date)
    offset = when.strftime("%z") or "+0000"
    name, email = (
        text.translate({60: "", 62: "", 10: " "}) for text in (signature.name, signature.email)
    )
    return f"{name} <{email}> {int(when.timestamp())} {offset}"


def read_signature(line: str) -> Signature:
    """A signature as git wrote it; the date comes back in UTC."""
    who, _, when = line.rpartition("> ")
    name, _, email = who.rpartition(" <")
    seconds, _, offset = when.partition(" ")
    minutes = int(offset[-4:-2]) * 60 + int(offset[-2:])
    zone = timezone(timedelta(minutes=-minutes if offset.startswith("-") else minutes))
    moment = datetime.fromtimestamp(int(seconds), zone).astimezone(UTC)
    return Signature(name, email, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
