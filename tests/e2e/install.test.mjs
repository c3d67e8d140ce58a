// What cmake --install makes, used as a stranger would: by find_package and by pkg-config, from
// another folder than the one it was installed to.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

const source = path.resolve(process.env.NEXUS_SOURCE_DIR ?? '.');
const build = path.resolve(process.env.NEXUS_BUILD_DIR ?? 'build/asan');
let dir;
let prefix;

// How this build was made; what is linked with it has to be made alike.
const cache = Object.fromEntries(
  [...fs.readFileSync(path.join(build, 'CMakeCache.txt'), 'utf8').matchAll(/^(\w+):\w+=(.*)$/gm)]
    .map((match) => [match[1], match[2]]),
);
const flags = cache.NEXUS_SANITIZE ? [`-fsanitize=${cache.NEXUS_SANITIZE}`] : [];

function run(command, args, options = {}) {
  const made = spawnSync(command, args, { encoding: 'utf8', cwd: dir, ...options });
  assert.equal(made.status, 0, `${command} ${args.join(' ')}: ${made.error ?? ''}${made.stdout}${made.stderr}`);
  return made.stdout;
}

function pkgConfig(...args) {
  const env = { ...process.env, PKG_CONFIG_PATH: path.join(prefix, 'lib/pkgconfig') };
  return run('pkg-config', args, { env }).trim().split(/\s+/);
}

function cmake(folder) {
  run('cmake', ['-S', folder, '-B', path.join(folder, 'build'), '-G', 'Ninja', `-DCMAKE_PREFIX_PATH=${prefix}`,
    `-DCMAKE_C_COMPILER=${cache.CMAKE_C_COMPILER}`, `-DCMAKE_C_FLAGS=${flags.join(' ')}`]);
  run('cmake', ['--build', path.join(folder, 'build')]);
  return path.join(folder, 'build');
}

