#!/usr/bin/env python3
"""The benchmark: the processor and its peers on the same input, in turn, in one run, as ratios.

    make bench                                the whole table
    make bench ARGS=--small                   on a tenth of the file
    make bench ARGS="--only one-day,wc"       some contenders, or groups of them

docs/benchmark.md says what is measured and why.
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
# The jobs' settings of whoever runs this would make another benchmark of it.
SETTINGS = ("CITYFLOW_", "CITY_", "SIMULATOR_", "S3_BUCKET_", "REPORT_DATE", "JOB_NAME", "AWS_", "OTEL_", "RUST_LOG")


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("BENCH_DATA") or ROOT / "target" / "bench",
                        help="folder of the inputs, kept for the next time (BENCH_DATA; default: target/bench)")
    parser.add_argument("--programs", type=Path, default=ROOT / "target" / "dist", metavar="DIR",
                        help="folder of processor, simulator and peers (default: target/dist)")
    parser.add_argument("--processor", type=Path, help="the binary that is measured, where it is another one")
    parser.add_argument("--python", type=Path, help="Python of an environment with DuckDB and Polars (default: made in the data folder)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender (default: 5)")
    parser.add_argument("--limit", type=float, default=600, help="longest run, seconds (default: 600)")
    parser.add_argument("--only", metavar="NAMES", help="contenders or groups, with commas; see --list")
    parser.add_argument("--list", action="store_true", help="list contenders and groups, and measure nothing")
    parser.add_argument("--small", action="store_true", help="a tenth of the file")
    parser.add_argument("--tiny", action="store_true", help="60 arcs and three days, to see that all of it works")
    parser.add_argument("--large", action="store_true", help="also twice the file, for the bounds of memory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything that was measured")
    parser.add_argument("--record", action="store_true", help="write the tables into docs/benchmark.md")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a goal is not met")
    return parser.parse_args()


def say(*words):
    """Progress, beside the result."""
    print("bench:", *words, file=sys.stderr, flush=True)


def pick(all_of_them, only):
    """The contenders of --only, in the order of the table."""
    if not only:
        return all_of_them
    wanted = {word.strip() for word in only.split(",") if word.strip()}
    known = {contender.name for contender in all_of_them} | {contender.group for contender in all_of_them}
    if wanted - known:
        sys.exit(f"bench: no contender or group is called {', '.join(sorted(wanted - known))}; --list shows them")
    return [contender for contender in all_of_them if {contender.name, contender.group} & wanted]


def compete(lab, chosen, options, environment):
    """Runs each contender as often as asked for, in turn. What fails or is too slow is not tried again, and is said."""
    missing = {contender.name: f"not here, {contender.missing()}" for contender in chosen if contender.missing()}
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
                beside = lab.s3 if contender.s3 else lab.collector if contender.telling else None
                told = environment | (lab.collector.environment() if contender.telling else {})
                run = measure.run(command, told, options.limit, contender.codes, beside)
            except (measure.Failed, measure.TooSlow) as error:
                missing[contender.name] = str(error)
                runs.pop(contender.name, None)
                say(f"{contender.name}: {error}")
                continue
            runs.setdefault(contender.name, measure.Runs()).append(run)
            sizes[contender.name] = plain_size(lab, contender)
            say(f"round {round_} of {options.rounds}: {contender.name} {run.seconds:.3f} s")
            if file and (share := measure.cached(file)) is not None and share < 0.99:
                say(f"only {share:.0%} of {file.name} is in the page cache: these times include the disk")
    clear(lab.out)
    return runs, missing, sizes


def plain_size(lab, contender):
    """Bytes of counts that a contender reads, unpacked; None for snapshots."""
    if contender.group == "bikes":
        return None
    of = lab.inputs.base if contender.group in ("packed", "s3") else contender.reads
    return lab.inputs.file(of).stat().st_size


def clear(folder):
    """Removes what was written: the next run begins from nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def record(text):
    """Puts the tables between the two marks of the documentation."""
    path = ROOT / "docs" / "benchmark.md"
    before, begin, rest = path.read_text().partition("<!-- results -->\n")
    _, end, after = rest.partition("<!-- end of results -->")
    if not end:
        sys.exit(f"bench: {path} has no marks for the results")
    path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")


