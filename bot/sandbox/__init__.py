"""GitHub, W&B and Claude on this machine: what the demo and the tests run against."""
