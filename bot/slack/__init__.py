"""Slack: listeners, one small file a surface, and the adapters behind the `Chat` port."""
