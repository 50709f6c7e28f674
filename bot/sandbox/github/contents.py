"""Files and folders at a ref: read, written and deleted one at a time."""

from typing import Any
from urllib.parse import quote

from bot.sandbox.github import trees
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.merging import WEB_FLOW
from bot.sandbox.github.moving import Protected, move
from bot.sandbox.github.objects import decoded, encoded, signature
from bot.sandbox.github.shapes import commits
from bot.sandbox.github.state import Repository, Role, now
from bot.sandbox.github.trees import Commit, Entry, Signature

routes = Routes()
CONTENTS = "/repos/{owner}/{repo}/contents/{path:path}"
TYPES = {"tree": "dir", "commit": "submodule"}
FOLDER_LIMIT = 1000  # entries; GitHub leaves out the rest


def _row(repository: Repository, path: str, entry: Entry, ref: str) -> Json:
    kind = "symlink" if entry.mode == "120000" else TYPES.get(entry.kind, "file")
    blob = repository.git.read(entry.oid) if entry.kind == "blob" else None
    quoted = quote(path)
    url = f"{repository.api_url}/contents/{quoted}?ref={quote(ref, safe='')}"
    git_url = f"{repository.api_url}/git/{entry.kind}s/{entry.oid}"
    html = f"{repository.html_url}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{quoted}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.oid,
        "size": len(blob.data) if blob else 0,
        "url": url,
        "html_url": html,
        "git_url": git_url,
        "download_url": f"{repository.html_url}/raw/{ref}/{quoted}" if blob else None,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def _at(call: Call, ref: str) -> Commit:
    found = trees.commit(call.repository.git, ref)
    if found is None:
        raise Refused(404, f"No commit found for the ref {ref}")
    return found


@routes("GET", "/repos/{owner}/{repo}/contents")
@routes("GET", CONTENTS)
def get(call: Call) -> Any:
    """A file with its content, a folder with its entries, or a file's bare bytes."""
    call.need(Role.READ, "contents")
    repository, path = call.repository, call.path.get("path", "").strip("/")
    ref = call.query.get("ref") or repository.default_branch
    entry = trees.find(repository.git, _at(call, ref).tree, path)
    if entry is None:
        raise not_found()
    if entry.kind == "tree":
        rows = list(trees.entries(repository.git, entry.oid).items())[:FOLDER_LIMIT]
        start = f"{path}/" if path else ""
        return [_row(repository, start + name, below, ref) for name, below in rows]
    blob = repository.git.read(entry.oid)
    assert blob
    if "raw" in call.headers.get("accept", ""):
        return Answer(200, blob.data, {"content-type": "application/vnd.github.raw+json"})
    return {
        **_row(repository, path, entry, ref),
        "content": encoded(blob.data),
        "encoding": "base64",
    }


@routes("GET", "/repos/{owner}/{repo}/readme")
def get_readme(call: Call) -> Any:
    """The README at the root."""
    call.need(Role.READ, "contents")
    ref = call.query.get("ref") or call.repository.default_branch
    for name, entry in trees.entries(call.repository.git, _at(call, ref).tree).items():
        blob = call.repository.git.read(entry.oid)
        if name.lower().startswith("readme") and blob:
            row = _row(call.repository, name, entry, ref)
            return {**row, "content": encoded(blob.data), "encoding": "base64"}
    raise not_found()


@routes("PUT", CONTENTS)
def put(call: Call) -> Answer:
    """Write one file; changing one needs the `sha` of what it replaces."""
    entry = Entry("100644", call.repository.git.write("blob", decoded(call.text("content"))))
    return _commit(call, entry)


@routes("DELETE", CONTENTS)
def delete(call: Call) -> Answer:
    """Delete one file, whose `sha` must be told."""
    call.fields.update({name: call.query[name] for name in call.query if not call.body})
    return _commit(call, None)


def _commit(call: Call, entry: Entry | None) -> Answer:
    call.need(Role.WRITE, "contents")
    repository, path = call.repository, call.path["path"].strip("/")
    git, branch = repository.git, call.text("branch", repository.default_branch)
    tip = trees.commit(git, git.refs.get(f"refs/heads/{branch}", ""))
    if tip is None:
        raise Refused(404, f"Branch {branch} not found")
    old = trees.find(git, tip.tree, path)
    _check_sha(call, path, old, deleting=entry is None)
    author = signature(call.fields.get("author"), call.user)
    sent = call.fields.get("committer")
    committer = signature(sent, call.user) if sent else Signature(*WEB_FLOW, now())
    mode = old.mode if old else "100644"
    tree = trees.edit(git, tip.tree, {path: Entry(mode, entry.oid) if entry else None})
    oid = trees.write_commit(git, tree, (tip.oid,), call.text("message"), author, committer)
    if not sent:
        repository.verified.add(oid)
    try:
        move(call.site, repository, call.actor, f"refs/heads/{branch}", oid)
    except Protected as error:
        verb = ("update" if old else "create") if entry else "delete"
        raise Refused(409, f"Could not {verb} file: {error}") from error
    made = trees.commit(git, oid)
    assert made
    shown = _row(repository, path, entry, branch) if entry else None
    status = 200 if old else 201
    return Answer(status, {"content": shown, "commit": commits.git_commit(repository, made)})


def _check_sha(call: Call, path: str, old: Entry | None, *, deleting: bool) -> None:
    sha = call.optional("sha")
    if old is None and deleting:
        raise not_found()
    if old and sha is None:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if sha is not None and (old is None or old.oid != sha):
        raise Refused(409, f"{path} does not match {sha}")
