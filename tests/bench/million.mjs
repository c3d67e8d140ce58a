// The measurements of million.sh: million.mjs TARGET. Each is a table row of calls a second, median
// and 99th percentile; lists also how much page 10,000 costs more than the first.
import { catalogClient } from '../e2e/support/clients.mjs';

const [target] = process.argv.slice(2);
const rows = Number(process.env.NEXUS_ROWS);
const seconds = Number(process.env.SECONDS_EACH ?? 5);
const clients = Number(process.env.CLIENTS ?? 4);
const PAGE = 25;
const DEEP = Math.min(10_000, Math.floor(rows / PAGE / 2)); // the page that is compared with the first

let seed = 1;
const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
const pick = (list) => list[random(list.length)];
const anyProduct = () => `products/${random(rows) + 1}`;

const connections = Array.from({ length: clients }, () => catalogClient(target));
const first = connections[0];

function summary(taken, time) {
  taken.sort((a, b) => a - b);
  const at = (share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))];
  return { rate: taken.length / time, p50: at(0.5), p99: at(0.99) };
}

async function timed(call, client, taken) {
  const start = performance.now();
  await call(client);
  taken.push(performance.now() - start);
}

// Calls for so long, on each connection one after the other. Returns {rate, p50, p99} in ms.
async function measure(call) {
  const taken = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(connections.map(async (client) => {
    while (performance.now() < end) await timed(call, client, taken);
  }));
  return summary(taken, seconds);
}

// Two calls in turn, on one connection, so that what the machine does meanwhile hits both.
async function compare(...calls) {
  const taken = calls.map(() => []);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const [i, call] of calls.entries()) await timed(call, first, taken[i]);
  }
  return taken.map((each) => summary(each, each.reduce((a, b) => a + b) / 1000));
}

const line = (label, { rate, p50, p99 }, more = '') => console.log(
  `${label.padEnd(44)} ${rate.toFixed(0).padStart(8)} ${p50.toFixed(2).padStart(9)} ${p99.toFixed(2).padStart(9)}  ${more}`);
const head = (title) => console.log(`${title.padEnd(44)} ${'calls/s'.padStart(8)} ${'p50/ms'.padStart(9)} ${'p99/ms'.padStart(9)}`);

// The token of the page behind so many rows.
async function tokenAt(list, depth) {
  let pageToken = '';
  for (let at = 0; at < depth;) {
    const pageSize = Math.min(1000, depth - at);
    const page = await first.call('ListProducts', { ...list, pageSize, pageToken });
    at += page.products.length;
    pageToken = page.nextPageToken;
  }
  return pageToken;
}

async function lists() {
  head(`Lists, pages of ${PAGE}, one client`);
  const orders = ['', 'slug', 'title', 'title desc', 'brand', 'price', 'price desc', 'inventory', 'state',
    'create_time desc', 'update_time', 'brand, price', 'price desc, title', 'state, title',
    'state, allow_backorder, price', 'delete_time', 'purge_time desc, brand'];
  const lists = orders.map((orderBy) => ({ orderBy }));
  lists.push({ orderBy: 'title', filter: 'price < 500' }, { orderBy: 'price', showDeleted: true });
  for (const list of lists) {
    const pageToken = await tokenAt(list, PAGE * (DEEP - 1));
    const page = (token) => (client) =>
      client.call('ListProducts', { ...list, pageSize: PAGE, pageToken: token });
    const [near, far] = await compare(page(''), page(pageToken));
    const label = `  by ${list.orderBy || 'name'}${list.filter ? `, ${list.filter}` : ''}`
      + `${list.showDeleted ? ', deleted too' : ''}`;
    line(`${label}, page 1`, near);
    line(`${label}, page ${DEEP}`, far, `${(far.p50 / near.p50).toFixed(2)} x`);
  }
}

async function reads() {
  head(`Reads, ${clients} clients`);
  line('  GetProduct', await measure((client) => client.call('GetProduct', { name: anyProduct() })));
  const categories = (await first.call('ListCategories', { pageSize: 1000 })).categories;
  line('  GetCategory', await measure((client) => client.call('GetCategory', { name: pick(categories).name })));
  line('  ListCategories, 100', await measure((client) => client.call('ListCategories', { pageSize: 100 })));
  line('  GetCatalogStatistics', await measure((client) => client.call('GetCatalogStatistics', {})));
  line('  ListProducts, category and below', await measure((client) =>
    client.call('ListProducts', { pageSize: PAGE, filter: `category:"${pick(categories).name}"` })));
}

async function writes() {
  head(`Writes, ${clients} clients`);
  line('  UpdateProduct, the title', await measure((client) => client.call('UpdateProduct',
    { product: { name: anyProduct(), title: `Renamed ${random(1e9)}` }, updateMask: { paths: ['title'] } })));
  line('  CreateProduct', await measure((client) => client.call('CreateProduct',
    { product: { title: `A new thing ${random(1e9)}`, brand: 'Bench', tags: ['new'], category: 'categories/5' } })));
}

await lists();
await reads();
await writes();
for (const client of connections) client.close();
