"""Every word and block that a person reads."""
