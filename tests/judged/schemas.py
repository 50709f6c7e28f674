"""Schemas of an OpenAPI description as JSON Schema, closed to fields that it does not name."""

from typing import Any

from jsonschema_rs import Draft202012Validator, Registry

Json = dict[str, Any]
KEPT = (
    *("enum", "format", "required", "pattern", "minLength", "maxLength", "minItems"),
    *("maxItems", "minimum", "maximum", "minProperties", "maxProperties", "type"),
)


class Schemas:
    """The schemas of one description, of OpenAPI 3.0 or 3.1."""

    def __init__(self, description: Json) -> None:
        self._named: Json = description["components"]["schemas"]
        converted = {name: self._convert(schema) for name, schema in self._named.items()}
        document = {"components": {"schemas": converted}}
        self._registry = Registry([("urn:github", document)])

    def validator(self, schema: Json) -> Draft202012Validator:
        """What checks values against a schema, which may refer to those with a name."""
        return Draft202012Validator(
            self._closed(schema), registry=self._registry, validate_formats=True
        )

    def _closed(self, schema: Json) -> Json:
        """A schema as it stands for one value, which may have no fields but the named ones."""
        made = self._convert(schema)
        return {**made, "unevaluatedProperties": False} if self._names_fields(schema) else made

    def _convert(self, schema: Json) -> Json:
        if "$ref" in schema:
            return {"$ref": f"urn:github{schema['$ref']}"}
        made = {key: schema[key] for key in KEPT if key in schema}
        if "properties" in schema:
            made["properties"] = {n: self._closed(s) for n, s in schema["properties"].items()}
        for key in ("items", "additionalProperties"):
            if key in schema:
                value = schema[key]
                made[key] = value if isinstance(value, bool) else self._closed(value)
        parts = [self._convert(part) for part in schema.get("allOf", ())]
        # GitHub's alternatives overlap: "exactly one" would refuse its own answers.
        choices = [schema[key] for key in ("anyOf", "oneOf") if key in schema]
        parts += [{"anyOf": [self._convert(part) for part in choice]} for choice in choices]
        if parts:
            made["allOf"] = parts
        return _nullable(made) if schema.get("nullable") is True else made

    def _names_fields(self, schema: Json) -> bool:
        """Whether it says what fields a value has, whichever of its branches holds."""
        if "$ref" in schema:
            return self._names_fields(self._named[schema["$ref"].rpartition("/")[2]])
        found = ["properties" in schema, *map(self._names_fields, schema.get("allOf", ()))]
        for key in ("anyOf", "oneOf"):
            objects = [p for p in schema.get(key, ()) if p.get("type", "object") == "object"]
            found.append(bool(objects) and all(map(self._names_fields, objects)))
        return any(found)


def _nullable(made: Json) -> Json:
    """OpenAPI 3.0's `nullable` in JSON Schema's words, also where an enum leaves null out."""
    return {"anyOf": [made, {"type": "null"}]}
