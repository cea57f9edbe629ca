"""Runs a program and measures its time, CPU time and memory.

The resident peak comes from the kernel. The peak of anonymous memory is sampled; it excludes pages of mapped files, which belong to the
page cache and not to the process.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from statistics import median

# Seconds between two samples of the anonymous memory. One sample takes about 30 microseconds.
SAMPLE_EVERY = 0.01
# Maximum length of the kept output of a program, bytes.
OUTPUT_LIMIT = 2000


@dataclass(frozen=True)
class Run:
    """The measurements of one run. Times are in seconds, memory in bytes."""

    seconds: float
    user: float
    system: float
    resident: int
    anonymous: int
    server: float = 0.0
    output: str = ""

    @property
    def cpu(self):
        return self.user + self.system


class Failed(Exception):
    """The program exited with an unexpected code, so its time is meaningless."""


class TooSlow(Exception):
    """The program was killed after the timeout."""


class Runs(list):
    """The runs of one contender. Medians are used, so that a single disturbed run does not affect the result."""

    def median(self, name):
        return median(getattr(run, name) for run in self)

    def peak(self, name):
        return max(getattr(run, name) for run in self)

    @property
    def seconds(self):
        return self.median("seconds")

    @property
    def spread(self):
        times = [run.seconds for run in self]
        return min(times), max(times)


def anonymous(pid):
    """The current anonymous resident memory of a process, bytes; 0 if it has exited."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            for line in status:
                if line.startswith(b"RssAnon:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def run(command, environment, limit, codes=(0,), server=None):
    """Runs a command to completion and measures it. `server` is a process whose CPU time during the run is measured separately."""
    # Output goes to files: reading pipes during the run would use the same cores.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        at_server = server.cpu() if server else 0.0
        ended = threading.Event()
        discards = command[0].endswith(("pigz", "zstd", "gzip", "unzip"))
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if discards else out,
            stderr=err,
            start_new_session=True,
        )
        peak, slow = [0], [False]
        watcher = threading.Thread(target=_watch, args=(child.pid, start + limit, ended, peak, slow))
        watcher.start()
        try:
            _, status, used = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - start
        except BaseException:
            # An interrupted benchmark must not leave its child running.
            os.killpg(child.pid, signal.SIGKILL)
            os.wait4(child.pid, 0)
            raise
        finally:
            ended.set()
            watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
        if slow[0]:
            raise TooSlow(f"stopped after {limit:.0f} s")
        if child.returncode not in codes:
            err.seek(0)
            last = err.read().decode(errors="replace").strip().splitlines()[-3:]
            raise Failed(f"`{' '.join(command)}` exited with {child.returncode}: {' / '.join(last)}")
        out.seek(0)
        return Run(
            seconds=seconds,
            user=used.ru_utime,
            system=used.ru_stime,
            resident=used.ru_maxrss * 1024,
            anonymous=peak[0],
            server=(server.cpu() - at_server) if server else 0.0,
            output=out.read(OUTPUT_LIMIT).decode(errors="replace").strip(),
        )


def _watch(pid, deadline, ended, peak, slow):
    while not ended.wait(SAMPLE_EVERY):
        peak[0] = max(peak[0], anonymous(pid))
        if time.perf_counter() > deadline and not slow[0]:
            slow[0] = True
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def warm(path):
    """Reads a file, or all files of a folder, into the page cache."""
    block = bytearray(8 << 20)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        with open(file, "rb", buffering=0) as opened:
            while opened.readinto(block):
                pass


def cached(path):
    """The share of a file that is in the page cache; None without `fincore`."""
    try:
        result = subprocess.run(["fincore", "-b", "-n", "-o", "RES,SIZE", path], capture_output=True, text=True, check=True)
        resident, size = (int(word) for word in result.stdout.split()[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return min(1.0, resident / size) if size else 1.0
