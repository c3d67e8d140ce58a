// grpc.reflection.v1 and v1alpha: with the real buf, with clients made of nothing but what
// reflection tells, and with questions that nobody should ask.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import path from 'node:path';
import { promisify } from 'node:util';
import { describedClient, healthClient, reflectionClient, status } from './support/clients.mjs';
import { Instance, root, waitFor } from './support/instance.mjs';

const run = promisify(execFile);
const BUF = path.join(root, 'tests/e2e/node_modules/.bin/buf');
const CATALOG = 'nexus.catalog.v1.CatalogService';
const VERSIONS = ['v1', 'v1alpha'];
const SERVICES = ['grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection', CATALOG];

let instance;

before(async () => {
  instance = await Instance.start({ seed: true });
});
after(async () => {
  await instance?.stop();
});

// Asks all the questions at once, on one stream. Resolves to the answers, or rejects.
function ask(version, questions) {
  const client = reflectionClient(instance.grpc, version);
  return new Promise((resolve, reject) => {
    const answers = [];
    const stream = client.stub.ServerReflectionInfo({ deadline: Date.now() + 30_000 });
    stream.on('data', (answer) => answers.push(answer));
    stream.on('error', reject);
    stream.on('end', () => resolve(answers));
    for (const question of questions) stream.write(question);
    stream.end();
  }).finally(() => client.close());
}

const filesOf = (answer) => answer.fileDescriptorResponse?.fileDescriptorProto ?? [];
// A FileDescriptorProto begins with its name.
const nameOf = (file) => file.subarray(2, 2 + file[1]).toString();
const namesOf = (answer) => filesOf(answer).map(nameOf);

const buf = (...args) => run(BUF, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args]);

for (const version of VERSIONS) {
  const reflect = ['--reflect-protocol', `grpc-${version}`];

  test(`buf curl lists and calls by ${version}`, async () => {
    const url = `http://${instance.grpc}`;
    const services = await buf(...reflect, '--list-services', url);
    assert.deepEqual(services.stdout.trim().split('\n').sort(), SERVICES);
    const methods = (await buf(...reflect, '--list-methods', url)).stdout.trim().split('\n');
    for (const method of [`${CATALOG}/GetProduct`, `${CATALOG}/DeleteCategory`, 'grpc.health.v1.Health/Watch']) {
      assert.ok(methods.includes(method), method);
    }
    assert.equal(new Set(methods).size, methods.length);
    const { stdout } = await buf(...reflect, '--data', '{"name": "products/1"}', `${url}/${CATALOG}/GetProduct`);
    assert.equal(JSON.parse(stdout).name, 'products/1');
    await assert.rejects(buf(...reflect, '--data', '{"nome": "products/1"}', `${url}/${CATALOG}/GetProduct`),
      /unknown field/, 'the schema is known');
    await assert.rejects(buf(...reflect, '--data', '{}', `${url}/${CATALOG}/GetNothing`), /no such method/);
  });

  test(`a client made of what ${version} tells describes and calls the catalog`, async () => {
    const [answer] = await ask(version, [{ fileContainingSymbol: CATALOG }]);
    const { definition, client } = describedClient(instance.grpc, filesOf(answer), CATALOG);
    const fields = definition['nexus.catalog.v1.Product'].type.field.map((field) => field.name);
    for (const field of ['name', 'title', 'price', 'category']) assert.ok(fields.includes(field), field);
    const product = await client.call('GetProduct', { name: 'products/1' });
    assert.equal(product.title, 'Alder Oak Floor Lamp');
    client.close();
  });

  test(`${version}: a file comes with its imports, each once on a stream`, async () => {
    const file = 'nexus/catalog/v1/catalog_service.proto';
    const product = 'nexus/catalog/v1/product.proto';
    const answers = await ask(version, [
      { host: 'shop.example', fileByFilename: file },
      { fileByFilename: file },
      { fileContainingSymbol: 'nexus.catalog.v1.Product' },
      { fileByFilename: 'google/rpc/status.proto' },
    ]);
    const [first, again, symbol, other] = answers.map(namesOf);
    assert.equal(first[0], file);
    assert.equal(new Set(first).size, first.length);
    for (const needed of [product, 'google/type/money.proto', 'google/protobuf/descriptor.proto']) {
      assert.ok(first.includes(needed), needed);
    }
    assert.deepEqual([again, symbol, other], [[file], [product], []]);
    assert.equal(answers[0].validHost, 'shop.example');
    assert.equal(answers[0].originalRequest.fileByFilename, file);
    assert.equal(answers[3].errorResponse.errorCode, status.NOT_FOUND, 'it is in no file that is served');
  });

  test(`${version}: every kind of symbol leads to its file`, async () => {
    const symbols = {
      'nexus.catalog.v1.Product': 'nexus/catalog/v1/product.proto',
      'nexus.catalog.v1.Product.title': 'nexus/catalog/v1/product.proto',
      'nexus.catalog.v1.Product.State': 'nexus/catalog/v1/product.proto',
      'nexus.catalog.v1.Product.STATE_ACTIVE': 'nexus/catalog/v1/product.proto',
      [CATALOG]: 'nexus/catalog/v1/catalog_service.proto',
      [`${CATALOG}.GetProduct`]: 'nexus/catalog/v1/catalog_service.proto',
      'grpc.health.v1.HealthListResponse.StatusesEntry.key': 'grpc/health/v1/health.proto',
      [`grpc.reflection.${version}.ServerReflectionRequest.message_request`]:
        `grpc/reflection/${version}/reflection.proto`,
      'google.api.field_behavior': 'google/api/field_behavior.proto',
      'google.protobuf.FileDescriptorSet': 'google/protobuf/descriptor.proto',
    };
    const answers = await ask(version, Object.keys(symbols).map((symbol) => ({ fileContainingSymbol: symbol })));
    assert.deepEqual(answers.map((answer) => namesOf(answer)[0]), Object.values(symbols));
  });

  test(`${version}: extensions`, async () => {
    const options = 'google.protobuf.FieldOptions';
    const [numbers, file, none, notThere, notAMessage] = await ask(version, [
      { allExtensionNumbersOfType: options },
      { fileContainingExtension: { containingType: options, extensionNumber: 1052 } },
      { allExtensionNumbersOfType: 'nexus.catalog.v1.Product' },
      { fileContainingExtension: { containingType: options, extensionNumber: 1053 } },
      { allExtensionNumbersOfType: CATALOG },
    ]);
    assert.deepEqual(numbers.allExtensionNumbersResponse,
      { baseTypeName: options, extensionNumber: [1052] });
    assert.equal(namesOf(file)[0], 'google/api/field_behavior.proto');
    assert.deepEqual(none.allExtensionNumbersResponse.extensionNumber, []);
    assert.equal(notThere.errorResponse.errorCode, status.NOT_FOUND);
    assert.equal(notAMessage.errorResponse.errorCode, status.NOT_FOUND);
  });
}

