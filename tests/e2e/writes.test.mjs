// What writes promise beyond storing a row: batches are whole or nothing, deletions are taken back
// exactly, the tree stays a tree, stock is counted, and the audit log tells all of it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, status, violatedFields, violatedFieldsOfBody } from './support/clients.mjs';
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

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const createProduct = (product, options = {}) => client.call('CreateProduct', { product, ...options });
const createCategory = (category) => client.call('CreateCategory', { category });
const update = (product, ...paths) => ({ product, updateMask: { paths } });
const batchCreate = (products, options = {}) =>
  client.call('BatchCreateProducts', { requests: products.map((product) => ({ product })), ...options });
const get = (name) => client.call('GetProduct', { name });
const getCategory = (name) => client.call('GetCategory', { name });
const count = async (table, where = 'true') =>
  Number(await instance.sql(`select count(*) from catalog.${table} where ${where}`));
const idOf = ({ name }) => name.split('/')[1];

// Fails with this code, blaming this field.
async function refused(call, code, field) {
  const error = await call.then(
    (answer) => assert.fail(`answered ${JSON.stringify(answer)}`), (reason) => reason);
  assert.equal(status[error.code], code, error.message);
  if (field !== undefined) assert.deepEqual(violatedFields(error), [field], error.message);
  assert.doesNotMatch(error.message, /violates|constraint|_live|_pkey|SQLSTATE/);
  return error;
}

async function refusedRest(http, field, ...request) {
  const { status: is, body } = await instance.rest(...request);
  assert.equal(is, http, JSON.stringify(body));
  assert.deepEqual(violatedFieldsOfBody(body), [field], JSON.stringify(body));
}

// What the audit log has of a resource, oldest first.
async function audit(name) {
  const rows = await instance.sql(`select json_build_object('principal', principal, 'method', method,
    'request', request_id, 'changes', changes) from catalog.audit_entry
    where resource = '${name}' order by id`);
  return rows === '' ? [] : rows.split('\n').map((row) => JSON.parse(row));
}
const methods = async (name) => (await audit(name)).map((entry) => entry.method);

// --- Batches ---

test('a thousand products are created, changed and deleted at once', async () => {
  const titles = times(1000, (i) => `Bulk ${i}`);
  const { products } = await batchCreate(titles.map((title, i) => ({ title, inventory: `${i}` })));
  assert.deepEqual(products.map((product) => product.title), titles);
  assert.equal(new Set(products.map((product) => product.slug)).size, 1000);
  const names = products.map((product) => product.name);
  const { products: changed } = await client.call('BatchUpdateProducts', {
    requests: [...products].reverse().map(({ name, etag }) => update({ name, etag, brand: 'Bulk' }, 'brand')),
  });
  assert.deepEqual(changed.map((product) => product.name), [...names].reverse());
  assert.ok(changed.every((product) => product.brand === 'Bulk'));
  const { products: deleted } = await client.call('BatchDeleteProducts', {
    requests: names.map((name) => ({ name })) });
  assert.deepEqual(deleted.map((product) => product.name), names);
  assert.ok(deleted.every((product) => product.deleteTime));
  assert.equal(await count('audit_entry', "method like 'Batch%'"), 3000);
});

test('over REST as well', async () => {
  const { products } = await instance.call('POST', '/v1/products:batchCreate',
    { requests: [{ product: { title: 'By REST 1' } }, { product: { title: 'By REST 2' } }] });
  const requests = products.map(({ name }) => ({ product: { name, brand: 'R' }, updateMask: 'brand' }));
  const changed = await instance.call('POST', '/v1/products:batchUpdate', { requests });
  assert.deepEqual(changed.products.map((product) => product.brand), ['R', 'R']);
  const deleted = await instance.call('POST', '/v1/products:batchDelete',
    { requests: products.map(({ name }) => ({ name })) });
  assert.ok(deleted.products.every((product) => product.deleteTime));
});

