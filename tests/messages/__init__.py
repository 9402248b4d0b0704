"""Tests of `bot.messages`: the texts, blocks and views that users read."""
