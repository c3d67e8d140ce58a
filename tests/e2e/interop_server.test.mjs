// Our server by the book of another implementation: the official client of Node, @grpc/grpc-js.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { InteropServer, PeerClient, Proxy, requestOfBytes, status } from './support/interop.mjs';
import { waitFor } from './support/instance.mjs';

const MIB = 1024 * 1024;
const STREAMS = ['Collect', 'Produce', 'Converse'];
const KINDS = ['Unary', ...STREAMS];

let server;
let peer;

before(async () => {
  server = await InteropServer.start({ shards: 2 });
  peer = new PeerClient(server.target);
});
after(async () => {
  peer?.close();
  await server?.stop();
});

// A server and a client of their own for one test.
async function withServer(options, channel, work) {
  const own = await InteropServer.start(options);
  const client = new PeerClient(own.target, channel);
  try {
    await work(client, own);
  } finally {
    client.close();
    await own.stop();
  }
}

// Carry out one request by a method of any kind, to the end of the call.
async function ask(client, method, request, options) {
  const call = client.start(method, request, options);
  if (['Collect', 'Converse'].includes(method)) {
    call.write(request);
    call.call.end();
  }
  return call.ended;
}

const isAlive = async (client) => assert.equal((await client.unary({ payload: Buffer.from('x') })).code, status.OK);

