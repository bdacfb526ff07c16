// Exact numbers, as tables.
import assert from "node:assert/strict";
import { test } from "node:test";

import { decimal } from "../src/plugin.js";

test("sums, products and quotients are exact", () => {
  for (const [a, how, b, wanted] of [
    ["0.1", "plus", "0.2", "0.3"],
    ["12.50", "minus", "20", "-7.5"],
    ["1.10", "times", "1.10", "1.21"],
    ["-3", "times", "0.005", "-0.015"],
    ["99999999999999.99", "plus", "0.01", "100000000000000"],
  ]) {
    assert.equal(decimal(a)[how](b).toString(), wanted, `${a} ${how} ${b}`);
  }
});

test("quotients and roundings go half away from zero", () => {
  for (const [a, b, decimals, wanted] of [
    ["10", "3", 2, "3.33"], ["20", "3", 2, "6.67"], ["1", "8", 2, "0.13"], ["-1", "8", 2, "-0.13"],
    ["1", "-8", 2, "-0.13"], ["0.0049", "1", 2, "0"], ["2.5", "1", 0, "3"], ["7.004999", "1", 2, "7"],
  ]) {
    assert.equal(decimal(a).over(b, decimals).toString(), wanted, `${a} / ${b}`);
  }
  for (const [a, decimals, wanted] of [["2.345", 2, "2.35"], ["-2.345", 2, "-2.35"], ["2.3", 2, "2.3"], ["0.5", 0, "1"]]) {
    assert.equal(decimal(a).round(decimals).toString(), wanted, a);
  }
});

test("what is no exact number is refused", () => {
  for (const wrong of [0.1, NaN, "", "1e5", "1,5", "abc", 2 ** 53]) assert.throws(() => decimal(wrong), `${wrong}`);
  assert.throws(() => decimal("1") < decimal("2"), /lt, lte/);
  assert.throws(() => decimal("1").over("0", 2), /zero/);
});

test("as sentences show them", () => {
  for (const [a, decimals, wanted] of [["1", 2, "1.00"], ["-0.005", 2, "-0.01"], ["12.5", 0, "13"], ["0.05", 1, "0.1"]]) {
    assert.equal(decimal(a).fixed(decimals), wanted);
  }
});
