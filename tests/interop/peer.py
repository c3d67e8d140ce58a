#!/usr/bin/python3
"""The other side of interop.proto for our client and our server: Python's gRPC, of Debian.

peer.py serve            a server; prints {"port": N}, and serves until its input ends
peer.py call TARGET      a client; runs every scenario against a server of ours and prints, one
                         line of JSON each, what it saw: {"scenario": "...", "ok": true}

Messages are bytes here, put together and taken apart by hand: what is under test is the transport.
"""
import json
import sys
import threading
import time
from concurrent import futures

import grpc

SERVICE = 'nexus.interop.v1.InteropService'
HOLD_NOW, HOLD_END = 1, 2
DEADLINE_S = 20
ALL_BYTES = bytes(range(256))


# --- Protobuf, as much of it as interop.proto needs ---

def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value) if value else b''


def request(payload=b'', response_bytes=0, response_count=0, outcome=None, hold=0, hold_ms=0):
    message = field(1, payload) if payload else b''
    message += field(2, response_bytes) + field(3, response_count)
    if outcome:
        code, text, details = outcome
        message += field(4, field(1, code) + field(2, text) + field(3, details))
    return message + field(5, hold) + field(6, hold_ms)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def parse(data):
    """{number: last value}: numbers and bytes."""
    fields, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            fields[key >> 3], at = read_varint(data, at)
        else:
            length, at = read_varint(data, at)
            fields[key >> 3] = data[at:at + length]
            at += length
    return fields


def response(number, payload):
    return (field(1, payload) if payload else b'') + field(2, number)


# --- The server ---

def echo_metadata(context):
    pairs = context.invocation_metadata()
    initial = [(key, value) for key, value in pairs if key.startswith('x-initial')]
    if initial:
        context.send_initial_metadata(initial)
    if any(key == 'x-gzip' for key, _ in pairs):
        context.set_compression(grpc.Compression.Gzip)
    return [(key, value) for key, value in pairs if key.startswith('x-trailing')]


def payload_for(asked):
    size = asked.get(2, 0)
    return bytes(size) if size else asked.get(1, b'')


def end_as_told(context, asked, trailing):
    outcome = parse(asked.get(4, b''))
    if outcome.get(3):
        trailing = trailing + [('grpc-status-details-bin', outcome[3])]
    context.set_trailing_metadata(trailing)
    if outcome:
        code = next(it for it in grpc.StatusCode if it.value[0] == outcome.get(1, 0))
        context.abort(code, outcome.get(2, b'').decode())


def hold(context, asked):
    """Stand still until the time is over or the client has gone."""
    gone = threading.Event()
    context.add_callback(gone.set)
    if asked.get(5) == HOLD_NOW:
        gone.wait(asked.get(6, 0) / 1000 or DEADLINE_S)


def serve_unary(data, context):
    trailing = echo_metadata(context)
    asked = parse(data)
    hold(context, asked)
    end_as_told(context, asked, trailing)
    return response(1, payload_for(asked))


def serve_collect(requests, context):
    trailing = echo_metadata(context)
    count = size = 0
    for data in requests:
        asked = parse(data)
        count += 1
        size += len(asked.get(1, b''))
        end_as_told(context, asked, trailing)
    context.set_trailing_metadata(trailing)
    return field(3, count) + field(4, size)


def serve_produce(data, context):
    trailing = echo_metadata(context)
    asked = parse(data)
    hold(context, asked)
    for number in range(asked.get(3, 0)):
        if number % 2 and any(key == 'x-gzip' for key, _ in context.invocation_metadata()):
            context.disable_next_message_compression()
        yield response(number + 1, payload_for(asked))
    end_as_told(context, asked, trailing)