describe('messages', () => {
  test('unary: empty, and of sizes around those of frames and windows', async () => {
    for (const size of [0, 1, 5, 16_379, 16_384, 16_385, 65_530, 65_535, 65_536, MIB, 3 * MIB]) {
      const payload = Buffer.alloc(size, 'abc');
      const { code, response } = await peer.unary({ payload });
      assert.equal(code, status.OK);
      assert.ok(response.payload.equals(payload), `${size} bytes`);
    }
    const { response } = await peer.unary();
    assert.equal(response.payload.length, 0);
  });

  test('empty messages stream', async () => {
    const call = peer.start('Converse');
    for (let i = 0; i < 5; i++) call.write({ response_count: 1 });
    call.call.end();
    assert.deepEqual((await call.ended).responses.map((it) => [it.number, it.payload.length]),
      [[1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]);
    assert.equal((await ask(peer, 'Collect', {})).response.requests, 1);
    assert.equal((await ask(peer, 'Produce', {})).responses.length, 0);
  });

  for (const [name, options, most] of [['by default 4 MiB', {}, 4 * MIB], ['as configured', { max_request_bytes: 1000 }, 1000]]) {
    test(`a request may have the most bytes and not one more: ${name}`, async () => {
      await withServer(options, {}, async (client, own) => {
        for (const method of ['Unary', 'Collect', 'Converse']) {
          const outcome = await ask(client, method, requestOfBytes(most));
          assert.equal(outcome.code, status.OK, method);
          const refused = await ask(client, method, requestOfBytes(most + 1));
          assert.equal(refused.code, status.RESOURCE_EXHAUSTED, method);
          await isAlive(client);
        }
        await client.seen({ in_flight: 0 });
        assert.ok(own.ports[0] > 0);
      });
    });
  }

  test('a response over the limit of the client is RESOURCE_EXHAUSTED there, and the connection lives', async () => {
    for (const method of ['Unary', 'Produce']) {
      const within = await ask(peer, method, { response_bytes: 4 * MIB - 200, response_count: 1 });
      assert.equal(within.code, status.OK);
      const beyond = await ask(peer, method, { response_bytes: 4 * MIB, response_count: 1 });
      assert.equal(beyond.code, status.RESOURCE_EXHAUSTED, method);
    }
    await isAlive(peer);
    const wide = new PeerClient(server.target, { 'grpc.max_receive_message_length': 32 * MIB });
    assert.equal((await wide.unary({ response_bytes: 20 * MIB })).response.payload.length, 20 * MIB);
    wide.close();
  });
});

describe('metadata', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const metadata = [
    ['x-initial', 'one'], ['x-initial', 'two'], ['x-initial-bin', bytes], ['x-initial-empty-bin', Buffer.alloc(0)],
    ['x-trailing', ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ z'], ['x-trailing-bin', bytes], ['x-trailing-bin', Buffer.from('b')],
  ];

  function check(outcome, method) {
    assert.equal(outcome.initial.get('x-initial').join(', '), 'one, two', method);
    assert.deepEqual(outcome.initial.get('x-initial-bin'), [bytes], method);
    assert.deepEqual(outcome.initial.get('x-initial-empty-bin'), [Buffer.alloc(0)], method);
    assert.deepEqual(outcome.trailing.get('x-trailing'), ['!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ z'], method);
    assert.deepEqual(outcome.trailing.get('x-trailing-bin'), [bytes, Buffer.from('b')], method);
  }

  for (const method of KINDS) {
    test(`initial and trailing metadata, text and -bin, cross both ways: ${method}`, async () => {
      check(await ask(peer, method, { response_count: 2 }, { metadata }), method);
    });
  }

  test('the handler sees what was sent, repeated keys in order', async () => {
    const { response } = await peer.unary({}, { metadata });
    const seen = response.seen.filter(({ key }) => key.startsWith('x-'));
    assert.deepEqual(seen.filter(({ key }) => key === 'x-initial').map(({ value }) => String(value)), ['one', 'two']);
    assert.deepEqual(seen.filter(({ key }) => key === 'x-trailing-bin').map(({ value }) => value), [bytes, Buffer.from('b')]);
  });

  test('a failure has its metadata too', async () => {
    for (const method of KINDS) {
      const outcome = await ask(peer, method, { outcome: { code: status.ABORTED } }, { metadata });
      assert.equal(outcome.code, status.ABORTED);
      assert.deepEqual(outcome.trailing.get('x-trailing-bin'), [bytes, Buffer.from('b')], method);
    }
  });

  test('initial metadata is sent before the first response if the handler says so', async () => {
    const call = peer.start('Converse', {}, { metadata: [...metadata, ['x-early', '1']] });
    await waitFor('the initial metadata', () => call.initial);
    assert.equal(call.responses.length, 0);
    call.call.end();
    check(await call.ended, 'Converse');
  });

  test('metadata over the limit fails the call, not the connection', async () => {
    await withServer({ max_metadata_bytes: 2000 }, {}, async (client) => {
      for (const method of KINDS) {
        const outcome = await ask(client, method, {}, { metadata: [['x-large', 'y'.repeat(3000)]] });
        assert.equal(outcome.code, status.RESOURCE_EXHAUSTED, method);
        await isAlive(client);
      }
      await client.seen({ in_flight: 0 });
    });
  });
});

describe('status', () => {
  for (const method of KINDS) {
    test(`every code: ${method}`, async () => {
      for (const [name, code] of Object.entries(status).filter((entry) => Number.isInteger(entry[1]) && entry[1] > 0)) {
        const outcome = await ask(peer, method, { outcome: { code, message: Buffer.from(name) } });
        assert.deepEqual([outcome.code, outcome.message], [code, name]);
      }
    });
  }

  const control = String.fromCharCode(...Array.from({ length: 31 }, (_, i) => i + 1)); // NUL ends a C string
  const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 126 - i)).replace(/ $/, ' !');
  for (const [name, text] of [
    ['no', ''], ['printable ASCII', printable], ['control characters', `a${control}\x7fz`],
    ['percent signs', '100% %41 %zz %e2%82 %%'], ['non-ASCII', 'Grüße, Šiauliai, 日本語, ﷽'],
    ['emoji of four bytes', '🦀 and 👩‍👩‍👧'], ['4 KiB of text', 'ab%é'.repeat(820)],
  ]) {
    test(`the message arrives as it is: ${name}`, async () => {
      for (const method of KINDS) {
        const { code, message } = await ask(peer, method, { outcome: { code: status.NOT_FOUND, message: Buffer.from(text) } });
        assert.deepEqual([code, message], [status.NOT_FOUND, text], method);
      }
    });
  }

  // HTTP/2 has no blanks at the ends of a header field, and Node drops one that has.
  test('the message arrives without blanks at its ends', async () => {
    for (const [text, arrives] of [[' x ', 'x'], ['  ', ''], ['a b ', 'a b']]) {
      const { message } = await peer.unary({ outcome: { code: status.NOT_FOUND, message: Buffer.from(text) } });
      assert.equal(message, arrives);
    }
  });

  test('a message that is no UTF-8 does no harm', async () => {
    const { code, message } = await peer.unary({ outcome: { code: status.INTERNAL, message: Buffer.from([0x61, 0xff, 0xc3, 0x28]) } });
    assert.equal(code, status.INTERNAL);
    assert.match(message, /^a|%/);
    await isAlive(peer);
  });

  test('grpc-status-details-bin arrives byte for byte', async () => {
    const details = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
    for (const method of KINDS) {
      const { code, trailing } = await ask(peer, method, { outcome: { code: status.FAILED_PRECONDITION, details } });
      assert.equal(code, status.FAILED_PRECONDITION);
      assert.deepEqual(trailing.get('grpc-status-details-bin'), [details], method);
    }
  });

  test('responses that were sent before a failure arrive before it', async () => {
    for (const method of ['Produce', 'Converse']) {
      const outcome = await ask(peer, method, { response_count: 7, outcome: { code: status.DATA_LOSS } });
      assert.deepEqual([outcome.code, outcome.responses.length], [status.DATA_LOSS, 7]);
    }
  });

  const echo = (value) => value;
  for (const rpc of ['/nexus.interop.v1.InteropService/NoSuch', '/no.such.Service/Unary', '/x', '/']) {
    test(`UNIMPLEMENTED, unary and streams: ${rpc}`, async () => {
      for (const requestStream of [false, true]) {
        for (const responseStream of [false, true]) {
          const call = peer.startAt(rpc,
            { requestStream, responseStream, requestSerialize: echo, responseDeserialize: echo }, Buffer.from('request'));
          if (requestStream) call.write(Buffer.alloc(100_000));
          assert.equal((await call.ended).code, status.UNIMPLEMENTED, `${requestStream} ${responseStream}`);
        }
      }
      await isAlive(peer);
    });
  }

  test('UNIMPLEMENTED: methods that the implementation left out', async () => {
    for (const method of ['Missing', 'MissingConverse']) {
      assert.equal((await peer.start(method).ended).code, status.UNIMPLEMENTED);
    }
  });
});

