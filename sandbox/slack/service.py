"""The simulated Slack over real HTTP on loopback, for a bot, a test or the demo page."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from aiohttp import web

from sandbox.slack.api import WebApi
from sandbox.slack.app_manifest import Manifest, read_manifest
from sandbox.slack.delivery import ACK_SECONDS, RETRY_PAUSES, Dispatcher
from sandbox.slack.entities import BOT, User
from sandbox.slack.file_routes import FileRoutes
from sandbox.slack.files import FileStore
from sandbox.slack.limits import RateLimiter, RateLimits
from sandbox.slack.people import People
from sandbox.slack.response_urls import ResponseUrlRoutes
from sandbox.slack.sockets import SocketHub
from sandbox.slack.views import Views
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Credentials, World


class SlackSandbox:
    """A whole Slack workspace, in which the app of `manifest` is installed.

    Serve `app`, pass its URL to `set_base_url`, and give the bot `api_url` with the tokens and the
    signing secret of `credentials`. Deliveries go to an open websocket, or to the URL of
    `deliver_to`. Files are kept in `folder`, which must exist. `world` holds all state, `people`
    the actions of people, `faults` the faults to inject, `world.calls` the bot's calls. Without
    `echo` the bot gets no events about its own messages, for example in a benchmark. With `limits`
    calls beyond them are refused, as Slack does.
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
        limits: RateLimits | None = None,
    ) -> None:
        workspace = Workspace(now)
        app = read_manifest(manifest)
        self.world = World(
            app=app,
            workspace=workspace,
            files=FileStore(workspace, folder),
            views=Views(workspace),
            credentials=Credentials(scopes=set(app.scopes)),
            limiter=RateLimiter(limits) if limits else None,
        )
        self.faults = self.world.faults
        self.credentials = self.world.credentials
        self.sockets = SocketHub(self.world)
        self.dispatcher = Dispatcher(
            self.world, self.sockets, ack_seconds=ack_seconds, retry_pauses=retry_pauses
        )
        self.people = People(self.world, self.dispatcher, echo=echo)
        self.app = web.Application()
        for part in (
            WebApi(self.world),
            FileRoutes(self.world),
            ResponseUrlRoutes(self.world),
            self.sockets,
        ):
            self.app.add_routes(part.routes())
        self.app.cleanup_ctx.append(self._running)
        self.app.on_shutdown.append(self._close_sockets)

    def set_base_url(self, base_url: str) -> None:
        """Set the URL at which `app` is served; the URLs that this Slack issues begin with it."""
        self.world.base_url = base_url

    def deliver_to(self, events_url: str | None) -> None:
        """Deliver by HTTP to this URL of the bot, or by websocket with `None`."""
        self.dispatcher.events_url = events_url

    @property
    def api_url(self) -> str:
        """The bot's `SLACK_API_URL`."""
        return self.world.url("/api/")

    async def settled(self) -> None:
        """Wait until no delivery in the background is left."""
        await self.dispatcher.settled()

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        self.world.workspace.channels[channel].archived = True
        self.world.workspace.touch()

    def remove_bot(self, channel: str) -> None:
        """Remove the bot from a channel."""
        self.world.workspace.channels[channel].members.discard(BOT)
        self.world.workspace.touch()

    def invite_bot(self, channel: str) -> None:
        """Add the bot to a channel."""
        self.world.workspace.channels[channel].members.add(BOT)
        self.world.workspace.touch()

    def share(self, channel: str, team: str, *people: User) -> None:
        """Share a channel with another workspace, some people of which enter it."""
        self.world.workspace.channels[channel].shared_with = team
        self.add_people(channel, *people)

    def add_people(self, channel: str, *people: User) -> None:
        """Add people to a channel, who are not known to the workspace yet."""
        for user in people:
            self.world.workspace.users[user.id] = user
            self.world.workspace.channels[channel].members.add(user.id)
        self.world.workspace.touch()

    def deactivate(self, user: str) -> None:
        """Deactivate a person's account, which leaves all channels."""
        self.world.workspace.users[user].is_deactivated = True
        for channel in self.world.workspace.channels.values():
            channel.members.discard(user)
        self.world.workspace.touch()

    def revoke_token(self) -> None:
        """Revoke the bot's token."""
        self.credentials.bot_token = None

    def withdraw_scope(self, scope: str) -> None:
        """Remove a scope from the app."""
        self.credentials.scopes.discard(scope)

    async def _running(self, _: web.Application) -> AsyncIterator[None]:
        await self.dispatcher.open()
        yield
        await self.dispatcher.close()

    async def _close_sockets(self, _: web.Application) -> None:
        await self.sockets.close()
