#!/usr/bin/env bash
# A gzip file padded with zero bytes: GNU gzip and pandas 3.1.1 read it; Polars 2.1.0, PyArrow 26.0.1 and DuckDB 2.0.1 refuse the whole file.
#
# The manual of GNU gzip describes the case: files on tapes and in archives of fixed blocks are padded, and zeros after the last member are
# ignored without a warning. Python's gzip module skips them too. The three engines expect another member there, and each calls the file something else: an
# invalid header, an unknown compression method, no gzip stream. Two members without padding are read by all of them.
# Why it matters: the check that everyone makes first, `gzip -t`, says that the file is good, and the error sounds like a file that is no
# gzip at all. Rewrite it: gzip -dc old.gz | gzip > new.gz.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 2>&1
WORK="$dir" "$dir/venv/bin/python" - <<'PY'
import gzip, os, subprocess
import duckdb, pandas as pd, polars as pl, pyarrow as pa, pyarrow.csv

print("pandas", pd.__version__, "polars", pl.__version__, "pyarrow", pa.__version__, "duckdb", duckdb.__version__)
rows = lambda day: "".join(f"5462,2025-11-0{day} {hour:02}:00:00,{hour}\n" for hour in range(24)).encode()
head = b"iu_ac,t_1h,q\n"
files = {
    "two members": gzip.compress(head + rows(3)) + gzip.compress(rows(4)),
    "padded": gzip.compress(head + rows(3)) + gzip.compress(rows(4)) + bytes(512),
}
readers = {
    "gzip -dc": lambda path: subprocess.run(["gzip", "-dc", path], check=False, capture_output=True).stdout.count(b"\n") - 1,
    "pandas": lambda path: len(pd.read_csv(path)),
    "Polars": lambda path: pl.read_csv(path).height,
    "PyArrow": lambda path: pyarrow.csv.read_csv(path).num_rows,
    "DuckDB": lambda path: duckdb.sql(f"SELECT count(*) FROM read_csv('{path}')").fetchall()[0][0],
}
seen = {}
for kind, body in files.items():
    path = os.path.join(os.environ["WORK"], "counts.csv.gz")
    with open(path, "wb") as file:
        file.write(body)
    for name, read in readers.items():
        try:
            seen[kind, name] = read(path)
        except (OSError, duckdb.IOException) as error:
            seen[kind, name] = str(error).splitlines()[0]
        print(f"{kind}, {name}: {seen[kind, name]}")
assert all(seen["two members", name] == 48 for name in readers), "behaviour changed"
assert seen["padded", "gzip -dc"] == seen["padded", "pandas"] == 48, "behaviour changed"
assert [word in seen["padded", name] for name, word in (("Polars", "invalid gzip header"), ("PyArrow", "unknown compression method"), ("DuckDB", "not a GZIP stream"))] == [True] * 3, "behaviour changed"
PY