test('one bad request in a batch leaves nothing, and is named', async () => {
  const [mine, taken, gone] = await Promise.all(['Mine', 'Taken', 'Gone'].map((title) =>
    createProduct({ title, slug: `batch-${title.toLowerCase()}` })));
  await client.call('DeleteProduct', { name: gone.name });
  const good = times(5, (i) => ({ title: `Good ${i}` }));
  const create = (bad, options = {}) => client.call('BatchCreateProducts', {
    requests: [...good.slice(0, 3).map((product) => ({ product })), bad, { product: good[4] }], ...options });
  const change = (bad) => client.call('BatchUpdateProducts', {
    requests: [update({ name: mine.name, title: 'Good' }, 'title'), bad] });
  const remove = (bad) => client.call('BatchDeleteProducts', { requests: [{ name: mine.name }, bad] });
  const stored = [await count('product'), await count('audit_entry'), await count('request')];
  const rows = [
    [() => create({ product: { title: '' } }), 'INVALID_ARGUMENT', 'requests[3].product.title'],
    [() => create({}), 'INVALID_ARGUMENT', 'requests[3].product'],
    [() => create({ product: { title: 'x', price: { currencyCode: 'EUR', nanos: 1 } } }), 'INVALID_ARGUMENT', 'requests[3].product.price.nanos'],
    [() => create({ product: { title: 'x', category: 'categories/987654' } }), 'INVALID_ARGUMENT', 'requests[3].product.category'],
    [() => create({ product: { title: 'x', inventory: '-1' } }), 'INVALID_ARGUMENT', 'requests[3].product.inventory'],
    [() => create({ product: { title: 'x', slug: taken.slug } }), 'ALREADY_EXISTS', 'requests[3].product.slug'],
    [() => create({ product: { title: 'x' }, productId: idOf(taken) }), 'ALREADY_EXISTS', 'requests[3].product_id'],
    [() => create({ product: { title: 'x' }, productId: '-1' }), 'INVALID_ARGUMENT', 'requests[3].product_id'],
    [() => create({ product: { title: 'x' }, requestId: randomUUID() }), 'INVALID_ARGUMENT', 'requests[3].request_id'],
    [() => create({ product: { title: 'x' }, validateOnly: true }), 'INVALID_ARGUMENT', 'requests[3].validate_only'],
    [() => batchCreate([{ title: 'x', slug: 'twin' }, { title: 'y', slug: 'twin' }]), 'ALREADY_EXISTS', 'requests[1].product.slug'],
    [() => client.call('BatchCreateProducts', { requests: [7, 7].map((n) => ({ product: { title: 'x' }, productId: `90000${n}` })) }),
      'INVALID_ARGUMENT', 'requests[1].product_id'],
    [() => client.call('BatchCreateProducts', {}), 'INVALID_ARGUMENT', 'requests'],
    [() => batchCreate(times(1001, () => ({ title: 'x' }))), 'INVALID_ARGUMENT', 'requests'],
    [() => change(update({ name: taken.name, title: '' }, 'title')), 'INVALID_ARGUMENT', 'requests[1].product.title'],
    [() => change(update({ name: taken.name, title: 'x' }, 'colour')), 'INVALID_ARGUMENT', 'requests[1].update_mask'],
    [() => change(update({ name: taken.name, etag: '"0"', title: 'x' }, 'title')), 'ABORTED', 'requests[1].product.etag'],
    [() => change(update({ name: mine.name, title: 'x' }, 'title')), 'INVALID_ARGUMENT', 'requests[1].product.name'],
    [() => change(update({ name: taken.name, slug: mine.slug }, 'slug')), 'ALREADY_EXISTS', 'requests[1].product.slug'],
    [() => change(update({ name: 'products/x' }, 'title')), 'INVALID_ARGUMENT', 'requests[1].product.name'],
    [() => change(update({ name: gone.name, title: 'x' }, 'title')), 'NOT_FOUND'],
    [() => change({ updateMask: { paths: ['title'] } }), 'INVALID_ARGUMENT', 'requests[1].product'],
    [() => remove({ name: gone.name }), 'NOT_FOUND'],
    [() => remove({ name: mine.name }), 'INVALID_ARGUMENT', 'requests[1].name'],
    [() => remove({ name: taken.name, etag: '"0"' }), 'ABORTED', 'requests[1].etag'],
    [() => remove({ name: taken.name, requestId: randomUUID() }), 'INVALID_ARGUMENT', 'requests[1].request_id'],
  ];
  for (const [call, code, field] of rows) await refused(call(), code, field);
  await refusedRest(400, 'requests[1].product.title', 'POST', '/v1/products:batchCreate',
    { requests: [{ product: { title: 'x' } }, { product: { title: '' } }] });
  await refusedRest(400, 'requests[0].update_mask', 'POST', '/v1/products:batchUpdate',
    { requests: [{ product: { name: mine.name, title: 'x' }, updateMask: 'title,createTime' }] });
  assert.deepEqual([await count('product'), await count('audit_entry'), await count('request')], stored);
  assert.deepEqual(await get(mine.name), mine);
});

test('a batch that is only checked stores nothing', async () => {
  const stored = [await count('product'), await count('audit_entry'), await count('request')];
  const { products } = await batchCreate([{ title: 'Checked 1' }, { title: 'Checked 2' }],
    { validateOnly: true, requestId: randomUUID() });
  assert.deepEqual(products.map((product) => product.title), ['Checked 1', 'Checked 2']);
  assert.deepEqual([await count('product'), await count('audit_entry'), await count('request')], stored);
});

