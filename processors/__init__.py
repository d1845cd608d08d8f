"""Write side: from engagement events to stages and hand-offs."""
