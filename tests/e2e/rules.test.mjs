// The gateway by rules that the catalog's own file has no use for: other methods, bodies and answers
// that are no messages, a rule that overrides another.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Instance } from './support/instance.mjs';

const S = 'nexus.catalog.v1.CatalogService';
const RULES = `http:
  rules:
    - selector: ${S}.DeleteProduct
      delete: /v1/{name=products/*}
    - selector: ${S}.CreateProduct
      post: /v1/products
      body: product
    - selector: ${S}.GetProduct
      get: /v1/{name=products/*}
      additional_bindings:
        - custom: {kind: PEEK, path: "/v1/{name=products/*}"}
          response_body: title
        - custom: {kind: "*", path: "/v1/any/{name=products/*}"}
          response_body: tags
        - get: /v1/{name=products/*}:price
          response_body: price
    - selector: ${S}.BatchDeleteProducts
      post: /v1/products:drop
      body: requests
    - selector: ${S}.DeleteProduct
      custom: {kind: PURGE, path: "/v1/{name=products/*}"}
`;

let dir;
let instance;

before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-rules-'));
  fs.writeFileSync(path.join(dir, 'rules.yaml'), RULES);
  instance = await Instance.start();
  await instance.gateway.stop();
  instance.startGateway({ env: { NEXUS_API_SPEC: path.join(dir, 'rules.yaml') } });
  await instance.ready();
});
after(async () => {
  await instance?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

// Node's clients send only methods that they know, so these go by a connection of our own.
function raw(method, target, body = '') {
  return new Promise((resolve, reject) => {
    const socket = net.connect(instance.httpPort, '127.0.0.1', () => {
      socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        (body ? `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` : '') + `\r\n${body}`);
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', reject).on('end', () => {
      const [head, ...rest] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, text: rest.join('\r\n\r\n') });
    });
  });
}

async function create(product) {
  const answer = await raw('POST', '/v1/products', JSON.stringify(product));
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text).name;
}

test('methods of any name, and answers of any kind', async () => {
  const name = await create({ title: 'Kettle', tags: ['a', 'b'] });
  const peek = await raw('PEEK', `/v1/${name}`);
  assert.equal(peek.status, 200);
  assert.equal(peek.text, '"Kettle"');
  assert.match(peek.head, /^Content-Type: application\/json/mi);
  for (const method of ['GET', 'BREW', 'DELETE']) {
    const any = await raw(method, `/v1/any/${name}`);
    assert.deepEqual([any.status, any.text], [200, '["a","b"]'], method);
  }
  assert.equal((await raw('HEAD', `/v1/${name}`)).status, 200);
  const price = await raw('GET', `/v1/${name}:price`);
  assert.equal(price.status, 200);
  assert.equal(typeof JSON.parse(price.text), 'object');
  assert.equal((await raw('PEEK', '/v1/products/987654321')).status, 404);
});

test('the last rule of a selector wins, and Allow names what there is', async () => {
  const name = await create({ title: 'Pot' });
  const refused = await raw('DELETE', `/v1/${name}`);
  assert.equal(refused.status, 405);
  assert.match(refused.head, /^Allow: GET, HEAD, PEEK, PURGE, OPTIONS\r?$/m);
  const options = await raw('OPTIONS', `/v1/any/${name}`);
  assert.equal(options.status, 204);
  assert.match(options.head, /^Allow: GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS\r?$/m);
  assert.equal((await raw('PURGE', `/v1/${name}`)).status, 200);
});

test('a body may be a list', async () => {
  const names = [await create({ title: 'One' }), await create({ title: 'Two' })];
  const wrong = await raw('POST', '/v1/products:drop', '{"requests": []}');
  assert.equal(wrong.status, 400);
  assert.equal(JSON.parse(wrong.text).error.details[0].fieldViolations[0].field, 'requests');
  const dropped = await raw('POST', '/v1/products:drop', JSON.stringify(names.map((name) => ({ name }))));
  assert.equal(dropped.status, 200, dropped.text);
  const gone = JSON.parse((await raw('GET', `/v1/${names[0]}`)).text);
  assert.ok(gone.deleteTime ?? gone.error, JSON.stringify(gone));
});
