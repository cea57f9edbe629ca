#!/usr/bin/env bash
# Python's csv.Sniffer, and with it pandas 3.1.1 read_csv(sep=None): a table without a header is split at its decimal commas.
#
# Files of counts as the city of Paris wrote them until 2016: tabs, no header, decimal comma. Every row has three tabs and one comma, so both
# are consistent; the sniffer prefers the comma. pandas then returns two columns, the second of which is the decimals of the occupancy as
# an integer. The same rows with semicolons are split likewise. With a header, or read by DuckDB 2.0.1, they are right.
# Why it matters: nothing fails: a frame of the right length comes back, with numbers in its last column. sep=None is there for
# files whose separator is unknown, which are those without a header. Give the separator, or look at the number of columns.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 duckdb==2.0.1 2>&1
COUNTS_FILE="$dir/counts.txt" "$dir/venv/bin/python" - <<'PY'
import csv, io, os, sys
import duckdb, pandas as pd

print("python", sys.version.split()[0], "pandas", pd.__version__, "duckdb", duckdb.__version__)
path = os.environ["COUNTS_FILE"]
rows = [
    [f"{5460 + arc}", f"2012-01-01 {hour:02}:00:00", f"{(arc * 37 + hour * 11) % 900}", f"{(arc * 7 + hour) % 30},{(arc * 3 + hour) % 100:02}"]
    for arc in range(5) for hour in range(24)
]
seen = {}
for name, separator, header in (("tab", "\t", []), ("semicolon", ";", []), ("tab, header", "\t", [["iu_ac", "t_1h", "q", "k"]])):
    text = "".join(separator.join(row) + "\n" for row in header + rows)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    frame = pd.read_csv(io.StringIO(text), sep=None, engine="python", header=0 if header else None)
    columns = len(duckdb.sql(f"FROM read_csv('{path}')").columns)
    seen[name] = (csv.Sniffer().sniff(text[:2048]).delimiter, frame.shape[1], columns)
    print(f"{name}: sniffer {seen[name][0]!r}, pandas {seen[name][1]} columns, last row {frame.iloc[-1].astype(str).tolist()}, DuckDB {columns} columns")
assert seen == {"tab": (",", 2, 4), "semicolon": (",", 2, 4), "tab, header": ("\t", 4, 4)}, "behaviour changed"
PY
