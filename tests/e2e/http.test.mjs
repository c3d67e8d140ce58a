// HTTP as such: connections, and what is said on them beside the JSON.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import zlib from 'node:zlib';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { Instance, buildDir, waitFor } from './support/instance.mjs';

let instance;
let product;

before(async () => {
  // Long enough that nothing ends by its deadline.
  instance = await Instance.start({
    env: {
      NEXUS_DATABASE_STATEMENT_TIMEOUT_MS: '60000',
      NEXUS_BACKEND_TIMEOUT_MS: '60000',
      NEXUS_HTTP_CORS_ORIGINS: 'https://shop.example, http://localhost:3000',
      NEXUS_HTTP_CORS_CREDENTIALS: 'true',
      NEXUS_HTTP_REQUEST_TIMEOUT_S: '3',
      NEXUS_HTTP_IDLE_TIMEOUT_S: '5',
    },
  });
  product = await instance.call('POST', '/v1/products', { title: 'Lamp' });
});

after(() => instance?.stop());

// Sends bytes. Resolves with all that comes until the other side closes.
async function exchange(text) {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (part) => { answer += part; });
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return answer;
}

const get = (path, headers = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`;
const waiting = () => instance.sql(
  "select count(*) from pg_stat_activity where usename = 'nexus' and wait_event_type = 'Lock'");

// Reads of products wait for this lock. Resolves when it is held, with a promise for its end.
async function lockProducts(seconds) {
  const ended = instance.sql(
    `begin; lock table catalog.product; select pg_sleep(${seconds}); commit`);
  await waitFor('the lock', async () => Number(await instance.sql(`select count(*) from pg_locks
    where relation = 'catalog.product'::regclass and mode = 'AccessExclusiveLock' and granted`)) > 0);
  return { ended };
}

function ask() {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(get(`/v1/${product.name}`));
  return socket;
}

test('the call of a client that goes away is cancelled, before its deadline', async () => {
  const { ended } = await lockProducts(12);
  let isOver = false;
  ended.then(() => { isOver = true; });
  const socket = ask();
  await waitFor('the call to wait', async () => Number(await waiting()) > 0);
  socket.destroy();
  await waitFor('the call to end', async () => Number(await waiting()) === 0);
  assert.equal(isOver, false);
  await ended;
});

test('those that stay are answered', async () => {
  const { ended } = await lockProducts(3);
  const leaves = new AbortController();
  const asked = fetch(`${instance.http}/v1/${product.name}`, { signal: leaves.signal });
  const others = Array.from({ length: 8 }, () => fetch(`${instance.http}/v1/${product.name}`));
  const sockets = Array.from({ length: 20 }, ask);
  await sleep(400);
  for (const socket of sockets) socket.destroy();
  leaves.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await ended;
  for (const other of others) assert.equal((await other).status, 200);
  // Their numbers are given to others, whose calls nobody cancels.
  for (let i = 0; i < 40; i++) {
    assert.equal((await fetch(`${instance.http}/v1/${product.name}`)).status, 200);
  }
});

test('requests that are sent together are answered in their order', async () => {
  const paths = [`/v1/${product.name}`, '/v1/products/999999', '/healthz', '/v1/categories?pageSize=1'];
  const text = Array.from({ length: 8 }, (_, i) => get(paths[i % 4])).join('');
  const answer = await exchange(text + get('/healthz', 'Connection: close\r\n'));
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g).map((line) => line.slice(9)),
    ['200', '404', '200', '200', '200', '404', '200', '200', '200']);
});

const BODY = '{"title":"x"}';
const post = (headers, body = '') =>
  `POST /v1/products HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const health = (headers, line = 'GET /healthz HTTP/1.1\r\n') => `${line}${headers}\r\n`;

// What a proxy may have read otherwise than we would: nothing behind it is a request.
const HEADS = {
  'a length and chunks': post(`Content-Length: ${BODY.length}\r\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\n'),
  'two lengths': post('Content-Length: 13\r\nContent-Length: 0\r\n', BODY),
  'the same length twice': post('Content-Length: 13\r\nContent-Length: 13\r\n', BODY),
  'a list of lengths': post('Content-Length: 13, 13\r\n', BODY),
  'a length with a sign': post('Content-Length: +13\r\n', BODY),
  'a negative length': post('Content-Length: -1\r\n', BODY),
  'a hexadecimal length': post('Content-Length: 0xd\r\n', BODY),
  'a length beyond all numbers': post('Content-Length: 99999999999999999999999\r\n', BODY),
  'a coding that is none': post('Transfer-Encoding: identity\r\n', BODY),
  'a coding before chunked': post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
  'almost chunked': post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
  'chunked behind a control character': post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
  'two codings': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'),
  'a blank before the colon of a length': post('Content-Length : 13\r\n', BODY),
  'a blank before the colon of a coding': post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'),
  'lines that end with LF': 'GET /healthz HTTP/1.1\nHost: h\n\n',
  'one line that does': health('Host: h\nX: y\r\n'),
  'the last line that does': 'GET /healthz HTTP/1.1\r\nHost: h\r\nX: y\n\r\n',
  'the request line that does': health('Host: h\r\n', 'GET /healthz HTTP/1.1\n'),
  'a CR alone': health('Host: h\rX: y\r\n'),
  'a line that goes on': health('Host: h\r\nX: a\r\n b\r\n'),
  'a line that goes on in the last': health('X: a\r\nHost: h\r\n\tb\r\n'),
  'a first line that goes on': health(' Host: h\r\n'),
  'a NUL in a value': health('Host: h\r\nX: a\0b\r\n'),
  'a NUL in a value before others': health('X: a\0b\r\nHost: h\r\n'),
  'a NUL at the end': health('Host: h\r\nX: a\0\r\n'),
  'a NUL in a name': health('Host: h\r\nX\0Y: a\r\n'),
  'a NUL in the path': health('Host: h\r\n', 'GET /healthz\0x HTTP/1.1\r\n'),
  'a NUL in the query': health('Host: h\r\n', 'GET /healthz?a=\0x HTTP/1.1\r\n'),
  'a line without a colon': health('Host: h\r\nnonsense\r\n'),
  'no name': health('Host: h\r\n: x\r\n'),
  'two hosts': health('Host: h\r\nHost: i\r\n'),
  'no host': health(''),
  'a blank in the path': health('Host: h\r\n', 'GET /heal thz HTTP/1.1\r\n'),
  'tabs in the request line': health('Host: h\r\n', 'GET\t/healthz\tHTTP/1.1\r\n'),
  'another version': health('Host: h\r\n', 'GET /healthz HTTP/2.0\r\n'),
  'no version': health('', 'GET /healthz\r\n'),
  'a chunk without a size': post('Transfer-Encoding: chunked\r\n', 'zz\r\n\r\n'),
  'a chunk beyond all numbers': post('Transfer-Encoding: chunked\r\n', 'ffffffffffffffffff\r\n\r\n'),
  'a chunk of another size': post('Transfer-Encoding: chunked\r\n', '3\r\nabcdef0\r\n\r\n'),
  'a chunk with a sign': post('Transfer-Encoding: chunked\r\n', `-d\r\n${BODY}\r\n0\r\n\r\n`),
  'a chunk in C': post('Transfer-Encoding: chunked\r\n', `0xd\r\n${BODY}\r\n0\r\n\r\n`),
  'another protocol': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
};

test('a head that could be read in two ways ends the connection', async () => {
  for (const [name, head] of Object.entries(HEADS)) {
    const answer = await exchange(`${head}GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(answer, /HTTP\/1\.1 [23]/, name);
    assert.doesNotMatch(answer, /"status":"ok"/, name);
  }
});

