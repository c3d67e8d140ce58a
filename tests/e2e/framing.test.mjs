// Where a request ends, and who says so: bytes that a proxy in front may have read otherwise, bytes
// that come one by one, and heads that nobody can read.
import assert from 'node:assert/strict';
import net from 'node:net';
import zlib from 'node:zlib';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Instance } from './support/instance.mjs';

let instance;
let product;

before(async () => {
  instance = await Instance.start();
  product = await instance.call('POST', '/v1/products', { title: 'Lamp' });
});
after(() => instance?.stop());

// Sends bytes, all at once or one by one until there is an answer. Resolves with all that comes until
// the other side closes.
async function exchange(text, oneByOne = false, port = instance.httpPort) {
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').setNoDelay(true);
  socket.on('data', (part) => { answer += part; });
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(new Error('not closed')), 20_000);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length && (answer === '' || answer.startsWith('HTTP/1.1 100 ')); at += oneByOne ? 1 : bytes.length) {
    socket.write(oneByOne ? bytes.subarray(at, at + 1) : bytes);
    await new Promise(setImmediate);
  }
  await closed;
  clearTimeout(timer);
  return answer;
}

const BODY = '{"title":"x"}';
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n';
const head = (method, target, lines = []) => [`${method} ${target} HTTP/1.1`, 'Host: h', ...lines, '', ''].join('\r\n');
const close = 'Connection: close';
const JSON_TYPE = 'Content-Type: application/json';
const chunked = (body, ...lines) => head('POST', '/v1/products?validateOnly=true', [JSON_TYPE, 'Transfer-Encoding: chunked', ...lines]) + body;
const statuses = (answer) => (answer.match(/HTTP\/1\.1 \d+/g) ?? []).map((line) => Number(line.slice(9)));

// Each is read as one request by some, and by others as one with another behind it.
const BAD_CHUNKS = {
  'LF behind a size': `d\n${BODY}\r\n0\r\n\r\n`,
  'LF behind a chunk': `d\r\n${BODY}\n0\r\n\r\n`,
  'LF behind the last size': `d\r\n${BODY}\r\n0\n\r\n`,
  'LF as the last line': `d\r\n${BODY}\r\n0\r\n\n`,
  'LF everywhere': `d\n${BODY}\n0\n\n`,
  'LF in an extension, which ends it for some': `d;\n${BODY}\r\n0\r\n\r\n`,
  'LF in an extension, which hides a chunk from some': `d;a\n${BODY}\r\n0\r\n\r\n`,
  'LF behind a trailer': `d\r\n${BODY}\r\n0\r\nX: y\n\r\n`,
  'a CR behind a size': `d\r${BODY}\r\n0\r\n\r\n`,
  'a blank before a size': ` d\r\n${BODY}\r\n0\r\n\r\n`,
  'a blank behind a size': `d \r\n${BODY}\r\n0\r\n\r\n`,
  'an empty line between': `d\r\n${BODY}\r\n\r\n0\r\n\r\n`,
  'a trailer that goes on': `d\r\n${BODY}\r\n0\r\nX: y\r\n z\r\n\r\n`,
  'no size': '\r\n\r\n',
};
const GOOD_CHUNKS = {
  'all well': `d\r\n${BODY}\r\n0\r\n\r\n`,
  'in two': `4\r\n${BODY.slice(0, 4)}\r\n9\r\n${BODY.slice(4)}\r\n0\r\n\r\n`,
  'a size with zeros': `000000d\r\n${BODY}\r\n00\r\n\r\n`,
  'extensions': `d;a=b;c="d"\r\n${BODY}\r\n0;e\r\n\r\n`,
  'trailers': `d\r\n${BODY}\r\n0\r\nX: y\r\nExpires: never\r\n\r\n`,
  'a trailer that is a length': `d\r\n${BODY}\r\n0\r\nContent-Length: 500\r\n\r\n`,
};

test('behind chunks that could be read in two ways there is no other request', async () => {
  for (const [name, body] of Object.entries(BAD_CHUNKS)) {
    for (const oneByOne of [false, true]) {
      const answer = await exchange(chunked(body) + HIDDEN, oneByOne);
      assert.deepEqual(statuses(answer), [400], `${name}: ${answer}`);
      assert.match(answer, /the chunks of the body are not well-formed/, name);
      assert.match(answer, /^Connection: close\r$/im, name);
    }
  }
  const refused = await exchange(chunked(`${(2 << 20).toString(16)}\r\n${'x'.repeat(2 << 20)}\r\n0\r\n\r\n`)
    + head('GET', '/healthz', [close]));
  assert.deepEqual(statuses(refused), [413, 200]);
});

test('behind chunks that are well-formed there is', async () => {
  for (const [name, body] of Object.entries(GOOD_CHUNKS)) {
    assert.deepEqual(statuses(await exchange(chunked(body) + chunked(body) + head('GET', '/healthz', [close]))),
      [200, 200, 200], name);
  }
});

