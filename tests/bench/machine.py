"""What a result was measured on, and with which versions: without that a table of times says nothing."""

import os
import platform
import re
import shutil
import subprocess


def _told(*command):
    """First line that a program prints, or None where it is not here or does not know."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (ended.stdout or ended.stderr).strip().splitlines()[0]


def processor_model():
    """Name of the CPU, as the kernel has it."""
    with open("/proc/cpuinfo") as info:
        names = re.findall(r"^model name\s*:\s*(.*)$", info.read(), re.MULTILINE)
    return names[0] if names else platform.machine()


def widest_vectors():
    """The widest vectors that the CPU knows: a scan chooses its code by them."""
    with open("/proc/cpuinfo") as info:
        flags = info.read().split()
    return next((name for name in ("avx512bw", "avx2", "sse2", "asimd") if name in flags), "none")


def memory():
    """All memory, GB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def description():
    """The machine in one line."""
    return (
        f"{processor_model()}, {os.cpu_count()} cores, {widest_vectors()}, {memory():.0f} GB of memory, "
        f"{platform.system()} {platform.release()}"
    )


def versions(python):
    """Versions of what takes part, those that are here."""
    told = {
        "rustc": _told("rustc", "--version"),
        "wc": _told("wc", "--version"),
        "pigz": _told("pigz", "--version"),
        "zstd": _told("zstd", "--version"),
        "versitygw": _told(os.environ.get("VERSITYGW") or "versitygw", "--version"),
    }
    for module in ("duckdb", "polars"):
        told[module] = _told(str(python), "-c", f"import {module}; print({module}.__version__)")
    return {name: _number(line) for name, line in told.items() if line}


def _number(line):
    found = re.search(r"\d+(\.\d+)+", line)
    return found.group() if found else line.split()[-1]


def busy():
    """Processes that wanted to run over the last minute, of others: above zero the times are not to be trusted."""
    return os.getloadavg()[0]


def folder_in_memory():
    """A folder for what is written, which is no part of what is compared: in memory where the system has one."""
    place = "/dev/shm"
    return place if os.access(place, os.W_OK) and shutil.disk_usage(place).free > 1e9 else None
