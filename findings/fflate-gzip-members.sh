#!/usr/bin/env bash
# fflate 0.8.3 (npm): gunzipSync returns a part of a gzip file that has two members, and nothing of one that is padded with zeros; no error.
#
# Both are valid: RFC 1952 says that a gzip file is a series of members, and GNU gzip ignores zero bytes after the last one. gunzipSync takes the
# last four bytes of the file for the size of the whole content. After `cat day1.gz day2.gz` these are the size of day 2, to which the
# result is cut, in the middle of a row; after padding they are 0, and the result is empty. fflate's own streaming Gunzip reads both members.
# Why it matters: log shippers and object stores append members, and some archives are padded to blocks. Most of a day is missing and the
# program reports success. Use Node's zlib or DecompressionStream, which agree with GNU gzip.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" fflate@0.8.3
node - <<'JS'
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const zlib = require('node:zlib');
const fflate = require('fflate');
console.log('fflate', require('fflate/package.json').version, 'node', process.version);
const day = (number) => Array.from({ length: 24 }, (_, hour) => `5462;2025-11-0${number} ${hour}:00;${hour}\n`).join('');
const [head, first, second] = ['iu_ac;t_1h;q\n', day(3), day(4)];
const streamed = (bytes) => {
  const parts = [];
  new fflate.Gunzip((data) => parts.push(Buffer.from(data))).push(bytes, true);
  return Buffer.concat(parts);
};
const compare = (name, bytes, streams) => {
  const lines = (bytes) => Buffer.from(bytes).toString().split('\n').length - 1;
  const seen = {
    'GNU gzip': lines(execFileSync('gzip', ['-dc'], { input: bytes, stdio: ['pipe', 'pipe', 'ignore'] })),
    'node zlib': lines(zlib.gunzipSync(bytes)),
    'gunzipSync': lines(fflate.gunzipSync(bytes)),
    ...(streams ? { 'Gunzip': lines(streamed(bytes)) } : {}),
  };
  console.log(name, seen);
  return Object.values(seen);
};
const two = Buffer.concat([zlib.gzipSync(head + first), zlib.gzipSync(second)]);
const padded = Buffer.concat([zlib.gzipSync(head + first), Buffer.alloc(512)]);
const all = compare('rows of two members:', two, true);
const one = compare('rows of one member and 512 zero bytes:', padded, false);
const cut = Buffer.from(fflate.gunzipSync(two)).toString();
console.log('end of the cut result:', JSON.stringify(cut.slice(-24)));
assert.deepStrictEqual([all[0], all[1], all[3]], [49, 49, 49]);
assert.strictEqual(cut, (head + first).slice(0, second.length));
assert(!cut.endsWith('\n'));
assert.deepStrictEqual(one, [25, 25, 0]);
JS
