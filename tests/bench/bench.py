#!/usr/bin/env python3
"""The benchmark: runs the processor and its peers in turn on the same input and prints the ratios of their times.

    make bench                                the whole table
    make bench ARGS=--small                   with a tenth of the file
    make bench ARGS="--only one-day,wc"       selected contenders or groups

    inputs (simulator) -> contenders -> measure -> table, goals

docs/benchmark.md describes the method and the goals. Not a test of correctness: it only checks exit codes.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import collector
import machine
import measure
import server
import table
from contenders import Lab, contenders
from goals import goals
from inputs import Inputs

ROOT = Path(__file__).resolve().parents[2]
# Prefix of the reason why a contender cannot run on this machine, to distinguish it from a failure.
UNAVAILABLE = "not available: "
# Prefixes of variables that are removed from the environment of the contenders, because they would change the benchmark.
SETTINGS = ("CITYFLOW_", "CITY_", "SIMULATOR_", "S3_BUCKET_", "REPORT_DATE", "JOB_NAME", "AWS_", "OTEL_", "RUST_LOG")


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("BENCH_DATA") or ROOT / "target" / "bench",
                        help="folder of the inputs, which are kept (BENCH_DATA; default: target/bench)")
    parser.add_argument("--programs", type=Path, default=ROOT / "target" / "dist", metavar="DIR",
                        help="folder of processor, simulator and peers (default: target/dist)")
    parser.add_argument("--processor", type=Path, help="the processor to measure (default: the one in --programs)")
    parser.add_argument("--python", type=Path, help="Python with DuckDB and Polars (default: the environment in the data folder)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--limit", type=float, default=600, help="timeout of a run, seconds (default: 600)")
    parser.add_argument("--only", metavar="NAMES", help="contenders or groups, separated by commas; see --list")
    parser.add_argument("--list", action="store_true", help="list the contenders and groups without measuring")
    parser.add_argument("--small", action="store_true", help="measure a tenth of the file")
    parser.add_argument("--tiny", action="store_true", help="60 arcs and three days, to check that the benchmark works")
    parser.add_argument("--large", action="store_true", help="also measure twice the file, for the memory bounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all measurements to a file")
    parser.add_argument("--record", action="store_true", help="write the tables into docs/benchmark.md")
    parser.add_argument("--check", action="store_true", help="exit with code 1 if a goal is not met")
    return parser.parse_args()


def log(*words):
    """Prints progress to stderr; the result goes to stdout."""
    print("bench:", *words, file=sys.stderr, flush=True)


def select(available, only):
    """The contenders that match --only, in the order of the table."""
    if not only:
        return available
    wanted = {word.strip() for word in only.split(",") if word.strip()}
    known = {contender.name for contender in available} | {contender.group for contender in available}
    if wanted - known:
        sys.exit(f"bench: unknown contender or group: {', '.join(sorted(wanted - known))}. --list prints the known ones.")
    return [contender for contender in available if {contender.name, contender.group} & wanted]


def run_rounds(lab, chosen, options, environment):
    """Runs all contenders in turn, for the requested number of rounds. A contender that fails or times out is not run again."""
    missing = {contender.name: f"{UNAVAILABLE}{contender.missing()}" for contender in chosen if contender.missing()}
    runs, sizes = {}, {}
    for round_ in range(1, options.rounds + 1):
        for contender in chosen:
            if contender.name in missing:
                continue
            file = lab.inputs.file(contender.reads) if contender.reads else None
            measure.warm(file or lab.buckets_folder / lab.buckets["counts" if contender.group == "s3" else "bikes"])
            clear(lab.out)
            try:
                command = [str(word) for word in contender.command()]
                server_process = lab.s3 if contender.s3 else lab.collector if contender.telemetry else None
                variables = environment | (lab.collector.environment() if contender.telemetry else {})
                run = measure.run(command, variables, options.limit, contender.codes, server_process)
            except (measure.Failed, measure.TooSlow) as error:
                missing[contender.name] = str(error)
                runs.pop(contender.name, None)
                log(f"{contender.name}: {error}")
                continue
            runs.setdefault(contender.name, measure.Runs()).append(run)
            sizes[contender.name] = plain_size(lab, contender)
            log(f"round {round_} of {options.rounds}: {contender.name} {run.seconds:.3f} s")
            if file and (share := measure.cached(file)) is not None and share < 0.99:
                log(f"only {share:.0%} of {file.name} is in the page cache: these times include reading from the disk")
    clear(lab.out)
    return runs, missing, sizes


def plain_size(lab, contender):
    """Decompressed size of the road counts that a contender reads, bytes; None for snapshots."""
    if contender.group == "bikes":
        return None
    of = lab.inputs.base if contender.group in ("packed", "s3") else contender.reads
    return lab.inputs.file(of).stat().st_size


def clear(folder):
    """Removes the output, so that the next run starts without it."""
    shutil.rmtree(folder, ignore_errors=True)


def record(text):
    """Writes the tables between the two marks in docs/benchmark.md."""
    path = ROOT / "docs" / "benchmark.md"
    before, begin, rest = path.read_text().partition("<!-- results -->\n")
    _, end, after = rest.partition("<!-- end of results -->")
    if not end:
        sys.exit(f"bench: {path}: the marks of the results are missing")
    path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")


def main():
    """Prepares the inputs, measures and reports."""
    options = arguments()
    base = "tiny" if options.tiny else "small" if options.small else "full"
    tenth = "tiny" if options.tiny else "small"
    options.data.mkdir(parents=True, exist_ok=True)
    programs = options.programs.resolve()
    inputs = Inputs(options.data, programs / "simulator", base, tenth, log)
    python = options.python or options.data / "venv" / "bin" / "python"
    processor = (options.processor or programs / "processor").resolve()
    lab = Lab(inputs, processor, programs / "peers", python.absolute())
    everyone = contenders(lab, options.large)
    if options.list:
        print("\n".join(f"{contender.name:<18}{contender.group:<11}{contender.does}" for contender in everyone))
        return 0
    chosen = select(everyone, options.only)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    out = Path(tempfile.mkdtemp(prefix="bench-", dir=machine.folder_in_memory() or options.data))
    lab.out = out / "processed"
    try:
        if server.program() and any(contender.s3 for contender in chosen):
            lab.buckets_folder, lab.buckets, lab.bike_days = inputs.bucket(base)
            lab.s3 = server.Server(lab.buckets_folder, options.data / "versitygw.log")
            environment |= lab.s3.environment()
        if collector.program() and any(contender.telemetry for contender in chosen):
            lab.collector = collector.Collector(options.data)
        for contender in chosen:
            if contender.reads and not contender.missing():
                inputs.file(contender.reads)
        # The average includes the load of creating the inputs just now.
        if machine.busy() > 0.5:
            log(f"the load average of the last minute is {machine.busy():.1f}: other processes distort the times")
        runs, missing, sizes = run_rounds(lab, chosen, options, environment)
    finally:
        for process in filter(None, (lab.s3, lab.collector)):
            process.stop()
        clear(out)
    return report(options, lab, chosen, runs, missing, sizes)


def report(options, lab, chosen, runs, missing, sizes):
    """Prints the tables, and writes the requested files."""
    inputs = lab.inputs
    bytes_of = {size: inputs.file(size).stat().st_size for size in {inputs.base, inputs.tenth} if (inputs.folder / size).exists()}
    time_rows = table.times(chosen, runs, missing, sizes)
    verdicts, met = table.verdicts(goals(inputs.base, inputs.tenth, options.large), runs, bytes_of)
    head = f"{machine.description()}; {time.strftime('%Y-%m-%d')}; medians of {options.rounds} runs in turn"
    if inputs.base in bytes_of:
        head += f"; {bytes_of[inputs.base] / 1e9:.2f} GB of counts in the page cache"
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions(lab.python).items())
    results = [f"{name} found {runs[name][0].output}" for name in runs if runs[name][0].output and name != "wc"]
    unmeasured = [f"{name}: {reason}" for name, reason in missing.items()]
    notes = [*unmeasured, *table.shares(runs), *results]
    print(f"\n{head}\n{versions}\n\n{table.aligned(table.TIMES, time_rows)}")
    if verdicts:
        print(f"\n{table.aligned(table.GOALS, verdicts)}")
    if notes:
        print("\n" + "\n".join(notes))
    if options.json:
        measured = {name: [asdict(run) for run in of] for name, of in runs.items()}
        goal_rows = [dict(zip(("goal", "value", "bound", "verdict"), row, strict=True)) for row in verdicts]
        content = {"machine": head, "versions": versions, "runs": measured, "missing": missing, "goals": goal_rows}
        options.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    if options.record:
        parts = [f"{head}.", f"{versions}.", table.markdown(table.TIMES, time_rows), table.markdown(table.GOALS, verdicts)]
        record("\n\n".join([*parts, "\n".join(f"- {note}" for note in notes)]).rstrip())
    failed = any(not reason.startswith(UNAVAILABLE) for reason in missing.values())
    return 1 if failed or (options.check and not met) else 0


def interrupted(*_):
    """On SIGTERM: stops the servers and removes the output, as on Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
