"""The form as a newcomer uses it: the demo page in Chromium, and the real bot behind it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.mindvideo.faults import Call
from tests.support.demo_browser import running_browser
from tests.support.pictures import image_bytes
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


async def enter(browser: Browser, bot: RunningBot) -> Page:
    """Open the demo page as Ana, who looks at #general."""
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(bot.sandbox.slack_url)
    return page


async def test_a_newcomer_makes_a_video_by_form_with_an_image(browser: Browser) -> None:
    """Type the bare command, show all options, upload a picture, send, see the video come."""
    async with running_bot() as bot:
        page = await enter(browser, bot)
        await page.get_by_test_id("composer-input").fill("/video ")
        await page.get_by_test_id("composer-input").press("Enter")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Prompt").fill("a paper boat in the rain")
        await modal.get_by_label("Mode").select_option("pro")
        await modal.get_by_label("Show all options").check()
        await expect(modal.get_by_label("Negative prompt")).to_be_visible()
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value(
            "a paper boat in the rain"
        )
        await expect(modal.get_by_label("Mode")).to_have_value("pro")
        await modal.get_by_label(re.compile("^First frame image(?!: link)")).set_input_files(
            {"name": "boat.png", "mimeType": "image/png", "buffer": image_bytes(side=80)}
        )
        await expect(modal.get_by_test_id("upload")).to_contain_text("boat.png")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await expect(message).to_contain_text("First frame image: attached image")
        request = json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)
    assert request["input"]["first_frame_image"].startswith("data:image/png;base64,")
    assert (request["input"]["mode"], len(request["input"])) == ("pro", 3)


async def test_an_error_stands_at_its_field_and_the_form_can_be_sent_again(
    browser: Browser,
) -> None:
    """What was entered is still there."""
    async with running_bot() as bot:
        page = await enter(browser, bot)
        await page.get_by_role("button", name="Create a video").click()
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_label("Where the video goes")).to_have_value("C0GENERAL")
        await modal.get_by_label("Prompt").fill("   ")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal.get_by_text("Prompt is needed.")).to_be_visible()
        await modal.get_by_label("Prompt").fill("a lake")
        await page.get_by_test_id("modal-submit").click()
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("Done in")
        await page.get_by_role("button", name="Edit and re-run").first.click()
        await expect(modal.get_by_label("Prompt")).to_have_value("a lake")
        await expect(modal).to_contain_text("Edit and re-run")
