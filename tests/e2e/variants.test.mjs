// The variants of products, over gRPC and REST: their life, their rules, and many writers at once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, listAll, status } from './support/clients.mjs';
import { checkGrpc, checkRest } from './support/faults.mjs';
import { Instance } from './support/instance.mjs';

const PRODUCT = 'products/1';
const BACKORDERED = 'products/2';
const DELETED = 'products/3';
const NOBODY = 'products/987654321';
const VARIANT = `${PRODUCT}/variants/1`;
const OF_DELETED = `${DELETED}/variants/3`;
const TAKEN_SKU = 'TAKEN';

const usd = (units, nanos = 0) => ({ currencyCode: 'USD', units, nanos });

// A fault in a field of a new variant, by both ways in.
const field = (name, code, http, path, variant, parent = PRODUCT) => ({
  name, code, http, field: path,
  rest: ['POST', `/v1/${parent}/variants`, { sku: 'NEW', ...variant }],
  grpc: ['CreateVariant', { parent, variant: { sku: 'NEW', ...variant } }],
});

// A fault in the name, of every RPC that takes one.
const named = (name, code, http, path, variant) => [
  {
    name: `Get: ${name}`, code, http, field: path && 'name',
    rest: ['GET', `/v1/${variant}`], grpc: ['GetVariant', { name: variant }],
  },
  ...writesOf(name, code, http, path, variant),
];
const writesOf = (name, code, http, path, variant) => [
  {
    name: `Update: ${name}`, code, http, field: path && 'variant.name',
    rest: ['PATCH', `/v1/${variant}`, { title: 'x' }],
    grpc: ['UpdateVariant', { variant: { name: variant, title: 'x' } }],
  },
  {
    name: `Delete: ${name}`, code, http, field: path && 'name',
    rest: ['DELETE', `/v1/${variant}`], grpc: ['DeleteVariant', { name: variant }],
  },
  {
    name: `Adjust: ${name}`, code, http, field: path && 'name',
    rest: ['POST', `/v1/${variant}:adjustInventory`, { delta: '1' }],
    grpc: ['AdjustVariantInventory', { name: variant, delta: '1' }],
  },
];

