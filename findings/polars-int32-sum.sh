#!/usr/bin/env bash
# Polars 2.1.0: the sum of an Int32 column wraps around without an error; PyArrow 26.0.1 and DuckDB 2.0.1 widen the same Parquet column.
#
# Polars casts 8-bit and 16-bit integers to Int64 before it sums, and leaves Int32 as it is: sum(), group_by().agg(), cum_sum() and SQL all
# wrap at 2^31. The mean of the same column is right, because it is computed in floating point.
# Why it matters: hourly flows fit in Int32, and Parquet files store them so; a year of a city's counts passes 2^31. The total is
# then a plausible number or a negative one. From CSV the same column is Int64 and right. Cast to Int64 before the sum.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.1 2>&1
COUNTS_FILE="$dir/counts.parquet" "$dir/venv/bin/python" - <<'PY'
import os
import duckdb, polars as pl, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq

print("polars", pl.__version__, "pyarrow", pa.__version__, "duckdb", duckdb.__version__)
path = os.environ["COUNTS_FILE"]
# Flows of three million hours, 1,000 vehicles each: 3 * 10^9.
pq.write_table(pa.table({"q": pa.array([1000] * 3_000_000, pa.int32())}), path)
frame = pl.read_parquet(path)
seen = {
    "Polars sum": frame["q"].sum(),
    "Polars group_by": frame.group_by(pl.lit(1)).agg(pl.col("q").sum())["q"].item(),
    "Polars SQL": frame.sql("SELECT sum(q) AS total FROM self").item(),
    "Polars mean x rows": frame["q"].mean() * frame.height,
    "Polars sum of Int64": frame["q"].cast(pl.Int64).sum(),
    "Polars sum of Int16": frame["q"].cast(pl.Int16).sum(),
    "PyArrow": pc.sum(pq.read_table(path)["q"]).as_py(),
    "DuckDB": int(duckdb.sql(f"SELECT sum(q) FROM '{path}'").fetchall()[0][0]),
}
for name, total in seen.items():
    print(f"{name}: {total:,.0f}")
wrapped = 3_000_000_000 - 2**32
assert all(total == (wrapped if name in ("Polars sum", "Polars group_by", "Polars SQL") else 3_000_000_000)
           for name, total in seen.items()), "behaviour changed"
PY
