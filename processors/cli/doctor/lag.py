"""How far behind is too far."""

LAG_BOUND = 10_000  # offsets: about what one worker does in a second, and what a person would call "now"
