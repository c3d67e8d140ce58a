// A real catalog goes in over REST and comes out over gRPC, through another language's client,
// with nothing lost, nothing doubled and nothing changed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { catalogClient, listAll, violatedFieldsOfBody } from './support/clients.mjs';
import { Instance } from './support/instance.mjs';
import {
  inParallel, openSources, plainStruct, readCategories, readProducts,
} from './support/sources.mjs';

const CONNECTIONS = 16;

let instance;
let client;
let sources;
let categories;
let nameless;
let shelves; // the categories that the products name, by title
let products;

before(async () => {
  sources = openSources();
  ({ categories, nameless } = readCategories(sources));
  products = readProducts(sources);
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
});

after(async () => {
  client?.close();
  await instance?.stop();
});

const post = (collection, idName, id, body) =>
  instance.call('POST', `/v1/${collection}?${idName}=${id}`, body);

test('a category without a name is refused, and the field is named', async () => {
  for (const sourceId of nameless) {
    const answer = await instance.rest('POST', '/v1/categories', { title: null });
    assert.equal(answer.status, 400, sourceId);
    assert.deepEqual(violatedFieldsOfBody(answer.body), ['category.title']);
  }
});

test('all categories are created, parents before children', async () => {
  const levels = [];
  for (const entry of categories) {
    entry.depth = entry.parent === null ? 0 : entry.parent.depth + 1;
    (levels[entry.depth] ??= []).push(entry);
  }
  if (sources.real) assert.equal(levels.length, 7, 'the real tree is 7 levels deep');
  for (const level of levels) {
    await inParallel(level, CONNECTIONS, (entry) =>
      post('categories', 'categoryId', entry.id, {
        title: entry.title,
        ...(entry.parent && { parent: `categories/${entry.parent.id}` }),
      }));
  }
});

test('all products are created, one category for each that they name', async () => {
  const titles = [...new Set(products.map((entry) => entry.categoryTitle))];
  shelves = new Map();
  await inParallel(titles, CONNECTIONS, async (title) => {
    // No id is asked for: numbering goes on behind the ids that were.
    const created = await instance.call('POST', '/v1/categories', { title });
    const id = Number(created.name.split('/')[1]);
    assert.ok(id > categories.at(-1).id, `${created.name} is behind the imported ones`);
    shelves.set(title, created);
  });
  await inParallel(products, CONNECTIONS, (entry) =>
    post('products', 'productId', entry.id, {
      ...entry.product,
      category: shelves.get(entry.categoryTitle).name,
    }));
});

test('gRPC lists every category as it was sent', async () => {
  const listed = await listAll(client, 'ListCategories', 'categories', { pageSize: 313 });
  assert.equal(listed.length, categories.length + shelves.size, 'as many as were created');
  const byName = new Map(listed.map((category) => [category.name, category]));
  assert.equal(byName.size, listed.length, 'none twice');
  const slugs = new Set(listed.map((category) => category.slug));
  assert.equal(slugs.size, listed.length, 'every slug is its own');
  for (const slug of slugs) assert.match(slug, /^[-a-zA-Z0-9_]{1,128}$/);
  for (const entry of categories) {
    const above = [];
    for (let e = entry.parent; e; e = e.parent) above.unshift(e);
    const name = `categories/${entry.id}`;
    const { title, parent, path, ancestors, depth, productCount } = byName.get(name);
    assert.deepEqual({ title, parent, path, ancestors, depth, productCount }, {
      title: entry.title,
      parent: entry.parent ? `categories/${entry.parent.id}` : '',
      path: [...above, entry].map((e) => e.title).join(' > '),
      ancestors: above.map((e) => `categories/${e.id}`),
      depth: above.length,
      productCount: '0',
    }, name);
  }
  for (const [title, { name }] of shelves) {
    const filed = products.filter((entry) => entry.categoryTitle === title).length;
    assert.equal(byName.get(name).title, title);
    assert.equal(byName.get(name).productCount, String(filed), `products of ${title}`);
  }
});

