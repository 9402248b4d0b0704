"""Adapters to Slack's Web API, over real HTTP."""
