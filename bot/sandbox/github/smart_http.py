"""Git over HTTP: `git http-backend` as a CGI program, behind GitHub's permissions."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from bot.sandbox.github import guards, pushes
from bot.sandbox.github.call import Answer, Call, Refused
from bot.sandbox.github.git import ENVIRONMENT
from bot.sandbox.github.moving import follow

CHALLENGE = {"www-authenticate": 'Basic realm="GitHub"', "content-type": "text/plain"}


def serve(call: Call) -> Answer:
    """Answer one request of a git client; after a push let everything follow."""
    service = _service(call)
    pushing = "git-receive-pack" in (service, call.query.get("service"))
    if call.actor.user is None and (pushing or _is_hidden(call)):
        return Answer(401, b"Authentication required", CHALLENGE)
    repository = call.repository
    if pushing and not guards.may_push(call.actor, repository):
        return Answer(403, b"Write access to repository not granted.\n", {})
    if service != "git-receive-pack":
        return _backend(call, {})
    refused = pushes.refusals(call)
    with pushes.hooks(refused) as environment:
        answer = _backend(call, environment)
    for ref, before, after in repository.git.refresh():
        follow(call.site, repository, call.actor, ref, before, after)
    return replace(answer, body=pushes.reworded(answer.body, refused))


def _service(call: Call) -> str:
    """What stands behind owner and repository: `info/refs` or the name of a service."""
    return urlsplit(call.url).path.split("/", 3)[3]


def _is_hidden(call: Call) -> bool:
    try:
        return call.repository.private
    except Refused:
        return True


def _backend(call: Call, configuration: Mapping[str, str]) -> Answer:
    repository, headers = call.repository, call.headers
    environment = {
        **ENVIRONMENT,
        **configuration,
        "GIT_PROJECT_ROOT": str(repository.git.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{_service(call)}",
        "REQUEST_METHOD": call.method,
        "QUERY_STRING": "&".join(f"{key}={value}" for key, value in call.query.items()),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(call.body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": call.actor.user.login if call.actor.user else "",
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run(
        ["git", "http-backend"], input=call.body, capture_output=True, env=environment, check=True
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    status = int(fields.pop("Status", "200").split()[0])
    return Answer(status, body, fields)
