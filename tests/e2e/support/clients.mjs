// gRPC clients for the tests: the official @grpc/grpc-js, on the project's own .proto files.
import fs from 'node:fs';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { root } from './instance.mjs';

const LOADER_OPTIONS = {
  keepCase: false,
  longs: String, // 64 bits do not fit a JavaScript number
  enums: String,
  defaults: true,
  oneofs: true,
  includeDirs: [path.join(root, 'proto'), '/usr/include'],
};

const load = (file) => grpc.loadPackageDefinition(protoLoader.loadSync(file, LOADER_OPTIONS));

const catalogPackage = load('nexus/catalog/v1/catalog_service.proto');
const healthPackage = load('grpc/health/v1/health.proto');
const reflectionPackages = {
  v1: load('grpc/reflection/v1/reflection.proto'),
  v1alpha: load('grpc/reflection/v1alpha/reflection.proto'),
};
const errors = protoLoader.loadSync(
  ['google/rpc/status.proto', 'google/rpc/error_details.proto'], LOADER_OPTIONS);

export const { status } = grpc;

// Calls methods by their proto names: client.call('GetProduct', {name}) -> the response.
export class Client {
  // tls: {ca, key, cert}, each PEM as a Buffer; the certificate must be for localhost.
  constructor(Service, target, tls) {
    const credentials = tls
      ? grpc.credentials.createSsl(tls.ca, tls.key ?? null, tls.cert ?? null)
      : grpc.credentials.createInsecure();
    this.stub = new Service(target, credentials, {
      ...(tls && { 'grpc.ssl_target_name_override': 'localhost' }),
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    });
    this.methods = Service.service;
  }

  call(method, request, options = {}) {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + (options.timeoutMs ?? 30_000);
      const metadata = new grpc.Metadata();
      for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
      this.stub[method](request, metadata, { deadline }, (error, response) =>
        error ? reject(error) : resolve(response));
    });
  }

  // Sends bytes as they are instead of an encoded request.
  callRaw(method, bytes, options = {}) {
    const { path: rpc } = this.methods[method];
    return new Promise((resolve, reject) => {
      this.stub.makeUnaryRequest(rpc, (buffer) => buffer, (buffer) => buffer, bytes,
        new grpc.Metadata(), { deadline: Date.now() + (options.timeoutMs ?? 30_000) },
        (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  encode(method, request) {
    return this.methods[method].requestSerialize(request);
  }

  close() {
    this.stub.close();
  }
}

export const catalogClient = (target, tls) =>
  new Client(catalogPackage.nexus.catalog.v1.CatalogService, target, tls);
export const healthClient = (target, tls) =>
  new Client(healthPackage.grpc.health.v1.Health, target, tls);
export const reflectionClient = (target, version) =>
  new Client(reflectionPackages[version].grpc.reflection[version].ServerReflection, target);

const varint = (value) => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);

// A client of one service that is known by nothing but its serialized FileDescriptorProtos.
export function describedClient(target, files, service) {
  const set = Buffer.concat(files.flatMap((file) => [Buffer.from([10, ...varint(file.length)]), file]));
  const definition = protoLoader.loadFileDescriptorSetFromBuffer(set, LOADER_OPTIONS);
  return {
    definition,
    client: new Client(grpc.makeClientConstructor(definition[service], service), target),
  };
}

// The google.rpc.Status that an error carries, its details decoded: [{type, ...fields}].
export function errorDetails(error) {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!bytes) return [];
  const decoded = errors['google.rpc.Status'].deserialize(bytes);
  return decoded.details.map((any) => {
    const name = (any.type_url ?? any.typeUrl).split('/').pop();
    return { type: name, ...errors[name].deserialize(any.value) };
  });
}

// The fields that an error blames.
export function violatedFields(error) {
  return errorDetails(error)
    .filter((detail) => detail.type === 'google.rpc.BadRequest')
    .flatMap((detail) => detail.fieldViolations.map((violation) => violation.field));
}

// The same of the REST form of an error.
export function violatedFieldsOfBody(body) {
  return (body?.error?.details ?? []).flatMap((detail) =>
    (detail.fieldViolations ?? []).map((violation) => violation.field));
}

// All pages of a list method.
export async function listAll(client, method, field, request = {}) {
  const all = [];
  let pageToken = '';
  do {
    const page = await client.call(method, { ...request, pageToken });
    all.push(...page[field]);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

export const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
