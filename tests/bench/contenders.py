"""The contenders: the processor in several cases, and its peers, with their inputs, command lines and requirements."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import collector
import server
from inputs import DAY

HERE = Path(__file__).parent
# Requests in flight of the fetching peers, equal to those of the processor: `IN_FLIGHT` for ranges, `FETCHES` for objects.
RANGES, OBJECTS = 16, 32
# Size of a range of the `download` peer, bytes.
RANGE = 8 << 20
# Exit code of the processor if a source is unusable, here because every row is rejected; the other sources are published.
UNUSABLE = 65


@dataclass(frozen=True)
class Contender:
    """One program on one input."""

    name: str
    group: str
    does: str
    # Name of its input; None for objects on the S3 server.
    reads: str | None
    command: Callable[[], list]
    # Required programs.
    programs: tuple = ()
    codes: tuple = (0,)
    s3: bool = False
    # Whether it sends telemetry to the collector.
    telemetry: bool = False
    cores: int = 1

    def missing(self):
        """The reason why it cannot run on this machine, or None."""
        absent = [program for program in self.programs if not shutil.which(program)]
        if absent:
            return f"no {Path(absent[0]).name}"
        if self.s3 and not server.program():
            return "no versitygw (VERSITYGW or PATH)"
        if self.telemetry and not collector.program():
            return "no otelcol (OTELCOL or PATH)"
        if (os.cpu_count() or 1) < self.cores:
            return f"fewer than {self.cores} cores"
        return None


@dataclass
class Lab:
    """The programs, inputs and servers of a run of the benchmark."""

    inputs: object
    processor: Path
    peers: Path
    python: Path
    # Output folder of the processor, removed before each run.
    out: Path | None = None
    s3: object = None
    collector: object = None
    # The names of the buckets of road counts and of snapshots, their parent folder, and the days of the snapshots.
    buckets: dict = field(default_factory=dict)
    buckets_folder: Path | None = None
    bike_days: str = ""

    def process(self, days, raw, *flags):
        """The command line of the processor."""
        return [self.processor, days, "--raw", raw, "--out", self.out, "--quiet", *flags]


def contenders(lab, large):
    """All contenders in the order of the table; those with the same input are adjacent."""
    base, tenth = lab.inputs.base, lab.inputs.tenth

    def one(name, group, does, reads, days=DAY, flags=(), **more):
        return Contender(name, group, does, reads, lambda: lab.process(days, lab.inputs.raw(reads), *flags), **more)

    def on_file(name, group, does, reads, *command, **more):
        return Contender(name, group, does, reads, lambda: [*command, lab.inputs.file(reads)], **more)

    def python(name, module, does, *flags):
        script = HERE / "peers" / f"{module}_totals.py"
        # Checks the installation without starting Python.
        installed = any((lab.python.parent.parent / "lib").glob(f"python*/site-packages/{module}"))

        def command():
            return [lab.python, script, lab.inputs.file(base), *flags]

        return Contender(name, "day", does, base, command, programs=() if installed else (module,))

    def on_s3(name, group, does, command, **more):
        return Contender(name, group, does, None, command, s3=True, **more)

    totals = "totals per arc and day"
    chosen = [
        on_file("wc", "day", "counts lines", base, "wc", "-l", programs=("wc",)),
        one("one-day", "day", "one day, all figures", base),
        one("one-day-telemetry", "telemetry", "the same, spans and metrics to a collector", base, telemetry=True),
        one("all-days", "all", "every day, all figures", base, "all"),
        on_file("csv", "day", f"{totals}, csv crate, one thread", base, lab.peers, "csv", programs=(lab.peers,)),
        python("duckdb", "duckdb", f"{totals}, DuckDB"),
        python("polars", "polars", f"{totals}, Polars"),
        python("duckdb-sniff", "duckdb", "the same, types inferred", "sniff"),
        python("polars-sniff", "polars", "the same, types inferred", "sniff"),
        one("one-thread", "threads", "one day with --threads 1", base, flags=("--threads", "1"), cores=2),
        one("two-threads", "threads", "one day with --threads 2", base, flags=("--threads", "2"), cores=2),
        one("gz", "packed", "one day from .gz", f"gz-{base}"),
        on_file("pigz", "packed", "decompresses it", f"gz-{base}", "pigz", "-dc", programs=("pigz",)),
        one("zst", "packed", "one day from .zst", f"zst-{base}", programs=("zstd",)),
        on_file("zstd", "packed", "decompresses it", f"zst-{base}", "zstd", "-qdc", programs=("zstd",)),
        one("zip", "packed", "one day from a .zip of weekly files, deflate", f"zip-{base}", programs=("7z",)),
        on_file("unzip", "packed", "decompresses it", f"zip-{base}", "unzip", "-p", programs=("7z", "unzip")),
        one("zip64", "packed", "one day from a .zip of weekly files, deflate64", f"zip64-{base}", programs=("7z",)),
        on_file("unzip64", "packed", "decompresses it", f"zip64-{base}", "unzip", "-p", programs=("7z", "unzip")),
        on_s3("s3", "s3", "one day from S3", lambda: lab.process(DAY, f"s3://{lab.buckets['counts']}")),
        on_s3("download", "s3", f"reads the object in ranges, {RANGES} in flight", lambda: fetch(lab, "counts"),
              programs=(lab.peers,)),
        on_s3("bikes", "bikes", "every day of 10,000 hourly snapshots from S3",
              lambda: lab.process(lab.bike_days, f"s3://{lab.buckets['bikes']}", "--required", "bikes")),
        on_s3("snapshots", "bikes", f"fetches them, {OBJECTS} in flight", lambda: fetch(lab, "bikes"),
              programs=(lab.peers,)),
        one("plain", "shapes", "one day of a tenth of the file", tenth),
        one("all-plain", "growth", "every day of it", tenth, "all"),
        one("line-breaks", "shapes", "the same, a quoted line break in each row", f"line-breaks-{tenth}"),
        one("rejected", "shapes", "the same, each row rejected", f"rejected-{tenth}", codes=(0, UNUSABLE)),
        one("one-arc", "shapes", "the same, each row of one arc", f"one-arc-{tenth}"),
    ]
    if large:
        chosen += [
            one("one-day-twice", "memory", "one day of twice the file", "large"),
            one("all-days-twice", "memory", "every day of it", "large", "all"),
        ]
    return chosen


def fetch(lab, bucket):
    """The command line of a fetching peer."""
    store = f"s3://{lab.buckets[bucket]}"
    if bucket == "counts":
        pace = ["--in-flight", str(RANGES), "--range", str(RANGE)]
        return [lab.peers, "download", store, "batch/comptages-01.csv", *pace]
    return [lab.peers, "objects", store, "api/", "--in-flight", str(OBJECTS)]
