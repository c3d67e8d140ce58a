// Update masks that name a part of a field (AIP-134, AIP-161): a field of a message, a key of a
// Struct.
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
const create = (product) => instance.call('POST', '/v1/products', { title: 'Masked', ...product });
const patch = (name, mask, body) =>
  instance.call('PATCH', `/v1/${name}?updateMask=${encodeURIComponent(mask)}`, body);
const number = (value) => ({ numberValue: value });
const update = (product, ...paths) => client.call('UpdateProduct', { product, updateMask: { paths } });
const read = (name) => instance.call('GET', `/v1/${name}`);
const eur = (units, nanos = 0) => ({ currencyCode: 'EUR', units, nanos });

const before_ = {
  price: eur('10', 500000000), brand: 'B',
  attributes: { colour: 'red', size: { w: 1, h: 2, deep: { x: 1 } }, list: [1, 2], item_no: 7, 'a.b': 1 },
};

// What a mask makes of it: [mask, body, the fields that differ afterwards].
const ROWS = [
  ['price.units', { price: { units: '20' } }, { price: eur('20', 500000000) }],
  ['price.units,price.nanos', { price: { units: '20' } }, { price: eur('20') }],
  ['price.currencyCode', { price: eur('99') && { currencyCode: 'USD', units: '99' } },
    { price: { ...eur('10', 500000000), currencyCode: 'USD' } }],
  ['price.nanos', {}, { price: eur('10') }],
  ['brand,price.units', { brand: 'C', price: { units: '1' } }, { brand: 'C', price: eur('1', 500000000) }],
  ['price,price.units', { price: eur('3') }, { price: eur('3') }],
  ['price.units,price', {}, { price: null }],
  ['attributes.colour', { attributes: { colour: 'blue', other: 1 } }, { attributes: { ...before_.attributes, colour: 'blue' } }],
  ['attributes.colour', {}, { attributes: (({ colour, ...rest }) => rest)(before_.attributes) }],
  ['attributes.colour', { attributes: { colour: null } }, { attributes: { ...before_.attributes, colour: null } }],
  ['attributes.newKey', { attributes: { newKey: { a: [1] } } }, { attributes: { ...before_.attributes, newKey: { a: [1] } } }],
  ['attributes.absent', { attributes: {} }, {}],
  ['attributes.size.w', { attributes: { size: { w: 9, h: 9 } } },
    { attributes: { ...before_.attributes, size: { ...before_.attributes.size, w: 9 } } }],
  ['attributes.size.w', { attributes: { size: 5 } },
    { attributes: { ...before_.attributes, size: { h: 2, deep: { x: 1 } } } }],
  ['attributes.size.deep', {}, { attributes: { ...before_.attributes, size: { w: 1, h: 2 } } }],
  ['attributes.colour.hue', { attributes: { colour: { hue: 3 } } }, { attributes: { ...before_.attributes, colour: { hue: 3 } } }],
  ['attributes.colour.hue', {}, {}],
  ['attributes.one.two.three', { attributes: { one: { two: { three: 3 } } } },
    { attributes: { ...before_.attributes, one: { two: { three: 3 } } } }],
  ['attributes.`a.b`', { attributes: { 'a.b': 2 } }, { attributes: { ...before_.attributes, 'a.b': 2 } }],
  ['attributes.item_no', { attributes: { item_no: 8 } }, { attributes: { ...before_.attributes, item_no: 8 } }],
  ['attributes.`q``d`,brand', { brand: 'D', attributes: { 'q`d': 1 } }, { brand: 'D', attributes: { ...before_.attributes, 'q`d': 1 } }],
  ['attributes.`with, comma`', { attributes: { 'with, comma': 1 } }, { attributes: { ...before_.attributes, 'with, comma': 1 } }],
  ['attributes.`*`', { attributes: { '*': 1 } }, { attributes: { ...before_.attributes, '*': 1 } }],
  ['attributes.Ärger', { attributes: { Ärger: 1 } }, { attributes: { ...before_.attributes, Ärger: 1 } }],
  ['attributes.list', { attributes: { list: [3] } }, { attributes: { ...before_.attributes, list: [3] } }],
  ['*', { title: 'All', attributes: { colour: 'x' } },
    { title: 'All', attributes: { colour: 'x' }, price: null, brand: '' }],
];
for (const [mask, body, differs] of ROWS) {
  test(`${mask} with ${JSON.stringify(body)}`, async () => {
    const made = await create(before_);
    const changed = await patch(made.name, mask, body);
    const { etag, updateTime, ...rest } = changed;
    const expected = { ...made, ...differs };
    if (mask === '*') expected.slug = rest.slug;
    if (expected.price === null) delete expected.price;
    delete expected.etag;
    delete expected.updateTime;
    assert.deepEqual(rest, expected);
    assert.deepEqual(await read(made.name), changed);
  });
}

