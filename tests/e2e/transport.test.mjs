// What carries the calls: TLS, Unix sockets, connections in numbers, and how long they live.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { catalogClient, healthClient, status } from './support/clients.mjs';
import { check, closed, connect } from './support/http2.mjs';
import { Instance, buildDir, root, waitFor } from './support/instance.mjs';

let instance;
let pem; // file name -> its path

before(async () => {
  instance = await Instance.start();
  const dir = path.join(instance.dir, 'certificates');
  fs.mkdirSync(dir);
  execFileSync(path.join(root, 'tests/support/certificates.sh'), [dir]);
  pem = (name) => path.join(dir, name);
});
after(async () => {
  await instance?.stop();
});

// Starts the service, and if told so the gateway, anew.
async function restart(service, gateway) {
  await instance.service.stop();
  instance.startService(service);
  if (gateway) {
    await instance.gateway.stop();
    instance.startGateway(gateway);
  }
  await instance.ready();
}

const clientTls = (name) => ({
  ca: fs.readFileSync(pem('ca.pem')),
  ...(name && { key: fs.readFileSync(pem(`${name}.key`)), cert: fs.readFileSync(pem(`${name}.pem`)) }),
});

// One health check on a connection of its own: the code it ends with.
async function codeOf(target, tls) {
  const client = healthClient(target, tls);
  try {
    await client.call('Check', {}, { timeoutMs: 10_000 });
    return status.OK;
  } catch (error) {
    return error.code;
  } finally {
    client.close();
  }
}

test('a call with too much metadata is refused alone', async () => {
  const session = await connect(instance.http.replace(/:\d+$/, `:${instance.grpcPort}`));
  const answers = [];
  for (const kib of [1, 9, 16, 32, 60]) {
    const large = { 'x-large': 'v'.repeat(kib * 1024) };
    answers.push(check(session).then((good) => assert.equal(good.status, status.OK)));
    answers.push(check(session, large).then((answer) =>
      assert.equal(answer.status, kib < 8 ? status.OK : status.RESOURCE_EXHAUSTED, `${kib} KiB`)));
    answers.push(check(session).then((good) => assert.equal(good.status, status.OK)));
  }
  await Promise.all(answers);
  assert.equal((await check(session)).status, status.OK);
  assert.equal(session.problem, undefined);
  session.close();
});

test('a Unix socket beside TCP, for a gateway on the same machine', async () => {
  const socket = path.join(instance.dir, 'grpc.sock');
  await restart(
    { env: { NEXUS_GRPC_LISTEN: `${instance.grpc}, unix:${socket}`, NEXUS_GRPC_UNIX_MODE: '0600' } },
    { env: { NEXUS_BACKEND_TARGET: `unix:${socket}` } });
  assert.equal(fs.statSync(socket).mode & 0o777, 0o600);
  assert.equal(await codeOf(`unix:${socket}`), status.OK);
  assert.equal(await codeOf(instance.grpc), status.OK);
  assert.equal((await instance.rest('GET', '/v1/products')).status, 200);
  // Killed, it leaves the file behind; that is no obstacle.
  await instance.service.kill();
  assert.ok(fs.existsSync(socket));
  instance.startService({ env: { NEXUS_GRPC_LISTEN: `${instance.grpc}, unix:${socket}` } });
  await instance.ready();
  assert.equal(await codeOf(`unix:${socket}`), status.OK);
  await restart({}, {});
  assert.ok(!fs.existsSync(socket));
});

test('few files: a flood of connections hurts nobody, and leaves nothing behind', async () => {
  await restart({ files: 64 });
  const healthy = Array.from({ length: 8 }, () => catalogClient(instance.grpc));
  const failed = [];
  let calls = 0;
  let over = false;
  const call = async (client) => {
    await client.call('ListProducts', { pageSize: 1 }, { timeoutMs: 5000 })
      .catch((error) => failed.push(error));
    calls++;
  };
  await Promise.all(healthy.map(call)); // connected
  const callers = healthy.map(async (client) => {
    while (!over) await call(client);
  });
  const flood = Array.from({ length: 500 }, () =>
    net.connect(instance.grpcPort, '127.0.0.1').on('error', () => {}));
  await Promise.all(flood.map((socket) => new Promise((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  })));
  // The silent make room for who speaks, while they still hold all that they can.
  assert.equal(await codeOf(instance.grpc), status.OK);
  const before = calls;
  await waitFor('calls during the flood', () => calls > before + 50);
  for (const socket of flood) socket.destroy();
  const released = Date.now();
  assert.equal(await codeOf(instance.grpc), status.OK);
  assert.ok(Date.now() - released < 2000, `${Date.now() - released} ms until it served again`);
  over = true;
  await Promise.all(callers);
  assert.deepEqual(failed, []);
  healthy.forEach((client) => client.close());
  assert.match(instance.service.tail(), /short of files for connections/);
});

test('few files: the database is reached again in the middle of a flood', async () => {
  await restart({ files: 64 });
  const client = catalogClient(instance.grpc);
  await client.call('ListProducts', { pageSize: 1 });
  const flood = Array.from({ length: 500 }, () =>
    net.connect(instance.grpcPort, '127.0.0.1').on('error', () => {}));
  await waitFor('the flood to be noticed', () =>
    /short of files for connections/.test(instance.service.tail()));
  await instance.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'nexus'");
  await waitFor('the database to be reached again', () =>
    client.call('ListProducts', { pageSize: 1 }, { timeoutMs: 2000 }).then(() => true));
  for (const socket of flood) socket.destroy();
  client.close();
});

