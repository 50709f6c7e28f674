"""Secrets in text that somebody else wrote: what they look like, and taking them out."""

import math
import re
from collections import Counter
from functools import partial

LEAST_LENGTH = 16
LEAST_ENTROPY = 3.0
"""Bits per character: words and numbers mostly lie below it, random keys above."""


def _compiled(*kinds: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    flags = re.DOTALL | re.IGNORECASE
    return tuple((name, re.compile(pattern, flags)) for name, pattern in kinds)


BY_FORM = _compiled(
    (
        "private key",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?"
        r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    ),
    ("GitHub token", r"\b(?:gh[opsur]_[\w.-]{20,}|github_pat_\w{20,})"),
    ("Anthropic key", r"\bsk-ant-[\w-]{10,}"),
    ("API key", r"\b(?:sk-[\w-]{20,}|hf_\w{20,}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,})"),
    ("AWS key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("W&B key", r"(?P<keep>(?:api.?key|password)\W{1,5})(?:local-)?[0-9a-f]{40}\b"),
    ("W&B key", r"\bwandb_v\d+_\w{20,}"),
    ("token", r"\beyJ[\w-]{8,500}\.[\w-]{8,}\.[\w-]{8,}"),
)
"""What nothing but a secret looks like."""
BY_PLACE = _compiled(
    ("token", r"(?P<keep>\bbearer\s+)[\w.~+/-]{8,}=*"),
    ("password", r"(?P<keep>://[^\s/:@]{0,99}:)[^\s/@]{1,999}(?=@)"),
    ("password", r"(?P<keep>passw(?:or)?d[\"']?\s{0,9}[=:]\s{0,9}[\"']?)[^\s\"'\[]{4,}"),
)
"""What stands where a secret would; in a program that is often a name."""
IN_CODE = _compiled(
    ("password", r"://[^\s/:@]{0,99}:[^\s/@{}$<]{1,999}@"),
    ("password", r"passw(?:or)?d[\"']?\s{0,9}[=:]\s{0,9}[\"'][^\s\"'\[{}$<]{4,}[\"']"),
)
"""The same, written out."""
ASSIGNMENT = re.compile(
    r"(?i)(?<![\w.-])([\w.-]{0,60}(?:key|token|secret|credential)[\w.-]{0,60}"
    r"[\"']?\s{0,9}[=:]\s{0,9}[\"']?)([^\s\"',;\[]+)"
)
WORD = re.compile(rf"[A-Za-z0-9]{{{LEAST_LENGTH},}}")
MIXED = re.compile(r"\d[A-Za-z]+\d+[A-Za-z]|[A-Za-z]\d+[A-Za-z]+\d")
"""Letters and digits that take turns: in `q8Zr2Lw9`, not in `ResNet50Encoder`."""


def redact(text: str) -> str:
    """Replace everything that looks like a secret by a word that says what was there."""
    for name, pattern in (*BY_FORM, *BY_PLACE):
        text = pattern.sub(partial(_removed, name), text)
    return ASSIGNMENT.sub(_assigned, text)


def first(text: str) -> tuple[int, str] | None:
    """Find the first secret that is written out in a file, such as a program.

    `redact` takes out too much rather than too little; here an attention's `key = self.key_layer`
    is none.

    Returns:
        Its line, counted from 1, and what it looks like; never the secret.
    """
    lines = enumerate(text.split("\n"), 1)
    return next(((number, name) for number, line in lines if (name := _written_out(line))), None)


def _written_out(line: str) -> str:
    """What the secret on a line looks like; empty if there is none."""
    for name, pattern in (*BY_FORM, *IN_CODE):
        if pattern.search(line):
            return name
    return "key or token" if any(_random(m[2]) for m in ASSIGNMENT.finditer(line)) else ""


def _random(value: str) -> bool:
    return any(map(MIXED.search, WORD.findall(value)))


def _removed(name: str, found: re.Match[str]) -> str:
    return f"{found.groupdict().get('keep', '')}[{name} removed]"


def _assigned(found: re.Match[str]) -> str:
    start, value = found.groups()
    random = len(value) >= LEAST_LENGTH and _entropy(value) >= LEAST_ENTROPY
    return f"{start}[secret removed]" if random else found[0]


def _entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits per character."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
