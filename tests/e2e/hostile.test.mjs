// Peers that mean harm, at the gRPC port, with 32 honest clients beside them: no honest call may
// fail, the service goes on, and its memory stays within bounds.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { catalogClient, status } from './support/clients.mjs';
import * as h2 from './support/frames.mjs';
import { deepProtobuf, lengthDelimited } from './support/hostile.mjs';
import { Instance, waitFor } from './support/instance.mjs';

const GET = '/nexus.catalog.v1.CatalogService/GetProduct';
const LIST = '/nexus.catalog.v1.CatalogService/ListProducts';
const CREATE = '/nexus.catalog.v1.CatalogService/CreateProduct';
const HONEST_CLIENTS = 32;
const MEMORY_BOUND = 200 << 20;
const LIST_REQUEST = h2.message(Buffer.from([8, 100])); // page_size
const GET_REQUEST = h2.message(lengthDelimited(1, Buffer.from('products/1')));

let instance;
let pid;
const honest = { clients: [], calls: 0, failures: [], stop: false, running: [] };

// One call after the other until told to stop.
async function beHonest(client) {
  while (!honest.stop) {
    try {
      const product = await client.call('GetProduct', { name: 'products/1' });
      assert.equal(product.title, 'Product 1');
      honest.calls++;
    } catch (error) {
      honest.failures.push(error);
    }
  }
}

before(async () => {
  // Freed memory is given back soon, so that what is held can be seen.
  const asan = `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=16:allocator_release_to_os_interval_ms=500`;
  instance = await Instance.start({ env: { ASAN_OPTIONS: asan, MALLOC_TRIM_THRESHOLD_: '131072' } });
  pid = instance.service.pid;
  honest.clients = Array.from({ length: HONEST_CLIENTS }, () => catalogClient(instance.grpc));
  const { name } = await honest.clients[0].call('CreateProduct', { product: { title: 'Product 1' } });
  assert.equal(name, 'products/1');
  // Pages of half a megabyte, for those who ask and do not read.
  const bulk = { fields: { text: { stringValue: 'x'.repeat(25_000) } } };
  for (let i = 0; i < 20; i++) {
    await honest.clients[0].call('CreateProduct', { product: { title: `Bulk ${i}`, attributes: bulk } });
  }
  honest.running = honest.clients.map(beHonest);
});
after(async () => {
  honest.stop = true;
  await Promise.all(honest.running);
  for (const client of honest.clients) client.close();
  await instance?.stop();
});

const open = (settings) => h2.RawConnection.open(instance.grpcPort, settings);

// Runs an attack, and sees that nobody else was hurt.
function attack(name, run) {
  test(name, { timeout: 60_000 }, async () => {
    const memory = instance.service.memory;
    const calls = honest.calls;
    await run();
    await waitFor('honest calls to go on', () => honest.calls >= calls + 4 * HONEST_CLIENTS);
    assert.deepEqual(honest.failures, []);
    assert.equal(instance.service.end, null, 'the service lives');
    assert.equal(instance.service.pid, pid);
    // What is freed is given back half a second later: what is held is what stays.
    await waitFor(`the memory to be within ${MEMORY_BOUND >> 20} MiB of ${memory >> 20} MiB`,
      () => instance.service.memory - memory < MEMORY_BOUND);
  });
}

const answers = (connection, stream = 1) => connection.end(stream);

attack('metadata of 9 to 60 KiB', async () => {
  for (let kib = 9; kib <= 60; kib += 3) {
    const connection = await open();
    const block = h2.callHeaders(GET, [['x-large', 'v'.repeat(kib << 10)]]);
    for (let at = 0; at < block.length; at += 16384) {
      const last = at + 16384 >= block.length;
      connection.send(h2.frame(at === 0 ? h2.HEADERS : h2.CONTINUATION, last ? h2.END_HEADERS : 0, 1,
        block.subarray(at, at + 16384)));
    }
    connection.send(h2.frame(h2.DATA, h2.END_STREAM, 1, GET_REQUEST));
    await answers(connection);
    connection.close();
  }
});

attack('a header block that never ends', async () => {
  const connection = await open();
  connection.send(h2.frame(h2.HEADERS, 0, 1, h2.callHeaders(GET)));
  const more = h2.frame(h2.CONTINUATION, 0, 1, h2.headerBlock([['x-more', 'v'.repeat(16000)]]));
  for (let i = 0; i < 4000 && !connection.isClosed; i++) {
    connection.send(more);
    await connection.flush();
  }
  connection.close();
});

attack('values of binary metadata that are not base64', async () => {
  const connection = await open();
  for (const [i, value] of ['!!!', 'AAE', 'A', '====', '\xff\xfe', 'AA=A'].entries()) {
    connection.call(2 * i + 1, GET, GET_REQUEST, [['x-key-bin', value]]);
    await answers(connection, 2 * i + 1);
  }
  connection.close();
});

const brokenMessages = [
  ['cut off', h2.message(Buffer.from([10, 1]), 100)],
  ['without its length', Buffer.from([0, 0])],
  ['none', Buffer.alloc(0)],
  ['of 4 GiB', h2.message(Buffer.from([10, 1]), 0xffffffff)],
  ['with unknown flags', Buffer.from([0x7e, 0, 0, 0, 0])],
  ['said to be compressed', Buffer.from([1, 0, 0, 0, 1, 65])],
  ['more than one', Buffer.concat([GET_REQUEST, GET_REQUEST, GET_REQUEST])],
];
attack('broken messages', async () => {
  for (const [, bytes] of brokenMessages) {
    const connection = await open();
    connection.call(1, GET, bytes);
    await answers(connection);
    connection.close();
  }
});

