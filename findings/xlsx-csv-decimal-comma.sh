#!/usr/bin/env bash
# SheetJS (npm xlsx 0.18.5): a decimal comma in a CSV file is dropped, so that 12,5 becomes 125.
#
# The file is a usual French export: separator ';', decimal comma. The reader finds the ';' by itself, and then takes every comma inside a
# number for a thousands separator, wherever it is: 0,85 becomes 85 and 12,512 becomes 12512. Dates have a second rule: 05/02/2026 is read
# month first (May 2nd) and becomes a date, while 13/02/2026 of the same column stays text.
# Why it matters: an occupancy rate is multiplied by 10, 100 or 1000 depending on its number of decimals, without an error; most results are
# still plausible numbers. Read with { raw: true } and convert the columns yourself.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" xlsx@0.18.5
TZ=Europe/Paris node - <<'JS'
const assert = require('node:assert');
const xlsx = require('xlsx');
console.log('xlsx', xlsx.version);
const csv = 'arc;occupancy;date\nA;12,5;05/02/2026\nB;0,85;13/02/2026\nC;12,512;28/02/2026\n';
const rows = (options) => {
  const book = xlsx.read(csv, { type: 'string', dateNF: 'yyyy-mm-dd', ...options });
  // Dates as text, so that the result is independent of the time zone.
  const text = xlsx.utils.sheet_to_json(book.Sheets.Sheet1, { raw: false });
  return xlsx.utils.sheet_to_json(book.Sheets.Sheet1).map((row, i) => [row.occupancy, text[i].date]);
};
console.log('written:  ', JSON.stringify(csv.trim().split('\n').slice(1).map((line) => line.split(';').slice(1))));
console.log('read:     ', JSON.stringify(rows({})));
console.log('raw: true:', JSON.stringify(rows({ raw: true })));
assert.deepStrictEqual(rows({}), [[125, '2026-05-02'], [85, '13/02/2026'], [12512, '28/02/2026']]);
assert.deepStrictEqual(rows({ raw: true }), [['12,5', '05/02/2026'], ['0,85', '13/02/2026'], ['12,512', '28/02/2026']]);
JS
