#!/usr/bin/env python3
"""Counts the instructions that the processor executes per row, with callgrind; other load on the machine does not affect the count.

    make instructions             fails if a figure differs from instructions.json by more than 3 % in either direction
    make instructions UPDATE=1    updates the file; commit it with the change that caused the difference

The count on n rows is subtracted from that on 2n rows, which excludes the start-up. It uses the release build, which compiles twice as
fast as the build of the images and reacts to the same changes. Not a measure of time: caches, branch prediction and threads have no
effect. Use `make bench` for times.
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
# A small city.
ARCS = 100
CASES = {"one day": "2025-11-01", "all days": "all"}
SIZES = {"n": "2025-10-24", "2n": "2025-10-14"}
LAST_DAY = "2025-11-02"


def arguments():
    parser = argparse.ArgumentParser(prog="instructions", description=__doc__.splitlines()[0])
    programs = ROOT / "target" / "release"
    parser.add_argument("--processor", type=Path, default=programs / "processor")
    parser.add_argument("--simulator", type=Path, default=programs / "simulator")
    parser.add_argument("--times", type=int, default=3, help="repetitions of each count; the lowest is used (default: 3)")
    parser.add_argument("--update", action="store_true", help="update instructions.json instead of comparing with it")
    return parser.parse_args()


def environment():
    """The complete environment of a run. It is fixed, because the number and length of variables affect the count."""
    # Valgrind does not support AVX-512; AVX2 is the widest code that it can run on any machine.
    variables = {"PATH": "/usr/bin:/bin", "CITYFLOW_SIMD": "avx2", "NO_COLOR": "1"}
    # Idle runtime threads search for work, which costs instructions; a single thread keeps this small.
    return variables | {"TOKIO_WORKER_THREADS": "1"}


def count(processor, days, raw, folder):
    """The instructions of one run of the processor, over all threads."""
    out = folder / "processed"
    shutil.rmtree(out, ignore_errors=True)
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'callgrind.out'}", "--error-exitcode=0"]
    command += [processor, days, "--raw", raw, "--out", out, "--quiet", "--threads", "1"]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True)
    found = re.search(r"Collected\s*:\s*(\d+)", result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f"instructions: the processor failed under valgrind:\n{result.stderr[-2000:]}")
    return int(found.group(1))


def rows(raw):
    """The number of rows of road counts in a raw folder. Without faults, the simulator writes no line breaks in rows."""
    return sum(file.read_bytes().count(b"\n") - 1 for file in (raw / "batch").glob("comptages-*.csv"))


def measure(options, folder):
    """For each case: the instructions per row, and the relative spread of repeated counts."""
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
    """Instructions per row and relative spread, from the lowest counts on n and 2n rows. Waiting threads and memory reuse only add."""
    low = {size: min(of) for size, of in counts.items()}
    difference = low["2n"] - low["n"]
    spread = max(max(of) - min(of) for of in counts.values())
    return difference / more, spread / difference


def compare(figures, recorded):
    """A line for each case, and whether all figures are within the tolerance."""
    lines, good = [], True
    for case, (value, spread) in figures.items():
        before = recorded.get(case)
        line = f"{case}: {value:.1f} instructions per row, spread {spread:.1%}"
        if before is None:
            line, good = f"{line}; not recorded yet", False
        else:
            change = value / before - 1
            line += f", {change:+.1%} compared with the recorded {before:.1f}"
            if abs(change) > TOLERANCE:
                line, good = f"{line}: DIFFERS BY MORE THAN {TOLERANCE:.0%}", False
        lines.append(line)
    return lines, good


def main():
    """Counts, then compares or records."""
    options = arguments()
    if not shutil.which("valgrind"):
        sys.exit("instructions: valgrind not found; install it with the package manager of your system")
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {"per row": {}}
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        figures = measure(options, Path(folder))
    lines, good = compare(figures, recorded["per row"])
    print("\n".join(f"instructions: {line}" for line in lines))
    if options.update:
        found = {case: round(value, 1) for case, (value, _) in figures.items()}
        RECORDED.write_text(json.dumps({"rustc": compiler, "per row": found}, indent=2) + "\n")
        print(f"instructions: {RECORDED.relative_to(ROOT)} updated")
        return 0
    if not good:
        by = recorded.get("rustc")
        also = f" The recorded figures are from rustc {by}, these from {compiler}." if by and by != compiler else ""
        print(f"instructions: if the difference is intended, record it with `make instructions UPDATE=1`.{also}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
