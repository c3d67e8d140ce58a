// The records of product images, over gRPC and REST: their life, their rules, and which one is the
// product's first, whoever else writes.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { catalogClient, listAll, status } from './support/clients.mjs';
import { checkGrpc, checkRest } from './support/faults.mjs';
import { Instance } from './support/instance.mjs';

const PRODUCT = 'products/1';
const OTHER = 'products/2';
const DELETED = 'products/3';
const NOBODY = 'products/987654321';
const IMAGE = `${PRODUCT}/images/1`;
const OF_DELETED = `${DELETED}/images/3`;

const field = (name, code, http, path, productImage, parent = PRODUCT) => ({
  name, code, http, field: path,
  rest: ['POST', `/v1/${parent}/images`, productImage],
  grpc: ['CreateProductImage', { parent, productImage }],
});

// A fault in the name, of every RPC that takes one.
const named = (name, code, http, path, image) => [
  {
    name: `Get: ${name}`, code, http, field: path && 'name',
    rest: ['GET', `/v1/${image}`], grpc: ['GetProductImage', { name: image }],
  },
  ...writesOf(name, code, http, path, image),
];
const writesOf = (name, code, http, path, image) => [
  {
    name: `Update: ${name}`, code, http, field: path && 'product_image.name',
    rest: ['PATCH', `/v1/${image}`, { altText: 'x' }],
    grpc: ['UpdateProductImage', { productImage: { name: image, altText: 'x' } }],
  },
  {
    name: `Delete: ${name}`, code, http, field: path && 'name',
    rest: ['DELETE', `/v1/${image}`], grpc: ['DeleteProductImage', { name: image }],
  },
];

const ROWS = [
  field('alt_text over 1,024', 'INVALID_ARGUMENT', 400, 'product_image.alt_text', { altText: 'ä'.repeat(1025) }),
  field('alt_text with NUL', 'INVALID_ARGUMENT', 400, 'product_image.alt_text', { altText: 'a\0b' }),
  field('no such product', 'NOT_FOUND', 404, undefined, {}, NOBODY),
  field('a deleted product', 'NOT_FOUND', 404, undefined, {}, DELETED),
  field('a product of a wrong form', 'INVALID_ARGUMENT', 400, 'parent', {}, 'products/blue'),
  {
    name: 'position that is no number', code: 'INVALID_ARGUMENT', http: 400, field: 'product_image.position',
    rest: ['POST', `/v1/${PRODUCT}/images`, { position: 2_147_483_648 }],
  },
  {
    name: 'no image', code: 'INVALID_ARGUMENT', http: 400, field: 'product_image',
    rest: ['POST', `/v1/${PRODUCT}/images`, ''],
    grpc: ['CreateProductImage', { parent: PRODUCT }],
  },
  {
    name: 'id taken', code: 'ALREADY_EXISTS', http: 409, field: 'product_image_id',
    rest: ['POST', `/v1/${OTHER}/images?productImageId=1`, {}],
    grpc: ['CreateProductImage', { parent: OTHER, productImageId: '1', productImage: {} }],
  },
  {
    name: 'negative id', code: 'INVALID_ARGUMENT', http: 400, field: 'product_image_id',
    rest: ['POST', `/v1/${PRODUCT}/images?productImageId=-1`, {}],
    grpc: ['CreateProductImage', { parent: PRODUCT, productImageId: '-1', productImage: {} }],
  },
  ...named('no such image', 'NOT_FOUND', 404, undefined, `${PRODUCT}/images/987654321`),
  ...named('an image of another product', 'NOT_FOUND', 404, undefined, `${OTHER}/images/1`),
  ...named('an image of a product that never was', 'NOT_FOUND', 404, undefined, `${NOBODY}/images/1`),
  ...writesOf('an image of a deleted product', 'NOT_FOUND', 404, undefined, OF_DELETED),
  ...named('a name of a wrong form', 'INVALID_ARGUMENT', 400, 'name', `${PRODUCT}/images/blue`),
  ...['uri', 'content_type', 'width', 'size_bytes', 'sha256', 'create_time'].map((path) => ({
    name: `mask that names ${path}`, code: 'INVALID_ARGUMENT', http: 400, field: 'update_mask',
    rest: ['PATCH', `/v1/${IMAGE}?updateMask=${path}`, {}],
    grpc: ['UpdateProductImage', { productImage: { name: IMAGE }, updateMask: { paths: [path] } }],
  })),
  {
    name: 'stale etag', code: 'ABORTED', http: 409,
    rest: ['PATCH', `/v1/${IMAGE}`, { altText: 'x', etag: '"1"' }],
    grpc: ['UpdateProductImage', { productImage: { name: IMAGE, altText: 'x', etag: '"1"' } }],
  },
  {
    name: 'stale etag of a delete', code: 'ABORTED', http: 409,
    rest: ['DELETE', `/v1/${IMAGE}?etag=%221%22`],
    grpc: ['DeleteProductImage', { name: IMAGE, etag: '"1"' }],
  },
  { name: 'stale If-Match', http: 412, code: 'ABORTED',
    rest: ['PATCH', `/v1/${IMAGE}`, { altText: 'x' }, { 'if-match': '"1"' }] },
  {
    name: 'list of no product', code: 'NOT_FOUND', http: 404,
    rest: ['GET', `/v1/${NOBODY}/images`],
    grpc: ['ListProductImages', { parent: NOBODY }],
  },
  {
    name: 'list of a deleted product', code: 'NOT_FOUND', http: 404,
    rest: ['GET', `/v1/${DELETED}/images`],
    grpc: ['ListProductImages', { parent: DELETED }],
  },
  {
    name: 'filter of no field', code: 'INVALID_ARGUMENT', http: 400, field: 'filter',
    rest: ['GET', `/v1/${PRODUCT}/images?filter=colour%3D1`],
    grpc: ['ListProductImages', { parent: PRODUCT, filter: 'colour = 1' }],
  },
  {
    name: 'list of a wrong form', code: 'INVALID_ARGUMENT', http: 400, field: 'parent',
    rest: ['GET', '/v1/products/blue/images'],
    grpc: ['ListProductImages', { parent: IMAGE }],
  },
];

