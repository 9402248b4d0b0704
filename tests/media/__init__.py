"""Reference images, and the links to them."""
