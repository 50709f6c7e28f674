"""From a reply to Markdown: its template, untrusted text made harmless, and a length budget."""

import html
import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from urllib.parse import quote as percent_encoded

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.commands import COMMANDS
from bot.core import charts, numbers, results
from bot.core.interval import Interval
from bot.core.interval import signed as turned
from bot.core.metric import Goal
from bot.core.power import reachable
from bot.core.quoting import BREAK, clean, code, one_line
from bot.core.secrets import redact
from bot.replies import Reply

TEMPLATES = Path(__file__).parents[1] / "templates"
BUDGET = 60_000
"""Characters; GitHub takes 65,536 in the body of a PR or a release."""
RECOGNISED = re.compile(
    r"(?<=@)(?=[\w-])"  # mentions
    r"|(?<=#)(?=\d)|(?<=\bGH)(?=-\d)"  # references
    r"|(?<=<)(?=[\w/!?])"  # HTML
    r"|(?<=\[)(?=(?:skip|no) (?:ci|actions)\]|(?:ci|actions) skip\])"  # Actions obeys a commit
    r"|(?<=\bclose)(?=[sd]?\b)|(?<=\bfix)(?=(?:es|ed)?\b)|(?<=\bresolve)(?=[sd]?\b)",
    re.IGNORECASE,
)
MARKDOWN = re.compile(
    r"[\\`*\[\]<>&|~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word it means nothing
    r"|\A[#+=-]|(?<=\A\d)[.)](?=\s)|(?<=\A\d\d)[.)](?=\s)"
)
ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
EMOJI = re.compile(r"(?<=:)(?=[a-z\d_+-]{1,50}:)")  # `:tada:` becomes a picture
OURS = re.compile(rf"(?<=[`\"])/(?=(?:{'|'.join(COMMANDS)})(?![\w/.-]))")
SECTION = re.compile("\x02(\\d+)\x1f(.*?)\x03(.*?)\x04", re.DOTALL)


def render(reply: Reply, prefix: str = "/") -> str:
    """Write a reply as Markdown (`MergeMessage` as plain text).

    The template is found by the name of the reply's class. A field that the template asks for and
    the reply lacks is an error, and so is None where something is to be shown.

    Args:
        reply: what is said.
        prefix: what commands begin with; every one that it names can be pasted as it stands.
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(reply).__name__).lower()
    values = {field.name: getattr(reply, field.name) for field in fields(reply)}
    values["reply"] = reply
    body = _environment().get_template(f"{name}.md.j2").render(values)
    body = OURS.sub(lambda _: prefix, _fit(body))
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def prompt(name: str, **values: object) -> str:
    """Write what is said to the model; a value that the template asks for and lacks is an error."""
    return _environment().get_template(f"prompts/{name}.md.j2").render(values).strip() + "\n"


def text(value: str, limit: int = 200) -> str:
    """Untrusted text as one line of Markdown that says what it says and does nothing."""
    line = RECOGNISED.sub(BREAK, one_line(value, limit))
    line = EMOJI.sub(BREAK, ADDRESS.sub(BREAK, line))
    return MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", line)


def short(value: str, limit: int = 48) -> str:
    """A name as `text`, without its middle if it is long: names differ at their ends."""
    line = one_line(value, 1000)
    if len(line) > limit:
        line = f"{line[: limit // 2]}…{line[-(limit // 2 - 1) :]}"
    return text(line)


def cell(markdown: str) -> str:
    """Markdown as a table cell holds it: a bar inside code would end the cell."""
    return markdown.replace("|", "\\|")


def fenced(value: str, limit: int = 6000, language: str = "text") -> str:
    """The end of an untrusted block, such as a log, as a code block that it cannot leave.

    Of a line that a progress bar wrote over again and again only the last state is kept.
    """
    lines = [clean(line.rstrip("\r").rsplit("\r", 1)[-1]) for line in value.split("\n")]
    block = redact("\n".join(lines)).strip("\n")
    if len(block) > limit:
        block = "…\n" + block[-limit:].partition("\n")[2]
    longest = max(map(len, re.findall(r"`+", block)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{block}\n{ticks}"


def quote(value: str, limit: int = 6000) -> str:
    """Untrusted Markdown as a quotation: it keeps its form, but notifies and closes nothing."""
    cleaned = redact("\n".join(clean(line) for line in value.splitlines())).strip()
    block = RECOGNISED.sub(BREAK, cleaned)
    if len(block) > limit:
        block = block[:limit] + "…"
    return "\n".join(f"> {line}".rstrip() for line in block.split("\n"))


def harmless(value: str) -> str:
    """Our own Markdown in which somebody's words may be quoted: no secrets, mentions, HTML."""
    cleaned = redact("\n".join(clean(line) for line in value.split("\n")))
    return re.sub(r"(?<=@)(?=[\w-])|(?<=<)(?=[\w/!?])", BREAK, cleaned)


