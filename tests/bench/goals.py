"""The goals of the processor, as ratios of measurements in one run of the benchmark.

Ratios hold on other machines, times do not. Only the memory bounds are absolute, because they are the limits of a pod.
"""

from collections.abc import Callable
from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Goal:
    """A row of the table of goals: a value computed from runs, and its bound."""

    description: str
    needs: tuple
    value: Callable
    # None: for information only.
    bound: float | None
    at_least: bool = False
    unit: str = "×"

    def met(self, value):
        if self.bound is None:
            return None
        return value >= self.bound if self.at_least else value <= self.bound


def ratio(first, second):
    """Median time of one contender divided by that of another."""
    return lambda runs, sizes: runs[first].seconds / runs[second].seconds


def grown(first, second, base, tenth):
    """Time per byte of the file divided by time per byte of a tenth of it; the rows are alike in both."""
    return lambda runs, sizes: runs[first].seconds / sizes[base] / (runs[second].seconds / sizes[tenth])


def memory(name):
    """Peak anonymous memory of all runs, MB."""
    return lambda runs, sizes: runs[name].peak("anonymous") / MB


def over_the_longer(name, *others):
    """Median time of one contender divided by the longest median time of the others."""
    return lambda runs, sizes: runs[name].seconds / max(runs[other].seconds for other in others)


def goals(base, tenth, large):
    """All goals in the order of the table."""

    def time(first, second, bound, description):
        return Goal(description, (first, second), ratio(first, second), bound)

    def faster(first, second, bound, description):
        return Goal(description, (first, second), ratio(second, first), bound, at_least=True)

    def within(name, bound, description):
        return Goal(description, (name,), memory(name), bound, unit="MB")

    found = [
        time("one-day", "wc", 2, "one day ÷ wc -l"),
        faster("one-day", "duckdb", 10, "DuckDB ÷ one day"),
        faster("one-day", "polars", 10, "Polars ÷ one day"),
        faster("one-day", "csv", None, "csv crate ÷ one day"),
        faster("one-day", "duckdb-sniff", None, "DuckDB, types inferred ÷ one day"),
        faster("one-day", "polars-sniff", None, "Polars, types inferred ÷ one day"),
        time("one-day-telemetry", "one-day", None, "one day with telemetry ÷ one day"),
        time("all-days", "wc", 6, "all days ÷ wc -l"),
        within("one-day", 400, "anonymous memory, one day"),
        within("all-days", 1500, "anonymous memory, all days"),
        faster("two-threads", "one-thread", 1.8, "one thread ÷ two threads"),
        time("gz", "pigz", 1.15, "one day from .gz ÷ pigz -dc"),
        time("zst", "zstd", 1.15, "one day from .zst ÷ zstd -dc"),
        faster("zip", "unzip", 3, "unzip -p ÷ one day from .zip, deflate"),
        faster("zip64", "unzip64", 1.5, "unzip -p ÷ one day from .zip, deflate64"),
        within("zip", 400, "anonymous memory, one day from .zip"),
        Goal(
            "one day from S3 ÷ the longer of download and local scan",
            ("s3", "download", "one-day"),
            over_the_longer("s3", "download", "one-day"),
            1.25,
        ),
        faster("bikes", "snapshots", 0.8, "rate of snapshots ÷ rate of fetching them"),
        time("line-breaks", "plain", 3, "a line break in each row ÷ plain"),
        time("rejected", "plain", 3, "each row rejected ÷ plain"),
        time("one-arc", "plain", 3, "one arc alone ÷ plain"),
    ]
    if base != tenth:
        description = "time per row, the file ÷ a tenth of it"
        found += [
            Goal(f"one day, {description}", ("one-day", "plain"), grown("one-day", "plain", base, tenth), 1.05),
            Goal(f"all days, {description}", ("all-days", "all-plain"), grown("all-days", "all-plain", base, tenth), 1.05),
        ]
    if large:
        found += [
            within("one-day-twice", 400, "anonymous memory, one day of twice the file"),
            within("all-days-twice", 1500, "anonymous memory, all days of twice the file"),
        ]
    return found