def serve_converse(requests, context):
    trailing = echo_metadata(context)
    number = 0
    for data in requests:
        asked = parse(data)
        for _ in range(asked.get(3, 0)):
            number += 1
            yield response(number, payload_for(asked))
        end_as_told(context, asked, trailing)
    context.set_trailing_metadata(trailing)


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {
        'Unary': grpc.unary_unary_rpc_method_handler(serve_unary),
        'Collect': grpc.stream_unary_rpc_method_handler(serve_collect),
        'Produce': grpc.unary_stream_rpc_method_handler(serve_produce),
        'Converse': grpc.stream_stream_rpc_method_handler(serve_converse),
    })])
    port = server.add_insecure_port('127.0.0.1:0')
    server.start()
    print(json.dumps({'port': port}), flush=True)
    sys.stdin.read()
    server.stop(0).wait()


# --- The client ---

class Peer:
    def __init__(self, target, options=(), compression=None):
        self.channel = grpc.insecure_channel(target, options=list(options), compression=compression)
        kinds = {'Unary': 'unary_unary', 'Collect': 'stream_unary', 'Produce': 'unary_stream',
                 'Converse': 'stream_stream', 'Observe': 'unary_unary', 'Missing': 'unary_unary',
                 'MissingConverse': 'stream_stream', 'NoSuch': 'unary_stream'}
        for name, kind in kinds.items():
            call = getattr(self.channel, kind)(f'/{SERVICE}/{name}')
            setattr(self, name.lower(), call)

    def observe_all(self):
        seen = parse(self.observe(b'', timeout=DEADLINE_S))
        names = ['begun', 'in_flight', 'cancelled', 'held', 'received', 'sent', 'half_closed']
        return {name: seen.get(i + 1, 0) for i, name in enumerate(names)}

    def wait_until(self, **wanted):
        until = time.monotonic() + DEADLINE_S / 2
        while True:
            seen = self.observe_all()
            if all(seen[name] == value for name, value in wanted.items()):
                return seen
            assert time.monotonic() < until, (wanted, seen)
            time.sleep(0.01)


def code_of(work):
    try:
        work()
    except grpc.RpcError as error:
        return error.code(), error
    return grpc.StatusCode.OK, None


def requests_until(event, *first):
    """The requests, and then a stream that stays open."""
    yield from first
    event.wait(DEADLINE_S)


def unary(peer):
    for size in (0, 1, 65536, 3 << 20):
        payload = bytes(size)
        assert parse(peer.unary(request(payload), timeout=DEADLINE_S)).get(1, b'') == payload, size


def streams(peer):
    got = parse(peer.collect(iter([request(b'ab')] * 5), timeout=DEADLINE_S))
    assert (got[3], got[4]) == (5, 10), got
    numbers = [parse(it)[2] for it in peer.produce(request(response_count=50), timeout=DEADLINE_S)]
    assert numbers == list(range(1, 51)), numbers
    numbers = [parse(it)[2] for it in
               peer.converse(iter([request(response_count=2)] * 3), timeout=DEADLINE_S)]
    assert numbers == [1, 2, 3, 4, 5, 6], numbers


def metadata(peer):
    sent = (('x-initial', 'one'), ('x-initial', 'two'), ('x-initial-bin', ALL_BYTES),
            ('x-trailing-bin', ALL_BYTES), ('x-trailing-bin', b''))
    call = peer.produce(request(response_count=1), metadata=sent, timeout=DEADLINE_S)
    next(call)
    assert [it.value for it in call.initial_metadata() if it.key == 'x-initial'] == ['one', 'two']
    assert [it.value for it in call.initial_metadata() if it.key == 'x-initial-bin'] == [ALL_BYTES]
    trailing = [it.value for it in call.trailing_metadata() if it.key == 'x-trailing-bin']
    assert trailing == [ALL_BYTES, b''], trailing


def status_details(peer):
    code, error = code_of(lambda: peer.unary(
        request(outcome=(9, '100% é 🦀\n'.encode(), ALL_BYTES)), timeout=DEADLINE_S))
    assert code == grpc.StatusCode.FAILED_PRECONDITION, code
    assert error.details() == '100% é 🦀\n', error.details()
    details = dict(error.trailing_metadata())['grpc-status-details-bin']
    assert details == ALL_BYTES, details


