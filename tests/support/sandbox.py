"""The two simulated services, with the bot's own app installed in the simulated Slack."""

from __future__ import annotations

from functools import partial

from bot.options.catalog import PACKAGED, Catalog
from bot.slack.manifest import build_manifest
from sandbox import sandbox

MANIFEST = build_manifest(Catalog.load().default, "https://video-bot.example")

running_sandbox = partial(sandbox.running_sandbox, MANIFEST, PACKAGED)
