"""Forms and the Home tab at Slack: open, change, stack, publish."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import Done, ask
from storage.job import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenView:
    """A form on a person's screen. `hash` changes with each change of it."""

    id: str
    hash: str


class _View(BaseModel):
    id: str
    hash: str = ""


class _Shown(BaseModel):
    view: _View


class SlackViews:
    """Every method raises what `bot.slack.client.ask` raises for a call that is safe to repeat.

    `RefusedError` when the trigger has expired (3 s) or was used, `NotFoundError` when the form
    is closed. A trigger serves once: a repeated `open` or `push` is refused, not doubled.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def open(self, trigger_id: str, view: Mapping[str, Json]) -> OpenView:
        """Open a form for the person whose click or command gave the trigger."""
        call = self._client.views_open(trigger_id=trigger_id, view=dict(view))
        return _opened(await ask(call, _Shown, doubtful=False))

    async def push(self, trigger_id: str, view: Mapping[str, Json]) -> OpenView:
        """Put a form on top of the one that is open; Slack stacks three at most."""
        call = self._client.views_push(trigger_id=trigger_id, view=dict(view))
        return _opened(await ask(call, _Shown, doubtful=False))

    async def update(
        self, view_id: str, view: Mapping[str, Json], *, if_hash: str | None = None
    ) -> OpenView:
        """Redraw an open form; with `if_hash` only if it has not changed since."""
        call = self._client.views_update(view_id=view_id, view=dict(view), hash=if_hash)
        return _opened(await ask(call, _Shown, doubtful=False))

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Redraw a person's Home tab."""
        call = self._client.views_publish(user_id=user, view=dict(view))
        await ask(call, Done, doubtful=False)


def _opened(shown: _Shown) -> OpenView:
    return OpenView(id=shown.view.id, hash=shown.view.hash)
