// Many callers at once: whatever the order in which their writes meet, each gets one of the answers
// that some order would have given, and the catalog stays whole.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, listAll, status } from './support/clients.mjs';
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
const createCategory = (category, options = {}) => client.call('CreateCategory', { category, ...options });
const updateProduct = (product, ...paths) =>
  client.call('UpdateProduct', { product, updateMask: { paths } });
const move = (name, parent) =>
  client.call('UpdateCategory', { category: { name, parent }, updateMask: { paths: ['parent'] } });
const idOf = (resource) => resource.name.split('/')[1];

// Runs all at once; returns the answers, and the codes of those that failed.
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

for (const [kind, create] of [['products', createProduct], ['categories', createCategory]]) {
  test(`${kind} of one title get slugs of their own`, async () => {
    const all = await Promise.all(times(50, () => create({ title: 'Same title' })));
    assert.equal(new Set(all.map((one) => one.name)).size, 50);
    assert.equal(new Set(all.map((one) => one.slug)).size, 50);
    assert.ok(all.some((one) => one.slug === 'same-title'), 'one has the plain slug');
  });

  test(`${kind}: of two that want one slug, one gets it`, async () => {
    for (let round = 0; round < 10; round++) {
      const { answers, codes } = await race(times(2, (i) =>
        create({ title: `Racer ${i}`, slug: `wanted-${round}` })));
      assert.equal(answers.length, 1);
      assert.deepEqual(codes, [status.ALREADY_EXISTS]);
    }
  });
}

test('twenty requests with one request id are one request', async () => {
  const same = (method, request) => {
    const requestId = randomUUID();
    return Promise.all(times(20, () => client.call(method, { ...request, requestId })));
  };
  const assertOne = (answers) => {
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    return answers[0];
  };
  for (const [Kind, kind] of [['Product', 'product'], ['Category', 'category']]) {
    const title = `Once ${kind}`;
    const created = assertOne(await same(`Create${Kind}`, { [kind]: { title } }));
    assert.equal(await instance.sql(`select count(*) from catalog.${kind} where title = '${title}'`), '1');
    let { etag } = created;
    for (const expected of [etag, '']) {
      const given = { name: created.name, title: `${title}, changed`, etag: expected };
      const changed = assertOne(await same(`Update${Kind}`, { [kind]: given }));
      assert.notEqual(changed.etag, etag);
      etag = changed.etag;
      assert.deepEqual(await client.call(`Get${Kind}`, { name: created.name }), changed);
    }
    const deleted = assertOne(await same(`Delete${Kind}`, { name: created.name }));
    assert.deepEqual(await client.call(`Get${Kind}`, { name: created.name }), deleted);
  }
});

test('one slug and one request id at once', async () => {
  const requestId = randomUUID();
  const product = { title: 'Once with a slug', slug: 'once-with-a-slug' };
  const answers = await Promise.all(times(20, () => createProduct(product, { requestId })));
  assert.equal(new Set(answers.map((answer) => answer.name)).size, 1);
});

test('of changes with one etag, one wins', async () => {
  for (const [Kind, kind, create] of [['Product', 'product', createProduct],
    ['Category', 'category', createCategory]]) {
    const { name, etag } = await create({ title: `Contended ${kind}` });
    const { answers, codes } = await race(times(20, (i) => (i % 4 === 3
      ? client.call(`Delete${Kind}`, { name, etag })
      : client.call(`Update${Kind}`, {
        [kind]: { name, etag, title: `Writer ${i}` }, updateMask: { paths: ['title'] },
      }))));
    assert.equal(answers.length, 1);
    const allowed = answers[0].deleteTime ? [status.NOT_FOUND] : [status.ABORTED];
    assert.deepEqual(codes.filter((code) => !allowed.includes(code)), []);
    assert.deepEqual(await client.call(`Get${Kind}`, { name }), answers[0]);
  }
});

