"""The parts of a method of the simulated Web API: arguments, scopes, function."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from sandbox.slack.blocks import check_pictures
from sandbox.slack.entities import Channel, Kind, Payload, RefusalError
from sandbox.slack.world import World

Args = TypeVar("Args", bound=BaseModel)


def _from_form(value: object) -> object:
    """Parse JSON that arrived as text, as in a form."""
    return json.loads(value) if isinstance(value, str) and value else value


Blocks = Annotated[list[Payload] | None, BeforeValidator(_from_form)]
"""Blocks, as JSON or as the text that a form carries."""

JsonObject = Annotated[Payload, BeforeValidator(_from_form)]
"""A JSON object, as JSON or as text."""

JsonList = Annotated[list[Payload], BeforeValidator(_from_form)]
"""A JSON list of objects, as JSON or as text."""


class NoArgs(BaseModel):
    """The arguments of a method that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method. `takes_json`: Slack reads a JSON body for it, not only a form."""

    run: Callable[[World, Mapping[str, object]], Payload]
    scopes: frozenset[str] = frozenset()
    takes_json: bool = True
    app_token: bool = False


def method(
    shape: type[Args],
    run: Callable[[World, Args], Payload],
    *scopes: str,
    takes_json: bool = True,
    app_token: bool = False,
) -> Method:
    """Return a method that validates its arguments as `shape` and calls `run` with them."""

    def call(world: World, raw: Mapping[str, object]) -> Payload:
        try:
            args = shape.model_validate(raw)
        except (ValidationError, json.JSONDecodeError) as error:
            raise RefusalError(
                "invalid_arguments", response_metadata={"messages": [str(error)]}
            ) from error
        for name in ("blocks", "view"):
            check_pictures(getattr(args, name, None), world.files.may_show)
        return run(world, args)

    return Method(run=call, scopes=frozenset(scopes), takes_json=takes_json, app_token=app_token)


def require_scope(world: World, *, needed: str) -> None:
    """Raise `RefusalError` for a call whose scope the app lacks."""
    granted = world.credentials.scopes
    if needed not in granted:
        raise RefusalError("missing_scope", needed=needed, provided=",".join(sorted(granted)))


def require_scope_to_read(world: World, channel: Channel, *, permission: str) -> None:
    """Raise `RefusalError` if the app lacks `read` or `history` for this kind of channel."""
    families = {Kind.PUBLIC: "channels", Kind.PRIVATE: "groups", Kind.DIRECT: "im"}
    require_scope(world, needed=f"{families[channel.kind]}:{permission}")
