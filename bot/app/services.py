"""Puts the parts of the bot together: each function makes one, out of what all of them share."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.app.socket_mode import SocketMode
from bot.base.metrics import Metrics
from bot.base.settings import Settings
from bot.jobs import pacing
from bot.jobs.accept import Intake, new_id
from bot.jobs.actions import Verbs
from bot.listeners import actions, commands, home, messages, modals, shortcuts
from bot.listeners.context import Desk
from bot.listeners.home import Homes, HomeTools
from bot.media.links import MediaLinks
from bot.media.reference_images import SlackPictures
from bot.mindvideo.client import MindVideoClient
from bot.notifications import tell
from bot.options.catalog import Catalog
from bot.slack.attachments import SlackPersonFiles
from bot.slack.chat import Identity, SlackChat
from bot.slack.directory import SlackDirectory
from bot.slack.ephemeral import Aside
from bot.slack.views import SlackViews
from bot.steps import STEPS
from bot.worker.board import NoticeBoard
from bot.worker.context import Tools
from bot.worker.engine import Engine
from bot.worker.scheduler import Clock, SteadyClock
from bot.worker.telling import NoticeTools
from storage.sqlite.store import SqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the parts stand on."""

    settings: Settings
    catalog: Catalog
    store: SqliteStore
    client: AsyncWebClient
    chat: SlackChat
    me: Identity
    socket_address: str | None
    """Where Slack takes one connection; `None` if its requests come by HTTP."""
    directory: SlackDirectory
    now: SteadyClock
    clock: Clock
    metrics: Metrics


def make_video(ground: Ground) -> MindVideoClient:
    """Make MindVideo's client, which wants to be closed."""
    key = ground.settings.mindvideo_api_key.get_secret_value()
    return MindVideoClient(ground.settings.mindvideo_base_url, key, now=ground.now)


def make_pictures(ground: Ground) -> SlackPictures:
    """Make what brings people's images to MindVideo: by signed links if the world reaches us."""
    settings, links = ground.settings, None
    if settings.public_url is not None:
        secret = settings.slack_bot_token.get_secret_value()
        links = MediaLinks(settings.public_url, secret, now=ground.now)
    return SlackPictures(SlackPersonFiles(ground.client), links)


def make_engine(ground: Ground, video: MindVideoClient, pictures: SlackPictures) -> Engine:
    """Make the engine, with the ports that its steps act through."""
    settings = ground.settings
    return Engine(
        Tools(
            video=video,
            chat=ground.chat,
            pictures=pictures,
            links=ground.directory,
            store=ground.store,
            catalog=ground.catalog,
            now=ground.now,
            edits=pacing.EditBudget(),
            started_at=ground.now(),
            poll_min=settings.poll_min_seconds,
            poll_max=settings.poll_max_seconds,
            unit=settings.cost_unit,
        ),
        STEPS,
        chance=secrets.SystemRandom().random,
        observer=ground.metrics,
        wake=ground.clock.wake,
    )


def make_board(ground: Ground) -> NoticeBoard:
    """Make what tells notices and digests."""
    return NoticeBoard(
        NoticeTools(
            jobs=ground.store,
            notices=ground.store,
            chat=ground.chat,
            directory=ground.directory,
            catalog=ground.catalog,
            now=ground.now,
            started_at=ground.now(),
            unit=ground.settings.cost_unit,
        ),
        tell,
        chance=secrets.SystemRandom().random,
    )


def make_homes(ground: Ground) -> Homes:
    """Make what keeps people's Home up to date."""
    return Homes(
        HomeTools(
            store=ground.store,
            changes=ground.store,
            views=SlackViews(ground.client),
            directory=ground.directory,
            catalog=ground.catalog,
            now=ground.now,
            team=ground.me.team,
            unit=ground.settings.cost_unit,
        ),
        wake=ground.clock.wake,
    )


def make_desk(ground: Ground, engine: Engine, aside: Aside) -> Desk:
    """Make what every listener is given."""
    store, now = ground.store, ground.now
    intake = Intake(store, now=now, new_id=new_id, wake=ground.clock.wake, make_way=engine.make_way)
    verbs = Verbs(
        intake=intake,
        store=store,
        catalog=ground.catalog,
        now=now,
        new_id=new_id,
        admins=frozenset(ground.settings.admins),
    )
    return Desk(
        intake=intake,
        verbs=verbs,
        store=store,
        settings=store,
        notices=store,
        directory=ground.directory,
        catalog=ground.catalog,
        chat=ground.chat,
        aside=aside,
        views=SlackViews(ground.client),
        now=now,
        observer=ground.metrics,
        bot_user=ground.me.user,
        unit=ground.settings.cost_unit,
    )


def make_bolt(ground: Ground, desk: Desk, homes: Homes) -> AsyncApp:
    """Make Bolt's app with every listener: one workspace, so it never asks who calls."""
    me, client = ground.me, ground.client

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_user_id=me.user,
            bot_id=me.bot,
            bot_token=client.token,
        )

    secret = ground.settings.slack_signing_secret
    bolt = AsyncApp(
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Answer as soon as the listener has ended, which is after its commit; by default Bolt
        # looks every 10 ms whether it has acknowledged, and acknowledges events beforehand.
        # https://github.com/slackapi/bolt-python/blob/main/slack_bolt/listener/asyncio_runner.py
        process_before_response=True,
    )
    home.register(bolt, homes)
    for surface in (commands, actions, messages, modals, shortcuts):
        surface.register(bolt, desk)
    return bolt


def make_socket(ground: Ground, bolt: AsyncApp) -> SocketMode | None:
    """Make the connection over which requests come to Bolt, if they do not come by HTTP."""
    token = ground.settings.slack_app_token
    if token is None or ground.socket_address is None:
        return None
    return SocketMode(bolt, token.get_secret_value(), ground.socket_address)
