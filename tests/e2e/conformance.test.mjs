// nexus-conformance as the runner of protobuf's suite drives it: frames on stdin and stdout. It is
// built on a few messages of our own here, which have the names and numbers of the suite's.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'node:test';
import { lengthDelimited } from './support/hostile.mjs';
import { buildDir } from './support/instance.mjs';

const program = path.join(buildDir, 'tests/conformance/conformance_zoo');
const MESSAGE = 'protobuf_test_messages.proto3.TestAllTypesProto3';
const FORMAT = { PROTOBUF: 1, JSON: 2, JSPB: 3, TEXT_FORMAT: 4 };
const IGNORE_UNKNOWN = 3;
const PAYLOADS = { binary: 1, json: 2, jspb: 7, text: 8 };
const RESULTS = {
  1: 'parseError', 2: 'runtimeError', 3: 'binary', 4: 'json', 5: 'skipped', 6: 'serializeError',
};

const number = (field, value) => Buffer.from([field << 3, value]);

// { json: '{}', to: FORMAT.JSON, type?, category? }
function encode({ to, type = MESSAGE, category = 0, ...payload }) {
  const parts = Object.entries(payload)
    .map(([kind, value]) => lengthDelimited(PAYLOADS[kind], Buffer.from(value)));
  if (to !== undefined) parts.push(number(3, to));
  return Buffer.concat([...parts, lengthDelimited(4, Buffer.from(type)), number(5, category)]);
}

function frame(bytes, length = bytes.length) {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(length);
  return Buffer.concat([head, bytes]);
}

// { json: '{}' } or whichever the result is.
function decode(bytes) {
  if (bytes.length === 0) return {};
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    length += (bytes[at] & 0x7f) << shift;
    if (bytes[at++] < 0x80) break;
  }
  assert.equal(bytes[0] & 7, 2);
  assert.equal(bytes.length, at + length);
  const kind = RESULTS[bytes[0] >> 3];
  const value = bytes.subarray(at);
  return { [kind]: kind === 'binary' ? value.toString('hex') : value.toString('utf8') };
}

