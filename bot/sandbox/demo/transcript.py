"""What was posted, as a Markdown file, and the table that ends the story."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.sandbox.demo.looking import Looking
from bot.sandbox.github.state import Comment, Issue, Pull

MARKER = re.compile(r"\n*<!-- labhand:[^>]*-->\n*")


def transcript(see: Looking) -> str:
    """Every issue, PR, comment and release, in the order in which they were opened."""
    threads = sorted(see.repository.threads.items())
    parts = ["# What was posted\n", *(_thread(thread) for _, thread in threads)]
    for release in sorted(see.repository.releases.values(), key=lambda r: r.id):
        assets = ", ".join(f"`{a.name}` ({len(a.content):,} bytes)" for a in release.assets)
        parts.append(
            f"---\n\n# Release {release.tag_name}\n\n"
            f"*{release.author.login} at {release.published_at}; {assets}*\n\n{release.body}\n"
        )
    return "\n".join(parts)


def _thread(thread: Issue) -> str:
    kind = "PR" if isinstance(thread, Pull) else "Issue"
    state = thread.state
    if isinstance(thread, Pull):
        state = "merged" if thread.merged_at else "draft" if thread.draft else state
        state += f", `{thread.head_ref}` at `{thread.head_sha[:7]}`"
    labels = "".join(f" `{label.name}`" for label in thread.labels)
    head = f"---\n\n# {kind} #{thread.number}: {thread.title}\n\n*{state}*{labels}\n"
    opened = f"**{thread.author.login}** opened this at {thread.created_at}:\n\n{thread.body}\n"
    return "\n".join([head, opened, *(_comment(c) for c in thread.comments)])


def _comment(comment: Comment) -> str:
    body = MARKER.sub("\n", comment.body).strip()
    notes = [f"edited {comment.updated_at}"] if comment.updated_at != comment.created_at else []
    if comment.minimized_reason:
        notes.append(f"minimised as {comment.minimized_reason.lower()}")
    reactions = " ".join(reaction.content for reaction in comment.reactions)
    after = f" ({', '.join(notes)})" if notes else ""
    tail = f"\n\n*reactions: {reactions}*" if reactions else ""
    head = f"**{comment.author.login}** at {comment.created_at}{after}:"
    return f"{head}\n\n{body}{tail}\n"


def table(
    see: Looking,
    issues: Mapping[str, int],
    pulls: Mapping[str, int],
    paths: Sequence[str],
) -> str:
    """One line per experiment: branch, PR, runs, verdict, GitHub requests, seconds.

    Args:
        see: the repository.
        issues: idea to issue.
        pulls: idea to PR.
        paths: the path of every request that the bot sent.
    """
    rows = [("experiment", "branch", "PR", "runs", "verdict", "requests", "seconds")]
    counted = 0
    for key, number in pulls.items():
        pull = see.repository.pulls[number]
        places = {number, issues.get(key, number)}
        asked = sum(_place(path) in places for path in paths)
        counted += asked
        trained = len(see.runs(number))
        reports = see.reports(number)
        last = reports[-1].created_at if reports else pull.created_at
        began = min(see.repository.threads[place].created_at for place in places)
        verdict = (see.verdict(number, len(reports)) if reports else None) or "none"
        verdict += ", merged" if pull.merged_at else ""
        seconds = (_time(last) - _time(began)).total_seconds()
        row = (key, pull.head_ref, f"#{number}", str(trained), verdict, str(asked))
        rows.append((*row, f"{seconds:.0f}"))
    rest = len(paths) - counted
    rows.append(("(lab book, releases, baseline)", "", "", "", "", str(rest), ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _place(path: str) -> int | None:
    found = re.search(r"/(?:issues|pulls)/(\d+)(?:/|$|\?)", path)
    return int(found[1]) if found else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
