// Lists: what a filter lets through and how an order sorts, against a second opinion in JavaScript;
// pages while others write; tokens that were tampered with.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  catalogClient, listAll, status, violatedFields, violatedFieldsOfBody,
} from './support/clients.mjs';
import { leavesOf, orders, randomFilter, randomFrom, sorted, viewOf } from './support/filters.mjs';
import { Instance } from './support/instance.mjs';
import { inParallel } from './support/sources.mjs';

const SEED = Number(process.env.NEXUS_TEST_SEED ?? 160);
const PRODUCTS = 240;
const FILTERS = 90;

let instance;
let client;
let categories;
let views; // of all products, deleted ones too
let live;

const random = randomFrom(SEED);

const structOf = (object) => ({
  fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, valueOf(value)])),
});
function valueOf(value) {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(value)) return { listValue: { values: value.map(valueOf) } };
  if (typeof value === 'object') return { structValue: structOf(value) };
  return { [{ string: 'stringValue', number: 'numberValue', boolean: 'boolValue' }[typeof value]]: value };
}

const TITLES = ['Chair', 'chair', 'Éclair table', 'Bar stool', 'Bookcase 50%', 'Lamp_2', 'Österlen', 'A\\B', 'Sofa "Big"', 'Ünder * star'];
const BRANDS = ['', 'IKEA', 'Fjordhus', 'été', 'a%b', 'Zed'];
const TAGS = ['oak', 'new', 'sale', 'été', 'a*b', 'two words'];

function randomFacts() {
  const facts = {};
  if (random.chance(0.7)) facts.color = random.pick(['red', 'blue', 'Grün', '10', true, null, ['red', 'blue']]);
  if (random.chance(0.7)) facts.width = random.pick([0, 10, 40, 40.5, -3, 1e6, '40', null]);
  if (random.chance(0.5)) facts.new = random.chance(0.5);
  if (random.chance(0.5)) facts.size = random.pick([{ depth: 5 }, { depth: 7.25 }, { depth: 'deep' }, {}, 'small']);
  if (random.chance(0.5)) facts.shades = random.pick([[], ['red'], ['red', 'blue'], [1, 40, 'x'], 'red', [['red']]]);
  if (random.chance(0.3)) facts['odd key'] = random.pick(['odd', 40, { deeper: 1 }]);
  return facts;
}

const randomProduct = (names) => ({
  title: `${random.pick(TITLES)}${random.pick(['', ' ', ' II'])}`.trim(),
  description: random.pick(['', 'Solid oak.', 'Of OAK and Été', '100% wool_blend']),
  price: random.chance(0.15) ? null : {
    currencyCode: random.pick(['EUR', 'SAR', 'EUR', 'USD']),
    units: String(random.pick([0, 5, 49, 50, 499, 500, 1000, 123456789])),
    nanos: random.pick([0, 990_000_000, 500_000_000]),
  },
  category: random.chance(0.2) ? '' : random.pick(names),
  additionalCategories: names.filter(() => random.chance(0.1)),
  brand: random.pick(BRANDS),
  tags: TAGS.filter(() => random.chance(0.25)),
  attributes: structOf(randomFacts()),
  inventory: String(random.pick([0, 1, 5, 20, 2 ** 40])),
  allowBackorder: random.chance(0.4),
  state: random.pick(['STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED']),
});

// Three roots, with two and two below each.
async function createCategories() {
  const names = [];
  for (let i = 0; i < 15; i++) {
    const parent = i < 3 ? '' : names[Math.floor((i - 3) / 2)];
    names.push((await client.call('CreateCategory', { category: { title: `Shelf ${i}`, parent } })).name);
  }
  return names;
}

before(async () => {
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  const names = await createCategories();
  const created = [];
  await inParallel(Array.from({ length: PRODUCTS }, () => randomProduct(names)), 8,
    async (product) => created.push((await client.call('CreateProduct', { product })).name));
  await inParallel(Array.from({ length: 12 }, (_, i) => created[6 + 13 * i]), 4,
    (name) => client.call('DeleteProduct', { name }));
  const listed = await listAll(client, 'ListProducts', 'products', { pageSize: 1000, showDeleted: true });
  views = listed.map(viewOf);
  live = views.filter((view) => view.deleted === null);
  assert.equal(views.length, PRODUCTS);
  assert.equal(live.length, PRODUCTS - 12);
  const all = await listAll(client, 'ListCategories', 'categories', {});
  categories = new Map(all.map((category) => [category.name, category]));
});

after(async () => {
  client?.close();
  await instance?.stop();
});

