"""Adapters to Slack's Web API: they implement the ports of `bot.base.ports`."""
