// The sample catalog: the same whichever way it is loaded, and all of it or nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { buildDir, Instance, waitFor } from './support/instance.mjs';

// From 10,000 on an empty table is filled without its indexes.
const BULK = 10_000;

let instance;

before(async () => {
  instance = await Instance.start();
});
after(() => instance?.stop());

const seed = (count, url = instance.ownerUrl) => instance.ctl(['seed', '--count', `${count}`], url);
const empty = () => instance.sql('truncate catalog.product, catalog.category cascade');

// All that a number stands for, and the categories by their slugs.
const contents = () => instance.sql(`select md5(string_agg(row::text, E'\\n' order by row.product_slug)) from (
  select product.slug as product_slug, product.title, product.description, price_currency, price_amount, filed.slug as filed_slug,
    (select array_agg(slug order by slug) from catalog.category where id = any (additional_category_ids)),
    brand, tags, attributes, inventory, allow_backorder, state
  from catalog.product join catalog.category as filed on filed.id = category_id) as row`);

const parts = () => instance.sql(`select indexdef from pg_indexes where schemaname = 'catalog'
  union all select conname || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'catalog'::regnamespace
  union all select tgname || tgenabled::text from pg_trigger where not tgisinternal order by 1`);

const wrongCounts = () => instance.sql(`select count(*) from catalog.category where
  (select coalesce(sum(amount), 0) from catalog.product_tally as tally where tally.category_id = category.id) <>
  (select count(*) from catalog.product where category_id = category.id or additional_category_ids @> array[category.id])`);

test('a number gives the same product every time', async () => {
  assert.equal(await instance.ctl(['seed']), 'added 13 categories and 150 products\n');
  assert.equal(await instance.ctl(['seed']), 'added 0 categories and 0 products\n');
  assert.equal(await instance.sql(`select title, price_amount from catalog.product
    where slug = 'sample-1-alder-oak-floor-lamp'`), 'Alder Oak Floor Lamp|116.950000000');
  // By the role of the service, too.
  assert.equal(await seed(BULK, instance.databaseUrl), `added 426 categories and ${BULK - 150} products\n`);
  const rowByRow = await contents();
  assert.equal(await wrongCounts(), '0');
  const before = await parts();

  await empty();
  assert.match(await seed(BULK), new RegExp(`^added 439 categories and ${BULK} products\nloading .* entering .* indexing`));
  assert.equal(await contents(), rowByRow);
  assert.equal(await wrongCounts(), '0');
  assert.equal(await parts(), before);
  assert.equal(await seed(BULK), 'added 0 categories and 0 products\n');
  await instance.sql(`delete from catalog.product where slug like 'sample-77%'`);
  assert.equal(await seed(BULK), 'added 0 categories and 111 products\n');
  assert.equal(await contents(), rowByRow);
});

test('a slug that somebody else has is left to them', async () => {
  await empty();
  await instance.call('POST', '/v1/products', { title: 'Mine', slug: 'sample-7-mine' });
  assert.equal(await seed(20), 'added 13 categories and 19 products\n');
});

const loading = (query) => waitFor(query, async () => Number(await instance.sql(`select count(*) from pg_stat_activity
  where application_name = 'nexus-load' and query ilike '${query}%'`)) > 0);