test('a head that is well formed is taken, however it comes', async () => {
  const heads = [
    health('Host: h\r\nX:   spaced  \r\nY:\r\nz:\ttab\tin\t\r\n'),
    health('', 'GET /healthz HTTP/1.0\r\n'),
    health('Host: h\r\n', 'GET http://h/healthz HTTP/1.1\r\n'),
    health('Host: h\r\n', 'GET /healthz?a=b&c HTTP/1.1\r\n'),
    health("Host: h\r\n!#$%&'*+-.^_`|~09az: \xe9\x80\r\n"),
    health('Host: h\r\nCookie: a=b; c=d\r\nCookie: e=f\r\n'),
    `\r\n${health('Host: h\r\n')}`,
    post('Transfer-Encoding: Chunked\r\n', `5;x="y"\r\n${BODY.slice(0, 5)}\r\n8\r\n${BODY.slice(5)}\r\n0\r\nX-A: b\r\n\r\n`),
  ].map((head) => head.replace(/\r\n\r\n|\r\n(?=\r\n$)/, '\r\nConnection: close\r\n\r\n').replace(/(\r\n){3}$/, '\r\n\r\n'));
  for (const head of heads) {
    assert.match(await exchange(head), /^HTTP\/1\.1 200 /, JSON.stringify(head));
    const socket = net.connect(instance.httpPort, '127.0.0.1');
    let answer = '';
    socket.setNoDelay(true);
    socket.on('data', (part) => { answer += part.toString('latin1'); });
    for (const byte of Buffer.from(head, 'latin1')) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
    assert.match(answer, /^HTTP\/1\.1 200 /, `byte by byte: ${JSON.stringify(head)}`);
  }
});

