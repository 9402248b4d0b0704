"""The composition root: the only place that constructs; it starts the bot and stops it."""
