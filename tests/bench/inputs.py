"""What the contenders read: made once by the simulator, kept for the next time, the same bytes on every machine.

Whoever changes the simulator removes the data folder.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

LAST_DAY = date(2025, 11, 2)
# The day that is processed: not at an end of the file, for its last hour stands under the next date.
DAY = "2025-11-01"
# 10,000 hours.
BIKE_DAYS = 416


@dataclass(frozen=True)
class Size:
    """A city: road sections, and days up to the last."""

    arcs: int
    days: int


# The counts of Paris over nine months are 3,348 arcs and 266 days.
SIZES = {
    "tiny": Size(60, 3),
    "small": Size(3348, 27),
    "full": Size(3348, 266),
    "large": Size(3348, 532),
}
# What every input is derived from or compared with.
FILE = Path("batch/comptages-01.csv")


class Inputs:
    """The data folder. `base` is the size that is measured, `tenth` the one that it is compared with."""

    def __init__(self, folder, simulator, base, tenth, say):
        self.folder, self.simulator, self.say = Path(folder).absolute(), simulator, say
        self.base, self.tenth = base, tenth

    def raw(self, name):
        """The raw folder of an input, made if it is not there."""
        return self._made(self.folder / name, lambda folder: self._make(name, folder))

    def file(self, name):
        """The one file of counts of an input."""
        folder = self.raw(name) / FILE.parent
        return next(path for path in sorted(folder.iterdir()) if path.name.startswith("comptages-"))

    def bucket(self, size):
        """The folder of an S3 server: bucket `counts` with the file of a size, bucket `bikes` with hourly snapshots."""
        buckets = self.folder / "buckets"
        counts = buckets / f"counts-{size}"
        if not counts.exists():
            source = self.file(size).resolve()
            (counts / FILE.parent).mkdir(parents=True)
            # The same file twice would be twice the page cache.
            os.link(source, counts / FILE)
        days = min(BIKE_DAYS, SIZES[size].days) if size == "tiny" else BIKE_DAYS
        self._made(
            buckets / f"bikes-{days}",
            lambda folder: self._simulate(folder, "--only", "bikes", *self._days(days)),
        )
        first, last = self._days(days)[1::2]
        return buckets, {"counts": counts.name, "bikes": f"bikes-{days}"}, f"{first}..{last}"

    def _made(self, place, make):
        if not place.exists():
            self.say(f"making {place.name} ...")
            # What was interrupted must not be taken for an input the next time.
            part = place.with_name(place.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            make(part)
            part.rename(place)
        return place

    def _make(self, name, folder):
        # A size, or what is made of one: `small`, `gz-small`, `line-breaks-small`.
        kind, _, of = name.rpartition("-")
        if not kind:
            size = SIZES[of]
            self._simulate(folder, "--only", "comptages", "--arcs", str(size.arcs), *self._days(size.days))
            return
        plain = self.file(of)
        (folder / FILE.parent).mkdir()
        if kind in PACKERS:
            pack(PACKERS[kind], plain, folder / FILE)
        else:
            with open(plain, "rb") as rows, open(folder / FILE, "wb") as shaped:
                shape(rows, shaped, SHAPES[kind])

    def _simulate(self, folder, *flags):
        subprocess.run([self.simulator, "--out", folder, "--force", "--quiet", *flags], check=True)

    @staticmethod
    def _days(days):
        return ["--from", str(LAST_DAY - timedelta(days=days - 1)), "--to", str(LAST_DAY)]


# How the file is packed: quickly for gzip, as sources do it by default for Zstandard.
PACKERS = {"gz": (["pigz", "-1"], ".gz"), "zst": (["zstd", "-q", "-3", "-T0"], ".zst")}


def pack(packer, plain, place):
    """Packs a file beside the place where it would lie unpacked."""
    command, end = packer
    # Without pigz it takes longer, and the file is as good.
    program = command[0] if shutil.which(command[0]) else "gzip"
    with open(f"{place}{end}", "wb") as packed, open(plain, "rb") as rows:
        subprocess.run([program, *command[1:], "-c"], stdin=rows, stdout=packed, check=True)


def line_break(fields):
    """A quoted line break in the label: a row of two lines."""
    fields[1] = b'"' + fields[1].replace(b"_", b"\n", 1) + b'"'


def rejected(fields):
    """An instant that cannot be read, of the same length."""
    fields[2] = b"never" + fields[2][5:]


def one_arc(fields):
    """Every row is of one arc: all of the work falls on its cells."""
    fields[0] = b"3"


SHAPES = {"line-breaks": line_break, "rejected": rejected, "one-arc": one_arc}


def shape(rows, shaped, change):
    """Copies a file of counts and changes each row but the header. The fields that change come before any quote."""
    shaped.write(rows.readline())
    for row in rows:
        fields = row.split(b";", 3)
        change(fields)
        shaped.write(b";".join(fields))
