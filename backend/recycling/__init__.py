"""Drop-offs at recycling points: code, place and policy, before an action is recorded."""
