"""The state of a form's elements as Slack sends it, and the error of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.options.schema import as_mapping
from storage.job import Json

State: TypeAlias = Mapping[str, Json]
"""`view.state.values` of a payload: block ID → action ID → state of the element.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""


class FormError(UsageError):
    """A form that is refused; `errors` has a sentence for each block ID at fault."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def element(state: State, block_id: str) -> Mapping[str, Json]:
    """Return the state of the only element of a block; empty when there is none."""
    block = as_mapping(state.get(block_id))
    return as_mapping(next(iter(block.values()), None))


def selected(found: Mapping[str, Json]) -> str | None:
    """Return the value chosen in a menu, or `None`."""
    value = as_mapping(found.get("selected_option")).get("value")
    return value if isinstance(value, str) else None


def all_selected(found: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the values chosen in a menu of which several may be chosen."""
    options = found.get("selected_options")
    values = (
        as_mapping(one).get("value")
        for one in (options if isinstance(options, list | tuple) else [])
    )
    return tuple(value for value in values if isinstance(value, str))


def is_ticked(found: Mapping[str, Json]) -> bool:
    """Tell whether a box of an element is ticked."""
    return bool(found.get("selected_options"))


def plain(error: UsageError) -> str:
    """Return the message of an error without backticks, which a form shows literally."""
    return str(error).replace("`", "")