const ROWS = [
  field('no sku', 'INVALID_ARGUMENT', 400, 'variant.sku', { sku: '' }),
  field('sku over 64', 'INVALID_ARGUMENT', 400, 'variant.sku', { sku: 'ä'.repeat(65) }),
  field('sku with NUL', 'INVALID_ARGUMENT', 400, 'variant.sku', { sku: 'a\0b' }),
  field('sku taken', 'ALREADY_EXISTS', 409, 'variant.sku', { sku: TAKEN_SKU }),
  field('sku taken by a variant of another product', 'ALREADY_EXISTS', 409, 'variant.sku',
    { sku: TAKEN_SKU }, BACKORDERED),
  field('title over 255', 'INVALID_ARGUMENT', 400, 'variant.title', { title: 'ä'.repeat(256) }),
  field('negative price', 'INVALID_ARGUMENT', 400, 'variant.price', { price: usd('-1') }),
  field('mixed signs in a price', 'INVALID_ARGUMENT', 400, 'variant.price', { price: usd('1', -10_000_000) }),
  field('price finer than a cent', 'INVALID_ARGUMENT', 400, 'variant.price', { price: usd('1', 1_000_000) }),
  field('no such currency', 'INVALID_ARGUMENT', 400, 'variant.price',
    { price: { currencyCode: 'ZZZ', units: '1' } }),
  field('price without a currency', 'INVALID_ARGUMENT', 400, 'variant.price', { price: { units: '1' } }),
  field('negative inventory', 'INVALID_ARGUMENT', 400, 'variant.inventory', { inventory: '-1' }),
  field('attributes over 64 KiB', 'INVALID_ARGUMENT', 400, 'variant.attributes',
    { attributes: { fields: { a: { stringValue: 'x'.repeat(65 * 1024) } } } }),
  field('no such product', 'NOT_FOUND', 404, undefined, {}, NOBODY),
  field('no such product, and no stock', 'NOT_FOUND', 404, undefined, { inventory: '-1' }, NOBODY),
  field('a deleted product', 'NOT_FOUND', 404, undefined, {}, DELETED),
  field('a product of a wrong form', 'INVALID_ARGUMENT', 400, 'parent', {}, 'products/blue'),
  { ...field('a parent that is no product', 'INVALID_ARGUMENT', 400, 'parent', {}, 'categories/1'), rest: undefined },
  { ...field('no parent', 'INVALID_ARGUMENT', 400, 'parent', {}, ''), rest: undefined },
  {
    name: 'no variant', code: 'INVALID_ARGUMENT', http: 400, field: 'variant',
    rest: ['POST', `/v1/${PRODUCT}/variants`, ''],
    grpc: ['CreateVariant', { parent: PRODUCT }],
  },
  {
    name: 'id taken', code: 'ALREADY_EXISTS', http: 409, field: 'variant_id',
    rest: ['POST', `/v1/${PRODUCT}/variants?variantId=1`, { sku: 'NEW' }],
    grpc: ['CreateVariant', { parent: PRODUCT, variantId: '1', variant: { sku: 'NEW' } }],
  },
  {
    name: 'negative id', code: 'INVALID_ARGUMENT', http: 400, field: 'variant_id',
    rest: ['POST', `/v1/${PRODUCT}/variants?variantId=-1`, { sku: 'NEW' }],
    grpc: ['CreateVariant', { parent: PRODUCT, variantId: '-1', variant: { sku: 'NEW' } }],
  },
  ...named('no such variant', 'NOT_FOUND', 404, undefined, `${PRODUCT}/variants/987654321`),
  ...named('a variant of another product', 'NOT_FOUND', 404, undefined, `${BACKORDERED}/variants/1`),
  ...named('a variant of a product that never was', 'NOT_FOUND', 404, undefined, `${NOBODY}/variants/1`),
  ...writesOf('a variant of a deleted product', 'NOT_FOUND', 404, undefined, OF_DELETED),
  ...named('a name of a wrong form', 'INVALID_ARGUMENT', 400, 'name', `${PRODUCT}/variants/blue`),
  ...named('leading zeros', 'INVALID_ARGUMENT', 400, 'name', `${PRODUCT}/variants/01`),
  {
    name: 'sku taken, update', code: 'ALREADY_EXISTS', http: 409, field: 'variant.sku',
    rest: ['PATCH', `/v1/${PRODUCT}/variants/2`, { sku: TAKEN_SKU }],
    grpc: ['UpdateVariant', { variant: { name: `${PRODUCT}/variants/2`, sku: TAKEN_SKU } }],
  },
  {
    name: 'sku emptied', code: 'INVALID_ARGUMENT', http: 400, field: 'variant.sku',
    rest: ['PATCH', `/v1/${VARIANT}?updateMask=sku`, {}],
    grpc: ['UpdateVariant', { variant: { name: VARIANT }, updateMask: { paths: ['sku'] } }],
  },
  {
    name: 'negative inventory, update', code: 'INVALID_ARGUMENT', http: 400, field: 'variant.inventory',
    rest: ['PATCH', `/v1/${VARIANT}`, { inventory: '-1' }],
    grpc: ['UpdateVariant', { variant: { name: VARIANT, inventory: '-1' } }],
  },
  {
    name: 'mask that names an output field', code: 'INVALID_ARGUMENT', http: 400, field: 'update_mask',
    rest: ['PATCH', `/v1/${VARIANT}?updateMask=effectivePrice`, {}],
    grpc: ['UpdateVariant', { variant: { name: VARIANT }, updateMask: { paths: ['effective_price'] } }],
  },
  {
    name: 'stale etag', code: 'ABORTED', http: 409,
    rest: ['PATCH', `/v1/${VARIANT}`, { title: 'x', etag: '"1"' }],
    grpc: ['UpdateVariant', { variant: { name: VARIANT, title: 'x', etag: '"1"' } }],
  },
  {
    name: 'stale etag of a delete', code: 'ABORTED', http: 409,
    rest: ['DELETE', `/v1/${VARIANT}?etag=%221%22`],
    grpc: ['DeleteVariant', { name: VARIANT, etag: '"1"' }],
  },
  { name: 'stale If-Match', http: 412, code: 'ABORTED',
    rest: ['PATCH', `/v1/${VARIANT}`, { title: 'x' }, { 'if-match': '"1"' }] },
  { name: 'stale If-Match of a delete', http: 412, code: 'ABORTED',
    rest: ['DELETE', `/v1/${VARIANT}`, undefined, { 'if-match': '"1"' }] },
  {
    name: 'delta 0', code: 'INVALID_ARGUMENT', http: 400, field: 'delta',
    rest: ['POST', `/v1/${VARIANT}:adjustInventory`, {}],
    grpc: ['AdjustVariantInventory', { name: VARIANT }],
  },
  {
    name: 'more than is in stock', code: 'FAILED_PRECONDITION', http: 400, field: 'delta',
    rest: ['POST', `/v1/${VARIANT}:adjustInventory`, { delta: '-6' }],
    grpc: ['AdjustVariantInventory', { name: VARIANT, delta: '-6' }],
  },
  {
    name: 'more than can be counted', code: 'OUT_OF_RANGE', http: 400, field: 'delta',
    rest: ['POST', `/v1/${VARIANT}:adjustInventory`, { delta: '9223372036854775807' }],
    grpc: ['AdjustVariantInventory', { name: VARIANT, delta: '9223372036854775807' }],
  },
  {
    name: 'list of no product', code: 'NOT_FOUND', http: 404,
    rest: ['GET', `/v1/${NOBODY}/variants`],
    grpc: ['ListVariants', { parent: NOBODY }],
  },
  {
    name: 'list of a deleted product', code: 'NOT_FOUND', http: 404,
    rest: ['GET', `/v1/${DELETED}/variants?includeTotalSize=true`],
    grpc: ['ListVariants', { parent: DELETED, includeTotalSize: true }],
  },
  {
    name: 'list of a wrong form', code: 'INVALID_ARGUMENT', http: 400, field: 'parent',
    rest: ['GET', '/v1/products/blue/variants'],
    grpc: ['ListVariants', { parent: VARIANT }],
  },
  {
    name: 'filter of no field', code: 'INVALID_ARGUMENT', http: 400, field: 'filter',
    rest: ['GET', `/v1/${PRODUCT}/variants?filter=colour%3D1`],
    grpc: ['ListVariants', { parent: PRODUCT, filter: 'colour = 1' }],
  },
  {
    name: 'order_by of no field', code: 'INVALID_ARGUMENT', http: 400, field: 'order_by',
    rest: ['GET', `/v1/${PRODUCT}/variants?orderBy=colour`],
    grpc: ['ListVariants', { parent: PRODUCT, orderBy: 'colour' }],
  },
  {
    name: 'page_size -1', code: 'INVALID_ARGUMENT', http: 400, field: 'page_size',
    rest: ['GET', `/v1/${PRODUCT}/variants?pageSize=-1`],
    grpc: ['ListVariants', { parent: PRODUCT, pageSize: -1 }],
  },
];

