"""The cast on the demo page, in Chromium with the real bot."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.slack.entities import BEN, BOT, GENERAL
from tests.support.cast import until_none_is_coming
from tests.support.conversation import last_input, texts
from tests.support.images import data_of, put_file
from tests.support.running_bot import RunningBot, running_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.proof,
    pytest.mark.asyncio(loop_scope="session"),
]
COLOURS = {"mascot": "#e8a33d", "hero": "#3d7fe8"}


def face(colour: str) -> bytes:
    """Return the picture of a round face."""
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, 360, 360), fill=colour)
    for left in (120, 240):
        draw.ellipse((left, 140, left + 40, 190), fill="black")
    draw.arc((120, 180, 280, 300), 20, 160, fill="black", width=12)
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


async def save(bot: RunningBot, name: str) -> None:
    """Save a member for the channel by a mention, and wait for the bot's copy."""
    picture = await put_file(bot, face(COLOURS[name]), f"{name}.png")
    await bot.sandbox.slack.people.message(
        BEN, GENERAL, f"<@{BOT}> cast save {name} here", files=[picture]
    )
    await bot.until(lambda: any(name in str(one.blocks) and one.files for one in bot.replies()))
    await until_none_is_coming(bot)


async def until_shown(picture: Locator) -> None:
    """Wait until a picture is loaded."""
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", value=True)
    await expect(picture).not_to_have_js_property("naturalWidth", value=0)


async def open_form(page: Page, bot: RunningBot) -> Locator:
    """Open the page and the form for a video."""
    await page.goto(bot.sandbox.slack_url)
    composer = page.get_by_test_id("composer-input")
    await composer.fill("/video ")
    await composer.press("Enter")
    return page.get_by_test_id("modal")


@pytest.mark.parametrize("width", [1280, 390], ids=["wide", "phone"])
async def test_a_member_is_chosen_in_the_form_by_its_picture(browser: Browser, width: int) -> None:
    """With the keyboard; what was entered stays, and a second person's member goes along."""
    async with running_bot() as bot:
        for name in COLOURS:
            await save(bot, name)
        page = await browser.new_page(viewport={"width": width, "height": 1000})
        modal = await open_form(page, bot)
        await modal.get_by_label("Prompt", exact=True).fill("a lake")
        for name in COLOURS:
            await until_shown(modal.get_by_alt_text(f"{name}, of the cast"))
        box = modal.get_by_label("mascot (this channel's)")
        await box.focus()
        await page.keyboard.press("Space")
        await expect(box).to_be_checked()
        large = modal.locator(".accessory-image")
        await expect(large).to_have_count(1)
        await until_shown(large)
        await expect(modal.get_by_label("Prompt", exact=True)).to_have_value("a lake")
        await page.get_by_test_id("modal-submit").click()
        await expect(modal).to_have_count(0)
        await bot.until(lambda: bot.sandbox.video.charges)
        (sent,) = [data_of(uri) for uri in texts(last_input(bot)["image_urls"])]
        assert sent == face(COLOURS["mascot"])
        await page.close()
