"""A Slack bot that turns a message into a finished video, charged once and posted once."""
