// Our server and our client against the gRPC of another language: Python's, of Debian. It is the peer
// that compresses responses, and that cancels without ending its half of a stream first.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { InteropClient, InteropServer, PythonPeer, status } from './support/interop.mjs';

const SCENARIOS = ['unary', 'streams', 'metadata', 'status_details', 'compression', 'deadline', 'cancel',
  'unimplemented', 'wait_for_ready', 'keepalive'];

describe('a client in Python', () => {
  let server;
  let python;

  before(async () => {
    server = await InteropServer.start();
    python = new PythonPeer('call', server.target);
  });
  after(async () => {
    await python?.stop();
    await server?.stop();
  });

  for (const scenario of SCENARIOS) {
    test(scenario, async () => {
      assert.deepEqual(await python.nextLine(), { scenario, ok: true });
    });
  }
});

describe('a server in Python', () => {
  let python;
  let client;

  before(async () => {
    python = new PythonPeer('serve');
    client = new InteropClient(`127.0.0.1:${(await python.nextLine()).port}`);
  });
  after(async () => {
    await client?.stop();
    await python?.stop();
  });

  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

  test('unary', async () => {
    for (const size of [0, 1, 65_536, 3 << 20]) {
      const ended = await client.unary({}, { fill: size });
      assert.deepEqual([ended.code, ended.payload_bytes], [status.OK, size]);
    }
  });

  test('streams', async () => {
    const collect = client.start('Collect');
    for (let i = 0; i < 5; i++) await collect.send({}, 2);
    collect.halfClose();
    const { response } = await collect.ended;
    assert.deepEqual([response.requests, response.request_bytes], [5, 10]);
    const produce = client.start('Produce', { response_count: 50 });
    assert.equal((await produce.receiveAll()).length, 50);
    const converse = client.start('Converse');
    for (let i = 0; i < 3; i++) {
      await converse.send({ response_count: 1 });
      assert.equal((await converse.receive()).response.number, i + 1);
    }
    converse.halfClose();
    assert.equal(await converse.receive(), undefined);
    for (const call of [produce, converse]) assert.equal((await call.ended).code, status.OK);
  });

  test('metadata', async () => {
    const metadata = [['x-initial', 'one'], ['x-initial', 'two'], ['x-initial-bin', bytes],
      ['x-trailing-bin', bytes], ['x-trailing-bin', '']];
    const call = client.start('Produce', { response_count: 1, outcome: { code: status.ABORTED } }, { metadata });
    await call.receiveAll();
    const { code, initial, trailing } = await call.ended;
    const values = (pairs, key) => pairs.filter(([name]) => name === key).map(([, value]) => value);
    assert.equal(code, status.ABORTED);
    assert.deepEqual(values(initial, 'x-initial').map(String), ['one', 'two']);
    assert.deepEqual(values(initial, 'x-initial-bin'), [bytes]);
    assert.deepEqual(values(trailing, 'x-trailing-bin'), [bytes, Buffer.alloc(0)]);
  });

  test('status_details', async () => {
    const ended = await client.unary({
      outcome: { code: status.FAILED_PRECONDITION, message: Buffer.from('100% é 🦀\n'), details: bytes },
    });
    assert.deepEqual([ended.code, String(ended.message)], [status.FAILED_PRECONDITION, '100% é 🦀\n']);
    assert.deepEqual(ended.details, bytes);
  });

  test('compression', async () => {
    const metadata = [['x-gzip', '1']];
    const unary = await client.unary({ response_bytes: 300_000 }, { metadata });
    assert.deepEqual([unary.code, unary.payload_bytes], [status.OK, 300_000]);
    const call = client.start('Produce', { response_bytes: 300_000, response_count: 4 }, { metadata });
    assert.deepEqual((await call.receiveAll()).map((it) => it.payload_bytes), Array(4).fill(300_000));
    assert.equal((await call.ended).code, status.OK);
    const large = await client.unary({ response_bytes: 64 << 20 }, { metadata });
    assert.equal(large.code, status.RESOURCE_EXHAUSTED);
    assert.equal((await client.unary()).code, status.OK);
  });

  test('deadline', async () => {
    for (const method of ['Unary', 'Produce']) {
      const call = client.start(method, { hold: 'HOLD_NOW' }, { deadlineMs: 200 });
      assert.equal((await call.ended).code, status.DEADLINE_EXCEEDED);
    }
  });

  test('cancel', async () => {
    const call = client.start('Converse');
    await call.send({ response_count: 1 });
    assert.ok(await call.receive());
    call.cancel();
    assert.equal((await call.ended).code, status.CANCELLED);
  });

  test('unimplemented', async () => {
    for (const method of ['Missing', 'MissingConverse']) {
      assert.equal((await client.start(method).ended).code, status.UNIMPLEMENTED);
    }
  });
});