function write(name, text) {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function filesOf(folder) {
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-install-'));
  prefix = path.join(dir, 'first');
  run('cmake', ['--install', build, '--prefix', prefix]);
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

test('the programs run, and the gateway publishes what is installed', () => {
  for (const name of ['nexus-service', 'nexusctl', 'nexus-gateway', 'nexus-transcode', 'protoc-gen-nexus']) {
    run(path.join(prefix, 'bin', name), ['--help']);
  }
  const config = path.join(prefix, 'share/nexus/gateway.yaml');
  const printed = run(path.join(prefix, 'bin/nexus-gateway'), ['--config', config, '--check-config']);
  assert.doesNotMatch(printed, new RegExp(`${build}|${source}/openapi`));
  for (const named of fs.readFileSync(config, 'utf8').matchAll(/: (\/\S+)/g)) {
    assert.ok(named[1].startsWith(prefix));
    assert.ok(fs.existsSync(named[1]), named[1]);
  }
});

test('nexus-transcode takes the rules that were installed with it', () => {
  const rules = path.join(prefix, 'share/nexus/nexus.yaml');
  const text = fs.readFileSync(rules, 'utf8');
  fs.writeFileSync(rules, text.replace('get: /v1/statistics', 'get: /v1/numbers'));
  assert.match(run(path.join(prefix, 'bin/nexus-transcode'), ['GET', '/v1/numbers']), /\.GetCatalogStatistics\n/);
  fs.writeFileSync(rules, text);
});

test('what is installed may be moved, and knows nothing of where it was built', () => {
  const moved = path.join(dir, 'moved');
  fs.renameSync(prefix, moved);
  prefix = moved;
  for (const file of filesOf(prefix).filter((name) => /\.(cmake|pc|h|proto)$/.test(name))) {
    const text = fs.readFileSync(file, 'utf8');
    assert.ok(!text.includes(build) && !text.includes(source), file);
  }
});

// Run server and client of the example, and compare what the client says.
async function talk(folder, address, target) {
  const server = spawn(path.join(folder, 'server'), [address]);
  let complaints = '';
  server.stderr.on('data', (text) => { complaints += text; });
  const ended = once(server, 'exit');
  try {
    const [line] = await once(createInterface(server.stdout), 'line');
    const port = /^listening, port (\d+)$/.exec(line)[1];
    const said = run(path.join(folder, 'client'), [target(port), 'Ada'], { timeout: 30000 });
    assert.deepEqual(said.trim().split('\n'), [
      'the book has 0 lines', 'now it has 3',
      'book: Hello?', 'book: Anybody there?', 'book: Good bye.',
      'room: Hello?', 'room: Anybody there?', 'room: Good bye.',
    ]);
    const refused = spawnSync(path.join(folder, 'client'), [target(port), ''], { encoding: 'utf8' });
    assert.equal(refused.status, 1);
    assert.equal(refused.stderr, 'Join: INVALID_ARGUMENT: name: must not be empty\n');
  } finally {
    server.kill('SIGTERM');
  }
  assert.deepEqual(await ended, [0, null]);
  assert.equal(complaints, '');
}

test('the example builds by find_package, and talks over TCP', async () => {
  const folder = path.join(dir, 'example');
  fs.cpSync(path.join(source, 'tests/example'), folder, { recursive: true });
  await talk(cmake(folder), '127.0.0.1:0', (port) => `127.0.0.1:${port}`);
});

test('the example builds by pkg-config alone, and talks over a socket', async () => {
  const folder = path.join(dir, 'plain');
  fs.cpSync(path.join(source, 'tests/example'), folder, { recursive: true });
  const plugin = pkgConfig('--variable=plugin', 'nexus')[0];
  run('protoc', [`--plugin=protoc-gen-nexus=${plugin}`, '--nexus_out=messages:.', 'chat.proto'], { cwd: folder });
  for (const program of ['server', 'client']) {
    run(cache.CMAKE_C_COMPILER, ['-Wall', '-Wextra', '-Werror', ...flags, '-o', program, `${program}.c`,
      'chat.pb-c.c', 'chat.nexus.c', ...pkgConfig('--cflags', '--libs', 'nexus')], { cwd: folder });
  }
  const socket = `unix:${path.join(folder, 'chat.sock')}`;
  await talk(folder, socket, () => socket);
});

test('a proto of the user may use the messages of the catalog and of Google', () => {
  write('shop/shop.proto', `syntax = "proto3"; package shop;
    import "google/protobuf/timestamp.proto"; import "google/type/money.proto";
    import "nexus/catalog/v1/product.proto";
    message Offer { nexus.catalog.v1.Product product = 1; google.protobuf.Timestamp until = 2;
                    google.type.Money price = 3; }
    service Offers { rpc Make(Offer) returns (stream Offer); }`);
  write('shop/main.c', `#include "nexus/catalog/v1/catalog_service.nexus.h"
    #include "shop.nexus.h"
    int main(void) { Shop__Offer offer = SHOP__OFFER__INIT;
        return nexus_catalog_v1_catalog_service.method_count > 0 && shop_offers.method_count == 1 &&
               protobuf_c_message_get_packed_size(&offer.base) == 0 ? 0 : 1; }`);
  write('shop/CMakeLists.txt', `cmake_minimum_required(VERSION 3.25)
    project(shop LANGUAGES C)
    find_package(Nexus REQUIRED)
    nexus_generate(shop_api STUBS PROTOS shop.proto DEPS Nexus::client)
    add_executable(shop main.c)
    target_link_libraries(shop PRIVATE shop_api)`);
  run(path.join(cmake(path.join(dir, 'shop')), 'shop'), []);
});

test('a server of the user has health and reflection, for tools that have no .proto', () => {
  write('tools/echo.proto', `syntax = "proto3"; package acme.v1;
    message Ping {} service Echo { rpc Send(Ping) returns (Ping); }`);
  write('tools/main.c', `#include "echo.nexus.h"
    #include "health.h"
    #include "refl.h"
    #include <stdio.h>
    #include <string.h>
    static nx_status serve(struct wire_server *server, const char *set, size_t size,
                           struct health **health, struct refl **refl, struct nx_arena *arena) {
        static const struct acme_v1_echo_server echo;
        NX_TRY(acme_v1_echo_serve(server, &echo, NULL));
        NX_TRY(health_new(NULL, health));
        NX_TRY(health_add(*health, "acme.v1.Echo", HEALTH_SERVING));
        NX_TRY(health_serve(*health, server));
        NX_TRY(refl_new((struct nx_str){set, size}, arena, refl));
        NX_TRY(refl_serve(*refl, server));
        return wire_server_start(server, arena); }
    int main(int argc, char **argv) {
        static char set[1 << 20];
        FILE *file = fopen(argv[argc - 1], "rb");
        size_t size = file ? fread(set, 1, sizeof set, file) : 0;
        if (file)
            fclose(file);
        const char *address = "127.0.0.1:0";
        const struct wire_server_options options = {.addresses = &address, .address_count = 1};
        struct nx_arena *arena = nx_arena_new(1 << 20);
        struct wire_server *server = NULL;
        struct health *health = NULL;
        struct refl *refl = NULL;
        nx_status status = wire_server_new(&options, &server);
        if (status.code == NX_OK)
            status = serve(server, set, size, &health, &refl, arena);
        if (status.code == NX_OK) {
            printf("%d\\n", wire_server_port(server, 0));
            fflush(stdout);
            getchar();
            health_shut_down(health);
        } else {
            fprintf(stderr, "%s\\n", nx_status_message(status));
        }
        wire_server_destroy(server);
        health_destroy(health);
        refl_destroy(refl);
        nx_arena_destroy(arena);
        return status.code; }`);
  write('tools/CMakeLists.txt', `cmake_minimum_required(VERSION 3.25)
    project(tools LANGUAGES C)
    find_package(Nexus REQUIRED)
    nexus_generate(echo_api STUBS PROTOS echo.proto)
    add_executable(tools main.c)
    target_link_libraries(tools PRIVATE echo_api Nexus::health Nexus::reflection)`);
  const folder = path.join(dir, 'tools');
  const set = path.join(folder, 'echo.protoset');
  run('protoc', [`-I${folder}`, '--include_imports', `--descriptor_set_out=${set}`, 'echo.proto']);
  const said = run(path.join(cmake(folder), 'tools'), [set], { input: '' });
  assert.match(said, /^[1-9]\d*\n$/);
});

test('the catalog is called by pkg-config nexus-client', () => {
  write('catalog/main.c', `#include "nexus/catalog/v1/catalog_service.nexus.h"
    int main(void) { return nexus_catalog_v1_catalog_service_get_product ? 0 : 1; }`);
  run(cache.CMAKE_C_COMPILER, [...flags, '-o', 'main', 'main.c', ...pkgConfig('--cflags', '--libs', 'nexus-client')],
    { cwd: path.join(dir, 'catalog') });
  run(path.join(dir, 'catalog/main'), []);
});
