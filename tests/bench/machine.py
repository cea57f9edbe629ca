"""Describes the machine and the versions behind a result; times are meaningless without them."""

import os
import platform
import re
import shutil
import subprocess


def _first_line(*command):
    """The first line that a program prints, or None if it is not installed or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (result.stdout or result.stderr).strip().splitlines()[0]


def processor_model():
    """The name of the CPU in /proc/cpuinfo."""
    with open("/proc/cpuinfo") as info:
        names = re.findall(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return names[0] if names else platform.machine()


def widest_vectors():
    """The widest vector extension of the CPU, which determines the code that the scan uses."""
    with open("/proc/cpuinfo") as info:
        flags = info.read().split()
    return next((name for name in ("avx512bw", "avx2", "sse2", "asimd") if name in flags), "none")


def memory():
    """Total memory, GB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def description():
    """The machine in one line."""
    return (
        f"{processor_model()}, {os.cpu_count()} cores, {widest_vectors()}, {memory():.0f} GB of memory, "
        f"{platform.system()} {platform.release()}"
    )


def versions(python):
    """The versions of the installed programs."""
    lines = {
        "rustc": _first_line("rustc", "--version"),
        "wc": _first_line("wc", "--version"),
        "pigz": _first_line("pigz", "--version"),
        "zstd": _first_line("zstd", "--version"),
        "versitygw": _first_line(os.environ.get("VERSITYGW") or "versitygw", "--version"),
    }
    for module in ("duckdb", "polars"):
        lines[module] = _first_line(str(python), "-c", f"import {module}; print({module}.__version__)")
    return {name: _number(line) for name, line in lines.items() if line}


def _number(line):
    found = re.search(r"\d+(\.\d+)+", line)
    return found.group() if found else line.split()[-1]


def busy():
    """The load average of the last minute; before the benchmark it has to be near zero."""
    return os.getloadavg()[0]


def folder_in_memory():
    """A folder in memory for the output, whose disk speed is not part of the comparison; None if there is none."""
    folder = "/dev/shm"
    return folder if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 1e9 else None
