"""The demo page in headless Chromium, over a sandbox with a scripted bot, for one test."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.demo.api import DemoApi
from sandbox.server import serve
from sandbox.slack.entities import ANA
from sandbox.slack.service import SlackSandbox
from tests.support.sandbox import MANIFEST
from tests.support.slack_sandbox import client_of

PATIENCE = 20.0
"""Seconds within which anything on one machine has happened, however busy it is."""

# Nothing is drawn on a screen, nothing is fetched from elsewhere, and a container has no sandbox.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Slack told the bot: `command`, or the type of the interaction or event."""

    type: str
    payload: object

    def at(self, *path: str | int) -> object:
        """Return a part of the payload; `None` where there is none."""
        return part(self.payload, *path)


def part(of: object, *path: str | int) -> object:
    """Return what stands at `path` in JSON; `None` where there is nothing."""
    for step in path:
        match of, step:
            case dict(), str():
                of = of.get(step)
            case list(), int():
                of = of[step]
            case _:
                return None
    return of


async def silently(_: Told) -> object:
    """Acknowledge without a word."""
    return None


@dataclass(slots=True)
class ScriptedBot:
    """A bot that does what the test says: `reply` returns the body of the acknowledgement."""

    told: list[Told] = field(default_factory=list)
    reply: Callable[[Told], Awaitable[object]] = silently
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        """Take a delivery."""
        told = _told(request.content_type, await request.text())
        body = await self.reply(told)
        async with self._news:
            self.told.append(told)
            self._news.notify_all()
        return web.Response() if body is None else web.json_response(body)

    async def hears(self, kind: str) -> Told:
        """Return the latest of a type, waiting for the first."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: any(each.type == kind for each in self.told))
        return next(each for each in reversed(self.told) if each.type == kind)


def _told(content_type: str, body: str) -> Told:
    if content_type == "application/json":
        payload = json.loads(body)
        return Told(type=str(part(payload, "event", "type")), payload=payload)
    fields: dict[str, object] = dict(parse_qsl(body))
    if "payload" not in fields:
        return Told(type="command", payload=fields)
    payload = json.loads(str(fields["payload"]))
    return Told(type=str(part(payload, "type")), payload=payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that a test of the page plays with."""

    browser: Browser
    url: str
    slack: SlackSandbox
    bot: ScriptedBot
    client: AsyncWebClient
    complaints: list[str] = field(default_factory=list)
    """What the browser's console said, and what was asked of other hosts."""

    async def enter(
        self, user: str = ANA, *, width: int = 1280, height: int = 800, touch: bool = False
    ) -> Page:
        """Open the page as a person."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
        )
        context.set_default_timeout(PATIENCE * 1000)
        page = await context.new_page()
        _watch(page, self.url, self.complaints)
        await page.goto(f"{self.url}/#user={user}")
        await page.get_by_test_id("channel-title").wait_for()
        return page


def _watch(page: Page, url: str, complaints: list[str]) -> None:
    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith(url):
            complaints.append(f"asked for {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Start Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("install the Debian package chromium to test the demo page")
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def staged(browser: Browser, folder: Path) -> AsyncIterator[Stage]:
    """Set up a sandbox with its page and a scripted bot; complain of what the browser found."""
    slack = SlackSandbox(folder, MANIFEST, ack_seconds=PATIENCE, retry_pauses=())
    DemoApi(slack.people).add_to(slack.app)
    bot = ScriptedBot()
    app = web.Application()
    app.router.add_post("/slack/events", bot.handle)
    async with serve(slack.app) as url, serve(app) as bot_url:
        slack.listens_at(url)
        slack.deliver_to(f"{bot_url}/slack/events")
        async with client_of(slack) as client:
            stage = Stage(browser=browser, url=url, slack=slack, bot=bot, client=client)
            yield stage
            for context in browser.contexts:
                await context.close()
        assert stage.complaints == []
