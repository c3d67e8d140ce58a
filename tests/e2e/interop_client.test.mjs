// Our client against servers of another implementation: @grpc/grpc-js, and HTTP/2 by hand for what
// that one does not send.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import {
  InteropClient, InteropServer, PeerClient, PeerServer, Proxy, encodeResponse, requestOfBytes, status,
} from './support/interop.mjs';
import { freePort, waitFor } from './support/instance.mjs';

const MIB = 1024 * 1024;
const KINDS = ['Unary', 'Collect', 'Produce', 'Converse'];
const sendsMany = (method) => ['Collect', 'Converse'].includes(method);
const receivesMany = (method) => ['Produce', 'Converse'].includes(method);

let peer;
let client;

before(async () => {
  peer = await PeerServer.start();
  client = new InteropClient(peer.target);
});
after(async () => {
  await client?.stop();
  peer?.stop();
});

// A peer and a client of ours of their own for one test.
async function withPeer(serverOptions, clientOptions, work) {
  const ownPeer = await PeerServer.start(serverOptions);
  const own = new InteropClient(ownPeer.target, clientOptions);
  try {
    await work(own, ownPeer);
  } finally {
    await own.stop();
    ownPeer.stop();
  }
}

// Carry out one request by a method of any kind, to the end of the call.
async function ask(us, method, request, options) {
  const call = us.start(method, request, options);
  if (sendsMany(method)) {
    await call.send(request);
    call.halfClose();
  }
  const responses = receivesMany(method) ? await call.receiveAll() : [];
  return { ...(await call.ended), responses };
}

const isAlive = async (us) => assert.equal((await us.unary({ payload: Buffer.from('x') })).code, status.OK);
const textOf = (ended) => ended.message.toString('utf8');
const valuesOf = (pairs, key) => pairs.filter(([name]) => name === key).map(([, value]) => value);

