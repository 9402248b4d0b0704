"""A simulated Slack workspace and a simulated MindVideo, over real HTTP on loopback."""
