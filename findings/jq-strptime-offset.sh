#!/usr/bin/env bash
# jq 1.8.2 (PyPI jq 1.13.0): strptime reads a UTC offset with %z and forgets it; mktime then gives an instant that is wrong by the offset.
#
# "2025-11-03T08:00:00+0100" is 07:00 UTC. strptime("%Y-%m-%dT%H:%M:%S%z") accepts it and returns the broken-down time 08:00 without an offset,
# which mktime takes for UTC: 08:00 UTC. A wrong offset is an error, a right one is ignored. fromdate refuses every offset but Z.
# Why it matters: a jq line that filters or groups API answers by hour is right for stamps in UTC, one hour off in winter and two in summer for
# local ones, and near midnight it puts them on another day. Let the API answer in UTC, or subtract the offset yourself.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check jq==1.13.0 2>&1
"$dir/venv/bin/python" - <<'PY'
from datetime import datetime
from importlib.metadata import version
import jq

# libjq does not give its version; trimstr came with 1.8.
assert jq.compile('"aba" | trimstr("a")').input_value(None).first() == "b"
print("PyPI jq", version("jq"))
program = jq.compile('strptime("%Y-%m-%dT%H:%M:%S%z") | mktime')
wrong = {}
for stamp in ("2025-11-03T08:00:00+0000", "2025-11-03T08:00:00+0100", "2025-07-01T08:00:00+0200"):
    right = int(datetime.fromisoformat(stamp).timestamp())
    wrong[stamp] = program.input_value(stamp).first() - right
    print(f"{stamp}: jq is {wrong[stamp]} s late")

def failure(text, program):
    try:
        return jq.compile(program).input_value(text).first()
    except ValueError as error:
        return str(error)

bad_offset = failure("2025-11-03T08:00:00+xy", 'strptime("%Y-%m-%dT%H:%M:%S%z")')
fromdate = failure("2025-11-03T08:00:00+01:00", "fromdate")
print("+xy:", bad_offset)
print("fromdate:", fromdate)
assert list(wrong.values()) == [0, 3600, 7200], "behaviour changed"
assert "does not match format" in bad_offset and "does not match format" in fromdate, "behaviour changed"
PY
