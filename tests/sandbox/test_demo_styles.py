"""Styles on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.conversation import answer, last_input
from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_a_style_is_saved_chosen_in_the_form_and_shown(browser: Browser) -> None:
    """Its options stand in the fields once it is chosen; what was entered stays."""
    async with running_bot() as bot:
        await answer(bot, 'style save noir here "black and white, {prompt}, film grain" --mode pro')
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(bot.sandbox.slack_url)
        composer = page.get_by_test_id("composer-input")
        await composer.fill("/video styles")
        await composer.press("Enter")
        listed = page.get_by_test_id("messages")
        await expect(listed).to_contain_text("Styles that you can use here")
        await expect(listed).to_contain_text("this channel's, by @Ana")
        await composer.fill("/video ")
        await composer.press("Enter")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Prompt", exact=True).fill("a lake")
        await modal.get_by_label("Duration").fill("6")
        await modal.get_by_label("Style").select_option("noir")
        await expect(modal.get_by_label("Mode")).to_have_value("pro")
        await expect(modal.get_by_label("Style")).to_have_value("noir")
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("a lake")
        await expect(modal.get_by_label("Duration")).to_have_value("6")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        message = listed.get_by_test_id("message").last
        await expect(message).to_contain_text("Style: noir")
        await expect(message).to_contain_text("Done in")
        await expect(message).not_to_contain_text("film grain")
        assert last_input(bot)["prompt"] == "black and white, a lake, film grain"
