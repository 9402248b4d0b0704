"""Tests of prices on the demo page, in Chromium with the real bot."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.async_api import Browser, Page, expect

from storage.budget import Policy
from tests.support.budget_rules import set_policy
from tests.support.conversation import make_video
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]


async def open_page(browser: Browser, bot: RunningBot) -> Page:
    """Open the demo page as Ana, in #general."""
    page = await browser.new_page(viewport={"width": 1280, "height": 1000})
    await page.goto(bot.sandbox.slack_url)
    return page


async def send(page: Page, text: str) -> None:
    """Type a text into the channel and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


async def test_the_form_tells_its_price_and_a_button_asks_for_it(browser: Browser) -> None:
    """While options change and words are typed, which stay; the dialog's answer is enough."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, "a lake --mode pro --duration 5")
        await set_policy(bot, Policy(confirm_above=Decimal("0.2")))
        page = await open_page(browser, bot)
        await send(page, "/video ")
        modal = page.get_by_test_id("modal")
        await expect(modal).to_contain_text("Nobody knows yet what this costs")
        await modal.get_by_label("Mode").select_option("pro")
        await expect(modal).to_contain_text("This costs about 0.126 USD.")
        await modal.get_by_label("Prompt").fill("a hill")
        await modal.get_by_label("Duration").fill("1")
        await expect(modal).to_contain_text("What this costs depends on Duration")
        await modal.get_by_label("Duration").press("End")
        await modal.get_by_label("Duration").press_sequentially("0", delay=20)
        await expect(modal).to_contain_text("This costs about 0.252 USD. That is above 0.2 USD")
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("a hill")
        await expect(modal.get_by_label("Duration")).to_have_value("10")
        await expect(modal.get_by_label("Duration")).to_be_focused()
        submit = page.get_by_test_id("modal-submit")
        await expect(submit).to_have_text("Render · about 0.252 USD")
        await expect(modal.get_by_text("This costs about")).to_be_in_viewport()
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        message = page.get_by_test_id("messages").get_by_test_id("message").nth(1)
        await expect(message).to_contain_text("Done in")

        await message.get_by_test_id("thread-open").click()
        thread = page.get_by_test_id("thread-messages")
        await thread.get_by_role("button", name="Again", exact=False).last.click()
        dialog = page.get_by_test_id("confirm")
        await expect(dialog).to_contain_text("Render for about 0.252 USD?")
        await page.get_by_test_id("confirm-no").click()
        assert len(bot.sandbox.video.charges) == 2
        await thread.get_by_role("button", name="Again", exact=False).last.click()
        await page.get_by_test_id("confirm-yes").click()
        await bot.until(lambda: len(bot.sandbox.video.charges) == 3)


async def test_the_form_shows_what_it_would_send_and_loses_nothing(browser: Browser) -> None:
    """A modal stands on top of the form, and behind *Back* all that was entered."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, "a lake --mode pro --duration 5")
        page = await open_page(browser, bot)
        await send(page, "/video ")
        modal = page.get_by_test_id("modal")
        await modal.get_by_role("button", name="Try without rendering").click()
        await expect(modal).to_contain_text("As it is, this could not be sent.")
        await expect(modal).to_contain_text("Prompt is needed")
        await page.get_by_test_id("modal-close").click()
        await modal.get_by_label("Mode").select_option("pro")
        await expect(modal).to_contain_text("This costs about 0.126 USD.")
        await modal.get_by_label("Prompt", exact=True).fill("a hill in the rain")
        await modal.get_by_role("button", name="Try without rendering").click()
        await expect(modal).to_contain_text("Nothing was started or charged.")
        await expect(modal).to_contain_text('"prompt":"a hill in the rain"')
        await expect(modal).to_contain_text("This costs about 0.126 USD.")
        await expect(page.get_by_test_id("modal-submit")).to_be_hidden()
        await page.get_by_test_id("modal-close").click()
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("a hill in the rain")
        await expect(modal.get_by_label("Mode")).to_have_value("pro")
        assert len(bot.sandbox.video.charges) == 1
        await page.get_by_test_id("modal-submit").click()
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
