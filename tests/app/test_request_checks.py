"""Tests of what `doctor` says of the clock, and of the bot that runs."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.request_checks import clock_finding, examine_running_bot
from bot.base.settings import Settings, load_settings
from bot.slack.manifest import EVENTS_PATH
from tests.support.http_client import http_client
from tests.support.running_bot import running_bot
from tests.support.signed import signed


@pytest.mark.parametrize(
    ("ahead", "says"),
    [(61.0, "61 s ahead of"), (-400.0, "400 s behind")],
)
def test_a_clock_that_is_off_is_found(ahead: float, says: str) -> None:
    finding = clock_finding(ahead)
    assert not finding.ok
    assert says in finding.what
    assert "300 s" in finding.advice


@pytest.mark.parametrize("ahead", [0.0, 59.0, -59.0, None])
def test_a_clock_that_is_right_is_no_problem(ahead: float | None) -> None:
    assert clock_finding(ahead).ok


def settings(port: int) -> Settings:
    """Return settings of a bot on this port, which listens everywhere."""
    return load_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "1" * 32,
            "MINDVIDEO_API_KEY": "mv_live_1",
            "PORT": str(port),
        }
    )


async def test_the_running_bot_says_that_its_secret_may_be_wrong() -> None:
    async with running_bot() as bot, http_client() as client:
        here = settings(bot.service.port)
        [finding] = await examine_running_bot(here)
        assert finding.ok
        url = f"http://127.0.0.1:{bot.service.port}{EVENTS_PATH}"
        await client.post(url, content=b"{}", headers=signed("another secret", b"{}"))
        [finding] = await examine_running_bot(here)
        assert not finding.ok
        assert "SLACK_SIGNING_SECRET" in finding.what
        bot.service.stopping.set()
        [finding] = await examine_running_bot(here)
        assert finding.what == "The running bot says: stopping."


@pytest.mark.parametrize("host", ["my host", "127.0.0.1:3000"])
async def test_a_host_of_no_address_is_no_finding(host: str) -> None:
    """The check of the address tells it."""
    assert await examine_running_bot(settings(9).model_copy(update={"host": host})) == []


@pytest.mark.parametrize("answer", ["<html>", "[]", '{"status": 7}'])
async def test_another_program_on_the_port_is_no_finding(answer: str) -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(text=answer)

    site = web.Application()
    site.router.add_get("/readyz", respond)
    async with TestServer(site) as server:
        assert await examine_running_bot(settings(server.port or 0)) == []
    assert await examine_running_bot(settings(server.port or 0)) == []
