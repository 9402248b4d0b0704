"""Tests of `bot.mindvideo`: the protocol and the client."""