describe('messages', () => {
  test('unary: empty, and of sizes around those of frames and windows', async () => {
    for (const size of [0, 1, 5, 16_379, 16_384, 16_385, 65_530, 65_535, 65_536, MIB, 3 * MIB]) {
      const ended = await client.unary({}, { fill: size });
      assert.deepEqual([ended.code, ended.payload_bytes], [status.OK, size]);
    }
    const payload = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    assert.deepEqual((await client.unary({ payload })).response.payload, payload);
  });

  test('streams of many messages, in order', async () => {
    const converse = client.start('Converse');
    for (let i = 0; i < 20; i++) {
      assert.equal((await converse.send({ response_count: 2 })).event, 'sent');
      assert.equal((await converse.receive()).response.number, 2 * i + 1);
      assert.equal((await converse.receive()).response.number, 2 * i + 2);
    }
    converse.halfClose();
    assert.equal(await converse.receive(), undefined);
    assert.equal((await converse.ended).code, status.OK);
    const produce = await ask(client, 'Produce', { response_count: 100 });
    assert.deepEqual(produce.responses.map((it) => it.response.number), Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test('a half-close without a message before it', async () => {
    for (const method of ['Collect', 'Converse']) {
      const call = client.start(method);
      call.halfClose();
      assert.equal((await call.ended).code, status.OK, method);
    }
  });

  test('the server answers after the half-close, not before', async () => {
    const call = client.start('Collect');
    const { received } = peer;
    for (let i = 0; i < 3; i++) await call.send({}, 10);
    await waitFor('the server to have them', () => peer.received === received + 3);
    let ended = false;
    call.ended.then(() => (ended = true));
    await isAlive(client);
    assert.ok(!ended);
    call.halfClose();
    const { response } = await call.ended;
    assert.deepEqual([response.requests, response.request_bytes], [3, 30]);
  });

  test('a request over the limit of the server is told as RESOURCE_EXHAUSTED, and the connection lives', async () => {
    for (const [options, most] of [[{}, 4 * MIB], [{ 'grpc.max_receive_message_length': 1000 }, 1000]]) {
      await withPeer(options, {}, async (us) => {
        for (const method of ['Unary', 'Collect', 'Converse']) {
          assert.equal((await ask(us, method, requestOfBytes(most))).code, status.OK, method);
          assert.equal((await ask(us, method, requestOfBytes(most + 1))).code, status.RESOURCE_EXHAUSTED, method);
          await isAlive(us);
        }
      });
    }
  });

  test('a response may have the most bytes and not one more, by default and as configured', async () => {
    for (const [options, most] of [[{}, 4 * MIB], [{ max_response_bytes: 1000 }, 1000]]) {
      await withPeer({}, options, async (us) => {
        for (const method of ['Unary', 'Produce']) {
          const about = { number: 1, requests: 0, request_bytes: 0, time_left_ms: -1, seen: [] };
          const bytes = (size) => encodeResponse({ ...about, payload: Buffer.alloc(size) }).length;
          const seen = (await ask(us, method, { response_bytes: 1, response_count: 1 }));
          const first = method === 'Unary' ? seen : seen.responses[0];
          about.seen = first.response.seen;
          let size = most;
          while (bytes(size) > most) size--;
          const within = await ask(us, method, { response_bytes: size, response_count: 1 });
          assert.equal(within.code, status.OK, `${method} ${textOf(within)}`);
          const beyond = await ask(us, method, { response_bytes: size + 1, response_count: 1 });
          assert.equal(beyond.code, status.RESOURCE_EXHAUSTED, method);
          await isAlive(us);
        }
      });
    }
  });
});

describe('metadata', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const metadata = [
    ['x-initial', 'one'], ['x-initial-bin', bytes], ['x-initial-empty-bin', ''],
    ['x-trailing', '  !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ '], ['x-trailing-bin', bytes], ['x-trailing-bin', 'b'],
  ];

  for (const method of KINDS) {
    test(`initial and trailing metadata, text and -bin, cross both ways: ${method}`, async () => {
      const ended = await ask(client, method, { response_count: 2 }, { metadata });
      assert.equal(ended.code, status.OK);
      assert.deepEqual(valuesOf(ended.initial, 'x-initial').map(String), ['one']);
      assert.deepEqual(valuesOf(ended.initial, 'x-initial-bin'), [bytes]);
      assert.deepEqual(valuesOf(ended.initial, 'x-initial-empty-bin'), [Buffer.alloc(0)]);
      assert.deepEqual(valuesOf(ended.trailing, 'x-trailing').map(String), ['!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~']);
      assert.deepEqual(valuesOf(ended.trailing, 'x-trailing-bin'), [bytes, Buffer.from('b')]);
      if (receivesMany(method)) assert.deepEqual(valuesOf(ended.responses[0].initial, 'x-initial-bin'), [bytes]);
    });
  }

  test('the server sees what was sent', async () => {
    const { response } = await client.unary({}, { metadata });
    const seen = response.seen.map(({ key, value }) => [key, value]);
    assert.deepEqual(valuesOf(seen, 'x-trailing-bin'), [bytes, Buffer.from('b')]);
    assert.match(String(valuesOf(seen, 'user-agent')), /grpc-c/);
  });

  test('a failure has its metadata too', async () => {
    for (const method of KINDS) {
      const ended = await ask(client, method, { outcome: { code: status.ABORTED } }, { metadata });
      assert.equal(ended.code, status.ABORTED);
      assert.deepEqual(valuesOf(ended.trailing, 'x-trailing-bin'), [bytes, Buffer.from('b')], method);
    }
  });

  // The core also fails what else is under way on that connection, and a call that comes while it does.
  test('an answer over our limit of metadata is RESOURCE_EXHAUSTED, and calls go on', async () => {
    await withPeer({}, { max_metadata_bytes: 4000 }, async (us) => {
      const details = Buffer.alloc(5000);
      for (const method of KINDS) {
        const ended = await ask(us, method, { outcome: { code: status.ABORTED, details } });
        assert.equal(ended.code, status.RESOURCE_EXHAUSTED, method);
        await waitFor('a call that goes well', async () => (await us.unary({}, { wait: true })).code === status.OK);
      }
    });
    await withPeer({}, {}, async (us) => {
      const details = Buffer.alloc(20_000);
      assert.equal((await us.unary({ outcome: { code: status.ABORTED, details } })).code, status.ABORTED);
    });
  });

  test('what cannot be metadata fails the call before it begins', async () => {
    const { calls } = peer;
    const before = calls.length;
    for (const pair of [['Upper', 'x'], ['x y', 'x'], ['grpc-timeout', '1n'], ['x-text', 'a\nb'], ['x-text', 'é']]) {
      assert.equal((await client.unary({}, { metadata: [pair.map((it) => it.replace(' ', '\t'))] })).code, status.INVALID_ARGUMENT);
    }
    assert.equal(calls.length, before);
  });
});

describe('status', () => {
  test('every code, by every kind of method', async () => {
    for (const method of KINDS) {
      for (const [name, code] of Object.entries(status).filter((entry) => Number.isInteger(entry[1]) && entry[1] > 0)) {
        const ended = await ask(client, method, { outcome: { code, message: Buffer.from(name) } });
        assert.deepEqual([ended.code, textOf(ended)], [code, name], method);
      }
    }
  });

  const control = String.fromCharCode(...Array.from({ length: 31 }, (_, i) => i + 1));
  const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => i + 33));
  for (const [name, text] of [
    ['no', ''], ['printable ASCII', printable], ['control characters', `a${control}\x7fz`],
    ['percent signs', '100% %41 %zz %e2%82 %%'], ['non-ASCII', 'Grüße, Šiauliai, 日本語, ﷽'],
    ['emoji of four bytes', '🦀 and 👩‍👩‍👧'], ['4 KiB of text', 'ab%é'.repeat(820)],
  ]) {
    test(`the message arrives as it is: ${name}`, async () => {
      for (const method of KINDS) {
        const ended = await ask(client, method, { outcome: { code: status.NOT_FOUND, message: Buffer.from(text) } });
        assert.deepEqual([ended.code, textOf(ended)], [status.NOT_FOUND, text], method);
      }
    });
  }

  test('grpc-status-details-bin arrives byte for byte', async () => {
    const details = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
    for (const method of KINDS) {
      const ended = await ask(client, method, { outcome: { code: status.FAILED_PRECONDITION, details } });
      assert.deepEqual([ended.code, ended.details], [status.FAILED_PRECONDITION, details], method);
    }
  });

  test('responses that were sent before a failure arrive before it', async () => {
    for (const method of ['Produce', 'Converse']) {
      const ended = await ask(client, method, { response_count: 7, outcome: { code: status.DATA_LOSS } });
      assert.deepEqual([ended.code, ended.responses.length], [status.DATA_LOSS, 7]);
    }
  });

  test('UNIMPLEMENTED: an unknown method, an unknown service', async () => {
    for (const services of [true, false]) {
      await withPeer({ services }, {}, async (us) => {
        for (const method of services ? ['Missing', 'MissingConverse'] : [...KINDS, 'Missing', 'MissingConverse']) {
          const call = us.start(method);
          assert.equal((await call.ended).code, status.UNIMPLEMENTED, method);
        }
      });
    }
  });
});

