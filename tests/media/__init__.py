"""Tests of `bot.media`: reference images and the links to them."""
