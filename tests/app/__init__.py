"""The composition root: starting, stopping, checks, the HTTP side."""
