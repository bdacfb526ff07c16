// The rules, as a table; what reaches a record is shown in fixtures/*.toml.
import assert from "node:assert/strict";
import { test } from "node:test";

import { decimal } from "@fondaco/plugin";
import { told } from "@fondaco/plugin/told";
import plugin, { holds, scored } from "../src/plugin.js";

test("each condition, as rules say it", () => {
  const lead = {
    organisation: "Acme", job_title: "Head of Sales", country: "IT", email: "a@GMAIL.com", phone: null,
    expected_revenue: decimal("9999.99"), source: { name: "Fair" },
  };
  for (const [rule, wanted] of [
    [{ field: "organisation", is: "given" }, true],
    [{ field: "phone", is: "given" }, false],
    [{ field: "phone", is: "missing" }, true],
    [{ field: "job_title", has: ["ceo", "head"] }, true],
    [{ field: "country", in: ["DE", "AT"] }, false],
    [{ field: "email", ends: ["@gmail.com"] }, true],
    [{ field: "expected_revenue", at_least: "10000" }, false],
    [{ field: "expected_revenue", below: "10000" }, true],
    [{ field: "phone", below: "5" }, false],
    [{ field: "source.name", in: ["Fair"] }, true],
  ]) {
    assert.equal(holds(rule, lead), wanted, JSON.stringify(rule));
  }
  for (const wrong of [{ why: "none", field: "country" }, { why: "two", field: "country", in: [], has: [] }]) {
    assert.throws(() => holds(wrong, lead), /mend the rules/);
  }
});

test("points add up, and say of what", () => {
  const rules = [{ points: 30, why: "a company", field: "a", is: "given" }, { points: -5, why: "no b", field: "b", is: "missing" }];
  assert.deepEqual(scored(rules, { a: "x", b: null }), { score: 25, note: "+30 a company, -5 no b" });
  assert.deepEqual(scored(rules, { a: null, b: "y" }), { score: 0, note: "no rule fits" });
});

test("rating and queue follow the score", () => {
  const settings = {
    rules: '[{"points": 40, "why": "x", "field": "a", "is": "given"}]', warm: "30", hot: "60", queues: "[]",
  };
  const said = plugin.saves.score(told({ after: { a: "x" }, settings }));
  assert.deepEqual(said.changes, { score: 40, score_note: "+40 x", queue: null, rating: "warm" });
  assert.throws(() => plugin.saves.score(told({ after: {}, settings })), /`a` is not selected/);
});