describe('deadlines', () => {
  test('one that has passed before the call', async () => {
    const before = peer.calls.length;
    for (const method of KINDS) {
      assert.equal((await client.start(method, {}, { deadlineMs: 0 }).ended).code, status.DEADLINE_EXCEEDED, method);
    }
    assert.equal(peer.calls.length, before, 'none reached the server');
  });

  test('the server knows how long it has', async () => {
    assert.equal((await client.unary()).response.time_left_ms, -1);
    for (const deadlineMs of [5_000, 100_000, 86_400_000]) {
      const { response } = await client.unary({}, { deadlineMs });
      assert.ok(response.time_left_ms <= deadlineMs * 1.02 + 50, `${response.time_left_ms}`); // the core rounds up
      assert.ok(response.time_left_ms > deadlineMs * 0.9 - 1_000, `${response.time_left_ms}`);
    }
  });

  test('one that passes during the handler ends the call on both sides', async () => {
    for (const method of KINDS) {
      const { cancelled } = peer;
      const call = client.start(method, { hold: 'HOLD_NOW' }, { deadlineMs: 150 });
      assert.equal((await call.ended).code, status.DEADLINE_EXCEEDED);
      await waitFor('the server to know', () => peer.cancelled === cancelled + 1);
    }
  });

  test('an answer at the very deadline is one or the other, never neither', async () => {
    const calls = Array.from({ length: 40 }, (_, i) =>
      client.start('Unary', { hold: 'HOLD_NOW', hold_ms: 100 + i % 8 }, { deadlineMs: 105 }));
    for (const { ended } of calls) {
      assert.ok([status.OK, status.DEADLINE_EXCEEDED].includes((await ended).code));
    }
  });
});

