// The form of the gateway's JSON, which its configuration has: json.print_defaults,
// json.enums_as_numbers and json.original_names. Requests are read in either form, whatever it is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Instance } from './support/instance.mjs';

let instance;
const price = { currency_code: 'EUR', units: '5' };

before(async () => {
  instance = await Instance.start();
});
after(() => instance?.stop());

// Start the gateway anew with these keys, and only these.
async function form(env) {
  await instance.gateway.stop();
  instance.startGateway({ env });
  await instance.ready();
}

const create = (body) => instance.call('POST', '/v1/products', { title: 'Formed', ...body });

test('as it is unless said otherwise', async () => {
  const product = await create({ price });
  assert.equal(product.state, 'STATE_DRAFT');
  assert.deepEqual(product.price, { currencyCode: 'EUR', units: '5', nanos: 0 });
  assert.equal(product.description, '');
  assert.deepEqual(product.tags, []);
  assert.ok(product.createTime);
});

test('json.print_defaults=false leaves out what is at its default, and nothing else', async () => {
  await form({ NEXUS_JSON_PRINT_DEFAULTS: 'false' });
  const product = await create({ price });
  assert.deepEqual(product.price, { currencyCode: 'EUR', units: '5' });
  assert.equal(product.state, 'STATE_DRAFT');
  for (const absent of ['description', 'tags', 'brand', 'category']) assert.ok(!(absent in product), absent);
  assert.deepEqual(await instance.call('GET', '/v1/products?filter=title%3D%22nothing%22'), {});
  const full = await create({ description: 'd', tags: ['t'] });
  assert.equal(full.description, 'd');
  assert.deepEqual(full.tags, ['t']);
});

test('json.enums_as_numbers=true writes numbers', async () => {
  await form({ NEXUS_JSON_ENUMS_AS_NUMBERS: 'true' });
  assert.equal((await create({ state: 'STATE_ACTIVE' })).state, 2);
  assert.equal((await create({ state: 3 })).state, 3);
  assert.equal((await create({})).description, '');
});

test('json.original_names=true names fields as the .proto files do, in errors too', async () => {
  await form({ NEXUS_JSON_ORIGINAL_NAMES: 'true' });
  for (const body of [{ price }, { price: { currencyCode: 'EUR', units: '5' } }]) {
    const product = await create(body);
    assert.deepEqual(product.price, { currency_code: 'EUR', units: '5', nanos: 0 });
    assert.ok(product.create_time);
    assert.ok(!('createTime' in product));
    assert.equal(product.state, 'STATE_DRAFT');
  }
  const first = await instance.call('GET', '/v1/products?pageSize=1');
  assert.ok(first.next_page_token);
  const next = await instance.call('GET', `/v1/products?page_size=1&page_token=${first.next_page_token}`);
  assert.equal(next.products.length, 1);
  assert.notEqual(next.products[0].name, first.products[0].name);
  const refused = await instance.rest('POST', '/v1/products', { title: '' });
  assert.equal(refused.status, 400);
  const [details] = refused.body.error.details.filter((detail) => detail['@type'].endsWith('BadRequest'));
  assert.equal(details.field_violations[0].field, 'product.title');
});

test('all at once', async () => {
  await form({
    NEXUS_JSON_PRINT_DEFAULTS: 'false', NEXUS_JSON_ENUMS_AS_NUMBERS: 'true', NEXUS_JSON_ORIGINAL_NAMES: 'true',
  });
  const { name, uid, slug, etag, create_time, update_time, ...rest } = await create({ price, state: 'STATE_ACTIVE' });
  assert.ok(name && slug && create_time && update_time);
  assert.deepEqual(rest, { title: 'Formed', price, state: 2 });
});

test('a value that is none is told of at the start', async () => {
  await instance.gateway.stop();
  instance.startGateway({ env: { NEXUS_JSON_ORIGINAL_NAMES: 'maybe' } });
  const end = await instance.gateway.ended;
  assert.notEqual(end.code, 0);
  assert.match(instance.gateway.tail(), /NEXUS_JSON_ORIGINAL_NAMES/);
  instance.startGateway();
  await instance.ready();
});
