"""The sandbox's Claude: `/v1/messages`, answering from a script."""

import itertools
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.sandbox.claude_answers import ACT, Json, acted, error, is_extra, streamed, whole


@dataclass(frozen=True)
class ToolUse:
    """A tool that the model calls in a turn."""

    name: str
    input: Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """One answer: text, then tools; `stop_reason` is said only where it is an odd one."""

    text: str = ""
    uses: Sequence[ToolUse] = ()
    stop_reason: str | None = None


@dataclass(frozen=True)
class Scenario:
    """What is answered, turn by turn, where the first message contains some words."""

    when: str
    turns: Sequence[Turn] = field(default_factory=tuple)


class Refused(Exception):
    """A request that the API answers with an error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Claude:
    """A model that does what its script says.

    Which turn comes next is read off the conversation, so that a repeated request gets the
    same answer.

    Args:
        url: the address at which `app` will be served.
        api_key: what a client must send; made up if none is given.
        script: the first scenario whose words stand in the first user message is played.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, script: Sequence[Scenario] = ()
    ) -> None:
        self.url = url
        self.api_key = api_key or f"sk-ant-{secrets.token_hex(12)}"
        self.script = list(script)
        self.requests: list[Json] = []
        self.app = Starlette(routes=[Route("/v1/messages", self._answer, methods=["POST"])])
        self._ids = itertools.count(1)

    async def _answer(self, request: Request) -> Response:
        try:
            asked = _parsed(await request.body())
            self.requests.append(asked)
            if self.api_key not in _keys(request):
                raise Refused(401, "invalid x-api-key")
            if "anthropic-version" not in request.headers:
                raise Refused(400, "anthropic-version: header is required")
            _check(asked)
            act = request.scope.get(ACT)
            answer = acted(self._message(asked), act)
        except Refused as refused:
            return JSONResponse(error(refused.status, str(refused)), refused.status)
        headers = {"request-id": f"req_{next(self._ids):06}"}
        if not asked.get("stream"):
            return Response(whole(answer, act), headers=headers, media_type="application/json")
        events = streamed(answer, act)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    def _message(self, asked: Json) -> Json:
        said = [message for message in asked["messages"] if message["role"] == "assistant"]
        number = sum(not is_extra(message) for message in said)
        turn = self._turn(_text(asked["messages"][0]), number)
        content: list[Json] = [{"type": "text", "text": turn.text}] if turn.text else []
        for index, use in enumerate(turn.uses):
            name = f"toolu_{number:02}_{index:02}"
            content.append(
                {"type": "tool_use", "id": name, "name": use.name, "input": dict(use.input)}
            )
        return {
            "id": f"msg_{next(self._ids):06}",
            "type": "message",
            "role": "assistant",
            "model": asked["model"],
            "content": content,
            "stop_reason": turn.stop_reason or ("tool_use" if turn.uses else "end_turn"),
            "stop_sequence": None,
            "usage": {  # about four characters are a token
                "input_tokens": len(json.dumps(asked)) // 4,
                "output_tokens": len(json.dumps(content)) // 4,
            },
        }

    def _turn(self, task: str, number: int) -> Turn:
        scenario = next((each for each in self.script if each.when in task), None)
        if scenario is None:
            raise Refused(400, "the script has no scenario for this task")
        if number >= len(scenario.turns):
            raise Refused(400, f"the scenario “{scenario.when}” ends before turn {number + 1}")
        return scenario.turns[number]


def _keys(request: Request) -> set[str]:
    """Keys in either header: curl users send `x-api-key`, the SDK 2.12 a bearer token."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return {request.headers.get("x-api-key", ""), bearer}


def _parsed(body: bytes) -> Json:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refused(400, "The request body is not valid JSON")
    return asked


def _check(asked: Json) -> None:
    """Refuse what the API refuses.

    Raises:
        Refused: a field is missing or wrong, or a tool's call was left without its result.
    """
    for name, kind in {"model": str, "max_tokens": int, "messages": list}.items():
        if not isinstance(asked.get(name), kind):
            raise Refused(400, f"{name}: Field required")
    messages = asked["messages"]
    if not messages or messages[0].get("role") != "user":
        raise Refused(400, "messages: first message must use the user role")
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            raise Refused(400, f"messages.{index}.role: must be user or assistant")
        answered = _ids_of(message, "tool_result", "tool_use_id")
        if missing := open_calls - answered:
            raise Refused(
                400,
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(sorted(missing))}",
            )
        if unknown := answered - open_calls:
            raise Refused(
                400,
                f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(sorted(unknown))}",
            )
        open_calls = _ids_of(message, "tool_use", "id")
    if open_calls:
        raise Refused(400, "messages: the last `tool_use` has no `tool_result`")


def _ids_of(message: Json, kind: str, name: str) -> set[str]:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return {block[name] for block in blocks if block.get("type") == kind}


def _text(message: Json) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block.get("type") == "text")
