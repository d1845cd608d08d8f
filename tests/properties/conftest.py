"""How many examples a property is tried with: 1,000 in CI, HYPOTHESIS_PROFILE=quick for a look."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", max_examples=1_000, deadline=None)
settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
