"""Operator commands: `tanpuhui`."""
