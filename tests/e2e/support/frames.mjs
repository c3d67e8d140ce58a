// HTTP/2 frames by hand (RFC 9113), for what no HTTP/2 library would send.
import net from 'node:net';

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const END_HEADERS = 4;
export const ACK = 1;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type, flags, stream, payload = Buffer.alloc(0), length = payload.length) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

// An HPACK string without Huffman coding.
function hpackString(text) {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const digits = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left = Math.floor(left / 128)) digits.push((left % 128) + 128);
  return Buffer.concat([Buffer.from([...digits, left]), bytes]);
}

// A header block of pairs, each a literal with its name.
export const headerBlock = (pairs) =>
  Buffer.concat(pairs.flatMap(([key, value]) => [Buffer.from([0x10]), hpackString(key), hpackString(value)]));

export function callHeaders(path, extra = [], contentType = 'application/grpc') {
  return headerBlock([
    [':method', 'POST'], [':scheme', 'http'], [':path', path], [':authority', 'localhost'],
    ['te', 'trailers'], ['content-type', contentType], ...extra,
  ]);
}

// A gRPC message behind its length, which may be a lie.
export function message(bytes, length = bytes.length) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

// A connection that sends bytes as they are, and reads the frames that come back.
export class RawConnection {
  frames = [];
  #input = Buffer.alloc(0);
  #waiting = [];

  static async open(port, settings = Buffer.alloc(0)) {
    const connection = new RawConnection();
    connection.socket = net.connect(port, '127.0.0.1');
    connection.closed = new Promise((resolve) => connection.socket.once('close', resolve));
    connection.socket.on('error', () => {}); // the server may hang up at any time
    await new Promise((resolve, reject) => {
      connection.socket.once('connect', resolve);
      connection.socket.once('error', reject);
    });
    connection.socket.on('data', (bytes) => connection.#receive(bytes));
    connection.closed.then(() => connection.#wake());
    connection.isClosed = false;
    connection.closed.then(() => (connection.isClosed = true));
    connection.send(PREFACE, frame(SETTINGS, 0, 0, settings));
    return connection;
  }

  send(...buffers) {
    return this.socket.write(Buffer.concat(buffers));
  }

  // Resolves when what was sent has left, or cannot.
  async flush() {
    if (this.socket.destroyed) return;
    await Promise.race([new Promise((resolve) => this.socket.write('', resolve)), this.closed]);
  }

  // A whole unary call on a stream of its own.
  call(stream, path, body, extra, contentType) {
    this.send(frame(HEADERS, END_HEADERS, stream, callHeaders(path, extra, contentType)),
      frame(DATA, END_STREAM, stream, body));
  }

  #receive(bytes) {
    this.#input = Buffer.concat([this.#input, bytes]);
    while (this.#input.length >= 9) {
      const length = this.#input.readUIntBE(0, 3);
      if (this.#input.length < 9 + length) break;
      this.frames.push({
        type: this.#input[3], flags: this.#input[4], stream: this.#input.readUInt32BE(5),
        payload: this.#input.subarray(9, 9 + length),
      });
      this.#input = this.#input.subarray(9 + length);
    }
    this.#wake();
  }

  #wake() {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }

  // Resolves to the first frame that fits; to undefined when the connection is closed.
  async frame(fits, timeoutMs = 20_000) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.frames.find(fits);
      if (found || this.socket.destroyed) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error('the server does not answer');
      let timer;
      await Promise.race([
        new Promise((resolve) => this.#waiting.push(resolve)),
        new Promise((resolve) => (timer = setTimeout(resolve, left))),
      ]);
      clearTimeout(timer);
    }
  }

  // The end of a stream: its last headers, a reset, or the end of the connection.
  end(stream) {
    return this.frame((it) => (it.stream === stream &&
      ((it.type === HEADERS && (it.flags & END_STREAM)) || it.type === RST_STREAM)) || it.type === GOAWAY);
  }

  close() {
    this.socket.destroy();
  }
}
