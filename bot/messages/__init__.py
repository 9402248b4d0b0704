"""Every word and block that a person sees, one module a place where it is seen."""