describe('cancellation', () => {
  const begun = async (method, request) => {
    const before = peer.calls.length;
    const call = client.start(method, request);
    await waitFor('the call to begin', () => peer.calls.length === before + 1);
    return call;
  };
  const stages = {
    'before it starts': async (method) => client.start(method, { hold: 'HOLD_NOW' }),
    'before the first response': (method) => begun(method, { hold: 'HOLD_NOW' }),
    'in the middle': async (method) => {
      const call = await begun(method, { response_count: 100_000 });
      if (sendsMany(method)) await call.send({ response_count: 100_000 });
      for (let i = 0; i < 3 && receivesMany(method); i++) assert.ok(await call.receive());
      return call;
    },
    'after the half-close': async (method) => {
      const call = await begun(method, { hold: 'HOLD_END' });
      const { received } = peer;
      await call.send({ hold: 'HOLD_END', response_count: 1 });
      call.halfClose();
      await waitFor('the server to have it', () => peer.received === received + 1);
      return call;
    },
    "after the server's last message": async (method) => {
      const call = await begun(method, { response_count: 3, hold: 'HOLD_END' });
      if (sendsMany(method)) await call.send({ response_count: 3, hold: 'HOLD_END' });
      if (sendsMany(method)) call.halfClose();
      for (let i = 0; i < 3; i++) assert.ok(await call.receive());
      return call;
    },
  };
  const methodsFor = {
    'in the middle': ['Collect', 'Produce', 'Converse'],
    'after the half-close': ['Converse'],
    "after the server's last message": ['Produce', 'Converse'],
  };

  for (const [stage, begin] of Object.entries(stages)) {
    test(`by the client ${stage}`, async () => {
      for (const method of methodsFor[stage] ?? KINDS) {
        const { cancelled } = peer;
        const call = await begin(method);
        call.cancel();
        assert.equal((await call.ended).code, status.CANCELLED, method);
        if (stage !== 'before it starts') {
          await waitFor(`the server to know of ${method}`, () => peer.cancelled === cancelled + 1);
        }
        if (receivesMany(method)) assert.equal(await call.receive(), undefined);
        if (sendsMany(method)) assert.notEqual((await call.send()).event, 'sent');
      }
    });
  }

  test('by the server while the client writes', async () => {
    for (const code of [status.CANCELLED, status.ABORTED]) {
      for (const method of ['Collect', 'Converse']) {
        const call = client.start(method, {}, { metadata: [['x-trailing', 'seen']] });
        for (let i = 0; i < 5; i++) await call.send({}, 1000);
        await call.send({ outcome: { code, message: Buffer.from('enough') } });
        for (let last = { event: 'sent' }; last.event === 'sent';) last = await call.send({}, 50_000);
        const ended = await call.ended;
        assert.deepEqual([ended.code, textOf(ended)], [code, 'enough'], method);
      }
    }
  });

  test('the server may be done, and well, before the client is', async () => {
    const call = client.start('Converse');
    await call.send({ response_count: 2, outcome: { code: status.OK } });
    assert.equal((await call.receiveAll()).length, 2);
    assert.equal((await call.ended).code, status.OK);
    assert.notEqual((await call.send()).event, 'sent');
  });

  test('a client that is destroyed ends its calls, and the server knows', async () => {
    const own = new InteropClient(peer.target);
    const { cancelled } = peer;
    const before = peer.calls.length;
    const calls = KINDS.map((method) => own.start(method, { hold: 'HOLD_NOW' }));
    await waitFor('them to begin', () => peer.calls.length === before + KINDS.length);
    await own.stop();
    for (const { ended } of calls) assert.equal((await ended).code, status.CANCELLED);
    await waitFor('the server to know', () => peer.cancelled === cancelled + KINDS.length);
  });
});

