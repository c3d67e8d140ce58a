// Bad input gets a clear error, and nothing is lost, stored or stopped by it: one row a fault, each
// with its gRPC code, its HTTP status and the field that is to blame.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { catalogClient, status } from './support/clients.mjs';
import { checkGrpc, checkRest } from './support/faults.mjs';
import { Instance } from './support/instance.mjs';
import { deepJson, deepProtobuf, lengthDelimited } from './support/hostile.mjs';

const PRODUCT = 'products/1';
const TAKEN_SLUG = 'taken';
const PARENT = 'categories/1';
const CHILD = 'categories/2';
const NOBODY = 'categories/987654321';

const title = 'Perfectly good';
const usd = (units, nanos) => ({ currencyCode: 'USD', units, nanos });

// A fault in a field of a new product, by both ways in.
const field = (name, code, http, path, product) => ({
  name, code, http, field: path,
  rest: ['POST', '/v1/products', { title, ...product }],
  grpc: ['CreateProduct', { product: { title, ...product } }],
});

// A fault that only REST can have.
const rest = (name, http, code, path, ...request) => ({ name, code, http, field: path, rest: request });

// A fault that only bytes can have: sent as they are.
const raw = (name, path, bytes) => ({
  name, code: 'INVALID_ARGUMENT', field: path, raw: ['CreateProduct', bytes],
});

const bytesInTitle = (bytes) => lengthDelimited(1, lengthDelimited(2, Buffer.from(bytes)));

