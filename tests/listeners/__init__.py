"""Slack's requests over real HTTP, one file for each kind."""
