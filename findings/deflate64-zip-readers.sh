#!/usr/bin/env bash
# A zip archive with deflate64 (method 9): 7-Zip reads it; Python's zipfile and five npm packages refuse it, and unzipper 0.12.5 reads only small files.
#
# Windows and 7-Zip may choose deflate64 for large files, and yearly archives of open data arrive so. zipfile, adm-zip, jszip, fflate,
# node-stream-zip and extract-zip list the entry and refuse its content because of the method, which jszip calls a corrupted archive. unzipper takes
# every method but "stored" for deflate: a file of 58 kB comes back right, and one of 1 MB fails with "too many length or distance symbols".
# Why it matters: a test with a small archive passes, and the error on the real one sounds like damaged data, so that one downloads it again. Look
# at the method of each entry first; 7z and Info-ZIP unzip can repack the archive.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix "$dir" \
  7zip-bin@5.2.0 unzipper@0.12.5 adm-zip@0.6.1 jszip@3.10.1 fflate@0.8.3 node-stream-zip@1.16.0 extract-zip@2.0.1
node - <<'JS'
const assert = require('node:assert');
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const seven = require('7zip-bin').path7za;
fs.chmodSync(seven, 0o755);
const hours = Array.from({ length: 24 * 7 }, (_, hour) => `2021-01-0${1 + Math.floor(hour / 24)} ${String(hour % 24).padStart(2, '0')}:00:00`);
const large = hours.flatMap((time, hour) => Array.from({ length: 200 }, (_, arc) => `${arc};${time};${(arc * 37 + hour * 11) % 900};${((arc * 7 + hour) % 100) / 10}\n`)).join('');
const small = '5462;2021-01-01 00:00:00;0;0\n'.repeat(2000);
const readers = {
  '7-Zip': (file) => execFileSync(seven, ['e', '-so', file], { maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] }),
  'unzipper': async (file) => (await require('unzipper').Open.file(file)).files[0].buffer(),
  'adm-zip': (file) => new (require('adm-zip'))(file).readFile('counts.txt'),
  'jszip': async (file) => (await require('jszip').loadAsync(fs.readFileSync(file))).file('counts.txt').async('nodebuffer'),
  'fflate': (file) => require('fflate').unzipSync(fs.readFileSync(file))['counts.txt'],
  'node-stream-zip': (file) => new (require('node-stream-zip').async)({ file }).entryData('counts.txt'),
  'extract-zip': async (file) => { await require('extract-zip')(file, { dir: `${process.cwd()}/out` }); return fs.readFileSync('out/counts.txt'); },
  'zipfile': (file) => execFileSync('python3', ['-c', `import sys, zipfile; sys.stdout.write(zipfile.ZipFile('${file}').read('counts.txt').decode())`], { stdio: ['ignore', 'pipe', 'pipe'] }),
};
(async () => {
  const seen = {};
  for (const [size, text] of Object.entries({ small, large })) {
    fs.writeFileSync('counts.txt', text);
    execFileSync(seven, ['a', '-tzip', '-mm=Deflate64', '-mx=9', `${size}.zip`, 'counts.txt'], { stdio: 'ignore' });
    for (const [name, read] of Object.entries(readers)) {
      const found = await Promise.resolve(`${size}.zip`).then(read).then((body) => (Buffer.from(body).toString() === text ? 'right' : 'wrong'), (error) => String(error.stderr || error).trim().split('\n').pop());
      const version = ['7-Zip', 'zipfile'].includes(name) ? '' : ` ${require(`./node_modules/${name}/package.json`).version}`;
      console.log(`${size}, ${text.length} bytes: ${name}${version}: ${found}`);
      seen[`${size} ${name}`] = found;
    }
  }
  assert.deepStrictEqual([seen['small 7-Zip'], seen['large 7-Zip'], seen['small unzipper']], ['right', 'right', 'right']);
  assert.match(seen['large unzipper'], /too many length or distance symbols/);
  for (const size of ['small', 'large']) {
    for (const name of ['adm-zip', 'jszip', 'fflate', 'node-stream-zip', 'extract-zip', 'zipfile']) assert.match(seen[`${size} ${name}`], /compression|unknown/i);
  }
})().catch((error) => { console.error(error); process.exit(1); });
JS
