// What is counted, and what is removed for good: counts that hold whoever writes at the same time,
// and a purge that takes what is due and nothing else.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, status } from './support/clients.mjs';
import { Instance, waitFor } from './support/instance.mjs';

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
const idOf = (resource) => resource.name.split('/')[1];
const createProduct = (product) => client.call('CreateProduct', { product: { title: 'A thing', ...product } });
const createCategory = (title, parent = '') => client.call('CreateCategory', { category: { title, parent } });
const purge = (...options) => instance.ctl(['purge', ...options]);
const number = (text, pattern) => Number(pattern.exec(text)?.[1]);

// The purge_time of deleted rows comes.
const due = (table, ...resources) => instance.sql(`update catalog.${table}
  set delete_time = now() - interval '31 days', purge_time = now() - interval '1 day'
  where id in (${resources.map(idOf)})`);

async function codeOf(call) {
  try {
    await call;
    return status.OK;
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
}

// Compares what is told with what is there.
async function assertCounts() {
  const counted = await instance.sql(`select category.id, count(product.id) from catalog.category
    left join catalog.product on product.delete_time is null and (category_id = category.id
      or additional_category_ids @> array[category.id]) group by 1 order by 1`);
  const told = [];
  for (const line of counted.split('\n')) {
    const category = await client.call('GetCategory', { name: `categories/${line.split('|')[0]}` });
    told.push(`${idOf(category)}|${category.productCount}`);
  }
  assert.deepEqual(told, counted.split('\n'));
  const statistics = await client.call('GetCatalogStatistics', {});
  const counts = await instance.sql(`select
    (select count(*) from catalog.product where delete_time is null),
    (select count(*) from catalog.product where delete_time is null and state = 1),
    (select count(*) from catalog.product where delete_time is null and state = 2),
    (select count(*) from catalog.product where delete_time is null and state = 3),
    (select count(*) from catalog.product where delete_time is not null),
    (select count(*) from catalog.variant join catalog.product on product.id = product_id
     where product.delete_time is null),
    (select count(*) from catalog.product_image join catalog.product on product.id = product_id
     where product.delete_time is null),
    (select count(*) from catalog.category where delete_time is null),
    (select count(*) from catalog.category where delete_time is not null)`);
  assert.deepEqual(Object.values(statistics), counts.split('|'));
  assert.deepEqual(await instance.call('GET', '/v1/statistics'), statistics);
}

const compacted = () => waitFor('the tally to be added up', async () => (await instance.sql(
  `select count(*) from (select from catalog.product_tally group by category_id, state
   having count(*) > 1) as crowded`)) === '0', 30_000);

test('counts are those of the rows, whoever has written at the same time', async () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const categories = [];
  for (const i of times(6, (i) => i)) categories.push((await createCategory(`Shelf ${i}`)).name);
  const some = () => categories[random(categories.length)];
  const states = ['STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED'];
  const products = [];
  const actions = [
    () => createProduct({ category: some(), additionalCategories: [...new Set([some(), some()])],
      state: states[random(3)] }).then((made) => products.push(made.name)),
    (name) => client.call('UpdateProduct', { product: { name, category: some() }, updateMask: { paths: ['category'] } }),
    (name) => client.call('UpdateProduct', { product: { name, category: '', additionalCategories: [some()] },
      updateMask: { paths: ['category', 'additional_categories'] } }),
    (name) => client.call('UpdateProduct', { product: { name, state: states[random(3)] }, updateMask: { paths: ['state'] } }),
    (name) => client.call('UpdateProduct', { product: { name, title: `Thing ${random(99)}` }, updateMask: { paths: ['title'] } }),
    (name) => client.call('DeleteProduct', { name }),
    (name) => client.call('UndeleteProduct', { name }),
  ];
  await Promise.all(times(8, () => actions[0]()));
  let isOver = false;
  const compacting = (async () => {
    while (!isOver) await purge();
  })();
  await Promise.all(times(12, async () => {
    for (let i = 0; i < 25; i++) {
      const code = await codeOf(actions[random(actions.length)](products[random(products.length)]));
      assert.ok([status.OK, status.NOT_FOUND, status.ALREADY_EXISTS].includes(code), `code ${code}`);
    }
  }));
  isOver = true;
  await compacting;
  await instance.sql(`insert into catalog.variant (product_id, sku, title, inventory, attributes, position)
    select id, 'sku-' || id || '-' || n, '', 0, '{}', n from catalog.product, generate_series(1, 3) as n`);
  await instance.sql(`insert into catalog.product_image (product_id, alt_text, position)
    select id, '', 1 from catalog.product where id % 2 = 0`);
  await instance.sql(`delete from catalog.variant where id % 5 = 0`);
  await assertCounts();
  await compacted();
  await assertCounts();
  assert.ok(Number(await instance.sql('select count(*) from catalog.product_tally')) < 40);
});

