// Faults and the answers to them: {code, http, field, reason, rest, grpc}, a gRPC code, an HTTP
// status, the field that is to blame or the reason.
import assert from 'node:assert/strict';
import { errorDetails, status, violatedFields, violatedFieldsOfBody } from './clients.mjs';

// A fault in price may be blamed on the price or on a part of it.
const blames = (fields, expected) =>
  fields.some((name) => name === expected || name.startsWith(`${expected}.`) || name.startsWith(`${expected}[`));

// row.rest: what instance.rest() is called with.
export async function checkRest(instance, row) {
  const { status: http, headers, body } = await instance.rest(...row.rest);
  const said = JSON.stringify(body);
  assert.equal(http, row.http, said);
  assert.match(headers.get('content-type'), /^application\/json/);
  assert.equal(body.error.code, http);
  if (row.code) assert.equal(body.error.status, row.code, said);
  assert.ok(body.error.message.length > 0);
  if (row.field) assert.ok(blames(violatedFieldsOfBody(body), row.field), said);
  if (row.reason) assert.equal(body.error.details[0].reason, row.reason, said);
  checkDiscreet(said);
}

// `call` is the promise of a client's call.
export async function checkGrpc(row, call) {
  const error = await call.then(
    (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
    (reason) => reason);
  assert.equal(status[error.code], row.code, error.message);
  assert.ok(error.details.length > 0);
  if (row.field) {
    assert.ok(blames(violatedFields(error), row.field), `${error.message}: ${violatedFields(error)}`);
  }
  if (row.reason) assert.equal(errorDetails(error)[0].reason, row.reason);
  checkDiscreet(error.message);
}

// What the database says is for the log, not for clients.
function checkDiscreet(text) {
  assert.doesNotMatch(text, /violates|constraint|relation "|SQLSTATE|catalog\.(product|category|variant|product_image)\b|\/home|\.sql/i);
}
