"""What points and reductions can be turned into: rewards, donations, prize draws."""
