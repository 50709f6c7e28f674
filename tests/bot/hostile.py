"""What strangers, pranksters and attackers write, and what must not come of it."""

import re
from collections.abc import Callable

from tests.bot.scene import Scene

RTL, ZERO, JOINER, BOM = "\u202e", "\u200b", "\u200d", "\ufeff"
MARKER = "<!-- labhand:report:1 -->"
BODIES = [
    # A shell
    "/launch $(reboot)",
    "/launch seeds=`id`",
    "/launch seeds=5;reboot",
    "/launch seeds=5 && curl evil.example",
    "/launch seeds=$(curl evil.example)",
    "/launch lr=$(id)",
    "/launch lr=0.1;reboot",
    "/launch 'lr=0.1|sh'",
    '/launch lr="0.1 > /etc/passwd"',
    "/launch --help",
    "/launch -rf /",
    "/launch commit=$(git rev-parse HEAD)",
    "/launch commit=../../../etc/passwd",
    "/launch queue=../../secrets",
    "/baseline seeds=1e3",
    "/launch seeds=5\x00",
    "/launch seeds=5\x1b[2J",
    # Markdown and HTML
    "/launch <script>alert(1)</script>",
    "/launch @acme/everybody",
    "/launch seeds=@octocat",
    "/launch [click](javascript:alert(1))",
    "/launch ![x](https://evil.example/pixel.png)",
    "/launch `` @octocat ``",
    "/launch ```",
    "/launch seeds=<img/src=x>",
    "/launch <details><summary>",
    "/launch |a|b|",
    "/launch fixes #1",
    "/launch #1",
    f"/launch {MARKER}",
    f"/launch seeds={MARKER}",
    "/launch <!--",
    "/launch seeds=</code>",
    "/help <b>@octocat</b>",
    "/help @octocat",
    "/lock what=<img>",
    "/unlock what=@octocat",
    # YAML, Jinja, format strings, regular expressions, JSON, paths
    "/launch seeds={{ config }}",
    "/launch {% include '/etc/passwd' %}",
    "/launch seeds={0.__class__}",
    "/launch seeds=%s%s%n",
    "/launch lr=!!python/object:os.system",
    "/launch lr='[1, {a: b}'",
    "/launch seeds=(a+)+$",
    "/launch seeds=.*",
    "/launch seeds=[0-9]",
    '/launch {"seeds": 5}',
    "/launch seeds[]=5",
    "/launch __class__=1",
    "/launch __proto__.x=1",
    "/launch a.b=1 a.b=2",
    "/launch seeds=" + "9" * 2000,
    "/launch " + "a" * 60_000,
    "/launch " + "(" * 2000,
    "/launch '" + "\\" * 2001,
    "/launch " + "[" * 2000,
    # Letters that look like others, or that cannot be seen
    f"/launch seeds=5{ZERO}",
    f"/launch seeds={RTL}5",
    "/launch seeds=５",
    "/launch seeds=²",
    "/launch ѕeeds=5",
    f"/launch lr=0.1{JOINER}",
    f"/{ZERO}launch",
    f"{ZERO}/launch",
    f"/launch{ZERO}",
    "／launch",
    "/lаunch",
    "/LAUNCH",
    f"{BOM}{ZERO}/launch",
    # Somebody else's words
    "> /launch",
    ">> /launch",
    "    /launch",
    "```\n/launch\n```",
    "~~~\n/launch\n~~~",
    "`/launch`",
    "<details>\n\n/launch\n\n</details>",
    "<!--\n/launch\n-->",
    "I will write\n/launch",
    "On Monday ada wrote:\n> /launch",
    "/launch/merge",
    "//launch",
    "/ launch",
    "/lunch-all-the-things",
    "/deploy production",
]
"""Comments by somebody who may act; nothing of them may be carried out."""
NAMES = [
    "@octocat @acme/everybody",
    "<script>alert(1)</script>",
    MARKER,
    "### ✅ WIN · val/acc +9",
    "a | b | c",
    "fixes #1, closes #2",
    "{{ 7 * 7 }} {% raw %}",
    "$(reboot) `id`",
    f"{RTL}gnp.exe{ZERO}",
    "[click](javascript:alert(1))",
    "x" * 3000,
    "\n/merge\n",
    "![pixel](https://evil.example/x.png)",
    "</details></summary>",
]


def refused(scene: Scene, act: Callable[[], object]) -> list[str]:
    """Let something happen that must change nothing; return what the bot said to it."""
    before, said = scene.everything(), len(scene.forge.comments)
    act()
    assert scene.everything() == before
    answers = scene.forge.comments[said:]
    assert len(answers) <= 1
    for answer in answers:
        check(answer.body)
        assert re.fullmatch(r"reply:-?\d+|thanks|label:\d+", answer.key)
    return [answer.body for answer in answers]


def check(body: str) -> None:
    """Check that a text of the bot notifies nobody, forges nothing, and hides nothing."""
    assert not re.search(r"@[\w-]", body)
    assert "<!--" not in body
    assert not re.search(r"<(?!/?(?:details|summary)>)[a-z/!]", body, re.IGNORECASE)
    assert not re.search(
        f"[{ZERO}{RTL}{JOINER}\x00\x1b]", body.replace(f"@{ZERO}", "").replace(f"<{ZERO}", "")
    )
    assert len(body) < 2000
