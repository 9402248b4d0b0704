"""A storyboard on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, expect

from sandbox.mindvideo.faults import Call
from tests.support.conversation import last_input
from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
async def test_a_storyboard_is_filled_in_by_keyboard_and_sends_what_its_text_sends(
    browser: Browser, width: int
) -> None:
    """The sum runs along, a shot moves up, and the form is no wider than the window."""
    async with running_bot() as bot:
        page = await browser.new_page(viewport={"width": width, "height": 900})
        await page.goto(bot.sandbox.slack_url)
        composer = page.get_by_test_id("composer-input")
        await composer.fill("/video ")
        await composer.press("Enter")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Prompt", exact=True).fill("boats leave")
        await modal.get_by_role("button", name="Divide into shots").press("Enter")
        first = modal.get_by_label("Shot 1: what it shows")
        await expect(first).to_have_value("boats leave")
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_count(0)
        await expect(modal).to_contain_text("Together 5 s")
        await modal.get_by_label("Shot 2: what it shows").fill("boats return")
        await modal.get_by_label("Shot 2: seconds").press_sequentially("12")
        await expect(modal).to_contain_text("Together 17 s, but Kling V3 makes 3 to 15 s")
        await modal.get_by_label("Shot 2: seconds").fill("4")
        await expect(modal).to_contain_text("Together 9 s")
        await modal.get_by_label("Shot 1: seconds").fill("3")
        await expect(modal).to_contain_text("Together 7 s")
        await modal.get_by_role("button", name="Move shot 2 up").press("Enter")
        await expect(first).to_have_value("boats return")
        await expect(modal.get_by_label("Shot 1: seconds")).to_have_value("4")
        await expect(modal.get_by_label("Shot 2: what it shows")).to_have_value("boats leave")
        assert await modal.evaluate("form => form.scrollWidth <= form.clientWidth")
        await page.get_by_test_id("modal-submit").press("Enter")
        await expect(modal).to_have_count(0)
        message = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(message).to_contain_text("4s: boats return")
        await expect(message).to_contain_text("3s: boats leave")
        await expect(message).to_contain_text("Done in")
        assert last_input(bot)["duration"] == 7
        (sent,) = [json.loads(call.body) for call in bot.sandbox.video.calls(Call.SUBMIT)]
        assert sent["input"]["multi_prompt"] == [
            {"prompt": "boats return", "duration": 4},
            {"prompt": "boats leave", "duration": 3},
        ]
