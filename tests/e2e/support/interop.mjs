// Both sides of tests/interop/interop.proto for the tests of gRPC semantics: our own server and client
// as processes, and what the official @grpc/grpc-js needs to be the other side.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { buildDir, root, waitFor } from './instance.mjs';

export const { status } = grpc;

const SERVICE = 'nexus.interop.v1.InteropService';
const STOP_TIMEOUT_MS = 20_000;
const NO_COMPRESS = 2; // gRPC's flag of a message; grpc-js has it, and no name for it

const definition = protoLoader.loadSync('interop.proto', {
  keepCase: true, longs: Number, enums: String, defaults: true, includeDirs: [path.join(root, 'tests/interop')],
});
const Service = grpc.loadPackageDefinition(definition).nexus.interop.v1.InteropService;

export const methods = definition[SERVICE];
export const encodeRequest = methods.Unary.requestSerialize;
export const decodeResponse = methods.Unary.responseDeserialize;
export const encodeResponse = methods.Unary.responseSerialize;

// A Request of exactly so many bytes when it is serialized; its responses are small.
export function requestOfBytes(size) {
  for (let length = size; length >= 0; length--) {
    const request = { payload: Buffer.alloc(length, 'x'), response_bytes: 1 };
    if (encodeRequest(request).length <= size) return request;
  }
  throw new Error('a request cannot be that small');
}

// --- Processes ---

// A program of tests/interop: lines of JSON come out of it, and it ends when its input does.
class Program {
  constructor(command, args) {
    this.name = path.basename(command);
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: root });
    this.child.stdin.on('error', () => {}); // it may have been killed
    this.log = '';
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.end = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ error }));
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.lines = createInterface({ input: this.child.stdout });
  }

  async firstLine() {
    const line = await Promise.race([
      new Promise((resolve) => this.lines.once('line', resolve)),
      this.end.then((end) => Promise.reject(new Error(`${this.name}: ${JSON.stringify(end)}\n${this.log}`))),
    ]);
    return JSON.parse(line);
  }

  // Bytes of memory that the process holds now.
  get memory() {
    const text = fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(text)[1]) * 1024;
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.end;
  }

  // Ends by the end of its input, and must do so in time and well: nothing left, nothing leaked.
  async stop() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.child.stdin.end();
    const end = await this.end;
    clearTimeout(timer);
    if (end.code !== 0) throw new Error(`${this.name} ended with ${JSON.stringify(end)}:\n${this.log}`);
  }
}

// Python's gRPC: tests/interop/peer.py. Its lines in order, whether they have come or not.
export class PythonPeer extends Program {
  constructor(...args) {
    super(path.join(root, 'tests/interop/peer.py'), args);
    this.iterator = this.lines[Symbol.asyncIterator]();
  }

  async nextLine() {
    const { value, done } = await this.iterator.next();
    if (done) throw new Error(`${this.name} said no more:\n${this.log}`);
    return JSON.parse(value);
  }
}

const asArguments = (options) => Object.entries(options).map(([name, value]) => `${name}=${Number(value)}`);

export class InteropServer extends Program {
  // Listens on an address, or on several.
  static async start(options = {}, addresses = '127.0.0.1:0') {
    const server = new InteropServer(path.join(buildDir, 'tests/interop_server'),
      [...[addresses].flat(), ...asArguments(options)]);
    server.ports = (await server.firstLine()).ports;
    server.target = `127.0.0.1:${server.ports[0]}`;
    return server;
  }
}

// One call of our client: sends what it is told to, and collects what it is told of.
class OurCall {
  constructor(client, id) {
    this.client = client;
    this.id = id;
    this.told = []; // what came and nobody waited for, in order
    this.waiting = []; // [kinds, resolve], in order
    this.ended = this.next('ended');
  }

  take(event) {
    const index = this.waiting.findIndex(([kinds]) => kinds.includes(event.event));
    if (index < 0) this.told.push(event);
    else this.waiting.splice(index, 1)[0][1](event);
  }

  // The next event of one of these kinds.
  next(...kinds) {
    const index = this.told.findIndex(({ event }) => kinds.includes(event));
    if (index >= 0) return Promise.resolve(this.told.splice(index, 1)[0]);
    return new Promise((resolve) => this.waiting.push([kinds, resolve]));
  }

