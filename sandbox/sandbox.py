"""Runs both simulated services, and gives the environment variables of a bot that uses them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp.typedefs import Middleware

from sandbox.demo.api import DemoApi
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.mindvideo.service import MindVideoSandbox
from sandbox.server import serve
from sandbox.slack.app_manifest import Manifest
from sandbox.slack.limits import RateLimits
from sandbox.slack.service import SlackSandbox

API_KEY = "mv_live_sandbox"
RENDER_SECONDS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A simulated Slack with the demo page, a simulated MindVideo, and a folder for the bot."""

    slack: SlackSandbox
    demo: DemoApi
    video: MindVideoSandbox
    slack_url: str
    """Base URL of the simulated Slack and of the demo page."""
    video_url: str
    folder: Path

    def environment(self, *, socket_mode: bool) -> dict[str, str]:
        """Return the environment of a bot that uses both services and listens on a free port."""
        credentials = self.slack.credentials
        connection = (
            {"SLACK_APP_TOKEN": credentials.app_token or ""}
            if socket_mode
            else {"SLACK_SIGNING_SECRET": credentials.signing_secret}
        )
        return connection | {
            "SLACK_BOT_TOKEN": credentials.bot_token or "",
            "SLACK_API_URL": self.slack.api_url,
            "MINDVIDEO_API_KEY": API_KEY,
            "MINDVIDEO_BASE_URL": self.video_url,
            "DATABASE_URL": f"sqlite:///{self.folder / 'video-bot.db'}",
            # The simulated Slack takes any number of calls, unless it is told otherwise.
            "SLACK_POSTS_PER_SECOND": "0",
            "SLACK_EDITS_PER_MINUTE": "0",
            "HOST": "127.0.0.1",
            "PORT": "0",
        }

    def deliver_to_port(self, port: int) -> None:
        """Make the simulated Slack deliver by HTTP to the bot on this port."""
        self.slack.deliver_to(f"http://127.0.0.1:{port}{self.slack.world.app.events_path}")


@asynccontextmanager
async def running_sandbox(
    manifest: Manifest,
    models_dir: Path,
    *,
    port: int = 0,
    render_seconds: float = RENDER_SECONDS,
    now: Callable[[], float] = time.time,
    media_dir: Path = PACKAGED_MEDIA,
    echo: bool = True,
    middlewares: Sequence[Middleware] = (),
    limits: RateLimits | None = None,
) -> AsyncIterator[Sandbox]:
    """Serve both services on loopback for the time of the context.

    `port` is the port of Slack and of the demo page; 0 is a free one. `manifest` is that of the app
    to install, `models_dir` holds the files of MindVideo's models, `media_dir` the files that its
    renders produce. Without `echo` the bot gets no events about its own messages. `middlewares` run
    for every request to either service. With `limits` Slack refuses calls beyond them. Raises
    `OSError` when the port is taken.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="video-bot-")))
        files = folder / "slack-files"
        files.mkdir()
        slack = SlackSandbox(files, manifest, now=now, echo=echo, limits=limits)
        demo = DemoApi(slack.people)
        demo.add_to(slack.app)
        slack.app.middlewares.extend(middlewares)
        video = MindVideoSandbox(
            now=now,
            models_dirs=[models_dir],
            render_seconds=render_seconds,
            api_key=API_KEY,
            media_dir=media_dir,
        )
        video_app = video.app()
        video_app.middlewares.extend(middlewares)
        slack_url = await stack.enter_async_context(serve(slack.app, port))
        slack.set_base_url(slack_url)
        video_url = await stack.enter_async_context(serve(video_app))
        yield Sandbox(
            slack=slack,
            demo=demo,
            video=video,
            slack_url=slack_url,
            video_url=video_url,
            folder=folder,
        )
