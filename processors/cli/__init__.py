"""The `stageline` command."""
