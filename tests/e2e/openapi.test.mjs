// The generated OpenAPI document, whose path is in NEXUS_OPENAPI_JSON.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const path = process.env.NEXUS_OPENAPI_JSON;
assert.ok(path, 'NEXUS_OPENAPI_JSON must name the generated openapi.json');
const api = JSON.parse(readFileSync(path, 'utf8'));

const verbs = new Set(['get', 'put', 'post', 'patch', 'delete']);
const operations = Object.entries(api.paths).flatMap(([route, item]) =>
  Object.entries(item).map(([verb, operation]) => ({ route, verb, operation })),
);
const byId = new Map(operations.map((entry) => [entry.operation.operationId, entry]));

function resolve(reference) {
  assert.match(reference, /^#\//);
  return reference
    .slice(2)
    .split('/')
    .reduce((node, key) => {
      assert.ok(node && Object.hasOwn(node, key), `${reference} leads nowhere`);
      return node[key];
    }, api);
}

const follow = (node) => (node.$ref ? resolve(node.$ref) : node);

function* walk(node) {
  if (node === null || typeof node !== 'object') return;
  yield node;
  for (const child of Object.values(node)) yield* walk(child);
}

test('is an OpenAPI 3.1 document with a title, a licence and a server', () => {
  assert.match(api.openapi, /^3\.1\./);
  assert.ok(api.info.title && api.info.version && api.info.license.identifier);
  assert.ok(api.servers.length > 0);
});

test('has every RPC of the service, once', () => {
  const proto = readFileSync(
    new URL('../../proto/nexus/catalog/v1/catalog_service.proto', import.meta.url),
    'utf8',
  );
  const rpcs = [...proto.matchAll(/^\s*rpc (\w+)\(/gm)].map((match) => `CatalogService_${match[1]}`);
  assert.ok(rpcs.length >= 10);
  assert.deepEqual([...byId.keys()].sort(), rpcs.sort());
  assert.equal(byId.size, operations.length, 'operationIds are unique');
});

test('every reference leads somewhere, and every component is used', () => {
  const used = new Set();
  for (const node of walk(api)) {
    if (typeof node.$ref !== 'string') continue;
    resolve(node.$ref);
    used.add(node.$ref);
  }
  for (const [section, components] of Object.entries(api.components))
    for (const name of Object.keys(components))
      assert.ok(used.has(`#/components/${section}/${name}`), `${section}/${name} is unused`);
});

test('every operation declares the parameters of its path, and names each one once', () => {
  for (const { route, verb, operation } of operations) {
    assert.ok(verbs.has(verb), `${route}: ${verb}`);
    const parameters = operation.parameters.map(follow);
    const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    assert.equal(new Set(names).size, names.length, route);
    const inPath = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual(
      parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      inPath,
    );
    for (const parameter of parameters) {
      assert.ok(parameter.schema, `${route} ${parameter.name}`);
      if (parameter.in === 'path') assert.equal(parameter.required, true);
    }
  }
});

test('every operation is explained, tagged and answers errors in one form', () => {
  const tags = new Set(api.tags.map((tag) => tag.name));
  for (const { route, operation } of operations) {
    assert.ok(operation.summary && operation.description, route);
    assert.ok(operation.tags.every((tag) => tags.has(tag)));
    const { 200: success, default: failure } = operation.responses;
    assert.ok(success.content['application/json'].schema);
    assert.equal(
      follow(failure).content['application/json'].schema.$ref,
      '#/components/schemas/Error',
    );
  }
});

test('a product is updated by a PATCH that requires no field, with a mask in the query', () => {
  const { route, verb, operation } = byId.get('CatalogService_UpdateProduct');
  assert.equal(`${verb} ${route}`, 'patch /v1/products/{product}');
  const names = operation.parameters.map((parameter) => follow(parameter).name);
  assert.deepEqual(names, [
    'product',
    'updateMask',
    'requestId',
    'validateOnly',
    'If-Match',
    'Idempotency-Key',
  ]);
  assert.equal(follow(operation.requestBody.content['application/json'].schema).required, undefined);
  const create = byId.get('CatalogService_CreateProduct').operation;
  assert.deepEqual(follow(create.requestBody.content['application/json'].schema).required, ['title']);
});

test('fields have their JSON names, types and behaviours', () => {
  const { properties } = api.components.schemas.Product;
  assert.equal(properties.createTime.format, 'date-time');
  assert.equal(properties.createTime.readOnly, true);
  assert.equal(properties.title.readOnly, undefined);
  assert.deepEqual([properties.inventory.type, properties.inventory.format], ['string', 'int64']);
  assert.equal(properties.attributes.type, 'object');
  assert.equal(follow(properties.state).enum[0], 'STATE_UNSPECIFIED');
  assert.equal(properties.tags.items.type, 'string');
  const anyJson = new Set(['oldValue', 'newValue']);
  for (const schema of Object.values(api.components.schemas))
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      assert.match(name, /^[a-z][A-Za-z0-9]*$/);
      assert.ok(property.$ref || property.type || anyJson.has(name), name);
    }
});

test('examples have only fields that can be written', () => {
  let examples = 0;
  for (const { operation } of operations) {
    const content = operation.requestBody?.content['application/json'];
    if (!content?.example) continue;
    examples++;
    const { properties } = follow(content.schema);
    for (const key of Object.keys(content.example)) {
      assert.ok(properties[key], `${operation.operationId}: ${key}`);
      assert.notEqual(properties[key].readOnly, true);
    }
  }
  assert.ok(examples > 0);
});

test('a lookup says that it may redirect', () => {
  for (const name of ['Product', 'Category']) {
    const { 200: found, 301: moved } = byId.get(`CatalogService_Lookup${name}`).operation.responses;
    assert.equal(follow(moved.headers.Location).schema.type, 'string');
    assert.deepEqual(moved.content, found.content);
  }
  assert.equal(byId.get('CatalogService_GetProduct').operation.responses[301], undefined);
});

test('streams have the forms and the bodies that the gateway gives and takes', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'nexus-openapi-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const root = new URL('../..', import.meta.url).pathname;
  const protoset = join(dir, 'interop.protoset');
  execFileSync('protoc', [`-I${join(root, 'tests/interop')}`, '--include_imports', '--include_source_info',
    `--descriptor_set_out=${protoset}`, 'interop.proto']);
  const make = (rules) => {
    writeFileSync(join(dir, 'rules.yaml'), `info: {title: T, version: '1', license: {name: MIT, identifier: MIT}}
servers: [{url: /}]
http:
  rules:
${rules}`);
    const output = join(dir, 'openapi.json');
    execFileSync(join(process.env.NEXUS_BUILD_DIR, 'openapi/nexus-openapi'), ['--descriptors', protoset,
      '--spec', join(dir, 'rules.yaml'), '--format', 'json', '--output', output], { stdio: 'pipe' });
    return JSON.parse(readFileSync(output, 'utf8'));
  };
  const S = 'nexus.interop.v1.InteropService';
  const made = make(`    - selector: ${S}.Produce
      get: /v1/produce
      stream: {id: number, last_event_id: after}
      additional_bindings: [{get: /v1/payloads, response_body: payload}]
    - selector: ${S}.Collect
      post: /v1/collect/{response_bytes}
      body: "*"
      additional_bindings:
        - put: /v1/files/{response_bytes}
          stream: {bytes: payload, types: [image/png]}
`);
  const produce = made.paths['/v1/produce'].get;
  assert.ok(produce.parameters.some(({ $ref }) => $ref === '#/components/parameters/LastEventId'));
  assert.equal(made.components.parameters.LastEventId.name, 'Last-Event-ID');
  const { content } = produce.responses[200];
  assert.deepEqual(Object.keys(content), ['application/json', 'application/x-ndjson', 'text/event-stream']);
  assert.deepEqual(content['application/json'].schema, { type: 'array', items: { $ref: '#/components/schemas/Response' } });
  assert.deepEqual(content['application/x-ndjson'].schema, { $ref: '#/components/schemas/Response' });
  assert.equal(made.paths['/v1/payloads'].get.responses[200].content['application/json'].schema.items.type, 'string');
  const collect = made.paths['/v1/collect/{responseBytes}'].post.requestBody.content;
  assert.deepEqual(collect, { 'application/x-ndjson': { schema: { $ref: '#/components/schemas/Request' } } });
  const files = made.paths['/v1/files/{responseBytes}'].put;
  assert.deepEqual(Object.keys(files.requestBody.content), ['application/octet-stream', 'image/png', 'multipart/form-data']);
  const form = files.requestBody.content['multipart/form-data'].schema;
  assert.equal(form.properties.payload.format, 'binary');
  assert.ok(form.properties.holdMs && !form.properties.responseBytes);
  assert.ok(!files.parameters.some(({ name }) => name === 'payload'));
  for (const [rule, message] of [
    [`${S}.Converse\n      post: /a\n      body: "*"`, /rules\.yaml:5: .*'Converse' streams both ways/],
    [`${S}.Collect\n      post: /a`, /rules\.yaml:5: .*needs a body, or bytes/],
    [`${S}.Collect\n      post: /a\n      stream: {bytes: after}`, /rules\.yaml:5: .*'after' is no field of bytes/],
    [`${S}.Produce\n      get: /a\n      stream: {id: payload}`, /rules\.yaml:5: .*'payload' is no text/],
    [`${S}.Produce\n      get: /a\n      stream: {last_event_id: hold}`, /rules\.yaml:5: .*'hold' is no text/],
    [`${S}.Unary\n      get: /a\n      stream: {last_event_id: after}`, /rules\.yaml:5: .*no stream that could have ids/],
    [`${S}.Unary\n      post: /a\n      stream: {bytes: payload}`, /rules\.yaml:5: .*no stream that could be bytes/],
  ]) assert.throws(() => make(`    - selector: ${rule}\n`), (error) => message.test(error.stderr.toString()) || assert.fail(error.stderr));
});
