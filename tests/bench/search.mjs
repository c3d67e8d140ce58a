// Measures search on a service that runs:
//   node bench/search.mjs TARGET BENCH_LOAD [SECONDS] [CLIENTS] [KIND]
// The queries are words of the products that are there, so that all find something. A row for each
// kind of call: how many a second, the median and the 99th percentile of how long they take. KIND: only
// those whose name begins so. BENCH_LOAD is the load driver, which takes next to nothing of the
// processors; with "-" calls are made from here, and SLOWEST=1 shows the longest ones.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { catalogClient } from '../e2e/support/clients.mjs';

const [target, driver, seconds = '5', clients = '4', only = ''] = process.argv.slice(2);
const connections = Array.from({ length: Number(clients) }, () => catalogClient(target));
const pick = (list) => list[Math.floor(Math.random() * list.length)];

// Titles of all over the catalog: of what is near to random ids.
async function sample(count) {
  const { products: [first] } = await connections[0].call('ListProducts', { pageSize: 1 });
  const newest = await connections[0].call('ListProducts', { pageSize: 1, orderBy: 'name desc' });
  const [low, high] = [first, newest.products[0]].map(({ name }) => Number(name.split('/')[1]));
  const names = Array.from({ length: count }, () =>
    `products/${low + Math.floor(Math.random() * (high - low))}`);
  const found = await Promise.all(names.map((name) =>
    connections[0].call('GetProduct', { name }).catch(() => null)));
  return found.filter((product) => product !== null);
}

const products = await sample(500);
const words = (product) => product.title.match(/\p{L}{3,}/gu) ?? [product.title];
const word = () => pick(words(pick(products)));
const someWords = (count) => {
  const all = words(pick(products));
  return all.sort(() => Math.random() - 0.5).slice(0, count).join(' ');
};
const misspelt = () => {
  const text = word();
  const at = 1 + Math.floor(Math.random() * (text.length - 2));
  return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
};

const kinds = {
  'search: 1 word': () => ['SearchProducts', { query: word() }],
  'search: 2 words': () => ['SearchProducts', { query: someWords(2) }],
  'search: 3 words': () => ['SearchProducts', { query: someWords(3) }],
  'search: 1 misspelt word': () => ['SearchProducts', { query: misspelt() }],
  'search: 2 words, filter': () =>
    ['SearchProducts', { query: someWords(2), filter: 'price < 100 AND state = ACTIVE' }],
  'facets: 1 word': () => ['SearchProducts', { query: word(), facets: ['category', 'brand', 'price'] }],
  'facets: 2 words': () =>
    ['SearchProducts', { query: someWords(2), facets: ['category', 'brand', 'price'] }],
  'suggest: 1 to 5 letters': () =>
    ['SuggestProducts', { query: word().slice(0, 1 + Math.floor(Math.random() * 5)) }],
  'suggest: 2 words': () => ['SuggestProducts', { query: someWords(2).slice(0, -1) }],
  similar: () => ['FindSimilarProducts', { name: pick(products).name }],
};

// Thousands of requests in a file, for the driver to choose from.
async function drive(make) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-search-'));
  const file = path.join(folder, 'requests');
  try {
    let method;
    const parts = [];
    for (let i = 0; i < 5000; i++) {
      const [name, request] = make();
      method = connections[0].methods[name];
      const message = connections[0].encode(name, request);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      parts.push(length, message);
    }
    fs.writeFileSync(file, Buffer.concat(parts));
    const [host, port] = target.startsWith('unix:') ? [target, '-'] : target.split(/:(?=\d+$)/);
    const [rate, p50, p99, errors] = execFileSync(driver,
      [host, port, method.path, `file:${file}`, clients, '1', '1', seconds], { encoding: 'utf8' })
      .trim().split(' ').map(Number);
    return { rate: rate.toFixed(0), p50: (p50 / 1000).toFixed(1), p99: (p99 / 1000).toFixed(1), errors };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function measure(make) {
  if (driver !== '-') return drive(make);
  const times = [];
  let errors = 0;
  let slowest = [0];
  const end = performance.now() + Number(seconds) * 1000;
  await Promise.all(connections.map(async (client) => {
    while (performance.now() < end) {
      const [method, request] = make();
      const begin = performance.now();
      await client.call(method, request).catch(() => errors++);
      const time = performance.now() - begin;
      times.push(time);
      if (time > slowest[0]) slowest = [time, request];
    }
  }));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  return { rate: (times.length / Number(seconds)).toFixed(0), p50: at(0.5), p99: at(0.99), errors, slowest };
}

console.log(`${'kind'.padEnd(28)} ${'rate/s'.padStart(8)} ${'p50/ms'.padStart(8)} ${'p99/ms'.padStart(8)} ${'errors'.padStart(7)}`);
for (const [kind, make] of Object.entries(kinds)) {
  if (!kind.startsWith(only)) continue;
  const { rate, p50, p99, errors, slowest } = await measure(make);
  console.log(`${kind.padEnd(28)} ${rate.padStart(8)} ${p50.padStart(8)} ${p99.padStart(8)} ${String(errors).padStart(7)}`);
  if (process.env.SLOWEST && slowest) console.log('   ', slowest[0].toFixed(1), JSON.stringify(slowest[1]));
}
for (const client of connections) client.close();
