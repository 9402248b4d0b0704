"""Tests of `bot.listeners`, one file for each kind of Slack request."""