test('a change that moves nothing leaves the tally alone', async () => {
  const category = await createCategory('Still');
  const product = await createProduct({ category: category.name });
  await compacted();
  const rows = () => instance.sql('select xmin, * from catalog.product_tally order by 2, 3');
  const before = await rows();
  await client.call('UpdateProduct', { product: { name: product.name, title: 'Other', description: 'New' } });
  assert.equal(await rows(), before);
});

test('what is due is removed for good, and nothing else', async () => {
  const top = await createCategory('Going');
  const below = await createCategory('Going too', top.name);
  const kept = await createCategory('Staying');
  const filed = await createProduct({ category: below.name, additionalCategories: [kept.name, top.name] });
  const beside = await createProduct({ category: kept.name });
  const [gone, later] = [await createProduct({ title: 'Gone', category: top.name }), await createProduct({ category: top.name })];
  const requestId = randomUUID();
  const deleted = await client.call('DeleteProduct', { name: gone.name, requestId });
  await client.call('DeleteProduct', { name: later.name });
  await client.call('DeleteCategory', { name: top.name, force: true });
  await instance.sql(`insert into catalog.variant (product_id, sku, title, inventory, attributes, position)
    values (${idOf(gone)}, 'gone', '', 0, '{}', 1)`);
  await instance.sql(`insert into catalog.product_image (product_id, alt_text, position) values (${idOf(gone)}, '', 1)`);
  await instance.sql(`insert into catalog.request (id, fingerprint, answer, create_time) values
    ('${randomUUID()}', '', '[]', now() - interval '24 hours 1 second'),
    ('${randomUUID()}', '', '[]', now() - interval '23 hours')`);
  assert.match(await purge(), /removed: 0 products, 0 categories, 1 answers/);
  await due('product', gone);
  await due('category', top, below);

  assert.equal(await purge('--dry-run'), 'would be removed: 1 products, 2 categories, 0 answers to requests\n'
    + 'taken out of these categories: 2 products\n');
  const before = await client.call('GetProduct', { name: filed.name });
  assert.equal(await purge(), 'removed: 1 products, 2 categories, 0 answers to requests\n'
    + 'taken out of these categories: 2 products\n');
  assert.match(await purge(), /removed: 0 products, 0 categories, 0 answers/);

  for (const name of [gone.name]) assert.equal(await codeOf(client.call('GetProduct', { name })), status.NOT_FOUND);
  for (const { name } of [top, below]) assert.equal(await codeOf(client.call('GetCategory', { name })), status.NOT_FOUND);
  assert.equal(await codeOf(client.call('UndeleteProduct', { name: gone.name })), status.NOT_FOUND);
  const changed = await client.call('GetProduct', { name: filed.name });
  assert.equal(changed.category, '');
  assert.deepEqual(changed.additionalCategories, [kept.name]);
  assert.notEqual(changed.etag, before.etag);
  assert.equal((await client.call('UndeleteProduct', { name: later.name })).category, '');
  assert.deepEqual(await client.call('GetProduct', { name: beside.name }), beside);
  assert.equal(await instance.sql(`select (select count(*) from catalog.variant where product_id = ${idOf(gone)}),
    (select count(*) from catalog.product_image where product_id = ${idOf(gone)})`), '0|0');
  assert.equal(await instance.sql(`select principal, method, changes @> '[{"field": "title", "old": "Gone", "new": null}]'
    from catalog.audit_entry where resource = '${gone.name}' order by id desc limit 1`), 'system|Purge|t');
  assert.equal(await instance.sql(`select changes from catalog.audit_entry
    where resource = '${filed.name}' and method = 'Purge' and changes @> '[{"field": "category", "new": null}]'`)
    .then((text) => text.split('\n').length), 1);
  // A retry of what was answered before gets that answer.
  assert.deepEqual(await client.call('DeleteProduct', { name: gone.name, requestId }), deleted);
  await assertCounts();
});

