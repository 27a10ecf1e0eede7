"""The figures of the last night in Prometheus' text format: HOME/metrics.prom, for node_exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from warehouse.ledger.durability import write_durably

METRICS = "metrics.prom"
"""Its name below the home."""


@dataclass(frozen=True)
class NightFigures:
    """What is told of a night; None: there was none, or it is not known. Times in seconds since 1970."""

    is_good: bool
    ended_at: float
    last_good_at: float | None
    seconds: Mapping[str, float]  # by step
    decisions: Mapping[str, int]
    open_findings: Mapping[str, int]  # by severity
    left_count: int
    last_backup_at: float | None
    warehouse_bytes: int | None
    peak_memory_bytes: int


def write_metrics(home: Path, figures: NightFigures) -> None:
    """Replace the file, whole or not at all. OSError."""
    registry = CollectorRegistry()

    def tell(name: str, meaning: str, value: float | None) -> None:
        if value is not None:
            Gauge(f"nianbao_{name}", meaning, registry=registry).set(value)

    def tell_each(name: str, meaning: str, label: str, values: Mapping[str, float]) -> None:
        gauge = Gauge(f"nianbao_{name}", meaning, [label], registry=registry)
        for key, value in sorted(values.items()):
            gauge.labels(key).set(value)

    tell("night_good", "1 where the last night ended well, 0 where it broke off", figures.is_good)
    tell("night_end_timestamp_seconds", "When the last night ended, however it ended", figures.ended_at)
    tell("last_good_night_timestamp_seconds", "When the last good night ended", figures.last_good_at)
    tell_each("step_seconds", "Seconds of each step of the last night", "step", figures.seconds)
    tell_each("submissions", "Submissions of the last night by decision", "decision", figures.decisions)
    tell_each("open_findings", "Open findings by severity", "severity", figures.open_findings)
    tell("inbox_left_files", "Files that stayed in the inbox", figures.left_count)
    tell("last_backup_timestamp_seconds", "When the last backup ended", figures.last_backup_at)
    tell("warehouse_bytes", "Size of the published file", figures.warehouse_bytes)
    tell("peak_memory_bytes", "Largest resident memory of the night's own process", figures.peak_memory_bytes)
    write_durably(home / METRICS, generate_latest(registry))
