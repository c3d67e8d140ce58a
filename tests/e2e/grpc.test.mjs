// The life of products and categories over gRPC, with another language's official client.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, healthClient, listAll, status } from './support/clients.mjs';
import { Instance } from './support/instance.mjs';

let instance;
let client;

before(async () => {
  instance = await Instance.start({ seed: true });
  client = catalogClient(instance.grpc);
});
after(async () => {
  client?.close();
  await instance?.stop();
});

const create = (product, options = {}) => client.call('CreateProduct', { product, ...options });
const update = (product, ...paths) =>
  client.call('UpdateProduct', { product, ...(paths.length > 0 && { updateMask: { paths } }) });

test('the sample catalog is a tree with products in it', async () => {
  const categories = await listAll(client, 'ListCategories', 'categories', { pageSize: 5 });
  const products = await listAll(client, 'ListProducts', 'products', { pageSize: 50 });
  assert.ok(categories.length >= 8, `${categories.length} categories`);
  assert.ok(products.length >= 120, `${products.length} products`);
  assert.ok(categories.some((category) => category.parent !== ''));
  const names = new Set(categories.map((category) => category.name));
  for (const product of products) assert.ok(names.has(product.category), product.name);
});

test('create, read, change, delete', async () => {
  const created = await create({
    title: 'Über-Lampe', price: { currencyCode: 'JPY', units: '9223372036854775807', nanos: 0 },
  }).catch((error) => error);
  // An amount beyond what a price can be is refused or kept exactly; never rounded.
  if (created instanceof Error) assert.equal(created.code, status.INVALID_ARGUMENT);
  else assert.equal(created.price.units, '9223372036854775807');

  const product = await create({ title: 'Über-Lampe', price: { currencyCode: 'EUR', units: '0', nanos: 10_000_000 } });
  assert.deepEqual(await client.call('GetProduct', { name: product.name }), product);
  assert.equal(product.price.nanos, 10_000_000);
  const changed = await update({ name: product.name, title: 'Lampe', brand: 'Not this' }, 'title');
  assert.deepEqual([changed.title, changed.brand], ['Lampe', '']);
  const deleted = await client.call('DeleteProduct', { name: product.name, etag: changed.etag });
  assert.ok(deleted.deleteTime);
  await assert.rejects(client.call('DeleteProduct', { name: product.name }), { code: status.NOT_FOUND });
});

test('without a mask, the fields that are present are changed', async () => {
  const { name } = await create({ title: 'Old', brand: 'Keep' });
  const changed = await update({ name, title: 'New' });
  assert.deepEqual([changed.title, changed.brand], ['New', 'Keep']);
});

test('output fields in input are ignored on create', async () => {
  const created = await create({ title: 'Ignored', name: 'products/7777777', variantCount: 9, etag: '"x"' });
  assert.notEqual(created.name, 'products/7777777');
  assert.equal(created.variantCount, 0);
});

test('a request id makes a retry the same request', async () => {
  const requestId = randomUUID();
  const first = await create({ title: 'Retried' }, { requestId });
  const second = await create({ title: 'Retried' }, { requestId });
  assert.deepEqual(second, first);
  await assert.rejects(create({ title: 'Other' }, { requestId }), { code: status.INVALID_ARGUMENT });
  const changed = await client.call('UpdateProduct', {
    product: { name: first.name, title: 'Changed' }, updateMask: { paths: ['title'] }, requestId: randomUUID(),
  });
  assert.equal(changed.title, 'Changed');
});

test('page sizes: 25 by default, 1000 at most', async () => {
  const page = await client.call('ListProducts', {});
  assert.equal(page.products.length, 25);
  assert.equal(page.totalSize, '0', 'not counted unless asked');
  const most = await client.call('ListProducts', { pageSize: 100_000, includeTotalSize: true });
  assert.equal(Number(most.totalSize), most.products.length);
});

test('a walk repeats and drops nothing while others write', async () => {
  const before = new Set((await listAll(client, 'ListProducts', 'products', { pageSize: 1000 })).map((p) => p.name));
  let walking = true;
  const writer = (async () => {
    let written = 0;
    while (walking) {
      const { name } = await create({ title: `Noise ${written++}` });
      if (written % 2 === 0) await client.call('DeleteProduct', { name });
    }
    return written;
  })();
  const walked = (await listAll(client, 'ListProducts', 'products', { pageSize: 3 })).map((p) => p.name);
  walking = false;
  assert.ok((await writer) > 0);
  assert.equal(new Set(walked).size, walked.length, 'none twice');
  const seen = new Set(walked);
  assert.deepEqual([...before].filter((name) => !seen.has(name)), [], 'none left out');
});

test('concurrent changes with one etag: one wins', async () => {
  const { name, etag } = await create({ title: 'Contended' });
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) =>
    update({ name, title: `Writer ${i}`, etag }, 'title')));
  const won = results.filter((result) => result.status === 'fulfilled');
  assert.equal(won.length, 1);
  for (const { reason } of results.filter((result) => result.status === 'rejected')) {
    assert.equal(reason.code, status.ABORTED);
  }
});

test('a deadline that has passed is DEADLINE_EXCEEDED', async () => {
  await assert.rejects(client.call('ListProducts', { pageSize: 1000 }, { timeoutMs: 1 }),
    { code: status.DEADLINE_EXCEEDED });
  assert.equal((await client.call('ListProducts', { pageSize: 1 })).products.length, 1);
});

test('health says SERVING', async () => {
  const health = healthClient(instance.grpc);
  try {
    for (const service of ['', 'nexus.catalog.v1.CatalogService']) {
      assert.equal((await health.call('Check', { service })).status, 'SERVING', service);
    }
    await assert.rejects(health.call('Check', { service: 'no.such.Service' }), { code: status.NOT_FOUND });
  } finally {
    health.close();
  }
});

test('a category that has contents is deleted only by force', async () => {
  const call = (method, request) => client.call(method, request);
  const parent = await call('CreateCategory', { category: { title: 'Full' } });
  const product = await create({ title: 'Inside', category: parent.name });
  assert.equal((await call('GetCategory', { name: parent.name })).productCount, '1');
  await assert.rejects(call('DeleteCategory', { name: parent.name }), { code: status.FAILED_PRECONDITION });
  await client.call('DeleteProduct', { name: product.name });
  assert.equal((await call('GetCategory', { name: parent.name })).productCount, '0');
  assert.ok((await call('DeleteCategory', { name: parent.name })).deleteTime);
});
