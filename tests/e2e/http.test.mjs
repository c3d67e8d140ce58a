// HTTP as such: connections, and what is said on them beside the JSON.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance, waitFor } from './support/instance.mjs';

let instance;
let product;

before(async () => {
  // Long enough that nothing ends by its deadline.
  instance = await Instance.start({
    env: { NEXUS_DATABASE_STATEMENT_TIMEOUT_MS: '60000', NEXUS_BACKEND_TIMEOUT_MS: '60000' },
  });
  product = await instance.call('POST', '/v1/products', { title: 'Lamp' });
});

after(() => instance?.stop());

// Sends bytes. Resolves with all that comes until the other side closes.
async function exchange(text) {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (part) => { answer += part; });
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return answer;
}

const get = (path, headers = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`;
const waiting = () => instance.sql(
  "select count(*) from pg_stat_activity where usename = 'nexus' and wait_event_type = 'Lock'");

// Reads of products wait for this lock. Resolves when it is held, with a promise for its end.
async function lockProducts(seconds) {
  const ended = instance.sql(
    `begin; lock table catalog.product; select pg_sleep(${seconds}); commit`);
  await waitFor('the lock', async () => Number(await instance.sql(`select count(*) from pg_locks
    where relation = 'catalog.product'::regclass and mode = 'AccessExclusiveLock' and granted`)) > 0);
  return { ended };
}

function ask() {
  const socket = net.connect(instance.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(get(`/v1/${product.name}`));
  return socket;
}

test('the call of a client that goes away is cancelled, before its deadline', async () => {
  const { ended } = await lockProducts(12);
  let isOver = false;
  ended.then(() => { isOver = true; });
  const socket = ask();
  await waitFor('the call to wait', async () => Number(await waiting()) > 0);
  socket.destroy();
  await waitFor('the call to end', async () => Number(await waiting()) === 0);
  assert.equal(isOver, false);
  await ended;
});

test('those that stay are answered', async () => {
  const { ended } = await lockProducts(3);
  const leaves = new AbortController();
  const asked = fetch(`${instance.http}/v1/${product.name}`, { signal: leaves.signal });
  const others = Array.from({ length: 8 }, () => fetch(`${instance.http}/v1/${product.name}`));
  const sockets = Array.from({ length: 20 }, ask);
  await sleep(400);
  for (const socket of sockets) socket.destroy();
  leaves.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await ended;
  for (const other of others) assert.equal((await other).status, 200);
  // Their numbers are given to others, whose calls nobody cancels.
  for (let i = 0; i < 40; i++) {
    assert.equal((await fetch(`${instance.http}/v1/${product.name}`)).status, 200);
  }
});

test('requests that are sent together are answered in their order', async () => {
  const paths = [`/v1/${product.name}`, '/v1/products/999999', '/healthz', '/v1/categories?pageSize=1'];
  const text = Array.from({ length: 8 }, (_, i) => get(paths[i % 4])).join('');
  const answer = await exchange(text + get('/healthz', 'Connection: close\r\n'));
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g).map((line) => line.slice(9)),
    ['200', '404', '200', '200', '200', '404', '200', '200', '200']);
});
