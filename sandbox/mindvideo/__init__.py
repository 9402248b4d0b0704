"""A simulated MindVideo over real HTTP on loopback."""