describe('flow control', () => {
  test('a stream that is not read costs us no memory, holds the server up, and others not', async () => {
    await withPeer({}, {}, async (us, ownPeer) => {
      await us.unary({ response_bytes: MIB });
      const { memory } = us;
      const slow = us.start('Produce', { response_count: 1000, response_bytes: 100_000 });
      assert.ok(await slow.receive());
      assert.equal((await ask(us, 'Produce', { response_count: 200, response_bytes: 1000 })).responses.length, 200);
      const [call] = ownPeer.calls.slice(-2);
      let written = -1;
      await waitFor('the sender to stand still', async () => {
        const last = written;
        await isAlive(us);
        written = call.written;
        return written === last;
      });
      assert.ok(written < 500, `${written} of 1000 were written`);
      assert.ok(us.memory - memory < 48 * MIB, `${(us.memory - memory) / MIB} MiB more`);
      assert.equal((await slow.receiveAll()).length, 999);
      assert.equal((await slow.ended).code, status.OK);
    });
  });

  test('a server that does not read holds us up', async () => {
    await withPeer({}, {}, async (us, ownPeer) => {
      const call = us.start('Collect');
      await call.send({ hold: 'HOLD_NOW' });
      let sent = 0;
      const writer = (async () => {
        while (sent < 400 && (await call.send({}, 100_000)).event === 'sent') sent++;
        call.halfClose();
      })();
      let last;
      await waitFor('the writer to stand still', async () => {
        last = sent;
        await isAlive(us);
        return sent === last && sent > 0;
      });
      assert.ok(sent < 300, `${sent} of 400 were sent`);
      ownPeer.calls[0].resume();
      await writer;
      assert.equal((await call.ended).response.requests, 401);
    });
  });
});

describe('connections', () => {
  test('500 streams at once over one channel', async () => {
    await withPeer({}, {}, async (us, ownPeer) => {
      const calls = Array.from({ length: 500 }, () => us.start('Converse'));
      for (const call of calls) call.send({ response_count: 1 });
      const firsts = await Promise.all(calls.map((call) => call.receive()));
      assert.ok(firsts.every(({ response }) => response.number === 1));
      assert.equal(ownPeer.calls.length, 500);
      for (const call of calls) call.halfClose();
      for (const call of calls) assert.equal((await call.ended).code, status.OK);
    });
  });

  test('wait-for-ready waits for a server that is not there yet, others fail at once', async () => {
    const port = await freePort();
    const own = new InteropClient(`127.0.0.1:${port}`);
    const waiting = KINDS.map((method) => own.start(method, {}, { wait: true }));
    const limited = own.start('Unary', {}, { wait: true, deadlineMs: 200 });
    assert.equal((await own.unary()).code, status.UNAVAILABLE);
    assert.equal((await limited.ended).code, status.DEADLINE_EXCEEDED);
    const late = await PeerServer.start({ address: `127.0.0.1:${port}` });
    for (const [i, call] of waiting.entries()) {
      if (sendsMany(KINDS[i])) call.halfClose();
      assert.equal((await call.ended).code, status.OK, KINDS[i]);
    }
    await own.stop();
    late.stop();
  });

  test('a server that is killed and started again is found again', async () => {
    let server = await InteropServer.start();
    const address = server.target;
    const own = new InteropClient(address, { channels: 2 });
    const lost = own.start('Converse');
    await lost.send({ response_count: 1 });
    assert.ok(await lost.receive());
    await server.kill();
    assert.equal((await lost.ended).code, status.UNAVAILABLE);
    assert.equal((await own.unary()).code, status.UNAVAILABLE);
    const patient = own.unary({}, { wait: true });
    server = await InteropServer.start({}, address);
    assert.equal((await patient).code, status.OK);
    await isAlive(own);
    await own.stop();
    await server.stop();
  });

  test('while a server is away attempts to connect grow apart, and go on', async () => {
    const refused = http2.createServer(); // takes connections, and ends each before HTTP/2 begins
    const times = [];
    refused.on('connection', (socket) => {
      times.push(performance.now());
      socket.destroy();
    });
    await new Promise((resolve) => refused.listen(0, '127.0.0.1', resolve));
    const own = new InteropClient(`127.0.0.1:${refused.address().port}`);
    const call = own.start('Unary', {}, { wait: true });
    await waitFor('six attempts', () => times.length >= 6, 20_000);
    const pauses = times.slice(1).map((time, i) => time - times[i]);
    assert.ok(pauses[0] >= 50, `${pauses}`);
    assert.ok(pauses[4] > pauses[0] && pauses[4] < 2_500, `${pauses}`);
    call.cancel();
    assert.equal((await call.ended).code, status.CANCELLED);
    await own.stop();
    refused.close();
  });

  test('round robin reaches all addresses, and goes on when one dies', async () => {
    const servers = [await InteropServer.start(), await InteropServer.start()];
    const own = new InteropClient(`ipv4:${servers.map(({ target }) => target).join(',')}`, { round_robin: true });
    const observers = servers.map(({ target }) => new PeerClient(target));
    const counts = () => Promise.all(observers.map(async (it) => (await it.observe()).begun));
    await waitFor('both to be called', async () => {
      await isAlive(own);
      return (await counts()).every((count) => count > 0);
    });
    const before = await counts();
    for (let i = 0; i < 20; i++) await isAlive(own);
    assert.deepEqual((await counts()).map((count, i) => count - before[i]), [10, 10]);
    const held = [0, 1].map(() => own.start('Unary', { hold: 'HOLD_NOW', hold_ms: 300 }));
    await waitFor('one of the calls on each', async () =>
      (await counts()).every((count, i) => count === before[i] + 11));
    await servers[0].kill();
    const codes = (await Promise.all(held.map(({ ended }) => ended))).map(({ code }) => code);
    assert.deepEqual(codes.sort(), [status.OK, status.UNAVAILABLE]);
    for (let i = 0; i < 20; i++) await isAlive(own);
    for (const observer of observers) observer.close();
    await own.stop();
    await servers[1].stop();
  });

  test('without round robin the first address has all calls', async () => {
    const servers = [await PeerServer.start(), await PeerServer.start()];
    const own = new InteropClient(`ipv4:${servers.map(({ target }) => target).join(',')}`);
    for (let i = 0; i < 10; i++) await isAlive(own);
    assert.deepEqual(servers.map(({ calls }) => calls.length), [10, 0]);
    await own.stop();
    for (const server of servers) server.stop();
  });

  test('unix: target', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-interop-'));
    const address = `unix:${path.join(dir, 'socket')}`;
    const ownPeer = await PeerServer.start({ address });
    const own = new InteropClient(address);
    await isAlive(own);
    assert.equal((await ask(own, 'Produce', { response_count: 10 })).responses.length, 10);
    await own.stop();
    ownPeer.stop();
    fs.rmSync(dir, { recursive: true });
  });

  test('keepalive gives up a connection that carries nothing any more', async (t) => {
    const proxy = await Proxy.start(peer.port);
    const own = new InteropClient(proxy.target, { keepalive_time_ms: 100, keepalive_timeout_ms: 1500 });
    t.after(() => proxy.stop());
    await isAlive(own);
    const call = own.start('Converse');
    await call.send({ response_count: 1 });
    assert.ok(await call.receive());
    await waitFor('a ping to be answered', () => proxy.toClient.answers > 0);
    const since = performance.now();
    proxy.isHole = true;
    const ended = await call.ended;
    assert.equal(ended.code, status.UNAVAILABLE);
    assert.ok(performance.now() - since < 10_000, `${performance.now() - since} ms`); // the core's own is 20 s
    proxy.isHole = false;
    // A call that begins in the moment in which the core gives the connection up ends with it.
    await waitFor('a call to succeed over a new connection', async () =>
      (await own.unary({}, { wait: true })).code === status.OK);
    assert.equal(proxy.connections, 2);
    await own.stop();
  });
});

