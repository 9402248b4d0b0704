"""Two people on the demo page, in Chromium, and the real bot behind it: thread, Home, buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, GENERAL
from tests.support.demo_browser import running_browser
from tests.support.running_bot import running_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


async def test_a_reply_in_the_thread_makes_another_and_home_shows_both(browser: Browser) -> None:
    """Each person's Home has their own videos, and *Again* works there."""
    async with running_bot() as bot:
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(bot.sandbox.slack_url)
        await page.get_by_test_id("composer-input").fill("/video a paper boat --mode pro")
        await page.get_by_test_id("composer-input").press("Enter")
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await page.get_by_test_id("thread-open").click()
        await page.get_by_test_id("thread-input").fill("@video make it night")
        await page.get_by_test_id("thread-input").press("Enter")
        thread = page.get_by_test_id("thread-messages")
        rerun = thread.get_by_test_id("message").filter(has_text="made from job")
        await expect(rerun).to_contain_text("Done in")
        await expect(rerun).to_contain_text("Mode: pro")

        await page.get_by_test_id("sidebar").get_by_text("Video", exact=True).click()
        await page.get_by_test_id("tab-home").click()
        tab = page.get_by_test_id("home")
        await expect(tab).to_contain_text("make it night")
        await expect(tab).to_contain_text("a paper boat")
        await tab.get_by_role("button", name="Again: a paper boat").click()
        await bot.until(lambda: len(bot.sandbox.video.calls(Call.SUBMIT)) == 3)
        await page.get_by_test_id(f"user-{BEN}").click()
        await page.get_by_test_id("tab-home").click()
        await expect(tab).to_contain_text("Nothing here yet")
        await expect(tab).to_contain_text("You: nothing")


async def test_somebody_elses_render_cannot_be_cancelled(browser: Browser) -> None:
    """Whoever presses is told why, alone, and the render goes on."""
    async with running_bot(render_seconds=600.0) as bot:
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(bot.sandbox.slack_url)
        await page.get_by_test_id("composer-input").fill("/video a lake")
        await page.get_by_test_id("composer-input").press("Enter")
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await expect(messages.first).to_contain_text("Queued at MindVideo")
        await page.get_by_test_id(f"user-{BEN}").click()
        await page.get_by_test_id(f"channel-{GENERAL}").click()
        await messages.first.get_by_role("button", name="Cancel").click()
        await expect(messages.nth(1)).to_contain_text("Only visible to you")
        await expect(messages.nth(1)).to_contain_text("and admins may cancel it")
        await page.get_by_test_id(f"user-{ANA}").click()
        await expect(messages).to_have_count(1)
        await expect(messages.first.get_by_role("button", name="Cancel")).to_be_visible()
