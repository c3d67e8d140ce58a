// The gateway in front of a service that is down, slow, or answers what nobody should.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { Instance, freePort } from './support/instance.mjs';

let instance;
let target;
let server;
let handler; // of every call: (path, request bytes, callback)
const asked = [];

const METHODS = ['GetProduct', 'CreateProduct', 'ListProducts', 'DeleteProduct'];
const bytes = (value) => value;

async function startBackend() {
  server = new grpc.Server();
  const definition = Object.fromEntries(METHODS.map((name) => [name, {
    path: `/nexus.catalog.v1.CatalogService/${name}`, requestStream: false, responseStream: false,
    requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
  }]));
  server.addService(definition, Object.fromEntries(METHODS.map((name) => [name, (call, done) => {
    asked.push(name);
    handler(name, call, done);
  }])));
  await new Promise((resolve, reject) => server.bindAsync(target, grpc.ServerCredentials.createInsecure(),
    (error) => (error ? reject(error) : resolve())));
}

before(async () => {
  instance = await Instance.start();
  target = `127.0.0.1:${await freePort()}`;
  await instance.gateway.stop();
  instance.startGateway({
    env: {
      NEXUS_BACKEND_TARGET: target, NEXUS_BACKEND_TIMEOUT_MS: '1500', NEXUS_BACKEND_MAX_RESPONSE_BYTES: '1048576',
    },
  });
});

after(async () => {
  server?.forceShutdown();
  await instance?.stop();
});

async function ask(method = 'GET', path = '/v1/products/7', options = {}) {
  const response = await fetch(`${instance.http}${path}`, { method, ...options });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
}

// Whether the gateway is as it was: a good answer comes through.
async function lives() {
  const before = handler;
  handler = (name, call, done) => done(null, Buffer.from('0a0a70726f64756374732f37', 'hex')); // name: products/7
  const { status, body } = await ask();
  handler = before;
  assert.equal(status, 200);
  assert.equal(body.name, 'products/7');
}

async function until(check) {
  const end = Date.now() + 10_000;
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer && check(answer)) return answer;
    if (Date.now() > end) assert.fail(`it is ${JSON.stringify(answer?.body)}`);
    await sleep(50);
  }
}

test('without a service there is 503, and when to come again', async () => {
  const { status, headers, body } = await until((answer) => answer.status === 503);
  assert.equal(status, 503);
  assert.ok(Number(headers.get('retry-after')) >= 1);
  assert.equal(body.error.status, 'UNAVAILABLE');
  assert.doesNotMatch(JSON.stringify(body), /127\.0\.0\.1|\d{5}/, 'where the service is, is nobody\'s business');
  assert.equal((await fetch(`${instance.http}/healthz`)).status, 200);
  assert.equal((await fetch(`${instance.http}/readyz`)).status, 503);
});

test('it is there as soon as the service is, without a restart', async () => {
  handler = (name, call, done) => done(null, Buffer.from('0a0a70726f64756374732f37', 'hex'));
  await startBackend();
  await until((answer) => answer.status === 200);
});

test('a service that does not answer in time is 504', async () => {
  handler = () => {};
  const { status, body } = await ask();
  assert.equal(status, 504);
  assert.equal(body.error.status, 'DEADLINE_EXCEEDED');
  const sooner = await ask('GET', '/v1/products/7', { headers: { 'Grpc-Timeout': '100m' } });
  assert.equal(sooner.status, 504);
  await lives();
});

// Field 1 of a product is its name, 2 its title; of a list, 1 the products, 2 the token.
const ANSWERS = {
  'no message at all': Buffer.from('ffffffffffffffffffffff', 'hex'),
  'a message that is cut': Buffer.from('0a7f70', 'hex'),
  'text that is no UTF-8': Buffer.from('0a02c328', 'hex'),
  'text with a NUL': Buffer.from('0a03610062', 'hex'),
  'a field number that is none': Buffer.from('0000', 'hex'),
  'an end without a beginning': Buffer.from('0c', 'hex'),
  'groups in groups': Buffer.concat([Buffer.alloc(5000, 0xfb), Buffer.alloc(10, 0x01)]),
};

test('what is no answer is an error, and the gateway lives', async () => {
  for (const [name, answer] of Object.entries(ANSWERS)) {
    handler = (method, call, done) => done(null, answer);
    for (const path of ['/v1/products/7', '/v1/products']) {
      const { status, body } = await ask('GET', path);
      assert.ok(status === 500 || status === 502, `${name}: ${status}`);
      assert.equal(body.error.code, status);
    }
    await lives();
  }
});

test('an answer that is too large is refused', async () => {
  handler = (method, call, done) => done(null, Buffer.concat([Buffer.from('1280808002', 'hex'), Buffer.alloc(4 << 20, 0x61)]));
  for (let i = 0; i < 5; i++) {
    const { status, body } = await ask();
    assert.equal(status, 502);
    assert.equal(body.error.code, status);
  }
  await lives();
});

test('messages of hundreds of thousands of parts cost no more than they may', async () => {
  handler = (method, call, done) => done(null, Buffer.alloc(1 << 20, Buffer.from('0a00', 'hex')));
  const { status } = await ask('GET', '/v1/products');
  assert.ok(status === 200 || status === 502, `${status}`);
  await lives();
});

test('each code of the service has its status, also codes that there are not', async () => {
  const expected = [500, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
  for (let code = 1; code <= 16; code++) {
    handler = (method, call, done) => done({ code, details: `100% wrong: ${'é'.repeat(20)}\n` });
    const { status, body } = await ask();
    assert.equal(status, expected[code], `code ${code}`);
    assert.equal(body.error.code, status);
  }
  for (const code of [17, 99, 1000000]) {
    handler = (method, call, done) => done({ code, details: 'odd' });
    assert.equal((await ask()).status, 500, `code ${code}`);
  }
  await lives();
});

test('details that are garbage leave the code and the message', async () => {
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from('ff00ff00ff', 'hex'));
  handler = (method, call, done) => done({ code: 5, details: 'gone', metadata });
  const { status, body } = await ask();
  assert.equal(status, 404);
  assert.equal(body.error.message, 'gone');
  await lives();
});

test('a service that breaks off is an error, and a write is not sent again', async () => {
  handler = (method, call, done) => {
    if (method === 'GetProduct') return done({ code: 14, details: 'not now' });
    return call.destroy ? call.destroy() : done({ code: 14, details: 'not now' });
  };
  asked.length = 0;
  const answer = await ask('POST', '/v1/products', {
    headers: { 'Content-Type': 'application/json' }, body: '{"title":"Once"}',
  });
  assert.ok(answer.status >= 500 || answer.status === 499, `${answer.status}`);
  await ask('DELETE', '/v1/products/7');
  await sleep(300);
  assert.deepEqual(asked, ['CreateProduct', 'DeleteProduct']);
  await lives();
});

test('a service that goes away is 503 again, and comes back', async () => {
  server.forceShutdown();
  await until((answer) => answer.status === 503);
  handler = (name, call, done) => done(null, Buffer.from('0a0a70726f64756374732f37', 'hex'));
  await startBackend();
  await until((answer) => answer.status === 200);
});
