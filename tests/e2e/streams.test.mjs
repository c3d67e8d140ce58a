// Answers that stream: the forms, errors in the midst of them, and what becomes of a client that
// does not read, or goes, and of a service or a gateway that ends.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Browser } from './support/browser.mjs';
import { freePort, root, waitFor } from './support/instance.mjs';
import { InteropServer } from './support/interop.mjs';
import { BYTE, Streams, parseEvents } from './support/streams.mjs';

const run = promisify(execFile);

const LINES = { accept: 'application/x-ndjson' };
const EVENTS = { accept: 'text/event-stream' };
const NOT_FOUND = 5;

let streams;

before(async () => {
  streams = await Streams.start({
    env: {
      NEXUS_HTTP_HEARTBEAT_S: '1',
      NEXUS_HTTP_CORS_ORIGINS: 'https://shop.example',
      NEXUS_BACKEND_TIMEOUT_MS: '5000',
      NEXUS_BACKEND_MAX_STREAMS: '150',
      NEXUS_BACKEND_FORWARD_HEADERS: 'authorization, x-initial, x-trailing, x-early',
      NEXUS_BACKEND_RETURN_HEADERS: 'x-initial, x-trailing',
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=8`,
    },
  });
});
after(() => streams?.stop());

const produce = (query, headers) => streams.open(`/v1/produce?${new URLSearchParams(query)}`, { headers });

// The body of a POST whose call ends with a status after its responses.
const ending = (code, responseCount, more = {}) => ({
  method: 'POST',
  body: JSON.stringify({ responseCount, outcome: { code, message: Buffer.from('enough').toString('base64') }, ...more }),
});
const post = (headers, { method, body }) =>
  streams.open('/v1/produce', { method, body, headers: { 'content-type': 'application/json', ...headers } });

test('a stream is an array, lines or events, as Accept says', async () => {
  const array = await produce({ responseCount: 3 });
  const numbers = JSON.parse(await array.whole()).map(({ number }) => number);
  assert.deepEqual(numbers, ['1', '2', '3']);
  assert.equal(array.headers['content-type'], 'application/json');
  const lines = await produce({ responseCount: 3 }, LINES);
  await lines.whole();
  assert.deepEqual(lines.lines.map(({ number }) => number), ['1', '2', '3']);
  assert.equal(lines.headers['content-type'], 'application/x-ndjson');
  const events = await produce({ responseCount: 3 }, EVENTS);
  await events.whole();
  assert.deepEqual(events.events.map(({ id, type }) => [id, type]), [['1', 'message'], ['2', 'message'], ['3', 'message']]);
  assert.deepEqual(events.events.map(({ data }) => JSON.parse(data).number), ['1', '2', '3']);
  assert.equal(events.headers['content-type'], 'text/event-stream');
  for (const { status, headers } of [array, lines, events]) {
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-accel-buffering'], 'no');
    assert.match(headers.vary, /Accept/);
    assert.equal(headers['content-encoding'], undefined);
    assert.ok(headers['x-request-id']);
  }
});

test('what follows a stream on its connection is left alone by it', async () => {
  const turns = 200;
  const get = (target) => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`;
  await Promise.all(Array.from({ length: 8 }, async () => {
    const socket = net.connect(streams.port, '127.0.0.1');
    let text = '';
    let isClosed = false;
    socket.setEncoding('latin1').on('data', (part) => { text += part; }).on('error', () => {}).on('close', () => { isClosed = true; });
    socket.write((get('/v1/produce?responseCount=1') + get('/v1/observe')).repeat(turns));
    const answers = () => text.match(/HTTP\/1\.1 \d+/g) ?? [];
    await waitFor('all answers', () => isClosed || answers().length === 2 * turns, 60_000);
    assert.deepEqual(answers(), Array(2 * turns).fill('HTTP/1.1 200'));
    // The call that follows is answered by its own end, and not by the stream's.
    assert.equal(text.match(/"begun":"[1-9]/g).length, turns);
    socket.destroy();
  }));
});

test('an empty stream is one, too', async () => {
  assert.equal(await (await produce({})).whole(), '[]\n');
  for (const headers of [LINES, EVENTS]) assert.equal(await (await produce({}, headers)).whole(), '');
});

test('a rule may make a part of each message the answer', async () => {
  const answer = await streams.open('/v1/payloads?responseCount=2&responseBytes=3', { headers: EVENTS });
  await answer.whole();
  assert.deepEqual(answer.events.map(({ data }) => data), ['"AAAA"', '"AAAA"']);
});

test('of the types that Accept has, the best', async () => {
  const rows = [
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/*', 'text/event-stream'],
    ['application/jsonl', 'application/x-ndjson'],
    ['application/json;q=0.5, application/x-ndjson;q=0.6', 'application/x-ndjson'],
    ['text/event-stream, */*', 'text/event-stream'],
    ['application/json;q=0, */*;q=0.1', 'application/x-ndjson'],
    ['text/html, APPLICATION/X-NDJSON', 'application/x-ndjson'],
    ['', 'application/json'],
  ];
  for (const [accept, type] of rows) {
    const answer = await produce({}, { accept });
    await answer.whole();
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, type], accept);
  }
  for (const accept of ['text/html', 'application/json;q=0', 'image/*', 'text/event-stream;q=0.000']) {
    const answer = await produce({}, { accept });
    assert.equal(JSON.parse(await answer.whole()).error.code, 406, accept);
  }
});

test('each message comes when it is sent', async () => {
  for (const headers of [{}, LINES, EVENTS]) {
    const { held } = await streams.seen();
    const answer = await produce({ responseCount: 2, hold: 'HOLD_END' }, headers);
    await answer.until((text) => /"number":"2"[^}]*\}/.test(text), 'both messages');
    assert.equal(answer.ended, false);
    await waitFor('the call to be held', async () => (await streams.seen()).held > held);
    await streams.release();
    await answer.whole();
    assert.equal(answer.broken, false);
  }
});

test('curl sees it as well', async () => {
  const { stdout } = await run('curl', ['-sN', '-m', '30', '-H', 'Accept: application/x-ndjson',
    `${streams.url}/v1/produce?responseCount=2`]);
  assert.equal(stdout.trim().split('\n').length, 2);
});

test('the shipped proxy holds no message back', async () => {
  const dir = path.join(streams.dir, 'nginx');
  fs.mkdirSync(dir);
  fs.chmodSync(streams.dir, 0o755);
  fs.chmodSync(dir, 0o777);
  const port = await freePort();
  const rest = fs.readFileSync(path.join(root, '.github/docker/edge/rest.conf'), 'utf8');
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ');
  fs.writeFileSync(path.join(dir, 'nginx.conf'), `pid ${dir}/pid; events {} http { access_log off; ${kinds}
    upstream gateway { server 127.0.0.1:${streams.port}; } server { listen 127.0.0.1:${port}; ${rest} } }`);
  const nginx = spawn('nginx', ['-e', 'stderr', '-c', path.join(dir, 'nginx.conf'), '-g', 'daemon off;'],
    { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  const ended = new Promise((resolve) => nginx.once('exit', resolve).once('error', resolve));
  try {
    const url = `http://127.0.0.1:${port}`;
    await waitFor('nginx', async () => (await fetch(`${url}/healthz`)).ok);
    const { inFlight } = await streams.seen();
    const response = await fetch(`${url}/v1/produce?responseCount=2&hold=HOLD_END`, { headers: EVENTS });
    let text = '';
    for await (const part of response.body) {
      text += Buffer.from(part).toString();
      if (text.includes('id: 2\n') && text.endsWith('\n\n')) break; // which closes the connection
    }
    assert.equal(parseEvents(text).filter(({ type }) => type === 'message').length, 2);
    await waitFor('the call to be cancelled', async () => (await streams.seen()).inFlight === inFlight);
  } finally {
    nginx.kill('SIGTERM');
    await ended;
  }
});

test('an error before the first message is an answer of its own', async () => {
  for (const headers of [{}, LINES, EVENTS]) {
    const answer = await post(headers, ending(NOT_FOUND, 0));
    assert.equal(answer.status, 404);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(await answer.whole()).error.message, 'enough');
  }
});

test('an error behind messages is the last line or event, and breaks an array off', async () => {
  const lines = await post(LINES, ending(NOT_FOUND, 2));
  await lines.whole();
  assert.equal(lines.status, 200);
  assert.deepEqual(lines.lines.map((line) => line.number ?? line.error.status), ['1', '2', 'NOT_FOUND']);
  assert.equal(lines.broken, false);
  const events = await post(EVENTS, ending(NOT_FOUND, 2));
  await events.whole();
  assert.deepEqual(events.events.map(({ type }) => type), ['message', 'message', 'error']);
  assert.deepEqual(JSON.parse(events.events[2].data).error,
    { code: 404, message: 'enough', status: 'NOT_FOUND', details: [] });
  const array = await post({}, ending(NOT_FOUND, 2));
  await array.whole();
  assert.equal(array.broken, true);
  assert.throws(() => JSON.parse(array.text));
});

test('a stream of events goes on behind the last that was read', async () => {
  const later = await produce({ responseCount: 2 }, { ...EVENTS, 'last-event-id': '41' });
  await later.whole();
  assert.deepEqual(later.events.map(({ id }) => id), ['42', '43']);
  const again = await produce({ responseCount: 1, after: 7 }, { ...EVENTS, 'last-event-id': ' 41 ' });
  await again.whole();
  assert.deepEqual(again.events.map(({ id }) => id), ['42'], 'the URL is still that of the first time');
  for (const id of ['x', '1e99', '9'.repeat(30)]) {
    const answer = await produce({}, { ...EVENTS, 'last-event-id': id });
    const { error } = JSON.parse(await answer.whole());
    assert.equal(error.code, 400);
    assert.equal(error.details[0].fieldViolations[0].field, 'after');
  }
});

test('a silent stream of events shows that it lives, from its beginning on', async () => {
  const first = await produce({ responseCount: 1, hold: 'HOLD_NOW' }, EVENTS);
  assert.equal(first.status, 200);
  await first.until((text) => text.startsWith(':\n\n:\n\n'), 'comments');
  await streams.release();
  await first.whole();
  assert.deepEqual(first.events.map(({ type }) => type).filter((type) => type !== 'comment'), ['message']);
  const lines = await produce({ responseCount: 1, hold: 'HOLD_END', holdMs: 2500 }, LINES);
  await lines.whole();
  assert.equal(lines.lines.length, 1, 'lines have no place for it');
});

test('HEAD tells the headers and calls nobody', async () => {
  const { begun } = await streams.seen();
  const answer = await streams.open('/v1/produce?responseCount=1', { method: 'HEAD', headers: EVENTS });
  assert.deepEqual([answer.status, answer.headers['content-type'], await answer.whole()], [200, 'text/event-stream', '']);
  assert.equal((await streams.seen()).begun, begun);
});

test('a stream has no deadline but the one that the client asks for', async () => {
  const answer = await produce({ responseCount: 1, hold: 'HOLD_END' }, { ...LINES, 'grpc-timeout': '300m' });
  await answer.whole();
  assert.equal(answer.lines[1].error.status, 'DEADLINE_EXCEEDED');
  assert.equal(answer.lines[1].error.code, 504);
  const [message] = JSON.parse(await (await produce({ responseCount: 1 })).whole());
  assert.equal(message.timeLeftMs, '-1');
});

test('several streams and other requests share a connection in turn', async () => {
  const { Agent } = await import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) {
    const answer = await streams.open(`/v1/produce?responseCount=${i}`, { headers: LINES, agent });
    await answer.whole();
    assert.equal(answer.lines.length, i);
  }
  agent.destroy();
});

test('a client of HTTP/1.0 gets it without chunks, to the end of the connection', async () => {
  const socket = net.connect(streams.port, '127.0.0.1');
  socket.setEncoding('utf8').write('GET /v1/produce?responseCount=2 HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n');
  let text = '';
  for await (const part of socket) text += part;
  assert.match(text, /^HTTP\/1\.[01] 200 /);
  assert.doesNotMatch(text, /chunked/i);
  assert.equal(text.split('\r\n\r\n')[1].trim().split('\n').length, 2);
});

test('a web page elsewhere may read it', async () => {
  const answer = await produce({ responseCount: 1 }, { ...EVENTS, origin: 'https://shop.example' });
  await answer.whole();
  assert.equal(answer.headers['access-control-allow-origin'], 'https://shop.example');
  const preflight = await streams.open('/v1/produce', {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'GET' },
  });
  assert.match(preflight.headers['access-control-allow-headers'], /Last-Event-ID/);
});

