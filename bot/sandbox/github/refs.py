"""References: branches and tags, made, moved, listed and deleted."""

from typing import Any

from bot.sandbox.github import protection
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.diffs import is_ancestor
from bot.sandbox.github.moving import Movement, move
from bot.sandbox.github.nodes import ref_node_id
from bot.sandbox.github.shapes import commits, people
from bot.sandbox.github.state import Repository, Role
from bot.sandbox.github.trees import commit

routes = Routes()
REFS = "/repos/{owner}/{repo}/git/refs"
BRANCHES = "/repos/{owner}/{repo}/branches"


def shape(repository: Repository, ref: str) -> Json:
    """A ref and what it points at."""
    oid = repository.git.refs[ref]
    found = repository.git.read(oid)
    kind = found.kind if found else "commit"
    return {
        "ref": ref,
        "node_id": ref_node_id(repository, ref),
        "url": f"{repository.api_url}/git/{ref}",
        "object": {"sha": oid, "type": kind, "url": f"{repository.api_url}/git/{kind}s/{oid}"},
    }


@routes("GET", "/repos/{owner}/{repo}/git/ref/{ref:path}")
def get(call: Call) -> Any:
    """One ref."""
    call.need(Role.READ, "contents")
    ref = f"refs/{call.path['ref']}"
    if ref not in call.repository.git.refs:
        raise not_found()
    return shape(call.repository, ref)


@routes("GET", REFS + "/{ref:path}")
@routes("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref:path}")
@routes("GET", REFS)
def list_matching(call: Call) -> Answer:
    """The refs whose names start so."""
    call.need(Role.READ, "contents")
    start = f"refs/{call.path.get('ref', '')}"
    found = sorted(ref for ref in call.repository.git.refs if ref.startswith(start))
    return call.page(found, lambda ref: shape(call.repository, ref))


@routes("POST", REFS, 201)
def create(call: Call) -> Any:
    """Make a ref: whoever comes second is told that it exists."""
    call.need(Role.WRITE, "contents")
    ref, sha, git = call.text("ref"), call.text("sha"), call.repository.git
    if not ref.startswith("refs/") or ref.count("/") < 2:
        raise Refused(
            422, "Reference name must start with 'refs/' and contain at least two slashes"
        )
    if git.read(sha) is None or len(sha) != 40:
        raise Refused(422, "Object does not exist")
    if ref in git.refs:
        raise Refused(422, "Reference already exists")
    if not git.succeeds("check-ref-format", ref):
        raise Refused(422, f"{ref} is not a valid ref name.")
    move(call.site, call.repository, call.actor, ref, sha)
    return shape(call.repository, ref)


@routes("PATCH", REFS + "/{ref:path}")
def update(call: Call) -> Any:
    """Move a ref forward or, with `force`, anywhere."""
    call.need(Role.WRITE, "contents")
    ref, sha, git = f"refs/{call.path['ref']}", call.text("sha"), call.repository.git
    if ref not in git.refs:
        raise Refused(422, "Reference does not exist")
    if git.read(sha) is None or len(sha) != 40:
        raise Refused(422, "Object does not exist")
    if not call.fields.get("force") and not is_ancestor(git, git.refs[ref], sha):
        raise Refused(422, "Update is not a fast forward")
    move(call.site, call.repository, call.actor, ref, sha)
    return shape(call.repository, ref)


@routes("DELETE", REFS + "/{ref:path}", 204)
def delete(call: Call) -> None:
    """Delete a ref, but never the default branch."""
    call.need(Role.WRITE, "contents")
    ref = f"refs/{call.path['ref']}"
    if ref not in call.repository.git.refs:
        raise Refused(422, "Reference does not exist")
    if ref == f"refs/heads/{call.repository.default_branch}":
        raise Refused(422, "Cannot delete the default branch")
    move(call.site, call.repository, call.actor, ref, None)


@routes("GET", BRANCHES)
def list_branches(call: Call) -> Answer:
    """The branches, by name; `protected` asks for those that are, or are not."""
    call.need(Role.READ, "contents")
    refs, asked = call.repository.git.refs, call.query.get("protected")
    names = sorted(ref[11:] for ref in refs if ref.startswith("refs/heads/"))
    if asked:
        guarded = call.repository.protections
        names = [name for name in names if (name in guarded) is (asked == "true")]

    def short(name: str) -> Json:
        sha = refs[f"refs/heads/{name}"]
        link = {"sha": sha, "url": f"{call.repository.api_url}/commits/{sha}"}
        return {"name": name, "commit": link, **_rules(call.repository, name)}

    return call.page(names, short)


def _rules(repository: Repository, branch: str) -> Json:
    return {
        "protected": branch in repository.protections,
        "protection": protection.summary(repository, branch),
        "protection_url": f"{repository.api_url}/branches/{branch}/protection",
    }


@routes("GET", BRANCHES + "/{branch:path}")
def get_branch(call: Call) -> Any:
    """One branch, with its last commit."""
    call.need(Role.READ, "contents")
    name, repository = call.path["branch"], call.repository
    oid = repository.git.refs.get(f"refs/heads/{name}")
    found = commit(repository.git, oid) if oid else None
    if found is None:
        raise Refused(404, "Branch not found")
    url = f"{repository.api_url}/branches/{name}"
    return {
        "name": name,
        "commit": commits.commit(call.site, repository, found),
        "_links": {"self": url, "html": f"{repository.html_url}/tree/{name}"},
        **_rules(repository, name),
    }


@routes("GET", "/repos/{owner}/{repo}/activity")
def list_activity(call: Call) -> Answer:
    """What the refs pointed at, and when, newest first."""
    call.need(Role.READ, "contents")
    wanted = call.query.get("ref", "")
    names = {wanted, f"refs/heads/{wanted}"} if wanted else set()
    found = [line for line in call.repository.activity if not names or line.ref in names]
    if call.query.get("direction", "desc") == "desc":
        found.reverse()
    return call.page(found, _movement)


def _movement(record: Movement) -> Json:
    return {
        "id": record.id,
        "node_id": record.node_id,
        "before": record.before,
        "after": record.after,
        "ref": record.ref,
        "timestamp": record.created_at,
        "activity_type": record.kind,
        "actor": people.user(record.actor),
    }
