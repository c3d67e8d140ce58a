// Bodies that stream: lines, bytes as they are, forms; and what becomes of one whose call ends early,
// cannot take it, or whose client goes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { waitFor } from './support/instance.mjs';
import { BYTE, Streams } from './support/streams.mjs';

const run = promisify(execFile);

const LINES = { 'content-type': 'application/x-ndjson' };
const BYTES = { 'content-type': 'application/octet-stream' };
const MIB = 1 << 20;
const MOST = 250 * MIB;

let streams;

before(async () => {
  streams = await Streams.start({
    env: {
      NEXUS_HTTP_MAX_STREAM_BYTES: String(MOST),
      NEXUS_HTTP_MAX_BODY_BYTES: '65536',
      NEXUS_BACKEND_FORWARD_HEADERS: 'authorization, x-initial, x-trailing',
      NEXUS_BACKEND_RETURN_HEADERS: 'x-initial, x-trailing',
      NEXUS_BACKEND_TIMEOUT_MS: '5000',
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=8`,
    },
  });
});
after(() => streams?.stop());

async function post(target, headers, body, method = 'POST') {
  const answer = await streams.open(target, { method, headers, body });
  const text = await answer.whole();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

// What Collect has got: how many messages, and how many bytes in them.
function assertGot(answer, requests, bytes) {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual([answer.body.requests, answer.body.requestBytes], [String(requests), String(bytes)]);
}

function assertRefused(answer, status, pattern, field) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.body.error.message, pattern);
  if (field) assert.equal(answer.body.error.details[0].fieldViolations[0].field, field);
}

const line = (bytes) => JSON.stringify({ payload: Buffer.alloc(bytes).toString('base64') });

test('each line is a message', async () => {
  assertGot(await post('/v1/collect', LINES, ''), 0, 0);
  assertGot(await post('/v1/collect', LINES, `${line(3)}\n${line(4)}\n`), 2, 7);
  assertGot(await post('/v1/collect', LINES, `${line(3)}\r\n\r\n \n${line(4)}`), 2, 7);
  assertGot(await post('/v1/collect', { 'content-type': 'application/jsonl; charset=utf-8' }, `${line(1)}\n`), 1, 1);
  assertGot(await post('/v1/collect', LINES, `${line(10)}\n`.repeat(5000)), 5000, 50_000);
});

test('metadata come back as headers, with the answer and with an error before the end of the body', async () => {
  const meta = { 'x-initial': 'first', 'x-trailing': 'last' };
  const good = await post('/v1/collect', { ...LINES, ...meta }, `${line(3)}\n`);
  assert.deepEqual([good.status, good.headers['x-initial'], good.headers['x-trailing']], [200, 'first', 'last']);
  const early = JSON.stringify({ outcome: { code: 5 } });
  const bad = await post('/v1/collect', { ...LINES, ...meta }, `${early}\n${`${line(100)}\n`.repeat(1000)}`);
  assert.deepEqual([bad.status, bad.headers['x-initial'], bad.headers['x-trailing']], [404, 'first', 'last']);
});

test('what is in the path is in every message, and must agree', async () => {
  const answer = await post('/v1/collect/5', LINES, '{}\n{"responseBytes":5}\n');
  assertGot(answer, 2, 0);
  assert.equal(Buffer.from(answer.body.payload, 'base64').length, 5);
  assertRefused(await post('/v1/collect/5', LINES, '{}\n{"responseBytes":6}\n'), 400, /^line 2: /, 'response_bytes');
});

test('a line may be a field of the message, and the query has others', async () => {
  const answer = await post('/v1/holds/1?payload=AAAA', LINES, '{"code":0}\n');
  assertGot(answer, 1, 3);
});

test('a line that is wrong is named, and the call with it is cancelled', async () => {
  const rows = [
    ['{}\n\n{"payload":"AAAA"}\nnonsense\n{}\n', 400, /^line 4: /],
    ['{"nothing":1}\n', 400, /^line 1: nothing/],
    [`{}\n${line(60_000)}\n`, 413, /^line 2: it is longer than 65536 bytes/],
    [`{}\n${'x'.repeat(200_000)}`, 413, /^line 2: it is longer than/],
    [Buffer.from([0x7b, 0xff, 0x0a]), 400, /^line 1: /],
    ['{}\n{"hold":"HOLD_EVER"}', 400, /^line 2: /],
    [`{"payload":"AA=="}\n${'['.repeat(5000)}\n`, 400, /^line 2: /],
  ];
  const { inFlight } = await streams.seen();
  for (const [body, status, pattern] of rows) {
    const answer = await post('/v1/collect', LINES, body);
    assertRefused(answer, status, pattern);
    assert.equal(answer.headers.connection, 'close');
  }
  await waitFor('the calls to be over', async () => (await streams.seen()).inFlight === inFlight);
});

test('the answer to a wrong line does not wait for the end of the body', async () => {
  const { request, answer } = streams.write('/v1/collect', { headers: LINES });
  request.on('error', () => {});
  request.write('{}\n{"x":1}\n');
  const early = await answer;
  assertRefused({ status: early.status, body: JSON.parse(await early.whole()) }, 400, /^line 2: x/);
  request.destroy();
});

test('each line is a message as soon as it has come', async () => {
  const { received } = await streams.seen();
  const { request, answer } = streams.write('/v1/collect', { headers: LINES });
  for (let i = 1; i <= 3; i++) {
    request.write('{}\n');
    await waitFor('the message', async () => (await streams.seen()).received === received + i);
  }
  request.end();
  assert.equal(JSON.parse(await (await answer).whole()).requests, '3');
});

test('bytes as they are, behind a message with the path and the query', async () => {
  for (const type of ['application/octet-stream', 'image/png', 'text/csv; charset=utf-8']) {
    const answer = await post('/v1/collect?responseBytes=2', { 'content-type': type }, Buffer.alloc(1000));
    assertGot(answer, 2, 1000);
    assert.equal(Buffer.from(answer.body.payload, 'base64').length, 2);
  }
  assertGot(await post('/v1/files/3', {}, Buffer.alloc(10), 'PUT'), 2, 10);
  assertGot(await post('/v1/files/3', BYTES, '', 'PUT'), 1, 0);
  const rows = [
    ['/v1/files/x', /response_bytes/],
    ['/v1/files/3?nothing=1', /nothing/],
    ['/v1/files/3?payload=AAAA', /payload: it goes into the body/],
    ['/v1/files/3?responseBytes=4', /the path says it already/],
  ];
  const { begun } = await streams.seen();
  for (const [target, pattern] of rows) assertRefused(await post(target, BYTES, 'abc', 'PUT'), 400, pattern);
  assert.equal((await streams.seen()).begun, begun, 'there was no call');
});

test('types that a rule does not have are refused', async () => {
  for (const [target, type, taken] of [
    ['/v1/collect', 'image/jpeg', /application\/x-ndjson, application\/octet-stream, multipart\/form-data, image\/png, text\/csv$/],
    ['/v1/collect', 'application/json', /application\/x-ndjson/],
    ['/v1/collect/5', 'application/octet-stream', /one of application\/x-ndjson$/],
  ]) assertRefused(await post(target, { 'content-type': type }, 'x'), 415, taken);
  assertRefused(await post('/v1/files/1', LINES, '{}', 'PUT'), 415, /one of application\/octet-stream, multipart\/form-data$/);
  for (const coding of ['gzip', 'br', 'x']) {
    const answer = await post('/v1/collect', { ...LINES, 'content-encoding': coding }, 'x');
    assertRefused(answer, 415, /Content-Encoding/);
    assert.equal(answer.headers['accept-encoding'], 'identity');
  }
  assertRefused(await post('/v1/collect', { ...LINES, accept: 'text/html' }, '{}'), 406, /Accept/);
});

async function postForm(target, parts) {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, 'a "file".png');
  }
  const response = await fetch(streams.url + target, { method: 'POST', body: form });
  return { status: response.status, body: await response.json() };
}

test('a form: its fields first, and then its file', async () => {
  const content = Buffer.from('\r\n--\r\n------WebKitFormBoundary\r\n'.repeat(20_000));
  const good = await postForm('/v1/collect', [['responseBytes', '4'], ['hold_ms', '1'], ['payload', new Blob([content])]]);
  assert.equal(good.status, 200, JSON.stringify(good.body));
  assert.equal(good.body.requestBytes, String(content.length));
  assert.ok(Number(good.body.requests) < 100, 'not each line of a file is a message');
  assert.equal(Buffer.from(good.body.payload, 'base64').length, 4);
  assertGot(await postForm('/v1/collect', [['file', new Blob([])]]), 1, 0);
  assertGot(await postForm('/v1/collect?responseBytes=1', [['payload', 'as a field']]), 2, 10);
  const blob = new Blob(['x']);
  const rows = [
    [[['payload', blob], ['responseBytes', '4']], /a field must stand before the file/, 'responseBytes'],
    [[['payload', blob], ['other', blob]], /more than one file/, 'other'],
    [[['responseBytes', '4']], /the form has no file/, 'payload'],
    [[], /form/],
    [[['nothing', '4'], ['payload', blob]], /nothing/, 'nothing'],
    [[['responseBytes', '4'], ['responseBytes', '5'], ['payload', blob]], /twice/, 'response_bytes'],
    [[['responseBytes', 'many'], ['payload', blob]], /response_bytes/, 'response_bytes'],
    [[['a&responseBytes=1', '4'], ['payload', blob]], /a&responseBytes=1/, 'a&responseBytes=1'],
  ];
  for (const [parts, pattern, field] of rows) assertRefused(await postForm('/v1/collect', parts), 400, pattern, field);
  assertRefused(await postForm('/v1/collect', [['nothing', 'x'.repeat(100_000)], ['payload', blob]]), 413, /fields/);
});

test('what is no form is refused', async () => {
  const type = (boundary) => ({ 'content-type': `multipart/form-data${boundary}` });
  const part = '--b\r\nContent-Disposition: form-data; name=payload\r\n\r\n';
  assertRefused(await post('/v1/collect', type(''), 'x'), 400, /boundary/);
  assertRefused(await post('/v1/collect', type('; boundary='), 'x'), 400, /boundary/);
  assertRefused(await post('/v1/collect', type('; boundary=b'), 'nonsense'), 400, /last boundary is missing/);
  assertRefused(await post('/v1/collect', type('; boundary=b'), `${part}x`), 400, /last boundary is missing/);
  assertRefused(await post('/v1/collect', type('; boundary=b'), '--b\r\n\r\nx\r\n--b--'), 400, /no name/);
  assertRefused(await post('/v1/collect', type('; boundary=b'), `--b\r\nX: ${'x'.repeat(9000)}`), 400, /too long/);
  assertGot(await post('/v1/collect', type('; boundary=b'), `${part}xyz\r\n--b--`), 2, 3);
  const odd = Buffer.from('\r\n--b\r\nContent-Disposition: form-data; name=\xff\x01\r\n\r\n1\r\n--b--', 'latin1');
  for (const body of [odd, Buffer.concat([Buffer.from(`${part}x`), odd])]) {
    const { status, body: { error } } = await post('/v1/collect', type('; boundary=b'), body);
    assert.deepEqual([status, error.status], [400, 'INVALID_ARGUMENT']);
  }
});

// Writes a body by hand, in pieces, and gives the whole answer.
function raw(head, pieces) {
  const socket = net.connect(streams.port, '127.0.0.1');
  socket.setNoDelay(true).setEncoding('utf8');
  let text = '';
  socket.on('data', (data) => { text += data; }).on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(`${head}\r\nHost: x\r\n`);
  (async () => {
    for (const piece of pieces) {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return closed.then(() => text);
}

test('byte by byte as in one', async () => {
  const bodies = [
    ['application/x-ndjson', `${line(3)}\r\n\n${line(5)}`, 2, 8],
    ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name=response_bytes\r\n\r\n1\r\n' +
      '--b\r\nContent-Disposition: form-data; name=payload; filename=x\r\n\r\nabc\r\n--b--\r\n', undefined, 3],
    ['application/octet-stream', 'abcdefgh', undefined, 8],
  ];
  for (const [type, body, requests, bytes] of bodies) {
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`);
    const text = await raw('POST /v1/collect HTTP/1.1',
      [`Connection: close\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`, ...chunks, '0\r\n\r\n']);
    assert.match(text, /^HTTP\/1\.1 200 /, text);
    const answer = JSON.parse(text.slice(text.indexOf('{')).split('\r\n')[0]);
    assert.equal(answer.requestBytes, String(bytes));
    if (requests) assert.equal(answer.requests, String(requests));
  }
});

test('a client that waits for 100 Continue gets it, or is refused at once', async () => {
  const file = path.join(streams.dir, 'body');
  fs.writeFileSync(file, Buffer.alloc(MIB));
  const send = async (...args) => (await run('curl', ['-sv', '-m', '20', '-H', 'Expect: 100-continue', ...args])).stderr;
  assert.match(await send('-T', file, `${streams.url}/v1/files/0`), /< HTTP\/1\.1 100 Continue[^]*< HTTP\/1\.1 200 /);
  const refused = await send('-T', file, `${streams.url}/v1/files/x`);
  assert.match(refused, /< HTTP\/1\.1 400 /);
  assert.doesNotMatch(refused, /100 Continue/);
});

test('a body over the limit is refused, declared or not', async () => {
  const declared = await raw('PUT /v1/files/0 HTTP/1.1', [`Content-Length: ${MOST + 1}\r\n\r\n`]);
  assert.match(declared, /^HTTP\/1\.1 413 /);
  assert.match(declared, new RegExp(`longer than ${MOST} bytes`));
  const { cancelled } = await streams.seen();
  const { request, answer } = streams.write('/v1/files/0', { method: 'PUT' });
  request.setMaxListeners(0).on('error', () => {});
  const piece = Buffer.alloc(MIB);
  let early;
  answer.then((it) => { early = it; }, () => {});
  for (let i = 0; i < MOST / MIB + 50 && !early && !request.destroyed; i++) {
    if (!request.write(piece)) await Promise.race([once(request, 'drain'), once(request, 'close'), answer.catch(() => {})]);
  }
  assert.equal((await answer).status, 413);
  await waitFor('the call to be cancelled', async () => (await streams.seen()).cancelled > cancelled);
  request.destroy();
});

test('a long body takes no more memory than a short one', async () => {
  const size = 200 * MIB;
  const memory = streams.gateway.memory;
  let most = 0;
  const { request, answer } = streams.write('/v1/files/1', { method: 'PUT' });
  const piece = Buffer.alloc(MIB);
  for (let i = 0; i < size / MIB; i++) {
    if (!request.write(piece)) await once(request, 'drain');
    most = Math.max(most, streams.gateway.memory);
  }
  request.end();
  assert.equal(JSON.parse(await (await answer).whole()).requestBytes, String(size));
  assert.ok(most - memory < BYTE * 32 * MIB, `${most - memory} bytes more`);
});

test('a call that cannot take more holds its client up', async () => {
  const memory = streams.gateway.memory;
  const { request, answer } = streams.write('/v1/collect?hold=HOLD_NOW', { headers: BYTES });
  const piece = Buffer.alloc(MIB);
  let written = 0;
  let isHeldUp = false;
  while (!isHeldUp && written < 200 * MIB) {
    written += piece.length;
    if (request.write(piece)) continue;
    const timer = new AbortController();
    const drained = once(request, 'drain', { signal: timer.signal }).then(() => true, () => false);
    isHeldUp = !await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 2000, false))]);
    timer.abort();
  }
  assert.ok(isHeldUp, 'all of it was taken');
  assert.ok(streams.gateway.memory - memory < BYTE * 64 * MIB);
  await streams.release();
  await waitFor('it to go on', () => request.writableLength === 0);
  request.end();
  assert.equal(JSON.parse(await (await answer).whole()).requestBytes, String(written));
});

