// A plugin called as the host calls it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bind } from "../src/bind.js";
import { create, decimal, definePlugin, hold, ok, proceed, refuse } from "../src/plugin.js";

const host = {
  settings: { get: (name) => ({ most: "100.00" })[name] },
  context: { now: () => 0n, random: () => 1n, language: () => "en" },
  log: { write() {} },
  data: { get: () => [], find: () => { throw Object.assign(new Error(), { payload: "it may not" }); }, apply: () => 7n },
};
const number = (mantissa, scale) => ({ tag: "number", val: { mantissa, scale } });
const entity = (fields, lines = []) => ({ model: "sales.order", id: 42n, version: 3n, fields, lines });

test("a guard is told what it selects, by path, with its lines", () => {
  let seen;
  const plugin = definePlugin({ guards: { confirm(deed) { seen = deed; return proceed(); } } });
  const told = entity(
    [
      { name: "total", value: number(1250n, 2) },
      { name: "customer", value: { tag: "link", val: 9n } },
      { name: "customer.name", value: { tag: "text", val: "Verdi" } },
      { name: "ordered_on", value: { tag: "date", val: 20514 } },
    ],
    [{ field: "lines", rows: [{ id: 1n, fields: [{ name: "quantity", value: number(2n, 0) }] }] }],
  );
  assert.deepEqual(bind(plugin, host).guards.beforeAction("confirm", "confirm", told, []), { tag: "proceed" });
  assert.equal(seen.record.total.toString(), "12.5");
  assert.equal(seen.record.customer.name, "Verdi");
  assert.equal(seen.record.customer.id, 9n);
  assert.equal(String(seen.record.ordered_on), "2026-03-02");
  assert.equal(seen.record.lines[0].quantity.toString(), "2");
  assert.equal(seen.record.standing, null);
  assert.throws(() => seen.record.margin, /`margin` is not selected/);
  assert.throws(() => seen.record.customer.limit, /`customer.limit` is not selected/);
  assert.equal(seen.setting.decimal("most").toString(), "100");
  assert.throws(() => seen.setting("least"), /has no value/);
  assert.throws(() => seen.data.find({ model: "party", fields: ["name"] }), /it may not/);
});

test("answers are those of the contract", () => {
  const plugin = definePlugin({
    saves: { score: ({ after }) => (after.name ? ok({ rating: "hot", size: decimal("1.50") }) : refuse("name", "no", "No.", { n: 1 })) },
    guards: { confirm: () => hold("Later.", [create("activity", { record: 42n, done: false, due: null })]) },
    jobs: { broken: () => { throw new TypeError("of mine"); } },
  });
  const { records, guards, jobs } = bind(plugin, host);
  const saving = (name) => ({ before: undefined, after: entity([{ name: "name", value: { tag: "text", val: name } }]) });
  assert.deepEqual(records.beforeSave("score", [saving("a"), saving("")]), [
    { changes: [{ name: "rating", value: { tag: "text", val: "hot" } }, { name: "size", value: number(15n, 1) }], problems: [] },
    { changes: [], problems: [{ field: "name", code: "no", message: "No.", arguments: [{ name: "n", value: "1" }] }] },
  ]);
  const held = guards.beforeAction("confirm", "confirm", entity([]), []);
  assert.equal(held.val.message, "Later.");
  assert.deepEqual(held.val.effects[0].val.fields, [
    { name: "record", value: { tag: "integer", val: 42n } },
    { name: "done", value: { tag: "boolean", val: false } },
    { name: "due", value: { tag: "null" } },
  ]);
  assert.throws(() => jobs.run("broken", "null"), (error) => error === "TypeError: of mine");
  assert.throws(() => jobs.run("other", "null"), (error) => /jobs.other is not written/.test(error));
});
