// protoc-gen-nexus as protoc runs it, on protos that have nothing to do with the catalog.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const source = path.resolve(process.env.NEXUS_SOURCE_DIR ?? '.');
const build = path.resolve(process.env.NEXUS_BUILD_DIR ?? 'build/asan');
const plugin = path.join(build, 'proto/codegen/protoc-gen-nexus');
let dir;

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-codegen-'));
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function write(name, text) {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function protoc(names, ...options) {
  return spawnSync(
    'protoc',
    [`-I${dir}`, '-I/usr/include', `--plugin=protoc-gen-nexus=${plugin}`, `--nexus_out=${dir}`, ...options, ...names],
    { encoding: 'utf8' },
  );
}

function compile(name) {
  const includes = ['proto/runtime', 'proto/wire'].map((folder) => `-I${path.join(source, folder)}`);
  return spawnSync(
    process.env.CC ?? 'cc',
    ['-std=gnu11', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', `-I${dir}`, ...includes, path.join(dir, name)],
    { encoding: 'utf8' },
  );
}

test('several services, imports, nested types and comments compile without warnings', () => {
  write('parts/v1/parts.proto', `syntax = "proto3"; package parts.v1;
    message Bolt { message Thread_pitch { int32 um = 1; } Thread_pitch pitch = 1; map<string, int64> sizes = 2; }`);
  write('shop.proto', `syntax = "proto3"; package my_shop.v2beta1;
    import "parts/v1/parts.proto"; import "google/protobuf/empty.proto";
    // Buys and sells. */ /* not the end
    service HTTPShop {
      // Buys a bolt: 100% safe, $price$ included. */
      rpc BuyBolt(parts.v1.Bolt) returns (google.protobuf.Empty);
      rpc GetPitch(parts.v1.Bolt) returns (parts.v1.Bolt.Thread_pitch);
    }
    service Closed {}
    service Other { rpc BuyBolt(parts.v1.Bolt) returns (parts.v1.Bolt); }`);
  write('no_package.proto', `syntax = "proto3"; message M {} service S { rpc DoIt(M) returns (M); }`);
  const names = ['parts/v1/parts.proto', 'shop.proto', 'no_package.proto'];
  const made = protoc([...names, 'google/protobuf/empty.proto'], `--c_out=${dir}`);
  assert.equal(made.status, 0, made.stderr);
  for (const name of ['parts/v1/parts.nexus.c', 'shop.nexus.c', 'no_package.nexus.c']) {
    const compiled = compile(name);
    assert.equal(compiled.status, 0, compiled.stderr);
  }
  assert.match(fs.readFileSync(path.join(dir, 'shop.nexus.c'), 'utf8'), /"\/my_shop\.v2beta1\.HTTPShop\/BuyBolt"/);
});

test('the same input gives the same output', () => {
  write('same.proto', `syntax = "proto3"; message M {} service S { rpc A(M) returns (M); rpc B(M) returns (M); }`);
  protoc(['same.proto']);
  const first = fs.readFileSync(path.join(dir, 'same.nexus.h'));
  protoc(['same.proto']);
  assert.deepEqual(fs.readFileSync(path.join(dir, 'same.nexus.h')), first);
});

const refused = [
  ['proto3 optional', `syntax = "proto3";\nmessage M {\n  optional int32 maybe = 1;\n}`,
    /refused\.proto:3: field M\.maybe is optional/],
  ['nested proto3 optional', `syntax = "proto3";\nmessage M { message N {\n optional string maybe = 1; } }`,
    /refused\.proto:3: field N\.maybe is optional/],
  ['names that collide', `syntax = "proto3";\nmessage M {}\nservice S {\n  rpc GetIt(M) returns (M);\n  rpc get_it(M) returns (M);\n}`,
    /refused\.proto:5: method S\.get_it and method S\.GetIt \(refused\.proto:4\) would both be get_it in C/],
];
for (const [name, text, message] of refused) {
  test(`${name} is refused through protoc, by line`, () => {
    write('refused.proto', text);
    const made = protoc(['refused.proto']);
    assert.notEqual(made.status, 0);
    assert.match(made.stderr, /--nexus_out: /);
    assert.match(made.stderr, message);
    assert.ok(!fs.existsSync(path.join(dir, 'refused.nexus.h')));
  });
}

test('an unknown option is refused', () => {
  write('same.proto', `syntax = "proto3"; message M {}`);
  const made = protoc(['same.proto'], '--nexus_opt=colour=blue');
  assert.notEqual(made.status, 0);
  assert.match(made.stderr, /unknown option "colour=blue"/);
});

test('what is no CodeGeneratorRequest is said on stderr', () => {
  const run = spawnSync(plugin, { input: 'hello, this is not protobuf', encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /not a CodeGeneratorRequest/);
});
