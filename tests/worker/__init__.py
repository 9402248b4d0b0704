"""The queue: engine, retry, gate, scheduler."""
