// The largest and oddest values that are allowed come back exactly, and those beyond are refused.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, status, violatedFields } from './support/clients.mjs';
import { Instance } from './support/instance.mjs';

let instance;
let client;

before(async () => {
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
});
after(async () => {
  client?.close();
  await instance?.stop();
});

const full = {
  title: '\u{1D11E}'.repeat(255),
  slug: 'S-_9'.repeat(63),
  description: 'é'.repeat(65536),
  price: { currencyCode: 'EUR', units: '9223372036854775807', nanos: 990_000_000 },
  brand: '漢'.repeat(255),
  tags: ['NULL', '{}', 'a"b\\c', ',', ...Array.from({ length: 60 }, (_, i) => `${'😀'.repeat(62)}${i + 10}`)],
  inventory: '9223372036854775807',
};

test('a product that is full to the brim', async () => {
  const requestId = randomUUID();
  const created = await client.call('CreateProduct', { product: full, requestId });
  for (const [field, value] of Object.entries(full)) assert.deepEqual(created[field], value, field);
  assert.deepEqual(await client.call('CreateProduct', { product: full, requestId }), created);
  assert.deepEqual(await client.call('GetProduct', { name: created.name }), created);
  const overRest = await instance.call('GET', `/v1/${created.name}`);
  for (const [field, value] of Object.entries(full)) assert.deepEqual(overRest[field], value, field);
});

test('attributes of every shape', async () => {
  const attributes = {
    numbers: [1e308, 1.7976931348623157e308, 5e-324, 1 / 3, -1.5e-10, 1e21, 9007199254740991, 0.1],
    nested: [[1, [2, []]], {}, null, true, ''],
    deep: { a: { b: { c: { d: { e: { f: {} } } } } } },
    '': 'no name', ' ': false, 'a.b': 1, 'ключ"\\\n\t': '\u0001\u001f\u007f', '\u2028': '\u2029', '😀': '\u{1D11E}',
  };
  const { name } = await instance.call('POST', '/v1/products', { title: 'Shapes', attributes });
  assert.deepEqual((await instance.call('GET', `/v1/${name}`)).attributes, attributes);
});

test('what is beyond is refused', async () => {
  const numbers = (count, number) => ({ fields: { a: { listValue: {
    values: Array.from({ length: count }, () => ({ numberValue: number })) } } } });
  for (const [field, product] of [
    ['title', { title: `${full.title}x` }],
    ['description', { title: 'T', description: `${full.description}é` }],
    ['brand', { title: 'T', brand: `${full.brand}x` }],
    ['slug', { title: 'T', slug: 'x'.repeat(256) }],
    ['tags', { title: 'T', tags: [...full.tags, 'one more'] }],
    // Short to send, and 300 digits each where it is stored.
    ['attributes', { title: 'T', attributes: numbers(1000, 5e-324) }],
  ]) {
    await assert.rejects(client.call('CreateProduct', { product }), (error) => {
      assert.equal(error.code, status.INVALID_ARGUMENT);
      assert.deepEqual(violatedFields(error), [`product.${field}`]);
      return true;
    });
  }
});

test('a mask that names an output field says that it cannot be written', async () => {
  const { name } = await client.call('CreateProduct', { product: { title: 'Masked' } });
  for (const path of ['name', 'etag', 'create_time', 'primary_image', 'variant_count']) {
    await assert.rejects(
      client.call('UpdateProduct', { product: { name, title: 'T' }, updateMask: { paths: ['title', path] } }),
      { code: status.INVALID_ARGUMENT, details: `update_mask: "${path}" cannot be written` });
  }
});
