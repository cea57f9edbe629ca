#!/usr/bin/env bash
# dayjs 1.11.23, time zone plugin: startOf('hour') is wrong on the days of the clock change, and its result depends on TZ of the process.
#
# The value carries its own zone (Europe/Paris), and the start of the hour of 01:30+01:00 is 01:00+01:00 anywhere. With TZ=UTC, dayjs returns
# an instant an hour too early in spring, and one later than the value itself in autumn. With TZ=Europe/Paris, spring is right, and autumn moves
# the second 02:30 to the first 02:00. luxon 3.7.2 is right in both.
# Why it matters: a developer's machine in France and a container in UTC put the same bike counts in different hours, and a test that
# passes on one of them says nothing about the other.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" dayjs@1.11.23 luxon@3.7.2
cat > "$dir/run.cjs" <<'JS'
const dayjs = require('dayjs');
dayjs.extend(require('dayjs/plugin/utc'));
dayjs.extend(require('dayjs/plugin/timezone'));
const { DateTime } = require('luxon');
const short = (ms) => new Date(ms).toISOString().slice(0, 16) + 'Z';
for (const instant of ['2026-03-29T00:30:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z']) {
  const value = dayjs.utc(instant).tz('Europe/Paris');
  const expected = DateTime.fromISO(instant, { zone: 'Europe/Paris' }).startOf('hour');
  console.log(`${value.format('MM-DD HH:mmZ')} dayjs=${short(value.startOf('hour').valueOf())} luxon=${short(expected.toMillis())}`);
}
JS
cd "$dir"
echo "dayjs $(node -p 'require("dayjs/package.json").version'), luxon $(node -p 'require("luxon").VERSION')"
for zone in UTC Europe/Paris; do
  TZ=$zone node run.cjs | sed "s|^|TZ=$zone |"
done | tee actual
diff - actual <<'EXPECTED' || { echo "behaviour changed"; exit 1; }
TZ=UTC 03-29 01:30+01:00 dayjs=2026-03-28T23:00Z luxon=2026-03-29T00:00Z
TZ=UTC 10-25 02:30+02:00 dayjs=2026-10-25T01:00Z luxon=2026-10-25T00:00Z
TZ=UTC 10-25 02:30+01:00 dayjs=2026-10-25T01:00Z luxon=2026-10-25T01:00Z
TZ=Europe/Paris 03-29 01:30+01:00 dayjs=2026-03-29T00:00Z luxon=2026-03-29T00:00Z
TZ=Europe/Paris 10-25 02:30+02:00 dayjs=2026-10-25T00:00Z luxon=2026-10-25T00:00Z
TZ=Europe/Paris 10-25 02:30+01:00 dayjs=2026-10-25T00:00Z luxon=2026-10-25T01:00Z
EXPECTED
