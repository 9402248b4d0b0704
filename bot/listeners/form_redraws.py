"""Redraws of open forms, one after the other, so that the newest change is what a form shows.

Slack sends a request for each change of a field, several at a time, and each one has the hash of
the form as it was when the field was changed. A redraw makes that hash stale for the requests that
are under way, and Slack would refuse theirs (`hash_conflict`): the form would go on telling what an
earlier change costs. https://docs.slack.dev/reference/methods/views.update
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cachetools import TTLCache

from bot.base.ports import Views
from bot.listeners.payloads import FormPayload
from bot.options.form_items import ItemEdit
from storage.job import Json

Draw: TypeAlias = Callable[[Mapping[str, int], ItemEdit | None], Awaitable[Mapping[str, Json]]]
"""Returns a form, with fields for so many items by the option's name.

The press on a button of an item is followed in the fields as the change has them.
"""

MOST_FORMS = 1000
REMEMBERED_SECONDS = 3600.0


@dataclass(slots=True)
class _OpenForm:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    newest: float = 0.0
    """When the newest change was made of which a request came."""
    hash: str = ""
    """The hash after the last redraw."""
    replaced: set[str] = field(default_factory=set)
    """The hashes that redraws have replaced."""
    items: dict[str, int] = field(default_factory=dict)
    """How many items the buttons asked for: the state of the fields does not tell."""
    edits: dict[str, ItemEdit | None] = field(default_factory=dict)
    """The last press on a button of items, by the hash of the form in which it was pressed.

    Other changes with that hash have the fields as they were before the press.
    """


class FormRedraws:
    """The forms that were redrawn within the last hour, in this process."""

    def __init__(self) -> None:
        self._forms: TTLCache[str, _OpenForm] = TTLCache(MOST_FORMS, REMEMBERED_SECONDS)

    async def redraw(self, payload: FormPayload, draw: Draw, views: Views) -> None:
        """Redraw the form of a change, unless a newer change is about to.

        A form that was changed otherwise is left as it is. Raises what `draw` and `Views.update`
        raise.
        """
        view = payload.view
        form = self._forms.get(view.id) or _OpenForm()
        self._forms[view.id] = form
        form.newest = max(form.newest, payload.acted_at)
        form.items |= payload.item_counts
        if payload.item_counts:
            form.edits[view.hash] = payload.item_edit
        async with form.lock:
            if payload.acted_at < form.newest:
                return
            edit = payload.item_edit if payload.item_counts else form.edits.get(view.hash)
            drawn = await draw(dict(form.items), edit)
            known = form.hash if view.hash in form.replaced else view.hash
            form.hash = await views.update(view.id, drawn, if_hash=known or None)
            form.replaced |= {known, view.hash}
