"""A lifecycle in plain English: what both teams sign."""