let instance;
let client;
let stored;

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const createProduct = (product, options = {}) => client.call('CreateProduct', { product, ...options });
const getProduct = (name) => client.call('GetProduct', { name });
let skus = 0;
const createVariant = (parent, variant = {}, options = {}) => client.call('CreateVariant',
  { parent, variant: { sku: `SKU-${++skus}`, ...variant }, ...options });
const getVariant = (name) => client.call('GetVariant', { name });
const updateVariant = (variant, ...paths) =>
  client.call('UpdateVariant', { variant, ...(paths.length > 0 && { updateMask: { paths } }) });
const deleteVariant = (name, options = {}) => client.call('DeleteVariant', { name, ...options });
const adjust = (name, delta, options = {}) =>
  client.call('AdjustVariantInventory', { name, delta: String(delta), ...options });
const listVariants = (parent, request = {}) =>
  listAll(client, 'ListVariants', 'variants', { parent, ...request });

const contents = () => instance.sql(`
  select (select jsonb_agg(v order by id) from catalog.variant as v),
         (select jsonb_agg(p order by id) from catalog.product as p),
         (select count(*) from catalog.audit_entry)`);

// The answers of those that went well, and the codes of the others.
async function race(calls) {
  const results = await Promise.allSettled(calls);
  return {
    answers: results.filter((result) => result.status === 'fulfilled').map((result) => result.value),
    codes: results.filter((result) => result.status === 'rejected').map(({ reason }) => {
      if (reason.code === undefined) throw reason;
      return reason.code;
    }),
  };
}

