"""The inputs of the contenders: written once by the simulator and kept, with the same bytes on every machine.

After a change of the simulator, remove the data folder.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

LAST_DAY = date(2025, 11, 2)
# The processed day. It is not the last day of the file, because its last hour has the date of the next day.
DAY = "2025-11-01"
# About 10,000 hourly snapshots.
BIKE_DAYS = 416


@dataclass(frozen=True)
class Size:
    """The size of a city: number of arcs, and of days up to LAST_DAY."""

    arcs: int
    days: int


# Paris has 3,348 arcs; 266 days are about nine months.
SIZES = {
    "tiny": Size(60, 3),
    "small": Size(3348, 27),
    "full": Size(3348, 266),
    "large": Size(3348, 532),
}
# Path of the file of road counts in every input.
FILE = Path("batch/comptages-01.csv")


class Inputs:
    """The data folder. `base` is the measured size, `tenth` the size for comparison."""

    def __init__(self, folder, simulator, base, tenth, log):
        self.folder, self.simulator, self.log = Path(folder).absolute(), simulator, log
        self.base, self.tenth = base, tenth

    def raw(self, name):
        """The raw folder of an input, created if it does not exist."""
        return self._create_once(self.folder / name, lambda folder: self._create(name, folder))

    def file(self, name):
        """The file of road counts of an input."""
        folder = self.raw(name) / FILE.parent
        return next(path for path in sorted(folder.iterdir()) if path.name.startswith("comptages-"))

    def bucket(self, size):
        """The folder of the S3 server, with a bucket `counts` for the file of road counts and a bucket `bikes` for hourly snapshots."""
        buckets = self.folder / "buckets"
        counts = buckets / f"counts-{size}"
        if not counts.exists():
            source = self.file(size).resolve()
            (counts / FILE.parent).mkdir(parents=True)
            # A hard link, because a copy would occupy the page cache twice.
            os.link(source, counts / FILE)
        days = min(BIKE_DAYS, SIZES[size].days) if size == "tiny" else BIKE_DAYS
        self._create_once(
            buckets / f"bikes-{days}",
            lambda folder: self._simulate(folder, "--only", "bikes", *self._days(days)),
        )
        first, last = self._days(days)[1::2]
        return buckets, {"counts": counts.name, "bikes": f"bikes-{days}"}, f"{first}..{last}"

    def _create_once(self, path, create):
        if not path.exists():
            self.log(f"creating {path.name} ...")
            # A temporary name, so that an interrupted input is not used by the next run.
            part = path.with_name(path.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            create(part)
            part.rename(path)
        return path

    def _create(self, name, folder):
        # A size, or a variant of one: `small`, `gz-small`, `zip-small`, `line-breaks-small`.
        kind, _, of = name.rpartition("-")
        if not kind:
            size = SIZES[of]
            self._simulate(folder, "--only", "comptages", "--arcs", str(size.arcs), *self._days(size.days))
            return
        plain = self.file(of)
        (folder / FILE.parent).mkdir()
        if kind in COMPRESSORS:
            compress(COMPRESSORS[kind], plain, folder / FILE)
        elif kind in METHODS:
            archive(METHODS[kind], plain, folder / FILE.with_suffix(".zip"))
        else:
            with open(plain, "rb") as rows, open(folder / FILE, "wb") as shaped:
                shape(rows, shaped, SHAPES[kind])

    def _simulate(self, folder, *flags):
        subprocess.run([self.simulator, "--out", folder, "--force", "--quiet", *flags], check=True)

    @staticmethod
    def _days(days):
        return ["--from", str(LAST_DAY - timedelta(days=days - 1)), "--to", str(LAST_DAY)]


# Compressors and suffixes: the fastest level for gzip, the default level for Zstandard.
COMPRESSORS = {"gz": (["pigz", "-1"], ".gz"), "zst": (["zstd", "-q", "-3", "-T0"], ".zst")}


def compress(compressor, plain, path):
    """Compresses `plain` to `path` plus the suffix."""
    command, suffix = compressor
    # gzip is slower than pigz, but its output is equivalent.
    program = command[0] if shutil.which(command[0]) else "gzip"
    with open(f"{path}{suffix}", "wb") as compressed, open(plain, "rb") as rows:
        subprocess.run([program, *command[1:], "-c"], stdin=rows, stdout=compressed, check=True)


# Methods of the entries of an archive, as 7-Zip calls them.
METHODS = {"zip": "Deflate", "zip64": "Deflate64"}
# Weekly files in the archive of a year.
WEEKS = 53


def archive(method, plain, path):
    """Writes `plain` as an archive of weekly files, each with the header, as the city publishes a year."""
    weeks = path.with_name("weeks")
    weeks.mkdir()
    with open(plain, "rb") as rows:
        header = rows.readline()
        share = (plain.stat().st_size - len(header)) // WEEKS + 1
        for week in range(WEEKS):
            with open(weeks / f"trafic_capteurs_2025_W{week:02}_.txt", "wb") as file:
                file.write(header)
                file.write(rows.read(share))
                file.write(rows.readline())
    # 7-Zip is the program at hand that writes deflate64.
    subprocess.run(["7z", "a", "-tzip", f"-mm={method}", "-mx=1", "-bd", path, "."], cwd=weeks, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(weeks)


def line_break(fields):
    """A quoted line break in the label: a row of two lines."""
    fields[1] = b'"' + fields[1].replace(b"_", b"\n", 1) + b'"'


def rejected(fields):
    """An unreadable timestamp of the same length."""
    fields[2] = b"never" + fields[2][5:]


def one_arc(fields):
    """All rows have the same arc, so that all work concerns its cells."""
    fields[0] = b"3"


SHAPES = {"line-breaks": line_break, "rejected": rejected, "one-arc": one_arc}


def shape(rows, shaped, change):
    """Copies a file of road counts and changes each row except the header. The changed fields precede all quoted fields."""
    shaped.write(rows.readline())
    for row in rows:
        fields = row.split(b";", 3)
        change(fields)
        shaped.write(b";".join(fields))
