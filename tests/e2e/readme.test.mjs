// README.md tells the truth: every `console` block is carried out, line by line, and prints what
// the block says. In the expected output `…` stands for any text within a line, and a line of
// nothing but `…` for any lines. The ports, the state folder and buf are those of this test.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, root } from './support/instance.mjs';

const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');

// [{command, expected}] of all console blocks, in order.
function readSteps() {
  const steps = [];
  for (const [, block] of readme.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    let step;
    let continued = false;
    for (const line of block.split('\n').slice(0, -1)) {
      if (line.startsWith('$ ')) steps.push(step = { command: line.slice(2), expected: [] });
      else if (continued) step.command += `\n${line}`;
      else step.expected.push(line);
      continued = (continued || line.startsWith('$ ')) && line.endsWith('\\');
    }
  }
  return steps;
}

function pattern(expected) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = expected.map((line) =>
    (line.trim() === '…' ? '(?:.*\\n)*' : `${line.split('…').map(escape).join('.*')}\\n`));
  return new RegExp(`^${lines.join('')}$`);
}

const steps = readSteps();
let dir;
let grpcPort;
let httpPort;

function adapt(command) {
  return command
    .replaceAll('8080', String(httpPort))
    .replaceAll('50051', String(grpcPort))
    .replace(/npx -y @bufbuild\/buf(@\S+)?/, 'tests/e2e/node_modules/.bin/buf')
    .replace(/^(\.\/nexus (?:up|down|status|logs)\b.*)$/,
      `$1 --state-dir ${dir} --grpc-port ${grpcPort} --http-port ${httpPort}`);
}

function shell(command) {
  const env = Object.fromEntries(Object.entries(process.env)
    .filter(([key]) => !/^(PG|POSTGRES_|DATABASE_URL$|NEXUS_|ASAN|LSAN|UBSAN)/.test(key)));
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: root, env, timeout: 600_000 },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

before(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-readme-'));
  fs.chmodSync(dir, 0o755);
  grpcPort = await freePort();
  httpPort = await freePort();
});
after(async () => {
  await shell(adapt('./nexus down'));
  fs.rmSync(dir, { recursive: true, force: true });
});

test('it has commands on its first screen', () => {
  assert.ok(steps.length >= 3);
  assert.match(steps[0].command, /^\.\/nexus up/);
});

for (const step of steps) {
  test(`$ ${step.command}`, async () => {
    const { code, stdout, stderr } = await shell(adapt(step.command));
    assert.equal(code, 0, stderr);
    if (step.expected.length === 0) return;
    const printed = stdout.replaceAll(String(httpPort), '8080').replaceAll(String(grpcPort), '50051');
    const output = printed.endsWith('\n') ? printed : `${printed}\n`;
    assert.match(output, pattern(step.expected));
  });
}
