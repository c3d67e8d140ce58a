// The public edge of docker-compose.yml: its own configuration, under nginx.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { catalogClient, status } from './support/clients.mjs';
import { check, closed, connect } from './support/http2.mjs';
import { Instance, freePort, root, waitFor } from './support/instance.mjs';

let instance;
let certificates;
const edges = [];

before(async () => {
  instance = await Instance.start({ seed: true });
  certificates = path.join(instance.dir, 'certificates');
  fs.mkdirSync(certificates);
  execFileSync(path.join(root, 'tests/support/certificates.sh'), [certificates]);
});
after(async () => {
  for (const edge of edges) {
    edge.child.kill('SIGTERM');
    await edge.ended;
  }
  await instance?.stop();
});

// The configuration as it is shipped, but for addresses and paths.
async function startEdge(name) {
  const dir = path.join(instance.dir, `edge-${name}`);
  fs.cpSync(path.join(root, '.github/docker/edge'), dir, { recursive: true });
  fs.chmodSync(dir, 0o777);
  const edge = { http: await freePort(), grpc: await freePort(), log: path.join(dir, 'error.log') };
  const replaced = [
    ['server gateway:8080;', `server 127.0.0.1:${instance.httpPort};`],
    ['server service:50051;', `server ${instance.grpc};`],
    ['listen 8080', `listen 127.0.0.1:${edge.http}`],
    ['listen 50051', `listen 127.0.0.1:${edge.grpc}`],
    ['/tmp/', `${dir}/`],
    ['/etc/nginx/tls/cert.pem', `${certificates}/server.pem`],
    ['/etc/nginx/tls/key.pem', `${certificates}/server.key`],
  ];
  for (const file of fs.readdirSync(dir)) {
    const at = path.join(dir, file);
    const text = replaced.reduce((old, [from, to]) => old.replaceAll(from, to), fs.readFileSync(at, 'utf8'));
    fs.writeFileSync(at, text);
  }
  const log = fs.openSync(edge.log, 'a');
  edge.child = spawn('nginx', ['-e', 'stderr', '-c', path.join(dir, `${name}.conf`), '-g', 'daemon off;'],
    { stdio: ['ignore', log, log], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  fs.closeSync(log);
  edge.ended = new Promise((resolve) => edge.child.once('exit', resolve).once('error', resolve));
  edges.push(edge);
  await waitFor('the edge to listen', () => new Promise((resolve, reject) => {
    const socket = net.connect(edge.grpc, '127.0.0.1', () => resolve(socket.destroy()));
    socket.once('error', (error) => reject(new Error(fs.readFileSync(edge.log, 'utf8'), { cause: error })));
  }).then(() => true));
  return edge;
}

test('gRPC and REST go through', async () => {
  const edge = await startEdge('plain');
  const client = catalogClient(`127.0.0.1:${edge.grpc}`);
  const { products } = await client.call('ListProducts', { pageSize: 3 });
  assert.equal(products.length, 3);
  await assert.rejects(client.call('GetProduct', { name: 'products/999999' }), { code: status.NOT_FOUND });
  const answers = await Promise.all(Array.from({ length: 100 }, () =>
    client.call('GetProduct', { name: products[0].name })));
  for (const answer of answers) assert.equal(answer.name, products[0].name);
  const response = await fetch(`http://127.0.0.1:${edge.http}/v1/${products[0].name}`);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).title, products[0].title);
  client.close();
});

test('with TLS as well', async () => {
  const edge = await startEdge('tls');
  const ca = fs.readFileSync(path.join(certificates, 'ca.pem'));
  const client = catalogClient(`127.0.0.1:${edge.grpc}`, { ca });
  assert.equal((await client.call('ListProducts', { pageSize: 3 })).products.length, 3);
  client.close();
  const session = await connect(`https://127.0.0.1:${edge.http}`, { ca, servername: 'localhost' });
  const stream = session.request({ ':path': '/v1/products?pageSize=1' });
  const [headers] = await new Promise((resolve, reject) =>
    stream.once('response', (...all) => resolve(all)).once('error', reject));
  assert.equal(headers[':status'], 200);
  stream.close();
  session.close();
});

test('what is too large is refused in gRPC\'s form', async () => {
  const [edge] = edges;
  const session = await connect(`http://127.0.0.1:${edge.grpc}`);
  const over8KiB = await check(session, { 'x-a': 'v'.repeat(7000), 'x-b': 'v'.repeat(7000) });
  assert.equal(over8KiB.status, status.RESOURCE_EXHAUSTED); // of the service
  assert.equal((await check(session)).status, status.OK);
  session.close();
  const client = catalogClient(`127.0.0.1:${edge.grpc}`);
  await assert.rejects(
    client.call('CreateProduct', { product: { title: 'x', description: 'x'.repeat(65 << 20) } }),
    { code: status.RESOURCE_EXHAUSTED });
  client.close();
});

// Opens streams and resets them at once. Returns how many it came to before it was cut off.
async function rapidReset(port, streams) {
  const session = await connect(`http://127.0.0.1:${port}`);
  let opened = 0;
  while (opened < streams && !session.closed && !session.destroyed) {
    for (let i = 0; i < 500 && !session.closed && !session.destroyed; i++, opened++) {
      const stream = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc', te: 'trailers' });
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const isCut = session.closed || session.destroyed;
  session.destroy();
  await closed(session);
  return { opened, isCut };
}

test('a flood of streams that are reset is cut off, and others are served', async () => {
  const [edge] = edges;
  let over = false;
  const slowest = { ms: 0 };
  // From another address: the limits are for each.
  const neighbour = await connect(`http://127.0.0.1:${edge.grpc}`, { createConnection: () =>
    net.connect({ host: '127.0.0.1', port: edge.grpc, localAddress: '127.0.0.2' }) });
  const healthy = (async () => {
    let calls = 0;
    for (; !over; calls++) {
      const begun = Date.now();
      assert.equal((await check(neighbour)).status, status.OK);
      slowest.ms = Math.max(slowest.ms, Date.now() - begun);
    }
    return calls;
  })();
  const floods = await Promise.all(Array.from({ length: 8 }, () => rapidReset(edge.grpc, 100_000)));
  over = true;
  const calls = await healthy;
  neighbour.close();
  for (const { opened, isCut } of floods) assert.ok(isCut, `${opened} streams went through`);
  assert.ok(calls > 0 && slowest.ms < 5000, `${calls} calls, the slowest took ${slowest.ms} ms`);
  const direct = await connect(`http://${instance.grpc}`);
  assert.equal((await check(direct)).status, status.OK);
  direct.close();
});
