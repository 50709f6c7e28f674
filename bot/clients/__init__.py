"""The only importers of the SDKs: GitHub, W&B, Claude and git."""
