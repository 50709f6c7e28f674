"""The demonstration: the whole loop with the real clients and real training, on this machine."""