describe('deadlines', () => {
  test('one that has passed before the call', async () => {
    for (const method of KINDS) {
      assert.equal((await peer.start(method, {}, { deadlineMs: -1 }).ended).code, status.DEADLINE_EXCEEDED, method);
    }
    await peer.seen({ in_flight: 0 });
  });

  test('the handler knows how long it has', async () => {
    assert.equal((await peer.unary()).response.time_left_ms, -1);
    for (const deadlineMs of [5_000, 100_000, 86_400_000]) {
      for (const method of ['Unary', 'Collect']) {
        const { response } = await ask(peer, method, {}, { deadlineMs });
        assert.ok(response.time_left_ms <= deadlineMs + 50, `${response.time_left_ms}`);
        assert.ok(response.time_left_ms > deadlineMs - 4_000, `${response.time_left_ms}`);
      }
    }
  });

  for (const method of KINDS) {
    test(`one that passes during the handler ends the call on both sides: ${method}`, async () => {
      const before = await peer.observe();
      const call = peer.start(method, { hold: 'HOLD_NOW' }, { deadlineMs: 150 });
      if (['Collect', 'Converse'].includes(method)) call.write({ hold: 'HOLD_NOW' });
      assert.equal((await call.ended).code, status.DEADLINE_EXCEEDED);
      await peer.seen({ in_flight: 0, held: 0, cancelled: before.cancelled + 1 });
    });
  }

  test('one that passes between the messages of a stream ends it', async () => {
    const before = await peer.observe();
    const call = peer.start('Converse', {}, { deadlineMs: 300 });
    call.write({ response_count: 3 });
    const outcome = await call.ended;
    assert.deepEqual([outcome.code, outcome.responses.length], [status.DEADLINE_EXCEEDED, 3]);
    const seen = await peer.seen({ in_flight: 0 });
    assert.equal(seen.cancelled + seen.half_closed, before.cancelled + before.half_closed + 1);
  });

  test('an answer at the very deadline is one or the other, never neither', async () => {
    const calls = Array.from({ length: 40 }, (_, i) =>
      peer.start(KINDS[i % 2 ? 1 : 0], { hold: 'HOLD_NOW', hold_ms: 100 + i % 8 }, { deadlineMs: 105 }));
    calls.forEach((call, i) => {
      if (i % 2 === 0) return;
      call.write({ hold: 'HOLD_NOW', hold_ms: 100 + i % 8 });
      call.call.end();
    });
    for (const { ended } of calls) {
      assert.ok([status.OK, status.DEADLINE_EXCEEDED].includes((await ended).code));
    }
    await peer.seen({ in_flight: 0, held: 0 });
  });
});

