"""Notifications, digests, and results that are shared or resent."""
