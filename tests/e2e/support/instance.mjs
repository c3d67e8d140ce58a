// A fresh instance for a test file: a private PostgreSQL, the service and the gateway, on ports of
// their own, from the build folder that ctest names in NEXUS_BUILD_DIR.
import { spawn, execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
export const buildDir = path.resolve(process.env.NEXUS_BUILD_DIR ?? path.join(root, 'build/asan'));

// Under the sanitizers everything takes several times as long.
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

export const SANITIZER_REPORT =
  /ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|WARNING: ThreadSanitizer|Assertion .* failed/;

// Wait until `check` returns something true; it may throw meanwhile.
export async function waitFor(what, check, timeoutMs = 10_000) {
  const deadline = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      const result = await check();
      if (result) return result;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// Ports that are free now. They are below the range that the system hands out by itself, so that
// nobody gets one by chance before the instance has bound it; tests that run at once start at
// different places.
// Above 10080, the last of the ports that fetch() and browsers refuse to call.
let nextPort = 10_100 + (process.pid * 16) % 20_000;
export async function freePort() {
  for (;;) {
    const port = nextPort++;
    const free = await new Promise((resolve) => {
      const server = net.createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

// A program of ours under watch: its output in a log, its end as a promise.
export class Program {
  constructor(name, command, env, logFile) {
    this.name = name;
    this.logFile = logFile;
    const log = fs.openSync(logFile, 'a');
    this.child = spawn(command[0], command.slice(1), { env, stdio: ['ignore', log, log], cwd: root });
    fs.closeSync(log);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ error }));
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.end = null;
    this.ended.then((end) => (this.end = end));
  }

  get pid() {
    return this.child.pid;
  }

  // Bytes of memory that the process holds now.
  get memory() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  tail() {
    return fs.readFileSync(this.logFile, 'utf8').split('\n').slice(-40).join('\n');
  }

  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  // Ends by SIGTERM, and must do so in time and well.
  async stop() {
    if (this.end === null) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const end = await this.ended;
    clearTimeout(timer);
    if (end.code !== 0) {
      throw new Error(`${this.name} ended with ${JSON.stringify(end)}:\n${this.tail()}`);
    }
  }
}

export class Instance {
  // options.env: further environment of the service and the gateway.
  // options.seed: load the sample catalog.
  // options.prepare: SQL that the superuser runs in the empty database.
  static async start(options = {}) {
    const instance = new Instance();
    try {
      await instance.#start(options);
    } catch (error) {
      await instance.stop().catch(() => {});
      throw error;
    }
    return instance;
  }

  async #start({ env = {}, seed = false, prepare = '' }) {
    // A database of the environment is not for tests to write into.
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^(PG|POSTGRES_|DATABASE_URL$|NEXUS_)/.test(key)),
    );
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-e2e-'));
    fs.chmodSync(this.dir, 0o755);
    this.cluster = path.join(this.dir, 'pg');
    await this.#cluster('start', '--fast');
    this.ownerUrl = await this.#cluster('url', 'nexus_owner');
    this.databaseUrl = await this.#cluster('url');
    this.adminUrl = await this.#cluster('url', 'postgres');
    this.env = { ...inherited, DATABASE_URL: this.databaseUrl, ...env };
    if (prepare) await this.sql(prepare);
    this.migrated = await this.ctl(['migrate', 'up'], this.ownerUrl);
    await this.#psql(this.ownerUrl, '-f', path.join(root, 'storage/grants.sql'));
    if (seed) await this.ctl(['seed']);
    this.grpcPort = await freePort();
    this.httpPort = await freePort();
    this.grpc = `127.0.0.1:${this.grpcPort}`;
    this.http = `http://127.0.0.1:${this.httpPort}`;
    this.startService();
    this.startGateway();
    await this.ready();
  }

  async #cluster(command, ...args) {
    const script = path.join(root, 'storage/cluster.sh');
    const { stdout } = await run(script, [command, this.cluster, ...args]);
    return stdout.trim();
  }

  // The database goes away under the programs, and comes back with its data.
  stopDatabase() {
    return this.#cluster('stop');
  }

  startDatabase() {
    return this.#cluster('start', '--fast');
  }

  // options.env: of the service alone. options.files: how many it may open.
  startService({ env = {}, files } = {}) {
    const binary = path.join(buildDir, 'service/nexus-service');
    const command = files ? ['bash', '-c', `ulimit -n ${files}; exec "$0"`, binary] : [binary];
    this.service = new Program('nexus-service', command,
      { ...this.env, NEXUS_GRPC_LISTEN: this.grpc, ...env }, path.join(this.dir, 'service.log'));
  }

  // options.env: of the gateway alone.
  startGateway({ env = {} } = {}) {
    this.gateway = new Program('nexus-gateway', [path.join(buildDir, 'gateway/nexus-gateway')], {
      ...this.env,
      DATABASE_URL: '',
      NEXUS_HTTP_LISTEN: `127.0.0.1:${this.httpPort}`,
      NEXUS_BACKEND_TARGET: this.grpc,
      NEXUS_API_SPEC: path.join(root, 'openapi/nexus.yaml'),
      NEXUS_API_DOCUMENT: path.join(buildDir, 'openapi/openapi.json'),
      NEXUS_DOCS_DIR: path.join(root, 'openapi/docs'),
      NEXUS_DOCS_ASSETS: path.join(root, 'openapi/node_modules/swagger-ui-dist'),
      ...env,
    }, path.join(this.dir, 'gateway.log'));
  }

  async ready() {
    await waitFor('the instance to be ready', async () => {
      for (const program of [this.service, this.gateway]) {
        if (program.end) return true;
      }
      return (await fetch(`${this.http}/readyz`)).ok;
    }, START_TIMEOUT_MS);
    for (const program of [this.service, this.gateway]) {
      if (program.end) throw new Error(`${program.name} ended at start:\n${program.tail()}`);
    }
  }

  // Runs nexusctl; returns what it printed.
  async ctl(args, url = this.databaseUrl) {
    const binary = path.join(buildDir, 'service/nexusctl');
    const { stdout } = await run(binary, args, { env: { ...this.env, DATABASE_URL: url }, cwd: root });
    return stdout;
  }

  // Runs SQL as the superuser; returns the rows, one a line.
  async sql(text, url = this.adminUrl) {
    return this.#psql(url, '-c', text);
  }

  async #psql(url, ...args) {
    const { stdout } = await run('/usr/lib/postgresql/15/bin/psql',
      ['-qXAt', '-v', 'ON_ERROR_STOP=1', url, ...args]);
    return stdout.trim();
  }

  // Asks over REST. Returns {status, headers, body}; the body parsed when it is JSON.
  async rest(method, target, body, headers = {}) {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.http + target, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || raw ? body : JSON.stringify(body),
      redirect: 'manual',
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, headers: response.headers, body: json && text ? JSON.parse(text) : text };
  }

  // As rest(), for what must succeed; returns the body.
  async call(method, target, body, headers) {
    const answer = await this.rest(method, target, body, headers);
    if (answer.status !== 200) {
      throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  // Ends all and checks that it ended well: exit codes, and no sanitizer report in any log.
  async stop() {
    const problems = [];
    for (const program of [this.gateway, this.service]) {
      try {
        await program?.stop();
      } catch (error) {
        problems.push(error.message);
      }
    }
    if (this.cluster) await this.#cluster('stop').catch((error) => problems.push(error.message));
    for (const name of ['service.log', 'gateway.log']) {
      const file = path.join(this.dir ?? '', name);
      const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
      if (SANITIZER_REPORT.test(text)) problems.push(`${name}:\n${text.slice(-8000)}`);
    }
    if (problems.length > 0) throw new Error(`${problems.join('\n')}\n(logs: ${this.dir})`);
    if (this.dir) fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
