#!/usr/bin/env bash
# DuckDB 2.0.1: date_trunc('hour', …) returns a time later than its argument in the first of the two 02:00 hours of the autumn clock change.
#
# On 2026-10-25 the clock in Paris shows 02:00-02:59 twice: first at +02, then at +01. A TIMESTAMPTZ is an instant, so nothing is ambiguous;
# still, date_trunc('hour') moves every instant of the first hour to 02:00+01, which is the start of the second. 'minute' and time_bucket() are
# right for the same values.
# Why it matters: hourly road counts grouped with date_trunc have 24 hours instead of 25 on that day. Two hours of vehicles land in one cell,
# and no total for the day shows it. Group by time_bucket(INTERVAL 1 hour, t), or by the UTC hour.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 2>&1
"$dir/venv/bin/python" - <<'PY'
import duckdb

db = duckdb.connect()
db.execute("SET TimeZone = 'Europe/Paris'")
print("duckdb", duckdb.__version__)
# One reading every quarter of an hour for the whole service day: 25 hours, 100 readings.
db.execute("""CREATE TABLE readings AS SELECT t FROM range(TIMESTAMPTZ '2026-10-25 00:00:00+02', TIMESTAMPTZ '2026-10-26 00:00:00+01',
              INTERVAL 15 minute) r(t)""")
rows = db.sql("""SELECT strftime(t, '%H:%M%z'), strftime(date_trunc('minute', t), '%H:%M%z'), strftime(date_trunc('hour', t), '%H:%M%z'),
                 strftime(time_bucket(INTERVAL 1 hour, t), '%H:%M%z'), date_trunc('hour', t) > t
                 FROM readings WHERE strftime(t, '%H:%M') = '02:30' ORDER BY t""").fetchall()
for instant, minute, hour, bucket, later in rows:
    print(f"{instant}: to the minute {minute}, to the hour {hour}, time_bucket {bucket}, hour is later than the instant: {later}")
cells = {}
for name in ("date_trunc('hour', t)", "time_bucket(INTERVAL 1 hour, t)"):
    sizes = db.sql(f"SELECT count(*) FROM readings GROUP BY {name} ORDER BY 1").fetchall()
    cells[name] = (len(sizes), sizes[-1][0])
    print(f"{name}: {len(sizes)} hours, {sizes[-1][0]} readings in the largest")
assert rows == [("02:30+02", "02:30+02", "02:00+01", "02:00+02", True), ("02:30+01", "02:30+01", "02:00+01", "02:00+01", False)], "behaviour changed"
assert list(cells.values()) == [(24, 8), (25, 4)], "behaviour changed"
PY
