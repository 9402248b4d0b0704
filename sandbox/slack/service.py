"""A simulated Slack over real HTTP on loopback: what a bot, a test and the demo page need of it."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from aiohttp import web

from sandbox.slack.api import WebApi
from sandbox.slack.app_manifest import Manifest, read_manifest
from sandbox.slack.delivery import ACK_SECONDS, RETRY_PAUSES, Courier
from sandbox.slack.entities import BOT
from sandbox.slack.file_routes import FileRoutes
from sandbox.slack.files import FileStore
from sandbox.slack.hooks import Hooks
from sandbox.slack.people import People
from sandbox.slack.sockets import SocketHub
from sandbox.slack.views import Views
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Credentials, World


class SlackSandbox:
    """A whole Slack workspace, in which the app of `manifest` is installed.

    Serve `app`, tell `listens_at` where, and give the bot `api_url` with the tokens and the
    signing secret of `credentials`. Deliveries go to an open socket, or to where `deliver_to`
    says. Files are kept in `folder`, which must exist. `world` is all state, `people` is what
    people do, `faults` is what goes wrong, `world.calls` what the bot called. Without `echo` the
    bot is not told of its own messages, which a benchmark may want.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        now: Callable[[], float] = time.time,
        ack_seconds: float = ACK_SECONDS,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
        echo: bool = True,
    ) -> None:
        workspace = Workspace(now)
        app = read_manifest(manifest)
        self.world = World(
            app=app,
            workspace=workspace,
            files=FileStore(workspace, folder),
            views=Views(workspace),
            credentials=Credentials(scopes=set(app.scopes)),
        )
        self.faults = self.world.faults
        self.credentials = self.world.credentials
        self.sockets = SocketHub(self.world)
        self.courier = Courier(
            self.world, self.sockets, ack_seconds=ack_seconds, retry_pauses=retry_pauses
        )
        self.people = People(self.world, self.courier, echo=echo)
        self.app = web.Application()
        for part in (WebApi(self.world), FileRoutes(self.world), Hooks(self.world), self.sockets):
            self.app.add_routes(part.routes())
        self.app.cleanup_ctx.append(self._running)
        self.app.on_shutdown.append(self._hang_up)

    def listens_at(self, base_url: str) -> None:
        """Note where `app` is served, for the addresses that this Slack hands out."""
        self.world.base_url = base_url

    def deliver_to(self, events_url: str | None) -> None:
        """Deliver by HTTP to the bot's `/slack/events`, or by socket again with `None`."""
        self.courier.events_url = events_url

    @property
    def api_url(self) -> str:
        """What the bot needs as `SLACK_API_URL`."""
        return self.world.url("/api/")

    async def settled(self) -> None:
        """Wait until no delivery is under way in the background."""
        await self.courier.settled()

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        self.world.workspace.channels[channel].archived = True
        self.world.workspace.touch()

    def remove_bot(self, channel: str) -> None:
        """Take the bot out of a channel."""
        self.world.workspace.channels[channel].members.discard(BOT)
        self.world.workspace.touch()

    def invite_bot(self, channel: str) -> None:
        """Bring the bot into a channel."""
        self.world.workspace.channels[channel].members.add(BOT)
        self.world.workspace.touch()

    def revoke_token(self) -> None:
        """Let the bot's token count no more."""
        self.credentials.bot_token = None

    def withdraw_scope(self, scope: str) -> None:
        """Take a permission away from the app."""
        self.credentials.scopes.discard(scope)

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        await self.courier.open()
        yield
        await self.courier.close()

    async def _hang_up(self, _: web.Application) -> None:
        await self.sockets.close()