describe('cancellation', () => {
  const stages = {
    // grpc-js does not tell the server of a stream that it cancels so soon: the deadline has to.
    'before it starts': async (method) => {
      const call = peer.start(method, {}, { deadlineMs: 500 });
      call.call.cancel();
      return call;
    },
    'before the first response': async (method, began) => {
      const call = peer.start(method, { hold: 'HOLD_NOW' });
      if (['Collect', 'Converse'].includes(method)) call.write({ hold: 'HOLD_NOW' });
      await began(1);
      call.call.cancel();
      return call;
    },
    'in the middle': async (method, began) => {
      const call = peer.start(method, { response_count: 1_000_000, response_bytes: 1000 });
      if (['Collect', 'Converse'].includes(method)) call.write({ response_count: 3 });
      if (method === 'Collect') await began(0);
      else await waitFor('three responses', () => call.responses.length >= 3);
      call.call.cancel();
      return call;
    },
    'after the half-close': async (method, began) => {
      const call = peer.start(method, { hold: 'HOLD_END' });
      if (['Collect', 'Converse'].includes(method)) {
        call.write({ hold: 'HOLD_END' });
        call.call.end();
      }
      await began(1);
      call.call.cancel();
      return call;
    },
    "after the server's last message": async (method, began) => {
      const call = peer.start(method, { response_count: 3, hold: 'HOLD_END' });
      if (method === 'Converse') {
        call.write({ response_count: 3, hold: 'HOLD_END' });
        call.call.end();
      }
      await began(1);
      await waitFor('three responses', () => call.responses.length === 3);
      call.call.cancel();
      return call;
    },
  };
  const fits = (stage, method) =>
    !(stage === 'in the middle' && method === 'Unary') &&
    !(stage === "after the server's last message" && ['Unary', 'Collect'].includes(method)) &&
    !(stage === 'after the half-close' && method === 'Unary');

  for (const [stage, cancel] of Object.entries(stages)) {
    for (const method of KINDS.filter((it) => fits(stage, it))) {
      test(`by the client ${stage}: ${method}`, async () => {
        const before = await peer.observe();
        const began = (held) => peer.seen({ begun: before.begun + 1, held });
        const call = await cancel(method, began);
        assert.equal((await call.ended).code, status.CANCELLED);
        const seen = await peer.seen({ in_flight: 0, held: 0 });
        // grpc-js ends its half of a stream before it cancels: what the handler is told first may be that.
        const told = ['cancelled', 'half_closed'].filter((it) => seen[it] > before[it]);
        const last = stage === 'in the middle' && method !== 'Produce' ? told.length > 0 : told.includes('cancelled');
        if (stage !== 'before it starts') assert.ok(last, JSON.stringify(seen));
      });
    }
  }

  for (const code of [status.CANCELLED, status.ABORTED]) {
    test(`by the server while the client writes: ${code}`, async () => {
      for (const method of ['Collect', 'Converse']) {
        const call = peer.start(method);
        for (let i = 0; i < 10; i++) call.write({ payload: Buffer.alloc(1000) });
        call.write({ outcome: { code, message: Buffer.from('enough') } });
        let over = false;
        call.ended.then(() => (over = true));
        await waitFor('the end', () => over || void call.write({ payload: Buffer.alloc(50_000) }));
        const outcome = await call.ended;
        assert.deepEqual([outcome.code, outcome.message], [code, 'enough'], method);
      }
      await peer.seen({ in_flight: 0 });
      await isAlive(peer);
    });
  }

  test('the server may be done, and well, before the client is', async () => {
    const collect = peer.start('Collect');
    collect.write({ outcome: { code: status.OK } });
    assert.deepEqual([(await collect.ended).code, (await collect.ended).response.requests], [status.OK, 1]);
    const converse = peer.start('Converse');
    converse.write({ response_count: 2, outcome: { code: status.OK } });
    assert.deepEqual([(await converse.ended).code, converse.responses.length], [status.OK, 2]);
    await peer.seen({ in_flight: 0 });
  });

  test('places of cancelled calls are free again', async () => {
    await withServer({ max_in_flight: 8 }, {}, async (client) => {
      for (let round = 0; round < 10; round++) {
        const calls = KINDS.map((method) => client.start(method, { hold: 'HOLD_NOW' }));
        calls.forEach((call, i) => KINDS[i].startsWith('Co') && call.write({ hold: 'HOLD_NOW' }));
        await client.seen({ held: 4 });
        for (const { call } of calls) call.cancel();
        await client.seen({ held: 0, in_flight: 0 });
      }
    });
  });

  test('a connection that is lost cancels its calls', async () => {
    const proxy = await Proxy.start(server.ports[0]);
    const other = new PeerClient(proxy.target);
    const before = await peer.observe();
    const calls = KINDS.map((method) => other.start(method, { hold: 'HOLD_NOW' }));
    calls[1].write({ hold: 'HOLD_NOW' });
    await peer.seen({ begun: before.begun + 4, held: 3 });
    proxy.stop();
    for (const { ended } of calls) assert.equal((await ended).code, status.UNAVAILABLE);
    await peer.seen({ in_flight: 0, held: 0, cancelled: before.cancelled + 4 });
    other.close();
  });
});