function split(output) {
  const frames = [];
  for (let at = 0; at < output.length;) {
    const length = output.readUInt32LE(at);
    frames.push(output.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

function run(input, ...args) {
  const ended = spawnSync(program, args, { input, timeout: 60_000, maxBuffer: 64 << 20 });
  assert.equal(ended.signal, null);
  assert.doesNotMatch(ended.stderr.toString(), /Sanitizer|runtime error/);
  return { code: ended.status, stderr: ended.stderr.toString(), answers: split(ended.stdout).map(decode) };
}

function ask(...requests) {
  const { code, stderr, answers } = run(Buffer.concat(requests.map((request) => frame(encode(request)))));
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.equal(answers.length, requests.length);
  return answers;
}

const hex = (text) => Buffer.from(text.replace(/ /g, ''), 'hex');

describe('what is asked for', () => {
  const rows = [
    ['nothing', '', '{}'],
    ['numbers', '08 96 01 10 ff ff ff ff ff ff ff ff ff 01', '{"optionalInt32":150,"optionalInt64":"-1"}'],
    ['a negative zero', '61 00 00 00 00 00 00 00 80', '{"optionalDouble":-0}'],
    ['a text', '72 02 c3 a9', '{"optionalString":"\u00e9"}'],
    ['bytes', '7a 03 fb ef be', '{"optionalBytes":"++++"}'],
    ['a message', '9a 01 02 08 07', '{"optionalForeignMessage":{"c":7}}'],
    ['an enum', 'a8 01 ff ff ff ff ff ff ff ff ff 01', '{"optionalNestedEnum":"NEG"}'],
    ['a list', 'fa 01 03 01 02 03', '{"repeatedInt32":[1,2,3]}'],
    ['a map', 'aa 04 06 0a 01 61 12 01 62', '{"mapStringString":{"a":"b"}}'],
    ['a time', 'f2 12 02 08 01', '{"optionalTimestamp":"1970-01-01T00:00:01Z"}'],
  ];
  for (const [name, binary, json] of rows) {
    test(`${name}, both ways`, () => {
      const bytes = hex(binary);
      assert.deepEqual(
        ask({ binary: bytes, to: FORMAT.JSON }, { json, to: FORMAT.PROTOBUF },
          { binary: bytes, to: FORMAT.PROTOBUF }, { json, to: FORMAT.JSON }),
        [{ json }, { binary: bytes.toString('hex') }, { binary: bytes.toString('hex') }, { json }],
      );
    });
  }

  test('an Any of a message that is linked in', () => {
    const url = 'type.googleapis.com/protobuf_test_messages.proto3.ForeignMessage';
    const json = `{"optionalAny":{"@type":"${url}","c":7}}`;
    const [packed] = ask({ json, to: FORMAT.PROTOBUF });
    assert.deepEqual(ask({ binary: Buffer.from(packed.binary, 'hex'), to: FORMAT.JSON }), [{ json }]);
  });

  test('unknown fields: kept in binary, refused in JSON but in the tests that say so', () => {
    assert.deepEqual(ask({ binary: hex('a8 1f 05'), to: FORMAT.PROTOBUF }), [{ binary: 'a81f05' }]);
    const unknown = { json: '{"unknown":[1],"optionalInt32":2}', to: FORMAT.JSON };
    const [refused, taken] = ask(unknown, { ...unknown, category: IGNORE_UNKNOWN });
    assert.match(refused.parseError, /unknown: is not a field of/);
    assert.deepEqual(taken, { json: '{"optionalInt32":2}' });
  });

  test('the failures that are known: none', () => {
    assert.deepEqual(ask({ type: 'conformance.FailureSet', binary: '', to: FORMAT.PROTOBUF }), [{ binary: '' }]);
  });
});

describe('what cannot be done', () => {
  const failures = [
    ['binary that is cut', { binary: hex('08'), to: FORMAT.JSON }, 'parseError', /cut|short|ends/],
    ['binary with a text that is not UTF-8',
      { binary: hex('72 01 ff'), to: FORMAT.JSON }, 'parseError', /optional_string/],
    ['JSON that is none', { json: '{', to: FORMAT.JSON }, 'parseError', /malformed JSON at byte 1/],
    ['JSON of a wrong type', { json: '{"optionalInt32":"x"}', to: FORMAT.JSON }, 'parseError', /optional_int32/],
    ['JSON that is not UTF-8', { json: hex('7b ff 7d'), to: FORMAT.JSON }, 'parseError', /UTF-8/],
    ['JSON with a NUL', { json: hex('7b 00 7d'), to: FORMAT.JSON }, 'parseError', /NUL/],
    ['a time past the year 9999',
      { binary: hex('f2 12 07 08 ff ff ff ff ff 7f'), to: FORMAT.JSON }, 'serializeError', /Timestamp/],
    ['an Any of no type',
      { binary: hex('8a 13 02 12 00 8a 13 02 0a 00 8a 13 03 0a 01 78'), to: FORMAT.JSON }, 'serializeError', /Any/],
    ['text format in', { text: 'a: 1', to: FORMAT.JSON }, 'skipped', /text format/],
    ['text format out', { json: '{}', to: FORMAT.TEXT_FORMAT }, 'skipped', /text format/],
    ['JSPB in', { jspb: '[]', to: FORMAT.JSON }, 'skipped', /JSPB/],
    ['JSPB out', { json: '{}', to: FORMAT.JSPB }, 'skipped', /JSPB/],
    ['a message of proto2',
      { json: '{}', to: FORMAT.JSON, type: 'protobuf_test_messages.proto2.TestAllTypesProto2' }, 'skipped', /proto3/],
    ['a message of an edition',
      { json: '{}', to: FORMAT.JSON, type: 'protobuf_test_messages.editions.TestAllTypesEdition2023' }, 'skipped', /proto3/],
    ['a message that nobody knows', { json: '{}', to: FORMAT.JSON, type: 'a.B' }, 'runtimeError', /not known/],
    ['no payload', { to: FORMAT.JSON }, 'runtimeError', /no payload/],
    ['no output format', { json: '{}' }, 'runtimeError', /no output format/],
    ['an output format that is none', { json: '{}', to: 9 }, 'runtimeError', /no output format/],
  ];
  for (const [name, request, kind, reason] of failures) {
    test(`${name}: ${kind}`, () => {
      const [answer] = ask(request);
      assert.deepEqual(Object.keys(answer), [kind], JSON.stringify(answer));
      assert.match(answer[kind], reason);
    });
  }

  test('a request that is none is answered, and so is the next', () => {
    const { code, answers } = run(Buffer.concat([
      frame(hex('0a ff ff ff 7f')), frame(Buffer.alloc(0)), frame(encode({ json: '{}', to: FORMAT.JSON })),
    ]));
    assert.equal(code, 0);
    assert.deepEqual(answers.map((answer) => Object.keys(answer)[0]), ['runtimeError', 'runtimeError', 'json']);
  });

  test('nesting beyond all bounds is a parse error', () => {
    const json = `{"optionalForeignMessage":${'['.repeat(100_000)}`;
    let binary = Buffer.alloc(0);
    for (let i = 0; i < 10_000; i++) binary = Buffer.concat([Buffer.from([0xfb, 0x7d]), binary]); // groups
    for (const answer of ask({ json, to: FORMAT.JSON }, { binary, to: FORMAT.JSON })) {
      assert.deepEqual(Object.keys(answer), ['parseError']);
    }
  });
});

describe('the frames', () => {
  const whole = frame(encode({ json: '{}', to: FORMAT.JSON }));

  test('no input at all is a good end', () => {
    assert.deepEqual(run(Buffer.alloc(0)), { code: 0, stderr: '', answers: [] });
  });

  test('the input cut anywhere within a frame: what came before is answered, then it fails', () => {
    for (const cut of [1, 3, 4, 5, whole.length - 1]) {
      const { code, stderr, answers } = run(Buffer.concat([whole, whole.subarray(0, cut)]));
      assert.equal(code, 1, `cut at ${cut}`);
      assert.match(stderr, /ends within a request/);
      assert.deepEqual(answers, [{ json: '{}' }]);
    }
  });

  test('a length beyond the limit is refused, and one below it waits for its bytes', () => {
    const huge = run(frame(Buffer.from('x'), 0xffffffff));
    assert.equal(huge.code, 1);
    assert.match(huge.stderr, /larger than 256 MiB/);
    const cut = run(frame(Buffer.from('x'), 256 << 20));
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /ends within a request/);
  });

  test('a message of megabytes goes through', () => {
    const text = 'x'.repeat(5_000_000);
    const json = `{"optionalString":"${text}"}`;
    const [packed, written] = ask({ json, to: FORMAT.PROTOBUF }, { json, to: FORMAT.JSON });
    assert.equal(packed.binary.length / 2, 5_000_000 + 1 + 4);
    assert.equal(written.json, json);
  });

  test('--help tells what it is for, and other arguments are refused', () => {
    const help = spawnSync(program, ['--help'], { encoding: 'utf8' });
    assert.equal(help.status, 0);
    assert.match(help.stdout, /ConformanceRequest/);
    const { code, stderr } = run(Buffer.alloc(0), '--nonsense');
    assert.equal(code, 2);
    assert.match(stderr, /--help/);
  });
});
