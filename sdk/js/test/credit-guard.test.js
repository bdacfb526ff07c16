// The example, with figures.
import assert from "node:assert/strict";
import { test } from "node:test";

import guard from "../examples/credit-guard.js";
import { decimal } from "../src/plugin.js";
import { told } from "../src/told.js";

const settings = { over_limit: "refuse", overdue: "hold", tolerance: "0" };
const order = (total, standing) => ({ total: decimal(total), rate: decimal(2), customer: { name: "Verdi" }, standing });
const figures = (known) => Object.fromEntries(Object.entries(known).map(([name, text]) => [name, decimal(text)]));
const confirm = (total, standing, other = {}) => {
  const known = standing && { limit: null, receivable: null, overdue: null, held: null, ...figures(standing) };
  const deed = { record: order(total, known), subject: { model: "sales.order", id: 77n }, settings: { ...settings, ...other } };
  return guard.guards.confirm(told(deed));
};

test("a customer's limit and what is overdue", () => {
  const limit = { limit: "1000", receivable: "300", held: "200" };
  for (const [said, wanted] of [
    [confirm("250", limit), undefined],
    [confirm("250.01", limit), "Verdi is 0.02 over the limit of 1000.00."],
    [confirm("1000000", null), undefined],
    [confirm("1", { overdue: "120" }, { overdue: "refuse" }), "Verdi has 120.00 overdue."],
    [confirm("1", { overdue: "120" }, { tolerance: "120" }), undefined],
    [confirm("1", { overdue: "120" }, { overdue: "ignore" }), undefined],
  ]) {
    assert.equal(said.problems?.[0].message, wanted);
  }
  const held = confirm("1", { overdue: "120" });
  assert.equal(held.hold, "The order is held: Verdi has 120.00 overdue. Somebody is asked to look at it.");
  assert.equal(held.effects[0].fields.record, 77n);
  assert.throws(() => confirm("1", { overdue: "1" }, { overdue: "perhaps" }), /mend the settings/);
});
