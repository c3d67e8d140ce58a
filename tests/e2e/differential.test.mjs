// What REST does is what gRPC does: requests made by chance are sent both ways, as JSON of a random
// spelling and as messages, and the answers and errors must be equal. Reads ask for the very same;
// writes are twins (support/twins.mjs), and what they have made is read both ways at the end.
// NEXUS_TEST_SEED repeats a run, NEXUS_TEST_CASES makes it longer.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { catalogClient, errorDetails, listAll, status } from './support/clients.mjs';
import { randomFrom } from './support/filters.mjs';
import { Instance, root } from './support/instance.mjs';
import { JsonForm, maskText } from './support/json_form.mjs';
import { Requests, originalOf, twinOf } from './support/twins.mjs';

const SEED = Number(process.env.NEXUS_TEST_SEED ?? 2611);
const CASES = Number(process.env.NEXUS_TEST_CASES ?? 800);
const SERVICE = 'nexus.catalog.v1.CatalogService';

const HTTP_OF = {
  CANCELLED: 499, UNKNOWN: 500, INVALID_ARGUMENT: 400, DEADLINE_EXCEEDED: 504, NOT_FOUND: 404, ALREADY_EXISTS: 409, PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429, FAILED_PRECONDITION: 400, ABORTED: 409, OUT_OF_RANGE: 400, UNIMPLEMENTED: 501, INTERNAL: 500, UNAVAILABLE: 503,
};

const form = new JsonForm('nexus/catalog/v1/catalog_service.proto', {
  keepCase: false, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: [path.join(root, 'proto'), '/usr/include'],
});
const random = randomFrom(SEED);

let instance;
let client;
let rules;

// {method name: {verb, path, body}}, of nexus.yaml.
function readRules() {
  const text = fs.readFileSync(path.join(root, 'openapi/nexus.yaml'), 'utf8');
  const found = text.matchAll(/- selector: \S+\.(\w+)\n\s+(get|post|patch|delete): (\S+)(?:\n\s+body: "?([\w*]+)"?)?/g);
  return Object.fromEntries([...found].map(([, name, verb, template, body]) => [name, { verb, template, body }]));
}

before(async () => {
  console.log(`# seed ${SEED}: NEXUS_TEST_SEED=${SEED} NEXUS_TEST_CASES=${CASES}`);
  rules = readRules();
  instance = await Instance.start();
  client = catalogClient(instance.grpc);
  for (const family of [1000, 2000]) {
    for (let i = 1; i <= 5; i++) {
      const parent = i > 3 ? `categories/${family + 1}` : '';
      await client.call('CreateCategory', { categoryId: String(family + i), category: { title: `t${family / 1000} c${i}`, parent } });
    }
    for (let i = 1; i <= 12; i++) {
      const product = { title: `t${family / 1000} plain ${i}`, inventory: String(i), category: `categories/${family + 1 + (i % 5)}` };
      await client.call('CreateProduct', { productId: String(family + i), product });
    }
  }
});
after(async () => {
  client?.close();
  await instance?.stop();
});

// A text as a path has it, segment by segment.
const encodePath = (text) => text.split('/').map(encodeURIComponent).join('/');

function query(entry, request, leaveOut) {
  const pairs = entry.type.field.flatMap((field) => {
    const value = request[field.name];
    if (value === undefined || leaveOut.includes(field.name)) return [];
    const key = form.key(random, field.name);
    const text = (item) => (item.paths ? maskText(item) : String(item));
    return [value].flat().map((item) => `${key}=${encodeURIComponent(text(item)).replace(/%20/g, () => random.pick(['%20', '+']))}`);
  });
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

// A request as its rule has it in HTTP: {method, target, body}.
function restOf({ method, request, isImplied }) {
  const { verb, template, body } = rules[method];
  const { request: entry } = form.method(SERVICE, method);
  const bound = /\{([\w.]+)=/.exec(template)?.[1].split('.') ?? [];
  const named = bound.reduce((message, part) => message[part], request);
  const target = template.replace(/\{[^}]*\}/, () => encodePath(named));
  const inBody = body && body !== '*' ? [body] : [];
  const inPath = bound.length === 1 ? bound : [];
  const leaveOut = [...inBody, ...inPath, ...(isImplied ? ['updateMask'] : [])];
  const camel = body?.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  if (camel && camel !== '*') leaveOut.push(camel);
  // What the path has may be in the body too.
  const repeated = random.chance(0.2) ? [] : [bound.at(-1)];
  if (!body) return { verb, target: target + query(entry, request, leaveOut) };
  if (body === '*') return { verb, target, body: form.text(random, entry, request, repeated) };
  const field = entry.type.field.find(({ name }) => name === camel);
  const text = form.text(random, form.entryOf(field, entry), request[camel], bound.length > 1 ? repeated : []);
  return { verb, target: target + query(entry, request, leaveOut), body: text };
}

// Sends it as it stands: fetch() would normalise the path.
function send({ verb, target, body }) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = http.request(`${instance.http}${target}`, { method: verb.toUpperCase(), headers, path: target }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ http: response.statusCode, body: JSON.parse(Buffer.concat(parts)) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// Details as JSON has them, without what is at its default.
const isDefault = (value) => value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
const withoutDefaults = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => !isDefault(value)));
function detailOf({ type, ...detail }) {
  const members = withoutDefaults(detail);
  if (members.fieldViolations) members.fieldViolations = members.fieldViolations.map(withoutDefaults);
  if (members.retryDelay) members.retryDelay = `${Number(members.retryDelay.seconds) + members.retryDelay.nanos / 1e9}s`;
  return { '@type': `type.googleapis.com/${type}`, ...members };
}