// [mask as gRPC has it, product, the field that is to blame]
const REFUSED = [
  ['price.colour', {}, 'update_mask'],
  ['price.units.more', {}, 'update_mask'],
  ['title.x', {}, 'update_mask'],
  ['tags.x', {}, 'update_mask'],
  ['price.', {}, 'update_mask'],
  ['.price', {}, 'update_mask'],
  ['price..units', {}, 'update_mask'],
  ['attributes.', {}, 'update_mask'],
  ['attributes.*', {}, 'update_mask'],
  ['attributes.`open', {}, 'update_mask'],
  ['attributes.`a`b', {}, 'update_mask'],
  ['attributes.a`b', {}, 'update_mask'],
  ['create_time.seconds', {}, 'update_mask'],
  ['primary_image.x', {}, 'update_mask'],
  ['colour.x', {}, 'update_mask'],
  ['', {}, 'update_mask'],
  [`attributes${'.a'.repeat(40)}`, {}, 'update_mask'],
  [`attributes${'.a'.repeat(9)}`, { attributes: nest(9) }, 'product.attributes'],
  ['price.units', { price: { units: '-1' } }, 'product.price.units'],
  ['price.currency_code', {}, 'product.price.currency_code'],
  ['price.nanos', { price: { nanos: 1 } }, 'product.price.nanos'],
];
function nest(depth) {
  return { fields: { a: depth === 1 ? number(1) : { structValue: nest(depth - 1) } } };
}
test('a mask that names no part, or makes what must not be, is refused', async () => {
  const made = await create({ price: eur('10') });
  for (const [path, product, field] of REFUSED) {
    const error = await update({ name: made.name, ...product }, path).then(
      () => assert.fail(path), (reason) => reason);
    assert.equal(error.code, status.INVALID_ARGUMENT, `${path}: ${error.message}`);
    assert.deepEqual(violatedFields(error), [field], path);
    const batch = await client.call('BatchUpdateProducts', {
      requests: [{ product: { name: made.name, ...product }, updateMask: { paths: ['title', path] } }],
    }).then(() => assert.fail(path), (reason) => reason);
    if (field === 'update_mask') assert.deepEqual(violatedFields(batch), [`requests[0].${field}`], path);
  }
  assert.deepEqual(await read(made.name), made);
  const rest = await instance.rest('PATCH', `/v1/${made.name}?updateMask=price.colour`, {});
  assert.equal(rest.status, 400);
  assert.deepEqual(violatedFieldsOfBody(rest.body), ['update_mask']);
});

test('as many parts as there are names for, and no more', async () => {
  const made = await create({});
  const paths = times(64, (i) => `attributes.k${i}`);
  const fields = Object.fromEntries(times(65, (i) => [`k${i}`, number(i)]));
  const changed = await update({ name: made.name, attributes: { fields } }, ...paths);
  assert.equal(Object.keys(changed.attributes.fields).length, 64);
  await assert.rejects(update({ name: made.name, attributes: { fields } }, ...paths, 'attributes.k64'),
    { code: status.INVALID_ARGUMENT });
});

test('a part of a product that is not there, or has changed, is refused in due form', async () => {
  const made = await create({ price: eur('10') });
  await patch(made.name, 'price.units', { price: { units: '11' } });
  const stale = { code: status.ABORTED, details: /^product\.etag: / };
  await assert.rejects(update({ name: made.name, etag: made.etag, price: { units: '1' } }, 'price.units'), stale);
  // Whatever is wrong with it beside.
  await assert.rejects(update({ name: made.name, etag: made.etag }, 'price.currency_code'), stale);
  await assert.rejects(update({ name: made.name, etag: '"x"' }, 'price.units'), stale);
  const { etag } = await read(made.name);
  assert.equal((await update({ name: made.name, etag, price: { units: '12' } }, 'price.units')).price.units, '12');
  const answer = await instance.rest('PATCH', `/v1/${made.name}?updateMask=price.units`, { price: { units: '1' } },
    { 'if-match': etag });
  assert.equal(answer.status, 412);
  await instance.call('DELETE', `/v1/${made.name}`);
  for (const name of [made.name, 'products/987654321']) {
    await assert.rejects(update({ name, price: { units: '1' } }, 'price.units'), { code: status.NOT_FOUND });
  }
});