// What products say of their variants is so.
async function assertCounts() {
  assert.equal(await instance.sql(`
    select count(*) from catalog.product as p
    where variant_count <> (select count(*) from catalog.variant where product_id = p.id)
       or exists (select from catalog.variant
                  where product_id = p.id and is_live <> (p.delete_time is null))`), '0');
}

before(async () => {
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  await createProduct({ title: 'Plain', price: usd('10') }, { productId: '1' });
  await createProduct({ title: 'Backordered', allowBackorder: true }, { productId: '2' });
  await createProduct({ title: 'Deleted' }, { productId: '3' });
  await createVariant(PRODUCT, { sku: TAKEN_SKU, inventory: '5' }, { variantId: '1' });
  await createVariant(PRODUCT, { sku: 'OTHER' }, { variantId: '2' });
  await createVariant(DELETED, { sku: 'GONE' }, { variantId: '3' });
  await client.call('DeleteProduct', { name: DELETED });
  stored = await contents();
});

after(async () => {
  client?.close();
  await instance?.stop();
});

for (const row of ROWS) {
  if (row.code === 'NOT_FOUND') row.reason = 'RESOURCE_NOT_FOUND';
  if (row.rest) test(`REST: ${row.name}`, () => checkRest(instance, row));
  if (row.grpc) test(`gRPC: ${row.name}`, () => checkGrpc(row, client.call(...row.grpc)));
}

test('after all of it nothing was stored', async () => {
  assert.equal(await contents(), stored);
});

test('a variant comes back as it was created, over REST', async () => {
  const sent = {
    sku: 'Größe-M/赤', title: 'Medium, red', price: { currencyCode: 'KWD', units: '12', nanos: 345_000_000 },
    inventory: '9007199254740993', attributes: { size: { w: 10.5 }, colours: ['red', null] }, position: -3,
  };
  const ignored = { name: `${PRODUCT}/variants/77`, effectivePrice: usd('1'), etag: '"1"' };
  const created = await instance.call('POST', `/v1/${PRODUCT}/variants`, { ...sent, ...ignored });
  for (const [key, value] of Object.entries(sent)) assert.deepEqual(created[key], value, key);
  assert.match(created.name, /^products\/1\/variants\/[1-9]\d*$/);
  assert.notEqual(created.name, ignored.name);
  assert.deepEqual(created.effectivePrice, sent.price);
  assert.equal(created.updateTime, created.createTime);
  const { headers, body } = await instance.rest('GET', `/v1/${created.name}`);
  assert.deepEqual(body, created);
  assert.equal(headers.get('etag'), created.etag);
  const { variants } = await instance.call('GET', `/v1/${PRODUCT}/variants?pageSize=1`);
  assert.deepEqual(variants, [created], 'its position is the first');
  const changed = await instance.rest('PATCH', `/v1/${created.name}`, { title: 'M' }, { 'if-match': created.etag });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.deepEqual({ ...changed.body, etag: 0, updateTime: 0 }, { ...created, title: 'M', etag: 0, updateTime: 0 });
  assert.notEqual(changed.body.etag, created.etag);
  const adjusted = await instance.call('POST', `/v1/${created.name}:adjustInventory`, { delta: '-3' });
  assert.equal(adjusted.inventory, '9007199254740990');
  const deleted = await instance.rest('DELETE', `/v1/${created.name}`, undefined, { 'if-match': adjusted.etag });
  assert.deepEqual([deleted.status, deleted.body], [200, {}]);
  assert.equal((await instance.rest('GET', `/v1/${created.name}`)).status, 404);
  await assertCounts();
});

