"""The buttons of a job as people press them: the demo page in Chromium, and the real bot behind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.mindvideo.faults import Call
from tests.support.demo_browser import running_browser
from tests.support.running_bot import running_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


async def ask(page: Page, text: str) -> None:
    """Type a command."""
    await page.get_by_test_id("composer-input").fill(f"/video {text}")
    await page.get_by_test_id("composer-input").press("Enter")


async def test_a_finished_video_is_made_again_in_4k_and_explained(browser: Browser) -> None:
    """One press is one new message; *Details* are for the person alone."""
    async with running_bot() as bot:
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(bot.sandbox.slack_url)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await ask(page, "a paper boat in the rain")
        await expect(messages.first).to_contain_text("Done in")
        await messages.first.get_by_role("button", name="In 4K").click()
        await expect(messages.nth(1)).to_contain_text("made from job")
        await expect(messages.nth(1)).to_contain_text("Done in")
        await expect(messages.nth(1).get_by_role("button", name="In 4K")).to_have_count(0)
        await messages.nth(1).get_by_role("button", name="Details").click()
        await expect(messages.nth(2)).to_contain_text("Idempotency key")
        await expect(messages.nth(2)).to_contain_text("Mode: 4k")
        assert len(bot.sandbox.video.calls(Call.SUBMIT)) == 2


async def test_a_render_is_given_up_after_an_honest_word(browser: Browser) -> None:
    """Cancel says that it is billed, and offers what can still be done."""
    async with running_bot(render_seconds=600.0) as bot:
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(bot.sandbox.slack_url)
        messages = page.get_by_test_id("messages").get_by_test_id("message")
        await ask(page, "a lake")
        await expect(messages.first).to_contain_text("Queued at MindVideo")
        await messages.first.get_by_role("button", name="Cancel").click()
        await expect(messages.nth(1)).to_contain_text("bills the render")
        await messages.nth(1).get_by_role("button", name="Stop following it").click()
        await expect(messages.first).to_contain_text("Given up after")
        await expect(messages.first).to_contain_text("MindVideo goes on with it and bills it")
