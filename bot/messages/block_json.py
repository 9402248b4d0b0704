"""Renders the models of Slack's SDK as JSON, with all their checks.

The SDK looks at every name of an object for its validators, for each object anew, which takes most
of the time of a message. Here they are looked up once for each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from slack_sdk.models.basic_objects import EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST, JsonObject
from slack_sdk.models.blocks import RichTextElementParts

from storage.job import Json

_MAY_BE_EMPTY = frozenset(
    (one["type"], one["property"]) for one in EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST
)


def as_json(model: JsonObject) -> dict[str, Json]:
    """Return what `model.to_dict()` returns, also for the objects that it holds.

    Raises `SlackObjectFormationError` for an object that Slack would refuse.
    """
    kind = type(model)
    if _renders_itself(kind):
        own: dict[str, Json] = model.to_dict()
        return own
    for name in _validators(kind):
        getattr(model, name)()
    values = ((name, getattr(model, name, None)) for name in _attributes(model))
    return {name: _as_json(value) for name, value in values if not _is_left_out(model, name, value)}


def _as_json(value: object) -> Json:
    match value:
        case JsonObject():
            return as_json(value)
        case RichTextElementParts.TextStyle():
            style: dict[str, Json] = value.to_dict()
            return style
        case list() | tuple():
            return [_as_json(one) for one in value]
        case _:
            plain: Json = value  # type: ignore[assignment]  # what a model holds is JSON
            return plain


def _is_left_out(model: JsonObject, name: str, value: object) -> bool:
    if value is None:
        return True
    is_empty = isinstance(value, str | Sequence | dict) and not value
    return is_empty and (getattr(model, "type", None), name) not in _MAY_BE_EMPTY


@cache
def _renders_itself(kind: type[JsonObject]) -> bool:
    """Return whether a class has a rendering of its own, as options have."""
    return (
        kind.to_dict is not JsonObject.to_dict
        or kind.get_non_null_attributes is not JsonObject.get_non_null_attributes
    )


@cache
def _validators(kind: type[JsonObject]) -> tuple[str, ...]:
    names = (name for name in dir(kind) if not name.startswith("__"))
    return tuple(name for name in names if hasattr(getattr(kind, name, None), "validator"))


_ATTRIBUTES: dict[type[JsonObject], tuple[str, ...]] = {}


def _attributes(model: JsonObject) -> tuple[str, ...]:
    """Return the names of what an object shows, which are those of its class."""
    kind = type(model)
    if kind not in _ATTRIBUTES:
        _ATTRIBUTES[kind] = tuple(sorted(model.attributes))
    return _ATTRIBUTES[kind]
