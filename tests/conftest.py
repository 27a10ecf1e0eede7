"""Settings every test runs under: no telemetry, no writing outside temporary folders, repeatable examples."""

from __future__ import annotations

import os

from hypothesis import settings

# Before Prefect or Great Expectations is imported: both read these once.
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ.pop("NIANBAO_HOME", None)  # a test names its folder, else it would write into the user's
os.environ.pop("NIANBAO_CATALOGUE", None)
os.environ["NIANBAO_QUIET_SECONDS"] = "0"  # what a test puts into an inbox is finished

# Examples that build workbooks take longer than Hypothesis' 200 ms, and how long is the machine's matter.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
