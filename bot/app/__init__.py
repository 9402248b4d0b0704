"""The composition root: it makes the adapters, services and engines, and starts and stops them."""
