// Between the contract's values and those of JavaScript. What a plugin is told of a record is an object: fields
// by name, paths nested (`record.customer.name`), lines as arrays. A name that the hook does not select is an
// error and not `undefined`: a rule that looks at nothing decides wrongly.

import { Decimal } from "./decimal.js";

const DAY_US = 86_400_000_000n;

/** A day of the calendar. */
export class Day {
  constructor(days) {
    this.days = days;
    Object.freeze(this);
  }

  /** Of a text such as "2026-03-02". */
  static of(text) {
    const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
    if (Number.isNaN(at)) throw new TypeError(`\`${text}\` is no day`);
    return new Day(at / 86_400_000);
  }

  plus(days) { return new Day(this.days + days); }
  valueOf() { return this.days; }
  toString() { return new Date(this.days * 86_400_000).toISOString().slice(0, 10); }
  toJSON() { return this.toString(); }
}

/** A moment, in microseconds since 1970. */
export class Moment {
  constructor(us) {
    this.us = us;
    Object.freeze(this);
  }

  get day() { return new Day(Number(this.us / DAY_US - (this.us % DAY_US < 0n ? 1n : 0n))); }
  valueOf() { return Number(this.us / 1000n); }
  toString() { return new Date(Number(this.us / 1000n)).toISOString(); }
  toJSON() { return this.toString(); }
}

const whole = (value) => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

export function taken({ tag, val }) {
  switch (tag) {
    case "null": return null;
    case "integer": return whole(val);
    case "number": return new Decimal(val.mantissa, val.scale);
    case "date": return new Day(val);
    case "timestamp": return new Moment(val);
    case "link": return { id: val };
    case "links": return Array.from(val, (id) => ({ id }));
    case "json": return JSON.parse(val);
    default: return val;
  }
}

export function given(name, value) {
  if (value === null || value === undefined) return { tag: "null" };
  if (value instanceof Decimal) return { tag: "number", val: { mantissa: value.digits, scale: value.scale } };
  if (value instanceof Day) return { tag: "date", val: value.days };
  if (value instanceof Moment) return { tag: "timestamp", val: value.us };
  switch (typeof value) {
    case "boolean": return { tag: "boolean", val: value };
    case "bigint": return { tag: "integer", val: value };
    case "string": return { tag: "text", val: value };
    case "number":
      if (Number.isSafeInteger(value)) return { tag: "integer", val: BigInt(value) };
      throw new TypeError(`${name}: ${value} is no exact number, write decimal("${value}")`);
    default: return compound(name, value);
  }
}

const isLink = (value) => value !== null && typeof value === "object" && typeof value.id === "bigint";

function compound(name, value) {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === "string")) return { tag: "texts", val: value };
    if (value.every(isLink)) return { tag: "links", val: value.map((link) => link.id) };
    throw new TypeError(`${name}: a list holds texts or links`);
  }
  if (isLink(value)) return { tag: "link", val: value.id };
  return { tag: "json", val: JSON.stringify(value) };
}

export const fields = (object = {}) =>
  Object.entries(object).map(([name, value]) => ({ name, value: given(name, value) }));

/** An object over what was told, which says so when one asks for something else. */
export function strict(object, what) {
  return new Proxy(object, {
    get(own, name) {
      if (typeof name !== "string" || name in own) return own[name];
      if (name === "then" || name === "toJSON" || name === "inspect") return undefined;
      // Told only where somebody keeps the books.
      if (name === "standing") return null;
      throw new Error(`\`${what}${name}\` is not selected in plugin.toml`);
    },
  });
}

const isPlain = (value) =>
  value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

export function told(all, lines = []) {
  const record = {};
  for (const { name, value } of all) {
    const path = name.split(".");
    const last = path.pop();
    let place = record;
    for (const step of path) {
      if (!isPlain(place[step])) place[step] = { id: null };
      place = place[step];
    }
    const own = taken(value);
    place[last] = isPlain(place[last]) && isPlain(own) ? { ...place[last], ...own } : (own ?? place[last] ?? null);
  }
  for (const { field, rows } of lines) {
    record[field] = rows.map(({ id, fields }) => strict({ ...plain(told(fields)), id }, `${field}.`));
  }
  return nested(record, "");
}

const plain = (record) => ({ ...record });

function nested(record, prefix) {
  for (const [name, value] of Object.entries(record)) {
    if (isPlain(value)) record[name] = nested(value, `${prefix}${name}.`);
  }
  return strict(record, prefix);
}