test('web pages of named origins may call, and no others', async () => {
  const ask = (origin, more = {}, options = {}) => fetch(`${instance.http}/v1/${product.name}`,
    { headers: { ...(origin && { Origin: origin }), ...more }, ...options });
  const told = (answer) => [...answer.headers].filter(([name]) => name.startsWith('access-control-'))
    .map(([name]) => name.slice('access-control-'.length)).sort();
  for (const origin of ['https://shop.example', 'http://localhost:3000']) {
    const answer = await ask(origin);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('access-control-allow-origin'), origin);
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
    assert.match(answer.headers.get('access-control-expose-headers'), /\bETag\b.*\bX-Request-Id\b/);
    assert.match(answer.headers.get('vary'), /\bOrigin\b/);
    const preflight = await ask(origin, {
      'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'content-type, if-match',
    }, { method: 'OPTIONS' });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-methods'), /\bPATCH\b/);
    assert.match(preflight.headers.get('access-control-allow-headers'), /\bContent-Type\b.*\bIf-Match\b/);
    assert.equal(preflight.headers.get('access-control-max-age'), '600');
  }
  for (const origin of [null, 'null', 'https://shop.example.evil', 'http://shop.example', 'https://shop.example:8443',
    'https://SHOP.example', 'https://shop.example/', '*', 'https://shop.example, http://localhost:3000']) {
    const answer = await ask(origin);
    assert.equal(answer.status, 200, 'who asks is told by the browser');
    assert.deepEqual(told(answer), [], origin);
    assert.match(answer.headers.get('vary'), /\bOrigin\b/);
    const preflight = await ask(origin, { 'Access-Control-Request-Method': 'PATCH' }, { method: 'OPTIONS' });
    assert.deepEqual(told(preflight), [], origin);
  }
  const missing = await fetch(`${instance.http}/v1/products/999999`, { headers: { Origin: 'http://localhost:3000' } });
  assert.equal(missing.status, 404);
  assert.equal(missing.headers.get('access-control-allow-origin'), 'http://localhost:3000', 'errors can be read, too');
});

test('what is no origin, and * with credentials, are refused at the start', () => {
  const check = (env) => spawnSync(path.join(buildDir, 'gateway/nexus-gateway'), ['--check-config'],
    { env: { ...instance.env, ...env }, encoding: 'utf8' });
  for (const origins of ['shop.example', 'https://', 'https://shop.example/', 'https://a b', 'https://Shop.example', 'null']) {
    const { status, stderr } = check({ NEXUS_HTTP_CORS_ORIGINS: origins });
    assert.notEqual(status, 0, origins);
    assert.match(stderr, /http\.cors_origins: ".*" is not an origin such as/, origins);
  }
  assert.match(check({ NEXUS_HTTP_CORS_ORIGINS: '*', NEXUS_HTTP_CORS_CREDENTIALS: 'true' }).stderr,
    /http\.cors_credentials: name the origins/);
  assert.equal(check({ NEXUS_HTTP_CORS_ORIGINS: '*', NEXUS_HTTP_CORS_CREDENTIALS: 'false' }).status, 0);
});

