"""Reference images: identified, scaled, and passed to MindVideo as links."""