const ROWS = [
  rest('malformed JSON', 400, 'INVALID_ARGUMENT', 'product',
    'POST', '/v1/products', '{"title": "x",'),
  rest('text behind the JSON', 400, 'INVALID_ARGUMENT', 'product',
    'POST', '/v1/products', '{"title": "x"} {}'),
  rest('no body', 400, 'INVALID_ARGUMENT', 'product', 'POST', '/v1/products', ''),
  rest('unknown field', 400, 'INVALID_ARGUMENT', 'product.colour',
    'POST', '/v1/products', { title, colour: 'red' }),
  rest('unknown field of a message inside', 400, 'INVALID_ARGUMENT', 'product.price.cents',
    'POST', '/v1/products', { title, price: { currencyCode: 'USD', cents: 5 } }),
  rest('duplicate key', 400, 'INVALID_ARGUMENT', 'product.title',
    'POST', '/v1/products', '{"title": "a", "title": "b"}'),
  rest('unknown query parameter', 400, 'INVALID_ARGUMENT', 'colour',
    'GET', '/v1/products?colour=red'),
  rest('query parameter of the wrong type', 400, 'INVALID_ARGUMENT', 'page_size',
    'GET', '/v1/products?pageSize=many'),
  rest('wrong type', 400, 'INVALID_ARGUMENT', 'product.title',
    'POST', '/v1/products', { title: 5 }),
  rest('wrong type of a list', 400, 'INVALID_ARGUMENT', 'product.tags',
    'POST', '/v1/products', { title, tags: 'one' }),
  rest('unknown enum value', 400, 'INVALID_ARGUMENT', 'product.state',
    'POST', '/v1/products', { title, state: 'STATE_SOLD' }),
  rest('number out of range', 400, 'INVALID_ARGUMENT', 'product.inventory',
    'POST', '/v1/products', { title, inventory: '9223372036854775808' }),
  rest('number with a fraction', 400, 'INVALID_ARGUMENT', 'product.inventory',
    'POST', '/v1/products', '{"title": "x", "inventory": 1.5}'),
  rest('number out of range inside', 400, 'INVALID_ARGUMENT', 'product.price.nanos',
    'POST', '/v1/products', { title, price: usd('1', 4294967296) }),
  rest('body over the limit', 413, 'RESOURCE_EXHAUSTED', undefined,
    'POST', '/v1/products', { title, description: 'x'.repeat(2 * 1024 * 1024) }),
  rest('JSON nested 10,000 deep', 400, 'INVALID_ARGUMENT', undefined,
    'POST', '/v1/products', deepJson(10_000)),
  rest('invalid UTF-8', 400, 'INVALID_ARGUMENT', 'product.title',
    'POST', '/v1/products', Buffer.concat([
      Buffer.from('{"title":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])),
  rest('invalid UTF-8 in the URL', 400, 'INVALID_ARGUMENT', undefined,
    'GET', '/v1/products?pageToken=%C3%28'),
  rest('half a surrogate pair', 400, 'INVALID_ARGUMENT', 'product.title',
    'POST', '/v1/products', '{"title": "\\ud800"}'),
  rest('not JSON by its content type', 415, undefined, undefined,
    'POST', '/v1/products', 'title=x', { 'content-type': 'application/x-www-form-urlencoded' }),
  rest('no such path', 404, 'NOT_FOUND', undefined, 'GET', '/v1/shelves'),
  rest('no such method of a path', 405, undefined, undefined, 'PUT', '/v1/products', {}),
  rest('path and body differ', 400, 'INVALID_ARGUMENT', 'product.name',
    'PATCH', `/v1/${PRODUCT}`, { name: 'products/99', title }),
  {
    name: 'stale If-Match', http: 412, code: 'ABORTED',
    rest: ['PATCH', `/v1/${PRODUCT}`, { title }, { 'if-match': '"stale"' }],
  },

  field('NUL in a string', 'INVALID_ARGUMENT', 400, 'product.title', { title: 'a\0b' }),
  field('negative price', 'INVALID_ARGUMENT', 400, 'product.price', { price: usd('-1', 0) }),
  field('negative price below one', 'INVALID_ARGUMENT', 400, 'product.price', { price: usd('0', -10_000_000) }),
  field('mixed signs in a price', 'INVALID_ARGUMENT', 400, 'product.price', { price: usd('1', -10_000_000) }),
  field('price finer than a cent', 'INVALID_ARGUMENT', 400, 'product.price', { price: usd('1', 1_000_000) }),
  field('price finer than a yen', 'INVALID_ARGUMENT', 400, 'product.price',
    { price: { currencyCode: 'JPY', units: '1', nanos: 500_000_000 } }),
  field('nanos over a unit', 'INVALID_ARGUMENT', 400, 'product.price', { price: usd('1', 1_000_000_000) }),
  field('no such currency', 'INVALID_ARGUMENT', 400, 'product.price',
    { price: { currencyCode: 'ZZZ', units: '1' } }),
  field('currency in lower case', 'INVALID_ARGUMENT', 400, 'product.price',
    { price: { currencyCode: 'usd', units: '1' } }),
  field('price without a currency', 'INVALID_ARGUMENT', 400, 'product.price', { price: { units: '1' } }),
  field('no title', 'INVALID_ARGUMENT', 400, 'product.title', { title: '' }),
  field('title over 255', 'INVALID_ARGUMENT', 400, 'product.title', { title: 'ä'.repeat(256) }),
  field('slug of a wrong character', 'INVALID_ARGUMENT', 400, 'product.slug', { slug: 'no spaces' }),
  field('slug over 255', 'INVALID_ARGUMENT', 400, 'product.slug', { slug: 's'.repeat(256) }),
  field('slug taken', 'ALREADY_EXISTS', 409, undefined, { slug: TAKEN_SLUG }),
  field('brand over 255', 'INVALID_ARGUMENT', 400, 'product.brand', { brand: 'b'.repeat(256) }),
  field('too many tags', 'INVALID_ARGUMENT', 400, 'product.tags',
    { tags: Array.from({ length: 65 }, (_, i) => `t${i}`) }),
  field('empty tag', 'INVALID_ARGUMENT', 400, 'product.tags', { tags: ['a', ''] }),
  field('unknown category', 'INVALID_ARGUMENT', 400, 'product.category', { category: NOBODY }),
  field('category of a wrong form', 'INVALID_ARGUMENT', 400, 'product.category',
    { category: 'products/1' }),
  field('unknown further category', 'INVALID_ARGUMENT', 400, 'product.additional_categories',
    { additionalCategories: [NOBODY] }),
  field('negative inventory', 'INVALID_ARGUMENT', 400, 'product.inventory', { inventory: '-1' }),
  {
    name: 'id taken', code: 'ALREADY_EXISTS', http: 409,
    rest: ['POST', '/v1/products?productId=1', { title }],
    grpc: ['CreateProduct', { productId: '1', product: { title } }],
  },
  {
    name: 'negative id', code: 'INVALID_ARGUMENT', http: 400, field: 'product_id',
    rest: ['POST', '/v1/products?productId=-1', { title }],
    grpc: ['CreateProduct', { productId: '-1', product: { title } }],
  },
  {
    name: 'request id that is no UUID', code: 'INVALID_ARGUMENT', http: 400, field: 'request_id',
    rest: ['POST', '/v1/products?requestId=again', { title }],
    grpc: ['CreateProduct', { requestId: 'again', product: { title } }],
  },
  {
    name: 'attributes nested over 8', code: 'INVALID_ARGUMENT', http: 400, field: 'product.attributes',
    rest: ['POST', '/v1/products', deepJson(9)],
  },
  {
    name: 'attributes over 64 KiB', code: 'INVALID_ARGUMENT', http: 400, field: 'product.attributes',
    rest: ['POST', '/v1/products', { title, attributes: { a: 'x'.repeat(65 * 1024) } }],
  },
  {
    name: 'category title over 128', code: 'INVALID_ARGUMENT', http: 400, field: 'category.title',
    rest: ['POST', '/v1/categories', { title: 'c'.repeat(129) }],
    grpc: ['CreateCategory', { category: { title: 'c'.repeat(129) } }],
  },
  {
    name: 'unknown parent', code: 'INVALID_ARGUMENT', http: 400, field: 'category.parent',
    rest: ['POST', '/v1/categories', { title, parent: NOBODY }],
    grpc: ['CreateCategory', { category: { title, parent: NOBODY } }],
  },
  {
    name: 'cycle in parents', code: 'FAILED_PRECONDITION', http: 400,
    rest: ['PATCH', `/v1/${PARENT}`, { parent: CHILD }],
    grpc: ['UpdateCategory', { category: { name: PARENT, parent: CHILD }, updateMask: { paths: ['parent'] } }],
  },
  {
    name: 'its own parent', code: 'FAILED_PRECONDITION', http: 400,
    rest: ['PATCH', `/v1/${PARENT}`, { parent: PARENT }],
    grpc: ['UpdateCategory', { category: { name: PARENT, parent: PARENT }, updateMask: { paths: ['parent'] } }],
  },
  {
    name: 'category with contents, without force', code: 'FAILED_PRECONDITION', http: 400,
    rest: ['DELETE', `/v1/${PARENT}`],
    grpc: ['DeleteCategory', { name: PARENT }],
  },
  {
    name: 'stale etag', code: 'ABORTED', http: 409,
    rest: ['PATCH', `/v1/${PRODUCT}`, { title, etag: '"stale"' }],
    grpc: ['UpdateProduct', { product: { name: PRODUCT, title, etag: '"stale"' }, updateMask: { paths: ['title'] } }],
  },
  {
    name: 'stale etag of a delete', code: 'ABORTED', http: 409,
    rest: ['DELETE', `/v1/${PRODUCT}?etag=%22stale%22`],
    grpc: ['DeleteProduct', { name: PRODUCT, etag: '"stale"' }],
  },
  {
    name: 'mask that names no field', code: 'INVALID_ARGUMENT', http: 400, field: 'update_mask',
    rest: ['PATCH', `/v1/${PRODUCT}?updateMask=colour`, { title }],
    grpc: ['UpdateProduct', { product: { name: PRODUCT, title }, updateMask: { paths: ['colour'] } }],
  },
  {
    name: 'mask that names an output field', code: 'INVALID_ARGUMENT', http: 400, field: 'update_mask',
    rest: ['PATCH', `/v1/${PRODUCT}?updateMask=createTime`, { title }],
    grpc: ['UpdateProduct', { product: { name: PRODUCT, title }, updateMask: { paths: ['create_time'] } }],
  },
  {
    name: 'no such product', code: 'NOT_FOUND', http: 404,
    rest: ['GET', '/v1/products/987654321'],
    grpc: ['GetProduct', { name: 'products/987654321' }],
  },
  {
    name: 'name of a wrong form', code: 'INVALID_ARGUMENT', http: 400, field: 'name',
    rest: ['GET', '/v1/products/blue'],
    grpc: ['GetProduct', { name: 'products/blue' }],
  },
  {
    name: 'page_size -1', code: 'INVALID_ARGUMENT', http: 400, field: 'page_size',
    rest: ['GET', '/v1/products?pageSize=-1'],
    grpc: ['ListProducts', { pageSize: -1 }],
  },
  {
    name: 'page token of nobody', code: 'INVALID_ARGUMENT', http: 400, field: 'page_token',
    rest: ['GET', '/v1/products?pageToken=AAAA'],
    grpc: ['ListProducts', { pageToken: 'AAAA' }],
  },
  raw('protobuf nested 10,000 deep', undefined, deepProtobuf(10_000)),
  raw('protobuf of invalid UTF-8', 'product.title', bytesInTitle([0xc3, 0x28])),
  raw('protobuf with NUL in a string', 'product.title', bytesInTitle([0x61, 0x00, 0x62])),
  raw('protobuf cut short', undefined, Buffer.from([0x0a, 0x20, 0x12])),
  raw('protobuf of random bytes', undefined, Buffer.from('ffffffffffffffffffff01', 'hex')),
];

let instance;
let client;
let stored;

const counts = () => instance.sql(
  'select (select count(*) from catalog.product), (select count(*) from catalog.category)');

before(async () => {
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  await instance.call('POST', '/v1/categories?categoryId=1', { title: 'Parent' });
  await instance.call('POST', '/v1/categories?categoryId=2', { title: 'Child', parent: PARENT });
  for (const id of [1, 2, 3]) {
    const slug = id === 1 ? TAKEN_SLUG : '';
    await instance.call('POST', `/v1/products?productId=${id}`, { title: `Product ${id}`, slug });
  }
  stored = await counts();
});

after(async () => {
  client?.close();
  await instance?.stop();
});

for (const row of ROWS) {
  if (row.rest) test(`REST: ${row.name}`, () => checkRest(instance, row));
  if (row.grpc) test(`gRPC: ${row.name}`, () => checkGrpc(row, client.call(...row.grpc)));
  if (row.raw) test(`gRPC: ${row.name}`, () => checkGrpc(row, client.callRaw(...row.raw)));
}

test('a tampered page token is refused, whichever byte was changed', async () => {
  const { nextPageToken } = await client.call('ListProducts', { pageSize: 1 });
  assert.notEqual(nextPageToken, '');
  for (let i = 0; i < nextPageToken.length; i++) {
    const other = nextPageToken[i] === 'A' ? 'B' : 'A';
    const pageToken = nextPageToken.slice(0, i) + other + nextPageToken.slice(i + 1);
    const row = { code: 'INVALID_ARGUMENT', http: 400, field: 'page_token',
      rest: ['GET', `/v1/products?pageToken=${encodeURIComponent(pageToken)}`] };
    await checkGrpc(row, client.call('ListProducts', { pageSize: 1, pageToken }));
    if (i % 8 === 0) await checkRest(instance, row);
  }
});

test('a page token of one list is refused by another', async () => {
  const { nextPageToken: pageToken } = await client.call('ListProducts', { pageSize: 1 });
  const row = { code: 'INVALID_ARGUMENT', field: 'page_token' };
  await checkGrpc(row, client.call('ListCategories', { pageSize: 1, pageToken }));
  await checkGrpc(row, client.call('ListProducts', { pageSize: 1, pageToken, showDeleted: true }));
});

test('an unknown RPC is UNIMPLEMENTED', async () => {
  const call = new Promise((resolve, reject) => {
    client.stub.makeUnaryRequest('/nexus.catalog.v1.CatalogService/BuyEverything', (b) => b, (b) => b,
      Buffer.alloc(0), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  await assert.rejects(call, { code: status.UNIMPLEMENTED });
});

// Sends bytes as a message that is said to be compressed; answers with the gRPC status.
async function callCompressed(method, packed, encoding = 'gzip') {
  const header = Buffer.from([1, 0, 0, 0, 0]);
  header.writeUInt32BE(packed.length, 1);
  const session = http2.connect(`http://${instance.grpc}`);
  try {
    const stream = session.request({
      ':method': 'POST', ':path': `/nexus.catalog.v1.CatalogService/${method}`,
      'content-type': 'application/grpc', 'grpc-encoding': encoding, te: 'trailers',
    });
    const said = new Promise((resolve, reject) => {
      stream.on('response', (headers) => headers['grpc-status'] && resolve(headers));
      stream.on('trailers', resolve);
      stream.on('error', reject);
    });
    stream.resume();
    stream.end(Buffer.concat([header, packed]));
    return Number((await said)['grpc-status']);
  } finally {
    session.destroy();
  }
}

const compressed = [
  ['gzip', (bytes) => gzipSync(bytes), 'gzip', status.OK],
  ['deflate', (bytes) => deflateSync(bytes), 'deflate', status.OK],
  // The core takes an encoding that it does not know for none.
  ['an encoding that nobody knows', () => Buffer.from('not protobuf'), 'snappy',
    status.INVALID_ARGUMENT],
  ['bytes that are not gzip', () => Buffer.from('not gzip'), 'gzip', status.INTERNAL],
  ['gzip that is cut off', (bytes) => gzipSync(bytes).subarray(0, -4), 'gzip', status.INTERNAL],
  ['bytes behind the end', (bytes) => Buffer.concat([gzipSync(bytes), Buffer.from([0])]), 'gzip',
    status.INTERNAL],
  ['a gigabyte of zeros in a megabyte', () => gzipSync(Buffer.alloc(1 << 30), { level: 1 }), 'gzip',
    status.RESOURCE_EXHAUSTED],
];
for (const [name, pack, encoding, code] of compressed) {
  test(`compressed request: ${name}`, async () => {
    const before = instance.service.memory;
    const bytes = client.encode('GetProduct', { name: PRODUCT });
    assert.equal(await callCompressed('GetProduct', pack(bytes), encoding), code);
    assert.ok(instance.service.memory - before < 64 << 20, 'the memory stays');
  });
}

// A number in a list takes two bytes in JSON and eleven in a message.
test('a body whose message is too large for the service is 413', async () => {
  const body = `{"title":"x","attributes":{"a":[${'1,'.repeat(500_000)}1]}}`;
  const answer = await instance.rest('POST', '/v1/products', body);
  assert.equal(answer.status, 413, JSON.stringify(answer.body));
  assert.equal(answer.body.error.details[0].reason, 'REQUEST_TOO_LARGE');
});

test('after all of it nothing was stored, and the instance is well', async () => {
  assert.equal(await counts(), stored);
  assert.equal((await client.call('GetProduct', { name: PRODUCT })).title, 'Product 1');
  assert.equal((await instance.rest('GET', '/readyz')).status, 200);
});
