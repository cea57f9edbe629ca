#!/usr/bin/env bash
# gtfs-realtime-bindings (npm 1.1.1, PyPI 3.0.0): an alert without an end ended in 1970, and one for a bus line says "tram".
#
# In GTFS Realtime a missing active_period.end means that the alert is open, and route_type is one way among several to name what is affected. Both
# are optional numbers, so a reader that does not ask whether they are present gets 0: the begin of 1970, and the GTFS code of a tram. In
# JavaScript the 0 is a Long object, which is true: `if (period.end)` and `period.end ?? now` do not find the open alert either.
# Why it matters: alerts without an end are those whose end nobody knows yet, the longest ones. "end < now" removes them. Ask
# HasField("end") in Python, Object.hasOwn(period, "end") or toObject() in JavaScript.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" gtfs-realtime-bindings@1.1.1
node - > "$dir/js" <<'JS'
const assert = require('node:assert');
const fs = require('node:fs');
const { transit_realtime: { FeedMessage } } = require('gtfs-realtime-bindings');
const alert = { activePeriod: [{ start: 1762153200 }], informedEntity: [{ routeId: 'IDFM:C01371' }] };
const bytes = FeedMessage.encode(FeedMessage.fromObject({ header: { gtfsRealtimeVersion: '2.0' }, entity: [{ id: 'a', alert }] })).finish();
fs.writeFileSync('alert.pb', bytes);
const read = FeedMessage.decode(bytes).entity[0].alert;
const [period] = read.activePeriod;
console.log('npm', require('gtfs-realtime-bindings/package.json').version);
console.log('period.end is', period.end ? 'true' : 'false', 'as a condition, and as a date', new Date(period.end * 1000).toISOString());
console.log('period.end ?? Infinity:', String(period.end ?? Infinity), ' over:', period.end * 1000 < Date.now(), ' in:', 'end' in period);
console.log('own property:', Object.hasOwn(period, 'end'), ' toObject:', JSON.stringify(FeedMessage.toObject(FeedMessage.decode(bytes), { longs: Number }).entity[0].alert));
console.log('routeType:', read.informedEntity[0].routeType, '(0 is tram)');
assert(period.end && period.end * 1000 === 0 && 'end' in period && !Object.hasOwn(period, 'end'));
assert.strictEqual(read.informedEntity[0].routeType, 0);
JS
cat "$dir/js"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check gtfs-realtime-bindings==3.0.0 protobuf==7.36.2 2>&1
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version
from google.transit import gtfs_realtime_pb2

with open("alert.pb", "rb") as file:
    alert = gtfs_realtime_pb2.FeedMessage.FromString(file.read()).entity[0].alert
period, entity = alert.active_period[0], alert.informed_entity[0]
print("PyPI", version("gtfs-realtime-bindings"), "end:", period.end, "present:", period.HasField("end"), "route_type:", entity.route_type, "present:", entity.HasField("route_type"))
assert (period.end, period.HasField("end"), entity.route_type, entity.HasField("route_type")) == (0, False, 0, False), "behaviour changed"
PY