def compression(peer, target):
    for how in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        packed = Peer(target, compression=how)
        payload = b'compressible ' * 20000
        for _ in range(3):
            got = parse(packed.unary(request(payload, response_bytes=7), timeout=DEADLINE_S))
            assert len(got[1]) == 7
            got = parse(packed.collect(iter([request(payload)] * 4), timeout=DEADLINE_S))
            assert got[4] == 4 * len(payload), got
        code, _ = code_of(lambda: packed.unary(request(bytes(64 << 20)), timeout=DEADLINE_S))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, code
        packed.channel.close()


def deadline(peer):
    """One that passes while the handler waits for a request is not taken for a half-close."""
    for kind in ('Collect', 'Converse'):
        before = peer.observe_all()
        done = threading.Event()
        call = getattr(peer, kind.lower())
        requests = requests_until(done, request())
        code, _ = code_of(lambda: call(requests, timeout=0.3) if kind == 'Collect'
                          else list(call(requests, timeout=0.3)))
        done.set()
        assert code == grpc.StatusCode.DEADLINE_EXCEEDED, code
        seen = peer.wait_until(in_flight=0)
        assert seen['cancelled'] == before['cancelled'] + 1, (before, seen)
        assert seen['half_closed'] == before['half_closed'], (before, seen)
    code, _ = code_of(lambda: peer.unary(request(hold=HOLD_NOW), timeout=0.2))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED, code
    peer.wait_until(in_flight=0, held=0)


def cancel(peer):
    """The handler is told CANCELLED, and never that the client has sent its last."""
    for _ in range(20):
        before = peer.observe_all()
        done = threading.Event()
        calls = [peer.collect.future(requests_until(done, request()), timeout=DEADLINE_S),
                 peer.converse(requests_until(done, request()), timeout=DEADLINE_S),
                 peer.unary.future(request(hold=HOLD_NOW), timeout=DEADLINE_S),
                 peer.produce(request(response_count=3, hold=HOLD_END), timeout=DEADLINE_S)]
        peer.wait_until(received=before['received'] + 2, held=2)
        for call in calls:
            call.cancel()
        done.set()
        seen = peer.wait_until(in_flight=0, held=0)
        assert seen['cancelled'] == before['cancelled'] + 4, (before, seen)
        assert seen['half_closed'] == before['half_closed'], (before, seen)


def unimplemented(peer):
    codes = [code_of(lambda: peer.missing(b'', timeout=DEADLINE_S))[0],
             code_of(lambda: list(peer.missingconverse(iter([b'']), timeout=DEADLINE_S)))[0],
             code_of(lambda: list(peer.nosuch(b'', timeout=DEADLINE_S)))[0]]
    assert codes == [grpc.StatusCode.UNIMPLEMENTED] * 3, codes


def wait_for_ready(peer):
    assert peer.unary(request(b'x'), wait_for_ready=True, timeout=DEADLINE_S)


def keepalive(peer, target):
    options = [('grpc.keepalive_time_ms', 1000), ('grpc.keepalive_timeout_ms', 5000)]
    pinging = Peer(target, options)
    got = pinging.unary(request(b'x', hold=HOLD_NOW, hold_ms=2500), timeout=DEADLINE_S)
    assert parse(got)[1] == b'x'
    pinging.channel.close()


def call_all(target):
    peer = Peer(target)
    for scenario in (unary, streams, metadata, status_details, compression, deadline, cancel,
                     unimplemented, wait_for_ready, keepalive):
        seen = {'scenario': scenario.__name__, 'ok': True}
        try:
            scenario(*([peer, target] if scenario in (compression, keepalive) else [peer]))
        except Exception as error:  # pylint: disable=broad-except
            seen = {'scenario': scenario.__name__, 'ok': False, 'error': repr(error)}
        print(json.dumps(seen), flush=True)


if __name__ == '__main__':
    if sys.argv[1] == 'serve':
        serve()
    else:
        call_all(sys.argv[2])
