"""The training program that a job runs: one small model on digits-hard, tracked by W&B."""