const list = (request) => client.call('ListProducts', request);
const namesOf = (products) => products.map((product) => product.name);

async function refused(request, field, pattern, method = 'ListProducts') {
  const error = await client.call(method, request).then(
    () => assert.fail(`${JSON.stringify(request)} is not refused`), (caught) => caught);
  assert.equal(error.code, status.INVALID_ARGUMENT, `${JSON.stringify(request)}: ${error.details}`);
  assert.deepEqual(violatedFields(error), [field]);
  assert.match(error.details, pattern);
}

test('filters at random let through what JavaScript would', async () => {
  const leaves = leavesOf(categories);
  let some = 0;
  for (let i = 0; i < FILTERS; i++) {
    const { text: filter, holds } = randomFilter(random, leaves, views, random.below(4));
    const showDeleted = random.chance(0.3);
    const page = await list({ filter, showDeleted, pageSize: 1000, includeTotalSize: i % 5 === 0 });
    const wanted = (showDeleted ? views : live).filter(holds);
    assert.deepEqual(namesOf(page.products), namesOf(wanted), `seed ${SEED}, filter ${i}: ${filter}`);
    if (i % 5 === 0) assert.equal(page.totalSize, String(wanted.length), filter);
    some += wanted.length > 0 && wanted.length < live.length;
  }
  assert.ok(some > FILTERS / 2, `${some} of the filters are neither empty nor all`);
});

// Every page of a list, in pages of a size that changes on the way.
async function walk(request, each = () => {}) {
  const all = [];
  let pageToken = '';
  do {
    const page = await list({ ...request, pageToken, pageSize: 11 + random.below(60) });
    all.push(...page.products);
    pageToken = page.nextPageToken;
    await each(all.length);
  } while (pageToken !== '');
  return all;
}

const orderText = (order) =>
  order.map(([field, direction]) => (direction === 'asc' && random.chance(0.5) ? field : `${field} ${direction}`))
    .join(random.pick([',', ', ', ' , ']));

async function checkOrder(order) {
  const orderBy = orderText(order);
  const showDeleted = random.chance(0.5);
  const onlyCheap = random.chance(0.3);
  const products = await walk({ orderBy, showDeleted, filter: onlyCheap ? 'price<500' : '' });
  const among = (showDeleted ? views : live)
    .filter((view) => !onlyCheap || (view.nanos !== null && view.nanos < 500_000_000_000n));
  assert.deepEqual(namesOf(products), namesOf(sorted(among, order)), `seed ${SEED}: ${orderBy}`);
}

test('an attribute can be ordered by once it is declared', async () => {
  await refused({ orderBy: 'attributes.color' }, 'order_by', /declared.*"attributes\.color"/);
  const declare = (...args) => instance.ctl(['index-attribute', ...args], instance.ownerUrl);
  assert.match(await declare('--list'), /no attribute/);
  assert.match(await declare('color', 'text'), /^indexed attributes\.color as text$/m);
  assert.match(await declare('color', 'text'), /already/);
  await assert.rejects(declare('color', 'number'), /declared as text; drop it first/);
  await assert.rejects(declare('color;--', 'text'), /a key is a name/);
  await assert.rejects(declare('cost', 'money'), /TYPE is text, number or boolean/);
  await assert.rejects(declare('color'), /say KEY and TYPE/);
  for (const [key, type] of [['width', 'number'], ['size.depth', 'number'], ['new', 'boolean']]) {
    await declare(key, type);
  }
  // What an interrupted build leaves is an index that is not valid.
  await instance.sql(`update pg_index set indisvalid = false
    where indexrelid = ('catalog.' || catalog.attribute_index_name('width'))::regclass`);
  assert.match(await declare('--list'), /^width +number +unfinished/m);
  assert.match(await declare('width', 'number'), /^indexed/);
  assert.match(await declare('--list'), /^width +number +ready/m);
  await list({ orderBy: 'attributes.color' });
  await declare('gone', 'text');
  assert.match(await declare('--drop', 'gone'), /no longer/);
  assert.match(await declare('--drop', 'gone'), /was not/);
  await refused({ orderBy: 'attributes.gone' }, 'order_by', /declared/);
});

test('every order, either way, is that of JavaScript, page by page', async () => {
  for (const field of Object.keys(orders)) {
    await checkOrder([[field, 'asc']]);
    await checkOrder([[field, 'desc']]);
  }
});

test('several fields, mixed directions', async () => {
  for (let i = 0; i < 20; i++) {
    const fields = Object.keys(orders).filter((field) => field !== 'name' && random.chance(0.25)).slice(0, 7);
    const order = fields.map((field) => [field, random.pick(['asc', 'desc'])]);
    await checkOrder(random.chance(0.2) ? [...order, ['name', random.pick(['asc', 'desc'])]] : order);
  }
});

