// Search, suggestions and similar products, on a real catalog: what comes first, what is found at
// all, and that pages, facets and highlights are true.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { catalogClient, status, violatedFields } from './support/clients.mjs';
import { leafOf, randomFilter, randomFrom, viewOf } from './support/filters.mjs';
import { Instance, waitFor } from './support/instance.mjs';
import { openSources, readProducts } from './support/sources.mjs';

let instance;
let client;
let sources;
let products;
const shelves = new Map(); // category names by title

before(async () => {
  sources = openSources();
  products = readProducts(sources);
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  for (const title of new Set(products.map((entry) => entry.categoryTitle))) {
    shelves.set(title, (await client.call('CreateCategory', { category: { title } })).name);
  }
  const requests = products.map(({ id, categoryTitle, product }) => ({
    product: { ...product, attributes: undefined, category: shelves.get(categoryTitle) },
    productId: id,
  }));
  for (let i = 0; i < requests.length; i += 1000) {
    await client.call('BatchCreateProducts', { requests: requests.slice(i, i + 1000) });
  }
  await instance.sql('analyze catalog.search_entry');
});

after(async () => {
  client?.close();
  await instance?.stop();
});

const search = (query, request = {}) => client.call('SearchProducts', { query, ...request });
const suggest = async (query, pageSize = 10) =>
  (await client.call('SuggestProducts', { query, pageSize })).suggestions;
const create = (product) => client.call('CreateProduct', { product });
const names = (answer) => answer.results.map((result) => result.product.name);

async function fails(call, code, ...fields) {
  await assert.rejects(call, (error) => {
    assert.equal(error.code, code, error.message);
    assert.deepEqual(violatedFields(error), fields);
    return true;
  });
}

