"""Contracts: events, records, topics, the codec. Imports nothing of ours."""