test('a body that never ends is refused, and the connection ends', async () => {
  const chunk = `100000\r\n${'x'.repeat(1 << 20)}\r\n`;
  const answer = await exchange(chunked(chunk.repeat(12)) + HIDDEN);
  assert.deepEqual(statuses(answer), [413]);
  assert.match(answer, /^Connection: close\r$/im);
});

test('hosts of every form are taken', async () => {
  for (const host of ['h', 'h.example:8080', '127.0.0.1', '[::1]:80', 'xn--e1afmkfd.example', 'a_b~c', '', 'h  ', '\th\t']) {
    const answer = await exchange(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses(answer), [200], host);
  }
});

test('behind a length there is', async () => {
  const post = head('POST', '/v1/products?validateOnly=true', [JSON_TYPE, `Content-Length: ${BODY.length}`]) + BODY;
  assert.deepEqual(statuses(await exchange(post + post + head('GET', '/healthz', ['Connection: close']))), [200, 200, 200]);
});

test('OPTIONS * is of the server as a whole', async () => {
  assert.match(await exchange(head('OPTIONS', '*', [close])), /^HTTP\/1\.1 204 [^]*\r\nAllow: GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS\r\n/);
  assert.match(await exchange(head('GET', '*', [close])), /^HTTP\/1\.1 404 /);
});

// What is left of an answer when that which differs each time is gone.
const still = (answer) => answer.replace(/^(Date|X-Request-Id|Content-Length|ETag): .*\r\n/gim, '')
  .replace(/"((create|update)Time|etag)":"([^"\\]|\\.)*"/g, '"$1":""').replace(/products\/\d+/g, 'products/N');
const withBody = (method, target, body, lines = []) =>
  head(method, target, [JSON_TYPE, close, `Content-Length: ${body.length}`, ...lines]) + body;
const latin1 = (buffer) => buffer.toString('latin1');
const text = JSON.stringify({ title: 'Crème \u{1f36e}', tags: ['a'], attributes: { a: [1, { b: null }] } });
const utf8 = latin1(Buffer.from(text));

const REQUESTS = () => ({
  GET: head('GET', `/v1/${product.name}?`, [close]),
  HEAD: head('HEAD', `/v1/${product.name}`, [close]),
  'GET with parameters': head('GET', '/v1/products?pageSize=2&filter=title%3D%22Lamp%22&showDeleted=true', [close]),
  OPTIONS: head('OPTIONS', '/v1/products', [close]),
  'GET that is answered coded': head('GET', '/v1/products', [close, 'Accept-Encoding: gzip']),
  'POST with a length': withBody('POST', '/v1/products?validateOnly=true', utf8),
  'POST in chunks': chunked(`5;x=y\r\n${utf8.slice(0, 5)}\r\n${(utf8.length - 5).toString(16)}\r\n${utf8.slice(5)}\r\n0\r\nX-A: b\r\n\r\n`),
  'POST in gzip': withBody('POST', '/v1/products?validateOnly=true', latin1(zlib.gzipSync(text)), ['Content-Encoding: gzip']),
  'POST in brotli': withBody('POST', '/v1/products?validateOnly=true', latin1(zlib.brotliCompressSync(text)), ['Content-Encoding: br']),
  'PATCH with Expect': withBody('PATCH', `/v1/${product.name}?validateOnly=true`, BODY, ['Expect: 100-continue']),
  'POST without a body': head('POST', `/v1/${product.name}:undelete`, [close]),
  'a path that is not': head('GET', '/v1/%7Bnothing%7D', [close]),
  'JSON that is none': withBody('POST', '/v1/products', '{"title":"x",}'),
  'a head that is none': head('GET', '/healthz', ['X: a\0b', close]),
});

test('a request that comes one byte at a time is answered as one that comes at once', async () => {
  for (const [name, request] of Object.entries(REQUESTS())) {
    const [whole, slow] = [await exchange(request), await exchange(request, true)];
    // Who has sent all of it need not be told to continue.
    const plain = (answer) => still(answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''));
    assert.match(plain(whole), /^HTTP\/1\.1 [2-4]\d\d /, name);
    assert.equal(plain(slow), plain(whole), name);
  }
});