def sentence(value: str) -> str:
    """Our own sentence, to go on a line that has begun: no capital, no full stop."""
    line = " ".join(harmless(value).split()).rstrip(".")
    return line[:1].lower() + line[1:] if line[1:2].islower() else line


def remark(value: str, limit: int = 600) -> str:
    """Untrusted text as a sentence: capital letter and full stop, whatever it came with."""
    line = one_line(value, limit)
    if re.match(r"[a-z]+[\s,]", line):
        line = line[0].upper() + line[1:]
    return text(line, limit) + ("" if line.endswith((".", "!", "?", "…")) else ".")


def headline(report: str) -> str:
    """A report's first line as plain text, for places that show no Markdown."""
    line = html.unescape(report.partition("\n")[0]).replace(BREAK, "")
    return re.sub(r"^#+ |[`*]", "", line)


def measured(report: str) -> str:
    """A report without what was to be done next, and its rank, before the baseline moved on."""
    first = re.sub(r"\A(### .*\n)Next\b.*\n", r"\1", report)
    ways = r"\| to go on \|.*\n(?:\|.*\n)+"
    rank = r"By the lower bound of its gain, this .*\n"
    rest = re.sub(rf"^(?:{ways}|{rank})\n?", "", first, flags=re.MULTILINE)
    return re.sub(r'^ "next": "/.*"$', ' "next": null', rest, flags=re.MULTILINE)


def plain(value: str, limit: int = 200) -> str:
    """Untrusted text as one line of plain text that notifies and closes nothing."""
    return re.sub(r"(?<=#)\u200b", "", RECOGNISED.sub(BREAK, one_line(value, limit)))


def link(markdown: str, url: str) -> str:
    """Markdown as a link; without an address that a browser opens it stays as it is."""
    if not re.match(r"https?://", url):
        return markdown
    return f"[{markdown}]({percent_encoded(url, safe=':/?#@!$&*+,;=%~')})"


def gain(interval: Interval, goal: Goal) -> Interval:
    """A difference as a gain: more is better."""
    return turned(interval, 1 if goal == "maximize" else -1)


def _fit(body: str) -> str:
    """Drop folded sections, those with the highest number first, until the rest fits."""
    dropped = []
    while len(body) > BUDGET and (sections := list(SECTION.finditer(body))):
        least = max(sections, key=lambda section: int(section[1]))
        body = body[: least.start()] + body[least.end() :]
        dropped.append(least[2])
    body = SECTION.sub(r"\3", body)
    if dropped:
        body += f"\n\nLeft out, because a comment can only be so long: {'; '.join(dropped)}."
    return body if len(body) <= BUDGET else body[: BUDGET - 2] + "…"


def _shown(value: object) -> object:
    assert value is not None, "a template shows a field that is None"
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown; what is untrusted passes one of our filters
        finalize=_shown,
    )
    ours: tuple[Callable[..., object], ...] = (
        text, short, one_line, code, cell, fenced, quote, harmless, sentence, remark, measured,
        plain, link, gain,
        numbers.number, numbers.bound, numbers.signed, numbers.half_width, numbers.spread,
        numbers.bounded, numbers.relative, numbers.column, numbers.mean_sd, numbers.count,
        numbers.duration, numbers.listed, numbers.ranges, numbers.spans, numbers.usd,
        numbers.gpu_hours, numbers.typed, numbers.price, numbers.due, numbers.moment, numbers.month,
        results.as_json, results.beside, results.fitting, results.correlation, numbers.chance,
        reachable, charts.sparkline, charts.xychart, charts.history, charts.beyond,
    )  # fmt: skip
    environment.globals.update(COLOURS=charts.COLOURS, BUDGET=BUDGET, NO_BREAK=numbers.NO_BREAK)
    environment.filters.update({function.__name__: function for function in ours})
    return environment
