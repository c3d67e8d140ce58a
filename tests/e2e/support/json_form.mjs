// The proto3 JSON mapping a second time, in JavaScript: messages as @grpc/proto-loader has them
// (64 bits and enums as strings) into what JSON.parse() makes of their JSON, and into JSON texts
// that all mean the same, spelled by chance.
import protoLoader from '@grpc/proto-loader';

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// Microseconds and the like, as the mapping has them: no digits, or 3, 6 or 9.
const fraction = (nanos) => {
  const digits = String(nanos).padStart(9, '0');
  return nanos === 0 ? '' : `.${digits.replace(/(000){1,2}$/, '')}`;
};
const dateTime = (seconds) => new Date(Number(seconds) * 1000).toISOString().slice(0, -'.000Z'.length);
const timestamp = ({ seconds, nanos }) => `${dateTime(seconds)}${fraction(nanos)}Z`;

// As JSON and URLs have a FieldMask.
export const maskText = ({ paths }) => paths.map((path) => path.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())).join(',');

const plainStruct = ({ fields }) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
function plainValue(value) {
  if ('nullValue' in value) return null;
  if ('structValue' in value) return plainStruct(value.structValue);
  if ('listValue' in value) return value.listValue.values.map(plainValue);
  return value.stringValue ?? value.numberValue ?? value.boolValue;
}

const WELL_KNOWN = {
  'google.protobuf.Timestamp': timestamp,
  'google.protobuf.Struct': plainStruct,
  'google.protobuf.Value': plainValue,
  'google.protobuf.Empty': () => ({}),
  'google.protobuf.FieldMask': maskText,
};

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
const SHORT = { '"': '\\"', '\\': '\\\\', '/': '\\/', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export class JsonForm {
  #definition;

  constructor(file, options) {
    this.#definition = protoLoader.loadSync(file, options);
  }

  // The types of a method's request and response, and the path of the RPC.
  method(service, name) {
    const { requestType, responseType, path } = this.#definition[service][name];
    const home = service.slice(0, service.lastIndexOf('.'));
    return { request: this.#entry(requestType.type.name, home), response: this.#entry(responseType.type.name, home), path };
  }

  // {name, fields, nested, enums} of a message by its name, seen from a scope. A response from
  // another package has its own name only, and there is but one: Empty.
  #entry(typeName, scope, parent) {
    const nested = parent?.type.nestedType.find((type) => type.name === typeName);
    if (nested) return { name: `${parent.name}.${typeName}`, type: nested };
    for (const name of [typeName, `${scope}.${typeName}`, `google.protobuf.${typeName}`]) {
      const { type } = this.#definition[name] ?? {};
      if (type?.field) return { name, type };
    }
    throw new Error(`no message ${typeName} in ${scope}`);
  }

  entryOf(field, owner) {
    return this.#entry(field.typeName, owner.name.slice(0, owner.name.lastIndexOf('.')), owner);
  }

  // What JSON.parse() makes of a message's JSON, all defaults printed.
  plain(entry, message) {
    const special = WELL_KNOWN[entry.name];
    if (special) return special(message);
    const plain = {};
    for (const field of entry.type.field) {
      const value = message[field.name];
      const one = (item) => (field.type === 'TYPE_MESSAGE' ? this.plain(this.entryOf(field, entry), item) : item);
      if (field.label === 'LABEL_REPEATED') plain[field.name] = (value ?? []).map(one);
      else if (value !== null && value !== undefined) plain[field.name] = one(value);
    }
    return plain;
  }

  // --- Texts by chance ---

  string(random, text) {
    const units = [...text].flatMap((character) => {
      if (character === '"' || character === '\\' || character < ' ') {
        return [SHORT[character] && random.chance(0.5) ? SHORT[character] : escaped(character)];
      }
      if (character === '/' && random.chance(0.2)) return ['\\/'];
      return random.chance(0.1) ? character.split('').map(escaped) : [character];
    });
    return `"${units.join('')}"`;
  }

  // A name of a field in either spelling.
  key(random, name) {
    return random.chance(0.3) ? snake(name) : name;
  }

  #blank(random) {
    return random.chance(0.1) ? random.pick([' ', '\n', '\t', '\r\n  ']) : '';
  }

  #list(random, ends, items) {
    const blank = () => this.#blank(random);
    return blank() + ends[0] + items.map((item) => blank() + item + blank()).join(',') + blank() + ends[1];
  }

  #any(random, value) {
    if (typeof value === 'string') return this.string(random, value);
    if (Array.isArray(value)) return this.#list(random, '[]', value.map((item) => this.#any(random, item)));
    if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : JSON.stringify(value);
    return this.#list(random, '{}', Object.entries(value)
      .map(([key, item]) => `${this.string(random, key)}:${this.#any(random, item)}`));
  }

  #timestamp(random, { seconds, nanos }) {
    const [shift, zone] = random.pick([[0, 'Z'], [0, '+00:00'], [7200, '+02:00'], [-12_600, '-03:30']]);
    const digits = random.chance(0.5) ? fraction(nanos) : `.${String(nanos).padStart(9, '0')}`;
    return `"${dateTime(BigInt(seconds) + BigInt(shift))}${digits}${zone}"`;
  }

  #scalar(random, field, owner, value) {
    switch (field.type) {
      case 'TYPE_MESSAGE': {
        const entry = this.entryOf(field, owner);
        if (entry.name === 'google.protobuf.Timestamp') return this.#timestamp(random, value);
        return WELL_KNOWN[entry.name] ? this.#any(random, WELL_KNOWN[entry.name](value)) : this.text(random, entry, value);
      }
      case 'TYPE_INT64':
        return random.chance(0.5) ? `"${value}"` : value;
      case 'TYPE_INT32':
        return random.chance(0.3) ? `"${value}"` : String(value);
      default:
        return this.#any(random, value);
    }
  }

  // A message's JSON. `leaveOut`: names of fields that are not to be in it.
  text(random, entry, message, leaveOut = []) {
    const members = entry.type.field
      .filter(({ name }) => message[name] !== undefined && !leaveOut.includes(name))
      .map((field) => {
        const value = message[field.name];
        const one = (item) => this.#scalar(random, field, entry, item);
        const text = field.label === 'LABEL_REPEATED' ? this.#list(random, '[]', value.map(one)) : one(value);
        return { sort: random.next(), text: `"${this.key(random, field.name)}"${this.#blank(random)}:${text}` };
      });
    members.sort((a, b) => a.sort - b.sort);
    return this.#list(random, '{}', members.map(({ text }) => text));
  }
}