test('fields of few values first, either way: value by value', async () => {
  const few = ['state', 'allow_backorder', 'delete_time', 'purge_time'];
  const many = ['price', 'title', 'brand', 'inventory'];
  for (let i = 0; i < 40; i++) {
    const leading = few.filter(() => random.chance(0.6)).sort(() => (random.chance(0.5) ? 1 : -1));
    const fields = [...leading, ...many.filter(() => random.chance(0.3))];
    await checkOrder(fields.map((field) => [field, random.pick(['asc', 'desc'])]));
  }
});

test('an order by several fields is read from an index once there is one', async () => {
  const index = (...args) => instance.ctl(['index-order', ...args], instance.ownerUrl);
  assert.match(await index('--list'), /^brand, price +ready/);
  assert.match(await index('brand desc, price desc'), /already/);
  assert.match(await index('price, create_time'), /^indexed the order "price, create_time"$/m);
  assert.match(await index('--list'), /^price, create_time +ready +\d/m);
  const plan = await instance.sql(`set enable_seqscan = off; set enable_sort = off;
    explain (costs off) select id from catalog.product
    where delete_time is null order by coalesce(price_amount, 'Infinity'::numeric) desc, create_time desc, id desc`);
  assert.match(JSON.stringify(plan), /Scan Backward using product_by_price__create_time/);
  await instance.sql(`update pg_index set indisvalid = false
    where indexrelid = 'catalog.product_by_price__create_time'::regclass`);
  assert.match(await index('--list'), /^price, create_time +unfinished/m);
  assert.match(await index('price, create_time'), /^indexed/);
  assert.match(await index('--drop', 'price, create_time'), /no longer/);
  assert.match(await index('--drop', 'price, create_time'), /was not/);
  await assert.rejects(index('price'), /has an index already/);
  await assert.rejects(index('price, title desc'), /one direction/);
  await assert.rejects(index('price, colour'), /no such field/);
  await assert.rejects(index('price, attributes.color'), /declared/);
  await assert.rejects(index('state, allow_backorder, create_time, update_time, delete_time, brand'), /so many fields/);
  await assert.rejects(index(), /say an order as one word/);
});

test('categories: filters, orders, subtrees', async () => {
  const all = [...categories.values()];
  const check = async (request, wanted) => {
    const got = await listAll(client, 'ListCategories', 'categories', { pageSize: 4, ...request });
    assert.deepEqual(namesOf(got), namesOf(wanted), JSON.stringify(request));
  };
  const [root] = all;
  await check({ filter: 'depth = 1' }, all.filter((c) => c.depth === 1));
  await check({ filter: `ancestors:"${root.name}"` }, all.filter((c) => c.ancestors.includes(root.name)));
  await check({ filter: `parent="${root.name}"` }, all.filter((c) => c.parent === root.name));
  await check({ filter: `parent:"${root.name}"` }, all.filter((c) => c.ancestors.includes(root.name)));
  await check({ filter: 'parent=""' }, all.filter((c) => c.parent === ''));
  await check({ filter: 'path="Shelf 0 > *" AND NOT title:"shelf 4"' },
    all.filter((c) => c.path.startsWith('Shelf 0 > ') && !c.title.includes('Shelf 4')));
  await check({ filter: 'product_count > 15' }, all.filter((c) => Number(c.productCount) > 15));
  await check({ orderBy: 'depth desc, title' }, [...all].sort((a, b) =>
    b.depth - a.depth || (a.title < b.title ? -1 : 1)));
  await check({ orderBy: 'path' }, [...all].sort((a, b) => (a.path < b.path ? -1 : 1)));
});

test('what is wrong is named, with its place', async () => {
  await refused({ filter: 'title = "é" AND colour = "red"' }, 'filter', /at character 17: .*"colour"/);
  await refused({ filter: 'price < cheap' }, 'filter', /at character 9: "price" is compared with a number/);
  await refused({ filter: `${'('.repeat(17)}price<5${')'.repeat(17)}` }, 'filter', /at character 17/);
  await refused({ filter: `title="${'x'.repeat(4096)}"` }, 'filter', /longer than 4096 bytes/);
  await refused({ filter: 'oak chair' }, 'filter', /products:search/);
  await refused({ orderBy: 'colour' }, 'order_by', /"colour"/);
  await refused({ orderBy: 'title, price, title desc' }, 'order_by', /twice: "title"/);
  await refused({ pageSize: -1 }, 'page_size', /negative/);
  await refused({ filter: 'price<5' }, 'filter', /at character 1/, 'ListCategories');
  const over = async (query, field, pattern) => {
    const answer = await instance.rest('GET', `/v1/products?${query}`);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.deepEqual(violatedFieldsOfBody(answer.body), [field]);
    assert.match(answer.body.error.message, pattern);
  };
  await over('filter=price%3Ccheap', 'filter', /at character 7/);
  await over('orderBy=colour', 'order_by', /"colour"/);
});

