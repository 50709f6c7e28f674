"""The git database: blobs, trees, commits and annotated tags, read and made."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from bot.sandbox.github import trees
from bot.sandbox.github.call import Call, Json, Refused, Routes, not_found
from bot.sandbox.github.git import GitObject
from bot.sandbox.github.shapes import commits
from bot.sandbox.github.state import Repository, Role, User, now
from bot.sandbox.github.trees import Entry, Signature

routes = Routes()
GIT = "/repos/{owner}/{repo}/git"
MODES = {"100644", "100755", "040000", "160000", "120000"}


def decoded(content: str) -> bytes:
    """The bytes behind base64, with or without line breaks.

    Raises:
        Refused: 422, it is no base64.
    """
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except binascii.Error:
        raise Refused(422, "content is not valid Base64") from None


def encoded(data: bytes) -> str:
    """Base64 as GitHub sends it, with a line break after 60 characters."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))


def signature(sent: Mapping[str, str] | None, user: User) -> Signature:
    """Who a commit is by: what the request says, else the user."""
    sent = sent or {}
    fallback = Signature(user.login, user.email, now())
    return Signature(
        sent.get("name", fallback.name),
        sent.get("email", fallback.email),
        sent.get("date", fallback.date),
    )


def _known(call: Call, kind: str) -> GitObject:
    sha = call.path["sha"]
    found = call.repository.git.read(f"{sha}^{{{kind}}}" if kind == "tree" else sha)
    if found is None or found.kind != kind:
        raise not_found()
    return found


@routes("GET", GIT + "/blobs/{sha}")
def get_blob(call: Call) -> Any:
    """One blob, in base64."""
    call.need(Role.READ, "contents")
    found = _known(call, "blob")
    return {
        "sha": found.oid,
        "node_id": f"B_kwDO{found.oid[:24]}",
        "size": len(found.data),
        "url": f"{call.repository.api_url}/git/blobs/{found.oid}",
        "content": encoded(found.data),
        "encoding": "base64",
    }


@routes("POST", GIT + "/blobs", 201)
def create_blob(call: Call) -> Any:
    """Store a blob, sent as text or in base64."""
    call.need(Role.WRITE, "contents")
    content = call.text("content")
    data = decoded(content) if call.text("encoding", "utf-8") == "base64" else content.encode()
    sha = call.repository.git.write("blob", data)
    return {"sha": sha, "url": f"{call.repository.api_url}/git/blobs/{sha}"}


@routes("GET", GIT + "/trees/{sha:path}")
def get_tree(call: Call) -> Any:
    """One tree, alone or with all that is below."""
    call.need(Role.READ, "contents")
    return _tree(call.repository, _known(call, "tree").oid, deep="recursive" in call.query)


@routes("POST", GIT + "/trees", 201)
def create_tree(call: Call) -> Any:
    """Store a tree: the entries of the request, on top of `base_tree` where one is named."""
    call.need(Role.WRITE, "contents")
    git, base = call.repository.git, call.optional("base_tree")
    if base and git.read(f"{base}^{{tree}}") is None:
        raise Refused(422, "base_tree is not a valid tree")
    changes = {str(item.get("path")): _entry(call, item) for item in call.fields.get("tree") or []}
    if not changes:
        raise Refused(422, 'Invalid request.\n\n"tree" wasn\'t supplied.')
    return _tree(call.repository, trees.edit(git, base, changes), deep=False)


def _entry(call: Call, item: Json) -> Entry | None:
    git, mode = call.repository.git, item.get("mode", "100644")
    if mode not in MODES:
        raise Refused(422, f"tree.mode {mode!r} is not a valid mode")
    if item.get("content") is not None:
        return Entry(mode, git.write("blob", item["content"].encode()))
    if item.get("sha") is None:
        return None
    if mode != "160000" and git.read(item["sha"]) is None:
        raise Refused(422, f"tree.sha {item['sha']} is not a valid {Entry(mode, '').kind}")
    return Entry(mode, item["sha"])


def _tree(repository: Repository, oid: str, *, deep: bool) -> Json:
    git = repository.git
    found = trees.walk(git, oid) if deep else trees.entries(git, oid).items()
    rows = []
    for path, entry in found:
        row: Json = {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.oid}
        if entry.kind == "blob":
            blob = git.read(entry.oid)
            row["size"] = len(blob.data) if blob else 0
        rows.append({**row, "url": f"{repository.api_url}/git/{entry.kind}s/{entry.oid}"})
    return {**commits.tree_link(repository, oid), "tree": rows, "truncated": False}


@routes("GET", GIT + "/commits/{sha}")
def get_commit(call: Call) -> Any:
    """One commit of the git database."""
    call.need(Role.READ, "contents")
    found = trees.commit(call.repository.git, _known(call, "commit").oid)
    assert found
    return commits.git_commit(call.repository, found)


@routes("POST", GIT + "/commits", 201)
def create_commit(call: Call) -> Any:
    """Store a commit; what an app commits without naming an author is signed by GitHub."""
    call.need(Role.WRITE, "contents")
    repository, git = call.repository, call.repository.git
    tree, parents = git.read(call.text("tree")), tuple(call.fields.get("parents") or ())
    if tree is None or tree.kind != "tree":
        raise Refused(422, "Tree SHA does not exist")
    for parent in parents:
        if (found := git.read(parent)) is None or found.kind != "commit":
            raise Refused(422, f"Parent SHA does not exist or is not a commit object: {parent}")
    author = signature(call.fields.get("author"), call.user)
    sent = call.fields.get("committer")
    committer = signature(sent, call.user) if sent else author
    oid = trees.write_commit(git, tree.oid, parents, call.text("message"), author, committer)
    if call.actor.is_app and not call.fields.get("author") and not sent:
        repository.verified.add(oid)
    made = trees.commit(git, oid)
    assert made
    return commits.git_commit(repository, made)


@routes("POST", GIT + "/tags", 201)
def create_tag(call: Call) -> Any:
    """Store an annotated tag; a ref to it must be made afterwards."""
    call.need(Role.WRITE, "contents")
    git, target, kind = call.repository.git, call.text("object"), call.text("type")
    found = git.read(target)
    if found is None or found.kind != kind:
        raise Refused(422, "Object does not exist")
    tagger = signature(call.fields.get("tagger"), call.user)
    header = f"object {target}\ntype {kind}\ntag {call.text('tag')}\n"
    header += f"tagger {trees.stamp(tagger)}\n\n"
    oid = git.write("tag", (header + call.text("message")).encode())
    return _tag(call.repository, oid)


@routes("GET", GIT + "/tags/{sha}")
def get_tag(call: Call) -> Any:
    """One annotated tag."""
    call.need(Role.READ, "contents")
    return _tag(call.repository, _known(call, "tag").oid)


def _tag(repository: Repository, oid: str) -> Json:
    found = repository.git.read(oid)
    assert found
    head, _, message = found.data.decode("utf-8", "replace").partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.split("\n"))
    tagger = trees.read_signature(fields["tagger"])
    target = f"{repository.api_url}/git/{fields['type']}s/{fields['object']}"
    return {
        "node_id": f"TA_kwDO{oid[:24]}",
        "sha": oid,
        "url": f"{repository.api_url}/git/tags/{oid}",
        "tag": fields["tag"],
        "tagger": {"name": tagger.name, "email": tagger.email, "date": tagger.date},
        "object": {"type": fields["type"], "sha": fields["object"], "url": target},
        "message": message.rstrip("\n"),
        "verification": {
            "verified": False,
            "reason": "unsigned",
            **dict.fromkeys(("signature", "payload", "verified_at")),
        },
    }
