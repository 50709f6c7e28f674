"""Claude's answers on the wire: whole, streamed, and in the ways in which they go wrong."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

Json = dict[str, Any]
Act = Literal[
    "refusal",
    "max_tokens",
    "unknown_tool",
    "bad_input",
    "half_input",
    "bad_event",
    "error_event",
    "early_end",
]
"""What Claude may do instead of its script: refuse, stop at `max_tokens` in the middle of a tool's
input, call a tool that there is not, give a tool an input that is no JSON or ends in the middle,
stream an event that is no JSON or says that it is overloaded, or end the stream in the middle as
if all had been said."""
ACT: Final = "sandbox.act"
"""Where in a request's scope an application finds what it is to act out."""
EXTRA = "toolu_extra_"
"""How the ids of tool calls begin that stand in no script."""
CHUNK = 40
"""Characters in one event of a stream."""
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error(status: int, message: str) -> Json:
    """The body of an answer that refuses."""
    kind = KINDS.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def acted(message: Json, act: Act | None) -> Json:
    """The message that an act puts in the place of another."""
    match act:
        case "refusal":
            said: list[Json] = [{"type": "text", "text": "I can't help with that."}]
            return message | {"content": said, "stop_reason": "refusal"}
        case "max_tokens":
            return message | {"stop_reason": "max_tokens"}
        case "unknown_tool":
            return _calling(message, "bash", {"command": "ls"})
        case "bad_input" | "half_input" if message["stop_reason"] != "tool_use":
            given = {"command": "view", "path": "."}
            return _calling(message, "str_replace_based_edit_tool", given)
    return message


def is_extra(message: Json) -> bool:
    """Whether an assistant's message stands in no script."""
    content = message["content"]
    blocks = content if isinstance(content, list) else []
    return any(block.get("id", "").startswith(EXTRA) for block in blocks)


def whole(message: Json, act: Act | None) -> bytes:
    """The message in one piece; where an act spoils what is sent, its first half."""
    body = json.dumps(message).encode()
    spoilt = act not in (None, "refusal", "unknown_tool")
    return body[: len(body) // 2] if spoilt else body


def streamed(message: Json, act: Act | None) -> Iterator[str]:
    """The message as the API streams it, in server-sent events."""
    spoil: dict[Act | None, Callable[[str], str]] = {
        "bad_input": lambda text: text.replace('"', "", 1),
        "half_input": lambda text: text[: len(text) // 2],
        "max_tokens": lambda text: text[: len(text) // 2],
    }
    events = list(_events(message, spoil.get(act, str)))
    middle = len(events) // 2
    match act:
        case "bad_event":
            yield from events[:middle]
            yield f"{events[middle].rstrip()[:-3]}\n\n"
        case "error_event":
            yield from events[:middle]
            yield _event("error", error=error(529, "Overloaded")["error"])
        case "early_end":
            yield from events[:middle]
        case _:
            yield from events


def _calling(message: Json, name: str, given: Json) -> Json:
    use = {"type": "tool_use", "id": f"{EXTRA}{message['id']}", "name": name, "input": given}
    return message | {"content": [use], "stop_reason": "tool_use"}


def _events(message: Json, spoil: Callable[[str], str]) -> Iterator[str]:
    started = message | {"content": [], "stop_reason": None}
    started["usage"] = message["usage"] | {"output_tokens": 1}
    yield _event("message_start", message=started)
    yield _event("ping")
    last = len(message["content"]) - 1
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, text, delta, key = block | {"text": ""}, block["text"], "text_delta", "text"
        else:
            empty, text = block | {"input": {}}, json.dumps(block["input"])
            delta, key = "input_json_delta", "partial_json"
        text = spoil(text) if index == last else text
        yield _event("content_block_start", index=index, content_block=empty)
        for start in range(0, len(text), CHUNK):
            piece = {"type": delta, key: text[start : start + CHUNK]}
            yield _event("content_block_delta", index=index, delta=piece)
        yield _event("content_block_stop", index=index)
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    output = {"output_tokens": message["usage"]["output_tokens"]}
    yield _event("message_delta", delta=ended, usage=output)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"