test('slugs that are derived in one batch keep out of each other\'s way', async () => {
  const { products } = await batchCreate([
    { title: 'Derived' }, { title: 'Derived' }, { title: 'Other', slug: 'derived' }, { title: 'Derived!' }]);
  assert.equal(products[2].slug, 'derived');
  assert.equal(new Set(products.map((product) => product.slug)).size, 4);
  const { products: renamed } = await client.call('BatchUpdateProducts', {
    requests: products.map(({ name }) => update({ name, title: 'Renamed', slug: '' }, 'title', 'slug')) });
  assert.equal(new Set(renamed.map((product) => product.slug)).size, 4);
  assert.equal(renamed[0].slug, 'renamed');
});

test('a batch with a request id is carried out once', async () => {
  const rows = [
    ['BatchCreateProducts', () => ({ requests: times(3, (i) => ({ product: { title: `Once ${i}`, slug: `once-${i}` } })) })],
    ['BatchUpdateProducts', (products) => ({
      requests: products.map(({ name, etag }) => update({ name, etag, brand: 'Once', attributes: { fields: {} } }, 'brand', 'attributes.size')) })],
    ['BatchDeleteProducts', (products) => ({ requests: products.map(({ name }) => ({ name })) })],
  ];
  let products;
  for (const [method, make] of rows) {
    const request = { ...make(products), requestId: randomUUID() };
    const answers = await Promise.all(times(10, () => client.call(method, request)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    ({ products } = answers[0]);
    assert.deepEqual(await client.call(method, request), answers[0], 'and long after');
    await refused(client.call(method, { ...request, requests: request.requests.slice(1) }),
      'INVALID_ARGUMENT', 'request_id');
    for (const { name } of products) {
      const entries = (await audit(name)).filter((entry) => entry.method === method);
      assert.deepEqual(entries.map((entry) => entry.request), [request.requestId]);
    }
  }
  assert.equal(await count('product', "slug like 'once-_'"), 3);
});

test('two batches that meet in the middle are both carried out', async () => {
  const { products } = await batchCreate(times(40, (i) => ({ title: `Meeting ${i}` })));
  const batches = times(8, (i) => (i % 2 ? [...products].reverse() : products));
  await Promise.all(batches.map((batch, i) => client.call('BatchUpdateProducts', {
    requests: batch.map(({ name }) => update({ name, inventory: `${i}` }, 'inventory')) })));
  const now = await Promise.all(products.map(({ name }) => get(name)));
  assert.equal(new Set(now.map((product) => product.inventory)).size, 1);
});

// --- Undelete ---

test('an undeleted product is as it was', async () => {
  const made = await createProduct({ title: 'Phoenix', tags: ['a'], inventory: '4',
    price: { currencyCode: 'EUR', units: '3', nanos: 0 }, attributes: { fields: { a: { stringValue: 'x' } } } });
  const deleted = await client.call('DeleteProduct', { name: made.name });
  await refused(client.call('UndeleteProduct', { name: made.name, etag: made.etag }), 'ABORTED', 'etag');
  const back = await client.call('UndeleteProduct', { name: made.name, etag: deleted.etag });
  const { etag, updateTime, ...rest } = back;
  assert.notEqual(etag, deleted.etag);
  assert.deepEqual(rest, (({ etag: _, updateTime: __, ...same }) => same)(made));
  await refused(client.call('UndeleteProduct', { name: made.name }), 'ALREADY_EXISTS', 'name');
  await refused(client.call('UndeleteProduct', { name: 'products/987654321' }), 'NOT_FOUND');
  assert.deepEqual(await methods(made.name), ['CreateProduct', 'DeleteProduct', 'UndeleteProduct']);
  const [, , undeleted] = await audit(made.name);
  assert.deepEqual(undeleted.changes, [{ field: 'delete_time', old: undeleted.changes[0].old, new: null }]);
  assert.match(undeleted.changes[0].old, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('a product whose slug or SKU was taken does not come back', async () => {
  const rows = [
    ['slug', async () => {
      const made = await createProduct({ title: 'Ghost', slug: 'ghost' });
      await client.call('DeleteProduct', { name: made.name });
      return [made, await createProduct({ title: 'Ghost writer', slug: 'ghost' })];
    }],
    ['sku', async () => {
      const [made, other] = await Promise.all([createProduct({ title: 'Sku 1' }), createProduct({ title: 'Sku 2' })]);
      const add = ({ name }) => instance.sql(`insert into catalog.variant
        (product_id, sku, title, inventory, attributes, position)
        values (${name.split('/')[1]}, 'SKU-1', '', 0, '{}', 0)`);
      await add(made);
      await client.call('DeleteProduct', { name: made.name });
      await add(other); // it is free again
      return [made, other];
    }],
  ];
  for (const [what, prepare] of rows) {
    const [made, other] = await prepare();
    const error = await refused(client.call('UndeleteProduct', { name: made.name }), 'ALREADY_EXISTS', 'name');
    assert.match(error.message, new RegExp(`${what}\\b.* is in use`, 'i'));
    assert.ok((await get(made.name)).deleteTime, what);
    await client.call('DeleteProduct', { name: other.name });
    assert.equal((await client.call('UndeleteProduct', { name: made.name })).deleteTime, null, what);
  }
});

test('what was deleted by one call comes back by one call, and no more', async () => {
  const top = await createCategory({ title: 'Attic' });
  const box = await createCategory({ title: 'Box', parent: top.name });
  const bag = await createCategory({ title: 'Bag', parent: box.name });
  const jar = await createCategory({ title: 'Jar', parent: top.name });
  const remove = (name, force = false) => client.call('DeleteCategory', { name, force });
  const restore = (name) => client.call('UndeleteCategory', { name });
  await refused(restore(jar.name), 'ALREADY_EXISTS', 'name');
  await remove(jar.name); // of its own
  await refused(remove(top.name), 'FAILED_PRECONDITION', 'force');
  await remove(top.name, true);
  const living = async () => (await Promise.all([top, box, bag, jar].map(({ name }) => getCategory(name))))
    .map((category) => category.deleteTime === null);
  assert.deepEqual(await living(), [false, false, false, false]);
  await refused(restore(box.name), 'FAILED_PRECONDITION', 'name');
  await refused(restore(jar.name), 'FAILED_PRECONDITION', 'name');
  const back = await restore(top.name);
  assert.equal(back.name, top.name);
  assert.deepEqual(await living(), [true, true, true, false]);
  assert.deepEqual((await getCategory(bag.name)).ancestors, [top.name, box.name]);
  await restore(jar.name);
  assert.deepEqual(await living(), [true, true, true, true]);
  assert.deepEqual(await methods(bag.name), ['CreateCategory', 'DeleteCategory', 'UndeleteCategory']);

  await remove(top.name, true);
  const taker = await createCategory({ title: 'Taker', slug: bag.slug });
  await refused(restore(top.name), 'ALREADY_EXISTS', 'name');
  assert.deepEqual(await living(), [false, false, false, false]);
  await remove(taker.name);
  await restore(top.name);
  assert.deepEqual(await living(), [true, true, true, true]);
});

test('a deleted category follows the one above it', async () => {
  const [top, other] = [await createCategory({ title: 'House' }), await createCategory({ title: 'Street' })];
  const shed = await createCategory({ title: 'Shed', parent: top.name });
  await client.call('DeleteCategory', { name: shed.name });
  await client.call('MoveCategory', { name: top.name, parent: other.name });
  const back = await client.call('UndeleteCategory', { name: shed.name });
  assert.equal(back.path, 'Street > House > Shed');
  assert.deepEqual(back.ancestors, [other.name, top.name]);
});

// --- Moves ---

test('a category moves with all below it', async () => {
  const [a, b] = [await createCategory({ title: 'A' }), await createCategory({ title: 'B' })];
  const c = await createCategory({ title: 'C', parent: a.name });
  const d = await createCategory({ title: 'D', parent: c.name });
  const moved = await client.call('MoveCategory', { name: c.name, parent: b.name, etag: c.etag });
  assert.equal(moved.path, 'B > C');
  const below = await getCategory(d.name);
  assert.equal(below.path, 'B > C > D');
  assert.deepEqual(below.ancestors, [b.name, c.name]);
  assert.notEqual(below.etag, d.etag);
  const up = await instance.call('POST', `/v1/${c.name}:move`, { parent: '' });
  assert.equal(up.path, 'C');
  assert.equal((await getCategory(d.name)).path, 'C > D');
  assert.deepEqual(await methods(c.name), ['CreateCategory', 'MoveCategory', 'MoveCategory']);
  await refused(client.call('MoveCategory', { name: c.name, parent: d.name }), 'FAILED_PRECONDITION', 'parent');
  await refused(client.call('MoveCategory', { name: c.name, parent: c.name }), 'FAILED_PRECONDITION', 'parent');
  await refused(client.call('MoveCategory', { name: c.name, parent: 'categories/987654' }), 'INVALID_ARGUMENT', 'parent');
  await refused(client.call('MoveCategory', { name: c.name, parent: a.name, etag: c.etag }), 'ABORTED', 'etag');
  await refused(client.call('MoveCategory', { name: 'categories/987654', parent: '' }), 'NOT_FOUND');
  await refusedRest(400, 'parent', 'POST', `/v1/${c.name}:move`, { parent: d.name });
});

test('no tree grows deeper than 32, however it is done', async () => {
  const chain = [await createCategory({ title: 'Level 1' })];
  while (chain.length < 32) chain.push(await createCategory({ title: `Level ${chain.length + 1}`, parent: chain.at(-1).name }));
  await refused(createCategory({ title: 'Level 33', parent: chain[31].name }), 'INVALID_ARGUMENT', 'category.parent');
  const leaf = await createCategory({ title: 'Leaf' });
  await refused(client.call('MoveCategory', { name: leaf.name, parent: chain[31].name }), 'INVALID_ARGUMENT', 'parent');
  assert.equal((await client.call('MoveCategory', { name: leaf.name, parent: chain[30].name })).depth, 31);
  const pot = await createCategory({ title: 'Pot' });
  await createCategory({ title: 'Plant', parent: pot.name });
  await refused(client.call('MoveCategory', { name: pot.name, parent: chain[30].name }), 'INVALID_ARGUMENT', 'parent');
});

test('moves against each other never make a circle', async () => {
  for (let round = 0; round < 10; round++) {
    const ring = await Promise.all(times(3, (i) => createCategory({ title: `Ring ${round} ${i}` })));
    const results = await Promise.allSettled(ring.map(({ name }, i) =>
      client.call('MoveCategory', { name, parent: ring[(i + 1) % 3].name })));
    const codes = results.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code);
    assert.deepEqual(codes, [status.FAILED_PRECONDITION]);
  }
  assert.equal(await count('category', 'id = any (ancestor_ids)'), 0);
});

// --- Stock ---

const adjust = (name, delta, options = {}) =>
  client.call('AdjustInventory', { name, delta: `${delta}`, ...options });

test('stock is taken until there is none', async () => {
  for (const allowBackorder of [false, true]) {
    const { name } = await createProduct({ title: 'Rush', inventory: '100', allowBackorder });
    const results = await Promise.allSettled(times(200, () => adjust(name, -1)));
    const codes = results.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code);
    assert.deepEqual(codes, Array(allowBackorder ? 0 : 100).fill(status.FAILED_PRECONDITION));
    assert.equal((await get(name)).inventory, allowBackorder ? '-100' : '0');
    assert.equal((await methods(name)).length, allowBackorder ? 201 : 101);
  }
});

test('what cannot be added is not added', async () => {
  const most = '9223372036854775807';
  const { name } = await createProduct({ title: 'Full', inventory: most });
  await refused(adjust(name, 1), 'OUT_OF_RANGE', 'delta');
  await refused(adjust(name, 0), 'INVALID_ARGUMENT', 'delta');
  await refusedRest(400, 'delta', 'POST', `/v1/${name}:adjustInventory`, { delta: most });
  await refused(adjust(name, '-9223372036854775808'), 'FAILED_PRECONDITION', 'delta');
  assert.equal((await adjust(name, `-${most}`)).inventory, '0');
  await refused(adjust(name, -1), 'FAILED_PRECONDITION', 'delta');
  await client.call('UpdateProduct', update({ name, allowBackorder: true }, 'allow_backorder'));
  assert.equal((await adjust(name, '-9223372036854775808')).inventory, '-9223372036854775808');
  await refused(adjust(name, -1), 'OUT_OF_RANGE', 'delta');
  await refused(client.call('UpdateProduct', update({ name }, 'allow_backorder')), 'INVALID_ARGUMENT', 'product.inventory');
  await refused(adjust('products/987654321', 1), 'NOT_FOUND');
});

test('nor to the stock of a variant', async () => {
  const { name: parent } = await createProduct({ title: 'Full forms' });
  const { name } = await client.call('CreateVariant',
    { parent, variant: { sku: 'FULL-1', inventory: '9223372036854775807' } });
  const adjustVariant = (delta) => client.call('AdjustVariantInventory', { name, delta });
  await refused(adjustVariant('1'), 'OUT_OF_RANGE', 'delta');
  await refused(adjustVariant('-9223372036854775808'), 'FAILED_PRECONDITION', 'delta');
  assert.equal((await adjustVariant('-9223372036854775807')).inventory, '0');
});

test('one adjustment with a request id is made once', async () => {
  const { name } = await createProduct({ title: 'Counted', inventory: '1' });
  const requestId = randomUUID();
  const answers = await Promise.all(times(20, () => adjust(name, -1, { requestId })));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal((await get(name)).inventory, '0');
  assert.equal((await adjust(name, -1, { validateOnly: true }).catch((error) => error)).code, status.FAILED_PRECONDITION);
});

// --- Lookups ---

const lookup = (slug) => client.call('LookupProduct', { slug });
const rename = (name, slug) => client.call('UpdateProduct', update({ name, slug }, 'slug'));

test('a product is found by the slug it has and by those it had', async () => {
  const made = await createProduct({ title: 'Walker', slug: 'walker-1' });
  const plain = await lookup('walker-1');
  assert.deepEqual(plain.product, made);
  assert.equal(plain.moved, null);
  assert.equal(plain.variant, null);
  await rename(made.name, 'walker-2');
  const last = await rename(made.name, 'walker-3');
  for (const slug of ['walker-1', 'walker-2']) {
    const { product, moved } = await lookup(slug);
    assert.deepEqual(product, last);
    assert.equal(moved.slug, slug);
    assert.equal(moved.resource, made.name);
    assert.equal(moved.currentSlug, 'walker-3');
    assert.ok(Number(moved.createTime.seconds) >= Number(made.createTime.seconds));
  }
  assert.equal((await lookup('walker-3')).moved, null);
  await rename(made.name, 'walker-1');
  assert.equal((await lookup('walker-1')).moved, null);
  assert.equal((await lookup('walker-3')).moved.currentSlug, 'walker-1');
});

test('a slug that another has taken leads to that one, or nowhere', async () => {
  const old = await createProduct({ title: 'Old', slug: 'stage' });
  await rename(old.name, 'stage-left');
  const heir = await createProduct({ title: 'Heir', slug: 'stage' });
  const { product, moved } = await lookup('stage');
  assert.equal(product.name, heir.name);
  assert.equal(moved, null);
  await rename(heir.name, 'stage-right');
  assert.equal((await lookup('stage')).product.name, heir.name);
  await client.call('DeleteProduct', { name: heir.name });
  await refused(lookup('stage'), 'NOT_FOUND');
  await refused(lookup('stage-right'), 'NOT_FOUND');
  assert.equal((await lookup('stage-left')).product.name, old.name);
  await client.call('UndeleteProduct', { name: heir.name });
  assert.equal((await lookup('stage')).product.name, heir.name);

  const third = await createProduct({ title: 'Third', slug: 'stage' });
  await client.call('DeleteProduct', { name: third.name });
  await refused(lookup('stage'), 'NOT_FOUND');
});

test('a slug that is taken while it is given up leads to the taker only', async () => {
  for (let round = 0; round < 20; round++) {
    const slug = `baton-${round}`;
    const giver = await createProduct({ title: 'Giver', slug });
    const [, taken] = await Promise.allSettled([
      rename(giver.name, `${slug}-given`), createProduct({ title: 'Taker', slug })]);
    if (taken.status === 'rejected') continue;
    assert.equal((await lookup(slug)).product.name, taken.value.name);
    await client.call('DeleteProduct', { name: taken.value.name });
    await refused(lookup(slug), 'NOT_FOUND');
  }
});

test('a category is found by its slugs, too', async () => {
  const made = await createCategory({ title: 'Aisle', slug: 'aisle' });
  await createProduct({ title: 'In it', category: made.name });
  const now = await client.call('UpdateCategory', { category: { name: made.name, slug: 'aisle-2' }, updateMask: { paths: ['slug'] } });
  const { category, moved } = await client.call('LookupCategory', { slug: 'aisle' });
  assert.deepEqual(category, now);
  assert.equal(category.productCount, '1');
  assert.equal(moved.currentSlug, 'aisle-2');
  assert.equal((await client.call('LookupCategory', { slug: 'aisle-2' })).moved, null);
  await refused(client.call('LookupCategory', { slug: 'no-aisle' }), 'NOT_FOUND');
  await refused(client.call('LookupCategory', {}), 'INVALID_ARGUMENT', 'slug');
});

test('a product is found by the SKU of a variant', async () => {
  const product = await createProduct({ title: 'Sold in sizes', price: { currencyCode: 'EUR', units: '5', nanos: 0 } });
  const variant = await client.call('CreateVariant', { parent: product.name, variant: { sku: 'Größe/1 ø', title: 'One' } });
  const found = await client.call('LookupProduct', { sku: 'Größe/1 ø' });
  assert.deepEqual(found.variant, variant);
  assert.deepEqual(found.product, await get(product.name));
  assert.equal(found.moved, null);
  const rest = await instance.call('GET', `/v1/products:lookup?sku=${encodeURIComponent('Größe/1 ø')}`);
  assert.equal(rest.variant.name, variant.name);
  await client.call('DeleteProduct', { name: product.name });
  await refused(client.call('LookupProduct', { sku: 'Größe/1 ø' }), 'NOT_FOUND');
  await refused(client.call('LookupProduct', { sku: '' }), 'INVALID_ARGUMENT', 'sku');
  await refused(client.call('LookupProduct', { sku: 'x'.repeat(65) }), 'INVALID_ARGUMENT', 'sku');
});

test('over REST a former slug is a redirect, with the answer in it', async () => {
  const product = await createProduct({ title: 'Mover', slug: 'mover-1' });
  await rename(product.name, 'mover-2');
  const category = await createCategory({ title: 'Mover', slug: 'mover-1' });
  await client.call('UpdateCategory', { category: { name: category.name, slug: 'mover-2' }, updateMask: { paths: ['slug'] } });
  for (const [collection, field, { name }] of [['products', 'product', product], ['categories', 'category', category]]) {
    const url = `/v1/${collection}:lookup`;
    const moved = await instance.rest('GET', `${url}?slug=mover-1`);
    assert.equal(moved.status, 301);
    assert.equal(moved.headers.get('location'), `${url}?slug=mover-2`);
    assert.equal(moved.headers.get('cache-control'), 'private, no-cache');
    assert.equal(moved.headers.get('content-type'), 'application/json');
    assert.equal(moved.body[field].name, name);
    assert.equal(moved.body.moved.currentSlug, 'mover-2');
    assert.equal((await instance.rest('HEAD', `${url}?slug=mover-1`)).headers.get('location'), `${url}?slug=mover-2`);
    const current = await instance.rest('GET', `${url}?slug=mover-2`);
    assert.equal(current.status, 200);
    assert.equal(current.headers.get('location'), null);
    assert.equal(current.body.moved, undefined);
    const followed = await fetch(`${instance.http}${url}?slug=mover-1`);
    assert.equal(followed.status, 200);
    assert.ok(followed.redirected);
    assert.deepEqual(await followed.json(), current.body);
    // As it was written, but for the value.
    const odd = await instance.rest('GET', `${url}?&%73lug=%6dover-1&`);
    assert.equal(odd.headers.get('location'), `${url}?%73lug=mover-2`);
    assert.equal((await instance.rest('GET', `/${url}?slug=mover-1`)).status, 404);
  }
});

test('a lookup by nothing, or by what is no slug, is refused', async () => {
  await refused(client.call('LookupProduct', {}), 'INVALID_ARGUMENT', 'key');
  await refused(lookup('no such'), 'INVALID_ARGUMENT', 'slug');
  await refused(lookup('x'.repeat(256)), 'INVALID_ARGUMENT', 'slug');
  await refused(lookup('nobody-has-it'), 'NOT_FOUND');
  const both = await instance.rest('GET', '/v1/products:lookup?slug=a&sku=b');
  assert.equal(both.status, 400);
});

// --- Batch get ---

test('several products are read in the order they are asked for', async () => {
  const { products } = await batchCreate(times(1000, (i) => ({ title: `Read ${i}` })));
  const [first, second] = products;
  const read = (names) => client.call('BatchGetProducts', { names });
  const names = products.map(({ name }) => name).reverse();
  assert.deepEqual((await read(names)).products, [...products].reverse());
  assert.deepEqual((await read([second.name, first.name, second.name])).products, [second, first, second]);
  const gone = await client.call('DeleteProduct', { name: first.name });
  assert.deepEqual((await read([gone.name])).products, [gone]);
  const query = [second, gone].map(({ name }) => `names=${name}`).join('&');
  const rest = await instance.call('GET', `/v1/products:batchGet?${query}`);
  assert.deepEqual(rest.products.map(({ name }) => name), [second.name, gone.name]);
  const error = await refused(read([second.name, 'products/987654321']), 'NOT_FOUND');
  assert.match(error.message, /products\/987654321 does not exist/);
  await refused(read([]), 'INVALID_ARGUMENT', 'names');
  await refused(read([second.name, 'categories/1']), 'INVALID_ARGUMENT', 'names[1]');
  await refused(read([...names, second.name]), 'INVALID_ARGUMENT', 'names');
});

// --- Audit ---

test('the audit log has who wrote what, and only what happened', async () => {
  const requestId = randomUUID();
  const before = await count('audit_entry');
  const made = await createProduct({ title: 'Watched', brand: 'B',
    price: { currencyCode: 'EUR', units: '9', nanos: 500000000 } }, { requestId });
  await createProduct({ title: 'Watched', brand: 'B',
    price: { currencyCode: 'EUR', units: '9', nanos: 500000000 } }, { requestId });
  await client.call('UpdateProduct', { ...update({ name: made.name, title: 'Seen' }, 'title'), validateOnly: true });
  await refused(client.call('UpdateProduct', update({ name: made.name, title: '' }, 'title')), 'INVALID_ARGUMENT');
  await refused(client.call('UpdateProduct', update({ name: made.name, category: 'categories/987654' }, 'category')), 'INVALID_ARGUMENT');
  assert.equal(await count('audit_entry') - before, 1);
  await client.call('UpdateProduct', update({ name: made.name, title: 'Seen', brand: 'B',
    tags: ['t'], inventory: '3', price: { currencyCode: 'USD', units: '9', nanos: 0 } },
  'title', 'brand', 'tags', 'inventory', 'price'));
  const [created, changed] = await audit(made.name);
  const sorted = (changes) => changes.sort((a, b) => (a.field < b.field ? -1 : 1));
  assert.equal(created.principal, 'anonymous');
  assert.equal(created.request, requestId);
  assert.deepEqual(sorted(created.changes), [
    { field: 'brand', old: null, new: 'B' },
    { field: 'price', old: null, new: { currencyCode: 'EUR', units: '9', nanos: 500000000 } },
    { field: 'slug', old: null, new: made.slug },
    { field: 'state', old: null, new: 'STATE_DRAFT' },
    { field: 'title', old: null, new: 'Watched' }]);
  assert.equal(changed.request, null);
  assert.deepEqual(sorted(changed.changes), [
    { field: 'inventory', old: '0', new: '3' },
    { field: 'price', old: { currencyCode: 'EUR', units: '9', nanos: 500000000 }, new: { currencyCode: 'USD', units: '9', nanos: 0 } },
    { field: 'tags', old: [], new: ['t'] },
    { field: 'title', old: 'Watched', new: 'Seen' }]);
});

const entries = async (request) => (await client.call('ListAuditEntries', request)).auditEntries;

test('the audit log is listed by filter, newest first', async () => {
  const requestId = randomUUID();
  const { name } = await createProduct({ title: 'Logged', inventory: '2', tags: ['a'],
    attributes: { fields: { depth: { numberValue: 2.5 } } } }, { requestId });
  await client.call('UpdateProduct', update({ name, title: 'Logged twice' }, 'title'));
  await client.call('DeleteProduct', { name });
  const { auditEntries: all } = await instance.call('GET',
    `/v1/auditEntries?filter=${encodeURIComponent(`resource = "${name}"`)}`);
  assert.deepEqual(all.map((entry) => entry.method), ['DeleteProduct', 'UpdateProduct', 'CreateProduct']);
  const [deleted, updated, created] = all;
  assert.match(created.name, /^auditEntries\/[1-9]\d*$/);
  assert.equal(created.principal, 'anonymous');
  assert.equal(created.requestId, requestId);
  assert.equal(updated.requestId, '');
  assert.ok(created.createTime < updated.createTime && updated.createTime < deleted.createTime);
  assert.deepEqual(updated.changes, [{ field: 'title', oldValue: 'Logged', newValue: 'Logged twice' }]);
  assert.deepEqual(Object.fromEntries(created.changes.map(({ field, oldValue, newValue }) => [field, [oldValue, newValue]])), {
    title: [null, 'Logged'], slug: [null, 'logged'], inventory: [null, '2'], tags: [null, ['a']],
    attributes: [null, { depth: 2.5 }], state: [null, 'STATE_DRAFT'] });
  assert.equal(deleted.changes[0].field, 'delete_time');
  assert.equal(deleted.changes[0].oldValue, null);

  const of = (filter, rest = {}) => entries({ filter: `resource = "${name}" AND ${filter}`, ...rest });
  const methodsOf = (list) => list.map((entry) => entry.method);
  assert.deepEqual(methodsOf(await of('method = "UpdateProduct"')), ['UpdateProduct']);
  assert.deepEqual(methodsOf(await of('NOT method = "Delete*"')), ['UpdateProduct', 'CreateProduct']);
  assert.deepEqual(methodsOf(await entries({ filter: `request_id = "${requestId}"` })), ['CreateProduct']);
  assert.deepEqual(methodsOf(await of(`create_time >= "${updated.createTime}"`)), ['DeleteProduct', 'UpdateProduct']);
  assert.deepEqual(methodsOf(await of('principal = "anonymous"', { orderBy: 'create_time' })),
    ['CreateProduct', 'UpdateProduct', 'DeleteProduct']);
  assert.deepEqual(await of('principal = "nobody"'), []);
  await refused(entries({ filter: 'changes : "x"' }), 'INVALID_ARGUMENT', 'filter');
  await refused(entries({ orderBy: 'method' }), 'INVALID_ARGUMENT', 'order_by');
});

test('pages of the audit log leave nothing out and repeat nothing', async () => {
  const total = await count('audit_entry');
  const seen = [];
  let pageToken = '';
  do {
    const page = await client.call('ListAuditEntries', { pageSize: 700, pageToken, includeTotalSize: true });
    assert.ok(Number(page.totalSize) >= total);
    seen.push(...page.auditEntries.map((entry) => entry.name));
    pageToken = page.nextPageToken;
    await createProduct({ title: 'Written meanwhile' });
  } while (pageToken !== '');
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen.length, total);
});