def main():
    """Prepare, measure, tell."""
    options = arguments()
    base = "tiny" if options.tiny else "small" if options.small else "full"
    tenth = "tiny" if options.tiny else "small"
    options.data.mkdir(parents=True, exist_ok=True)
    programs = options.programs.resolve()
    inputs = Inputs(options.data, programs / "simulator", base, tenth, say)
    python = options.python or options.data / "venv" / "bin" / "python"
    processor = (options.processor or programs / "processor").resolve()
    lab = Lab(inputs, processor, programs / "peers", python.absolute())
    everyone = contenders(lab, options.large)
    if options.list:
        print("\n".join(f"{contender.name:<16}{contender.group:<10}{contender.does}" for contender in everyone))
        return 0
    chosen = pick(everyone, options.only)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    out = Path(tempfile.mkdtemp(prefix="bench-", dir=machine.folder_in_memory() or options.data))
    lab.out = out / "processed"
    try:
        if server.program() and any(contender.s3 for contender in chosen):
            lab.buckets_folder, lab.buckets, lab.bike_days = inputs.bucket(base)
            lab.s3 = server.Server(lab.buckets_folder, options.data / "versitygw.log")
            environment |= lab.s3.environment()
        if collector.program() and any(contender.telling for contender in chosen):
            lab.collector = collector.Collector(options.data)
        for contender in chosen:
            if contender.reads and not contender.missing():
                inputs.file(contender.reads)
        # The load of making the inputs is not that of others.
        if machine.busy() > 0.5:
            say(f"the machine has had {machine.busy():.1f} processes at work over the last minute: is it idle?")
        runs, missing, sizes = compete(lab, chosen, options, environment)
    finally:
        for beside in filter(None, (lab.s3, lab.collector)):
            beside.stop()
        clear(out)
    return tell(options, lab, chosen, runs, missing, sizes)


def tell(options, lab, chosen, runs, missing, sizes):
    """Prints the tables, and writes what was asked for."""
    inputs = lab.inputs
    bytes_of = {size: inputs.file(size).stat().st_size for size in {inputs.base, inputs.tenth} if (inputs.folder / size).exists()}
    time_rows = table.times(chosen, runs, missing, sizes)
    found, met = table.judged(goals(inputs.base, inputs.tenth, options.large), runs, bytes_of)
    head = f"{machine.description()}; {time.strftime('%Y-%m-%d')}; medians of {options.rounds} runs in turn"
    if inputs.base in bytes_of:
        head += f"; {bytes_of[inputs.base] / 1e9:.2f} GB of counts in the page cache"
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions(lab.python).items())
    told = [f"{name} found {runs[name][0].said}" for name in runs if runs[name][0].said and name != "wc"]
    absent = [f"{name}: {why}" for name, why in missing.items()]
    notes = [*absent, *table.shares(runs), *told]
    print(f"\n{head}\n{versions}\n\n{table.aligned(table.TIMES, time_rows)}")
    if found:
        print(f"\n{table.aligned(table.GOALS, found)}")
    if notes:
        print("\n" + "\n".join(notes))
    if options.json:
        measured = {name: [asdict(run) for run in of] for name, of in runs.items()}
        goal_rows = [dict(zip(("goal", "value", "bound", "verdict"), row, strict=True)) for row in found]
        content = {"machine": head, "versions": versions, "runs": measured, "missing": missing, "goals": goal_rows}
        options.json.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    if options.record:
        parts = [f"{head}.", f"{versions}.", table.markdown(table.TIMES, time_rows), table.markdown(table.GOALS, found)]
        record("\n\n".join([*parts, "\n".join(f"- {note}" for note in notes)]).rstrip())
    failed = any(not why.startswith("not here") for why in missing.values())
    return 1 if failed or (options.check and not met) else 0


def interrupted(*_):
    """Told to stop: the server and what was written go as well."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
