"""The demo as a newcomer uses it: the page in Chromium, and the real bot behind it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.demo_browser import running_browser
from tests.support.running_bot import running_bot

pytestmark = pytest.mark.browser


async def write(page: Page, text: str) -> None:
    """Write into the channel and send."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


async def test_a_newcomer_makes_a_video_and_plays_it() -> None:
    """Type the command, see the message change, open the thread, play the video, see the cost."""
    async with running_bot(render_seconds=2.0) as bot, running_browser() as browser:
        page = await browser.new_page()
        await page.goto(bot.sandbox.slack_url)
        await write(page, "/video a red sports car at sunset --duration 10 --aspect-ratio 9:16")
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Ana Lima asked for a video")
        await expect(message).to_contain_text("Queued")
        await expect(message).to_contain_text("Done in")
        await expect(message).to_contain_text("cost 0.1512 as billed by MindVideo")
        await expect(message.get_by_test_id("edited")).to_be_visible()

        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await expect(thread).to_contain_text(re.compile("your video is ready.*cost 0.1512"))
        player = thread.get_by_test_id("file-video")
        await expect(player).to_have_attribute("aria-label", "a red sports car at sunset")
        await player.evaluate("video => { video.muted = true; return video.play(); }")
        await page.wait_for_function(
            "() => document.querySelector('[data-testid=file-video]').currentTime > 0"
        )
        assert await player.evaluate("video => video.videoHeight > video.videoWidth")


async def test_a_newcomer_types_something_wrong() -> None:
    """The answer stands under the command for the asker alone, and says what is allowed."""
    async with running_bot() as bot, running_browser() as browser:
        page = await browser.new_page()
        await page.goto(bot.sandbox.slack_url)
        await write(page, "/video a lake --duration 40")
        answer = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(answer).to_contain_text("Only visible to you")
        await expect(answer).to_contain_text("a whole number from 3 to 15")
        assert bot.sandbox.video.requests == []
