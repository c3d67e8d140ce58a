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
  assert.match(await seed(BULK), new RegExp(`^added 439 categories and ${BULK} products\nloading .* indexing .* analyzing`));
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

for (const [when, state] of [['rows are copied', 'COPY catalog.product'], ['indexes are made', 'CREATE']]) {
  test(`interrupted while ${when}, it leaves the database as it was`, async () => {
    await empty();
    const before = await parts();
    const child = spawn(path.join(buildDir, 'service/nexusctl'), ['seed', '--count', '40000'],
      { env: { ...instance.env, DATABASE_URL: instance.ownerUrl }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitFor(when, async () => Number(await instance.sql(`select count(*) from pg_stat_activity
      where application_name = 'nexus-load' and query ilike '${state}%'`)) > 0);
    child.kill('SIGINT');
    assert.equal(await ended, 1);
    assert.equal(said, 'nexusctl: interrupted; the database is as it was before\n');
    assert.equal(await instance.sql('select (select count(*) from catalog.product), (select count(*) from catalog.category)'), '0|0');
    assert.equal(await parts(), before);
  });
}

test('who loads while others write does not lose what they write', async () => {
  await empty();
  const writing = (async () => {
    for (let i = 0; i < 50; i++) await instance.call('POST', '/v1/products', { title: `Meanwhile ${i}` });
  })();
  await Promise.all([seed(2000), seed(2000), writing]);
  assert.equal(await instance.sql('select count(*) from catalog.product'), '2050');
  assert.equal(await wrongCounts(), '0');
});
