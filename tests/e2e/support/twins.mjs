// Requests made by chance, for tests that ask the same thing in two ways. Writes come as twins: the
// second is the first one on resources of its own, which have had the same done to them. Names of
// the first have numbers from 1000 on, slugs, SKUs and titles begin with "t1"; of the second 2000
// and "t2".
const TEXTS = [
  '', ' ', 'plain', 'Crème brûlée', '日本語', '🍮 dessert 🫖', 'e\u0301', 'a"b\\c/d', 'line\nline\ttab\r', '\u0001\u001f\u007f',
  '\u2028\u2029\ufeff', 'שלום', '\u{10ffff}\u{10000}', '<b>&amp;</b>', '%41+%', 'null', 'true', '-0',
  '1e5', '\ufffd', 'x'.repeat(256), 'ä'.repeat(255),
];
const INT64 = ['0', '1', '-1', '7', '9007199254740991', '9007199254740993', '9223372036854775807', '-9223372036854775808', '4294967296'];
const INT32 = [0, 1, -1, 7, 1000, 2147483647, -2147483648];
const NUMBERS = [0, -0, 1, -1.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308,
  123456789012345680000, 9007199254740993, 3.0000000000000004];
const KEYS = ['colour', 'size', '', 'a.b', 'Ünïcode', '🔑', 'with space', 'quote"d', 'UPPER', 'under_score', '0'];
const STATES = ['STATE_UNSPECIFIED', 'STATE_DRAFT', 'STATE_ACTIVE', 'STATE_ARCHIVED', 7, -1];
const FILTERS = [
  '', 'title:"plain"', 'inventory > 5', 'price.units >= 10 AND state = STATE_ACTIVE', 'NOT brand = ""', 'tags:"🍮"', 'attributes.size > 1',
  'delete_time:*', 'create_time > "2020-01-01T00:00:00Z"', 'title = "日本語" OR slug = "t1-a"', 'colour = 1', 'title =',
  '(((', 'inventory > 99999999999999999999',
];
const ORDERS = ['', 'title', 'price desc, title', 'create_time desc', 'inventory', 'name', 'colour', 'title sideways', ','];

// Of the products that there are to begin with.
const SLUGS = Array.from({ length: 12 }, (_, i) => `t1-plain-${i + 1}`);

const PRODUCT_FIELDS = ['title', 'slug', 'description', 'price', 'category', 'additionalCategories', 'brand', 'tags', 'attributes',
  'inventory', 'allowBackorder', 'state'];
const PATHS = ['title', 'slug', 'description', 'price', 'price.units', 'price.nanos', 'category', 'additional_categories',
  'brand', 'tags', 'attributes', 'attributes.colour', 'inventory', 'allow_backorder', 'state'];
const ODD_PATHS = ['*', 'colour', 'create_time', 'price.cents', 'name'];

const twinText = (text) => text
  .replace(/\b(products|variants|images|categories)\/1(\d{3})(?!\d)/g, '$1/2$2').replace(/\bt1\b/g, 't2');
const original = (text) => text
  .replace(/\b(products|variants|images|categories)\/2(\d{3})(?!\d)/g, '$1/1$2').replace(/\bt2\b/g, 't1');

const deep = (value, change) => {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => deep(item, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item, change)]));
};

// The second of twins, of a request; and the first, of an answer or an error.
export function twinOf(request) {
  const twin = deep(request, twinText);
  for (const key of ['productId', 'variantId', 'productImageId', 'categoryId']) {
    if (/^1\d{3}$/.test(twin[key] ?? '')) twin[key] = `2${twin[key].slice(1)}`;
  }
  if (twin.requests) twin.requests = twin.requests.map(twinOf);
  return twin;
}
export const originalOf = (answer) => deep(answer, original);

const structOf = (object) => ({
  fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, valueOf(value)])),
});
function valueOf(value) {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(value)) return { listValue: { values: value.map(valueOf) } };
  if (typeof value === 'object') return { structValue: structOf(value) };
  return { [{ string: 'stringValue', number: 'numberValue', boolean: 'boolValue' }[typeof value]]: value };
}

export class Requests {
  #random;
  #isCalm = false; // nothing but what the service takes, most likely

  constructor(random) {
    this.#random = random;
  }

