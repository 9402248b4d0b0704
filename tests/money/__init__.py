"""Tests of `bot.money`: costs by user, model, day and month."""
