"""The live page and its JSON API: reads the views, writes nothing."""
