// What goes through the gateway beside the JSON: headers that the service gets as metadata, and
// metadata that clients get as headers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { Instance, buildDir, freePort } from './support/instance.mjs';

const PRODUCT = Buffer.from('0a0a70726f64756374732f37', 'hex'); // name: products/7
const GOOD = (call, done) => done(null, PRODUCT);

let instance;
let server;
let target;
let handler = GOOD;
let seen; // the metadata of the last call

before(async () => {
  instance = await Instance.start();
  target = `127.0.0.1:${await freePort()}`;
  server = new grpc.Server();
  const bytes = (value) => value;
  server.addService({
    GetProduct: {
      path: '/nexus.catalog.v1.CatalogService/GetProduct', requestStream: false, responseStream: false,
      requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
    },
  }, { GetProduct: (call, done) => {
    seen = call.metadata;
    handler(call, done);
  } });
  await new Promise((resolve, reject) => server.bindAsync(target, grpc.ServerCredentials.createInsecure(),
    (error) => (error ? reject(error) : resolve())));
});
after(async () => {
  server?.forceShutdown();
  await instance?.stop();
});

async function gateway(env) {
  await instance.gateway.stop();
  instance.startGateway({ env: { NEXUS_BACKEND_TARGET: target, NEXUS_BACKEND_TIMEOUT_MS: '3000', ...env } });
  for (let i = 0; ; i++) {
    const answer = await fetch(`${instance.http}/healthz`).catch(() => null);
    if (answer?.ok) return;
    assert.ok(i < 400, 'the gateway starts');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// Sends lines of headers as they stand. Resolves with {status, head, body} of the answer.
async function ask(lines = [], method = 'GET') {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (part) => { text += part; });
  const connection = lines.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
  socket.write([`${method} /v1/products/7 HTTP/1.1`, 'Host: h', ...lines, ...connection, '', ''].join('\r\n'), 'latin1');
  const whole = () => /\r\n\r\n[^]*\}\n?$/.test(text);
  while (!socket.closed && !whole()) {
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  }
  socket.destroy();
  const [head, body] = text.split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), head, body };
}

const got = (...keys) => Object.fromEntries(keys.map((key) => [key, seen.get(key)]));