// A server that answers every call with the frames and headers it is given.
async function rawServer(answer) {
  const server = http2.createServer();
  const sessions = new Set();
  server.on('session', (session) => sessions.add(session.on('error', () => {})));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    answer(stream, headers);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: `127.0.0.1:${server.address().port}`,
    stop: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

const frame = (bytes, compressed = 0) => {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

function answerWith(stream, frames, { headers = {}, trailers = { 'grpc-status': '0' } } = {}) {
  stream.respond({ ...GRPC, ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(Buffer.concat(frames));
}

async function withRaw(answer, work) {
  const server = await rawServer(answer);
  const own = new InteropClient(server.target);
  try {
    await work(own);
  } finally {
    await own.stop();
    server.stop();
  }
}

describe('compression', () => {
  const packers = { gzip: zlib.gzipSync, deflate: zlib.deflateSync };
  for (const [encoding, pack] of Object.entries(packers)) {
    test(`responses by ${encoding}, some of a stream as they are`, async () => {
      const bytes = encodeResponse({ payload: Buffer.alloc(300_000, 'compressible '), number: 1 });
      await withRaw((stream, headers) => {
        const count = headers[':path'].endsWith('Produce') ? 4 : 1;
        const frames = Array.from({ length: count }, (_, i) => (i % 2 ? frame(bytes) : frame(pack(bytes), 1)));
        answerWith(stream, frames, { headers: { 'grpc-encoding': encoding } });
      }, async (own) => {
        const unary = await own.unary();
        assert.deepEqual([unary.code, unary.payload_bytes], [status.OK, 300_000]);
        const { code, responses } = await ask(own, 'Produce', {});
        assert.deepEqual([code, responses.map((it) => it.payload_bytes)], [status.OK, Array(4).fill(300_000)]);
      });
    });

    test(`a small response that ${encoding} makes of a large one is RESOURCE_EXHAUSTED`, async () => {
      const bytes = encodeResponse({ payload: Buffer.alloc(100 * MIB) });
      const packed = pack(bytes);
      await withRaw((stream) => answerWith(stream, [frame(packed, 1)], { headers: { 'grpc-encoding': encoding } }), async (own) => {
        const { memory } = own;
        for (const method of ['Unary', 'Produce']) {
          assert.equal((await ask(own, method, {})).code, status.RESOURCE_EXHAUSTED, method);
        }
        assert.ok(own.memory - memory < 64 * MIB, `${(own.memory - memory) / MIB} MiB more`);
      });
    });
  }

  test('what is not what it says is INTERNAL', async () => {
    const bytes = encodeResponse({ number: 1 });
    const broken = [frame(bytes, 1), frame(zlib.gzipSync(bytes).subarray(0, -4), 1),
      frame(Buffer.concat([zlib.gzipSync(bytes), Buffer.from('more')]), 1), frame(Buffer.from([0xff, 0xff]))];
    let next = 0;
    await withRaw((stream) => answerWith(stream, [broken[next]], { headers: { 'grpc-encoding': 'gzip' } }), async (own) => {
      for (; next < broken.length; next++) {
        for (const method of ['Unary', 'Produce']) {
          assert.equal((await ask(own, method, {})).code, status.INTERNAL, `${next} ${method}`);
        }
      }
    });
  });
});

describe('servers that do not keep to the protocol', () => {
  const answers = {
    'no grpc-status': [status.UNKNOWN, (stream) => answerWith(stream, [frame(encodeResponse({}))], { trailers: { 'x-y': '1' } })],
    'a status that is no number': [status.UNKNOWN, (stream) => answerWith(stream, [], { trailers: { 'grpc-status': 'good' } })],
    'a status beyond the last': [status.UNKNOWN, (stream) => answerWith(stream, [], { trailers: { 'grpc-status': '99' } })],
    'OK without a message': [status.INTERNAL, (stream) => answerWith(stream, [])],
    '503 of a proxy': [status.UNAVAILABLE, (stream) => {
      stream.respond({ ':status': 503, 'content-type': 'text/html' });
      stream.end('<h1>away</h1>');
    }],
    '401 of a proxy': [status.UNAUTHENTICATED, (stream) => stream.respond({ ':status': 401 }, { endStream: true })],
    'a reset: REFUSED_STREAM': [status.UNAVAILABLE, (stream) => stream.close(7)],
    'a reset: ENHANCE_YOUR_CALM': [status.RESOURCE_EXHAUSTED, (stream) => stream.close(11)],
    'a connection that ends': [status.UNAVAILABLE, (stream) => stream.session.destroy()],
  };
  for (const [name, [code, answer]] of Object.entries(answers)) {
    test(`${name}: ${Object.keys(status).find((it) => status[it] === code)}`, async () => {
      await withRaw(answer, async (own) => {
        const ended = await own.unary();
        assert.equal(ended.code, code, textOf(ended));
      });
    });
  }

  test('percent-encoding that is none is left as it is; NUL ends the message', async () => {
    for (const [sent, arrives] of [['100%', '100%'], ['%zz%4', '%zz%4'], ['%E2%82%AC', '€'], ['a%00b', 'a'], ['%ff', '\xff']]) {
      const trailers = { 'grpc-status': '5', 'grpc-message': sent };
      await withRaw((stream) => answerWith(stream, [], { trailers }), async (own) => {
        const ended = await own.unary();
        assert.deepEqual([ended.code, ended.message], [status.NOT_FOUND, Buffer.from(arrives, sent === '%ff' ? 'latin1' : 'utf8')]);
      });
    }
  });
});
