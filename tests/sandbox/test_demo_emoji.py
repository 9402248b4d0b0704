"""The demo page shows each emoji that the bot's words have."""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"(?<![\w:/]):([a-z][a-z_0-9]*):(?![\w/])")


def test_the_page_knows_each_emoji_of_the_bots_words() -> None:
    words = files("bot") / "messages"
    used = {
        name
        for module in words.iterdir()
        if module.name.endswith(".py")
        for name in _NAME.findall(module.read_text("utf-8"))
    }
    shown = (files("sandbox.demo") / "page" / "emoji.js").read_text("utf-8")
    assert len(used) > 10
    assert [name for name in sorted(used) if f"  {name}:" not in shown] == []
