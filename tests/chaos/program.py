"""`stageline` with the crash point of the environment in it: python -m tests.chaos.program worker."""

from __future__ import annotations

import os

from processors.cli.main import main
from tests.chaos.crash_points import VARIABLE, arm

if __name__ == "__main__":
    if VARIABLE in os.environ:
        arm(os.environ[VARIABLE])
    main()