// Sends a head and waits for what is said to it before there is a body. Resolves with that, and with
// all of the answer once the body is sent.
async function expecting(target, type, body) {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (part) => { answer += part; });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(head('POST', target, [`Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Expect: 100-continue', close]));
  await once(socket, 'data', { signal: AbortSignal.timeout(20_000) });
  const first = answer.split('\r\n')[0];
  if (first === 'HTTP/1.1 100 Continue') socket.write(body);
  await closed;
  return { first, answer };
}

test('who waits for leave to send gets it, or the refusal', async () => {
  const create = '/v1/products?validateOnly=true';
  const good = await expecting(create, 'application/json', BODY);
  assert.equal(good.first, 'HTTP/1.1 100 Continue');
  assert.deepEqual(statuses(good.answer), [100, 200]);
  for (const [target, type, length, status] of [
    [create, 'text/plain', 10, 415], ['/nowhere', 'application/json', 10, 404], ['/docs', 'application/json', 10, 405],
    [create, 'application/json', 2 << 20, 413],
  ]) {
    const { answer } = await expecting(target, type, 'x'.repeat(length));
    assert.deepEqual(statuses(answer), [status]);
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]).error.code, status);
  }
});

test('who expects something else, or is of HTTP/1.0, waits for nothing', async () => {
  const lines = [JSON_TYPE, `Content-Length: ${BODY.length}`];
  const other = head('POST', '/v1/products?validateOnly=true', [...lines, 'Expect: 200-ok', close]);
  for (const oneByOne of [false, true]) assert.deepEqual(statuses(await exchange(other + BODY, oneByOne)), [200]);
  const old = ['POST /nowhere HTTP/1.0', 'Connection: keep-alive', 'Expect: 100-continue', ...lines, '', BODY].join('\r\n');
  assert.deepEqual(statuses(await exchange(old + head('GET', '/healthz', [close]))), [404, 200]);
});

test('heads that nobody can read are refused, and the connection ends', async () => {
  const line = /the request line is not METHOD TARGET VERSION/;
  const heads = {
    'no Host': ['GET /healthz HTTP/1.1\r\n\r\n', 400, /there is no Host/],
    ...Object.fromEntries(['a b', 'a/b', 'a,b', 'u@h', 'h?x', 'h#x', '"h"', '\xe9', 'h\\'].map((host) =>
      [`Host: ${host}`, [`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400, /the Host is none/]])),
    'a head over the limit': [head('GET', '/healthz', [`X: ${'y'.repeat(40_000)}`]), 431, /longer than 32768 bytes/],
    'a URL over the limit': [head('GET', `/${'y'.repeat(40_000)}`), 414, /longer than 32768 bytes/],
    'a head far over the limit': [head('GET', '/healthz', [`X: ${'y'.repeat(800_000)}`]), 431, /longer than 32768 bytes/],
    'a URL far over the limit': [head('GET', `/${'y'.repeat(800_000)}`), 414, /longer than 32768 bytes/],
    'thousands of headers': [head('GET', '/healthz', Array(5000).fill('X: y')), 431, /more headers than can be taken/],
    'another coding': [head('POST', '/v1/products', ['Transfer-Encoding: gzip']), 400, /no Transfer-Encoding but chunked/],
    'another coding before chunks': [head('POST', '/v1/products', ['Transfer-Encoding: gzip, chunked']), 501, /no Transfer-Encoding but chunked/],
    'chunks in HTTP/1.0': ['POST /v1/products HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400, /no Transfer-Encoding in HTTP\/1.0/],
    'another version': ['GET /healthz HTTP/2.0\r\nHost: h\r\n\r\n', 505, /the version is not HTTP\/1/],
    'HTTP/2 at once': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505, /the version is not HTTP\/1/],
    'no version': ['GET /healthz\r\nHost: h\r\n\r\n', 400, line],
    'one word': ['nonsense\r\n\r\n', 400, line],
    'TLS': ['\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400, /the method is no token/],
    'two empty lines before': [`\r\n\r\n${HIDDEN}`, 400, /the method is no token/],
    'a NUL as a line end': ['GET /healthz HTTP/1.1\r\nHost: h\0\nX: y\r\n\r\n', 400, /does not end with CR LF/],
    'a line without a colon': [head('GET', '/healthz', ['nonsense']), 400, /has no colon/],
    'a length that is none': [head('POST', '/v1/products', ['Content-Length: abc']), 400, /the Content-Length is no number/],
    'a length beyond all numbers': [head('POST', '/v1/products', [JSON_TYPE, 'Content-Length: 99999999999999999999999']), 413, /the body is longer/],
    'a chunk size that is none': [chunked('zz\r\n\r\n'), 400, /the chunks of the body are not well-formed/],
  };
  for (const [name, [bytes, status, message]] of Object.entries(heads)) {
    for (const oneByOne of bytes.length < 1000 ? [false, true] : [false]) {
      const answer = await exchange(bytes + HIDDEN, oneByOne);
      assert.deepEqual(statuses(answer), [status], name);
      assert.match(answer, /^Connection: close\r$/im, name);
      assert.match(answer, /^X-Request-Id: [^]*^Content-Length: \d+\r$/im, name);
      const { error } = JSON.parse(answer.split('\r\n\r\n')[1]);
      assert.equal(error.code, status, name);
      assert.match(error.message, message, name);
    }
  }
});

test('who takes too long to send is told so', async () => {
  const slow = await Instance.start({ env: { NEXUS_HTTP_REQUEST_TIMEOUT_S: '1' } });
  try {
    const beginnings = ['GET /heal', 'GET /healthz HTTP/1.1\r\nHost: h\r\n',
      head('POST', '/v1/products', [JSON_TYPE, 'Content-Length: 100']) + BODY, chunked(`d\r\n${BODY}`)];
    for (const answer of await Promise.all(beginnings.map((text) => exchange(text, false, slow.httpPort)))) {
      assert.deepEqual(statuses(answer), [408]);
      assert.match(answer, /the request took too long to arrive/);
    }
  } finally {
    await slow.stop();
  }
});