test('an update changes what its mask names, and only that', async () => {
  const created = await createVariant(PRODUCT,
    { title: 'T', price: usd('3'), inventory: '4', attributes: { fields: { a: { numberValue: 1 } } }, position: 5 });
  const cleared = await updateVariant({ name: created.name, title: 'not this' }, 'price', 'attributes');
  assert.deepEqual([cleared.title, cleared.price, cleared.attributes, cleared.inventory, cleared.position],
    ['T', null, null, '4', 5]);
  assert.deepEqual(cleared.effectivePrice, usd('10'));
  const all = await updateVariant({ name: created.name, sku: created.sku }, '*');
  assert.deepEqual([all.title, all.inventory, all.position], ['', '0', 0]);
});

test('the price of a variant is its own, or that of its product', async () => {
  const { name } = await createProduct({ title: 'Priced' });
  const own = await createVariant(name, { price: usd('7') });
  const free = await createVariant(name);
  assert.deepEqual([own.effectivePrice, free.price, free.effectivePrice], [usd('7'), null, null]);
  const price = (value) => client.call('UpdateProduct', { product: { name, price: value }, updateMask: { paths: ['price'] } });
  await price(usd('20', 500_000_000));
  const dearer = await getVariant(free.name);
  assert.deepEqual([dearer.price, dearer.effectivePrice], [null, usd('20', 500_000_000)]);
  assert.deepEqual(await getVariant(own.name), own, 'one with a price of its own is as it was');
  assert.notEqual(dearer.etag, free.etag, 'what is shown has changed');
  assert.deepEqual((await listVariants(name)).map((v) => v.effectivePrice), [usd('7'), usd('20', 500_000_000)]);
  await assert.rejects(updateVariant({ name: free.name, title: 'x', etag: free.etag }), { code: status.ABORTED });
  const changed = await updateVariant({ name: free.name, title: 'x', etag: dearer.etag });
  assert.notEqual(changed.etag, dearer.etag);
  await client.call('AdjustInventory', { name, delta: '1' });
  assert.equal((await getVariant(free.name)).etag, changed.etag, 'what else the product does is nothing to it');
  const requestId = randomUUID();
  const first = await updateVariant.call(null, { name: free.name, title: 'y' });
  const again = await client.call('UpdateVariant', { variant: { name: free.name, title: 'z' }, requestId });
  await price(usd('30'));
  assert.deepEqual(await client.call('UpdateVariant', { variant: { name: free.name, title: 'z' }, requestId }),
    again, 'a retry is answered as then');
  assert.notEqual(first.etag, again.etag);
  assert.deepEqual((await getVariant(free.name)).effectivePrice, usd('30'));
});

test('a product counts its variants; its etag changes, and its update_time does not', async () => {
  const created = await createProduct({ title: 'Counting' });
  assert.equal(created.variantCount, 0);
  const variant = await createVariant(created.name);
  const one = await getProduct(created.name);
  assert.equal(one.variantCount, 1);
  assert.notEqual(one.etag, created.etag);
  assert.deepEqual(one.updateTime, created.updateTime);
  await updateVariant({ name: variant.name, title: 'x' });
  await adjust(variant.name, 1);
  assert.deepEqual(await getProduct(created.name), one, 'a change of a variant is none of the product');
  await createVariant(created.name, {}, { validateOnly: true });
  await deleteVariant(variant.name, { validateOnly: true });
  assert.deepEqual(await getProduct(created.name), one);
  await deleteVariant(variant.name);
  const none = await getProduct(created.name);
  assert.equal(none.variantCount, 0);
  assert.notEqual(none.etag, one.etag);
  const renamed = await client.call('UpdateProduct', { product: { name: created.name, title: 'New' } });
  assert.equal(renamed.variantCount, 0);
});