test('a category that is past its purge time cannot be restored', async () => {
  const category = await createCategory('Late');
  await client.call('DeleteCategory', { name: category.name });
  await due('category', category);
  assert.equal(await codeOf(client.call('UndeleteCategory', { name: category.name })), status.NOT_FOUND);
});

test('restored or removed, never both', async () => {
  const products = await Promise.all(times(100, (i) => createProduct({ title: `Contested ${i}` })));
  await Promise.all(products.map(({ name }) => client.call('DeleteProduct', { name })));
  await due('product', ...products);
  const [codes] = await Promise.all([
    Promise.all(products.toReversed().map(async ({ name }) =>
      [name, await codeOf(client.call('UndeleteProduct', { name }))])),
    purge(),
  ]);
  for (const [name, code] of codes) {
    assert.ok(code === status.OK || code === status.NOT_FOUND, `code ${code}`);
    const found = await codeOf(client.call('GetProduct', { name }));
    assert.equal(found, code, `${name} was ${code === status.OK ? 'restored' : 'removed'}`);
  }
  await assertCounts();
});

test('several may purge at once', async () => {
  const products = await Promise.all(times(250, (i) => createProduct({ title: `Many ${i}` })));
  await Promise.all(products.map(({ name }) => client.call('DeleteProduct', { name })));
  await due('product', ...products);
  const answers = await Promise.all(times(4, () => purge()));
  answers.push(await purge()); // who comes while another one works leaves the rest to that one
  const removed = answers.map((text) => number(text, /removed: (\d+) products/));
  assert.equal(removed.reduce((a, b) => a + b), 250, answers.join());
  assert.equal(await instance.sql(`select count(*) from catalog.audit_entry where method = 'Purge'
    and resource in (${products.map(({ name }) => `'${name}'`)})`), '250');
});

test('the service purges by itself, and stops in the middle of it when told to', async () => {
  const category = await createCategory('Large');
  const product = await createProduct({ category: category.name });
  await client.call('DeleteCategory', { name: category.name, force: true });
  await due('category', category);
  await instance.service.stop();
  instance.startService({ env: { NEXUS_CATALOG_PURGE_INTERVAL_MS: '50' } });
  await instance.ready();
  await waitFor('the category to be gone', async () =>
    (await codeOf(client.call('GetCategory', { name: category.name }))) === status.NOT_FOUND);
  assert.equal((await client.call('GetProduct', { name: product.name })).category, '');
  await instance.sql(`insert into catalog.product (title, slug, description, additional_category_ids, brand, tags,
      attributes, inventory, allow_backorder, state, delete_time, purge_time)
    select 'Old', 'old-' || n, '', '{}', '', '{}', '{}', 0, false, 2, now() - interval '31 days',
      now() - interval '1 day' from generate_series(1, 5000) as n`);
  await waitFor('the purge to be at work', async () =>
    Number(await instance.sql('select count(*) from catalog.product where purge_time < now()')) < 5000);
  await instance.service.stop();
  const left = Number(await instance.sql('select count(*) from catalog.product where purge_time < now()'));
  assert.ok(left > 0, 'it was stopped in the middle');
  instance.startService();
  await instance.ready();
  assert.equal(number(await purge(), /removed: (\d+) products/), left);
  await assertCounts();
});
