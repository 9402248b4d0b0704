"""Tests of the demo page in Chromium: failures, shared videos, what is brought and taken back."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]


async def ask(browser: Browser, bot: RunningBot, text: str) -> Page:
    """Open the demo page as Ana and type a command."""
    page = await browser.new_page(viewport={"width": 1280, "height": 1000})
    await page.goto(bot.sandbox.slack_url)
    await send(page, text)
    return page


async def send(page: Page, text: str) -> None:
    """Type a text into the channel and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


async def test_refused_words_are_edited_and_not_tried_again(browser: Browser) -> None:
    """The reason, what to do, and one button that can help."""
    async with running_bot() as bot:
        refused = "The prompt violates the content policy."
        bot.sandbox.video.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message=refused))
        page = await ask(browser, bot, "/video a lake")
        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await expect(thread).to_contain_text(refused)
        await expect(thread).to_contain_text("say it in other words")
        await expect(thread.get_by_role("button", name="Try again")).to_have_count(0)
        await thread.get_by_role("button", name="Edit").last.click()
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("a lake")


async def test_a_video_is_shared_to_a_chosen_channel_and_plays_there(browser: Browser) -> None:
    async with running_bot() as bot:
        page = await ask(browser, bot, "/video a lake --duration 3")
        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await thread.get_by_role("button", name="Share elsewhere").click()
        modal = page.get_by_test_id("modal")
        await expect(modal).to_contain_text("Channel that gets the video")
        await modal.get_by_label("Channel that gets the video").select_option("C0CREW")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        await page.get_by_role("button", name="crew").click()
        shared = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(shared).to_contain_text("ana shares a video: “a lake”")
        await expect(shared.get_by_test_id("file-video")).to_be_visible()


async def test_a_render_that_was_given_up_is_brought_after_all(browser: Browser) -> None:
    async with running_bot(render_seconds=4.0) as bot:
        page = await ask(browser, bot, "/video a lake --duration 3")
        messages = page.get_by_test_id("messages")
        await expect(messages).to_contain_text("Queued at MindVideo")
        await messages.get_by_role("button", name="Cancel").click()
        await page.get_by_role("button", name="Stop following it").click()
        await expect(messages).to_contain_text("Given up after")
        await page.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await thread.get_by_role("button", name="Bring it after all").click()
        await expect(page.locator("body")).to_contain_text("once MindVideo has made it")


async def test_a_change_for_everybody_is_undone(browser: Browser) -> None:
    async with running_bot() as bot:
        page = await ask(browser, bot, "/video settings mode pro")
        messages = page.get_by_test_id("messages")
        await expect(messages).to_contain_text("ana changed a setting for everybody here.")
        await messages.get_by_role("button", name="Undo").first.click()
        await expect(messages).to_contain_text("ana took a change back for everybody here.")
        await expect(messages).to_contain_text("no defaults of its own any more")