test('retries are carried out once', async () => {
  const { name: parent } = await createProduct({ title: 'Retried' });
  const requestIds = times(4, () => randomUUID());
  const variant = { sku: 'RETRIED', inventory: '10' };
  const twenty = async (method, request, requestId) => {
    const answers = await Promise.all(times(20, () => client.call(method, { ...request, requestId })));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    return answers[0];
  };
  const created = await twenty('CreateVariant', { parent, variant }, requestIds[0]);
  const { name } = created;
  const changed = await twenty('UpdateVariant', { variant: { name, title: 'x', etag: created.etag } }, requestIds[1]);
  const adjusted = await twenty('AdjustVariantInventory', { name, delta: '-10' }, requestIds[2]);
  assert.deepEqual([changed.title, adjusted.inventory], ['x', '0']);
  assert.deepEqual(await twenty('DeleteVariant', { name, etag: adjusted.etag }, requestIds[3]), {});
  assert.deepEqual(await client.call('DeleteVariant', { name, etag: adjusted.etag, requestId: requestIds[3] }), {});
  assert.deepEqual(await client.call('CreateVariant', { parent, variant, requestId: requestIds[0] }), created);
  const rest = () => instance.rest('DELETE', `/v1/${name}`, undefined, { 'idempotency-key': requestIds[3] });
  assert.equal((await rest()).body.error.status, 'INVALID_ARGUMENT', 'another request by that key');
  await assert.rejects(deleteVariant(name), { code: status.NOT_FOUND });
  assert.equal((await getProduct(parent)).variantCount, 0);
});

test('a sku is free again when the product is deleted, and the product then cannot come back', async () => {
  const [first, second] = await Promise.all(times(2, (i) => createProduct({ title: `Sku ${i}` })));
  const kept = await createVariant(first.name, { sku: 'MOVES' });
  await assert.rejects(createVariant(second.name, { sku: 'MOVES' }), { code: status.ALREADY_EXISTS });
  await client.call('DeleteProduct', { name: first.name });
  assert.deepEqual(await getVariant(kept.name), kept, 'a variant of a deleted product can be read');
  const heir = await createVariant(second.name, { sku: 'MOVES' });
  const row = { code: 'ALREADY_EXISTS', http: 409, field: 'name',
    rest: ['POST', `/v1/${first.name}:undelete`, {}] };
  await checkRest(instance, row);
  await checkGrpc(row, client.call('UndeleteProduct', { name: first.name }));
  await updateVariant({ name: heir.name, sku: 'MOVED' });
  assert.equal((await client.call('UndeleteProduct', { name: first.name })).variantCount, 1);
  assert.deepEqual(await getVariant(kept.name), kept);
  await assert.rejects(createVariant(second.name, { sku: 'MOVES' }), { code: status.ALREADY_EXISTS });
  await assertCounts();
});

test('stock below 0 is for backorders', async () => {
  const below = await createVariant(BACKORDERED, { inventory: '-5' });
  assert.equal(below.inventory, '-5');
  assert.equal((await updateVariant({ name: below.name, inventory: '-7' })).inventory, '-7');
  assert.equal((await adjust(below.name, -1)).inventory, '-8');
  const allow = (allowBackorder) => client.call('UpdateProduct',
    { product: { name: BACKORDERED, allowBackorder }, updateMask: { paths: ['allow_backorder'] } });
  await allow(false);
  assert.equal((await getVariant(below.name)).inventory, '-8', 'what was ordered stays so');
  assert.equal((await updateVariant({ name: below.name, title: 'x' })).inventory, '-8');
  await assert.rejects(adjust(below.name, -1), { code: status.FAILED_PRECONDITION });
  await assert.rejects(updateVariant({ name: below.name, inventory: '-8' }), { code: status.INVALID_ARGUMENT });
  assert.equal((await adjust(below.name, 3)).inventory, '-5', 'what is delivered is taken');
  await allow(true);
});

test('200 at once take from a stock of 100', async () => {
  const { name } = await createVariant(PRODUCT, { inventory: '100' });
  const { answers, codes } = await race(times(200, () => adjust(name, -1)));
  assert.equal(answers.length, 100);
  assert.deepEqual(codes, Array(100).fill(status.FAILED_PRECONDITION));
  assert.deepEqual(answers.map((answer) => Number(answer.inventory)).sort((a, b) => a - b), times(100, (i) => i));
  assert.equal((await getVariant(name)).inventory, '0');
});

test('200 at once take from a stock of 100, with backorders', async () => {
  const { name } = await createVariant(BACKORDERED, { inventory: '100' });
  const { codes } = await race(times(200, () => adjust(name, -1)));
  assert.deepEqual(codes, []);
  assert.equal((await getVariant(name)).inventory, '-100');
});

