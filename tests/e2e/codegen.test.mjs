// protoc-gen-nexus as protoc runs it, on protos that have nothing to do with the catalog.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const source = path.resolve(process.env.NEXUS_SOURCE_DIR ?? '.');
const build = path.resolve(process.env.NEXUS_BUILD_DIR ?? 'build/asan');
const plugin = path.resolve(build, 'proto/codegen/protoc-gen-nexus');
const corpus = path.join(source, 'tests/codegen');
const golden = path.join(corpus, 'golden');
let dir;

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-codegen-'));
});
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function write(name, text) {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function protoc(names, ...options) {
  return spawnSync(
    'protoc',
    [`-I${dir}`, '-I/usr/include', `--plugin=protoc-gen-nexus=${plugin}`, `--nexus_out=${dir}`, ...options, ...names],
    { encoding: 'utf8' },
  );
}

// Compile without a warning, as it is, with the compilers and the languages that users have.
function compile(folder, name, first = []) {
  const includes = ['proto/runtime', 'proto/wire'].map((inner) => `-I${path.join(source, inner)}`);
  for (const compiler of ['gcc', 'clang']) {
    for (const language of ['gnu11', 'c11']) {
      const made = spawnSync(
        compiler,
        [`-std=${language}`, '-fsyntax-only', '-Wall', '-Wextra', '-Werror', ...first, `-I${folder}`, ...includes,
          path.join(folder, name)],
        { encoding: 'utf8' },
      );
      assert.equal(made.status, 0, `${compiler} -std=${language}: ${made.stderr}`);
    }
  }
}

function filesOf(folder, ending) {
  return fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending)).sort();
}

