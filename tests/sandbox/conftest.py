"""Fixtures of the tests in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.support.demo_browser import running_browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one Chromium of all tests, which takes a second of the processor to start."""
    async with running_browser() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """A browser without pages; those of a test are closed after it."""
    yield chromium
    for context in chromium.contexts:
        await context.close()
