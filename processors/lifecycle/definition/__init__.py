"""The lifecycle file as a language: text, values with positions, models, checks, plan. Data, never code."""
