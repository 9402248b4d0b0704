"""Code that every floor may import: errors, ports, settings, logs, metrics, JSON, the clock."""
