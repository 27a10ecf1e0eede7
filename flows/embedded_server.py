"""Runs a flow on Prefect's embedded temporary server, quietly; or on the server PREFECT_API_URL names.

The settings must be in the environment before prefect is imported: call :func:`prepare` first.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def prepare(home: Path) -> None:
    """Put Prefect's and Great Expectations' settings into the environment, leaving those already there alone."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)  # it reports its temporary folders
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(home / ".prefect"))
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")
        # The first start lays out the temporary server's database, which takes over 20 seconds on a small machine.
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
        os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
        os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")


def run_as_flow(name: str, work: Callable[[], T], home: Path) -> T:
    """Run ``work`` as a flow called ``name``; its exceptions come through unchanged."""
    prepare(home)
    from prefect import flow

    return flow(name=name, validate_parameters=False, persist_result=False)(work)()
