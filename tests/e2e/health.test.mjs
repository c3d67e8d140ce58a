// grpc.health.v1 through what happens to the service: the database goes and comes, the schema
// changes, the service is told to stop.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { catalogClient, healthClient, status } from './support/clients.mjs';
import { Instance, waitFor } from './support/instance.mjs';

const CATALOG = 'nexus.catalog.v1.CatalogService';
// A look at the database is due every 250 ms; the machine may be busy.
const SOON_MS = 5_000;

let instance;
let health;

before(async () => {
  instance = await Instance.start();
  health = healthClient(instance.grpc);
});
after(async () => {
  health?.close();
  await instance?.stop();
});

// A Watch under way: what it was told, in order, and how it ended.
function watch(service, client = health) {
  const stream = client.stub.Watch({ service });
  const watching = { told: [], error: null, cancel: () => stream.cancel() };
  stream.on('data', (response) => watching.told.push(response.status));
  stream.on('error', (error) => (watching.error = error));
  return watching;
}

const check = async (service) => (await health.call('Check', { service })).status;

async function waitForLast(watching, expected) {
  const from = Date.now();
  await waitFor(`${expected} after ${watching.told}`, () => watching.told.at(-1) === expected, SOON_MS);
  return Date.now() - from;
}

test('List and Check know every service that is served', async () => {
  const { statuses } = await health.call('List', {});
  assert.deepEqual(Object.keys(statuses).sort(),
    ['', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection', CATALOG]);
  for (const service of Object.keys(statuses)) {
    assert.equal(statuses[service].status, 'SERVING', service);
    assert.equal(await check(service), 'SERVING', service);
  }
  await assert.rejects(health.call('Check', { service: 'no.such.Service' }), { code: status.NOT_FOUND });
});

test('the database stops and starts: watchers and readiness follow', async (t) => {
  const all = watch('');
  const catalog = watch(CATALOG);
  const itself = watch('grpc.health.v1.Health');
  const unknown = watch('no.such.Service');
  await waitForLast(all, 'SERVING');
  await waitForLast(catalog, 'SERVING');
  await waitForLast(itself, 'SERVING');
  await waitForLast(unknown, 'SERVICE_UNKNOWN');
  for (let round = 0; round < 2; round++) {
    await instance.stopDatabase();
    t.diagnostic(`NOT_SERVING ${await waitForLast(all, 'NOT_SERVING')} ms after the database stopped`);
    await waitForLast(catalog, 'NOT_SERVING');
    assert.equal(await check(''), 'NOT_SERVING');
    assert.equal((await instance.rest('GET', '/readyz')).status, 503);
    await instance.startDatabase();
    t.diagnostic(`SERVING ${await waitForLast(all, 'SERVING')} ms after it started`);
    await waitForLast(catalog, 'SERVING');
    assert.equal(await check(CATALOG), 'SERVING');
    assert.equal((await instance.rest('GET', '/readyz')).status, 200);
  }
  const rounds = ['SERVING', 'NOT_SERVING', 'SERVING', 'NOT_SERVING', 'SERVING'];
  assert.deepEqual([all.told, catalog.told], [rounds, rounds]);
  assert.deepEqual([itself.told, unknown.told], [['SERVING'], ['SERVICE_UNKNOWN']]);
  for (const watching of [all, catalog, itself, unknown]) {
    watching.cancel();
    await waitFor('the watch to end', () => watching.error);
    assert.equal(watching.error.code, status.CANCELLED);
  }
});

test('a schema of another version is NOT_SERVING', async () => {
  const all = watch('');
  await waitForLast(all, 'SERVING');
  await instance.sql(`insert into nexus_migration (number, name, checksum) values (9999, 'later', '')`);
  await waitForLast(all, 'NOT_SERVING');
  await instance.sql('delete from nexus_migration where number = 9999');
  await waitForLast(all, 'SERVING');
  all.cancel();
});

test('watchers beyond the limit are refused, and those that die make room', async () => {
  const dying = [healthClient(instance.grpc), healthClient(instance.grpc)]; // each has room for 100
  const many = Array.from({ length: 140 }, (_, i) => watch('', dying[i % 2]));
  await waitFor('all to be answered', () =>
    many.every((watching) => watching.told.length > 0 || watching.error));
  const refused = many.filter((watching) => watching.error);
  assert.equal(refused.length, 12);
  for (const { error } of refused) assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  for (const watching of many) watching.cancel();
  for (const client of dying) client.close();
  const last = await waitFor('room', async () => {
    const watching = watch('');
    await waitFor('an answer', () => watching.told.length > 0 || watching.error);
    return watching.error ? null : watching;
  });
  last.cancel();
});

// Holds a lock that keeps all who need the table waiting, until let go.
async function lock(table) {
  const locked = instance.sql(`begin; lock table ${table}; select pg_sleep(60)`).catch(() => {});
  const pid = await waitFor('the lock', () => instance.sql(
    `select pid from pg_locks where relation = '${table}'::regclass and mode = 'AccessExclusiveLock' and granted`));
  return async () => {
    await instance.sql(`select pg_terminate_backend(${pid})`);
    await locked;
  };
}

// The products that somebody waits to create.
const waiting = () => instance.sql('select count(*) from pg_locks where not granted').then(Number);

test('a database that does not answer is NOT_SERVING', async (t) => {
  const all = watch('');
  await waitForLast(all, 'SERVING');
  const letGo = await lock('nexus_migration');
  t.diagnostic(`NOT_SERVING after ${await waitForLast(all, 'NOT_SERVING')} ms of silence`);
  await letGo();
  await waitForLast(all, 'SERVING');
  all.cancel();
});

for (const noticeMs of [0, 1500]) {
  test(`SIGTERM with a call under way and ${noticeMs} ms of notice`, async () => {
    await instance.service.stop();
    instance.env.NEXUS_GRPC_DRAIN_NOTICE_MS = String(noticeMs);
    instance.startService();
    await instance.ready();
    await waitFor('the client to connect again', () => check(''));
    const client = catalogClient(instance.grpc);
    const all = watch('');
    const unknown = watch('no.such.Service');
    await waitForLast(all, 'SERVING');
    await waitForLast(unknown, 'SERVICE_UNKNOWN');
    const letGo = await lock('catalog.product');
    const underWay = client.call('CreateProduct', { product: { title: 'Under way' } });
    await waitFor('the call to wait', async () => (await waiting()) > 0);

    const stopped = instance.service.stop();
    await waitFor('the watchers to be told', () => all.error && unknown.error);
    assert.deepEqual(all.told, ['SERVING', 'NOT_SERVING']);
    assert.deepEqual([all.error.code, unknown.error.code], [status.UNAVAILABLE, status.UNAVAILABLE]);
    assert.equal(instance.service.end, null, 'the call is still under way');
    if (noticeMs > 0) {
      const late = healthClient(instance.grpc);
      assert.equal((await late.call('Check', { service: CATALOG })).status, 'NOT_SERVING');
      late.close();
    }
    await letGo();
    assert.equal((await underWay).title, 'Under way');
    await stopped;
    client.close();
  });
}
