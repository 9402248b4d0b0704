"""The `Views` port over Slack's Web API: forms and Home tabs."""

from collections.abc import Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import RefusedError
from bot.slack.answers import OkAnswer, ViewAnswer
from bot.slack.client import ask
from bot.slack.pictures import view_with_pictures_if_shown
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

        async def send(drawn: Mapping[str, Json]) -> None:
            call = self._client.views_open(trigger_id=trigger_id, view=dict(drawn))
            await ask(call, OkAnswer, doubtful=False)

        try:
            await view_with_pictures_if_shown(view, send)
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

        async def send(drawn: Mapping[str, Json]) -> str:
            call = self._client.views_update(view_id=view_id, view=dict(drawn), hash=if_hash)
            answer = await ask(call, ViewAnswer, doubtful=False)
            return answer.view.hash if answer.view else ""

        return await view_with_pictures_if_shown(view, send)

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Redraw a person's Home tab."""

        async def send(drawn: Mapping[str, Json]) -> None:
            call = self._client.views_publish(user_id=user, view=dict(drawn))
            await ask(call, OkAnswer, doubtful=False)

        await view_with_pictures_if_shown(view, send)
