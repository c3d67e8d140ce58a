// The life of products and categories over REST.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Instance } from './support/instance.mjs';

let instance;

before(async () => {
  instance = await Instance.start();
});
after(() => instance?.stop());

const create = (product, query = '') => instance.call('POST', `/v1/products${query}`, product);

test('a product comes back as it was created', async () => {
  const category = await instance.call('POST', '/v1/categories', { title: 'Café' });
  const sent = {
    title: 'Crème brûlée dish – 日本 🍮',
    description: 'Line one\nline "two" \\ three',
    price: { currencyCode: 'KWD', units: '12', nanos: 345_000_000 },
    category: category.name,
    brand: 'Ö',
    tags: ['oven', 'glaçure'],
    attributes: { size: { w: 10.5, h: 3 }, colours: ['red', null, true], big: 1e21, empty: {} },
    inventory: '9007199254740993',
    allowBackorder: true,
    state: 'STATE_ACTIVE',
  };
  const created = await create(sent);
  for (const [key, value] of Object.entries(sent)) assert.deepEqual(created[key], value, key);
  assert.match(created.name, /^products\/[1-9]\d*$/);
  assert.match(created.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.equal(created.updateTime, created.createTime);
  assert.deepEqual(await instance.call('GET', `/v1/${created.name}`), created);
});

test('defaults are printed, and int64 are strings', async () => {
  const created = await create({ title: 'Plain' });
  assert.equal(created.inventory, '0');
  assert.equal(created.allowBackorder, false);
  assert.equal(created.state, 'STATE_DRAFT');
  assert.deepEqual(created.tags, []);
  assert.equal(created.category, '');
});

test('both spellings of a field are read', async () => {
  const created = await create({ title: 'Spelled', allow_backorder: true });
  assert.equal(created.allowBackorder, true);
});

test('a slug is made from the title, with a suffix when it is taken', async () => {
  const [first, second] = [await create({ title: 'Same Name' }), await create({ title: 'Same Name' })];
  assert.equal(first.slug, 'same-name');
  assert.match(second.slug, /^same-name-.+$/);
});

test('PATCH changes the fields of the body, or of the mask', async () => {
  const { name } = await create({ title: 'Before', brand: 'Keep', tags: ['a'], inventory: '3' });
  const patched = await instance.call('PATCH', `/v1/${name}`, { title: 'After' });
  assert.deepEqual([patched.title, patched.brand, patched.tags, patched.inventory],
    ['After', 'Keep', ['a'], '3']);
  const cleared = await instance.call('PATCH', `/v1/${name}?updateMask=brand,tags`, { title: 'Not this' });
  assert.deepEqual([cleared.title, cleared.brand, cleared.tags], ['After', '', []]);
  const whole = { title: 'All', slug: 'all-of-it', state: 'STATE_ACTIVE' };
  const replaced = await instance.call('PATCH', `/v1/${name}?updateMask=*`, whole);
  assert.deepEqual([replaced.title, replaced.inventory], ['All', '0']);
  assert.notEqual(replaced.etag, cleared.etag);
});

test('a price in a PATCH is a whole new price', async () => {
  const { name } = await create({ title: 'Priced', price: { currencyCode: 'EUR', units: '5', nanos: 500_000_000 } });
  const patched = await instance.call('PATCH', `/v1/${name}`, { price: { currencyCode: 'EUR', units: '7' } });
  assert.deepEqual(patched.price, { currencyCode: 'EUR', units: '7', nanos: 0 });
  assert.equal(patched.title, 'Priced');
});

test('what was read can be sent back whole', async () => {
  const read = await create({ title: 'Round', price: { currencyCode: 'USD', units: '1', nanos: 0 } });
  const { name } = read;
  const answer = await instance.rest('PATCH', `/v1/${name}?updateMask=title,price`, { ...read, title: 'Trip' });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.title, 'Trip');
  // Without a mask as well: what only the server sets is then left alone.
  const { etag, ...stale } = answer.body;
  const again = await instance.rest('PATCH', `/v1/${name}`, { ...stale, title: 'And back', variantCount: 7 });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(again.body.title, 'And back');
  assert.equal(again.body.variantCount, 0);
  assert.equal(again.body.createTime, read.createTime);
  const named = await instance.rest('PATCH', `/v1/${name}?updateMask=createTime`, stale);
  assert.equal(named.status, 400);
});

test('ETag, If-None-Match and If-Match', async () => {
  const created = await create({ title: 'Tagged' });
  const read = await instance.rest('GET', `/v1/${created.name}`);
  const etag = read.headers.get('etag');
  assert.equal(etag, created.etag);
  assert.match(etag, /^"[^"]+"$/);
  const same = await instance.rest('GET', `/v1/${created.name}`, undefined, { 'if-none-match': etag });
  assert.equal(same.status, 304);
  assert.equal(same.body, '');
  const good = await instance.rest('PATCH', `/v1/${created.name}`, { title: 'New' }, { 'if-match': etag });
  assert.equal(good.status, 200);
  const stale = await instance.rest('PATCH', `/v1/${created.name}`, { title: 'Newer' }, { 'if-match': etag });
  assert.equal(stale.status, 412);
  const changed = await instance.rest('GET', `/v1/${created.name}`, undefined, { 'if-none-match': etag });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.title, 'New');
  const gone = await instance.rest('DELETE', `/v1/${created.name}`, undefined, { 'if-match': etag });
  assert.equal(gone.status, 412);
});