  // Send one request; resolves when it has been written.
  send(request = {}, fill) {
    this.client.command('send', this.id, ...requestWords(request, fill));
    return this.next('sent', 'not_sent', 'send_refused');
  }

  // Ask for one response; resolves with it, or undefined when there are no more.
  async receive() {
    this.client.command('receive', this.id);
    const event = await this.next('received', 'no_more', 'receive_refused');
    return event.event === 'received' ? event : undefined;
  }

  async receiveAll() {
    const all = [];
    for (let it = await this.receive(); it; it = await this.receive()) all.push(it);
    return all;
  }

  halfClose() {
    this.client.command('half_close', this.id);
  }

  cancel() {
    this.client.command('cancel', this.id);
  }
}

const hex = (value) => Buffer.from(value).toString('hex');
const requestWords = (request, fill) =>
  [`request=${hex(encodeRequest(request))}`, ...(fill === undefined ? [] : [`fill=${fill}`])];
const pairsOf = (pairs) => pairs.map(({ key, value }) => [key, Buffer.from(value, 'hex')]);

function readEvent(line) {
  const event = JSON.parse(line);
  for (const name of ['message', 'details']) {
    if (name in event) event[name] = Buffer.from(event[name], 'hex');
  }
  for (const name of ['initial', 'trailing']) {
    if (name in event) event[name] = pairsOf(event[name]);
  }
  if ('response' in event) event.response = decodeResponse(Buffer.from(event.response, 'hex'));
  return event;
}

export class InteropClient extends Program {
  constructor(target, options = {}) {
    super(path.join(buildDir, 'tests/interop_client'), [target, ...asArguments(options)]);
    this.calls = [];
    this.lines.on('line', (line) => {
      const event = readEvent(line);
      this.calls[event.id].take(event);
    });
  }

  command(...words) {
    this.child.stdin.write(`${words.join(' ')}\n`);
  }

  // Start a call. options: fill, deadlineMs, wait, metadata ([[key, value]]).
  start(method, request = {}, { fill, deadlineMs, wait, metadata = [] } = {}) {
    const call = new OurCall(this, this.calls.length);
    this.calls.push(call);
    this.command('start', call.id, method, ...requestWords(request, fill),
      ...(deadlineMs === undefined ? [] : [`deadline_ms=${deadlineMs}`]), ...(wait ? ['wait=1'] : []),
      ...metadata.map(([key, value]) => `${key}:${hex(value)}`));
    return call;
  }

  // A unary call, to its end.
  unary(request, options) {
    return this.start('Unary', request, options).ended;
  }
}

// --- The other side: a client of @grpc/grpc-js ---

// One call of a peer. `ended` resolves, however the call ends.
class PeerCall {
  constructor(responseStream, begin) {
    this.responses = [];
    let respond;
    const response = new Promise((resolve) => (respond = resolve));
    this.call = begin((error, value) => respond(value));
    this.call.once('metadata', (metadata) => (this.initial = metadata));
    this.call.on('error', () => {}); // the status says it all
    this.ended = new Promise((resolve) => this.call.once('status', resolve)).then(async (end) => ({
      code: end.code,
      message: end.details,
      trailing: end.metadata,
      initial: this.initial,
      response: end.code === status.OK && !responseStream ? await response : undefined,
      responses: this.responses,
    }));
  }

  // Read responses as they come; `stream` methods only.
  read() {
    this.call.on('data', (message) => this.responses.push(message));
    return this;
  }

  // Resolves when the message has been written; messages may be written without waiting.
  write(request = {}) {
    return new Promise((resolve) => this.call.write(request, resolve));
  }

  // The same for one that is not to be compressed; not beside others.
  writePlain(request) {
    return new Promise((resolve) =>
      this.call.call.sendMessageWithContext({ flags: NO_COMPRESS, callback: resolve }, request));
  }
}

