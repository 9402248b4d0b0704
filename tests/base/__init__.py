"""Tests of `bot.base`: settings, logs, metrics, clock, JSON."""
