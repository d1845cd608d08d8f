"""YAML read strictly, with the place of every value, and problems shown where they stand."""
