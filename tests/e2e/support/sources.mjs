// The catalogs that the tests load. Real ones from the folder NEXUS_TEST_DATA (default
// ../shared/data beside the project); without it, the small made-up ones of tests/data. Continuous
// integration insists on the real ones.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './instance.mjs';

const realDir = path.resolve(root, process.env.NEXUS_TEST_DATA ?? '../shared/data');
const sampleDir = path.join(root, 'tests/data');

const REAL = { categories: 'bestbuy-categories.json', products: 'ikea.csv', brand: 'IKEA' };
const SAMPLE = { categories: 'sample-categories.json', products: 'sample-products.csv', brand: 'Fjordhus' };

export function openSources() {
  const complete = (dir, set) =>
    [set.categories, set.products].every((file) => fs.existsSync(path.join(dir, file)));
  if (complete(realDir, REAL)) return { real: true, dir: realDir, ...REAL };
  if (process.env.CI === 'true') {
    throw new Error(`the real data are not in ${realDir}; set NEXUS_TEST_DATA to their folder`);
  }
  console.log(`# no real data in ${realDir} (NEXUS_TEST_DATA): loading the sample of tests/data`);
  return { real: false, dir: sampleDir, ...SAMPLE };
}

// Categories with parents before children: [{id, sourceId, title, parent (an entry) or null}].
// A category's parent is the one before it in its `path`; one that is only named among another's
// subCategories hangs below that one. `nameless` lists the source ids that have no name.
export function readCategories(sources) {
  const file = path.join(sources.dir, sources.categories);
  const source = JSON.parse(fs.readFileSync(file, 'utf8'));
  const known = new Map();
  const add = (node, parent) => {
    if (!known.has(node.id)) known.set(node.id, { sourceId: node.id, title: node.name, parent });
  };
  for (const entry of source) {
    entry.path.forEach((node, i) => add(node, entry.path[i - 1]?.id ?? null));
  }
  for (const entry of source) {
    for (const node of entry.subCategories) add(node, entry.id);
  }
  const ordered = [];
  const place = (entry, trail = new Set()) => {
    if (entry.id) return entry;
    if (trail.has(entry.sourceId)) throw new Error(`${entry.sourceId} is below itself`);
    trail.add(entry.sourceId);
    entry.parent = entry.parent === null ? null : place(known.get(entry.parent), trail);
    entry.id = 1001 + ordered.length;
    ordered.push(entry);
    return entry;
  };
  for (const entry of known.values()) place(entry);
  const nameless = ordered.filter((entry) => entry.title === null);
  for (const entry of nameless) entry.title = `Category ${entry.sourceId}`;
  return { categories: ordered, nameless: nameless.map((entry) => entry.sourceId) };
}

// RFC 4180 with semicolons. Returns one object a row.
export function parseCsv(text) {
  const rows = [];
  let row = [];
  let field = '';
  let quoted = false;
  const endField = () => {
    row.push(field);
    field = '';
  };
  const source = text.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n');
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted && c === '"' && source[i + 1] === '"') {
      field += c;
      i++;
    } else if (c === '"' && (quoted || field === '')) quoted = !quoted;
    else if (quoted) field += c;
    else if (c === ';') endField();
    else if (c === '\n') {
      endField();
      rows.push(row);
      row = [];
    } else field += c;
  }
  if (field !== '' || row.length > 0) {
    endField();
    rows.push(row);
  }
  const header = rows.shift();
  return rows.map((values, i) => {
    if (values.length !== header.length) throw new Error(`row ${i + 1} has ${values.length} fields`);
    return Object.fromEntries(header.map((name, column) => [name, values[column]]));
  });
}

// "1265,5" -> exact Money; no floating point on the way.
export function money(decimal, currencyCode) {
  const match = /^(\d+)(?:,(\d{1,9}))?$/.exec(decimal);
  if (!match) throw new Error(`not an amount: ${decimal}`);
  return { currencyCode, units: match[1], nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

// Products as the contract has them, without the category's name: [{id, categoryTitle, product}].
export function readProducts(sources) {
  const rows = parseCsv(fs.readFileSync(path.join(sources.dir, sources.products), 'utf8'));
  return rows.map((row) => {
    const attributes = {
      item_id: row.item_id,
      link: row.link,
      designer: row.designer,
      old_price: row.old_price === 'No old price' ? null : row.old_price,
      other_colors: row.other_colors === 'Yes',
    };
    for (const size of ['depth', 'height', 'width']) {
      if (row[size] !== '') attributes[size] = Number(row[size]);
    }
    return {
      id: Number(row.X1) + 1,
      categoryTitle: row.category,
      product: {
        title: row.name,
        description: row.short_description,
        price: money(row.price, 'SAR'),
        brand: sources.brand,
        attributes,
        state: row.sellable_online === 'TRUE' ? 'STATE_ACTIVE' : 'STATE_ARCHIVED',
      },
    };
  });
}

// google.protobuf.Struct as the gRPC client has it -> a plain object.
export function plainStruct(struct) {
  const value = (v) => {
    if (v.structValue) return plainStruct(v.structValue);
    if (v.listValue) return v.listValue.values.map(value);
    return v.kind === 'nullValue' ? null : v[v.kind];
  };
  return Object.fromEntries(Object.entries(struct.fields).map(([key, v]) => [key, value(v)]));
}

// Carries out `work` for every item, `width` at a time, in order of start.
export async function inParallel(items, width, work) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++];
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