test('300 questions at once are answered in order', async () => {
  const questions = Array.from({ length: 300 }, (_, i) => ({ fileContainingSymbol: `no.such.Symbol${i}` }));
  const answers = await ask('v1', questions);
  assert.deepEqual(answers.map((answer) => answer.originalRequest.fileContainingSymbol),
    questions.map((question) => question.fileContainingSymbol));
});

const INVALID = status.INVALID_ARGUMENT;
for (const [what, question, code] of [
  ['no question', {}, INVALID],
  ['an empty file name', { fileByFilename: '' }],
  ['an empty symbol', { fileContainingSymbol: '' }],
  ['a dot', { fileContainingSymbol: '.' }],
  ['a leading dot', { fileContainingSymbol: `.${CATALOG}` }],
  ['a trailing dot', { fileContainingSymbol: `${CATALOG}.` }],
  ['a package', { fileContainingSymbol: 'nexus.catalog.v1' }],
  ['another case', { fileContainingSymbol: CATALOG.toLowerCase() }],
  ['a file of the system', { fileByFilename: '../../../../etc/passwd' }],
  ['a format', { fileContainingSymbol: '%s%n%s%n' }],
  ['a symbol of 1 MiB', { fileContainingSymbol: 'a'.repeat(1 << 20) }],
  ['a file name of 1 MiB', { fileByFilename: 'a/'.repeat(1 << 19) }],
  ['a type of 1 MiB', { allExtensionNumbersOfType: 'a.'.repeat(1 << 19) }],
  ['an empty extension', { fileContainingExtension: {} }],
  ['a negative extension',
    { fileContainingExtension: { containingType: 'google.protobuf.FieldOptions', extensionNumber: -2147483648 } }],
]) {
  test(`${what} is an error in the answer, and the stream goes on`, async () => {
    for (const version of VERSIONS) {
      const [answer, next] = await ask(version, [question, { listServices: '*' }]);
      assert.equal(answer.errorResponse.errorCode, code ?? status.NOT_FOUND);
      assert.notEqual(answer.errorResponse.errorMessage, '');
      assert.deepEqual(next.listServicesResponse.service.map((service) => service.name).sort(), SERVICES);
    }
  });
}

// Bytes that are no question.
for (const [what, bytes, code] of [
  ['a symbol with NUL', [0x22, 3, 0x61, 0, 0x62], INVALID],
  ['a symbol that is not UTF-8', [0x22, 2, 0xc3, 0x28], INVALID],
  ['a field that is cut off', [0x22, 100, 0x61], INVALID],
  ['no message at all', [0xff, 0xff, 0xff], INVALID],
  ['a question of a later version', [0x9a, 0x06, 1, 0x61], null],
]) {
  test(`${what}`, async () => {
    for (const version of VERSIONS) {
      const client = reflectionClient(instance.grpc, version);
      const { path: rpc } = client.methods.ServerReflectionInfo;
      const same = (buffer) => buffer;
      const outcome = await new Promise((resolve) => {
        const stream = client.stub.makeBidiStreamRequest(rpc, same, same, { deadline: Date.now() + 30_000 });
        let answers = 0;
        stream.on('data', () => answers++);
        stream.on('error', (error) => resolve(error.code));
        stream.on('end', () => answers === 1 && resolve(null));
        stream.end(Buffer.from(bytes));
      });
      assert.equal(outcome, code);
      client.close();
    }
  });
}

test('clients that die in the middle leave nothing behind', async () => {
  const client = reflectionClient(instance.grpc, 'v1');
  const streams = Array.from({ length: 50 }, () => client.stub.ServerReflectionInfo());
  let answers = 0;
  for (const stream of streams) {
    stream.on('error', () => {});
    stream.on('data', () => answers++);
    for (let i = 0; i < 20; i++) stream.write({ fileContainingSymbol: CATALOG });
  }
  await waitFor('some answers', () => answers > 50);
  for (const stream of streams) stream.cancel();
  client.close();
  assert.equal((await ask('v1', [{ listServices: '' }])).length, 1);
});

test('it can be turned off', async () => {
  await instance.service.stop();
  instance.env.NEXUS_GRPC_REFLECTION = 'false';
  instance.startService();
  await instance.ready();
  for (const version of VERSIONS) {
    await assert.rejects(ask(version, [{ listServices: '' }]), { code: status.UNIMPLEMENTED });
  }
  const health = healthClient(instance.grpc);
  assert.deepEqual(Object.keys((await health.call('List', {})).statuses).sort(),
    ['', 'grpc.health.v1.Health', CATALOG]);
  health.close();
});
