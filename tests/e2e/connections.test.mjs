// Connections as such: how many there may be, how long they last, and clients that read slowly, stop
// sending, or go away at the worst moment.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance, waitFor } from './support/instance.mjs';

const MOST = 20;
let instance;
let product;

before(async () => {
  instance = await Instance.start({ env: { NEXUS_HTTP_MAX_CONNECTIONS: String(MOST), NEXUS_HTTP_IDLE_TIMEOUT_S: '3' } });
  product = await instance.call('POST', '/v1/products', { title: 'Lamp' });
});
after(() => instance?.stop());

// A connection, with all that has come on it.
async function open(options = {}) {
  const socket = net.connect({ port: instance.httpPort, host: '127.0.0.1', ...options });
  const it = { socket, text: '', isClosed: false };
  socket.setEncoding('latin1').on('data', (part) => { it.text += part; }).on('error', () => {});
  socket.once('close', () => { it.isClosed = true; });
  await once(socket, 'connect');
  it.answers = () => (it.text.match(/HTTP\/1\.1 \d+/g) ?? []).map((line) => Number(line.slice(9)));
  it.got = (count) => waitFor(`${count} answers`, () => it.answers().length >= count);
  it.closed = () => waitFor('its end', () => it.isClosed);
  return it;
}

const get = (target, ...lines) => [`GET ${target} HTTP/1.1`, 'Host: h', ...lines, '', ''].join('\r\n');
const PRODUCT = () => get(`/v1/${product.name}`);

test('a thousand requests at once are answered in their order', async () => {
  const body = '{"title":"x"}';
  const post = ['POST /v1/products?validateOnly=true HTTP/1.1', 'Host: h', 'Content-Type: application/json'];
  const chunked = [...post, 'Transfer-Encoding: chunked', '', `d\r\n${body}\r\n0\r\n\r\n`].join('\r\n');
  const plain = [...post, `Content-Length: ${body.length}`, '', body].join('\r\n');
  const nothing = [...post, 'Content-Length: 70000', '', 'x'.repeat(70_000)].join('\r\n');
  const turns = [[PRODUCT(), 200], [get('/healthz'), 200], [chunked, 200], [get('/v1/products/99999'), 404], [plain, 200], [nothing, 400]];
  const connection = await open();
  const all = Array.from({ length: 1000 }, (_, i) => turns[i % turns.length]);
  connection.socket.write(all.map(([text]) => text).join(''), 'latin1');
  await connection.got(1000);
  assert.deepEqual(connection.answers(), all.map(([, status]) => status));
  connection.socket.destroy();
});

// Sends requests without end, and reads what is answered.
const FLOOD = `const socket = require('net').connect(Number(process.argv[1]), '127.0.0.1').resume().on('error', () => {});
const many = Buffer.from('GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'.repeat(2000));
const more = () => { while (socket.write(many)); };
socket.on('drain', more);
more();`;

test('beside some that never cease to ask others have their turn', async () => {
  const floods = Array.from({ length: 4 }, () => spawn(process.execPath, ['-e', FLOOD, String(instance.httpPort)]));
  try {
    await sleep(500);
    for (let i = 0; i < 20; i++) {
      const connection = await open();
      connection.socket.write(get('/healthz'));
      await waitFor('its turn', () => connection.answers().length === 1, 2500);
      connection.socket.destroy();
    }
  } finally {
    for (const flood of floods) flood.kill();
  }
});

test('HTTP/1.0 keeps a connection if it is asked to', async () => {
  const old = `GET /v1/${product.name} HTTP/1.0\r\n`;
  const connection = await open();
  connection.socket.write(`${old}Connection: keep-alive\r\n\r\n`);
  await connection.got(1);
  assert.match(connection.text, /^Connection: keep-alive\r$/m);
  connection.socket.write(`${old}\r\n`);
  await connection.closed();
  assert.deepEqual(connection.answers(), [200, 200]);
  assert.match(connection.text, /^Connection: close\r$/m);
});

test('a connection without a request is closed after a while, and one with some is not', async () => {
  const began = Date.now();
  const [idle, used, busy] = [await open(), await open(), await open()];
  used.socket.write(get('/healthz'));
  for (let i = 0; !idle.isClosed; i++) {
    busy.socket.write(get('/healthz'));
    await busy.got(i + 1);
    await sleep(100);
    assert.ok(Date.now() - began < 20_000, 'it is closed');
  }
  assert.ok(Date.now() - began > 2500, 'but not at once');
  await used.closed();
  assert.deepEqual([idle.text, used.answers(), busy.isClosed], ['', [200], false]);
  busy.socket.destroy();
});

test('a client that has closed its sending side is still answered', async () => {
  const connection = await open({ allowHalfOpen: true });
  connection.socket.end(PRODUCT() + PRODUCT());
  await waitFor('the answers', () => connection.answers().length === 2);
  await waitFor('its end', () => connection.socket.readableEnded);
  assert.deepEqual(connection.answers(), [200, 200]);
  connection.socket.destroy();
});

