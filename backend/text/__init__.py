"""Text: which characters exist, and what is dropped before a text is compared or kept. Pure."""
