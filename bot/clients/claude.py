"""Claude through the anthropic SDK: the Writer."""

import json
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bot.clients import claude_editor
from bot.core.cost import TokenPrices, Tokens
from bot.core.numbers import usd
from bot.errors import UserError
from bot.ports import Outage, Workspace, Written

if TYPE_CHECKING:
    from anthropic import APIError
    from anthropic.lib.streaming import MessageStream
    from anthropic.types import Message, MessageParam, ToolResultBlockParam

MOST_TOKENS = 16_000
"""In one turn."""
TRANSIENT = ("api_error", "overloaded_error", "rate_limit_error", "timeout_error")
ENDINGS = {
    "refusal": "The model declined to write this. Word the idea differently, or write it by hand.",
    "max_tokens": "The model's answer was cut off because it became too long. Ask for a smaller "
    "change.",
    "model_context_window_exceeded": "The model read more than it can hold. Ask for a smaller "
    "change.",
}
NO_KEY = (
    "Anthropic does not accept the API key. Set the secret `ANTHROPIC_API_KEY` under Settings, "
    "Secrets and variables, Actions."
)
logger = logging.getLogger(__name__)


class Claude:
    """A model that edits files by the text editor tool.

    Args:
        api_key: the secret `ANTHROPIC_API_KEY`.
        base_url: where the API is; None for Anthropic's own.
        model: its name, as configured.
        max_turns: how often it may answer before it must be done.
        usd: what it may cost.
        prices: of the model's tokens; None where nobody counts.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str | None,
        model: str,
        max_turns: int,
        usd: float | None = None,
        prices: TokenPrices | None = None,
    ) -> None:
        from anthropic import Anthropic

        self._client = Anthropic(api_key=api_key, base_url=base_url) if api_key else None
        self._model = model
        self._max_turns = max_turns
        self._usd, self._prices = usd, prices
        self.tokens = Tokens()

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        messages: list[MessageParam] = [{"role": "user", "content": task}]
        last = Tokens()
        for turn in range(1, self._max_turns + 1):
            self._check(last)
            answer = self._ask(system, messages)
            last = _used(answer)
            self.tokens += last
            logger.info("turn %s of %s: %s", turn, self._max_turns, answer.stop_reason)
            if ending := ENDINGS.get(answer.stop_reason or ""):
                raise UserError(ending)
            messages.append({"role": "assistant", "content": [*answer.content]})
            if results := _results(answer, workspace):
                messages.append({"role": "user", "content": results})
            elif answer.stop_reason != "pause_turn":
                texts = [block.text for block in answer.content if block.type == "text"]
                return Written("\n".join(texts).strip(), turn)
        raise UserError(
            f"The model did not finish within {self._max_turns} turns. Ask for a smaller change, "
            "or raise `claude.max_turns` in `.github/labhand.yml`."
        )

    def _check(self, last: Tokens) -> None:
        """Check that one more answer can be paid, at its longest and with nothing in the cache."""
        if self._usd is None or self._prices is None:
            return
        read = last.input + last.cached + last.stored + last.output
        if self._prices.usd(self.tokens + Tokens(input=read, output=MOST_TOKENS)) > self._usd:
            raise UserError(
                f"The model did not finish for the {usd(self._usd)} that it may cost. Ask for a "
                "smaller change, or raise `claude.usd_per_experiment` in `.github/labhand.yml`."
            )

    def _ask(self, system: str, messages: "list[MessageParam]") -> "Message":
        from anthropic import AnthropicError, APIError
        from httpx2 import HTTPError

        if self._client is None:
            raise UserError(NO_KEY)
        try:
            with self._client.messages.stream(
                model=self._model,
                max_tokens=MOST_TOKENS,
                system=system,
                messages=messages,
                tools=[{"type": claude_editor.TYPE, "name": claude_editor.NAME}],
                cache_control={"type": "ephemeral"},
            ) as stream:
                return _whole(stream)
        except APIError as error:
            raise _meaning(error) from error
        except (AnthropicError, HTTPError, ValueError) as error:  # ValueError: what is no JSON
            raise Outage(f"Claude did not answer: {type(error).__name__}") from error


def _used(answer: "Message") -> Tokens:
    usage = answer.usage
    return Tokens(
        input=usage.input_tokens,
        cached=usage.cache_read_input_tokens or 0,
        stored=usage.cache_creation_input_tokens or 0,
        output=usage.output_tokens,
    )


def _whole(stream: "MessageStream[None]") -> "Message":
    """The message at the end of a stream.

    The SDK makes a message also of half a stream, and a tool's input also of half its JSON; so a
    stream must say that it is over, and every input must be whole.

    Raises:
        ValueError: a tool's input is no JSON.
        Outage: the stream broke off.
    """
    inputs: defaultdict[int, str] = defaultdict(str)
    for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            inputs[event.index] += event.delta.partial_json
        if event.type == "message_stop":
            message = stream.get_final_message()
            if message.stop_reason not in ENDINGS:
                for text in filter(None, inputs.values()):
                    json.loads(text)
            return message
    raise Outage("Claude's answer broke off")


def _results(answer: "Message", workspace: Workspace) -> "list[ToolResultBlockParam]":
    """Use the tools that a turn asks for; what cannot be done is told to the model."""
    results: list[ToolResultBlockParam] = []
    for block in answer.content:
        if block.type != "tool_use":
            continue
        given: Any = block.input
        try:
            if block.name != claude_editor.NAME or not isinstance(given, dict):
                raise UserError(f"There is no tool `{block.name}` that takes this.")
            told, failed = claude_editor.use(workspace, given), False
        except UserError as error:
            told, failed = str(error), True
        results.append(
            {"type": "tool_result", "tool_use_id": block.id, "content": told, "is_error": failed}
        )
    return results


def _meaning(error: "APIError") -> Exception:
    from anthropic import APIStatusError

    if not isinstance(error, APIStatusError):
        return Outage(f"Claude did not answer: {type(error).__name__}")
    status, reason = error.status_code, " ".join((error.api_message or "no reason given").split())
    if status >= 500 or status in (408, 429) or error.type in TRANSIENT:
        return Outage(f"Claude answered {status}: {reason}")
    if status in (401, 403):
        return UserError(NO_KEY)
    return UserError(f"Anthropic refuses: {reason[:300]} Check `claude.model` and the account.")