describe('half-close', () => {
  test('the server is told, and answers after it', async () => {
    const before = await peer.observe();
    const collect = peer.start('Collect');
    for (let i = 1; i <= 3; i++) collect.write({ payload: Buffer.alloc(i) });
    await peer.seen({ received: before.received + 3, half_closed: before.half_closed });
    collect.call.end();
    const { response } = await collect.ended;
    assert.deepEqual([response.requests, response.request_bytes], [3, 6]);
    assert.equal((await peer.observe()).half_closed, before.half_closed + 1);
  });

  test('without a message before it', async () => {
    for (const method of ['Collect', 'Converse']) {
      const call = peer.start(method);
      call.call.end();
      assert.equal((await call.ended).code, status.OK, method);
    }
  });

  test('responses go on after it', async () => {
    const call = peer.start('Converse');
    call.write({ response_count: 2000, response_bytes: 500 });
    call.call.end();
    assert.deepEqual([(await call.ended).code, call.responses.length], [status.OK, 2000]);
  });
});

describe('flow control', () => {
  test('a client that does not read costs the server no memory, and others nothing', async () => {
    await withServer({}, {}, async (client, own) => {
      await client.unary({ response_bytes: MIB });
      const { memory } = own;
      const slow = client.start('Produce', { response_count: 3000, response_bytes: 100_000 }, { reads: false });
      let bytes = 0;
      slow.call.on('data', ({ payload }) => {
        if (bytes === 0) slow.call.pause(); // after the first: before it grpc-js itself takes all that comes
        bytes += payload.length;
      });
      await waitFor('the first response', () => bytes > 0);
      const other = client.start('Produce', { response_count: 200, response_bytes: 1000 });
      assert.equal((await other.ended).responses.length, 200);
      let sent = -1;
      await waitFor('the sender to stand still', async () => {
        const last = sent;
        ({ sent } = await client.observe());
        return sent === last;
      });
      assert.ok(sent < 1000, `${sent} of 3000 were sent`);
      assert.ok(own.memory - memory < 48 * MIB, `${(own.memory - memory) / MIB} MiB more`);
      slow.call.resume();
      assert.equal((await slow.ended).code, status.OK);
      assert.equal(bytes, 300_000_000);
    });
  });

  test('a handler that does not read holds the writer up', async () => {
    await withServer({}, {}, async (client, own) => {
      await client.unary({ response_bytes: MIB });
      const { memory } = own;
      const call = client.start('Collect');
      call.write({ hold: 'HOLD_NOW' });
      await client.seen({ held: 1 });
      let written = 0;
      const payload = Buffer.alloc(100_000);
      const writer = (async () => {
        for (let i = 0; i < 1000; i++) {
          await call.write({ payload });
          written++;
        }
        call.call.end();
      })();
      let last;
      await waitFor('the writer to stand still', async () => {
        last = written;
        await client.observe();
        return written === last && written > 0;
      });
      assert.ok(written < 500, `${written} of 1000 were written`);
      assert.ok(own.memory - memory < 48 * MIB, `${(own.memory - memory) / MIB} MiB more`);
      await client.release();
      await writer;
      assert.equal((await call.ended).response.request_bytes, 100_000_000);
    });
  });

  test('a client that reads one message at a time gets all of them', async () => {
    const call = peer.start('Converse', {}, { reads: false });
    call.write({ response_count: 50, response_bytes: 70_000 });
    call.call.end();
    let count = 0;
    for await (const response of call.call) {
      count++;
      assert.equal(response.number, count);
      await peer.observe();
    }
    assert.equal(count, 50);
  });
});