test('a deleted product is out of the list and still found by name', async () => {
  const { name, slug } = await create({ title: 'Short lived' });
  const deleted = await instance.call('DELETE', `/v1/${name}`);
  assert.ok(deleted.deleteTime);
  assert.ok(deleted.purgeTime > deleted.deleteTime);
  assert.equal((await instance.call('GET', `/v1/${name}`)).deleteTime, deleted.deleteTime);
  const names = async (query) =>
    (await instance.call('GET', `/v1/products?pageSize=1000${query}`)).products.map((p) => p.name);
  assert.ok(!(await names('')).includes(name));
  assert.ok((await names('&showDeleted=true')).includes(name));
  assert.equal((await instance.rest('DELETE', `/v1/${name}`)).status, 404);
  assert.equal((await instance.rest('PATCH', `/v1/${name}`, { title: 'x' })).status, 404);
  assert.equal((await create({ title: 'Heir', slug })).slug, slug, 'its slug is free again');
});

test('validateOnly checks all and stores nothing', async () => {
  const { name, etag } = await create({ title: 'Checked', slug: 'checked' });
  const total = async () =>
    (await instance.call('GET', '/v1/products?pageSize=1&includeTotalSize=true')).totalSize;
  const before = await total();
  const dry = await create({ title: 'Dry' }, '?validateOnly=true');
  assert.equal(dry.title, 'Dry');
  const clash = await instance.rest('POST', '/v1/products?validateOnly=true', { title: 'x', slug: 'checked' });
  assert.equal(clash.status, 409);
  await instance.call('PATCH', `/v1/${name}?validateOnly=true`, { title: 'Never' });
  await instance.call('DELETE', `/v1/${name}?validateOnly=true`);
  assert.equal(await total(), before);
  const read = await instance.call('GET', `/v1/${name}`);
  assert.deepEqual([read.title, read.etag, read.deleteTime ?? null], ['Checked', etag, null]);
});

test('Idempotency-Key: the same request once, another one refused', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const post = (product) => instance.rest('POST', '/v1/products', product, key);
  const [first, again] = [await post({ title: 'Once' }), await post({ title: 'Once' })];
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(again.body, first.body);
  const other = await post({ title: 'Twice' });
  assert.equal(other.status, 400);
  assert.equal(other.body.error.status, 'INVALID_ARGUMENT');
  const racing = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () =>
    instance.rest('POST', '/v1/products', { title: 'Raced' }, racing)));
  const made = new Set(answers.filter((a) => a.status === 200).map((a) => a.body.name));
  assert.equal(made.size, 1, JSON.stringify(answers.map((a) => a.body)));
});

test('a moved category takes its descendants along', async () => {
  const make = (title, parent = '') => instance.call('POST', '/v1/categories', { title, parent });
  const [a, b] = [await make('A'), await make('B')];
  const child = await make('Child', a.name);
  const leaf = await make('Leaf', child.name);
  assert.deepEqual([leaf.path, leaf.depth, leaf.ancestors], ['A > Child > Leaf', 2, [a.name, child.name]]);
  await instance.call('PATCH', `/v1/${child.name}`, { parent: b.name });
  const moved = await instance.call('GET', `/v1/${leaf.name}`);
  assert.deepEqual([moved.path, moved.depth, moved.ancestors], ['B > Child > Leaf', 2, [b.name, child.name]]);
  await instance.call('PATCH', `/v1/${b.name}`, { title: 'Bee' });
  assert.equal((await instance.call('GET', `/v1/${leaf.name}`)).path, 'Bee > Child > Leaf');
  assert.equal((await instance.rest('DELETE', `/v1/${b.name}`)).status, 400);
  await instance.call('DELETE', `/v1/${b.name}?force=true`);
  assert.ok((await instance.call('GET', `/v1/${leaf.name}`)).deleteTime, 'all below went with it');
});

test('HEAD, OPTIONS and the pages beside the API', async () => {
  const head = await instance.rest('HEAD', '/v1/products');
  assert.deepEqual([head.status, head.body], [200, '']);
  const options = await instance.rest('OPTIONS', '/v1/products');
  assert.match(options.headers.get('allow'), /GET/);
  assert.equal((await instance.rest('GET', '/')).headers.get('location'), '/docs');
  assert.equal((await instance.rest('GET', '/healthz')).status, 200);
  const document = await instance.call('GET', '/openapi.json');
  assert.equal(document.openapi, '3.1.0');
  assert.ok(document.paths['/v1/products']);
});
