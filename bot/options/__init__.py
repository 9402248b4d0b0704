"""What may be asked of a model: its schema, and what a person typed, chose or attached. Pure."""
