#!/usr/bin/env bash
# French numbers written by Babel 2.18.0 (CLDR) and read by pandas 3.1.1 and DuckDB 2.0.1: the thousands separator is honoured by one engine only.
#
# CLDR groups French digits with U+202F, a narrow no-break space; older exports use U+00A0. pandas documents thousands= as a string of one
# character: its Python engine accepts both, and its default C engine ignores them without an error, so that the column is text. DuckDB
# counts bytes: it rejects thousands=U+202F with "should be max one character". With an ordinary space all three read the same number.
# Why it matters: the daily totals of a counter pass 999 on busy days only. The same export is a numeric column in August and text
# in September, and text sorts and compares differently. Remove the separator before parsing.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.18.0 pandas==3.1.1 duckdb==2.0.1 2>&1
COUNTS_FILE="$dir/counts.csv" "$dir/venv/bin/python" - <<'PY'
import os, warnings
import babel, duckdb, pandas as pd
from babel.numbers import format_decimal

warnings.simplefilter("error")  # A fallback to another engine would be a warning.
print("babel", babel.__version__, "pandas", pd.__version__, "duckdb", duckdb.__version__)
path = os.environ["COUNTS_FILE"]
totals = [12345.5, 999.5]
written = [format_decimal(total, locale="fr_FR") for total in totals]
assert written == ["12\u202f345,5", "999,5"], "behaviour changed"
for name, separator in (("U+202F", "\u202f"), ("U+00A0", "\u00a0"), ("space", " ")):
    with open(path, "w", encoding="utf-8") as file:
        file.write("total\n" + "\n".join(text.replace("\u202f", separator) for text in written) + "\n")
    seen = [pd.read_csv(path, sep=";", decimal=",", thousands=separator, engine=engine)["total"].tolist() for engine in ("c", "python")]
    try:
        rows = duckdb.execute(f"FROM read_csv('{path}', delim=';', header=true, decimal_separator=',', thousands='{separator}')").fetchall()
        seen.append([row[0] for row in rows])
    except duckdb.BinderException as error:
        seen.append(str(error).splitlines()[0])
    print(f"{name}: pandas C {seen[0]!a}, pandas Python {seen[1]}, DuckDB {seen[2]}")
    expected_c = totals if name == "space" else [text.replace("\u202f", separator) for text in written]
    assert seen[0] == expected_c and seen[1] == totals, "behaviour changed"
    assert seen[2] == totals if name == "space" else "max one character" in seen[2], "behaviour changed"
PY
