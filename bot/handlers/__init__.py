"""One file per command or event: read, decide, act, return a reply."""
