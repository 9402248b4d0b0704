"""Faults planted in the source, a module a part of the bot, each with its `MUTANTS`."""
