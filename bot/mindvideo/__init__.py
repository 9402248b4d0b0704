"""MindVideo's API: the protocol without I/O, and the thin client around it."""
