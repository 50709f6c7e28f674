"""Labhand: machine-learning experiments as pull requests with a verdict."""
