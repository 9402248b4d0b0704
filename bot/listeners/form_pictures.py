"""Shows a form with the pictures of the cast, or without them if Slack refuses those."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from bot.base.errors import NotFoundError, RefusedError
from bot.messages.cast import without_pictures
from storage.job import Json

T = TypeVar("T")


async def shown(show: Callable[[Mapping[str, Json]], Awaitable[T]], view: Mapping[str, Json]) -> T:
    """Call `show` with a view, and if Slack refuses it, once more without its pictures.

    A picture that was deleted at Slack must not keep the form from its user.
    """
    try:
        return await show(view)
    except NotFoundError:
        raise
    except RefusedError:
        plain = without_pictures(view)
        if plain is None:
            raise
        return await show(plain)
