"""The form: drawn from a model's schema, read back, and made an ask. Pure."""