describe('connections', () => {
  test('500 streams at once over one channel', async () => {
    await withServer({ shards: 2, max_streams: 600, max_streaming: 600 }, {}, async (client) => {
      const calls = Array.from({ length: 500 }, () => client.start('Converse'));
      await Promise.all(calls.map((call) => call.write({ response_count: 1 })));
      await waitFor('a response to each', () => calls.every((call) => call.responses.length === 1));
      assert.equal((await client.observe()).in_flight, 500);
      for (const call of calls) {
        call.write({ response_count: 2 });
        call.call.end();
      }
      for (const { ended } of calls) {
        const { code, responses } = await ended;
        assert.deepEqual([code, responses.map(({ number }) => number)], [status.OK, [1, 2, 3]]);
      }
      await client.seen({ in_flight: 0 });
    });
  });

  test('streams beyond the most of a connection wait for a place', async () => {
    await withServer({ max_streams: 2 }, {}, async (client, own) => {
      const observer = new PeerClient(own.target);
      await client.unary(); // the settings of the server are there
      const held = [1, 2].map(() => client.start('Unary', { hold: 'HOLD_NOW' }));
      await observer.seen({ held: 2 });
      const third = client.unary();
      await observer.release();
      for (const call of held) assert.equal((await call.ended).code, status.OK);
      assert.equal((await third).code, status.OK);
      observer.close();
    });
  });

  test('a server that is killed and started again is found again', async () => {
    let own = await InteropServer.start();
    const [port] = own.ports;
    const client = new PeerClient(own.target);
    await isAlive(client);
    const lost = client.start('Converse');
    lost.write({ response_count: 1 });
    await waitFor('a response', () => lost.responses.length === 1);
    await own.kill();
    assert.equal((await lost.ended).code, status.UNAVAILABLE);
    const patient = client.unary({}, { waitForReady: true });
    own = await InteropServer.start({}, `127.0.0.1:${port}`);
    assert.equal((await patient).code, status.OK);
    await isAlive(client);
    client.close();
    await own.stop();
  });

  test('keepalive pings beside a quiet stream are answered, and it goes on', async () => {
    const proxy = await Proxy.start(server.ports[0]);
    const client = new PeerClient(proxy.target, { 'grpc.keepalive_time_ms': 50, 'grpc.keepalive_timeout_ms': 5000 });
    const call = client.start('Converse');
    for (let i = 1; i <= 10; i++) {
      const { answers } = proxy.toClient ?? { answers: 0 };
      await call.write({ response_count: 1 });
      await waitFor('a response, and a ping answered', () => call.responses.length === i && proxy.toClient.answers > answers);
    }
    call.call.end();
    assert.equal((await call.ended).code, status.OK);
    assert.equal(proxy.connections, 1);
    client.close();
    proxy.stop();
  });

  test('unix: target', async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-interop-'));
    const socket = `unix:${path.join(dir, 'socket')}`;
    const own = await InteropServer.start({}, socket);
    const client = new PeerClient(socket);
    await isAlive(client);
    assert.equal((await ask(client, 'Produce', { response_count: 10 })).responses.length, 10);
    client.close();
    await own.stop();
    fs.rmSync(dir, { recursive: true });
  });

  test('several addresses at once', async () => {
    const own = await InteropServer.start({}, ['127.0.0.1:0', '[::1]:0']);
    for (const target of [`127.0.0.1:${own.ports[0]}`, `[::1]:${own.ports[1]}`]) {
      const client = new PeerClient(target);
      await isAlive(client);
      client.close();
    }
    await own.stop();
  });
});

