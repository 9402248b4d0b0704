"""What every floor stands on: settings, logs, metrics, clock, JSON."""