const brokenFrames = [
  ['a frame of 16 MiB', h2.frame(h2.DATA, 0, 1, Buffer.alloc(1000), 0xffffff)],
  ['a frame that is cut off', h2.frame(h2.HEADERS, 4, 1, Buffer.alloc(3), 3000)],
  ['data on a stream that is not open', h2.frame(h2.DATA, 0, 99, Buffer.alloc(10))],
  ['headers on an even stream', h2.frame(h2.HEADERS, 5, 2, h2.callHeaders(GET))],
  ['settings of odd length', h2.frame(h2.SETTINGS, 0, 0, Buffer.alloc(5))],
  ['a window of nothing', h2.frame(h2.WINDOW_UPDATE, 0, 0, Buffer.alloc(4))],
  ['a window too large', Buffer.concat(Array(3).fill(
    h2.frame(h2.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))))],
  ['HPACK that refers to nothing', h2.frame(h2.HEADERS, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0x7f]))],
  ['a frame of an unknown type', h2.frame(200, 255, 1, Buffer.alloc(100))],
  ['a ping of odd length', h2.frame(h2.PING, 0, 0, Buffer.alloc(7))],
];
attack('broken frames', async () => {
  for (const [, bytes] of brokenFrames) {
    const connection = await open();
    connection.send(bytes);
    connection.call(1, GET, GET_REQUEST);
    await connection.frame((it) => it.type === h2.SETTINGS);
    connection.close();
  }
});

attack('another content type', async () => {
  const connection = await open();
  for (const [i, type] of ['text/html', 'application/json', 'application/grpc-web', '', 'application/grpcx']
    .entries()) {
    connection.call(2 * i + 1, GET, GET_REQUEST, [], type);
    await answers(connection, 2 * i + 1);
  }
  connection.close();
});

attack('20,000 calls that are reset at once', async () => {
  const connection = await open();
  const reset = Buffer.from([0, 0, 0, 8]); // CANCEL
  const headers = h2.callHeaders(GET);
  for (let i = 0; i < 20_000 && !connection.isClosed; i++) {
    connection.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 2 * i + 1, headers),
      h2.frame(h2.DATA, h2.END_STREAM, 2 * i + 1, GET_REQUEST),
      h2.frame(h2.RST_STREAM, 0, 2 * i + 1, reset));
    if (i % 500 === 0) await connection.flush();
  }
  await connection.flush();
  connection.close();
});

attack('messages nested 34 KB deep', async () => {
  const connection = await open();
  const deep = deepProtobuf(6000);
  assert.ok(deep.length > 34_000);
  for (let i = 0; i < 20; i++) {
    connection.call(2 * i + 1, CREATE, Buffer.alloc(0));
    await answers(connection, 2 * i + 1);
  }
  const [client] = honest.clients;
  for (let i = 0; i < 20; i++) {
    await assert.rejects(client.callRaw('CreateProduct', deep), { code: status.INVALID_ARGUMENT });
  }
  connection.close();
});

attack('4 MB of empty sub-messages', async () => {
  const empty = lengthDelimited(1, Buffer.alloc(0)); // product {}, again and again
  const many = Buffer.concat(Array(2_000_000).fill(empty)).subarray(0, 4_000_000);
  const inList = lengthDelimited(10, Buffer.concat(Array(1_000_000).fill(empty)).subarray(0, 1_900_000));
  const [client] = honest.clients;
  for (let i = 0; i < 3; i++) {
    await assert.rejects(client.callRaw('CreateProduct', many),
      (error) => [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED].includes(error.code));
    await assert.rejects(client.callRaw('CreateProduct', lengthDelimited(1, inList)),
      (error) => [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED].includes(error.code));
  }
});

attack('clients that never read', async () => {
  // A window of nothing for each stream: the answers can never be sent.
  const noWindow = Buffer.from([0, 4, 0, 0, 0, 0]);
  const connections = [];
  for (let i = 0; i < 4; i++) {
    const connection = await open(noWindow);
    for (let j = 0; j < 500; j++) connection.call(2 * j + 1, LIST, LIST_REQUEST);
    await connection.flush();
    connection.socket.pause();
    connections.push(connection);
  }
  const calls = honest.calls;
  await waitFor('honest calls meanwhile', () => honest.calls >= calls + 10 * HONEST_CLIENTS);
  for (const connection of connections) connection.close();
});

attack('clients that die in the middle', async () => {
  for (let i = 0; i < 200; i++) {
    const connection = await open();
    connection.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.callHeaders(GET)),
      h2.frame(h2.DATA, 0, 1, GET_REQUEST.subarray(0, i % GET_REQUEST.length)));
    if (i % 2) await connection.flush();
    connection.socket.resetAndDestroy();
  }
});

attack('garbage', async () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) & 255;
  const texts = ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '\0'.repeat(5000),
    h2.PREFACE.toString('latin1').slice(0, 20), ...Array.from({ length: 50 }, () =>
      String.fromCharCode(...Array.from({ length: 1000 }, random)))];
  for (const text of texts) {
    const socket = net.connect(instance.grpcPort, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(Buffer.from(text, 'latin1'));
    socket.resume();
    await closed;
  }
});

attack('connections that say nothing', async () => {
  const sockets = Array.from({ length: 300 }, () => net.connect(instance.grpcPort, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  for (const socket of sockets) socket.destroy();
});