// It is under way; `ended` is its exit code and all that it said.
function startSeed(count) {
  const child = spawn(path.join(buildDir, 'service/nexusctl'), ['seed', '--count', `${count}`],
    { env: { ...instance.env, DATABASE_URL: instance.ownerUrl }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  return { kill: (signal) => child.kill(signal), ended: new Promise((resolve) => child.once('exit', (code) => resolve([code, said]))) };
}

for (const [when, query] of [['rows are copied', 'copy catalog.product'], ['they are entered', 'select catalog.search_refill']]) {
  test(`interrupted while ${when}, it leaves the database as it was`, async () => {
    await empty();
    const before = await parts();
    const seeding = startSeed(40000);
    await loading(query);
    seeding.kill('SIGINT');
    assert.deepEqual(await seeding.ended, [1, 'nexusctl: interrupted; the database is as it was before\n']);
    assert.equal(await instance.sql('select (select count(*) from catalog.product), (select count(*) from catalog.category)'), '0|0');
    assert.equal(await parts(), before);
  });
}

// What clients see: a list, a search, a suggestion.
async function answers() {
  const paths = ['/v1/products?order_by=price&page_size=20', '/v1/products:search?query=oak%20sofa',
    '/v1/products:suggest?query=sof', '/v1/products?filter=tags:%22oak%22&page_size=20'];
  return Promise.all(paths.map(async (target) => {
    const { total_size: estimated, ...rest } = await instance.call('GET', target);
    return rest;
  }));
}

for (const signal of ['SIGINT', 'SIGKILL']) {
  test(`ended by ${signal} while indexes are made, it has loaded all, and they can be made later`, async () => {
    await empty();
    const before = await parts();
    const seeding = startSeed(20000);
    await loading('copy catalog.product');
    // A writer whose transaction is open: indexes of products wait for it.
    const holding = instance.sql(`begin; lock table catalog.product in row exclusive mode;
      set application_name = 'holding'; select pg_sleep(60)`).catch(() => {});
    await waitFor('an index that waits', async () => Number(await instance.sql(`select count(*) from pg_stat_activity
      where application_name = 'nexus-index' and wait_event_type = 'Lock'`)) > 0);
    seeding.kill(signal);
    const [code, said] = await seeding.ended;
    if (signal === 'SIGINT')
      assert.deepEqual([code, said], [1, 'nexusctl: interrupted; all rows are there, but indexes are missing: '
        + 'nexusctl index-build, as the owner, makes them\n']);
    const status = await instance.ctl(['status']);
    assert.match(status, /^products +20000$/m);
    assert.match(status, /^indexes +\d+ are missing: .*nexusctl index-build$/m);
    assert.notEqual(await parts(), before);
    const without = await answers();
    await instance.sql(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holding'`);
    await holding;

    if (signal === 'SIGINT')
      assert.match(await instance.ctl(['index-build'], instance.ownerUrl), /^made \d+ indexes in [\d.]+ s\n$/);
    else
      assert.match(await seed(20000), /^added 0 categories and 0 products\nmade \d+ indexes that were missing\n$/);
    assert.equal(await instance.ctl(['index-build'], instance.ownerUrl), 'no index is missing\n');
    assert.equal(await parts(), before);
    assert.doesNotMatch(await instance.ctl(['status']), /missing/);
    assert.deepEqual(await answers(), without);
  });
}

// Declared ones wait to be made like all others, and can be taken back meanwhile.
test('an index that an operator has declared is brought back, or forgotten', async () => {
  const owner = (...args) => instance.ctl(args, instance.ownerUrl);
  await owner('index-order', 'brand, title');
  await owner('index-order', 'title, brand');
  await owner('index-attribute', 'colour', 'text');
  await owner('index-attribute', 'material', 'text');
  await instance.sql(`select catalog.index_put_off('catalog.product')`);
  assert.match(await owner('index-order', '--list'), /^brand, title +unfinished +0 bytes$/m);
  assert.match(await owner('index-attribute', '--list'), /^colour +text +unfinished +0 bytes$/m);
  assert.equal(await owner('index-order', '--drop', 'title, brand'), 'the order "title, brand" is no longer indexed\n');
  assert.equal(await owner('index-attribute', '--drop', 'material'), 'attributes.material is no longer indexed\n');
  assert.equal(await owner('index-order', 'brand, title'), 'indexed the order "brand, title"\n');
  assert.match(await owner('index-build'), /^made \d+ indexes in /);
  assert.match(await owner('index-order', '--list'), /^brand, price +ready .*\nbrand, title +ready .*\n$/);
  assert.match(await owner('index-attribute', '--list'), /^colour +text +ready .*\n$/);
  await owner('index-order', '--drop', 'brand, title');
  await owner('index-attribute', '--drop', 'colour');
});

test('who loads while others write does not lose what they write', async () => {
  await empty();
  const writing = (async () => {
    for (let i = 0; i < 50; i++) await instance.call('POST', '/v1/products', { title: `Meanwhile ${i}` });
  })();
  await Promise.all([seed(2000), seed(2000), writing]);
  assert.equal(await instance.sql('select count(*) from catalog.product'), '2050');
  assert.equal(await wrongCounts(), '0');
});
