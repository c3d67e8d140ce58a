// A second opinion on filters and orders: filters made at random, rendered as text, and decided by
// JavaScript over products as gRPC gives them. It follows storage/README.md, "Filters".
import { plainStruct } from './sources.mjs';

// The same numbers for the same seed (mulberry32).
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)], chance: (p) => next() < p };
}

// The order of code points, as of PostgreSQL's collation "C".
export const compareText = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const compareNumber = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// Money as a whole number of billionths: BigInt is exact.
export const nanosOf = (money) =>
  money ? BigInt(money.units) * 1_000_000_000n + BigInt(money.nanos) : null;
const decimalNanos = (text) => {
  const [, sign, units, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const value = BigInt(units) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign ? -value : value;
};
// Microseconds; the clients give protobuf's seconds and nanos.
export const microsOf = (time) =>
  time ? BigInt(time.seconds) * 1_000_000n + BigInt(Math.round(time.nanos / 1000)) : null;
export const rfc3339 = (micros) => {
  const seconds = micros / 1_000_000n;
  const fraction = String(micros % 1_000_000n).padStart(6, '0');
  return new Date(Number(seconds) * 1000).toISOString().replace(/\.000Z$/, `.${fraction}Z`);
};

// A product as the oracle looks at it.
export const viewOf = (product) => ({
  ...product,
  number: BigInt(product.name.split('/')[1]),
  nanos: nanosOf(product.price),
  currency: product.price?.currencyCode ?? '',
  stock: BigInt(product.inventory),
  created: microsOf(product.createTime),
  updated: microsOf(product.updateTime),
  deleted: microsOf(product.deleteTime),
  facts: plainStruct(product.attributes ?? { fields: {} }) ?? {},
});

const OPERATORS = {
  '=': (c) => c === 0,
  '!=': (c) => c !== 0,
  '<': (c) => c < 0,
  '<=': (c) => c <= 0,
  '>': (c) => c > 0,
  '>=': (c) => c >= 0,
  ':': (c) => c === 0,
};

const quote = (random, text) => {
  const mark = random.pick(['"', '\'']);
  const escaped = text.replace(/[\\*"']/g, (c) => (c === mark || c === '\\' || c === '*' ? `\\${c}` : c));
  return mark + escaped + mark;
};
const isWord = (text) => /^[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9_/-]*$/.test(text) && !/^(AND|OR|NOT|true|false|null)$/.test(text);
const literal = (random, text) => (isWord(text) && random.chance(0.3) ? text : quote(random, text));

// A comparison {text, holds(view)} of a value that is never absent, or null.
const comparison = (random, field, operators, value, shown, read, compare) => {
  const operator = random.pick(operators);
  const blank = random.pick(['', ' ']);
  return {
    text: `${field}${blank}${operator}${blank}${shown}`,
    holds: (view) => {
      const own = read(view);
      return own !== null && OPERATORS[operator](compare(own, value));
    },
  };
};

const ALL = ['=', '!=', '<', '<=', '>', '>='];
const EQUAL = ['=', '!=', ':'];

const byText = (field, read) => (random, views) => {
  const value = random.chance(0.8) ? read(random.pick(views)) : random.pick(['', 'M', 'zz', '50%', '_', 'É']);
  const form = random.below(4);
  if (form === 0 && value.length > 1) {
    const part = value.slice(0, 1 + random.below(value.length - 1));
    const middle = value.slice(random.below(value.length - 1));
    const [shape, word, holds] = random.pick([
      ['head', part, (text) => text.startsWith(part)],
      ['tail', middle, (text) => text.endsWith(middle)],
      ['both', middle, (text) => text.includes(middle)],
    ]);
    const inner = word.replace(/[\\*"]/g, '\\$&');
    const negated = random.chance(0.3);
    return {
      text: `${field} ${negated ? '!=' : '='} "${shape === 'head' ? '' : '*'}${inner}${shape === 'tail' ? '' : '*'}"`,
      holds: (view) => holds(read(view)) !== negated,
    };
  }
  if (form === 1) {
    const word = value.slice(random.below(Math.max(value.length, 1)));
    const given = random.chance(0.5) ? word.toUpperCase() : word;
    return {
      text: `${field}:${quote(random, given)}`,
      holds: (view) => read(view).toLowerCase().includes(given.toLowerCase()),
    };
  }
  return comparison(random, field, ALL, value, literal(random, value), read, compareText);
};

const byDecimal = (field, read) => (random, views) => {
  const value = random.chance(0.7) ? read(random.pick(views)) : null;
  const text = value === null ? random.pick(['0', '-1', '49.99', '100', '1000000'])
    : `${value / 1_000_000_000n}.${String(value % 1_000_000_000n).padStart(9, '0')}`;
  return comparison(random, field, [...ALL, ':'], decimalNanos(text), text, read, compareNumber);
};

const byWhole = (field, read) => (random, views) => {
  const value = (random.chance(0.7) ? read(random.pick(views)) : null) ?? BigInt(random.below(50) - 5);
  return comparison(random, field, [...ALL, ':'], value, String(value), read, compareNumber);
};

const byTime = (field, read) => (random, views) => {
  const value = read(random.pick(views)) ?? 1_700_000_000_000_000n;
  const shown = random.chance(0.5) ? `"${rfc3339(value)}"` : rfc3339(value);
  return comparison(random, field, ALL, value, shown, read, compareNumber);
};

const presence = (field, holds) => () => ({ text: `${field}:*`, holds });

const compareFact = (a, b) => (typeof a === 'string' ? compareText(a, b) : compareNumber(a, b));
const at = (path, view) => path.reduce((node, key) =>
  (node !== null && typeof node === 'object' && !Array.isArray(node) && Object.hasOwn(node, key) ? node[key] : undefined), view.facts);

const byFact = (random, views) => {
  const path = random.pick([['color'], ['width'], ['new'], ['size', 'depth'], ['shades'], ['odd key'], ['none']]);
  const field = `attributes.${path.map((key) => (key.includes(' ') ? `"${key}"` : key)).join('.')}`;
  const own = at(path, random.pick(views));
  const value = Array.isArray(own) ? random.pick([...own.filter((item) => typeof item !== 'object'), 'nothing'])
    : own === undefined || typeof own === 'object' ? random.pick(['red', 40, true]) : own;
  const shown = typeof value === 'string' ? quote(random, value) : String(value);
  const operator = random.pick(typeof value === 'boolean' ? EQUAL : [...ALL, ':', ':']);
  const holds = (view) => {
    const found = at(path, view);
    if (found === undefined) return false;
    if (operator === ':') return Array.isArray(found) ? found.includes(value) : found === value;
    if (operator === '=') return found === value;
    if (operator === '!=') return found !== value;
    return typeof found === typeof value && OPERATORS[operator](compareFact(found, value));
  };
  return { text: `${field}${operator}${shown}`, holds };
};

// categories: Map of name -> category, to know what is below what.
const byCategory = (categories) => (random) => {
  const name = random.pick([...categories.keys(), '', 'categories/999999']);
  const isBelow = (own) => own === name || (categories.get(own)?.ancestors.includes(name) ?? false);
  const operator = random.pick(name === '' ? ['=', '!='] : [':', ':', '=', '!=']);
  const holds = {
    ':': (view) => isBelow(view.category),
    '=': (view) => view.category === name,
    '!=': (view) => view.category !== name,
  }[operator];
  return { text: `category ${operator} ${literal(random, name)}`, holds };
};

const byFurtherCategory = (categories) => (random) => {
  const name = random.pick([...categories.keys()]);
  return {
    text: `additional_categories:"${name}"`,
    holds: (view) => view.additionalCategories.includes(name),
  };
};

const byTag = (random, views) => {
  const tag = random.pick([...random.pick(views).tags, 'nowhere']);
  return { text: `tags:${literal(random, tag)}`, holds: (view) => view.tags.includes(tag) };
};

const byState = (random) => {
  const state = random.pick(['STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED']);
  const shown = random.pick([state, `"${state}"`, state.slice('STATE_'.length)]);
  return comparison(random, 'state', EQUAL, state, shown, (view) => view.state, compareText);
};

const byName = (random, views) => {
  const { name } = random.pick(views);
  return comparison(random, 'name', EQUAL, name, literal(random, name), (view) => view.name, compareText);
};

const byBackorder = (random) => {
  const value = random.chance(0.5);
  return comparison(random, random.pick(['allow_backorder', 'allowBackorder']), EQUAL, value, String(value),
    (view) => view.allowBackorder, compareNumber);
};

export function leavesOf(categories) {
  return [
    byText('title', (view) => view.title),
    byText('slug', (view) => view.slug),
    byText('description', (view) => view.description),
    byText('brand', (view) => view.brand),
    byText('price.currency_code', (view) => view.currency),
    byDecimal('price', (view) => view.nanos),
    byWhole('price.units', (view) => (view.nanos === null ? null : view.nanos / 1_000_000_000n)),
    byWhole('price.nanos', (view) => (view.nanos === null ? null : view.nanos % 1_000_000_000n)),
    byWhole('inventory', (view) => view.stock),
    byTime('create_time', (view) => view.created),
    byTime('updateTime', (view) => view.updated),
    byTime('delete_time', (view) => view.deleted),
    presence('price', (view) => view.nanos !== null),
    presence('brand', (view) => view.brand !== ''),
    presence('tags', (view) => view.tags.length > 0),
    presence('category', (view) => view.category !== ''),
    presence('delete_time', (view) => view.deleted !== null),
    presence('inventory', (view) => view.stock !== 0n),
    presence('attributes', (view) => Object.keys(view.facts).length > 0),
    presence('attributes.color', (view) => at(['color'], view) !== undefined),
    presence('attributes.size.depth', (view) => at(['size', 'depth'], view) !== undefined),
    byFact, byFact, byFact, byFact,
    byCategory(categories), byCategory(categories), byFurtherCategory(categories),
    byTag, byTag, byState, byName, byBackorder,
  ];
}

// Some of them by themselves.
export const leafOf = { price: byDecimal('price', (view) => view.nanos), state: byState };

// A filter of at most so many levels: {text, holds, binds}, where binds is what its outermost
// operator is: 'leaf', 'or' or 'and'.
export function randomFilter(random, leaves, views, depth) {
  const kind = depth === 0 ? 'leaf' : random.pick(['leaf', 'and', 'and', 'or', 'or', 'not']);
  if (kind === 'leaf') return { ...random.pick(leaves)(random, views), binds: 'leaf' };
  const enclosed = (node) => `(${random.pick(['', ' '])}${node.text})`;
  if (kind === 'not') {
    const inner = randomFilter(random, leaves, views, depth - 1);
    const bare = inner.binds === 'leaf' && inner.text[0] !== '-' && !inner.text.startsWith('NOT ');
    return {
      text: random.pick(['NOT ', '-']) + (bare ? inner.text : enclosed(inner)),
      holds: (view) => !inner.holds(view),
      binds: 'leaf',
    };
  }
  const parts = Array.from({ length: 2 + random.below(2) }, () => randomFilter(random, leaves, views, depth - 1));
  // OR binds tighter than AND.
  const needs = (node) => kind === 'or' && node.binds === 'and';
  const text = parts.map((node) => (needs(node) || random.chance(0.2) ? enclosed(node) : node.text));
  return kind === 'or'
    ? { text: text.join(' OR '), holds: (view) => parts.some((node) => node.holds(view)), binds: 'or' }
    : { text: text.join(random.pick([' AND ', ' '])), holds: (view) => parts.every((node) => node.holds(view)), binds: 'and' };
}

// What lists can be ordered by: field -> the comparison of two views.
const INFINITE = 10n ** 30n;
const byKey = (key, compare = compareNumber) => (a, b) => compare(key(a), key(b));
export const orders = {
  name: byKey((view) => view.number),
  title: byKey((view) => view.title, compareText),
  slug: byKey((view) => view.slug, compareText),
  brand: byKey((view) => view.brand, compareText),
  price: byKey((view) => view.nanos ?? INFINITE),
  inventory: byKey((view) => view.stock),
  allow_backorder: byKey((view) => view.allowBackorder),
  state: byKey((view) => ['STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED'].indexOf(view.state)),
  create_time: byKey((view) => view.created),
  update_time: byKey((view) => view.updated),
  delete_time: byKey((view) => view.deleted ?? INFINITE),
  purge_time: byKey((view) => microsOf(view.purgeTime) ?? INFINITE),
  'attributes.color': byKey((view) => (typeof view.facts.color === 'string' ? view.facts.color : ''), compareText),
  'attributes.width': byKey((view) => (typeof view.facts.width === 'number' ? view.facts.width : Infinity)),
  'attributes.size.depth': byKey((view) => (typeof at(['size', 'depth'], view) === 'number' ? view.facts.size.depth : Infinity)),
  'attributes.new': byKey((view) => view.facts.new === true),
};

// The views in an order: [[field, 'asc' or 'desc'], ...]; the number decides at last.
export function sorted(views, order) {
  const last = order.at(-1)?.[1] ?? 'asc';
  const keys = [...order, ['name', last]];
  return [...views].sort((a, b) => {
    for (const [field, direction] of keys) {
      const compared = orders[field](a, b);
      if (compared !== 0) return direction === 'desc' ? -compared : compared;
    }
    return 0;
  });
}
