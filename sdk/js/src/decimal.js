// Exact decimals: digits as a BigInt, and how many of them stand after the point. JavaScript's own numbers
// are binary fractions, in which 0.1 + 0.2 is not 0.3; no amount is ever one of them.

const PATTERN = /^([+-]?)(\d+)(?:\.(\d+))?$/;
const SCALE_MAX = 28;

export class Decimal {
  #digits;
  #scale;

  constructor(digits, scale) {
    while (scale > 0 && digits % 10n === 0n) {
      digits /= 10n;
      scale -= 1;
    }
    if (scale > SCALE_MAX) throw new RangeError(`a number with ${scale} decimals`);
    this.#digits = digits;
    this.#scale = scale;
    Object.freeze(this);
  }

  /** Of a text such as "12.50", a whole number, a BigInt or another decimal. */
  static of(value) {
    if (value instanceof Decimal) return value;
    if (typeof value === "bigint") return new Decimal(value, 0);
    if (typeof value === "number") {
      if (Number.isSafeInteger(value)) return new Decimal(BigInt(value), 0);
      throw new TypeError(`${value} is no exact number: write decimal("${value}")`);
    }
    const found = PATTERN.exec(String(value).trim());
    if (!found) throw new TypeError(`\`${value}\` is no number`);
    const [, sign, whole, part = ""] = found;
    return new Decimal(BigInt(`${sign === "-" ? "-" : ""}${whole}${part}`), part.length);
  }

  get digits() { return this.#digits; }
  get scale() { return this.#scale; }

  plus(other) { return this.#with(other, (a, b) => a + b); }
  minus(other) { return this.#with(other, (a, b) => a - b); }

  times(other) {
    const b = Decimal.of(other);
    return new Decimal(this.#digits * b.#digits, this.#scale + b.#scale);
  }

  /** Divides, rounded to so many decimals, half away from zero. */
  over(other, decimals) {
    const b = Decimal.of(other);
    if (b.#digits === 0n) throw new RangeError("division by zero");
    const wanted = decimals + 1;
    const shift = BigInt(Math.max(wanted + b.#scale - this.#scale, 0));
    const down = BigInt(Math.max(this.#scale - b.#scale - wanted, 0));
    const top = this.#digits * 10n ** shift;
    const below = b.#digits * 10n ** down;
    // Twice the rest decides, so nothing is rounded twice.
    return Decimal.#divided(top, below, wanted, decimals);
  }

  static #divided(top, below, scale, decimals) {
    const step = 10n ** BigInt(scale - decimals);
    const by = below * step;
    const sign = (top < 0n) === (by < 0n) ? 1n : -1n;
    const [a, b] = [top < 0n ? -top : top, by < 0n ? -by : by];
    const whole = a / b + (2n * (a % b) >= b ? 1n : 0n);
    return new Decimal(sign * whole, decimals);
  }

  /** Rounded to so many decimals, half away from zero. */
  round(decimals) {
    if (this.#scale <= decimals) return this;
    return Decimal.#divided(this.#digits, 1n, this.#scale, decimals);
  }

  negated() { return new Decimal(-this.#digits, this.#scale); }

  compare(other) {
    const rest = this.minus(other).#digits;
    return rest < 0n ? -1 : rest > 0n ? 1 : 0;
  }

  equals(other) { return this.compare(other) === 0; }
  lt(other) { return this.compare(other) < 0; }
  lte(other) { return this.compare(other) <= 0; }
  gt(other) { return this.compare(other) > 0; }
  gte(other) { return this.compare(other) >= 0; }
  isZero() { return this.#digits === 0n; }

  /** With so many decimals, for sentences. */
  fixed(decimals) {
    const { digits, scale } = Decimal.#view(this.round(decimals));
    const text = (digits < 0n ? -digits : digits) * 10n ** BigInt(decimals - scale);
    const padded = text.toString().padStart(decimals + 1, "0");
    const sign = digits < 0n ? "-" : "";
    if (decimals === 0) return `${sign}${padded}`;
    return `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
  }

  toString() { return this.fixed(this.#scale); }
  toJSON() { return this.toString(); }

  /** `a < b` would be decided by binary fractions. */
  valueOf() {
    throw new TypeError("compare decimals with lt, lte, gt, gte, equals; reckon with plus, minus, times, over");
  }

  #with(other, how) {
    const b = Decimal.of(other);
    const scale = Math.max(this.#scale, b.#scale);
    const shifted = (d) => d.#digits * 10n ** BigInt(scale - d.#scale);
    return new Decimal(how(shifted(this), shifted(b)), scale);
  }

  static #view(decimal) {
    return { digits: decimal.#digits, scale: decimal.#scale };
  }
}

/** An exact number of a text, such as `decimal("12.50")`. */
export const decimal = (value) => Decimal.of(value);
