#!/usr/bin/env bash
# pandas 3.1.1: dayfirst=True swaps the day and the month of ISO dates, and whether it does depends on the other days in the file.
#
# French dates (05/02/2026) need dayfirst=True. It is also applied to 2026-02-05, which has one meaning only: pandas guesses
# %Y-%d-%m from the first row. If all days are 12 or lower, every date is swapped without a warning; if a later row has day 13, the column stays
# text, without a warning either; if the first row has day 13, the dates are right. An ISO time with an offset is swapped as well.
# Why it matters: the same call reads daily exports of a traffic API in which some files write DD/MM/YYYY and others ISO 8601. A file for
# the first days of a month then moves silently to other months. Give format= for each file.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 2>&1
"$dir/venv/bin/python" - <<'PY'
import io, warnings
import pandas as pd

print("pandas", pd.__version__)

def read(dates):
    text = "date;debit\n" + "".join(f"{date};120\n" for date in dates)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        column = pd.read_csv(io.StringIO(text), sep=";", parse_dates=["date"], dayfirst=True)["date"]
    result = (str(column.iloc[0])[:10], str(column.iloc[-1])[:10], column.dtype.kind == "M", len(seen))
    print(f"written {dates[0]} to {dates[-1]}: read {result[0]} to {result[1]}, dtype {column.dtype}, {len(seen)} warning(s)")
    return result

day = "2026-02-{:02d}".format
assert read([day(d) for d in range(1, 13)]) == ("2026-01-02", "2026-12-02", True, 0), "behaviour changed"
assert read([day(d) for d in range(1, 15)]) == ("2026-02-01", "2026-02-14", False, 0), "behaviour changed"
assert read([day(d) for d in range(13, 16)]) == ("2026-02-13", "2026-02-15", True, 1), "behaviour changed"
assert read(["2026-02-01T08:00:00+01:00"]) == ("2026-01-02", "2026-01-02", True, 0), "behaviour changed"
PY