// A client of another implementation for a server of ours.
export class PeerClient {
  constructor(target, options = {}) {
    this.stub = new Service(target, grpc.credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
      ...options,
    });
  }

  // Start a call. options: metadata ([[key, value]]), deadlineMs, waitForReady; reads: false leaves the
  // responses of a stream where they are.
  start(method, request = {}, options = {}) {
    return this.startAt(methods[method].path, methods[method], request, options);
  }

  // The same for any path, by the kind and the functions of a method.
  startAt(rpc, kind, request, { metadata = [], deadlineMs, waitForReady = false, reads = true } = {}) {
    const pairs = new grpc.Metadata({ waitForReady });
    for (const [key, value] of metadata) pairs.add(key, value);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const make = `make${{
      'false,false': 'Unary', 'true,false': 'ClientStream', 'false,true': 'ServerStream', 'true,true': 'BidiStream',
    }[[kind.requestStream, kind.responseStream]]}Request`;
    const call = new PeerCall(kind.responseStream, (done) => this.stub[make](rpc, kind.requestSerialize, kind.responseDeserialize,
      ...(kind.requestStream ? [] : [request]), pairs, options, ...(kind.responseStream ? [] : [done])));
    return kind.responseStream && reads ? call.read() : call;
  }

  unary(request, options) {
    return this.start('Unary', request, options).ended;
  }

  // What the server has seen.
  async observe() {
    return (await this.start('Observe').ended).response;
  }

  async release() {
    return (await this.start('Release').ended).response;
  }

  // Wait until what the server has seen is as wanted: { in_flight: 0 }.
  async seen(wanted) {
    let last;
    await waitFor(`the server to have seen ${JSON.stringify(wanted)}`, async () => {
      last = await this.observe();
      return Object.entries(wanted).every(([name, value]) => last[name] === value);
    }).catch((error) => {
      throw new Error(`${error.message}; it has seen ${JSON.stringify(last)}`);
    });
    return last;
  }

  close() {
    this.stub.close();
  }
}

// --- The other side: a server of @grpc/grpc-js ---

// The metadata of a call that is to come back, as interop.proto says.
function echoed(call, prefix) {
  const metadata = new grpc.Metadata();
  for (const key of Object.keys(call.metadata.getMap())) {
    if (key.startsWith(prefix)) for (const value of call.metadata.get(key)) metadata.add(key, value);
  }
  return metadata;
}

function failureOf(outcome, trailing) {
  if (outcome.details.length > 0) trailing.set('grpc-status-details-bin', outcome.details);
  return { code: outcome.code, details: outcome.message.toString('utf8'), metadata: trailing };
}

// A server of another implementation for a client of ours, as interop.proto describes it.
export class PeerServer {
  calls = []; // of the methods below, as they began
  received = 0;
  cancelled = 0;

  static async start({ address = '127.0.0.1:0', services = true, ...options } = {}) {
    const peer = new PeerServer();
    peer.server = new grpc.Server(options);
    if (services) peer.server.addService(peer.#implemented(), peer.#implementation());
    const port = await new Promise((resolve, reject) =>
      peer.server.bindAsync(address, grpc.ServerCredentials.createInsecure(),
        (error, bound) => (error ? reject(error) : resolve(bound))));
    peer.target = address.startsWith('unix:') ? address : `127.0.0.1:${port}`;
    peer.port = port;
    return peer;
  }

  #implemented() {
    return Object.fromEntries(Object.entries(methods).filter(([name]) => !name.startsWith('Missing')));
  }

