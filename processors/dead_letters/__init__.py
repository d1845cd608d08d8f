"""The dead-letter topic from the operator's side: read, selected, replayed, purged."""
