// What was acknowledged stays: through the death of the service, of its connections, and its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { catalogClient, listAll, status } from './support/clients.mjs';
import { Instance, waitFor } from './support/instance.mjs';

const WRITERS = 16;

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

let nextWrite = 0;

// Writes until told to stop. Returns what was acknowledged and how the others failed.
function writeUnderLoad(write) {
  const load = { acknowledged: [], failures: [], running: true };
  const worker = async () => {
    while (load.running) {
      const title = `Write ${nextWrite++}`;
      try {
        load.acknowledged.push(await write(title));
      } catch (error) {
        load.failures.push(error);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const workers = Promise.all(Array.from({ length: WRITERS }, worker));
  load.stop = async () => {
    load.running = false;
    await workers;
  };
  return load;
}

const overGrpc = (title) => client.call('CreateProduct', { product: { title } }, { timeoutMs: 10_000 });
const overRest = (title) => instance.call('POST', '/v1/products', { title });

async function assertAllThere(acknowledged) {
  const listed = await listAll(client, 'ListProducts', 'products', { pageSize: 1000 });
  const byName = new Map(listed.map((product) => [product.name, product]));
  for (const product of acknowledged) {
    assert.equal(byName.get(product.name)?.title, product.title, `${product.name} was acknowledged`);
  }
  const titles = listed.map((product) => product.title);
  assert.equal(new Set(titles).size, titles.length, 'no write was carried out twice');
}

for (const [name, write] of [['gRPC', overGrpc], ['REST', overRest]]) {
  test(`kill -9 of the service under ${name} load loses nothing that was acknowledged`, async () => {
    const load = writeUnderLoad(write);
    await waitFor('some writes', () => load.acknowledged.length > 200, 60_000);
    assert.equal((await instance.service.kill()).signal, 'SIGKILL');
    const atDeath = load.acknowledged.length;
    instance.startService();
    await instance.ready();
    await waitFor('writes after it', () => load.acknowledged.length > atDeath + 200, 60_000);
    await load.stop();
    await assertAllThere(load.acknowledged);
    assert.ok(load.failures.length > 0, 'the load was running when it died');
  });
}

test('connections that the database ends come back, and nothing is lost', async () => {
  const load = writeUnderLoad(overGrpc);
  await waitFor('some writes', () => load.acknowledged.length > 100, 60_000);
  for (let i = 0; i < 5; i++) {
    await waitFor('connections to end', async () => Number(await instance.sql(
      `select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'nexus'`)) > 0);
    const soFar = load.acknowledged.length;
    await waitFor('writes go on', () => load.acknowledged.length > soFar + 100, 30_000);
  }
  await load.stop();
  await assertAllThere(load.acknowledged);
  for (const { code, message } of load.failures) {
    assert.ok([status.UNAVAILABLE, status.UNKNOWN].includes(code), `${code} ${message}`);
  }
});

test('SIGTERM lets the calls under way finish and refuses new ones', async () => {
  const load = writeUnderLoad(overGrpc);
  await waitFor('some writes', () => load.acknowledged.length > 50, 60_000);
  await instance.service.stop();
  await load.stop();
  for (const { code, message } of load.failures) {
    assert.ok([status.UNAVAILABLE, status.CANCELLED].includes(code), `${code} ${message}`);
  }
  const unready = await instance.rest('GET', '/readyz');
  assert.equal(unready.status, 503, 'the gateway says that it has no service');
  const refused = await instance.rest('GET', '/v1/products');
  assert.equal(refused.status, 503);
  assert.equal(refused.body.error.status, 'UNAVAILABLE');
  instance.startService();
  await instance.ready();
  await waitFor('the client to connect again', () => client.call('ListProducts', { pageSize: 1 }));
  await assertAllThere(load.acknowledged);
});