const wellKnown = ['any', 'descriptor', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
  .map((name) => `google/protobuf/${name}.proto`);

// Everything of the corpus, in a folder of its own.
function generateCorpus() {
  const out = fs.mkdtempSync(path.join(dir, 'corpus-'));
  const protos = filesOf(corpus, '.proto');
  assert.ok(protos.length >= 20);
  const made = spawnSync(
    'protoc',
    [`-I${corpus}`, '-I/usr/include', `--plugin=protoc-gen-nexus=${plugin}`, `--nexus_out=messages:${out}`,
      ...protos, ...wellKnown],
    { encoding: 'utf8' },
  );
  assert.equal(made.status, 0, made.stderr);
  return { out, protos };
}

test('the corpus gives the golden files', () => {
  const { out, protos } = generateCorpus();
  const names = protos.flatMap((name) => ['.nexus.h', '.nexus.c'].map((ending) => name.replace(/\.proto$/, ending)));
  if (process.env.NEXUS_UPDATE_GOLDEN) {
    fs.rmSync(golden, { recursive: true, force: true });
    for (const name of names) {
      fs.mkdirSync(path.dirname(path.join(golden, name)), { recursive: true });
      fs.copyFileSync(path.join(out, name), path.join(golden, `${name}.golden`));
    }
  }
  assert.deepEqual(filesOf(golden, '.golden'), names.map((name) => `${name}.golden`).sort());
  for (const name of names) {
    const expected = fs.readFileSync(path.join(golden, `${name}.golden`), 'utf8');
    assert.equal(fs.readFileSync(path.join(out, name), 'utf8'), expected, name);
  }
});

test('the corpus compiles without a warning with gcc and clang', () => {
  const { out } = generateCorpus();
  for (const name of filesOf(out, '.c')) {
    compile(out, name);
  }
});

test('every service of the corpus is called by its unit test', () => {
  const { out } = generateCorpus();
  const called = fs.readFileSync(path.join(corpus, 'test_codegen_corpus.c'), 'utf8');
  const services = filesOf(out, '.nexus.h').flatMap((name) =>
    [...fs.readFileSync(path.join(out, name), 'utf8').matchAll(/^extern const struct wire_service (\w+);/gm)]
      .map((match) => match[1]));
  assert.ok(services.length >= 25);
  for (const service of services) {
    assert.ok(called.includes(`&${service},`), service);
  }
});

// Names that the headers of C and POSIX take, as this machine's headers have them.
const headers = `assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
  stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string threads time uchar wchar wctype
  arpa/inet dirent dlfcn fcntl glob grp langinfo net/if netdb netinet/in netinet/tcp poll pthread pwd regex sched
  search semaphore spawn strings sys/ipc sys/mman sys/resource sys/select sys/sem sys/shm sys/socket sys/stat
  sys/statvfs sys/time sys/times sys/types sys/uio sys/un sys/utsname sys/wait syslog termios unistd utime`
  .split(/\s+/).map((name) => `#include <${name}.h>\n`).join('');

function macros(compiler) {
  const made = spawnSync(compiler, ['-std=gnu11', '-D_GNU_SOURCE', '-E', '-dM', '-'], { encoding: 'utf8', input: headers });
  assert.equal(made.status, 0, made.stderr);
  return [...made.stdout.matchAll(/^#define (\w+)(\(?)/gm)]
    .map((match) => ({ name: match[1], isFunction: match[2] === '(' }));
}

test('no macro of the C and POSIX headers spoils a field, a method or a type', () => {
  const all = [...macros('gcc'), ...macros('clang')];
  const lower = all.map(({ name }) => name).filter((name) => name === name.toLowerCase());
  // What protobuf finds equal to another in JSON, or in C to a method of the same letters, is left out.
  const distinct = (names) => [...new Map(names.map((name) => [name.toLowerCase().replaceAll('_', ''), name])).values()];
  const fields = distinct(lower);
  const types = distinct(all.map(({ name }) => name).filter((name) => /^[A-Z][A-Za-z0-9]*$/.test(name)));
  assert.ok(fields.length > 200 && types.length > 400);
  write('macros.proto', `syntax = "proto3";
    ${types.map((name) => `message ${name} {}`).join('\n')}
    message Fields { ${fields.map((name, i) => `int32 ${name} = ${i + 1};`).join('\n')} }
    message Types { ${types.map((name, i) => `${name} f${i} = ${i + 1};`).join('\n')} }
    service Methods { ${fields.map((name) => `rpc ${name}(Fields) returns (Types);`).join('\n')} }`);
  const made = protoc(['macros.proto'], '--nexus_opt=messages');
  assert.equal(made.status, 0, made.stderr);
  write('headers.h', headers);
  for (const name of ['macros.nexus.c', 'macros.pb-c.c']) {
    compile(dir, name, ['-D_GNU_SOURCE', '-include', path.join(dir, 'headers.h')]);
  }
});

test('the same input gives the same output', () => {
  const first = generateCorpus().out;
  const second = generateCorpus().out;
  const names = filesOf(first, '');
  assert.deepEqual(filesOf(second, ''), names);
  for (const name of names.filter((it) => /\.[ch]$/.test(it))) {
    assert.deepEqual(fs.readFileSync(path.join(first, name)), fs.readFileSync(path.join(second, name)), name);
  }
});

test('without options there are stubs alone, and with no_stubs messages alone', () => {
  write('parts.proto', 'syntax = "proto3"; message M {} service S { rpc A(M) returns (M); }');
  for (const [options, made] of [['', ['nexus']], ['messages,no_stubs', ['pb-c']], ['messages', ['nexus', 'pb-c']]]) {
    const out = fs.mkdtempSync(path.join(dir, 'parts-'));
    assert.equal(protoc(['parts.proto'], `--nexus_out=${options}:${out}`).status, 0);
    assert.deepEqual(fs.readdirSync(out).sort(), made.flatMap((name) => [`parts.${name}.c`, `parts.${name}.h`]));
  }
});

const refused = [
  ['proto3 optional', `syntax = "proto3";\nmessage M {\n  optional int32 maybe = 1;\n}`,
    /refused\.proto:3: field M\.maybe is optional/],
  ['nested proto3 optional', `syntax = "proto3";\nmessage M { message N {\n optional string maybe = 1; } }`,
    /refused\.proto:3: field N\.maybe is optional/],
  ['a group', `syntax = "proto2";\nmessage M {\n  optional group G = 1 {}\n}`,
    /refused\.proto:3: field M\.g is a group/],
  ['a message that is a digit', `syntax = "proto3";\n\nmessage _1 {}`,
    /refused\.proto:3: _1 would be "1" in C/],
  ['a message of protobuf-c\'s name', `syntax = "proto3";\n\nmessage ProtobufCMessage {}`,
    /refused\.proto:3: ProtobufCMessage has a name of protobuf-c's/],
  ['protobuf-c\'s own names', `syntax = "proto3";\nimport "protobuf-c/protobuf-c.proto";\noption (pb_c_file).c_package = "x";`,
    /refused\.proto:1: option \(pb_c_file\)\.c_package/],
  ['another name of base', `syntax = "proto3";\nimport "protobuf-c/protobuf-c.proto";\nmessage M {\n  option (pb_c_msg).base_field_name = "super";\n}`,
    /refused\.proto:3: option \(pb_c_msg\)\.base_field_name/],
];
// Two things, the line of the second, and the name that they would both have.
const collisions = [
  ['service S { rpc GetIt(M) returns (M);\n rpc get_it(M) returns (M); }', 'method S.get_it and method S.GetIt', 4, 'get_it'],
  ['service S { rpc Serve(M) returns (M); }', 'method S.Serve and service S', 3, 's_serve'],
  ['service S { rpc Get(M) returns (M);\n rpc ReplyGet(M) returns (M); }', 'method S.ReplyGet and method S.Get', 4, 's_reply_get'],
  ['service S { rpc Chat(stream M) returns (M);\n rpc ChatSend(M) returns (M); }', 'method S.ChatSend and method S.Chat', 4, 's_chat_send'],
  ['service Ab { rpc Cd(M) returns (M); }\nservice AbCd {}', 'service AbCd and method Ab.Cd', 4, 'ab_cd'],
  ['message B_c {}\nmessage BC {}', 'message BC and message B_c', 4, 'BC_'],
  ['message HTTPFoo {}\nmessage Httpfoo {}', 'message Httpfoo and message HTTPFoo', 4, 'httpfoo__descriptor'],
  ['message A_B {}\nenum AB { Z = 0; }', 'enum AB and message A_B', 4, 'AB_'],
  ['message N { int32 n_err = 1;\n repeated int32 err = 2; }', 'field N.err and field N.n_err', 4, 'n_err'],
  ['message N { int32 n_stdin_ = 1;\n repeated int32 stdin = 2; }', 'field N.stdin and field N.n_stdin_', 4, 'n_stdin_'],
  ['message N { int32 x_case = 1;\n oneof x { int32 y = 2; } }', 'oneof N.x and field N.x_case', 4, 'x_case'],
  ['message N { oneof x { int32 y = 1; }\n message XCase {} }', 'message N.XCase and oneof N.x', 4, 'N__XCase'],
];
for (const [text, what, line, name] of collisions) {
  refused.push([`${what}, both ${name} in C,`, `syntax = "proto3";\nmessage M {}\n${text}`,
    new RegExp(`refused\\.proto:${line}: ${what.replaceAll('.', '\\.')} \\(refused\\.proto:\\d+\\) would both be ${name} in C`)]);
}
for (const [name, text, message] of refused) {
  test(`${name} is refused through protoc, by line`, () => {
    write('refused.proto', text);
    const made = protoc(['refused.proto'], '--nexus_opt=messages');
    assert.notEqual(made.status, 0);
    assert.match(made.stderr, /--nexus_out: /);
    assert.match(made.stderr, message);
    assert.ok(!fs.existsSync(path.join(dir, 'refused.nexus.h')));
    assert.ok(!fs.existsSync(path.join(dir, 'refused.pb-c.h')));
  });
}

test('names of two files collide too, and both are named', () => {
  write('one/one.proto', `syntax = "proto3"; package one.two;\nmessage Three {}`);
  write('one/two.proto', `syntax = "proto3"; package one;\n\nmessage two_ {\n  message Three {} }`);
  const made = protoc(['one/one.proto', 'one/two.proto']);
  assert.notEqual(made.status, 0);
  assert.match(made.stderr, /one\/two\.proto:4: message one\.two_\.Three and message one\.two\.Three \(one\/one\.proto:2\)/);
});

test('a compiler of messages that fails is told of through protoc', () => {
  const script = (name, text) => {
    write(name, `#!/bin/sh\n${text}\n`);
    fs.chmodSync(path.join(dir, name), 0o755);
    return path.join(dir, name);
  };
  write('child.proto', 'syntax = "proto3"; message M {}');
  const children = [
    ['/nowhere/protoc-gen-c', /\/nowhere\/protoc-gen-c cannot be run: No such file or directory/],
    [script('exits', 'exit 3'), /exits failed with exit code 3/],
    [script('dies', 'kill -SEGV $$'), /dies was ended by signal 11/],
    [script('babbles', 'echo hello'), /babbles did not answer as a protoc plugin/],
    [script('refuses', `printf '\\012\\004oops'`), /refuses: oops/],
    [script('empty', `printf '\\172\\003\\012\\001a'`), /empty answered with a file without name or content/],
    [script('deaf', 'exec <&-; exit 1'), /deaf failed with exit code 1/],
  ];
  for (const [program, message] of children) {
    const made = protoc(['child.proto'], `--nexus_opt=messages=${program}`);
    assert.notEqual(made.status, 0, program);
    assert.match(made.stderr, message);
    assert.ok(!fs.existsSync(path.join(dir, 'child.nexus.h')));
  }
});

test('a request and an answer larger than a pipe go through', () => {
  const messages = Array.from({ length: 2000 }, (_, i) => `// ${'x'.repeat(200)}\nmessage Large${i} { string text = 1; }`);
  write('large.proto', `syntax = "proto3"; package large;\n${messages.join('\n')}`);
  const made = protoc(['large.proto'], '--nexus_opt=messages');
  assert.equal(made.status, 0, made.stderr);
  assert.ok(fs.statSync(path.join(dir, 'large.pb-c.h')).size > 1 << 20);
});

test('an unknown option is refused', () => {
  write('same.proto', `syntax = "proto3"; message M {}`);
  const made = protoc(['same.proto'], '--nexus_opt=colour=blue');
  assert.notEqual(made.status, 0);
  assert.match(made.stderr, /unknown option "colour=blue"/);
});

test('what is no CodeGeneratorRequest is said on stderr', () => {
  const run = spawnSync(plugin, { input: 'hello, this is not protobuf', encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /not a CodeGeneratorRequest/);
});
