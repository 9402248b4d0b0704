"""Tests of `bot.app`: start and stop, checks, health, Socket Mode."""
