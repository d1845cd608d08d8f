"""Replay without a broker: history in, changes and final states out, under any lifecycle file."""
