"""Several videos at once on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.conversation import submitted_inputs
from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE, WINDOW = (390, 800), (1280, 900)


@pytest.mark.parametrize("size", [PHONE, WINDOW])
async def test_six_videos_in_two_modes_are_seen_kept_and_made_again(
    browser: Browser, size: tuple[int, int]
) -> None:
    """With the keyboard alone; nothing stands out of the window, on a phone either."""
    width, height = size
    async with running_bot() as bot:
        page = await browser.new_page(viewport={"width": width, "height": height})
        await page.goto(bot.sandbox.slack_url)
        composer = page.get_by_test_id("composer-input")
        await composer.fill("/video {red|green|blue} car --mode {std|pro}")
        await composer.press("Enter")
        message = page.get_by_test_id("message").filter(has_text="asked for 6 videos").first
        # Nothing changes in it behind the last cost.
        await expect(message).to_contain_text("All 6 done · cost 0.6048")
        await expect(message).to_contain_text("4 · green · pro")
        assert await message.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
        first = page.get_by_role("menuitem", name="1 · red · std")
        await message.get_by_role("button", name="Again with").focus()
        await page.keyboard.press("Enter")
        await expect(first).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await bot.until(lambda: len(bot.sandbox.video.charges) == 7)
        assert submitted_inputs(bot)[-1] == {"mode": "pro", "prompt": "red car"}
        await message.get_by_role("button", name="Keep this one").focus()
        await page.keyboard.press("Enter")
        await expect(first).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(message).to_contain_text("kept")
        await page.close()


async def test_a_form_with_alternatives_tells_what_it_makes_before_it_does(
    browser: Browser,
) -> None:
    async with running_bot() as bot:
        page = await browser.new_page(viewport={"width": 390, "height": 800})
        await page.goto(bot.sandbox.slack_url)
        await page.get_by_test_id("composer-input").fill("/video ")
        await page.get_by_test_id("composer-input").press("Enter")
        modal = page.get_by_test_id("modal")
        await modal.get_by_label("Prompt", exact=True).fill("{red|blue} boat")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_contain_text("this makes 2 videos")
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("{red|blue} boat")
        await modal.get_by_text("Show all options").click()
        await modal.get_by_label("How many").fill("2")
        await expect(page.get_by_test_id("modal-submit")).to_contain_text("Render 4")
        assert bot.sandbox.video.charges == []
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 4)
        await page.close()
