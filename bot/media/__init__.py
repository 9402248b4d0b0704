"""Reference images: looked at, scaled, linked, and handed to MindVideo."""
