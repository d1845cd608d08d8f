"""Promotion: another definition takes over the live system, and nothing is lost or told twice."""