  #begin(call) {
    this.calls.push(call);
    for (const event of ['drain', 'cancelled']) call.on(event, () => call.goOn?.());
    call.on('cancelled', () => this.cancelled++);
    call.on('error', () => {});
    const initial = echoed(call, 'x-initial');
    if (Object.keys(initial.getMap()).length > 0) call.sendMetadata(initial);
    const deadline = call.getDeadline();
    return {
      seen: Object.entries(call.metadata.getMap()).map(([key]) => key)
        .flatMap((key) => call.metadata.get(key).map((value) => ({ key, value: Buffer.from(value) }))),
      time_left_ms: Number.isFinite(+deadline) ? Math.round(deadline - Date.now()) : -1,
      requests: 0,
      request_bytes: 0,
    };
  }

  // Do when released, in time, or never.
  #hold(request, go) {
    if (request.hold === 'HOLD_UNSPECIFIED') go();
    else if (request.hold_ms > 0) setTimeout(go, request.hold_ms);
  }

  #unary(call, callback) {
    const about = this.#begin(call);
    const { request } = call;
    const trailing = echoed(call, 'x-trailing');
    this.#hold(request, () => {
      if (request.outcome) callback(failureOf(request.outcome, trailing));
      else callback(null, { ...about, payload: payloadFor(request), number: 1 }, trailing);
    });
  }

  #collect(call, callback) {
    const about = this.#begin(call);
    const trailing = echoed(call, 'x-trailing');
    call.on('data', (request) => {
      this.received++;
      about.requests++;
      about.request_bytes += request.payload.length;
      if (request.outcome) callback(failureOf(request.outcome, trailing));
      else if (request.hold === 'HOLD_NOW') call.pause();
    });
    call.on('end', () => callback(null, about, trailing));
  }

  async #respond(call, request, about) {
    for (let i = 0; i < request.response_count && !call.cancelled; i++) {
      about.number = (about.number ?? 0) + 1;
      const more = call.write({ ...about, payload: payloadFor(request) });
      call.written = about.number;
      if (!more) await new Promise((resolve) => (call.goOn = resolve));
    }
  }

  async #produce(call) {
    const about = this.#begin(call);
    const { request } = call;
    const trailing = echoed(call, 'x-trailing');
    if (request.hold === 'HOLD_NOW') return;
    await this.#respond(call, request, about);
    if (request.outcome) call.emit('error', failureOf(request.outcome, trailing));
    else if (request.hold !== 'HOLD_END') call.end(trailing);
  }

  #converse(call) {
    const about = this.#begin(call);
    const trailing = echoed(call, 'x-trailing');
    let last = Promise.resolve();
    call.on('data', (request) => {
      this.received++;
      about.requests++;
      about.request_bytes += request.payload.length;
      last = last.then(async () => {
        await this.#respond(call, request, about);
        if (request.outcome?.code === status.OK) call.end(trailing);
        else if (request.outcome) call.emit('error', failureOf(request.outcome, trailing));
      });
      call.holds = request.hold === 'HOLD_END';
    });
    call.on('end', () => {
      if (!call.holds) last.then(() => call.end(trailing));
    });
  }

  #implementation() {
    const unimplemented = (call, callback) => callback({ code: status.UNIMPLEMENTED });
    return {
      Unary: (call, callback) => this.#unary(call, callback),
      Collect: (call, callback) => this.#collect(call, callback),
      Produce: (call) => this.#produce(call),
      Converse: (call) => this.#converse(call),
      Observe: unimplemented,
      Release: unimplemented,
    };
  }

  stop() {
    this.server.forceShutdown();
  }
}

function payloadFor(request) {
  return request.response_bytes > 0 ? Buffer.alloc(request.response_bytes) : request.payload;
}

// --- Between the two ---

const PING = 6;
const ACK = 1;

// Counts the pings that cross a stream of HTTP/2 frames, and their answers.
class FrameCounter {
  constructor(preface) {
    this.skip = preface;
    this.rest = Buffer.alloc(0);
    this.pings = 0;
    this.answers = 0;
  }

  take(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, this.rest.length);
      this.skip -= skipped;
      this.rest = this.rest.subarray(skipped);
    }
    while (this.rest.length >= 9 && this.rest.length >= 9 + this.rest.readUIntBE(0, 3)) {
      if (this.rest[3] === PING && this.rest[4] & ACK) this.answers++;
      else if (this.rest[3] === PING) this.pings++;
      this.rest = this.rest.subarray(9 + this.rest.readUIntBE(0, 3));
    }
  }
}

// A TCP proxy that can stop passing anything on, as a network does that loses all packets.
export class Proxy {
  sockets = new Set();
  connections = 0;
  isHole = false;

  static async start(port) {
    const proxy = new Proxy();
    proxy.server = net.createServer((from) => proxy.#join(from, port));
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.target = `127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  #join(from, port) {
    this.connections++;
    const to = net.connect(port, '127.0.0.1');
    this.toServer = new FrameCounter(24);
    this.toClient = new FrameCounter(0);
    for (const [source, sink, counter] of [[from, to, this.toServer], [to, from, this.toClient]]) {
      this.sockets.add(source);
      source.on('data', (bytes) => {
        if (this.isHole) return;
        counter.take(bytes);
        sink.write(bytes);
      });
      source.on('error', () => {});
      source.on('close', () => {
        this.sockets.delete(source);
        if (!this.isHole) sink.destroy();
      });
    }
  }

  stop() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
