"""MindVideo's protocol and its client."""