let instance;
let client;
let stored;

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const createProduct = (product, options = {}) => client.call('CreateProduct', { product, ...options });
const getProduct = (name) => client.call('GetProduct', { name });
const primary = async (name) => (await getProduct(name)).primaryImage;
const createImage = (parent, productImage = {}, options = {}) =>
  client.call('CreateProductImage', { parent, productImage, ...options });
const updateImage = (productImage, ...paths) => client.call('UpdateProductImage',
  { productImage, ...(paths.length > 0 && { updateMask: { paths } }) });
const deleteImage = (name, options = {}) => client.call('DeleteProductImage', { name, ...options });
const listImages = (parent, request = {}) =>
  listAll(client, 'ListProductImages', 'productImages', { parent, ...request });

const contents = () => instance.sql(`
  select (select jsonb_agg(i order by id) from catalog.product_image as i),
         (select jsonb_agg(p order by id) from catalog.product as p),
         (select count(*) from catalog.audit_entry)`);

// Every product's primary image is the first of its images.
async function assertPrimary() {
  assert.equal(await instance.sql(`
    select count(*) from catalog.product as p
    where primary_image_id is distinct from (select id from catalog.product_image
              where product_id = p.id order by position, id limit 1)`), '0');
}

before(async () => {
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  for (const id of [1, 2, 3]) await createProduct({ title: `Product ${id}` }, { productId: String(id) });
  await createImage(PRODUCT, { altText: 'First' }, { productImageId: '1' });
  await createImage(DELETED, { altText: 'Gone' }, { productImageId: '3' });
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

test('the record of an image comes back as it was created, over REST', async () => {
  const sent = { altText: 'A red “chair” – 椅子', position: 7 };
  const created = await instance.call('POST', `/v1/${PRODUCT}/images`,
    { ...sent, uri: 'http://evil.example', width: 5, sizeBytes: '5', sha256: 'x', name: 'products/9/images/9' });
  const { name, createTime, updateTime, etag, ...rest } = created;
  assert.match(name, /^products\/1\/images\/[1-9]\d*$/);
  assert.equal(updateTime, createTime);
  assert.deepEqual(rest, { ...sent, uri: '', contentType: '', width: 0, height: 0, sizeBytes: '0', sha256: '' });
  const { headers, body } = await instance.rest('GET', `/v1/${name}`);
  assert.deepEqual(body, created);
  assert.equal(headers.get('etag'), etag);
  const changed = await instance.rest('PATCH', `/v1/${name}?updateMask=altText`, {}, { 'if-match': etag });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.deepEqual([changed.body.altText, changed.body.position], ['', 7]);
  assert.notEqual(changed.body.etag, etag);
  const page = await instance.call('GET', `/v1/${PRODUCT}/images?pageSize=1&includeTotalSize=true`);
  assert.deepEqual([page.productImages.map((image) => image.name), page.totalSize], [[IMAGE], '2']);
  const next = await instance.call('GET', `/v1/${PRODUCT}/images?pageSize=1&pageToken=${page.nextPageToken}`);
  assert.deepEqual([next.productImages, next.nextPageToken], [[changed.body], '']);
  const gone = await instance.rest('DELETE', `/v1/${name}`, undefined, { 'if-match': changed.body.etag });
  assert.deepEqual([gone.status, gone.body], [200, {}]);
  assert.equal((await instance.rest('GET', `/v1/${name}`)).status, 404);
});

test('the first image is the primary one; the etag of the product changes with it, its update_time not', async () => {
  const created = await createProduct({ title: 'Shown' });
  const { name } = created;
  const seen = new Set([created.etag]);
  const expect = async (image, changes) => {
    const product = await getProduct(name);
    assert.equal(product.primaryImage, image);
    assert.deepEqual(product.updateTime, created.updateTime);
    assert.equal(seen.has(product.etag), !changes);
    seen.add(product.etag);
  };
  await expect('', false);
  const b = await createImage(name, { position: 5 });
  await expect(b.name, true);
  const c = await createImage(name, { position: 5 });
  await expect(b.name, false);
  const a = await createImage(name, { position: -1 });
  await expect(a.name, true);
  await updateImage({ name: a.name, altText: 'x' });
  await expect(a.name, false);
  await updateImage({ name: a.name, position: 6 });
  await expect(b.name, true);
  await updateImage({ name: a.name, position: 5 });
  await expect(b.name, false);
  await updateImage({ name: c.name, position: 0 }, 'position');
  await expect(c.name, true);
  await createImage(name, { position: -9 }, { validateOnly: true });
  await deleteImage(c.name, { validateOnly: true });
  await expect(c.name, false);
  await deleteImage(a.name);
  await expect(c.name, false);
  await deleteImage(c.name);
  await expect(b.name, true);
  await deleteImage(b.name);
  await expect('', true);
  await assertPrimary();
});

test('images are filtered and sorted by their fields', async () => {
  const { name } = await createProduct({ title: 'Sorted' });
  for (const [altText, position] of [['c', 2], ['a', 2], ['b', 1]]) await createImage(name, { altText, position });
  const list = async (filter, orderBy) => (await listImages(name, { filter, orderBy, pageSize: 1 }))
    .map((image) => image.altText).join('');
  assert.equal(await list('', ''), 'bca');
  assert.equal(await list('', 'alt_text desc'), 'cba');
  assert.equal(await list('', 'position desc, alt_text'), 'acb');
  assert.equal(await list('content_type = "" AND width = 0 AND size_bytes < 1 AND sha256 = "" AND uri = ""', ''), 'bca');
  assert.equal(await list('position > 1 AND alt_text = "a"', ''), 'a');
  assert.equal(await list('height > 0', ''), '');
});

test('retries are carried out once', async () => {
  const { name: parent } = await createProduct({ title: 'Retried' });
  const twenty = async (method, request) => {
    const requestId = randomUUID();
    const answers = await Promise.all(times(20, () => client.call(method, { ...request, requestId })));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    return answers[0];
  };
  const created = await twenty('CreateProductImage', { parent, productImage: { altText: 'Once' } });
  const { name, etag } = created;
  const changed = await twenty('UpdateProductImage', { productImage: { name, etag, position: 4 } });
  assert.equal(changed.position, 4);
  assert.deepEqual(await twenty('DeleteProductImage', { name, etag: changed.etag }), {});
  assert.deepEqual(await listImages(parent), []);
  await assert.rejects(deleteImage(name), { code: status.NOT_FOUND });
});

test('images of a deleted product can be read, and are there when it comes back', async () => {
  const { name } = await createProduct({ title: 'Away' });
  const image = await createImage(name, { altText: 'Away' });
  await client.call('DeleteProduct', { name });
  assert.deepEqual(await client.call('GetProductImage', { name: image.name }), image);
  assert.equal((await client.call('UndeleteProduct', { name })).primaryImage, image.name);
  assert.deepEqual(await listImages(name), [image]);
});

test('images come, go and move at once, and the first is the primary one', async () => {
  const { name } = await createProduct({ title: 'Busy' });
  for (let round = 0; round < 6; round++) {
    const there = await Promise.all(times(12, (i) => createImage(name, { position: i })));
    await Promise.all([
      ...times(8, (i) => createImage(name, { position: -i })),
      ...there.slice(0, 6).map((image) => deleteImage(image.name)),
      ...there.slice(6).map((image, i) => updateImage({ name: image.name, position: -20 + i }, 'position')),
      ...times(4, (i) => client.call('UpdateProduct', { product: { name, brand: `Brand ${i}` } })),
    ]);
    await assertPrimary();
    const all = await listImages(name, { pageSize: 7 });
    assert.equal(all.length, 14);
    assert.equal(await primary(name), all[0].name);
    const doomed = await Promise.allSettled([...all.map((image) => deleteImage(image.name)),
      createImage(name, { position: 99 })]);
    assert.ok(doomed.every((one) => one.status === 'fulfilled'));
    const [last, ...others] = await listImages(name);
    assert.deepEqual([others, await primary(name)], [[], last.name]);
    await deleteImage(last.name);
  }
  await assertPrimary();
});

test('no image comes under a product that is deleted meanwhile, but before', async () => {
  for (let round = 0; round < 5; round++) {
    const { name } = await createProduct({ title: `Closing ${round}` });
    const results = await Promise.allSettled([
      ...times(5, (i) => createImage(name, { position: -i })),
      client.call('DeleteProduct', { name }),
      ...times(5, (i) => createImage(name, { position: -10 - i })),
    ]);
    const failed = results.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
    assert.deepEqual(failed, Array(failed.length).fill(status.NOT_FOUND));
    const made = results.filter((one) => one.value && !('variantCount' in one.value)).map((one) => one.value);
    await client.call('UndeleteProduct', { name });
    assert.equal((await listImages(name)).length, made.length);
    await assertPrimary();
  }
});

test('the audit log tells what was done to an image', async () => {
  const { name } = await createImage(PRODUCT, { altText: 'Told' });
  await updateImage({ name, position: 3 });
  await deleteImage(name);
  const rows = JSON.parse(await instance.sql(`
    select jsonb_agg(jsonb_build_object('method', method, 'changes', changes) order by id)
    from catalog.audit_entry where resource = '${name}'`));
  assert.deepEqual(rows.map((row) => row.method),
    ['CreateProductImage', 'UpdateProductImage', 'DeleteProductImage']);
  assert.deepEqual(rows[0].changes, [{ field: 'alt_text', old: null, new: 'Told' }]);
  assert.deepEqual(rows[1].changes, [{ field: 'position', old: 0, new: 3 }]);
  assert.deepEqual(rows[2].changes.find((change) => change.field === 'alt_text'),
    { field: 'alt_text', old: 'Told', new: null });
});