test('changes of different fields at once are all kept', async () => {
  const { name } = await createProduct({ title: 'Many hands' });
  const wanted = { title: 'Title', description: 'Description', brand: 'Brand', tags: ['tag'],
    inventory: '7', allowBackorder: true, state: 'STATE_ACTIVE', slug: 'many-hands-new' };
  const proto = (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  await Promise.all(Object.entries(wanted).map(([field, value]) =>
    updateProduct({ name, [field]: value }, proto(field))));
  const stored = await client.call('GetProduct', { name });
  for (const [field, value] of Object.entries(wanted)) assert.deepEqual(stored[field], value, field);
});

// Every live category agrees with its chain of parents.
async function assertTree() {
  const all = new Map((await listAll(client, 'ListCategories', 'categories', { pageSize: 1000 }))
    .map((category) => [category.name, category]));
  for (const category of all.values()) {
    const above = [];
    for (let at = category; at.parent !== ''; at = above[0]) {
      const parent = all.get(at.parent);
      assert.ok(parent, `${at.name} stands below ${at.parent}, which does not live`);
      assert.ok(!above.includes(parent), `${category.name} is in a circle`);
      above.unshift(parent);
    }
    assert.deepEqual(category.ancestors, above.map((one) => one.name), `ancestors of ${category.name}`);
    assert.equal(category.depth, above.length, `depth of ${category.name}`);
    assert.equal(category.path, [...above, category].map((one) => one.title).join(' > '),
      `path of ${category.name}`);
  }
}

test('a tree that is moved about while it grows stays a tree', async () => {
  const allowed = new Set([status.FAILED_PRECONDITION, status.INVALID_ARGUMENT, status.NOT_FOUND]);
  const tops = await Promise.all(times(6, (i) => createCategory({ title: `Top ${i}` })));
  const below = await Promise.all(times(18, (i) =>
    createCategory({ title: `Below ${i}`, parent: tops[i % 6].name })));
  const all = [...tops, ...below];
  const pick = (i) => all[(i * 7919) % all.length].name;
  for (let round = 0; round < 5; round++) {
    const { codes } = await race(times(60, (i) => {
      const at = round * 60 + i;
      const target = pick(at);
      const other = pick(at * 31 + 5);
      switch (at % 6) {
        case 0: return move(target, other);
        case 1: return move(pick((at - 1) * 31 + 5), pick(at - 1)); // the opposite
        case 2: return move(target, '');
        case 3: return client.call('UpdateCategory', {
          category: { name: target, title: `Renamed ${at}` }, updateMask: { paths: ['title'] },
        });
        case 4: return at % 30 === 4 ? client.call('DeleteCategory', { name: target, force: true })
          : createCategory({ title: `Grown ${at}`, parent: target });
        default: return createCategory({ title: `Grown ${at}`, parent: other });
      }
    }));
    assert.deepEqual(codes.filter((code) => !allowed.has(code)), []);
    await assertTree();
  }
});

test('of two moves against each other, one is refused', async () => {
  for (let round = 0; round < 10; round++) {
    const [a, b] = await Promise.all(times(2, (i) => createCategory({ title: `Duel ${round} ${i}` })));
    const { answers, codes } = await race([move(a.name, b.name), move(b.name, a.name)]);
    assert.equal(answers.length, 1);
    assert.deepEqual(codes, [status.FAILED_PRECONDITION]);
  }
  await assertTree();
});

test('no live product is left in a category that was deleted without force', async () => {
  for (let round = 0; round < 15; round++) {
    const [category, other] = await Promise.all(times(2, (i) =>
      createCategory({ title: `Closing ${round} ${i}` })));
    const [moving, joining] = await Promise.all(times(2, (i) => createProduct({ title: `Mover ${round} ${i}` })));
    const filings = [
      () => createProduct({ title: `Filed ${round}`, category: category.name }),
      () => createProduct({
        title: `Also filed ${round}`, category: other.name, additionalCategories: [category.name] }),
      () => updateProduct({ name: moving.name, category: category.name }, 'category'),
      () => updateProduct({ name: joining.name, additionalCategories: [category.name, other.name] },
        'additional_categories'),
      () => createCategory({ title: `Inside ${round}`, parent: category.name }),
    ];
    const calls = filings.map((file) => file());
    const closing = client.call('DeleteCategory', { name: category.name });
    const { codes } = await race([...calls, closing]);
    const allowed = [status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];
    assert.deepEqual(codes.filter((code) => !allowed.includes(code)), []);
    const closed = await client.call('GetCategory', { name: category.name });
    if (!closed.deleteTime) continue;
    assert.equal(codes.length, calls.length, 'nothing was filed there');
    assert.equal(closed.productCount, '0');
  }
  assert.equal(await instance.sql(`
    select count(*) from catalog.product as p join catalog.category as c
      on c.id = p.category_id or c.id = any (p.additional_category_ids)
    where p.delete_time is null and c.delete_time is not null`), '0');
  await assertTree();
});

test('numbers that are given and numbers that are made do not meet', async () => {
  for (const [create, option] of [[createProduct, 'productId'], [createCategory, 'categoryId']]) {
    let newest = Number(idOf(await create({ title: 'Where numbers stand' })));
    for (let round = 0; round < 8; round++) {
      // Ahead of those that are made meanwhile, but not by much; and far ahead, in no order.
      const near = times(10, (i) => newest + 500 + i);
      const far = times(10, (i) => newest + 3_000 + ((i * 7) % 10) * 1_500);
      const all = await Promise.all([...near, ...far].flatMap((id) => [
        create({ title: `Imported ${id}` }, { [option]: String(id) }),
        create({ title: `Made ${round}` }),
        create({ title: `Made ${round}` }),
      ]));
      assert.equal(new Set(all.map((one) => one.name)).size, 60);
      newest = Number(idOf(await create({ title: 'Where numbers stand' })));
      assert.ok(all.every((one) => Number(idOf(one)) < newest), 'the next is past all of them');
    }
  }
});

test('of two numbers given at once, the smaller one does not set the sequence back', async () => {
  // Both saw the sequence where it was before.
  const next = await instance.sql(`
    begin;
    select catalog.claim_id('catalog.product_id_seq', 0, 500000);
    select catalog.claim_id('catalog.product_id_seq', 0, 400000);
    commit;
    select nextval('catalog.product_id_seq') > 500000`);
  assert.deepEqual(next.split('\n'), ['500000', '400000', 't']);
});

test('a number that was made and is given by another just then is made anew', async () => {
  for (const [create, kind] of [[createProduct, 'product'], [createCategory, 'category']]) {
    const taken = Number(idOf(await create({ title: 'Taken' })));
    await instance.sql(`select setval('catalog.${kind}_id_seq', ${taken - 1})`);
    assert.equal(Number(idOf(await create({ title: 'Taken as well' }))), taken + 1);
  }
});

test('numbers go on behind the largest that can be given', async () => {
  const largest = '999999999999999999';
  const { codes } = await race(times(10, () => createProduct({ title: 'Largest' }, { productId: largest })));
  assert.deepEqual(codes, Array(9).fill(status.ALREADY_EXISTS));
  await assert.rejects(createProduct({ title: 'Larger' }, { productId: '1000000000000000000' }),
    { code: status.INVALID_ARGUMENT });
  const next = await createProduct({ title: 'Behind it' });
  assert.deepEqual(await client.call('GetProduct', { name: next.name }), next);
  const changed = await updateProduct({ name: next.name, brand: 'Changed' }, 'brand');
  assert.equal(changed.brand, 'Changed');
  assert.ok((await client.call('DeleteProduct', { name: next.name })).deleteTime);
});

test('a request id that was used is refused by a check, too', async () => {
  const requestId = randomUUID();
  const { name } = await createProduct({ title: 'Used' }, { requestId });
  const refused = { code: status.INVALID_ARGUMENT, details: /request_id/ };
  await assert.rejects(createProduct({ title: 'Used' }, { requestId, validateOnly: true }), refused);
  await assert.rejects(client.call('UpdateProduct', {
    product: { name, title: 'Again' }, requestId, validateOnly: true,
  }), refused);
});

test('many Gets at once: each gets its own', async () => {
  const categories = await Promise.all(times(10, (i) => createCategory({ title: `Shelf ${i}` })));
  const products = await Promise.all(times(10, (i) =>
    createProduct({ title: `Shown ${i}`, category: categories[i].name, tags: [`t${i}`] })));
  const below = (method, field, resource) => Promise.all(times(20, (i) =>
    client.call(method, { parent: products[i % 10].name, [field]: resource(i) })));
  const kinds = [
    ['GetProduct', products, 'products/404404'],
    ['GetCategory', categories, 'categories/404404'],
    ['GetVariant', await below('CreateVariant', 'variant', (i) => ({ sku: `MANY-${i}` }))],
    ['GetProductImage', await below('CreateProductImage', 'productImage', (i) => ({ altText: `${i}` }))],
  ].flatMap(([method, all, none]) => {
    const missing = none ?? all[0].name.replace(/products\/\d+/, all[1].name.split('/', 2).join('/'));
    return [missing, ...all.map(({ name }) => name)].map((name) => ({ method, name }));
  });
  const get = ({ method, name }) => client.call(method, { name }).catch(({ code }) => code);
  const alone = [];
  for (const one of kinds) alone.push(await get(one));
  assert.equal(alone.filter((answer) => answer === status.NOT_FOUND).length, 4);
  for (let round = 0; round < 5; round++) {
    const order = times(400, (i) => (i * 7 + round) % kinds.length);
    const answers = await Promise.all(order.map((i) => get(kinds[i])));
    assert.deepEqual(answers, order.map((i) => alone[i]));
  }
});

test('a Get sees what was written before it, whoever else asks', async () => {
  const products = await Promise.all(times(8, (i) => createProduct({ title: `Read ${i}` })));
  await Promise.all(products.map(async ({ name }, i) => {
    for (let n = 1; n <= 40; n++) {
      const written = await updateProduct({ name, brand: `${i} ${n}` }, 'brand');
      const read = await Promise.all(times(4, () => client.call('GetProduct', { name })));
      for (const one of read) assert.deepEqual(one, written);
    }
  }));
});
