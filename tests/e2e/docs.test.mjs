// The documentation page, in a real browser: every operation of the document is on it, a call made
// from it works, and nothing comes from elsewhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { Instance } from './support/instance.mjs';

let instance;
let browser;
let document;

before(async () => {
  instance = await Instance.start({ seed: true });
  document = await instance.call('GET', '/openapi.json');
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await instance?.stop();
});

const operations = () => Object.entries(document.paths).flatMap(([path, item]) =>
  ['get', 'put', 'post', 'patch', 'delete'].filter((verb) => item[verb])
    .map((verb) => ({ verb: verb.toUpperCase(), path, id: item[verb].operationId })));

test('the page shows every operation of the document', async () => {
  await browser.open(`${instance.http}/docs`);
  await browser.waitFor(`document.querySelectorAll('.opblock').length >= ${operations().length}`);
  const shown = await browser.evaluate(`[...document.querySelectorAll('.opblock')].map((block) =>
    block.querySelector('.opblock-summary-method').innerText + ' ' +
    block.querySelector('[data-path]').dataset.path)`);
  assert.deepEqual(new Set(shown), new Set(operations().map(({ verb, path }) => `${verb} ${path}`)));
  const title = await browser.evaluate(`document.querySelector('.info .title').innerText`);
  assert.ok(title.includes(document.info.title), title);
});

test('a call made from the page is answered', async () => {
  const { id } = operations().find(({ verb, path }) => verb === 'GET' && path === '/v1/products');
  const block = `document.querySelector('.opblock[id$="-${id}"]')`;
  await browser.evaluate(`${block}.querySelector('.opblock-summary-control').click()`);
  // The page works out an operation only when it is opened; a click before that is an error.
  await browser.waitFor(`!!${block}.querySelector('.execute') &&
    !!${block}.querySelector('tr[data-param-name="pageSize"] input') &&
    !document.querySelector('.opblock-loading-animation')`);
  await browser.evaluate(`${block}.querySelector('.execute').click()`);
  await browser.waitFor(`!!${block}.querySelector('.live-responses-table .response-col_status')`);
  const status = await browser.evaluate(
    `${block}.querySelector('.live-responses-table tbody .response-col_status').innerText`);
  assert.match(status, /^200/);
});

test('the browser had nothing to complain about, and stayed here', () => {
  assert.deepEqual(browser.problems, []);
  assert.deepEqual(browser.requested.filter((url) => !/^(data|blob|about):/.test(url)
    && !url.startsWith(instance.http)), []);
});
