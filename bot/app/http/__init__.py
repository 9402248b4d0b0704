"""The HTTP server, and its routes beside Slack's: health, metrics, reference images."""
