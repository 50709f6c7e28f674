"""After training: a model as files, smaller, compared, and behind HTTP."""
