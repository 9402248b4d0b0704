"""The demo: the bot with both simulated services, and a page to use it."""
