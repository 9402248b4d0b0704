"""The demo page in headless Chromium, over a simulated Slack with a scripted bot."""

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

WAIT_SECONDS = 20.0
"""The longest wait for anything on this machine, however busy it is."""

# No display, no network, and no sandbox in a container.
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
class BotRequest:
    """A request that the bot received: `command`, or the type of the interaction or event."""

    type: str
    payload: object

    def at(self, *path: str | int) -> object:
        """Return a part of the payload, or `None`."""
        return part(self.payload, *path)


def part(of: object, *path: str | int) -> object:
    """Return the value at `path` in JSON, or `None`."""
    for step in path:
        match of, step:
            case dict(), str():
                of = of.get(step)
            case list(), int():
                of = of[step]
            case _:
                return None
    return of


async def no_answer(_: BotRequest) -> object:
    """Acknowledge without a body."""
    return None


@dataclass(slots=True)
class ScriptedBot:
    """A bot that records its requests; `reply` returns the body of the acknowledgement."""

    requests: list[BotRequest] = field(default_factory=list)
    reply: Callable[[BotRequest], Awaitable[object]] = no_answer
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        """Record a request and answer it."""
        received = _request_of(request.content_type, await request.text())
        body = await self.reply(received)
        async with self._changed:
            self.requests.append(received)
            self._changed.notify_all()
        return web.Response() if body is None else web.json_response(body)

    async def latest(self, kind: str) -> BotRequest:
        """Wait for a request of this type, and return the latest one."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: any(each.type == kind for each in self.requests))
        return next(each for each in reversed(self.requests) if each.type == kind)


def _request_of(content_type: str, body: str) -> BotRequest:
    if content_type == "application/json":
        payload = json.loads(body)
        return BotRequest(type=str(part(payload, "event", "type")), payload=payload)
    fields: dict[str, object] = dict(parse_qsl(body))
    if "payload" not in fields:
        return BotRequest(type="command", payload=fields)
    payload = json.loads(str(fields["payload"]))
    return BotRequest(type=str(part(payload, "type")), payload=payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHarness:
    """The browser, the page's server, the simulated Slack and the bot."""

    browser: Browser
    url: str
    api: DemoApi
    slack: SlackSandbox
    bot: ScriptedBot
    client: AsyncWebClient
    problems: list[str] = field(default_factory=list)
    """The errors and warnings of the browser's console, and requests to other hosts."""

    async def open_page(
        self, user: str = ANA, *, width: int = 1280, height: int = 800, touch: bool = False
    ) -> Page:
        """Open the page as a user."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
        )
        context.set_default_timeout(WAIT_SECONDS * 1000)
        page = await context.new_page()
        _watch(page, self.url, self.problems)
        await page.goto(f"{self.url}/#user={user}")
        await page.get_by_test_id("channel-title").wait_for()
        return page


def _watch(page: Page, url: str, problems: list[str]) -> None:
    def record_message(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(message.text)

    def record_request(request: Request) -> None:
        if not request.url.startswith(url):
            problems.append(f"requested {request.url}")

    page.on("console", record_message)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", record_request)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Start Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("install the Debian package chromium to test the demo page")
    expect.set_options(timeout=WAIT_SECONDS * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_FLAGS)
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def demo_harness(browser: Browser, folder: Path) -> AsyncIterator[DemoHarness]:
    """Serve the page and a scripted bot; fail if the browser reported problems."""
    slack = SlackSandbox(folder, MANIFEST, ack_seconds=WAIT_SECONDS, retry_pauses=())
    api = DemoApi(slack.people)
    api.add_to(slack.app)
    bot = ScriptedBot()
    app = web.Application()
    app.router.add_post("/slack/events", bot.handle)
    async with serve(slack.app) as url, serve(app) as bot_url:
        slack.set_base_url(url)
        slack.deliver_to(f"{bot_url}/slack/events")
        async with client_of(slack) as client:
            harness = DemoHarness(
                browser=browser, url=url, api=api, slack=slack, bot=bot, client=client
            )
            yield harness
            for context in browser.contexts:
                await context.close()
        assert harness.problems == []