async function searchAll(query, request) {
  const all = [];
  let pageToken = '';
  do {
    const page = await search(query, { ...request, pageToken });
    all.push(...page.results);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

// What the CSV says about a word, to compare with.
const words = (text) => text.normalize('NFD').toLowerCase().match(/[a-z0-9]+/g) ?? [];
const isReal = () => sources.real;

test('a word that is not finished, or misspelt, finds what is meant first', async () => {
  if (!isReal()) return;
  for (const [query, corrected] of [
    ['billy bookcas', ''], ['billy bokcase', 'billy bookcase'], ['bily bookcase', 'billy bookcase'],
    ['BILLY Bookcase', ''],
  ]) {
    const answer = await search(query, { pageSize: 10 });
    assert.equal(answer.results.length, 10, query);
    assert.equal(answer.correctedQuery, corrected);
    for (const { product } of answer.results) {
      assert.match(product.title, /BILLY/, query);
      assert.match(product.description, /^Bookcase/, query);
    }
  }
});

test('sofas come before covers for sofas', async () => {
  if (!isReal()) return;
  const { results } = await search('sofa 3 seat', { pageSize: 100 });
  const firstCover = results.findIndex(({ product }) => /cover/i.test(product.description));
  const lastSofa = results.findLastIndex(({ product }) =>
    /^(3-seat|sofa)/i.test(product.description));
  assert.ok(lastSofa >= 20, 'there are sofas');
  assert.ok(firstCover === -1 || firstCover > 20, `cover at ${firstCover}`);
  const scores = results.map((result) => result.score);
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
});

test('all that have every word are found, and nothing else', async () => {
  const pairs = isReal() ? [['armchair', 'armchairs'], ['hemnes', 'hemnes']] : [];
  for (const [word, plural] of pairs) {
    const expected = products.filter(({ product, categoryTitle }) =>
      words(`${product.title} ${product.description} ${categoryTitle}`)
        .some((found) => found === word || found === plural));
    const answer = await search(word, { pageSize: 1000, includeTotalSize: true });
    assert.equal(answer.totalSize, String(expected.length), word);
    assert.equal(answer.totalSizeIsEstimate, false);
    assert.deepEqual(new Set(names(answer)), new Set(expected.map(({ id }) => `products/${id}`)));
  }
});

test('a write is found by the next search, and what is gone is not', async () => {
  const made = await create({ title: 'Quokkasaurus bench', brand: 'Wombatini', tags: ['numbatty'] });
  for (const query of ['quokkasaurus', 'quokkas', 'wombatini', 'numbatty', 'bench quokkasaurus']) {
    assert.deepEqual(names(await search(query)), [made.name], query);
  }
  await client.call('UpdateProduct', {
    product: { name: made.name, title: 'Bilbykin bench' }, updateMask: { paths: ['title'] },
  });
  assert.deepEqual(names(await search('bilbykin')), [made.name]);
  assert.deepEqual(names(await search('"quokkasaurus"')), []);
  await client.call('DeleteProduct', { name: made.name });
  assert.deepEqual(names(await search('bilbykin')), []);
  await client.call('UndeleteProduct', { name: made.name });
  assert.deepEqual(names(await search('bilbykin')), [made.name]);
});

test('a product is found by the titles of its categories, also when they change', async () => {
  const above = await client.call('CreateCategory', { category: { title: 'Velocipedes' } });
  const shelf = await client.call('CreateCategory', {
    category: { title: 'Penny-farthings', parent: above.name },
  });
  const made = await create({ title: 'Rover', category: shelf.name });
  const further = await create({ title: 'Ordinary', additionalCategories: [shelf.name] });
  const both = [further.name, made.name];
  assert.deepEqual(names(await search('farthing')), both);
  assert.deepEqual(names(await search('velocipede')), both);
  assert.deepEqual(names(await search('rover velocipede')), [made.name]);
  await client.call('UpdateCategory', {
    category: { name: above.name, title: 'Boneshakers' }, updateMask: { paths: ['title'] },
  });
  assert.deepEqual(names(await search('boneshaker')), both);
  assert.deepEqual(names(await search('"velocipede"')), []);
});

test('a tree of categories is found as it stands, whatever was moved and deleted', async () => {
  const random = (() => { let state = 7; return (below) => (state = (state * 48271) % 2147483647) % below; })();
  const nodes = [];
  const letters = (number) => [...String(number)].map((digit) => 'bcdfghjklm'[digit]).join('a');
  for (let i = 0; i < 40; i++) {
    const above = i < 3 ? null : nodes[random(i)];
    const word = `qu${letters(i)}o`;
    const { name } = await client.call('CreateCategory', { category: { title: word, parent: above?.name } });
    nodes.push({ name, word, above, products: [] });
  }
  for (let i = 0; i < 60; i++) {
    const [own, other] = [nodes[random(40)], nodes[random(40)]];
    const { name } = await create({
      title: `Quux ${i}`, category: own.name, additionalCategories: other === own || i % 3 ? [] : [other.name],
    });
    own.products.push(name);
    if (other !== own && i % 3 === 0) other.products.push(name);
  }
  const isBelow = (node, top) => node !== null && (node === top || isBelow(node.above, top));
  const check = async () => {
    for (const top of nodes) {
      const within = top.isDeleted ? [] : nodes.filter((node) => !node.isDeleted && isBelow(node, top));
      const expected = [...new Set(within.flatMap((node) => node.products))].sort();
      const { results } = await search(`"${top.word}"`, { pageSize: 100 });
      assert.deepEqual(results.map((result) => result.product.name), [], 'a phrase is of texts alone');
      const answer = await search(`${top.word} quux`, { pageSize: 100 });
      // A word that nothing has is taken for another one.
      const found = answer.correctedQuery ? [] : names(answer).sort();
      assert.deepEqual(found, expected, top.word);
    }
  };
  await check();
  for (let i = 0; i < 12; i++) {
    const [node, above] = [nodes[random(40)], nodes[random(40)]];
    if (isBelow(above, node)) continue;
    await client.call('MoveCategory', { name: node.name, parent: above.name });
    node.above = above;
  }
  await check();
  for (const node of nodes.filter((each) => !nodes.some((other) => other.above === each)).slice(0, 5)) {
    await client.call('DeleteCategory', { name: node.name, force: true });
    node.isDeleted = true;
  }
  await check();
  await instance.sql('select catalog.search_rebuild()');
  await check();
  const gone = nodes.filter((node) => node.isDeleted);
  await client.call('UndeleteCategory', { name: gone[0].name });
  gone[0].isDeleted = false;
  await check();
  const sizes = await instance.sql(`select count(*) from catalog.search_category as own where size <>
    (select count(*) from catalog.search_category as other where own.category_id = any (other.keys))`);
  assert.match(sizes, /^\s*0\s*$/m);
});

test('a search goes on while all of it is made anew', async () => {
  const found = async () => names(await search('sofa', { pageSize: 5 }));
  const wanted = await found();
  assert.equal(wanted.length, 5);
  let isOver = false;
  let count = 0;
  const searching = Array.from({ length: 4 }, async () => {
    for (; !isOver; count++) assert.deepEqual(await found(), wanted);
  });
  for (let i = 0; i < 3; i++) await instance.sql('select catalog.search_rebuild()');
  const before = count;
  await waitFor('searches afterwards', () => count > before + 8);
  isOver = true;
  await Promise.all(searching);
});

test('titles weigh more than brands and tags, these more than descriptions', async () => {
  const made = [];
  for (const product of [
    { title: 'Plain one', description: 'Made for the gnurfle.' },
    { title: 'Plain two', brand: 'Gnurfle' },
    { title: 'Gnurfle three' },
  ]) made.unshift((await create(product)).name);
  assert.deepEqual(names(await search('gnurfle')), made);
});

test('quotes keep words together, and a minus keeps them out', async () => {
  const red = await create({ title: 'Zibble crimson wardrobe' });
  const swapped = await create({ title: 'Zibble wardrobe crimson' });
  assert.deepEqual(new Set(names(await search('zibble crimson wardrobe'))),
    new Set([red.name, swapped.name]));
  assert.deepEqual(names(await search('zibble "crimson wardrobe"')), [red.name]);
  assert.deepEqual(names(await search('zibble -"crimson wardrobe"')), [swapped.name]);
  assert.deepEqual(names(await search('zibble -crimson')), []);
  assert.deepEqual(names(await search('zibble "crimson wardrobe')), [red.name], 'not closed');
  assert.equal(names(await search('zibble - wardrobe')).length, 2, 'a minus alone means nothing');
});

test('accents, case and combining marks make no difference', async () => {
  const composed = await create({ title: 'Fjällräven Øresund Łódź' });
  const combined = await create({ title: 'Fja\u0308llra\u0308ven Øresund Łódź' });
  for (const query of ['fjallraven', 'FJÄLLRÄVEN', 'fja\u0308llra\u0308ven', 'oresund', 'lodz', 'fjällr']) {
    assert.deepEqual(names(await search(query)), [combined.name, composed.name], query);
  }
  const cyrillic = await create({ title: 'Самовар', brand: '茶壺' });
  assert.deepEqual(names(await search('самовар')), [cyrillic.name]);
  assert.deepEqual(names(await search('茶壺')), [cyrillic.name]);
});

test('there is no query that does harm: signs are signs', async () => {
  const made = await create({ title: '100% Blurb_cotton', description: "O'Neil's\\back|slash" });
  for (const query of ['100% blurb_cotton', "oneil's blurb", "o'neils", 'back|slash', 'back\\slash',
    'blurb & cotton', 'blurb:* cotton', '(blurb)', '!blurb', 'blurb <-> cotton', '<blurb>',
    "blurb'); drop table catalog.product; --", 'blurb\ncotton', '\u0001blurb', '100%', '"blurb_cotton"']) {
    const found = names(await search(query));
    if (/drop table/.test(query)) assert.deepEqual(found, [], query);
    else assert.ok(found.includes(made.name), query);
  }
  // As wildcards these would find it.
  for (const query of ['bl%b', 'bl_rb', 'bl*b', 'b.*b', '100\\%x']) {
    assert.ok(!names(await search(query)).includes(made.name), query);
  }
  for (const query of ['%', '_', '\\', "'", ':*', '&|!()<->', '-', '""', '-sofa', '🛋', '\u200b']) {
    await fails(search(query), status.INVALID_ARGUMENT, 'query');
    await fails(suggest(query), status.INVALID_ARGUMENT, 'query');
  }
  await fails(search(''), status.INVALID_ARGUMENT, 'query');
  await fails(search(' \t'), status.INVALID_ARGUMENT, 'query');
  await fails(search('x'.repeat(257)), status.INVALID_ARGUMENT, 'query');
  assert.deepEqual((await search('ä'.repeat(256))).results, []);
  assert.deepEqual((await search('q '.repeat(128))).results, []);
});

test('words that are in every text count in names', async () => {
  const made = await create({ title: 'The Who', description: 'A poster of the band' });
  await create({ title: 'Poster', description: 'The one who knows, and the other' });
  assert.deepEqual(names(await search('the who')), [made.name]);
  assert.ok(names(await search('the poster of a band')).includes(made.name));
  assert.deepEqual(names(await search('X')), [], 'one letter');
});

test('pages have all results once, in one order, also when all are equally good', async () => {
  const requests = Array.from({ length: 95 }, () => ({ product: { title: 'Snorfel lamp' } }));
  await client.call('BatchCreateProducts', { requests });
  const whole = await search('snorfel', { pageSize: 1000, includeTotalSize: true });
  assert.equal(whole.totalSize, '95');
  assert.equal(whole.nextPageToken, '');
  for (const pageSize of [1, 7, 19, 95]) {
    const paged = await searchAll('snorfel', { pageSize });
    assert.deepEqual(paged.map((result) => result.product.name), names(whole), `by ${pageSize}`);
  }
  const query = isReal() ? 'chair' : 'lamp';
  const all = await search(query, { pageSize: 1000 });
  const paged = await searchAll(query, { pageSize: 13 });
  assert.deepEqual(paged.map((result) => result.product.name), names(all));
});

test('an order of its own sorts what is found, page by page', async () => {
  for (const orderBy of ['price', 'price desc', 'title, price desc', 'create_time']) {
    const whole = await search('snorfel', { pageSize: 1000, orderBy });
    const paged = await searchAll('snorfel', { pageSize: 10, orderBy });
    assert.equal(paged.length, 95);
    assert.deepEqual(paged.map((result) => result.product.name), names(whole), orderBy);
  }
  if (!isReal()) return;
  const { results } = await search('bookcase', { pageSize: 200, orderBy: 'price desc' });
  const prices = results.map(({ product }) => Number(product.price.units) + product.price.nanos / 1e9);
  assert.deepEqual(prices, [...prices].sort((a, b) => b - a));
});

test('a filter narrows the search and its total', async () => {
  const filter = 'price < 500';
  const word = isReal() ? 'chair' : 'lamp';
  const all = await search(word, { pageSize: 1000 });
  const cheap = await search(word, { pageSize: 1000, filter, includeTotalSize: true });
  const expected = all.results.filter(({ product }) =>
    product.price && Number(product.price.units) < 500);
  assert.deepEqual(names(cheap), expected.map((result) => result.product.name));
  assert.equal(cheap.totalSize, String(expected.length));
});

// Prices at the bounds of the ranges that search knows them by, and beside.
const EDGES = ['0', '0.01', '0.02', '0.03', '1', '4.99', '5', '99.99', '100', '100.01', '124.99', '125',
  '99999999.99', '100000000', '250000000'];

test('filters of price and state leave what they should, also after changes', async () => {
  const random = randomFrom(7);
  const money = (text) => {
    const [units, fraction = ''] = text.split('.');
    return { currencyCode: 'EUR', units, nanos: Number(fraction.padEnd(9, '0')) };
  };
  const facts = () => ({
    price: random.chance(0.85) ? money(random.pick(EDGES)) : null,
    state: random.pick(['STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED']),
  });
  const { products: made } = await client.call('BatchCreateProducts', {
    requests: Array.from({ length: 120 }, (_, i) => ({
      product: { title: i % 3 ? `Quibble ${i}` : `Thing ${i}`, description: 'a quibble', ...facts() },
    })),
  });
  let some = 0;
  const check = async () => {
    const views = (await client.call('BatchGetProducts', { names: made.map(({ name }) => name) })).products.map(viewOf);
    for (let i = 0; i < 60; i++) {
      const { text: filter, holds } = randomFilter(random, [leafOf.price, leafOf.price, leafOf.state], views, random.below(3));
      const wanted = views.filter(holds).map(({ name }) => name).sort();
      const orderBy = random.chance(0.3) ? 'price' : '';
      const found = await searchAll('quibble', { filter, orderBy, pageSize: 7 + random.below(60) });
      assert.deepEqual(found.map(({ product }) => product.name).sort(), wanted, filter);
      some += wanted.length > 0 && wanted.length < views.length;
    }
  };
  await check();
  for (const { name } of made.filter(() => random.chance(0.5))) {
    await client.call('UpdateProduct', { product: { name, ...facts() }, updateMask: { paths: ['price', 'state'] } });
  }
  await check();
  assert.ok(some > 40, `${some} of the filters are neither empty nor all`);
});

test('a price is in the ranges that stand for it, and in no others', async () => {
  const wrong = await instance.sql(`
    with price as (
      select unnest(catalog.search_price_bounds() || array[0, 0.001, 3, 99.99, 100.01, 5e8, 1e18]) as price
      union all select null
    ), bound as (
      select unnest(catalog.search_price_bounds() || array[-1, 0, 0.001, 3, 99.99, 7e8]) as bound
    )
    select price, bound, is_below from price, bound, (values (true), (false)) as below (is_below)
    where catalog.search_facts(2::smallint, price) @@ catalog.search_priced(null, bound, is_below)
          -- nothing that passes is missing; and nothing else is there, if the bound is one of a range
          is distinct from case
            when price is null then false
            when bound = any (catalog.search_price_bounds()) and is_below then price < bound
            else catalog.search_price_place(price) <= catalog.search_price_place(bound) end
       or coalesce(price >= bound, false)
          and not catalog.search_facts(2::smallint, price) @@ catalog.search_priced(bound, null, false)
       or price = bound
          and not catalog.search_facts(2::smallint, price) @@ catalog.search_priced(bound, bound, false)`);
  assert.equal(wrong, '');
});

test('a word of thousands is walked whole: those named so first, then the newest', async () => {
  await instance.sql(`
    insert into catalog.product (title, slug, description, additional_category_ids, brand, tags,
        attributes, inventory, allow_backorder, state)
    select case when i % 5 = 0 then 'Womble ' || i else 'Thing ' || i end, 'womble-' || i,
           case when i % 5 = 0 then '' else 'for the womble' end, '{}', 'B' || i % 3, '{}', '{}', 0,
           false, 2
    from generate_series(1, 4000) i`);
  await instance.sql('analyze catalog.search_entry');
  const all = await searchAll('womble', { pageSize: 700 });
  const found = all.map((result) => result.product.name);
  assert.equal(found.length, 4000);
  assert.equal(new Set(found).size, 4000, 'none twice');
  const named = all.filter(({ product }) => product.title.startsWith('Womble'));
  assert.deepEqual(found.slice(0, 800), named.map((result) => result.product.name));
  const ids = found.slice(800).map((name) => Number(name.split('/')[1]));
  assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
  const page = await search('womble', { includeTotalSize: true, facets: ['brand'] });
  assert.equal(page.totalSize, '4000');
  const [facet] = page.facets;
  assert.equal(facet.isEstimate, true);
  // 300 are drawn by chance: four times the standard deviation of a third of 4000.
  const most = 4 * 4000 * Math.sqrt((1 / 3) * (2 / 3) / 300);
  for (const bucket of facet.buckets) {
    assert.ok(Math.abs(Number(bucket.count) - 4000 / 3) < most, `${bucket.value}: ${bucket.count}`);
  }
  const total = facet.buckets.reduce((sum, bucket) => sum + Number(bucket.count), 0);
  assert.ok(Math.abs(total - 4000) <= 3, `${total}`);
  const few = await search('womble', { filter: 'title = "Womble 5*"', includeTotalSize: true });
  assert.equal(few.totalSize, '23');
});

// Ids far apart, so that what is newest is read in several parts; of names and of the others other
// prices are to be had, and only the oldest are out of stock. All of either are equally good.
test('with a filter the newest are found wherever they are, once and in order', async () => {
  const all = Array.from({ length: 6000 }, (_, i) => ({
    id: 200_000 + i * 100,
    isNamed: i % 3 === 0,
    price: i % 3 === 0 ? 50 + (i % 50) : i % 50,
    state: i % 4 === 0 ? 1 : 2,
    inventory: i < 700 ? 0 : 1,
  }));
  await instance.sql(`
    insert into catalog.product (id, title, slug, description, additional_category_ids, brand, tags,
        attributes, inventory, allow_backorder, state, price_currency, price_amount)
    overriding system value
    select 200000 + i * 100, case when i % 3 = 0 then 'Zorble' else 'Thing' end || ' big',
           'zorble-' || i, case when i % 3 = 0 then '' else 'zorble' end, '{}', 'Zor', '{}', '{}',
           (i >= 700)::integer, false, case when i % 4 = 0 then 1 else 2 end, 'EUR',
           case when i % 3 = 0 then 50 else 0 end + i % 50
    from generate_series(0, 5999) as i`);
  await instance.sql('analyze catalog.search_entry; analyze catalog.product');
  const filters = {
    '': () => true,
    'state = ACTIVE': ({ state }) => state === 2,
    'state != ACTIVE': ({ state }) => state === 1,
    'price < 10': ({ price }) => price < 10,
    'price < 25 AND state = ACTIVE': ({ price, state }) => price < 25 && state === 2,
    'price >= 50': ({ price }) => price >= 50,
    'price >= 45 AND price <= 52': ({ price }) => price >= 45 && price <= 52,
    'price >= 90 AND price < 20': () => false,
    'inventory > 0': ({ inventory }) => inventory > 0,
    'inventory = 0': ({ inventory }) => inventory === 0,
    'inventory = 0 AND price < 10 AND state = DRAFT': ({ inventory, price, state }) =>
      inventory === 0 && price < 10 && state === 1,
    'inventory > 0 AND price >= 40 AND price < 63': ({ inventory, price }) =>
      inventory > 0 && price >= 40 && price < 63,
  };
  for (const [filter, passes] of Object.entries(filters)) {
    const passing = all.filter(passes).sort((a, b) => b.isNamed - a.isNamed || b.id - a.id);
    const wanted = passing.map(({ id }) => `products/${id}`);
    for (const [query, pageSize] of [['zorble', 700], ['zorble big', 1000]]) {
      const found = names({ results: await searchAll(query, { filter, pageSize }) });
      assert.deepEqual(found, wanted, `${query}, ${filter}`);
    }
    const answer = await search('zorble', { filter, includeTotalSize: true, facets: ['brand'] });
    assert.deepEqual(names(answer), wanted.slice(0, 25), filter);
    assert.equal(answer.totalSize, String(passing.length), filter);
    assert.deepEqual(answer.facets[0].buckets.map(({ value, count }) => [value, Number(count)]),
      passing.length === 0 ? [] : [['Zor', passing.length]], filter);
  }
  await instance.sql('delete from catalog.product where id >= 200000; analyze catalog.search_entry');
});

test('facets count what was found, and their filters select just that', async () => {
  const query = isReal() ? 'table' : 'lamp';
  const facets = ['category', 'brand', 'price'];
  const answer = await search(query, { facets, includeTotalSize: true, filter: 'price < 3000' });
  assert.deepEqual(answer.facets.map((facet) => facet.field), facets);
  const total = Number(answer.totalSize);
  for (const facet of answer.facets) {
    assert.equal(facet.isEstimate, false);
    assert.ok(facet.buckets.length > 0, facet.field);
    let sum = 0;
    for (const bucket of facet.buckets) {
      sum += Number(bucket.count);
      const within = await search(query, {
        filter: `price < 3000 AND ${bucket.filter}`, includeTotalSize: true, pageSize: 1,
      });
      assert.equal(within.totalSize, bucket.count, bucket.filter);
    }
    assert.ok(sum <= total);
  }
  const [category, , price] = answer.facets;
  for (const bucket of category.buckets) assert.equal(shelves.get(bucket.title), bucket.value);
  assert.equal(price.buckets.reduce((sum, bucket) => sum + Number(bucket.count), 0), total);
  assert.deepEqual(price.buckets[0].minPrice.units, '0');
  assert.equal(price.buckets.at(-1).maxPrice, null);
});

test('facets of attributes: declared ones only, whatever is in them', async () => {
  const field = 'attributes.finish';
  await fails(search('glimp', { facets: [field] }), status.INVALID_ARGUMENT, 'facets');
  await instance.sql("insert into catalog.attribute_index (key, type) values ('finish', 'text')");
  const values = ['matt', 'a "quoted" *star*', 'back\\slash\n', 'ø', 5, 5.5, true, null, ['list']];
  const struct = (value) => {
    if (value === null) return { nullValue: 'NULL_VALUE' };
    if (Array.isArray(value)) return { listValue: { values: value.map(struct) } };
    return { [{ string: 'stringValue', number: 'numberValue', boolean: 'boolValue' }[typeof value]]: value };
  };
  for (const [i, value] of values.entries()) {
    for (let n = 0; n <= i; n++) {
      await create({ title: 'Glimp', attributes: { fields: { finish: struct(value) } } });
    }
  }
  const [facet] = (await search('glimp', { facets: [field] })).facets;
  assert.deepEqual(facet.buckets.map((bucket) => bucket.value),
    values.slice(0, 7).map(String).reverse());
  for (const bucket of facet.buckets) {
    const within = await search('glimp', { filter: bucket.filter, includeTotalSize: true });
    assert.equal(within.totalSize, bucket.count, bucket.filter);
  }
});

test('highlights are pieces of the text as it stands, whatever is in it', async () => {
  const hostile = '<b>Frobnitz</b> \uE000fröbnitz\uE001 & O\'Frobnitz e\u0301 \uE002 FROBNITZES!';
  const long = `${'words before it. '.repeat(40)}a frobnitz here ${'and words behind it. '.repeat(40)}`;
  const one = await create({ title: 'One', brand: 'frobnitz & sons', description: hostile, tags: ['x', 'frobnitz'] });
  const two = await create({ title: 'Frobnitz', description: long });
  const { results } = await search('frobnitz');
  const highlights = (name) => Object.fromEntries(results
    .find((result) => result.product.name === name).highlights
    .map(({ field, pieces }) => [field, pieces]));
  const marked = (pieces) => pieces.filter((piece) => piece.isMatch).map((piece) => piece.text);
  const joined = (pieces) => pieces.map((piece) => piece.text).join('');
  const first = highlights(one.name);
  assert.deepEqual(Object.keys(first).sort(), ['brand', 'description', 'tags']);
  assert.equal(joined(first.description), hostile);
  assert.deepEqual(marked(first.description), ['Frobnitz', 'fröbnitz', 'FROBNITZES']);
  assert.equal(joined(first.brand), 'frobnitz & sons');
  assert.equal(joined(first.tags), 'x, frobnitz');
  const second = highlights(two.name);
  assert.deepEqual(marked(second.title), ['Frobnitz']);
  assert.deepEqual(marked(second.description), ['frobnitz']);
  assert.ok(long.includes(joined(second.description)));
  assert.ok(joined(second.description).length < 400);
});

test('suggestions complete titles and words, forgive a typo, and take signs as they are', async () => {
  await create({ title: 'Xylocarp cabinet' });
  await create({ title: 'Xylocarp cabinet' });
  const tall = await create({ title: 'Tall 50% xylocarp' });
  const texts = (suggestions) => suggestions.map((suggestion) => suggestion.text);
  assert.deepEqual(texts(await suggest('xyloc')), ['Xylocarp cabinet', 'xylocarp', 'Tall 50% xylocarp']);
  assert.deepEqual(texts(await suggest('XYLOCARP CAB')), ['Xylocarp cabinet']);
  assert.deepEqual(texts(await suggest('xylocrap')), ['Xylocarp cabinet', 'xylocarp', 'Tall 50% xylocarp']);
  const [percent] = await suggest('tall 50%');
  assert.deepEqual(percent, { text: 'Tall 50% xylocarp', product: tall.name });
  assert.deepEqual(await suggest('xyl%'), await suggest('xyl'));
  assert.equal((await suggest('x', 1)).length, 1);
  await fails(suggest('x', -1), status.INVALID_ARGUMENT, 'page_size');
  await fails(suggest('x'.repeat(257)), status.INVALID_ARGUMENT, 'query');
});

test('similar products share category, tags and title, and are for sale', async () => {
  const shelf = await client.call('CreateCategory', { category: { title: 'Krumhorns' } });
  const ACTIVE = 'STATE_ACTIVE';
  const one = await create({ title: 'Alto krumhorn', category: shelf.name, tags: ['reed'], state: ACTIVE });
  const near = await create({ title: 'Tenor krumhorn', category: shelf.name, tags: ['reed'], state: ACTIVE });
  const far = await create({ title: 'Stand', category: shelf.name, state: ACTIVE });
  const other = await create({ title: 'Oboe', tags: ['reed'], state: ACTIVE });
  await create({ title: 'Bass krumhorn', category: shelf.name, tags: ['reed'] });
  const gone = await create({ title: 'Soprano krumhorn', category: shelf.name, tags: ['reed'], state: ACTIVE });
  await client.call('DeleteProduct', { name: gone.name });
  const similar = (name, request) => client.call('FindSimilarProducts', { name, ...request });
  const { results } = await similar(one.name);
  const found = results.map((result) => result.product.name);
  assert.equal(found[0], near.name);
  assert.deepEqual(new Set(found), new Set([near.name, far.name, other.name]));
  assert.deepEqual((await similar(one.name, { pageSize: 1 })).results.length, 1);
  await fails(similar('products/999999999'), status.NOT_FOUND);
  await fails(similar(gone.name), status.NOT_FOUND);
  await fails(similar('product/1'), status.INVALID_ARGUMENT, 'name');
});

test('what is wrong with a request is said', async () => {
  const wrong = (request, field) => fails(search('sofa', request), status.INVALID_ARGUMENT, field);
  await wrong({ pageSize: -1 }, 'page_size');
  await wrong({ filter: 'colour = "red"' }, 'filter');
  await wrong({ filter: 'price <' }, 'filter');
  await wrong({ orderBy: 'colour' }, 'order_by');
  await wrong({ facets: ['colour'] }, 'facets');
  await wrong({ facets: ['brand', 'brand'] }, 'facets');
  await wrong({ facets: ['attributes.'] }, 'facets');
  await wrong({ facets: Array.from({ length: 9 }, (_, i) => `attributes.a${i}`) }, 'facets');
  await wrong({ pageToken: 'nonsense' }, 'page_token');
  const { nextPageToken: pageToken } = await search('snorfel', { pageSize: 2 });
  assert.notEqual(pageToken, '');
  await wrong({ pageToken }, 'page_token');
  for (const request of [{ filter: 'price < 5' }, { orderBy: 'price' }]) {
    await fails(search('snorfel', { pageToken, ...request }), status.INVALID_ARGUMENT, 'page_token');
  }
});

test('REST searches, too', async () => {
  const found = await instance.call('GET', '/v1/products:search?query=snorfel&pageSize=3&facets=brand');
  assert.equal(found.results.length, 3);
  const suggested = await instance.call('GET', '/v1/products:suggest?query=xyloc');
  assert.equal(suggested.suggestions.length, 3);
  const { name } = found.results[0].product;
  assert.ok((await instance.call('GET', `/v1/${name}:similar`)).results);
});

test('many writers of the same new words do not stop each other', async () => {
  const word = (i) => String.fromCharCode(97 + (i % 26), 97 + (Math.floor(i / 26) % 26));
  await Promise.all(Array.from({ length: 40 }, (_, i) => client.call('BatchCreateProducts', {
    requests: Array.from({ length: 20 }, (_, j) => ({
      product: { title: `Zz${word((i * 7 + j * 11) % 60)}new zz${word((j * 13 + i) % 60)}new` },
    })),
  })));
  assert.ok((await search('zzaanew')).results.length > 0);
});

test('a search that takes too long ends, and nobody else notices', async () => {
  const slow = await Instance.start({ env: { NEXUS_DATABASE_STATEMENT_TIMEOUT_MS: '100' } });
  const caller = catalogClient(slow.grpc);
  try {
    const { name } = await caller.call('CreateProduct', { product: { title: 'Quick' } });
    // Pages of a thousand, each with pages of text to mark.
    await slow.sql(`
      insert into catalog.product (title, slug, description, additional_category_ids, brand, tags,
          attributes, inventory, allow_backorder, state)
      select 'Sluggard', 'sluggard-' || i, repeat('sluggard and ' || i || ' more. ', 160), '{}', '',
             '{}', '{}', 0, false, 2
      from generate_series(1, 900) i`);
    const searches = Promise.allSettled(Array.from({ length: 4 }, () =>
      caller.call('SearchProducts', { query: 'sluggard', pageSize: 1000 })));
    let isOver = false;
    searches.then(() => (isOver = true));
    let got = 0;
    while (!isOver) {
      assert.equal((await caller.call('GetProduct', { name })).title, 'Quick');
      got++;
    }
    assert.ok(got > 0);
    for (const { status: outcome, reason } of await searches) {
      assert.equal(outcome, 'rejected');
      assert.equal(reason.code, status.DEADLINE_EXCEEDED);
    }
  } finally {
    caller.close();
    await slow.stop();
  }
});

test('without pg_trgm search works, says so, and corrects what begins right', async () => {
  assert.match(await instance.ctl(['status']), /^typos +.*pg_trgm/m);
  await instance.sql('drop extension pg_trgm cascade');
  assert.match(await instance.ctl(['status']), /^typos .*search_use_trigrams/m);
  const [first] = names(await search('xylocarp'));
  assert.ok(first);
  assert.equal((await search('xylocapr')).correctedQuery, 'xylocarp');
  assert.deepEqual(names(await search('qylocarp')), []);
  assert.ok((await suggest('xyloc')).length > 0);
  assert.equal(await instance.sql('select catalog.search_use_trigrams()', instance.ownerUrl), 't');
  assert.equal((await search('qylocarp')).correctedQuery, 'xylocarp');
});

test('a schema that may not have pg_trgm is made without, and with it once that is there', async () => {
  const poor = await Instance.start({
    // As in the cloud: only the provider's own role makes extensions.
    prepare: `
      create function public.refuse() returns event_trigger language plpgsql as $$
      begin
        if current_user = 'nexus_owner' then
          raise insufficient_privilege using message = 'permission denied to create extension';
        end if;
      end $$;
      create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION')
      execute function public.refuse()`,
  });
  const caller = catalogClient(poor.grpc);
  const corrected = async (query) => (await caller.call('SearchProducts', { query })).correctedQuery;
  try {
    assert.match(poor.migrated, /^applied +005 search$/m);
    assert.match(await poor.ctl(['status']), /^typos .*search_use_trigrams/m);
    await caller.call('CreateProduct', { product: { title: 'Xylocarp' } });
    assert.equal(await corrected('xylocapr'), 'xylocarp');
    assert.equal(await corrected('qylocarp'), '');
    assert.equal(await poor.sql('select catalog.search_use_trigrams()', poor.ownerUrl), 'f');
    await poor.sql('create extension pg_trgm');
    assert.equal(await poor.sql('select catalog.search_use_trigrams()', poor.ownerUrl), 't');
    assert.equal(await corrected('qylocarp'), 'xylocarp');
    assert.match(await poor.ctl(['status']), /^typos +.*pg_trgm/m);
  } finally {
    caller.close();
    await poor.stop();
  }
});