test('an answer that the client does not take is not made', async () => {
  const ask = (headers, options = {}) => fetch(`${instance.http}/v1/${product.name}`, { headers, ...options });
  for (const accept of ['text/html', 'application/json;q=0', 'image/*, application/xml']) {
    const answer = await ask({ Accept: accept });
    assert.equal(answer.status, 406, accept);
    assert.equal((await answer.json()).error.code, 406);
  }
  for (const accept of ['*/*', 'application/json', 'text/html, */*;q=0.1']) {
    assert.equal((await ask({ Accept: accept })).status, 200, accept);
  }
});

test('a header does not change the method', async () => {
  for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
    const answer = await fetch(`${instance.http}/v1/${product.name}`, { headers: { [header]: 'DELETE' } });
    assert.equal(answer.status, 400, header);
    assert.match((await answer.json()).error.message, /send the method itself/);
  }
  assert.equal((await fetch(`${instance.http}/v1/${product.name}`)).status, 200);
});

// A request as node:http makes it, which decodes nothing. Resolves with {status, headers, body}.
function plainly(method, target, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${instance.http}${target}`, { method, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('long answers are sent in the coding that the client likes best', async () => {
  const description = Array.from({ length: 400 }, (_, i) => `Line ${i} of a long text.`).join('\n');
  const made = await instance.call('POST', '/v1/products', { title: 'Long', description });
  const whole = await plainly('GET', `/v1/${made.name}`);
  assert.equal(whole.headers['content-encoding'], undefined);
  assert.match(whole.headers.vary, /Accept-Encoding/);
  const decoders = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync };
  for (const [accept, coding] of [['gzip', 'gzip'], ['gzip, deflate, br', 'br'], ['br;q=0.1, gzip', 'gzip'], ['gzip, deflate, br, zstd', 'zstd']]) {
    const answer = await plainly('GET', `/v1/${made.name}`, { 'Accept-Encoding': accept });
    assert.equal(answer.headers['content-encoding'], coding, accept);
    assert.equal(answer.headers.etag, whole.headers.etag);
    assert.ok(answer.body.length < whole.body.length / 4, `${coding}: ${answer.body.length}`);
    assert.equal(Number(answer.headers['content-length']), answer.body.length);
    if (decoders[coding]) assert.deepEqual(decoders[coding](answer.body), whole.body);
    else assert.equal(answer.body.readUInt32LE(0), 0xfd2fb528); // RFC 8878, 3.1.1
    const head = await plainly('HEAD', `/v1/${made.name}`, { 'Accept-Encoding': accept });
    assert.equal(head.headers['content-encoding'], coding);
    assert.equal(head.headers['content-length'], answer.headers['content-length']);
  }
  const short = await plainly('GET', `/v1/${product.name}`, { 'Accept-Encoding': 'gzip' });
  assert.equal(short.headers['content-encoding'], undefined);
  const known = await plainly('GET', `/v1/${made.name}`, { 'Accept-Encoding': 'gzip', 'If-None-Match': whole.headers.etag });
  assert.equal(known.status, 304);
});

test('bodies may be coded, are unpacked within the limit, and nothing else is taken', async () => {
  const headers = (coding) => ({ 'Content-Type': 'application/json', 'Content-Encoding': coding });
  const body = Buffer.from(JSON.stringify({ title: 'Packed', description: 'x'.repeat(5000) }));
  for (const [coding, packed] of [['gzip', zlib.gzipSync(body)], ['br', zlib.brotliCompressSync(body)], ['identity', body]]) {
    const answer = await plainly('POST', '/v1/products', headers(coding), packed);
    assert.equal(answer.status, 200, coding);
    assert.equal(JSON.parse(answer.body).description.length, 5000);
    if (coding === 'identity') continue;
    const cut = await plainly('POST', '/v1/products', headers(coding), packed.subarray(0, -2));
    assert.equal(cut.status, 400, coding);
    assert.match(JSON.parse(cut.body).error.message, new RegExp(`not well-formed ${coding}`));
    assert.equal((await plainly('POST', '/v1/products', headers(coding), body)).status, 400);
    assert.equal((await plainly('POST', '/v1/products', headers(coding), Buffer.concat([packed, packed]))).status, 400);
  }
  const bomb = zlib.gzipSync(Buffer.alloc(256 << 20));
  for (let i = 0; i < 5; i++) {
    const answer = await plainly('POST', '/v1/products', headers('gzip'), bomb);
    assert.equal(answer.status, 413);
  }
  for (const coding of ['deflate', 'gzip, br', 'compress', 'gzip;q=1', 'nonsense']) {
    const answer = await plainly('POST', '/v1/products', headers(coding), body);
    assert.equal(answer.status, 415, coding);
    assert.equal(answer.headers['accept-encoding'], 'zstd, br, gzip');
  }
});

// Sends a byte now and then, for ever. Resolves with what came when it was cut off.
function trickle(text) {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let answer = '';
  let at = 0;
  socket.on('data', (part) => { answer += part; });
  socket.on('error', () => {});
  const timer = setInterval(() => socket.write(text[at++ % text.length]), 50);
  return once(socket, 'close').then(() => {
    clearInterval(timer);
    return answer;
  });
}

test('who sends slowly is cut off, and nobody else notices', async () => {
  const slow = [];
  for (let i = 0; i < 50; i++) {
    slow.push(trickle('GET /a'), trickle(`GET /healthz HTTP/1.1\r\nHost: h\r\nX: ${'y'.repeat(9999)}`));
    slow.push(trickle(`${post('Content-Length: 100000\r\n')}${'z'.repeat(9999)}`));
    slow.push(trickle(`${post('Transfer-Encoding: chunked\r\n')}${'1\r\nz\r\n'.repeat(999)}`));
    slow.push(trickle('\r\n'), trickle('\0'));
  }
  let isOver = false;
  const ends = Promise.all(slow);
  ends.then(() => { isOver = true; });
  while (!isOver) {
    assert.equal((await fetch(`${instance.http}/v1/${product.name}`)).status, 200);
  }
  for (const answer of await ends) assert.doesNotMatch(answer, /HTTP\/1\.1 2/);
});

test('a call may take longer than a request to arrive, and a connection be used again and again', async () => {
  const { ended } = await lockProducts(6);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const get = () => new Promise((resolve, reject) => {
    http.get(`${instance.http}/v1/${product.name}`, { agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
  assert.equal(await get(), 200);
  await ended;
  for (let i = 0; i < 8; i++) {
    await sleep(500);
    assert.equal(await get(), 200);
  }
  agent.destroy();
});

test('a thousand connections on two threads are all served', async () => {
  const sockets = await Promise.all(Array.from({ length: 1000 }, async () => {
    const socket = net.connect(instance.httpPort, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }));
  const request = get('/healthz');
  for (let round = 0; round < 3; round++) {
    const answers = sockets.map((socket) => new Promise((resolve, reject) => {
      let text = '';
      const onData = (part) => {
        text += part;
        if (!text.endsWith('{"status":"ok"}\n')) return;
        socket.off('data', onData);
        resolve(text);
      };
      socket.on('data', onData);
      socket.once('close', () => reject(new Error('closed')));
    }));
    for (const socket of sockets) socket.write(request);
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1\.1 200 /);
  }
  for (const socket of sockets) socket.destroy();
});

test('the pages beside the API are sent coded, too', async () => {
  for (const target of ['/docs', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/openapi.json', '/openapi.yaml']) {
    const whole = await plainly('GET', target);
    assert.equal(whole.headers['content-encoding'], undefined);
    for (const [coding, decode] of [['gzip', zlib.gunzipSync], ['br', zlib.brotliDecompressSync]]) {
      const answer = await plainly('GET', target, { 'Accept-Encoding': coding });
      assert.equal(answer.headers['content-encoding'], coding, target);
      assert.match(answer.headers.vary, /Accept-Encoding/);
      assert.equal(answer.headers['content-type'], whole.headers['content-type']);
      assert.ok(answer.body.length < whole.body.length, target);
      assert.deepEqual(decode(answer.body), whole.body);
    }
  }
});
