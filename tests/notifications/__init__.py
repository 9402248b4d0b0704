"""Tests of `bot.notifications`: notifications, digests, resent and shared results."""
