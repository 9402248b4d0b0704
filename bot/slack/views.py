"""The `Views` port over Slack's Web API: forms and Home tabs."""

from collections.abc import Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import RefusedError
from bot.slack.answers import OkAnswer, ViewAnswer
from bot.slack.client import ask
from bot.slack.pictures import Blocks, with_pictures_if_shown
from storage.job import Json

USED_TRIGGER = "exchanged_trigger_id"
"""https://docs.slack.dev/reference/methods/views.open"""
FULL_STACK = "push_limit_reached"
"""https://docs.slack.dev/reference/methods/views.push"""


class SlackViews:
    """Implements the port `Views`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def open(self, trigger_id: str, view: Mapping[str, Json]) -> None:
        """Open a form for the person whose click or command gave the trigger."""
        call = self._client.views_open(trigger_id=trigger_id, view=dict(view))
        try:
            await ask(call, OkAnswer, doubtful=False)
        except RefusedError as error:
            # A repeated delivery: the form is open already.
            if error.code != USED_TRIGGER:
                raise

    async def push(self, trigger_id: str, view: Mapping[str, Json]) -> None:
        """Put a modal on top of the form in which the person clicked."""
        call = self._client.views_push(trigger_id=trigger_id, view=dict(view))
        try:
            await ask(call, OkAnswer, doubtful=False)
        except RefusedError as error:
            # A repeated delivery, or a third click: the modal is on top already.
            if error.code not in {USED_TRIGGER, FULL_STACK}:
                raise

    async def update(
        self, view_id: str, view: Mapping[str, Json], *, if_hash: str | None = None
    ) -> str:
        """Redraw an open form; with `if_hash` only if it has not changed since."""
        call = self._client.views_update(view_id=view_id, view=dict(view), hash=if_hash)
        answer = await ask(call, ViewAnswer, doubtful=False)
        return answer.view.hash if answer.view else ""

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Redraw a person's Home tab."""

        async def send(blocks: Blocks) -> None:
            drawn = {**view, "blocks": list(blocks)}
            call = self._client.views_publish(user_id=user, view=drawn)
            await ask(call, OkAnswer, doubtful=False)

        match view:
            case {"blocks": [*blocks]}:
                shown = [block for block in blocks if isinstance(block, Mapping)]
                await with_pictures_if_shown(shown, send)
            case _:
                await send(())