test('of many that want one sku, one gets it', async () => {
  for (let round = 0; round < 10; round++) {
    const { answers, codes } = await race(times(10, (i) =>
      createVariant(i % 2 ? PRODUCT : BACKORDERED, { sku: `WANTED-${round}` })));
    assert.equal(answers.length, 1);
    assert.deepEqual(codes, Array(9).fill(status.ALREADY_EXISTS));
  }
  await assertCounts();
});

test('variants come and go while others do the same and the product changes', async () => {
  const { name } = await createProduct({ title: 'Busy' });
  const there = await Promise.all(times(30, () => createVariant(name)));
  const { codes } = await race([
    ...times(30, () => createVariant(name)),
    ...there.slice(0, 15).map((variant) => deleteVariant(variant.name)),
    ...there.slice(0, 15).map((variant) => deleteVariant(variant.name)),
    ...there.slice(15).map((variant, i) => updateVariant({ name: variant.name, position: i })),
    ...times(15, (i) => client.call('UpdateProduct', { product: { name, brand: `Brand ${i}` } })),
    ...times(15, () => client.call('AdjustInventory', { name, delta: '1' })),
  ]);
  assert.deepEqual(codes, Array(15).fill(status.NOT_FOUND));
  const product = await getProduct(name);
  assert.deepEqual([product.variantCount, product.inventory], [45, '15']);
  await assertCounts();
});

test('no variant comes to live under a product that is deleted meanwhile', async () => {
  for (let round = 0; round < 6; round++) {
    const { name } = await createProduct({ title: `Closing ${round}` });
    const sku = (i) => `CLOSING-${round}-${i}`;
    const { codes } = await race([
      ...times(6, (i) => createVariant(name, { sku: sku(i) })),
      client.call('DeleteProduct', { name }),
      ...times(6, (i) => createVariant(name, { sku: sku(6 + i) })),
    ]);
    assert.deepEqual(codes.filter((code) => code !== status.NOT_FOUND), []);
    await assertCounts();
    // All the skus are free again, whichever were taken.
    const heirs = await Promise.all(times(12, (i) => createVariant(PRODUCT, { sku: sku(i) })));
    await Promise.all(heirs.map((heir) => deleteVariant(heir.name)));
    // And those that were are taken again once it comes back, also while more come.
    const { codes: late } = await race([
      client.call('UndeleteProduct', { name }),
      ...times(4, () => createVariant(name)),
      client.call('DeleteProduct', { name }),
    ]);
    assert.deepEqual(late.filter((code) => code !== status.NOT_FOUND), []);
    await assertCounts();
  }
});

test('the audit log tells what was done to a variant', async () => {
  const { name } = await createVariant(PRODUCT, { sku: 'AUDITED', price: usd('3') });
  await updateVariant({ name, title: 'New' });
  await adjust(name, 2);
  await deleteVariant(name);
  const rows = JSON.parse(await instance.sql(`
    select jsonb_agg(jsonb_build_object('method', method, 'changes', changes) order by id)
    from catalog.audit_entry where resource = '${name}'`));
  assert.deepEqual(rows.map((row) => row.method),
    ['CreateVariant', 'UpdateVariant', 'AdjustVariantInventory', 'DeleteVariant']);
  assert.deepEqual(rows[0].changes.map((change) => change.field).sort(), ['price', 'sku']);
  assert.deepEqual(rows[1].changes, [{ field: 'title', old: '', new: 'New' }]);
  assert.deepEqual(rows[2].changes, [{ field: 'inventory', old: '0', new: '2' }]);
  assert.deepEqual(rows[3].changes.find((change) => change.field === 'sku'), { field: 'sku', old: 'AUDITED', new: null });
});

