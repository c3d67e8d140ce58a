// The gateway in front of tests/interop's service, which has RPCs that stream, and what a client of
// such answers needs.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Program, SANITIZER_REPORT, buildDir, freePort, root, waitFor } from './instance.mjs';
import { InteropServer } from './interop.mjs';

export const S = 'nexus.interop.v1.InteropService';

// What one byte may cost: ThreadSanitizer remembers who has touched it.
export const BYTE = /tsan$/.test(buildDir) ? 5 : 1;

const RULES = `http:
  rules:
    - selector: ${S}.Produce
      get: /v1/produce
      stream: {id: number, last_event_id: after}
      additional_bindings:
        - post: /v1/produce
          body: "*"
          stream: {id: number, last_event_id: after}
        - get: /v1/payloads
          response_body: payload
    - selector: ${S}.Collect
      post: /v1/collect
      body: "*"
      stream: {bytes: payload, types: [image/png, text/csv]}
      additional_bindings:
        - post: /v1/collect/{response_bytes}
          body: "*"
        - post: /v1/holds/{hold_ms}
          body: outcome
        - put: /v1/files/{response_bytes}
          stream: {bytes: payload}
    - selector: ${S}.MissingCollect
      post: /v1/missing
      body: "*"
    - selector: ${S}.Observe
      get: /v1/observe
    - selector: ${S}.Release
      post: /v1/release
`;

export class Streams {
  // options.env: of the gateway. options.rules: instead of the usual ones. options.server: of the
  // service.
  static async start({ env = {}, rules = RULES, server = {} } = {}) {
    const streams = new Streams();
    streams.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-streams-'));
    streams.rules = path.join(streams.dir, 'rules.yaml');
    fs.writeFileSync(streams.rules, rules);
    streams.server = await InteropServer.start(server);
    streams.port = await freePort();
    streams.url = `http://127.0.0.1:${streams.port}`;
    streams.startGateway(env);
    await streams.ready();
    return streams;
  }

  startGateway(env = {}) {
    this.log = path.join(this.dir, 'gateway.log');
    this.gateway = new Program('interop_gateway', [path.join(buildDir, 'tests/interop_gateway')], {
      ...process.env,
      NEXUS_HTTP_LISTEN: `127.0.0.1:${this.port}`,
      NEXUS_BACKEND_TARGET: this.server.target,
      NEXUS_API_SPEC: this.rules,
      NEXUS_API_DOCUMENT: path.join(buildDir, 'openapi/openapi.json'),
      NEXUS_DOCS_DIR: path.join(root, 'openapi/docs'),
      NEXUS_DOCS_ASSETS: path.join(root, 'openapi/node_modules/swagger-ui-dist'),
      ...env,
    }, this.log);
  }

  ready() {
    return waitFor('the gateway', async () => {
      if (this.gateway.end) throw new Error(this.gateway.tail());
      return (await fetch(`${this.url}/healthz`)).ok;
    }, 60_000);
  }

  // What the service has counted.
  async seen() {
    const counts = await (await fetch(`${this.url}/v1/observe`)).json();
    return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]));
  }

  // A request whose body is written as one goes; `answer` is a promise of its Answer.
  write(target, { method = 'POST', headers = {} } = {}) {
    const request = http.request(this.url + target, { method, headers, agent: false });
    const answer = new Promise((resolve, reject) => {
      request.once('error', reject);
      request.once('response', (response) => resolve(new Answer(request, response)));
    });
    answer.catch(() => {}); // it may be waited for later
    request.flushHeaders();
    return { request, answer };
  }

  async release() {
    await fetch(`${this.url}/v1/release`, { method: 'POST' });
  }

  // A request whose answer is read as it comes; see Answer.
  open(target, { method = 'GET', headers = {}, body, agent = false } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(this.url + target, { method, headers, agent });
      request.once('error', reject);
      request.once('response', (response) => resolve(new Answer(request, response)));
      request.end(body);
    });
  }

  async stop() {
    const problems = [];
    for (const program of [this.gateway, this.server]) {
      await program?.stop().catch((error) => problems.push(error.message));
    }
    const text = fs.readFileSync(this.log, 'utf8');
    if (SANITIZER_REPORT.test(text)) problems.push(text.slice(-8000));
    if (problems.length > 0) throw new Error(`${problems.join('\n')}\n(logs: ${this.dir})`);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

// An answer while it comes.
export class Answer {
  text = '';
  ended = false;
  broken = false; // the connection was cut off before the answer's end

  constructor(request, response) {
    this.request = request;
    this.response = response;
    this.status = response.statusCode;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (part) => { this.text += part; });
    response.on('end', () => { this.ended = response.complete; });
    response.on('error', () => { this.broken = true; });
    response.on('close', () => { this.broken ||= !response.complete; this.closed = true; });
    request.on('error', () => {});
  }

  // Wait until the text so far is as a function says.
  until(check, what = 'the answer') {
    return waitFor(`${what}, and not ${JSON.stringify(this.text.slice(-500))}`, () => check(this.text), 30_000);
  }

  async whole() {
    await waitFor('the end of the answer', () => this.ended || this.closed, 60_000);
    return this.text;
  }

  get lines() {
    return this.text.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  }

  get events() {
    return parseEvents(this.text);
  }

  // Go away, as a client that is stopped.
  leave() {
    this.request.destroy();
  }
}

// text/event-stream as the HTML standard parses it: {id, type, data} of each event that is whole;
// comments are of the type "comment".
export function parseEvents(text) {
  const events = [];
  let id = '';
  let event = { type: 'message', data: [] };
  for (const line of text.split(/\r\n|\r|\n/).slice(0, -1)) {
    if (line === '') {
      if (event.data.length > 0) events.push({ id, type: event.type, data: event.data.join('\n') });
      event = { type: 'message', data: [] };
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (colon === 0) events.push({ type: 'comment', data: value });
    else if (field === 'data') event.data.push(value);
    else if (field === 'event') event.type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
  return events;
}
