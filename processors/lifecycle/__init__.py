"""The pure core: what a lifecycle file means. No clock, no I/O, no randomness, no floats in stored state."""