test('variants are filtered and sorted by their fields', async () => {
  const { name } = await createProduct({ title: 'Sorted', price: usd('5') });
  const make = (sku, variant) => createVariant(name, { sku: `SORT-${sku}`, ...variant });
  const text = (value) => ({ fields: { colour: { stringValue: value } } });
  const all = [
    await make('c', { title: 'Large', inventory: '3', position: 2, attributes: text('red') }),
    await make('a', { price: usd('9'), inventory: '1', position: 2 }),
    await make('b', { price: usd('2', 500_000_000), inventory: '2', position: 1, attributes: text('blue') }),
  ];
  const list = async (filter, orderBy) => (await listVariants(name, { filter, orderBy, pageSize: 1 }))
    .map((variant) => variant.sku.slice(5)).join('');
  assert.equal(await list('', ''), 'bca');
  assert.equal(await list('', 'sku'), 'abc');
  assert.equal(await list('', 'sku desc'), 'cba');
  assert.equal(await list('', 'price desc'), 'cab', 'one without a price of its own is above all');
  assert.equal(await list('', 'effective_price desc, sku'), 'acb');
  assert.equal(await list('', 'position desc, inventory desc'), 'cab');
  assert.equal(await list('', 'name desc'), 'bac');
  assert.equal(await list('sku = "SORT-a"', ''), 'a');
  assert.equal(await list('effective_price >= 5', ''), 'ca');
  assert.equal(await list('effectivePrice.units = 2 AND effective_price.nanos > 0', ''), 'b');
  assert.equal(await list('price.currency_code = "USD"', ''), 'ba');
  assert.equal(await list('attributes.colour = "red"', ''), 'c');
  assert.equal(await list('inventory > 1 AND NOT title:"large"', ''), 'b');
  assert.equal(await list(`name = "${all[1].name}"`, ''), 'a');
  assert.equal(await list(`name = "${BACKORDERED}/variants/${all[1].name.split('/')[3]}"`, ''), '');
  assert.equal(await list('create_time <= "2000-01-01T00:00:00Z"', ''), '');
  const counted = await instance.call('GET',
    `/v1/${name}/variants?filter=inventory%20%3E%201&orderBy=sku%20desc&includeTotalSize=true&pageSize=1`);
  assert.deepEqual([counted.totalSize, counted.variants[0].name], ['2', all[0].name]);
  await checkGrpc({ code: 'INVALID_ARGUMENT', field: 'page_token' }, client.call('ListVariants',
    { parent: name, filter: 'inventory > 1', pageToken: counted.nextPageToken }));
});

test('2,100 variants of a product are listed, a page at a time, in order, while more come', async () => {
  const { name } = await createProduct({ title: 'Many forms' });
  for (let i = 0; i < 2_100; i += 100) {
    await Promise.all(times(100, (j) => createVariant(name, { position: (i + j) * 37 % 50 - 25 })));
  }
  assert.equal((await getProduct(name)).variantCount, 2_100);
  const there = new Set((await listVariants(name, { pageSize: 5000 })).map((variant) => variant.name));
  assert.equal(there.size, 2_100);
  const first = await client.call('ListVariants', { parent: name, includeTotalSize: true });
  assert.deepEqual([first.variants.length, first.totalSize], [25, '2100']);
  const seen = [];
  let pageToken = '';
  do {
    const page = await client.call('ListVariants', { parent: name, pageSize: 173, pageToken });
    seen.push(...page.variants);
    pageToken = page.nextPageToken;
    await Promise.all([createVariant(name, { position: -25 }), createVariant(name, { position: 24 })]);
  } while (pageToken);
  const id = (variant) => Number(variant.name.split('/')[3]);
  for (let i = 1; i < seen.length; i++) {
    const [a, b] = [seen[i - 1], seen[i]];
    assert.ok(a.position < b.position || (a.position === b.position && id(a) < id(b)), `${a.name} ${b.name}`);
  }
  assert.equal(seen.filter((variant) => there.has(variant.name)).length, 2_100);
  const other = { code: 'INVALID_ARGUMENT', http: 400, field: 'page_token' };
  const request = { parent: PRODUCT, pageSize: 173, pageToken: first.nextPageToken };
  await checkGrpc(other, client.call('ListVariants', request));
  await checkGrpc(other, client.call('ListProductImages', { parent: name, pageToken: first.nextPageToken }));
  await checkGrpc(other, client.call('ListProducts', { pageToken: first.nextPageToken }));
  const row = { ...other, rest: ['GET', `/v1/${PRODUCT}/variants?pageToken=${first.nextPageToken}`] };
  await checkRest(instance, row);
  const shown = await instance.call('GET', `/v1/${name}/variants?pageSize=2&includeTotalSize=true`);
  assert.equal(shown.variants.length, 2);
  assert.ok(BigInt(shown.totalSize) > 2_100n);
});
