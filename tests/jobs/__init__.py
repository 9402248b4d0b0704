"""Tests of `bot.jobs`: acceptance, actions, the pacing of polls."""
