#!/usr/bin/env bash
# Polars 2.1.0: read_csv(try_parse_dates=True) fails on 20251103T080000, the time format of Navitia; it finds a time and cannot read it.
#
# 20251103T080000 is the basic form of ISO 8601, in which Navitia's transit API gives every time. From the first rows Polars concludes that
# the column is datetime, and then parses none of its values: the whole file is an error, or, with ignore_errors=True, every time is null. The
# option promises to try: other columns that it cannot read, such as 20251103T0800, stay text. pandas 3.1.1 reads the same file.
# Why it matters: a file that worked fails on the day a column with such times is added, also if nobody uses the column; and with
# ignore_errors=True the times disappear. Read the column as text (schema_overrides) and give str.to_datetime the format.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 2>&1
"$dir/venv/bin/python" - <<'PY'
import io
import pandas as pd, polars as pl

print("polars", pl.__version__, "pandas", pd.__version__)
lines = "line,begin\n13,20251103T080000\nB,20251103T093000\n"

def seen(text, **options):
    try:
        return pl.read_csv(io.StringIO(text), **options)["begin"].to_list()
    except pl.exceptions.ComputeError as error:
        return str(error).splitlines()[0]

results = {
    "without try_parse_dates": seen(lines),
    "try_parse_dates": seen(lines, try_parse_dates=True),
    "and ignore_errors": seen(lines, try_parse_dates=True, ignore_errors=True),
    "without seconds": seen(lines.replace("00\n", "\n"), try_parse_dates=True),
}
parsed = pl.read_csv(io.StringIO(lines))["begin"].str.to_datetime("%Y%m%dT%H%M%S").dt.hour().to_list()
pandas_hours = pd.read_csv(io.StringIO(lines), parse_dates=["begin"])["begin"].dt.hour.tolist()
for name, result in results.items():
    print(f"{name}: {result}")
print("hours with the format given:", parsed, "pandas:", pandas_hours)
texts = ["20251103T080000", "20251103T093000"]
assert results["without try_parse_dates"] == texts, "behaviour changed"
assert results["try_parse_dates"].startswith("could not parse `20251103T080000` as dtype `datetime"), "behaviour changed"
assert results["and ignore_errors"] == [None, None], "behaviour changed"
assert results["without seconds"] == ["20251103T0800", "20251103T0930"], "behaviour changed"
assert parsed == pandas_hours == [8, 9], "behaviour changed"
PY
