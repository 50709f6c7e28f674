"""Every GraphQL operation of the installed W&B SDK: of its Python code and of its Go core."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import wandb
from graphql import DocumentNode, GraphQLSyntaxError, parse

SDK = Path(wandb.__file__).parent
USED = frozenset(
    {
        "ArtifactByID",
        "ArtifactMembershipByName",
        "ArtifactType",
        "CommitArtifact",
        "CreateArtifact",
        "CreateArtifactFiles",
        "CreateArtifactManifest",
        "CreateAutomation",
        "CreateDefaultResourceConfig",
        "CreateGenericWebhookIntegration",
        "CreateProject",
        "CreateRunFiles",
        "CreateRunQueue",
        "DeleteFromRunQueue",
        "DeleteRun",
        "EntityIsTeam",
        "FetchArtifactManifest",
        "GetArtifactMembershipFileUrls",
        "GetDefaultEntity",
        "GetEntityAutomations",
        "GetProject",
        "GetProjects",
        "GetRunQueueItem",
        "GetRunQueueItems",
        "GetViewer",
        "IntegrationsByEntity",
        "LaunchAgent",
        "OrganizationCoreWeaveOrganizationID",
        "ProjectRunQueues",
        "Run",
        "RunFiles",
        "RunHistoryKeys",
        "RunParquetHistory",
        "RunResumeStatus",
        "RunSampledHistory",
        "RunState",
        "RunStoppedStatus",
        "Runs",
        "SampledHistoryPage",
        "ServerFeaturesQuery",
        "StopRun",
        "UpsertBucket",
        "UseArtifact",
        "Viewer",
        "ackRunQueueItem",
        "createLaunchAgent",
        "fetchRunQueuesFromProject",
        "popFromRunQueue",
        "pushToRunQueueByName",
        "updateLaunchAgent",
    }
)
"""What the bot, a training program and a launch agent send, by name: the tests that let them work
see to it that nothing is missing."""
_BEGIN = re.compile(r"(?:query|mutation) +(\w+) *(?:\([^)]*\) *)?\{")
_FRAGMENT = re.compile(r"\s*fragment \w+ on \w+ \{")
_PLACE = re.compile(r"\b_[A-Z_]+_\b")


def operations() -> dict[str, list[DocumentNode]]:
    """The documents by the name of their operation.

    Of a template, which only its code can complete, there is the name alone.
    """
    found: dict[str, list[DocumentNode]] = {}
    for text in dict.fromkeys([*_of_python(_BEGIN), *_of_core()]):
        begin = _BEGIN.match(text)
        assert begin is not None
        found.setdefault(begin[1], []).extend(_parsed(text))
    return found


def fragments() -> list[DocumentNode]:
    """The fragments that templates are completed with."""
    return [document for text in _of_python(_FRAGMENT) for document in _parsed(text)]


def _parsed(text: str) -> list[DocumentNode]:
    if _PLACE.search(text):
        return []
    try:
        return [parse(text)]
    except GraphQLSyntaxError:
        return []


def _of_python(begin: re.Pattern[str]) -> Iterator[str]:
    for path in sorted(SDK.rglob("*.py")):
        source = path.read_text()
        for text in _strings(ast.parse(source)) if begin.search(source) else ():
            bare = text.strip().removeprefix("#graphql").strip()
            if begin.match(bare):
                yield bare


def _strings(code: ast.AST) -> Iterator[str]:
    """Every string of a module, with a place for what an f-string is completed with."""
    match code:
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "_HOLE_" for p in parts)
        case ast.Constant(value=str(text)):
            yield text
        case _:
            for child in ast.iter_child_nodes(code):
                yield from _strings(child)


def _of_core() -> Iterator[str]:
    """What the binary holds: strings without an end, so that brackets must tell where they stop."""
    text = (SDK / "bin" / "wandb-core").read_bytes().decode("ascii", "replace")
    for begin in _BEGIN.finditer(text):
        end = _closing(text, begin.end())
        while (fragment := _FRAGMENT.match(text, end)) is not None:
            end = _closing(text, fragment.end())
        yield text[begin.start() : end]


def _closing(text: str, start: int) -> int:
    """The index behind the bracket that closes the one before `start`."""
    depth = 1
    for bracket in re.finditer(r"[{}]", text[start : start + 20_000]):
        depth += 1 if bracket[0] == "{" else -1
        if depth == 0:
            return start + bracket.end()
    return start
