"""The workspaces and people of the simulation."""

# 2026-01-01, so that times in a trace look like times.
EPOCH = 1_767_225_600.0
TEAM = "T1"
PARTNER = "T2"
"""The workspace with which the channels are shared: an envelope can be its own."""
PEOPLE = ("U1", "U2")
PROJECT = "launch"
GUEST = "UGUEST"
"""Somebody who may not use the bot, as only Slack can tell."""
