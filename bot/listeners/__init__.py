"""Bolt listeners, a module for each kind of Slack request: parse, call a port, acknowledge."""