describe('compression', () => {
  for (const [name, algorithm] of [['deflate', 1], ['gzip', 2]]) {
    test(`requests by ${name}, of every kind, some of a stream as they are`, async () => {
      const client = new PeerClient(server.target, { 'grpc.default_compression_algorithm': algorithm });
      const payload = Buffer.alloc(200_000, 'compressible ');
      for (const method of KINDS) {
        const outcome = await ask(client, method, { payload, response_count: 2 });
        assert.equal(outcome.code, status.OK, `${method} ${outcome.message}`);
        const got = outcome.responses[0] ?? outcome.response;
        assert.ok(method === 'Collect' ? got.request_bytes === payload.length : got.payload.equals(payload), method);
      }
      const mixed = client.start('Collect');
      for (let i = 0; i < 10; i++) await (i % 2 ? mixed.write({ payload }) : mixed.writePlain({ payload }));
      mixed.call.end();
      assert.equal((await mixed.ended).response.request_bytes, 10 * payload.length);
      client.close();
    });

    test(`a small message that ${name} makes of a large one is RESOURCE_EXHAUSTED`, async () => {
      const client = new PeerClient(server.target,
        { 'grpc.default_compression_algorithm': algorithm, 'grpc.max_send_message_length': -1 });
      for (const method of ['Unary', 'Collect', 'Converse']) {
        const outcome = await ask(client, method, requestOfBytes(4 * MIB + 1));
        assert.equal(outcome.code, status.RESOURCE_EXHAUSTED, method);
        assert.equal((await ask(client, method, requestOfBytes(4 * MIB))).code, status.OK, method);
      }
      await isAlive(client);
      client.close();
    });
  }
});
