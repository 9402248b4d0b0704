"""The whole bot under virtual time, against a MindVideo and a Slack that fail in every way."""