test('who reads slowly gets all of it, and who does not read at all is cut off', async () => {
  const target = '/docs/swagger-ui-bundle.js';
  const whole = await (await fetch(`${instance.http}${target}`)).text();
  assert.ok(whole.length > 1_000_000);
  const slow = net.connect({ port: instance.httpPort, host: '127.0.0.1', highWaterMark: 4096 });
  let text = '';
  slow.write(get(target, 'Connection: close').repeat(8).replaceAll('Connection: close\r\n', '') + get(target, 'Connection: close'));
  for await (const part of slow.setEncoding('utf8')) {
    text += part;
    if (text.length % 50 === 0) await sleep(1);
  }
  const bodies = text.split(/HTTP\/1\.1 200 OK\r\n/).slice(1).map((answer) => answer.split('\r\n\r\n').slice(1).join('\r\n\r\n'));
  assert.equal(bodies.length, 9);
  for (const body of bodies) assert.ok(body === whole, 'byte by byte');

  const stuck = net.connect(instance.httpPort, '127.0.0.1').pause();
  let error;
  stuck.on('error', (reason) => { error = reason; });
  stuck.write(get(target).repeat(40)); // more than the buffers of both sides hold
  await sleep(1000);
  const began = Date.now();
  const sockets = () => Number(spawnSync('sh', ['-c', `ls -l /proc/${instance.gateway.pid}/fd | grep -c socket:`], { encoding: 'utf8' }).stdout);
  const before = sockets();
  await waitFor('its end', () => sockets() < before);
  assert.ok(Date.now() - began < 20_000);
  stuck.destroy();
  assert.ok(error === undefined || error.code === 'ECONNRESET');
});

// Whether the gateway's side of a connection is established, as the kernel has it.
function isServed(socket) {
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  const ours = new RegExp(`:${hex(instance.httpPort)} [0-9A-F]+:${hex(socket.localPort)} (01|08) `);
  return ours.test(fs.readFileSync('/proc/net/tcp', 'utf8'));
}

test('who reads nothing is cut off, also if it sends on', async () => {
  const stuck = net.connect(instance.httpPort, '127.0.0.1').pause().on('error', () => {});
  stuck.write(get('/docs/swagger-ui-bundle.js').repeat(40));
  const sender = setInterval(() => stuck.write('\r\n'), 300);
  try {
    await waitFor('its begin', () => isServed(stuck));
    await waitFor('its end', () => !isServed(stuck), 10_000);
  } finally {
    clearInterval(sender);
    stuck.destroy();
  }
});

test('an answer that is not read yet is not lost by what comes behind its request', async () => {
  const target = '/docs/swagger-ui-bundle.js';
  const { length } = Buffer.from(await (await fetch(`${instance.http}${target}`)).arrayBuffer());
  const late = net.connect({ port: instance.httpPort, host: '127.0.0.1', allowHalfOpen: true }).pause();
  late.write(`${get(target, 'Connection: close')}more`); // which has the server wait for the end
  await sleep(300);
  process.kill(instance.gateway.pid, 'SIGSTOP'); // so that it finds all of that at once
  try {
    late.end('x'.repeat(20_000));
    await sleep(200);
  } finally {
    process.kill(instance.gateway.pid, 'SIGCONT');
  }
  await sleep(200);
  let count = 0;
  for await (const part of late) count += part.length; // throws if the connection is reset
  assert.ok(count > length, `${count} bytes`);
});

test('there are so many connections, and others wait for their turn', async () => {
  await sleep(200); // those of other tests are gone
  const first = await Promise.all(Array.from({ length: MOST }, () => open()));
  for (const connection of first) connection.socket.write(get('/healthz'));
  await Promise.all(first.map((connection) => connection.got(1)));
  const late = await open();
  late.socket.write(get('/healthz'));
  await sleep(400);
  assert.equal(late.text, '', 'it waits');
  first[0].socket.destroy();
  await late.got(1);
  for (const connection of [...first, late]) connection.socket.destroy();
  await waitFor('room', async () => (await fetch(`${instance.http}/healthz`)).ok);
});

test('a gateway that cannot have more files goes on, and takes connections again when it can', async () => {
  const { pid } = instance.gateway;
  const limit = (count) => assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`]).status, 0);
  const known = await open();
  known.socket.write(get('/healthz'));
  await known.got(1);
  const was = Number(fs.readFileSync(`/proc/${pid}/limits`, 'utf8').match(/Max open files +(\d+)/)[1]);
  const used = new Set(fs.readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  limit(free);
  const late = await open();
  late.socket.write(get('/healthz'));
  await sleep(500);
  assert.equal(late.text, '', 'it waits');
  known.socket.write(PRODUCT());
  await known.got(2);
  limit(was);
  await late.got(1);
  assert.deepEqual([known.answers(), late.answers()], [[200, 200], [200]]);
  for (const connection of [known, late]) connection.socket.destroy();
});

test('clients that go away at any moment take nothing along', async () => {
  const texts = [PRODUCT(), PRODUCT().slice(0, 30), get('/docs/swagger-ui-bundle.js'),
    'POST /v1/products HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{', get('/nowhere').repeat(50)];
  for (let round = 0; round < 40; round++) {
    const connections = await Promise.all(texts.map(() => open()));
    for (const [i, { socket }] of connections.entries()) socket.write(texts[i]);
    await sleep(round % 8);
    for (const [i, { socket }] of connections.entries()) {
      if ((round + i) % 2) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
  const files = () => fs.readdirSync(`/proc/${instance.gateway.pid}/fd`).length;
  await waitFor('their ends', async () => (await fetch(`${instance.http}/healthz`)).ok && files() < 60);
});
