// gRPC by hand over Node's HTTP/2: for what no gRPC client would send, or show.
import http2 from 'node:http2';

const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
const EMPTY_MESSAGE = Buffer.alloc(5);

// A connection that stands. Errors of it are not thrown: they are in session.problem.
export async function connect(url, options = {}) {
  const session = http2.connect(url, options);
  session.on('error', (error) => (session.problem = error));
  await new Promise((resolve, reject) => {
    session.once('remoteSettings', resolve);
    session.once('close', () => reject(session.problem ?? new Error('closed')));
  });
  return session;
}

// Calls the health check. Returns {status, message}, the status as a number.
export function check(session, headers = {}, path = HEALTH_CHECK) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers,
    });
    let answer = {};
    const learn = (received) => {
      if (received['grpc-status'] === undefined) return;
      answer = { status: Number(received['grpc-status']), message: received['grpc-message'] };
    };
    stream.on('response', learn);
    stream.on('trailers', learn);
    stream.on('error', reject);
    stream.on('close', () => resolve(answer));
    stream.resume();
    stream.end(EMPTY_MESSAGE);
  });
}

export const closed = (session) =>
  session.closed || session.destroyed
    ? Promise.resolve()
    : new Promise((resolve) => session.once('close', resolve));