// An outcome over gRPC in the form that REST has for it.
async function ask({ method, request }) {
  try {
    const answer = await client.call(method, request);
    return { http: answer.moved ? 301 : 200, body: form.plain(form.method(SERVICE, method).response, answer) };
  } catch (error) {
    const name = status[error.code];
    return {
      http: HTTP_OF[name],
      body: { error: { code: HTTP_OF[name], message: error.details, status: name, details: errorDetails(error).map(detailOf) } },
    };
  }
}

// What the server makes by itself differs between twins: only whether it is there is compared.
const ASSIGNED = /^(etag|createTime|updateTime|deleteTime|purgeTime)$/;
const NUMBERED = /\b(products|variants|images|categories)\/(?![12]\d{3}(?!\d))\d+/g; // without being asked to
function comparable(value) {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'string') return value.replace(NUMBERED, '$1/new');
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => {
    if (ASSIGNED.test(key) && typeof item === 'string') return [key, item !== ''];
    // One that is made of a title that is taken ends with the product's number.
    if (key === 'slug' && typeof item === 'string') return [key, item.replace(/-\d+$/, '-N')];
    return [key, comparable(item)];
  }));
}

async function both(made) {
  const rest = restOf(made);
  const said = `case of seed ${SEED}: ${made.method} ${JSON.stringify(made.request)}\n${JSON.stringify(rest)}`;
  if (!made.isWrite) {
    const [overRest, overGrpc] = [await send(rest), await ask(made)];
    assert.deepEqual(overRest, overGrpc, said);
    return overRest;
  }
  const overRest = await send(rest);
  const overGrpc = originalOf(await ask({ ...made, request: twinOf(made.request) }));
  assert.deepEqual(comparable(overRest), comparable(overGrpc), said);
  return overRest;
}

test(`${CASES} requests have equal answers over REST and gRPC`, async () => {
  const requests = new Requests(random);
  const seen = {};
  for (let i = 0; i < CASES; i++) {
    const made = requests.next();
    const { http: code } = await both(made);
    seen[made.method] ??= { good: 0, bad: 0 };
    seen[made.method][code < 400 ? 'good' : 'bad']++;
    assert.ok(code < 500, `${code}: ${JSON.stringify(made)}`);
  }
  const table = Object.entries(seen).map(([name, { good, bad }]) => `${name} ${good}+${bad}`).sort();
  console.log(`# answered+refused: ${table.join(', ')}`);
  const sum = (kind) => Object.values(seen).reduce((total, counts) => total + counts[kind], 0);
  assert.ok(sum('good') > CASES / 5 && sum('bad') > CASES / 10, 'there is some of both');
});

test('what they have made is the same, whoever reads it', async () => {
  const products = await listAll(client, 'ListProducts', 'products', { showDeleted: true, pageSize: 100 });
  const categories = await listAll(client, 'ListCategories', 'categories', { showDeleted: true, pageSize: 100 });
  for (const { name } of products) {
    const request = { name };
    await both({ method: 'GetProduct', request });
    await both({ method: 'ListVariants', request: { parent: name, pageSize: 1000 } });
    await both({ method: 'ListProductImages', request: { parent: name, pageSize: 1000 } });
  }
  for (const { name } of categories) await both({ method: 'GetCategory', request: { name } });
  // And twins are still alike.
  const family = (list, digit) => list.filter(({ name }) => new RegExp(`^\\w+/${digit}\\d{3}$`).test(name));
  for (const list of [products, categories]) {
    const [first, second] = [family(list, 1), originalOf(family(list, 2))];
    const timeless = (item) => ({ ...item, createTime: '', updateTime: '', deleteTime: String(!!item.deleteTime), purgeTime: '' });
    const plainly = (all) => all.map((item) => comparable(timeless(item)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(plainly(first), plainly(second));
    assert.ok(first.length > 4);
  }
});