test('a call that ends early answers at once, while its client sends or is silent', async () => {
  const outcome = { code: 9, message: Buffer.from('no more').toString('base64') };
  const silent = streams.write('/v1/collect', { headers: LINES });
  silent.request.on('error', () => {});
  silent.request.write(`{}\n${JSON.stringify({ outcome })}\n`);
  const told = await silent.answer;
  assert.equal(told.headers.connection, 'close');
  assertRefused({ status: told.status, body: JSON.parse(await told.whole()) }, 400, /^no more$/);
  silent.request.destroy();

  const busy = streams.write('/v1/collect', { headers: LINES });
  busy.request.on('error', () => {});
  busy.request.write(`${JSON.stringify({ outcome: { ...outcome, code: 0 } })}\n`);
  let early;
  busy.answer.then((it) => { early = it; });
  const end = Date.now() + 20_000;
  while (!early && Date.now() < end) {
    busy.request.write('{}\n'.repeat(100));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(early.status, 200, 'an answer may come before the end of the body, too');
  assert.equal(JSON.parse(await early.whole()).requests, '1');
  busy.request.destroy();
});

test('a call that never was answers at once, too', async () => {
  for (let i = 0; i < 20; i++) {
    const { request, answer } = streams.write('/v1/missing', { headers: LINES });
    request.on('error', () => {});
    const early = await answer; // nothing was sent
    assert.equal(JSON.parse(await early.whole()).error.status, 'UNIMPLEMENTED');
    request.destroy();
  }
});

test('who goes away takes the call along', async () => {
  const rows = [
    ['/v1/collect', LINES, '{}\n'], // waits for more
    ['/v1/collect', LINES, '{"hold":"HOLD_NOW"}\n'], // is held
    ['/v1/collect?hold=HOLD_NOW', BYTES, Buffer.alloc(MIB)],
    ['/v1/collect?hold=HOLD_NOW', BYTES, Buffer.alloc(30 * MIB), true], // does not even reach the gateway
  ];
  for (const [target, headers, body, isStuck] of rows) {
    const before = await streams.seen();
    const { request } = streams.write(target, { headers });
    request.on('error', () => {});
    request.write(body);
    await waitFor('the call', async () => (await streams.seen()).received > before.received);
    request.destroy();
    if (isStuck) await streams.release(); // that the client has gone stands behind what it has sent
    await waitFor(`the call to be cancelled: ${body.length}`, async () => {
      const now = await streams.seen();
      return now.cancelled > before.cancelled && now.inFlight === before.inFlight;
    });
  }
});

test('many at once, some of which end badly', async () => {
  const { inFlight } = await streams.seen();
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const { request, answer } = streams.write('/v1/collect', { headers: i % 3 ? LINES : BYTES });
    request.on('error', () => {});
    for (let k = 0; k < 10; k++) {
      request.write(`${line(1000)}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (i % 5 === 4) return request.destroy();
    if (i % 5 === 3) request.write('wrong\n');
    request.end();
    const { status } = await answer;
    assert.ok(status === 200 || (status === 400 && i % 5 === 3), `${i}: ${status}`);
    return (await answer).whole();
  }));
  await waitFor('all calls to be over', async () => (await streams.seen()).inFlight === inFlight);
});

test('a gateway that stops lets them come to their end, but not for ever', async () => {
  const good = streams.write('/v1/collect', { headers: LINES });
  const stuck = streams.write('/v1/collect', { headers: LINES });
  stuck.request.on('error', () => {});
  const { received } = await streams.seen();
  for (const { request } of [good, stuck]) request.write('{}\n');
  await waitFor('the messages', async () => (await streams.seen()).received === received + 2);
  const began = Date.now();
  const stopped = streams.gateway.stop();
  good.request.write('{}\n');
  good.request.end();
  assert.equal(JSON.parse(await (await good.answer).whole()).requests, '2');
  await stopped;
  assert.ok(Date.now() - began < 15_000, `${Date.now() - began} ms`);
  stuck.request.destroy();
  streams.startGateway();
  await streams.ready();
});
