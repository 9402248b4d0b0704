"""The workspaces and people of the simulation."""

TEAM = "T1"
PARTNER = "T2"
"""The workspace with which the channels are shared: an envelope can be its own."""
GUEST = "UGUEST"
"""Somebody who may not use the bot, as only Slack can tell."""