test('authorization goes on unless it is said otherwise, and nothing else', async () => {
  await gateway({});
  const answer = await ask(['Authorization: Bearer a.b-c', 'X-Tenant: t', 'Cookie: a=b', 'Accept-Language: de', 'X-Request-Id: mine',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']);
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(seen.getMap()).sort(), ['authorization', 'traceparent', 'user-agent', 'x-request-id']);
  assert.deepEqual(got('authorization', 'x-request-id'), { authorization: ['Bearer a.b-c'], 'x-request-id': ['mine'] });
  assert.doesNotMatch(seen.get('user-agent')[0], /node|undici/);
  await ask(['Authorization: x', 'Connection: close, Authorization']);
  assert.deepEqual(got('authorization'), { authorization: [] }, 'what Connection names stays here');
});

test('headers that are named go on, each as often as it is there', async () => {
  await gateway({ NEXUS_BACKEND_FORWARD_HEADERS: 'X-Tenant, tracestate, accept-language' });
  const answer = await ask(['X-TENANT: a', 'tracestate: k=v', 'x-tenant:   two words  ', 'Authorization: secret', 'Accept-Language:']);
  assert.equal(answer.status, 200);
  assert.deepEqual(got('tracestate', 'authorization', 'accept-language'),
    { tracestate: ['k=v'], authorization: [], 'accept-language': [''] });
  assert.equal(seen.get('x-tenant').join(', '), 'a, two words'); // as one or as two
});

test('what cannot be metadata is 400, and too much of it 431', async () => {
  const odd = await ask(['X-Tenant: caf\xe9']);
  assert.equal(odd.status, 400);
  assert.match(odd.body, /the header x-tenant, which is passed on, has more than printable ASCII/);
  assert.equal((await ask(['X-Other: caf\xe9'])).status, 200);
  assert.equal((await ask([`X-Tenant: ${'v'.repeat(7000)}`])).status, 200);
  for (const lines of [[`X-Tenant: ${'v'.repeat(9000)}`], Array(300).fill(`X-Tenant: ${'v'.repeat(30)}`)]) {
    const large = await ask(lines);
    assert.equal(large.status, 431);
    assert.match(large.body, /the headers that are passed on are longer than 8192 bytes/);
  }
  assert.equal((await ask([`X-Other: ${'v'.repeat(9000)}`])).status, 200);
});

const metadataOf = (pairs) => {
  const metadata = new grpc.Metadata();
  for (const [key, value] of pairs) metadata.add(key, value);
  return metadata;
};

test('metadata that are named come back, of the beginning and of the end, and no others', async () => {
  await gateway({ NEXUS_BACKEND_RETURN_HEADERS: 'X-Cost, ratelimit-remaining' });
  handler = (call, done) => {
    call.sendMetadata(metadataOf([['x-cost', '1'], ['x-secret', 's'], ['ratelimit-remaining', '9']]));
    done(null, PRODUCT, metadataOf([['x-cost', '2'], ['x-other', 'o'], ['x-bytes-bin', Buffer.from('b')]]));
  };
  for (const method of ['GET', 'HEAD']) {
    const { status, head } = await ask([], method);
    assert.equal(status, 200);
    assert.deepEqual(head.match(/^x-cost: .*$/gim), ['x-cost: 1', 'x-cost: 2']);
    assert.match(head, /^ratelimit-remaining: 9\r?$/im);
    assert.doesNotMatch(head, /secret|x-other|x-bytes|grpc-/i);
  }
});

test('so they do with an error', async () => {
  handler = (call, done) => {
    call.sendMetadata(metadataOf([['x-cost', '1']]));
    done({ code: grpc.status.NOT_FOUND, details: 'gone', metadata: metadataOf([['x-cost', '3'], ['x-other', 'o']]) });
  };
  const late = await ask();
  assert.equal(late.status, 404);
  assert.deepEqual(late.head.match(/^x-cost: .*$/gim), ['x-cost: 1', 'x-cost: 3']);
  assert.doesNotMatch(late.head, /x-other/);
  handler = (call, done) => done({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'slower', metadata: metadataOf([['ratelimit-remaining', '0']]) });
  const early = await ask();
  assert.equal(early.status, 429);
  assert.match(early.head, /^ratelimit-remaining: 0\r?$/im);
  assert.equal(JSON.parse(early.body).error.message, 'slower');
});

test('of what comes back there is no more than there may be', async () => {
  handler = (call, done) => {
    call.sendMetadata(metadataOf([...Array(40).fill(['x-cost', '1']), ['ratelimit-remaining', 'v'.repeat(4090)]]));
    done(null, PRODUCT);
  };
  const { status, head } = await ask();
  assert.equal(status, 200);
  assert.equal(head.match(/^x-cost: 1\r?$/gim).length, 16);
  assert.doesNotMatch(head, /ratelimit/);
  handler = (call, done) => {
    call.sendMetadata(metadataOf([['x-cost', 'v'.repeat(4090)], ['x-cost', 'v'.repeat(100)]]));
    done(null, PRODUCT);
  };
  assert.equal((await ask()).head.match(/^x-cost: v+\r?$/gim).length, 1);
  handler = GOOD;
});

test('there is room for it with the smallest of heads', async () => {
  await gateway({ NEXUS_BACKEND_RETURN_HEADERS: 'x-cost', NEXUS_HTTP_MAX_HEADER_BYTES: '1024' });
  handler = (call, done) => {
    call.sendMetadata(metadataOf([['x-cost', 'v'.repeat(4090)]]));
    done(null, PRODUCT);
  };
  for (const length of [0, 500, 900]) {
    const { status, head } = await ask([`X-Other: ${'o'.repeat(length)}`]);
    assert.equal(status, 200);
    assert.match(head, /^x-cost: v{4090}\r?$/im);
  }
  assert.equal((await ask([`X-Other: ${'o'.repeat(1500)}`])).status, 431);
  handler = GOOD;
});

test('web pages may send and read what goes through', async () => {
  await gateway({
    NEXUS_BACKEND_FORWARD_HEADERS: 'authorization,x-tenant', NEXUS_BACKEND_RETURN_HEADERS: 'x-cost',
    NEXUS_HTTP_CORS_ORIGINS: 'https://shop.example',
  });
  const preflight = await ask(['Origin: https://shop.example', 'Access-Control-Request-Method: GET'], 'OPTIONS');
  assert.match(preflight.head, /^Access-Control-Allow-Headers: .*\bX-Request-Id, authorization, x-tenant\r?$/im);
  const answer = await ask(['Origin: https://shop.example']);
  assert.match(answer.head, /^Access-Control-Expose-Headers: .*\bX-Request-Id, x-cost\r?$/im);
});

test('what must not go through is told of at the start', () => {
  const check = (env) => spawnSync(path.join(buildDir, 'gateway/nexus-gateway'), ['--check-config'],
    { env: { ...instance.env, ...env }, encoding: 'utf8' });
  for (const [name, why] of [['te', 'must not be passed on'], ['grpc-status', 'must not be passed on'], ['Host', 'must not be passed on'],
    ['content-length', 'must not be passed on'], [':path', 'is no name of a header'], ['key-bin', 'bytes cannot be passed on']]) {
    for (const key of ['FORWARD', 'RETURN']) {
      const { status, stderr } = check({ [`NEXUS_BACKEND_${key}_HEADERS`]: `x-good, ${name}` });
      assert.notEqual(status, 0, name);
      assert.match(stderr, new RegExp(`backend\\.${key.toLowerCase()}_headers: "${name.toLowerCase()}".*${why}`), name);
    }
  }
});

test('a service that takes less metadata than was said refuses the call', async () => {
  await gateway({ NEXUS_BACKEND_TARGET: instance.grpc, NEXUS_BACKEND_MAX_METADATA_BYTES: '30000' });
  const large = await ask([`Authorization: ${'v'.repeat(9000)}`]);
  assert.equal(large.status, 431);
  assert.equal(JSON.parse(large.body).error.details[0].reason, 'METADATA_TOO_LARGE');
  assert.equal((await ask([`Authorization: ${'v'.repeat(7000)}`])).status, 404);
});

// The headers that keep browsers from misusing an answer.
const POLICY = "default-src 'none'; frame-ancestors 'none'";
const GUARDS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin' };

test('every answer says what browsers and caches may do with it', async () => {
  const { name } = await instance.call('POST', '/v1/products', { title: 'Guarded' });
  const page = /^default-src 'self'; style-src 'self' 'unsafe-inline'; .*frame-ancestors 'none'$/;
  const rows = [
    ['GET', `/v1/${name}`, undefined, 200, 'private, no-cache', POLICY],
    ['HEAD', `/v1/${name}`, undefined, 200, 'private, no-cache', POLICY],
    ['PATCH', `/v1/${name}`, { title: 'Still' }, 200, 'no-store', POLICY],
    ['OPTIONS', `/v1/${name}`, undefined, 204, 'no-store', POLICY],
    ['GET', '/v1/products/999999', undefined, 404, 'no-store', POLICY],
    ['GET', '/nowhere', undefined, 404, 'no-store', POLICY],
    ['PUT', `/v1/${name}`, {}, 405, 'no-store', POLICY],
    ['POST', '/docs', {}, 405, 'no-store', POLICY],
    ['GET', '/healthz', undefined, 200, 'no-store', POLICY],
    ['GET', '/readyz', undefined, 200, 'no-store', POLICY],
    ['GET', '/docs', undefined, 200, 'no-cache', page],
    ['GET', '/docs/docs.js', undefined, 200, 'no-cache', page],
    ['GET', '/openapi.json', undefined, 200, 'no-cache', page],
    ['GET', '/', undefined, 302, 'no-cache', page],
  ];
  for (const [method, target, body, status, cache, policy] of rows) {
    const answer = await instance.rest(method, target, body);
    const said = `${method} ${target}`;
    assert.equal(answer.status, status, said);
    assert.equal(answer.headers.get('cache-control'), cache, said);
    const found = answer.headers.get('content-security-policy');
    assert.ok(policy === found || policy.test?.(found), `${said}: ${found}`);
    for (const [key, value] of Object.entries(GUARDS)) assert.equal(answer.headers.get(key), value, `${said}: ${key}`);
  }
  const known = await instance.rest('GET', `/v1/${name}`);
  const again = await instance.rest('GET', `/v1/${name}`, undefined, { 'if-none-match': known.headers.get('etag') });
  assert.equal(again.status, 304);
  assert.equal(again.headers.get('cache-control'), 'private, no-cache');
});

// Sends a request as it stands, and another behind it. Resolves with the status lines.
async function statuses(text) {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let answer = '';
  socket.on('data', (part) => { answer += part; });
  socket.write(`${text}GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return answer.match(/HTTP\/1\.1 \d+/g).map((line) => Number(line.slice(9)));
}

test('a body that must be there has a length, and one that need not be may be absent', async () => {
  const { name } = await instance.call('POST', '/v1/products', { title: 'Short lived' });
  const bare = (method, target, headers = '') => `${method} ${target} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`;
  const json = 'Content-Type: application/json\r\n';
  assert.deepEqual(await statuses(bare('POST', '/v1/products')), [411]);
  assert.deepEqual(await statuses(bare('PATCH', `/v1/${name}`, json)), [411]);
  // A body that came without a length is no request.
  assert.deepEqual(await statuses(`${bare('POST', '/v1/products', json)}{"title":"x"}\r\n\r\n`), [411]);
  assert.deepEqual(await statuses(bare('POST', '/v1/products', `${json}Content-Length: 0\r\n`)), [400, 200]);
  assert.deepEqual(await statuses(`${bare('POST', '/v1/products', `${json}Transfer-Encoding: chunked\r\n`)}0\r\n\r\n`), [400, 200]);
  const { status, body } = await new Promise((resolve, reject) => {
    const socket = net.connect(instance.httpPort, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => { text += part; }).on('error', reject);
    socket.on('close', () => resolve({ status: text.slice(9, 12), body: JSON.parse(text.split('\r\n\r\n')[1]) }));
    socket.write(bare('POST', '/v1/products'));
  });
  assert.deepEqual([status, body.error.code, body.error.status], ['411', 411, 'INVALID_ARGUMENT']);
  assert.deepEqual(await statuses(bare('DELETE', `/v1/${name}`)), [200, 200]);
  // As `curl -X POST` sends it.
  assert.deepEqual(await statuses(bare('POST', `/v1/${name}:undelete`)), [200, 200]);
  assert.deepEqual(await statuses(bare('PUT', `/v1/${name}`)), [405, 200]);
  assert.deepEqual(await statuses(bare('POST', '/nowhere')), [404, 200]);
});
