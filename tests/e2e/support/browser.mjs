// A headless Chromium, driven over its DevTools protocol through a pipe; no driver to install.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { waitFor } from './instance.mjs';

const FLAGS = [
  '--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage',
  '--disable-sync', '--window-size=1280,2000',
];

const ANSWER_TIMEOUT_MS = 15_000;

export class Browser {
  #child;
  #profile;
  #session;
  #nextId = 1;
  #waiting = new Map();
  #input = '';
  #requests = new Map();

  // What went wrong on the page: exceptions, console errors, requests that failed.
  problems = [];
  // The URLs that the page asked for.
  requested = [];

  static async start() {
    const browser = new Browser();
    browser.#profile = fs.mkdtempSync(path.join(os.tmpdir(), 'nexus-chromium-'));
    browser.#child = spawn('chromium', [...FLAGS, `--user-data-dir=${browser.#profile}`],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    browser.#child.once('error', (error) => browser.#fail(error));
    browser.#child.once('exit', () => browser.#fail(new Error('chromium has ended')));
    browser.#child.stdio[4].setEncoding('utf8');
    browser.#child.stdio[4].on('data', (text) => browser.#receive(text));
    const { targetId } = await browser.#send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.#send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = sessionId;
    for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await browser.#send(`${domain}.enable`);
    return browser;
  }

  #fail(error) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  #send(method, params = {}, sessionId = this.#session) {
    const id = this.#nextId++;
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`chromium does not answer ${method}`));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #receive(text) {
    const messages = (this.#input + text).split('\0');
    this.#input = messages.pop();
    for (const message of messages.map((m) => JSON.parse(m))) {
      if (message.id) {
        const waiting = this.#waiting.get(message.id);
        if (!waiting) continue; // given up
        const { resolve, reject, timer } = waiting;
        this.#waiting.delete(message.id);
        clearTimeout(timer);
        if (message.error) reject(new Error(message.error.message));
        else resolve(message.result);
      } else this.#note(message.method, message.params);
    }
  }

  #note(method, params) {
    switch (method) {
      case 'Runtime.exceptionThrown':
        this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        break;
      case 'Runtime.consoleAPICalled':
        if (params.type === 'error') {
          this.problems.push(params.args.map((arg) => arg.value ?? arg.description).join(' '));
        }
        break;
      case 'Log.entryAdded':
        if (params.entry.level === 'error') this.problems.push(`${params.entry.text} ${params.entry.url ?? ''}`);
        break;
      case 'Network.requestWillBeSent':
        this.#requests.set(params.requestId, params.request.url);
        this.requested.push(params.request.url);
        break;
      case 'Network.loadingFailed':
        if (!params.canceled) this.problems.push(`${this.#requests.get(params.requestId)}: ${params.errorText}`);
        break;
    }
  }

  open(url) {
    return this.#send('Page.navigate', { url });
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate',
      { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Wait until an expression is true on the page.
  waitFor(expression) {
    return waitFor(expression, () => this.evaluate(expression), 30_000);
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#send('Browser.close', {}, undefined).catch(() => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
    clearTimeout(timer);
    fs.rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