test('gRPC lists every product as it was sent', async () => {
  const listed = await listAll(client, 'ListProducts', 'products', { pageSize: 100 });
  assert.equal(listed.length, products.length, 'as many as were created');
  const byName = new Map(listed.map((product) => [product.name, product]));
  assert.equal(byName.size, listed.length, 'none twice');
  assert.equal(new Set(listed.map((product) => product.slug)).size, listed.length, 'own slugs');
  for (const { id, categoryTitle, product: sent } of products) {
    const name = `products/${id}`;
    const got = byName.get(name);
    assert.ok(got, `${name} is there`);
    assert.deepEqual({
      title: got.title,
      description: got.description,
      price: { ...got.price },
      category: got.category,
      brand: got.brand,
      attributes: plainStruct(got.attributes),
      state: got.state,
      tags: got.tags,
      inventory: got.inventory,
      deleteTime: got.deleteTime,
    }, {
      ...sent,
      category: shelves.get(categoryTitle).name,
      tags: [],
      inventory: '0',
      deleteTime: null,
    }, name);
    assert.match(got.slug, /^[-a-zA-Z0-9_]{1,255}$/);
    assert.notEqual(got.etag, '');
  }
});

test('the order of the list is the order of the numbers, and totals agree', async () => {
  const page = await client.call('ListProducts', { pageSize: 1000, includeTotalSize: true });
  const ids = page.products.map((product) => Number(product.name.split('/')[1]));
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  assert.equal(page.totalSize, String(products.length));
});

test('REST lists the same products as gRPC', async () => {
  const names = [];
  let token = '';
  do {
    const query = `pageSize=500&pageToken=${encodeURIComponent(token)}`;
    const page = await instance.call('GET', `/v1/products?${query}`);
    names.push(...page.products.map((product) => product.name));
    token = page.nextPageToken;
  } while (token);
  const expected = products.map((entry) => `products/${entry.id}`);
  assert.deepEqual(new Set(names), new Set(expected));
  assert.equal(names.length, expected.length);
});

test('a filter by price and category counts what the file has', async () => {
  const nanosOf = ({ units, nanos }) => BigInt(units) * 1_000_000_000n + BigInt(nanos);
  const count = async (filter) => {
    const page = await client.call('ListProducts', { filter, pageSize: 1, includeTotalSize: true });
    return Number(page.totalSize);
  };
  for (const [title, { name }] of shelves) {
    const filed = products.filter((entry) => entry.categoryTitle === title);
    for (const limit of [500, 49]) {
      const cheap = filed.filter(({ product }) => nanosOf(product.price) < BigInt(limit) * 1_000_000_000n);
      assert.equal(await count(`price<${limit} AND category:"${name}"`), cheap.length, `${title} below ${limit}`);
    }
  }
  const wide = products.filter(({ product }) => product.attributes.width > 100);
  assert.equal(await count('attributes.width > 100'), wide.length);
  const listed = await listAll(client, 'ListProducts', 'products', {
    filter: 'attributes.designer = "IKEA of Sweden"', orderBy: 'price desc, title', pageSize: 100,
  });
  const theirs = products.filter(({ product }) => product.attributes.designer === 'IKEA of Sweden');
  assert.equal(listed.length, theirs.length);
  const prices = listed.map(({ price }) => nanosOf(price));
  assert.deepEqual(prices, [...prices].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
});

// More rows than are sorted at once (storage/README.md, "Few or many").
test('many that have an attribute are listed in order, page by page', async () => {
  const filter = 'attributes.other_colors = false';
  const wanted = products.filter(({ product }) => !product.attributes.other_colors);
  if (sources.real) assert.ok(wanted.length > 1000);
  const priceOf = ({ product: { price } }) => BigInt(price.units) * 1_000_000_000n + BigInt(price.nanos);
  wanted.sort((a, b) =>
    Number(priceOf(b) - priceOf(a)) ||
    Buffer.compare(Buffer.from(a.product.title), Buffer.from(b.product.title)) || a.id - b.id);
  const listed = await listAll(client, 'ListProducts', 'products', { filter, orderBy: 'price desc, title', pageSize: 170 });
  assert.deepEqual(listed.map(({ name }) => name), wanted.map(({ id }) => `products/${id}`));
});
