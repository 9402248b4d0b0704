"""A simulated Slack workspace over real HTTP on loopback."""
