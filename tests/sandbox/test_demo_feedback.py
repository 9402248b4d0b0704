"""The thumbs of a result on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from sandbox.slack.entities import ANA, BEN
from tests.support.running_bot import running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_thumbs_are_pressed_and_stay_marked_for_one_person(browser: Browser) -> None:
    """With the keyboard alone; the other one takes the mark, and nobody else sees it."""
    async with running_bot() as bot:
        await bot.type("a lake at dawn --duration 5")
        await bot.until_delivered()
        page = await browser.new_page(viewport={"width": 390, "height": 800})
        await page.goto(f"{bot.sandbox.slack_url}/#user={ANA}")
        good = page.get_by_role("button", name="Good: a lake at dawn")
        bad = page.get_by_role("button", name="Bad: a lake at dawn")
        await good.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("messages")).to_contain_text("Noted: 👍 for job")
        await expect(good).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("Tab")
        await expect(bad).to_be_focused()
        await page.keyboard.press("Space")
        await expect(page.get_by_test_id("messages")).to_contain_text("Noted: 👎 for job")
        await expect(bad).to_have_attribute("aria-pressed", "true")
        await expect(good).to_have_attribute("aria-pressed", "false")
        await page.get_by_test_id("menu-button").click()
        await page.get_by_test_id(f"user-{BEN}").click()
        await expect(page.get_by_test_id("messages")).not_to_contain_text("Noted")
        await expect(bad).to_have_attribute("aria-pressed", "false")
        await page.close()
