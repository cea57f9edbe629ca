#!/usr/bin/env python3
"""Instructions that the processor spends on a row, counted by callgrind: a cost that no other load on the machine can move.

    make instructions             fails where a figure differs from instructions.json by more than 3 %, either way
    make instructions UPDATE=1    writes the file anew; commit it with the change that moved the figure

Counted on n rows and on 2n: the difference is the rows alone, without start-up. It is of the release build, which takes half as long
to make as that of an image and moves with the same changes. It is a count of work and no time: neither the cache nor the branch
predictor nor threads are in it. That is what `make bench` is for.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDED = HERE / "instructions.json"
TOLERANCE = 0.03
# A small city; the same flags give the same bytes.
ARCS = 100
CASES = {"one day": "2025-11-01", "all days": "all"}
SIZES = {"n": "2025-10-24", "2n": "2025-10-14"}
LAST_DAY = "2025-11-02"


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="instructions", description=__doc__.splitlines()[0])
    programs = ROOT / "target" / "release"
    parser.add_argument("--processor", type=Path, default=programs / "processor")
    parser.add_argument("--simulator", type=Path, default=programs / "simulator")
    parser.add_argument("--times", type=int, default=3, help="counts of each, of which the lowest holds (default: 3)")
    parser.add_argument("--update", action="store_true", help="write the file anew instead of comparing with it")
    return parser.parse_args()


def environment():
    """Variables of a run, those alone that it needs: their number and length would be in the count."""
    # Valgrind knows no AVX-512, so the widest code that it can run is chosen, whatever the machine is.
    chosen = {"PATH": "/usr/bin:/bin", "CITYFLOW_SIMD": "avx2", "NO_COLOR": "1"}
    # A thread of the runtime that waits for work looks for some first; with one of them there is less of that.
    return chosen | {"TOKIO_WORKER_THREADS": "1"}


def count(processor, days, raw, folder):
    """Instructions of one run of the processor, all threads."""
    out = folder / "processed"
    shutil.rmtree(out, ignore_errors=True)
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'callgrind.out'}", "--error-exitcode=0"]
    command += [processor, days, "--raw", raw, "--out", out, "--quiet", "--threads", "1"]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True)
    found = re.search(r"Collected\s*:\s*(\d+)", ended.stderr)
    if ended.returncode != 0 or not found:
        sys.exit(f"instructions: the processor did not end well under valgrind:\n{ended.stderr[-2000:]}")
    return int(found.group(1))


def rows(raw):
    """Rows of counts in a raw folder. The simulator writes no line break into a row."""
    return sum(file.read_bytes().count(b"\n") - 1 for file in (raw / "batch").glob("comptages-*.csv"))


def measure(options, folder):
    """Of each case: instructions per row, and how far apart the counts of the same thing were, as a share of it."""
    raw = {}
    for size, first in SIZES.items():
        raw[size] = folder / size
        flags = ["--from", first, "--to", LAST_DAY, "--arcs", str(ARCS), "--only", "comptages", "--quiet"]
        subprocess.run([options.simulator.resolve(), "--out", raw[size], *flags], check=True)
    more = rows(raw["2n"]) - rows(raw["n"])
    figures = {}
    for case, days in CASES.items():
        counts = {size: [count(options.processor.resolve(), days, raw[size], folder) for _ in range(options.times)]
                  for size in SIZES}
        figures[case] = per_row(counts, more)
    return figures


def per_row(counts, more):
    """From the counts on n and on 2n rows. The lowest of each: threads that wait and memory that is used again, or is not, only add."""
    low = {size: min(of) for size, of in counts.items()}
    difference = low["2n"] - low["n"]
    apart = max(max(of) - min(of) for of in counts.values())
    return difference / more, apart / difference


def compare(figures, recorded):
    """A line for each case, and whether all are within the tolerance."""
    lines, good = [], True
    for case, (value, apart) in figures.items():
        before = recorded.get(case)
        line = f"{case}: {value:.1f} instructions per row, counts {apart:.1%} of them apart"
        if before is None:
            line, good = f"{line}; none recorded", False
        else:
            change = value / before - 1
            line += f", {change:+.1%} of the {before:.1f} recorded"
            if abs(change) > TOLERANCE:
                line, good = f"{line}: MORE THAN {TOLERANCE:.0%} APART", False
        lines.append(line)
    return lines, good


def main():
    """Count, then compare or record."""
    options = arguments()
    if not shutil.which("valgrind"):
        sys.exit("instructions: valgrind is not here; install it as a package of your system")
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {"per row": {}}
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        figures = measure(options, Path(folder))
    lines, good = compare(figures, recorded["per row"])
    print("\n".join(f"instructions: {line}" for line in lines))
    if options.update:
        found = {case: round(value, 1) for case, (value, _) in figures.items()}
        RECORDED.write_text(json.dumps({"rustc": compiler, "per row": found}, indent=2) + "\n")
        print(f"instructions: {RECORDED.relative_to(ROOT)} written")
        return 0
    if not good:
        by = recorded.get("rustc")
        also = f" It was recorded with rustc {by}, this is {compiler}." if by and by != compiler else ""
        print(f"instructions: where the change is meant, `make instructions UPDATE=1` records it.{also}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
