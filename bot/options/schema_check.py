"""Refuses a schema with keywords that the bot does not support."""

from __future__ import annotations

from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from bot.base.errors import ConfigurationError
from bot.options.schema import Schema, as_mapping, properties_of

# Meaning of each: https://json-schema.org/draft/2020-12/json-schema-validation. A keyword outside
# this list could be a rule that help, form and messages would not show, so it is refused.
_REMARKS = {"type", "title", "description", "examples", "$schema", "$comment"}
_OF_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_OF_TEXT = {"minLength", "maxLength", "pattern", "format"}
_OF_LISTS = {"items", "minItems", "maxItems", "uniqueItems"}
_OF_OBJECTS = {"properties", "required", "additionalProperties"}
_OF_ANY = {"enum", "const", "default"}
UNDERSTOOD = frozenset(
    _REMARKS | _OF_NUMBERS | _OF_TEXT | _OF_LISTS | _OF_OBJECTS | _OF_ANY,
)
UNDERSTOOD_AT_ROOT = frozenset(_REMARKS | _OF_OBJECTS)
# The keywords above mean the same in these four: https://json-schema.org/specification-links
DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
)


def check_schema(schema: Schema) -> None:
    """Raise `ConfigurationError`, naming keyword and place, unless all of `schema` is understood.

    Keywords that begin with `x-` are remarks and may have any value.
    """
    draft = str(schema.get("$schema", DRAFTS[0])).rstrip("#")
    if draft not in DRAFTS:
        raise ConfigurationError(f"the schema is written in `{draft}`, which is not understood")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path)) or "the schema"
        raise ConfigurationError(f"{where} is not JSON Schema: {error.message}") from error
    for where, part in _parts("", schema):
        unknown = {
            keyword
            for keyword in part
            if keyword not in (UNDERSTOOD if where else UNDERSTOOD_AT_ROOT)
            and not keyword.startswith("x-")
        }
        if unknown:
            raise ConfigurationError(
                f"the schema keyword `{min(unknown)}` in {where or 'the schema itself'} "
                "is not understood"
            )
    if schema.get("type") != "object" or not properties_of(schema):
        raise ConfigurationError("the schema must have the type object, and properties")


def _parts(where: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield a schema and every schema inside it, each with the path that leads there."""
    yield where, schema
    inside = [(f"properties/{name}", part) for name, part in properties_of(schema).items()]
    inside += [(name, schema[name]) for name in ("items", "additionalProperties") if name in schema]
    for step, part in inside:
        path = f"{where}/{step}".lstrip("/")
        if not isinstance(part, bool):
            yield from _parts(path, as_mapping(part))
        elif step != "additionalProperties":
            raise ConfigurationError(f"{path} must be a schema, not {str(part).lower()}")
