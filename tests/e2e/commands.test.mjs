// The commands of ./nexus that take long when they are meant: here only that they work. What they
// measure or find is nothing that a test could decide on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { root } from './support/instance.mjs';

const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-commands-'));
after(() => fs.rmSync(stateDir, { recursive: true, force: true }));

function nexus(args, env = {}) {
  const inherited = Object.fromEntries(Object.entries(process.env)
    .filter(([key]) => !/^(PG|POSTGRES_|DATABASE_URL$|NEXUS_|ASAN|LSAN|UBSAN)/.test(key)));
  return new Promise((resolve) => {
    execFile(path.join(root, 'nexus'), [...args, '--state-dir', stateDir], { env: { ...inherited, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

test('docs writes the documentation as static files', async () => {
  const { code, stderr } = await nexus(['docs']);
  assert.equal(code, 0, stderr);
  const file = (name) => fs.readFileSync(path.join(root, 'build/docs', name), 'utf8');
  assert.equal(JSON.parse(file('openapi.json')).openapi, '3.1.0');
  const page = file('index.html');
  for (const [, asset] of page.matchAll(/(?:src|href)="\/?(docs\/[^"]+)"/g)) {
    assert.ok(fs.existsSync(path.join(root, 'build/docs', asset)), asset);
  }
});

test('bench prints the calls beside the limits, as ratios', async () => {
  const { code, stdout, stderr } = await nexus(['bench'],
    { SECONDS_EACH: '1', WARMUP: '1', ROWS: '2000', ROUNDS: '1', REQUESTS: '1000' });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^The gateway has [\d.]+ MiB, and [\d.]+ MiB after \d+ requests more$/m);
  const rows = stdout.split('\n').filter((line) => /\d+ +\d+ +\d+/.test(line));
  const wanted = [/^limit: no-op gRPC/, /^limit: pgbench/, /^gRPC Get/, /^gRPC List of 20/, /^REST Get/];
  for (const label of wanted) assert.ok(rows.some((row) => label.test(row)), `${label} in\n${stdout}`);
  for (const row of rows.filter((line) => !line.startsWith('limit'))) {
    const [, rate, p50, p99, errors, noop, database] =
      row.match(/ +(\d+) +(\d+) +(\d+) +(\d+) +([\d.]+) +([\d.]+)$/) ?? assert.fail(row);
    assert.ok(Number(rate) > 0 && Number(p99) >= Number(p50), row);
    assert.equal(errors, '0', row);
    assert.ok(Number(noop) > 0 && Number(database) > 0, row);
  }
});

test('fuzz runs every target', async () => {
  const { code, stdout, stderr } = await nexus(['fuzz', '1']);
  assert.equal(code, 0, stderr);
  const targets = fs.readdirSync(path.join(root, 'tests/fuzz')).filter((name) => /^fuzz_.*\.c$/.test(name));
  for (const name of targets) assert.match(stdout, new RegExp(`Fuzzing ${name.slice(5, -2)} for`));
});

test('what it does not know is refused with a hint', async () => {
  const { code, stderr } = await nexus(['dance']);
  assert.notEqual(code, 0);
  assert.match(stderr, /--help/);
});