test('connections that grow old are replaced, and no call is lost', async () => {
  await restart({ env: { NEXUS_GRPC_MAX_CONNECTION_AGE_MS: '300' } });
  const client = catalogClient(instance.grpc);
  const session = await connect(`http://${instance.grpc}`);
  let goaways = 0;
  session.on('goaway', () => goaways++);
  const until = Date.now() + 3000;
  let calls = 0;
  const callers = Array.from({ length: 8 }, async () => {
    for (; Date.now() < until; calls++) await client.call('ListProducts', { pageSize: 1 });
  });
  await Promise.all([...callers, closed(session)]);
  assert.ok(goaways > 0, 'a connection was told to go away');
  assert.ok(calls > 100, `${calls} calls`);
  client.close();
});

test('who pings too often is sent away; streams are limited', async () => {
  await restart({ env: { NEXUS_GRPC_MIN_PING_INTERVAL_MS: '60000', NEXUS_GRPC_MAX_STREAMS: '7' } });
  const session = await connect(`http://${instance.grpc}`);
  assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
  let code;
  session.on('goaway', (received) => (code = received));
  const pings = setInterval(() => session.destroyed || session.ping(() => {}), 10);
  await closed(session);
  clearInterval(pings);
  assert.equal(code, 11); // ENHANCE_YOUR_CALM
});

test('TLS: gateway and clients; the certificate is renewed while connections live', async () => {
  for (const end of ['pem', 'key']) fs.copyFileSync(pem(`server.${end}`), pem(`live.${end}`));
  await restart(
    { env: { NEXUS_GRPC_TLS_CERT: pem('live.pem'), NEXUS_GRPC_TLS_KEY: pem('live.key') } },
    { env: { NEXUS_BACKEND_TLS_CA: pem('ca.pem'), NEXUS_BACKEND_SERVER_NAME: 'localhost' } });
  const { ca } = clientTls();
  const url = `https://localhost:${instance.grpcPort}`;
  const options = { ca, ALPNProtocols: ['h2'], servername: 'localhost', lookup: (_, all, done) =>
    all.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4) };
  assert.equal(await codeOf(instance.grpc, { ca }), status.OK);
  assert.equal(await codeOf(instance.grpc), status.UNAVAILABLE);
  assert.equal(await codeOf(instance.grpc, { ca: fs.readFileSync(pem('other-ca.pem')) }),
    status.UNAVAILABLE);
  const subject = (session) => session.socket.getPeerCertificate().subject.CN;
  const old = await connect(url, options);
  assert.equal(subject(old), 'server');
  for (const end of ['pem', 'key']) fs.copyFileSync(pem(`renewed.${end}`), pem(`live.${end}`));
  await waitFor('the new certificate', async () => {
    const session = await connect(url, options);
    const name = subject(session);
    session.close();
    return name === 'renewed';
  });
  assert.equal((await check(old)).status, status.OK);
  old.close();
  assert.equal((await instance.rest('GET', '/v1/products')).status, 200);
});

test('mTLS: only who shows a certificate is served', async () => {
  await restart(
    { env: { NEXUS_GRPC_TLS_CERT: pem('server.pem'), NEXUS_GRPC_TLS_KEY: pem('server.key'),
      NEXUS_GRPC_TLS_CLIENT_CA: pem('ca.pem') } },
    { env: { NEXUS_BACKEND_TLS_CA: pem('ca.pem'), NEXUS_BACKEND_SERVER_NAME: 'localhost',
      NEXUS_BACKEND_TLS_CERT: pem('client.pem'), NEXUS_BACKEND_TLS_KEY: pem('client.key') } });
  assert.equal((await instance.rest('GET', '/v1/products')).status, 200);
  assert.equal(await codeOf(instance.grpc, clientTls('client')), status.OK);
  assert.equal(await codeOf(instance.grpc, clientTls('stranger')), status.UNAVAILABLE);
  assert.equal(await codeOf(instance.grpc, clientTls()), status.UNAVAILABLE);
});

test('a wrong configuration names what is wrong', () => {
  const checkConfig = (program, env) => execFileSync(path.join(buildDir, program), ['--check-config'], {
    env: { ...process.env, NEXUS_API_SPEC: path.join(root, 'openapi/nexus.yaml'), ...env },
    stdio: 'pipe',
  });
  for (const [program, env, words] of [
    ['service/nexus-service', { NEXUS_GRPC_TLS_CERT: pem('server.pem') }, /one without the other/],
    ['service/nexus-service', { NEXUS_GRPC_TLS_CLIENT_CA: pem('ca.pem') }, /grpc\.tls_client_ca/],
    ['service/nexus-service', { NEXUS_GRPC_TLS_CERT: pem('server.pem'), NEXUS_GRPC_TLS_KEY: pem('ca.key') },
      /ca\.key: is not the key of the certificate in/],
    // The contents instead of the name, by way of _FILE: no key comes to light.
    ['service/nexus-service', { NEXUS_GRPC_TLS_CERT: pem('server.pem'), NEXUS_GRPC_TLS_KEY_FILE: pem('server.key') },
      /^nexus-service: TLS: what should be the name of a PEM file is what is in one\n$/],
    ['service/nexus-service', { NEXUS_GRPC_UNIX_MODE: '0999' }, /grpc\.unix_mode/],
    ['gateway/nexus-gateway', { NEXUS_BACKEND_TLS_CERT: pem('client.pem') }, /one without the other/],
    ['gateway/nexus-gateway', { NEXUS_BACKEND_TLS_CA: '/no/such/ca.pem' }, /ca\.pem: No such file/],
  ]) {
    assert.throws(() => checkConfig(program, env), (error) => words.test(String(error.stderr)), String(words));
  }
});
