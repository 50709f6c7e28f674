"""docs/configuration.md says of every key what the models say, and its example is one."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import get_args

from pydantic import BaseModel

from bot.config import Config, parse
from bot.sections import ROLES
from tests.approved import check_part

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BLOCK = re.compile(r"(<!-- keys: .* -->\n).*?(<!-- keys end -->)", re.DOTALL)
EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
KINDS = {"string": "text", "boolean": "true or false"}
LISTS = {"string": "list of texts", "integer": "list of whole numbers; N alone is 1 to N"}
Schema = Mapping[str, object]


def test_the_page_names_every_key_and_no_other() -> None:
    check_part(PAGE, BLOCK, f"{_sections()}\n")


def test_the_examples_on_the_page_are_configurations() -> None:
    smallest, full = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert parse(smallest).queues.keys() == {"local"}
    assert parse(full).queues["a100-80g"].gpus == 1


def test_the_full_example_holds_every_section() -> None:
    _, full = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert set(parse(full).model_fields_set) == set(Config.model_fields)


def test_the_page_names_every_secret_and_variable_of_the_workflows() -> None:
    workflows = Path(__file__).parents[2] / ".github" / "workflows"
    used = {
        (name, {"secrets": "secret", "vars": "variable"}[kind])
        for path in workflows.glob("*.yml")
        for kind, name in re.findall(r"\b(secrets|vars)\.([A-Z_]+)", path.read_text("utf-8"))
    }
    told = re.findall(r"\| `([A-Z_]+)` \| (secret|variable) \|", PAGE.read_text("utf-8"))
    assert sorted(told) == sorted(used)


def test_every_key_has_its_sentence() -> None:
    for name, field in Config.model_fields.items():
        if (model := _model(field.annotation)) is not None:
            assert _sentences(model).keys() >= model.model_fields.keys(), name


def _sections() -> str:
    """One table for each section, in the order of the file."""
    schema = Config.model_json_schema()
    definitions = schema["$defs"]
    found = []
    for name, field in Config.model_fields.items():
        model = _model(field.annotation)
        if model is None:
            found.append(f"### `{name}`\n\n{_sentences(Config)[name]}\n")
            continue
        anyname = "" if field.annotation is model else ".<name>"
        rows = _rows(model, definitions[model.__name__])
        needed = "" if name not in schema["required"] else " Required."
        about = f"{inspect.getdoc(model)}{needed}"
        head = "| key | type | default | what it does |\n|:--|:--|:--|:--|"
        found.append("\n".join((f"### `{name}{anyname}`", "", about, "", head, *rows, "")))
    return "\n".join(found)


def _rows(model: type[BaseModel], schema: Schema) -> Iterator[str]:
    sentences, keys = _sentences(model), schema["properties"]
    required = schema.get("required", ())
    assert isinstance(keys, dict)
    assert isinstance(required, list | tuple)
    for key, value in keys.items():
        default = "**required**" if key in required else _default(value["default"])
        yield f"| `{key}` | {_kind(value)} | {default} | {sentences[key]} |"


def _model(annotation: object) -> type[BaseModel] | None:
    """The section that a key holds, under its own name or under any."""
    parts = (annotation, *get_args(annotation))
    models = (p for p in parts if isinstance(p, type) and issubclass(p, BaseModel))
    return next(models, None)


def _sentences(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field in the source."""
    tree = ast.parse(dedent(inspect.getsource(model))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str() as text)):
                found[name] = " ".join(text.split())
    return found


def _default(value: object) -> str:
    if value is None:
        return "not set"
    if value in ({}, []):
        return "none"
    if isinstance(value, list):
        runs = value == list(range(value[0], value[0] + len(value)))
        return f"{value[0]} to {value[-1]}" if runs else ", ".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _kind(schema: Schema) -> str:
    """A field's type, and what it may be, in words."""
    match schema:
        case {"anyOf": [*kinds]}:
            return " or ".join(_kind(k) for k in kinds if k != {"type": "null"})
        case {"enum": [*names]} if names == [*ROLES]:
            return "a role"
        case {"enum": [*names]}:
            return ", ".join(f"`{n}`" for n in names[:-1]) + f" or `{names[-1]}`"
        case {"type": "array", "items": {"type": str() as item}}:
            return LISTS[item]
        case {"type": "object", "additionalProperties": dict() as item}:
            return f"`{{name: {_kind(item) or 'anything'}}}`"
        case {"type": "integer" | "number" as kind}:
            return ("whole number" if kind == "integer" else "number") + _bounds(schema)
    return KINDS.get(str(schema.get("type")), "")


def _bounds(schema: Schema) -> str:
    match schema:
        case {"minimum": low, "maximum": high}:
            return f", {low} to {high}"
        case {"minimum": low}:
            return f", at least {low}"
        case {"exclusiveMinimum": low}:
            return f" above {low}"
    return ""
