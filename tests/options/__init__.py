"""Tests of `bot.options`: from a text, a form or files to an input that fits a model's schema."""