test('changes of different parts at once are all kept', async () => {
  const { name } = await create({ price: eur('1') });
  await Promise.all(times(16, (i) =>
    update({ name, attributes: { fields: { [`k${i}`]: number(i) } } }, `attributes.k${i}`)));
  const { attributes } = await read(name);
  assert.deepEqual(attributes, Object.fromEntries(times(16, (i) => [`k${i}`, i])));
});

test('a change of a part with a request id is made once', async () => {
  const { name } = await create({ price: eur('1') });
  const request = { product: { name, price: { units: '2' } }, updateMask: { paths: ['price.units'] }, requestId: randomUUID() };
  const answers = await Promise.all(times(10, () => client.call('UpdateProduct', request)));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  await patch(name, 'price', {});
  // By now it would be refused: there is no currency.
  assert.deepEqual(await client.call('UpdateProduct', request), answers[0]);
  assert.equal(await instance.sql(`select count(*) from catalog.audit_entry where resource = '${name}'`), '3');
});

test('parts and wholes, in one batch', async () => {
  const [a, b, c] = await Promise.all([1, 2, 3].map((i) => create({ title: `Batch ${i}`, price: eur(`${i}`) })));
  const { products } = await instance.call('POST', '/v1/products:batchUpdate', { requests: [
    { product: { name: a.name, price: { units: '7' } }, updateMask: 'price.units' },
    { product: { name: b.name, brand: 'X' }, updateMask: 'brand' },
    { product: { name: c.name, attributes: { keyOne: 1, k: 2 } }, updateMask: 'attributes.`keyOne`,attributes.k' },
  ] });
  assert.deepEqual(products.map(({ price }) => price), [eur('7'), eur('2'), eur('3')]);
  assert.equal(products[1].brand, 'X');
  assert.deepEqual(products[2].attributes, { keyOne: 1, k: 2 });
  assert.deepEqual((await read(a.name)).price, eur('7'));
});

test('a check of a part stores nothing', async () => {
  const made = await create({ price: eur('1') });
  const checked = await client.call('UpdateProduct', {
    product: { name: made.name, price: { units: '5' } }, updateMask: { paths: ['price.units'] }, validateOnly: true });
  assert.equal(checked.price.units, '5');
  assert.deepEqual(await read(made.name), made);
});

test('parts of a variant, which may cost what its product costs', async () => {
  const product = await create({ price: eur('10') });
  const parent = product.name;
  const variant = await instance.call('POST', `/v1/${parent}/variants`,
    { sku: 'M-1', attributes: { size: { w: 1, h: 2 } }, price: eur('7') });
  const changed = await patch(variant.name, 'price.units,attributes.size.w', { price: { units: '8' }, attributes: { size: { w: 3 } } });
  assert.deepEqual(changed.price, eur('8'));
  assert.deepEqual(changed.attributes, { size: { w: 3, h: 2 } });
  const plain = await instance.call('POST', `/v1/${parent}/variants`, { sku: 'M-2', attributes: { a: 1 } });
  const same = await patch(plain.name, 'attributes.a', { etag: plain.etag });
  assert.equal(same.attributes, undefined);
  assert.deepEqual(same.effectivePrice, eur('10'));
  await assert.rejects(client.call('UpdateVariant', {
    variant: { name: plain.name, price: { units: '1' } }, updateMask: { paths: ['price.units'] } }),
  (error) => violatedFields(error)[0] === 'variant.price.currency_code');
  for (const name of [`${parent}/variants/987654`, variant.name.replace(parent, 'products/987654')]) {
    await assert.rejects(client.call('UpdateVariant', { variant: { name }, updateMask: { paths: ['price.units'] } }),
      { code: status.NOT_FOUND });
  }
});

test('a category has no parts', async () => {
  const { name } = await instance.call('POST', '/v1/categories', { title: 'Whole' });
  await assert.rejects(client.call('UpdateCategory', { category: { name }, updateMask: { paths: ['title.x'] } }),
    { code: status.INVALID_ARGUMENT });
});
