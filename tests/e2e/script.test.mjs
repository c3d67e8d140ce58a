// ./nexus itself: up, status, a second up, two instances, what it says when it cannot, and that
// down leaves nothing behind.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, root } from './support/instance.mjs';

const stateDirs = [];

// A place of its own for an instance: [state folder, ports].
async function place() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-script-'));
  fs.chmodSync(dir, 0o755);
  stateDirs.push(dir);
  return { dir, grpc: await freePort(), http: await freePort() };
}

function nexus(command, at, env = {}, ...more) {
  const args = [command, ...more];
  if (at) args.push('--state-dir', at.dir, '--grpc-port', String(at.grpc), '--http-port', String(at.http));
  const inherited = Object.fromEntries(Object.entries(process.env)
    .filter(([key]) => !/^(PG|POSTGRES_|DATABASE_URL$|NEXUS_|ASAN|LSAN|UBSAN)/.test(key)));
  return new Promise((resolve) => {
    execFile(path.join(root, 'nexus'), args, { env: { ...inherited, ...env }, cwd: os.tmpdir() },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

const up = (at, env) => nexus('up', at, env, '--detach');

// The processes that belong to a state folder: those that were started with it, by pid file or
// by argument.
function processesOf(at) {
  const found = [];
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
      const ports = [`LISTEN=127.0.0.1:${at.grpc}`, `LISTEN=127.0.0.1:${at.http}`];
      if (command.includes(at.dir) || ports.some((port) => environment.includes(port))) {
        found.push(`${pid} ${command}`);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

const socketsIn = (dir) => fs.readdirSync(dir, { recursive: true })
  .filter((name) => fs.lstatSync(path.join(dir, name), { throwIfNoEntry: false })?.isSocket());

const answers = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  socket.once('connect', () => socket.destroy());
});

async function assertNothingLeft(at) {
  assert.deepEqual(processesOf(at), []);
  assert.deepEqual(socketsIn(at.dir), []);
  assert.equal(await answers(at.grpc), false);
  assert.equal(await answers(at.http), false);
}

let first;
let second;

before(async () => {
  first = await place();
  second = await place();
});
after(async () => {
  for (const dir of stateDirs) {
    await nexus('down', { dir, grpc: 1, http: 1 });
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test('up starts all of it, with a sample catalog', async () => {
  const result = await up(first);
  assert.equal(result.code, 0, result.stderr + result.stdout);
  assert.match(result.stdout, new RegExp(`http://127\\.0\\.0\\.1:${first.http}/docs`));
  const list = await (await fetch(`http://127.0.0.1:${first.http}/v1/products?pageSize=2`)).json();
  assert.equal(list.products.length, 2);
});

test('status tells that all is well', async () => {
  const { code, stdout } = await nexus('status', { dir: first.dir, grpc: 1, http: 1 });
  assert.equal(code, 0, stdout);
  for (const name of ['postgres', 'service', 'gateway']) {
    assert.match(stdout, new RegExp(`^${name} +\\d+ .* healthy$`, 'm'));
  }
});

test('up of what is up says so', async () => {
  const { code, stdout } = await up(first);
  assert.equal(code, 0);
  assert.match(stdout, /already running/);
});

test('a second instance runs beside it', async () => {
  const result = await up(second);
  assert.equal(result.code, 0, result.stderr);
  assert.ok(await answers(first.http));
  assert.ok(await answers(second.http));
  assert.equal((await nexus('down', second)).code, 0);
  await assertNothingLeft(second);
  assert.equal((await nexus('status', first)).code, 0, 'the first one did not notice');
});

test('a service that was killed is seen at once, and up starts it anew', async () => {
  const [pid] = fs.readFileSync(path.join(first.dir, 'service.pid'), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGKILL');
  const { code, stdout } = await nexus('status', first); // also while nobody has waited for it
  assert.equal(code, 1);
  assert.match(stdout, /^service +- .* stopped$/m);
  assert.equal((await up(first)).code, 0);
  assert.equal((await nexus('status', first)).code, 0);
});

test('a taken port is named, and nothing is started', async () => {
  const at = { ...second, http: first.http };
  const { code, stderr } = await up(at);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`port ${first.http} is taken`));
  assert.deepEqual(processesOf({ ...at, http: second.http }), []);
});

test('a start that fails shows the log and leaves nothing running', async () => {
  const { code, stderr } = await up(second, { NEXUS_LOG_LEVEL: 'loud' });
  assert.equal(code, 1);
  assert.match(stderr, /NEXUS_LOG_LEVEL|log\.level/);
  await assertNothingLeft(second);
});

test('down leaves no process and no socket, and keeps the data', async () => {
  const url = `http://127.0.0.1:${first.http}/v1/products`;
  const made = await (await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"title":"Kept"}',
  })).json();
  assert.equal((await nexus('down', first)).code, 0);
  await assertNothingLeft(first);
  assert.notEqual((await nexus('status', first)).code, 0);
  assert.equal((await nexus('down', first)).code, 0, 'down of what is down');
  const started = Date.now();
  assert.equal((await up(first)).code, 0);
  const seconds = (Date.now() - started) / 1000;
  assert.ok(seconds < 15, `the second up took ${seconds} s`);
  const kept = await (await fetch(`http://127.0.0.1:${first.http}/v1/${made.name}`)).json();
  assert.equal(kept.title, 'Kept');
  assert.equal((await nexus('down', first)).code, 0);
  await assertNothingLeft(first);
});

test('it refuses what it does not understand', async () => {
  for (const args of [['launch'], ['up', '--fast'], ['up', '--http-port', '70000'], ['down', 'please']]) {
    const { code, stderr } = await nexus(args[0], null, {}, ...args.slice(1));
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /nexus: /);
  }
  const help = await nexus('--help');
  assert.equal(help.code, 0);
  assert.match(help.stdout, /nexus up/);
});
