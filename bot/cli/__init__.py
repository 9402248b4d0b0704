"""The commands of `python -m bot`: each reads its options, calls one function and prints."""
