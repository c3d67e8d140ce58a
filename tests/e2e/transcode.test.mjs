// nexus-transcode: rules are tried without a server, those of the catalog and those of strangers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const build = path.resolve(process.env.NEXUS_BUILD_DIR ?? 'build/asan');
const tool = path.join(build, 'gateway/nexus-transcode');
let dir;
let own;

const proto = `syntax = "proto3";
package shop.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 2; }
message Line { string sku = 1; int64 count = 2; }
message Order {
  string name = 1;
  Size size = 2;
  repeated Line lines = 3;
  map<string, Line> by_sku = 4;
  google.protobuf.Struct notes = 5;
  google.protobuf.Duration wait = 6;
  optional int32 floor = 7;
  oneof payment { string card = 8; bool cash = 9; }
  bytes seal = 10;
}
message Request { string parent = 1; Order order = 2; google.protobuf.BoolValue quick = 3; repeated Size sizes = 4; }
message File { string path = 1; string shelf = 2; }
service Orders {
  rpc Create(Request) returns (Order);
  rpc Read(File) returns (Order);
  rpc Purge(File) returns (Order);
  rpc Watch(File) returns (stream Order);
  rpc Talk(stream File) returns (stream Order);
  rpc Collect(stream File) returns (Order);
}
`;

const rules = `http:
  rules:
    - selector: shop.v1.Orders.Create
      post: /v1/{parent=shops/*}/orders
      body: order
      additional_bindings:
        - post: /v1/orders
          body: "*"
        - get: /v1/orders:try
    - selector: shop.v1.Orders.Read
      get: /old/{path=**}
    - selector: shop.v1.Orders.Read
      get: /v1/{path=files/**}
    - selector: shop.v1.Orders.Purge
      custom: {kind: PURGE, path: "/v1/{path=files/*}:now"}
      additional_bindings:
        - custom: {kind: "*", path: "/v1/any/{shelf}"}
`;

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-transcode-'));
  fs.writeFileSync(path.join(dir, 'shop.proto'), proto);
  fs.writeFileSync(path.join(dir, 'shop.yaml'), rules);
  const made = spawnSync('protoc', [`-I${dir}`, '-I/usr/include', '--include_imports',
    `--descriptor_set_out=${path.join(dir, 'shop.protoset')}`, 'shop.proto'], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  own = ['--descriptors', path.join(dir, 'shop.protoset'), '--rules', path.join(dir, 'shop.yaml')];
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function run(args, input = '') {
  return spawnSync(tool, args, { encoding: 'utf8', input });
}

// The RPC and its message.
function matches(args, rpc, message, input) {
  const made = run(args, input);
  assert.equal(made.stderr, '');
  const [first, second, rest] = made.stdout.split('\n');
  assert.equal(first, rpc, made.stdout);
  assert.deepEqual(JSON.parse(second), message);
  assert.equal(rest, '');
  assert.equal(made.status, 0);
}

function refused(args, code, status, field) {
  const made = run(args);
  assert.equal(made.status, 1, made.stdout + made.stderr);
  const { error } = JSON.parse(made.stdout);
  assert.equal(error.code, code);
  assert.equal(error.status, status);
  if (field !== undefined) assert.equal(error.details[0].fieldViolations[0].field, field);
}

function fails(args, pattern) {
  const made = run(args);
  assert.equal(made.status, 2, made.stdout);
  assert.equal(made.stdout, '');
  assert.match(made.stderr, pattern);
}

test('the catalog and its rules are there by default', () => {
  const rpc = (name) => `nexus.catalog.v1.CatalogService.${name}`;
  matches(['GET', '/v1/products/7'], rpc('GetProduct'), { name: 'products/7' });
  matches(['HEAD', 'http://shop:8080/v1/products/a%3Ab%2Fc'], rpc('GetProduct'), { name: 'products/a:b%2Fc' });
  matches(['PATCH', '/v1/products/7?validateOnly=true', '{"title": "x", "name": "products/7"}'], rpc('UpdateProduct'),
    { product: { name: 'products/7', title: 'x' }, updateMask: 'title', validateOnly: true });
  matches(['GET', '/v1/products:lookup?slug=a'], rpc('LookupProduct'), { slug: 'a' });
  refused(['GET', '/v1/products?colour=red'], 400, 'INVALID_ARGUMENT', 'colour');
  refused(['GET', '/v1/nothing'], 404, 'NOT_FOUND');
  refused(['PUT', '/v1/products'], 405, 'UNIMPLEMENTED');
  assert.equal(run(['--check']).status, 0);
});

test('the examples of --help do what it says', () => {
  const help = run(['--help']);
  assert.equal(help.status, 0);
  const examples = [...help.stdout.matchAll(/^ {2}\$ nexus-transcode (.*)\n {2}(nexus.*)\n {2}(\{.*)$/gm)];
  assert.equal(examples.length, 2);
  for (const [, line, rpc, message] of examples) {
    const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((part) => part[1] ?? part[2]);
    assert.equal(run(args).stdout, `${rpc}\n${message}\n`);
  }
});

test('descriptors and rules of a stranger', () => {
  matches([...own, 'POST', '/v1/shops/1/orders?quick=false&sizes=SIZE_LARGE&sizes=2', '-'], 'shop.v1.Orders.Create', {
    parent: 'shops/1',
    order: {
      size: 'SIZE_LARGE', lines: [{ sku: 'a', count: '9007199254740993' }], bySku: { a: { count: '1' } },
      notes: { deep: [1, null, { a: true }] }, wait: '1.500s', floor: 0, cash: false, seal: 'AQI=',
    },
    quick: false,
    sizes: ['SIZE_LARGE', 'SIZE_LARGE'],
  }, `{"size": 2, "lines": [{"sku": "a", "count": 9007199254740993}], "by_sku": {"a": {"count": "1"}},
       "notes": {"deep": [1, null, {"a": true}]}, "wait": "1.5s", "floor": 0, "cash": false, "seal": "AQI"}`);
  matches([...own, 'POST', '/v1/orders', '{"parent": "p", "order": {"card": ""}}'], 'shop.v1.Orders.Create',
    { parent: 'p', order: { card: '' } });
  matches([...own, 'GET', '/v1/orders:try?order.wait=2s&order.floor=3'],
    'shop.v1.Orders.Create', { order: { wait: '2s', floor: 3 } });
  matches([...own, '--defaults', 'POST', '/v1/orders'], 'shop.v1.Orders.Create', { parent: '', sizes: [] });
});

test('the last rule of a selector wins, methods may be custom, reserved characters stay', () => {
  refused([...own, 'GET', '/old/a'], 404, 'NOT_FOUND');
  matches([...own, 'GET', '/v1/files/a%20b/c%3Ad/%2F'], 'shop.v1.Orders.Read', { path: 'files/a b/c%3Ad/%2F' });
  matches([...own, 'PURGE', '/v1/files/a:now?shelf=1'], 'shop.v1.Orders.Purge', { path: 'files/a', shelf: '1' });
  matches([...own, 'BREW', '/v1/any/a%2Fb%3A'], 'shop.v1.Orders.Purge', { shelf: 'a/b:' });
  refused([...own, 'POST', '/v1/files/a:now'], 405, 'UNIMPLEMENTED');
  refused([...own, 'OPTIONS', '/v1/any/a'], 405, 'UNIMPLEMENTED');
  fs.writeFileSync(path.join(dir, 'full.yaml'), rules.replace('http:\n', 'http:\n  fully_decode_reserved_expansion: true\n'));
  matches([...own, '--rules', path.join(dir, 'full.yaml'), 'GET', '/v1/files/a%20b/c%3Ad/%2F'], 'shop.v1.Orders.Read',
    { path: 'files/a b/c:d/%2F' });
});

test('a request that does not fit is refused as the gateway refuses it', () => {
  const create = [...own, 'POST', '/v1/shops/1/orders'];
  refused([...own, 'POST', '/v1/shops/1/orders?lines=x', '{}'], 400, 'INVALID_ARGUMENT', 'lines');
  refused([...own, 'POST', '/v1/shops/1/orders?parent=x', '{}'], 400, 'INVALID_ARGUMENT', 'parent');
  refused([...own, 'POST', '/v1/shops/1/orders?order.name=x', '{}'], 400, 'INVALID_ARGUMENT', 'order.name');
  refused([...own, 'GET', '/v1/orders:try?order.lines=x'], 400, 'INVALID_ARGUMENT', 'order.lines');
  refused([...own, 'GET', '/v1/orders:try?order.bySku=x'], 400, 'INVALID_ARGUMENT', 'order.by_sku');
  refused([...create], 400, 'INVALID_ARGUMENT', 'order');
  refused([...create, '{"lines": [{"count": "x"}]}'], 400, 'INVALID_ARGUMENT', 'order.lines[0].count');
  refused([...create, '{"card": "a", "cash": true}'], 400, 'INVALID_ARGUMENT', 'order.cash');
  refused([...create, '['.repeat(1000)], 400, 'INVALID_ARGUMENT', 'order');
  refused([...own, 'GET', '/v1/files/%'], 400, 'INVALID_ARGUMENT');
});

test('rules and descriptors that cannot be used are told by file and line', () => {
  const yaml = path.join(dir, 'bad.yaml');
  const wrong = (rule, pattern) => {
    fs.writeFileSync(yaml, `http:\n  rules:\n    - selector: shop.v1.Orders.Create\n      ${rule}\n`);
    fails([...own, '--rules', yaml, '--check'], pattern);
  };
  wrong('get: /v1/{order.lines}', /bad\.yaml:3: .*'order\.lines' in the path is no single value/);
  wrong('get: /v1/{order.by_sku}', /bad\.yaml:3: .*'order\.by_sku' in the path is no single value/);
  wrong('get: /v1/{order}', /bad\.yaml:3: .*'order' in the path is no single value/);
  wrong('get: /v1/{nothing}', /bad\.yaml:3: .*has no field 'nothing'/);
  wrong('get: /v1/{a={b}}', /bad\.yaml:4: .*offset 7/);
  wrong('get: /v1/**/a', /bad\.yaml:4: .*nothing may follow/);
  wrong('{post: /v1}', /bad\.yaml:/);
  wrong('post: /v1\n      body: nothing', /bad\.yaml:3: .*'nothing'/);
  wrong('post: /v1\n    - selector: shop.v1.Orders.Read\n      post: /v1', /bad\.yaml:5: .*matches the same as that of line 3/);
  wrong('post: /v1\n    - selector: shop.v1.Orders.Talk\n      post: /v2\n      body: "*"', /bad\.yaml:5: .*streams both ways/);
  wrong('post: /v1\n    - selector: shop.v1.Orders.Collect\n      post: /v2', /bad\.yaml:5: .*needs a body, or bytes/);
  wrong('post: /v1\n    - selector: shop.v1.Orders.Watch\n      get: /v2\n      stream: {bytes: path}', /bad\.yaml:5: .*no stream that could be bytes/);
  wrong('post: /v1\n    - selector: shop.v1.Orders.Nothing\n      get: /v2', /bad\.yaml:5: .*no RPC/);
  wrong('get: /a\n      additional_bindings:\n        - get: /b\n          additional_bindings: [{get: /c}]',
    /bad\.yaml:7: unknown key 'additional_bindings'/);
  const set = path.join(dir, 'bad.protoset');
  fs.writeFileSync(set, Buffer.from([0x0a, 0xff]));
  fails([...own, '--descriptors', set, '--check'], /bad\.protoset: /);
  const cut = fs.readFileSync(path.join(dir, 'shop.protoset')).subarray(0, 300);
  fs.writeFileSync(set, cut);
  fails([...own, '--descriptors', set, '--check'], /bad\.protoset: /);
  fails([...own, '--descriptors', path.join(dir, 'none'), '--check'], /none: No such file/);
  fails(['--rules', path.join(dir, 'none'), '--check'], /none: No such file/);
});

test('in the image it lies where it finds the rules, as an installed one does', () => {
  const image = fs.readFileSync(new URL('../../.github/docker/Dockerfile', import.meta.url), 'utf8').replaceAll('\\\n', ' ');
  const [, programs] = /^COPY --from=build .*\/nexus-transcode +(\S+)$/m.exec(image);
  const [, rulesDir] = /^COPY --from=build \S*\/nexus\.yaml .*?(\S+)$/m.exec(image);
  const root = path.join(dir, 'image');
  for (const part of [programs, rulesDir]) fs.mkdirSync(path.join(root, part), { recursive: true });
  fs.copyFileSync(tool, path.join(root, programs, 'nexus-transcode'));
  fs.writeFileSync(path.join(root, rulesDir, 'nexus.yaml'), rules.slice(0, rules.indexOf('    - selector')).replace('rules:', `rules:
    - selector: nexus.catalog.v1.CatalogService.GetProduct
      get: /only/here/{name=products/*}`));
  const { stdout } = spawnSync(path.join(root, programs, 'nexus-transcode'), ['GET', '/only/here/products/7'], { encoding: 'utf8' });
  assert.equal(stdout, 'nexus.catalog.v1.CatalogService.GetProduct\n{"name":"products/7"}\n');
});

test('usage', () => {
  fails([], /METHOD and URL are needed/);
  fails(['GET'], /METHOD and URL are needed/);
  fails(['GET', '/a', '{}', 'more'], /METHOD and URL are needed/);
  fails(['--check', 'GET', '/a'], /--check takes no request/);
  fails(['--no-such-option'], /no-such-option/);
});