  #often(probability, make) {
    return this.#random.chance(probability) ? make() : undefined;
  }

  #text() {
    return this.#random.pick(this.#isCalm ? TEXTS.slice(2, -2) : TEXTS);
  }

  // One of the first `good` of a list, or any.
  #pick(list, good) {
    return this.#random.pick(this.#isCalm ? list.slice(0, good) : list);
  }

  // A member of a family: most are there, a few never were.
  #number(count) {
    return 1001 + this.#random.below(this.#isCalm ? count : count + 1);
  }

  #id(first) {
    const random = this.#random;
    return this.#isCalm || random.chance(0.7) ? String(first + random.below(900)) : random.pick(['0', '-1', '1001']);
  }

  product() {
    return this.#odd('products', `products/${this.#number(12)}`);
  }

  category() {
    return this.#odd('categories', `categories/${this.#number(5)}`);
  }

  // Names that there cannot be. A path has no place for an empty segment or for dots.
  #odd(collection, name) {
    const random = this.#random;
    if (this.#isCalm || random.chance(0.9)) return name;
    return `${collection}/${random.pick(['0', '-1', 'blue', '9223372036854775808', 'ü', '🍮', '1:undelete', '%41', 'a b', '01001'])}`;
  }

  variant() {
    return `${this.#parent()}/variants/${this.#number(6)}`;
  }

  image() {
    return `${this.#parent()}/images/${this.#number(6)}`;
  }

  // Of variants and images: few, so that they have some.
  #parent() {
    return this.#random.chance(0.8) ? 'products/1001' : this.product();
  }

  #attributes(depth = 0) {
    const random = this.#random;
    const value = () => {
      const kind = random.below(depth > (this.#isCalm ? 4 : 9) ? 4 : 7);
      if (kind === 0) return null;
      if (kind === 1) return random.chance(0.5);
      if (kind === 2) return random.pick(NUMBERS);
      if (kind === 3) return this.#text();
      if (kind === 4) return Array.from({ length: random.below(3) }, value);
      return this.#attributes(depth + 1);
    };
    return Object.fromEntries(KEYS.filter(() => random.chance(0.2)).map((key) => [key, value()]));
  }

  #money() {
    return {
      currencyCode: this.#pick(['EUR', 'USD', 'CHF', 'KWD', 'JPY', '', 'eur', '🍮'], 4),
      units: this.#pick(['0', '5', '49', '1000000', '9007199254740993', ...INT64], 5),
      nanos: this.#pick([0, 990_000_000, 10_000_000, ...INT32, 1_000_000, -10_000_000, 999_999_999], 3),
    };
  }

  #time() {
    const random = this.#random;
    const seconds = random.pick(['-62135510400', '-1', '0', '1700000000', '253402214400']);
    return { seconds, nanos: random.pick([0, 1, 500_000_000, 123_456_000, 999_999_999]) };
  }

  #title() {
    return this.#isCalm || this.#random.chance(0.8) ? `t1 ${this.#text()}` : this.#random.pick(['', 'x'.repeat(256)]);
  }

  #slug() {
    return this.#pick(['', `t1-${this.#random.below(1000)}`, 't1-a', 't1-b', 't1-c', 'no slug', 't1-é'], 2);
  }

  // A product's fields, each there or not; what is made by the server too, now and then.
  #productFields(density) {
    const random = this.#random;
    const some = (make, probability = density) => this.#often(probability, make);
    return {
      title: some(() => this.#title(), 0.95),
      slug: some(() => this.#slug()),
      description: some(() => this.#text()),
      price: some(() => (!this.#isCalm && random.chance(0.2) ? {} : this.#money())),
      category: some(() => (random.chance(0.3) ? '' : this.category())),
      additionalCategories: some(() => Array.from({ length: random.below(3) }, () => this.category())),
      brand: some(() => this.#text()),
      tags: some(() => (!this.#isCalm && random.chance(0.1) ? Array(65).fill('t') : TEXTS.slice(2, 9).filter(() => random.chance(0.3)))),
      attributes: some(() => structOf(this.#attributes())),
      inventory: some(() => this.#pick([String(random.below(1000)), '9007199254740993', '9223372036854775807', ...INT64], 3)),
      allowBackorder: some(() => random.chance(0.5)),
      state: some(() => this.#pick(STATES, 4)),
      variantCount: some(() => random.pick(INT32), 0.05),
      createTime: some(() => this.#time(), 0.1),
      purgeTime: some(() => this.#time(), 0.05),
    };
  }

  #write(request) {
    const random = this.#random;
    return {
      ...request,
      validateOnly: this.#often(0.3, () => random.chance(0.5)),
      requestId: this.#often(this.#isCalm ? 0 : 0.1, () => random.pick(['', 'again'])),
    };
  }

  #mask() {
    const random = this.#random;
    const paths = PATHS.filter(() => random.chance(0.25));
    if (!this.#isCalm && random.chance(0.3)) paths.push(random.pick(ODD_PATHS));
    return { paths: paths.length > 0 ? paths : ['title'] };
  }

  #page(request) {
    const random = this.#random;
    return {
      ...request,
      pageSize: this.#often(0.7, () => this.#pick([1 + random.below(9), 1000, 2147483647, ...INT32], 3)),
      pageToken: this.#often(this.#isCalm ? 0 : 0.2, () => random.pick(['', 'AAAA', '🍮', 'a+b/c='])),
      includeTotalSize: this.#often(0.3, () => random.chance(0.7)),
    };
  }

  #list(request) {
    const random = this.#random;
    return this.#page({
      ...request,
      filter: this.#often(0.5, () => this.#pick(FILTERS, 10)),
      orderBy: this.#often(0.4, () => this.#pick(ORDERS, 6)),
      showDeleted: this.#often(0.3, () => random.chance(0.7)),
    });
  }

  // What a rule's PATCH without a mask means: the fields that are there.
  #patch(field, name, resource, paths) {
    const random = this.#random;
    const present = Object.keys(resource).filter((key) => resource[key] !== undefined && paths.includes(key));
    const isImplied = random.chance(0.4) && present.length > 0;
    return {
      request: this.#write({
        [field]: { ...resource, name, etag: this.#often(this.#isCalm ? 0 : 0.1, () => '"stale"') },
        updateMask: isImplied ? { paths: present.map((key) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)) } : this.#mask(),
      }),
      isImplied,
    };
  }

  #create() {
    return this.#write({ product: this.#productFields(0.4), productId: this.#id(1100) });
  }

  #update() {
    return this.#patch('product', this.product(), this.#productFields(0.3), PRODUCT_FIELDS).request;
  }

  // {method, request, isWrite, isImplied}: for writes the first of twins; with isImplied its mask
  // is what its body has.
  next() {
    const random = this.#random;
    this.#isCalm = random.chance(0.6);
    const make = random.pick(random.chance(0.6) ? WRITES : READS);
    const made = this[make]();
    return { isWrite: WRITES.includes(make), isImplied: false, ...made };
  }

  createProduct() {
    return { method: 'CreateProduct', request: this.#create() };
  }

  updateProduct() {
    return { method: 'UpdateProduct', ...this.#patch('product', this.product(), this.#productFields(0.3), PRODUCT_FIELDS) };
  }

  deleteProduct() {
    const request = this.#write({ name: this.product(), etag: this.#often(this.#isCalm ? 0 : 0.2, () => this.#text()) });
    return { method: this.#random.pick(['DeleteProduct', 'UndeleteProduct', 'UndeleteProduct']), request };
  }

  batchCreate() {
    const requests = Array.from({ length: this.#random.below(4) }, () => this.#create());
    return { method: 'BatchCreateProducts', request: this.#write({ requests }) };
  }

  batchUpdate() {
    const requests = Array.from({ length: this.#random.below(4) }, () => this.#update());
    return { method: 'BatchUpdateProducts', request: this.#write({ requests }) };
  }

  batchDelete() {
    const requests = Array.from({ length: this.#random.below(2) }, () => ({ name: this.product() }));
    return { method: 'BatchDeleteProducts', request: { ...this.#write({ requests }), validateOnly: true } };
  }

  adjust() {
    const random = this.#random;
    const delta = this.#pick([String(random.below(10)), '1', '-1', ...INT64], 3);
    const isVariant = random.chance(0.3);
    return {
      method: isVariant ? 'AdjustVariantInventory' : 'AdjustInventory',
      request: this.#write({ name: isVariant ? this.variant() : this.product(), delta }),
    };
  }

  createVariant() {
    const random = this.#random;
    const variant = {
      sku: this.#pick([`t1 ${random.below(100_000)}`, `t1 ${this.#text()}`, ''], 1),
      title: this.#often(0.5, () => this.#text()),
      price: this.#often(0.4, () => this.#money()),
      inventory: this.#often(0.5, () => this.#pick(INT64, 2)),
      attributes: this.#often(0.4, () => structOf(this.#attributes())),
      position: this.#often(0.4, () => this.#pick(INT32, 2)),
    };
    const variantId = String(this.#number(6));
    return { method: 'CreateVariant', request: this.#write({ parent: this.#parent(), variant, variantId }) };
  }

  createImage() {
    const random = this.#random;
    const productImage = { altText: this.#text(), position: this.#often(0.5, () => this.#pick(INT32, 2)) };
    const productImageId = String(this.#number(6));
    return { method: 'CreateProductImage', request: this.#write({ parent: this.#parent(), productImage, productImageId }) };
  }

  createCategory() {
    const random = this.#random;
    const category = {
      title: this.#title(),
      slug: this.#often(0.3, () => this.#slug()),
      parent: this.#often(0.5, () => (random.chance(0.3) ? '' : this.category())),
      position: this.#often(0.4, () => this.#pick(INT32, 2)),
    };
    return { method: 'CreateCategory', request: this.#write({ category, categoryId: this.#id(1100) }) };
  }

  moveCategory() {
    return {
      method: 'MoveCategory',
      request: this.#write({ name: this.category(), parent: this.#often(0.8, () => this.category()) }),
    };
  }

  deleteCategory() {
    const request = this.#write({ name: this.category(), force: this.#often(0.5, () => true), validateOnly: true });
    return { method: 'DeleteCategory', request: { ...request, validateOnly: true } };
  }

  getOne() {
    const [method, name] = this.#random.pick([
      ['GetProduct', this.product()], ['GetProduct', this.product()], ['GetCategory', this.category()],
      ['GetVariant', this.variant()], ['GetProductImage', this.image()],
    ]);
    return { method, request: { name } };
  }

  batchGet() {
    const names = Array.from({ length: this.#random.below(4) }, () => this.product());
    return { method: 'BatchGetProducts', request: { names } };
  }

  lookup() {
    const slug = this.#random.pick([...SLUGS, 't1-c1', 't1-c2', 't1-a', '🍮', '']);
    return this.#random.pick([
      { method: 'LookupProduct', request: { slug } }, { method: 'LookupProduct', request: { sku: slug } },
      { method: 'LookupProduct', request: {} },
      { method: 'LookupCategory', request: { slug: this.#random.pick([slug, 't1-c1', 't1-c3']) } },
    ]);
  }

  list() {
    const random = this.#random;
    const { showDeleted, ...nested } = this.#list({ parent: this.#parent() });
    return random.pick([
      { method: 'ListProducts', request: this.#list({}) }, { method: 'ListProducts', request: this.#list({}) },
      { method: 'ListCategories', request: this.#list({}) }, { method: 'ListVariants', request: nested },
      { method: 'ListProductImages', request: nested },
    ]);
  }

  search() {
    const random = this.#random;
    const request = this.#page({
      query: random.pick(TEXTS),
      filter: this.#often(0.4, () => this.#pick(FILTERS, 10)),
      orderBy: this.#often(0.2, () => this.#pick(ORDERS, 6)),
      facets: this.#often(0.4, () => ['brand', 'category', 'price', 'attributes.colour', 'colour'].filter(() => random.chance(0.3))),
    });
    return { method: 'SearchProducts', request };
  }

  suggest() {
    const random = this.#random;
    const pageSize = this.#often(0.5, () => random.pick(INT32));
    return random.pick([
      { method: 'SuggestProducts', request: { query: this.#text(), pageSize } },
      { method: 'FindSimilarProducts', request: { name: this.product(), pageSize } },
      { method: 'GetCatalogStatistics', request: {} },
    ]);
  }

  audit() {
    const random = this.#random;
    const filter = this.#often(0.5, () => random.pick(['', 'resource = "products/1001"', 'method:"Create"', 'colour = 1']));
    return { method: 'ListAuditEntries', request: this.#page({ filter }) };
  }
}

const WRITES = [
  'createProduct', 'createProduct', 'createProduct', 'updateProduct', 'updateProduct', 'updateProduct', 'deleteProduct',
  'batchCreate', 'batchUpdate', 'batchDelete', 'adjust', 'createVariant', 'createVariant', 'createImage', 'createCategory', 'moveCategory', 'deleteCategory',
];
const READS = ['getOne', 'getOne', 'batchGet', 'lookup', 'list', 'list', 'list', 'search', 'suggest', 'audit'];
