"""Checks typed text, form fields and attachments against the schema of a model. Pure."""