test('REST lists by the same filter and order', async () => {
  const filter = encodeURIComponent('price<500 AND NOT tags:oak');
  const names = [];
  let token = '';
  let total;
  do {
    const page = await instance.call('GET',
      `/v1/products?filter=${filter}&orderBy=price%20desc&pageSize=40&includeTotalSize=true&pageToken=${token}`);
    names.push(...namesOf(page.products));
    total = page.totalSize;
    token = page.nextPageToken;
  } while (token);
  const wanted = live.filter((view) => view.nanos !== null && view.nanos < 500_000_000_000n && !view.tags.includes('oak'));
  assert.deepEqual(names, namesOf(sorted(wanted, [['price', 'desc']])));
  assert.equal(total, String(wanted.length));
});

test('a token is good for its own list only, and unchanged', async () => {
  const request = { filter: 'price<1000', orderBy: 'price, title desc', pageSize: 10 };
  const { nextPageToken: pageToken } = await list(request);
  assert.equal((await list({ ...request, pageToken, pageSize: 3 })).products.length, 3, 'another size is allowed');
  const others = [
    { ...request, filter: 'price<1001' }, { ...request, filter: '' }, { ...request, orderBy: 'price' },
    { ...request, orderBy: '' }, { ...request, orderBy: 'price, title' }, { ...request, showDeleted: true },
  ];
  for (const other of others) await refused({ ...other, pageToken }, 'page_token', /begin again/);
  await refused({ pageToken }, 'page_token', /begin again/, 'ListCategories');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let i = 0; i < pageToken.length - 1; i += 3) {
    const other = alphabet[(alphabet.indexOf(pageToken[i]) + 1 + random.below(62)) % 64];
    await refused({ ...request, pageToken: pageToken.slice(0, i) + other + pageToken.slice(i + 1) },
      'page_token', /begin again/);
  }
  for (const bad of [pageToken.slice(0, -1), `${pageToken}A`, `${pageToken}=`, pageToken + pageToken, 'x', 'ü', 'A'.repeat(100_000)]) {
    await refused({ ...request, pageToken: bad }, 'page_token', /begin again/);
  }
});

// Products that nobody touches are in a walk once each, in order, whatever happens around them; and
// in the order of numbers nothing at all comes twice.
test('pages do not repeat or drop while others write', async () => {
  const stable = new Set(namesOf(live));
  const passing = [];
  let writes = 0;
  let isOver = false;
  const write = async () => {
    const { category } = random.pick(live);
    const kind = passing.length < 30 ? 0 : random.below(3);
    if (kind === 0) {
      const product = { ...randomProduct([category].filter(Boolean).concat([...categories.keys()].slice(0, 1))) };
      passing.push((await client.call('CreateProduct', { product })).name);
    } else if (kind === 1) {
      await client.call('UpdateProduct', {
        product: { name: random.pick(passing), title: random.pick(TITLES), price: { currencyCode: 'EUR', units: String(random.below(1000)), nanos: 0 } },
        updateMask: { paths: ['title', 'price'] },
      });
    } else {
      await client.call('DeleteProduct', { name: passing.splice(random.below(passing.length), 1)[0] });
    }
    writes++;
  };
  const writer = (async () => {
    while (!isOver) await write();
  })();
  try {
    for (const order of [[], [['title', 'asc']], [['price', 'desc']], [['update_time', 'desc']], [['brand', 'asc'], ['price', 'desc']]]) {
      let since = writes;
      const moved = async () => {
        const until = Date.now() + 10_000;
        while (writes < since + 2 && Date.now() < until) await new Promise((resolve) => setImmediate(resolve));
        since = writes;
      };
      const products = await walk({ orderBy: orderText(order) }, moved);
      const seen = namesOf(products).filter((name) => stable.has(name));
      assert.deepEqual(seen, namesOf(sorted(live, order)), orderText(order));
      if (order.length === 0) assert.equal(new Set(namesOf(products)).size, products.length, 'none twice');
    }
  } finally {
    isOver = true;
    await writer;
  }
  assert.ok(writes > 30, `${writes} writes`);
});
