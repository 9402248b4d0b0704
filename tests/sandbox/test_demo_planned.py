"""A later start in the form of the demo page, in Chromium with the real bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]

PHONE, WINDOW = (390, 800), (1280, 900)


@pytest.mark.parametrize("size", [PHONE, WINDOW])
async def test_a_time_is_typed_into_the_form_and_stays_while_it_is_redrawn(
    browser: Browser, size: tuple[int, int]
) -> None:
    """A day alone is no time; what is being typed keeps the focus."""
    width, height = size
    async with running_bot() as bot:
        page = await browser.new_page(
            viewport={"width": width, "height": height}, locale="en-US", timezone_id="UTC"
        )
        await page.goto(bot.sandbox.slack_url)
        composer = page.get_by_test_id("composer-input")
        await composer.fill("/video ")
        await composer.press("Enter")
        modal, submit = page.get_by_test_id("modal"), page.get_by_test_id("modal-submit")
        await modal.get_by_label("Prompt", exact=True).fill("a harbour")
        await modal.get_by_text("Show all options").click()
        day = datetime.now(UTC) + timedelta(days=2)
        date, clock = (modal.get_by_label(label, exact=True) for label in ("Date", "Time"))
        await date.fill(f"{day:%Y-%m-%d}")
        await submit.click()
        await expect(modal).to_contain_text("Please choose both a date and a time.")
        await clock.focus()
        await page.keyboard.type("0930PM")
        await expect(submit).to_have_text("Plan · price unknown")
        await expect(clock).to_have_value("21:30")
        await expect(clock).to_be_focused()
        assert await modal.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
        await modal.get_by_label("Repeat").select_option("week")
        await expect(modal).to_contain_text("9:30 PM on.")
        await clock.press("Delete")
        await date.fill("")
        await clock.fill("")
        await expect(modal).to_contain_text("Say below when it starts.")
        await submit.click()
        await expect(modal).to_contain_text("Say when it starts, too")
        await date.fill(f"{day:%Y-%m-%d}")
        await clock.fill("09:30")
        await expect(submit).to_have_text("Plan · price unknown")
        await submit.click()
        await expect(modal).to_have_count(0)
        await page.get_by_role("button", name="Repeat it").click()
        message = page.get_by_test_id("message").filter(has_text="Planned").first
        await expect(message).to_contain_text("every week")
        await page.close()
