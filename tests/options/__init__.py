"""From a text, a form or files to an input that a model's schema allows."""
