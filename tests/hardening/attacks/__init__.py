"""Attacks on the real process, a module a part of the bot, each with its `ATTACKS`."""
