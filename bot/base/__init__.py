"""What every floor may use: errors, ports, settings, logs, metrics, JSON."""
