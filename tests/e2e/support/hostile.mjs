// Input that no honest client sends.

// A product whose attributes are nested so deep, as JSON text.
export function deepJson(depth) {
  return `{"title":"x","attributes":${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}}`;
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

// A length-delimited protobuf field: a string, bytes or a message.
export function lengthDelimited(number, payload) {
  return Buffer.concat([varint(number * 8 + 2), varint(payload.length), payload]);
}

// A CreateProductRequest whose attributes hold a list in a list, and so on.
export function deepProtobuf(depth) {
  let value = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) {
    value = lengthDelimited(6, lengthDelimited(1, value)); // Value.list_value { values { ... } }
  }
  const entry = Buffer.concat([lengthDelimited(1, Buffer.from('a')), lengthDelimited(2, value)]);
  const product = Buffer.concat([
    lengthDelimited(2, Buffer.from('x')), // title
    lengthDelimited(10, lengthDelimited(1, entry)), // attributes { fields { ... } }
  ]);
  return lengthDelimited(1, product);
}