// Asks for a message of so many bytes again and again, and does not read.
function neverRead(target, headers) {
  const socket = net.connect(streams.port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => {});
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`);
  return socket;
}

// Wait until a count of the service stays the same.
async function settled(name) {
  let last = -1;
  let same = 0;
  await waitFor(`${name} to settle`, async () => {
    const count = (await streams.seen())[name];
    same = count === last ? same + 1 : 0;
    last = count;
    return same > 20;
  }, 60_000);
  return last;
}

test('a client that does not read holds the service up, and nothing fills', async () => {
  const before = await streams.seen();
  const memory = streams.gateway.memory;
  const sockets = [];
  try {
    for (let i = 0; i < 4; i++) {
      sockets.push(neverRead('/v1/produce?responseCount=1000000&responseBytes=65536', 'Accept: text/event-stream'));
    }
    await waitFor('the calls', async () => (await streams.seen()).begun >= before.begun + 4);
    const sent = await settled('sent') - before.sent;
    assert.ok(sent < 4 * 400, `${sent} of 4,000,000 messages were sent`);
    const more = streams.gateway.memory - memory;
    assert.ok(more < BYTE * (64 << 20), `${more} bytes more`);
    sockets[0].resume(); // as soon as it reads, it goes on
    await waitFor('more', async () => (await streams.seen()).sent > before.sent + sent + 100);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await waitFor('the calls to be cancelled', async () => {
    const now = await streams.seen();
    return now.cancelled === before.cancelled + 4 && now.inFlight === before.inFlight;
  });
});

test('a long stream takes no more memory at its end than at its beginning', async () => {
  const answer = await produce({ responseCount: 100_000, responseBytes: 500 }, LINES);
  let bytes = 0;
  let early;
  answer.response.removeAllListeners('data');
  answer.response.on('data', (part) => {
    bytes += part.length;
    if (!early && bytes > 10_000_000) early = streams.gateway.memory;
  });
  await answer.whole();
  assert.ok(bytes > 70_000_000);
  const more = streams.gateway.memory - early;
  assert.ok(more < BYTE * (8 << 20), `${more} bytes more`);
});

test('who goes away takes the call along', async () => {
  for (const headers of [{}, LINES, EVENTS]) {
    const before = await streams.seen();
    const quiet = await produce({ responseCount: 1, hold: 'HOLD_END' }, headers);
    const busy = await produce({ responseCount: 100_000_000, responseBytes: 20_000 }, headers);
    await quiet.until((text) => text.length > 10);
    await busy.until((text) => text.length > 10_000);
    quiet.leave();
    busy.leave();
    await waitFor('both calls to be cancelled', async () => (await streams.seen()).cancelled === before.cancelled + 2);
  }
});

test('a client that is gone without a word is looked for', async () => {
  const { inFlight } = await streams.seen();
  const answer = await produce({ responseCount: 1, hold: 'HOLD_END' }, LINES);
  await answer.until((text) => text.length > 10);
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  const ends = [`:${hex(streams.port)}`, `:${hex(answer.response.socket.localPort)}`];
  const sockets = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  const own = sockets.find(([, local, remote]) => local?.endsWith(ends[0]) && remote.endsWith(ends[1]));
  assert.match(own[5], /^02:/, 'the timer that is under way is that of keepalive');
  answer.leave();
  await waitFor('the call to be over', async () => (await streams.seen()).inFlight === inFlight);
});

test('headers that are passed on are looked at, of streams too', async () => {
  const refused = await produce({ responseCount: 1 }, { ...LINES, Authorization: 'caf\u00e9' });
  assert.equal(refused.status, 400);
  assert.match(await refused.whole(), /the header authorization, which is passed on, has more than printable ASCII/);
});

test('metadata come back as headers: of the beginning, and of the end if there is nothing between', async () => {
  const meta = { 'x-initial': 'first', 'x-trailing': 'last', 'x-early': '1' };
  const some = await produce({ responseCount: 2 }, { ...LINES, ...meta });
  assert.deepEqual([some.status, some.headers['x-initial'], some.headers['x-trailing']], [200, 'first', undefined]);
  await some.whole();
  const none = await produce({}, { ...LINES, ...meta });
  assert.deepEqual([none.status, none.headers['x-initial'], none.headers['x-trailing']], [200, 'first', 'last']);
  const error = await post({ ...LINES, ...meta }, ending(NOT_FOUND, 0));
  assert.deepEqual([error.status, error.headers['x-initial'], error.headers['x-trailing']], [404, 'first', 'last']);
});

test('many come and go, at any moment', async () => {
  const before = await streams.seen();
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const answer = await produce({ responseCount: 500, hold: i % 2 ? 'HOLD_END' : 'HOLD_UNSPECIFIED' },
      [LINES, EVENTS, {}][i % 3]);
    await answer.until((text) => text.length > i * 500);
    answer.leave();
  }));
  await waitFor('all calls to be over', async () => (await streams.seen()).inFlight === before.inFlight);
});

test('streams do not keep other calls waiting, and there are only so many', async () => {
  const hold = () => produce({ responseCount: 1, hold: 'HOLD_END' }, LINES);
  await waitFor('all calls to be over', async () => (await streams.seen()).inFlight === 0);
  const open = await Promise.all(Array.from({ length: 140 }, hold));
  try {
    assert.deepEqual(new Set(open.map(({ status }) => status)), new Set([200]));
    await Promise.all(Array.from({ length: 300 }, () => streams.seen()));
    while (open.length <= 150 && open.at(-1).status === 200) open.push(await hold());
    const refused = open.at(-1);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers['retry-after']) > 0);
  } finally {
    for (const answer of open) answer.leave();
  }
  await waitFor('room for another', async () => (await produce({}, LINES)).status === 200);
});

test('a real browser reads events, and comes again where it was', async () => {
  const browser = await Browser.start();
  try {
    await browser.open(`${streams.url}/docs`); // a page whose policy lets scripts connect
    await browser.evaluate(`window.seen = [];
      window.source = new EventSource('/v1/produce?responseCount=3&hold=HOLD_NOW&holdMs=200');
      source.onmessage = (event) => seen.push([event.lastEventId, JSON.parse(event.data).number]);`);
    await browser.waitFor('seen.length >= 7'); // the stream ends after three: it comes again by itself
    const seen = await browser.evaluate('source.close(); seen');
    assert.deepEqual(seen.slice(0, 7), ['1', '2', '3', '4', '5', '6', '7'].map((id) => [id, id]));
  } finally {
    await browser.stop();
  }
});

test('a service that dies ends its streams with an error, and the next works again', async () => {
  const lines = await produce({ responseCount: 1, hold: 'HOLD_END' }, LINES);
  const events = await produce({ responseCount: 1, hold: 'HOLD_END' }, EVENTS);
  for (const answer of [lines, events]) await answer.until((text) => /"number":"1"/.test(text));
  const [port] = streams.server.ports;
  await streams.server.kill();
  await lines.whole();
  await events.whole();
  assert.equal(lines.lines.at(-1).error.status, 'UNAVAILABLE');
  assert.doesNotMatch(lines.text, /127\.0\.0\.1/);
  assert.equal(events.events.at(-1).type, 'error');
  streams.server = await InteropServer.start({}, `127.0.0.1:${port}`);
  await waitFor('the service', async () => (await produce({})).status === 200);
});

test('a gateway that stops ends its streams, also of those who do not read', async () => {
  const lines = await produce({ responseCount: 1, hold: 'HOLD_END' }, LINES);
  const events = await produce({ responseCount: 1, hold: 'HOLD_END' }, EVENTS);
  const busy = await produce({ responseCount: 100_000_000, responseBytes: 20_000 }, LINES);
  const silent = neverRead('/v1/produce?responseCount=1000000&responseBytes=65536', 'Accept: text/event-stream');
  for (const answer of [lines, events, busy]) await answer.until((text) => /"number":"1"/.test(text));
  await settled('held');
  const began = Date.now();
  const stopped = streams.gateway.stop();
  await Promise.all([lines.whole(), events.whole(), busy.whole()]);
  assert.ok(Date.now() - began < 4000, `${Date.now() - began} ms`);
  for (const answer of [lines, busy]) assert.equal(answer.lines.at(-1).error.status, 'UNAVAILABLE');
  assert.equal(JSON.parse(events.events.at(-1).data).error.status, 'UNAVAILABLE');
  await stopped;
  assert.ok(Date.now() - began < 15_000, `${Date.now() - began} ms`);
  silent.destroy();
  streams.startGateway();
  await streams.ready();
});
