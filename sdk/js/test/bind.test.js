// A plugin called as the host calls it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bind } from "../src/bind.js";
import { Unanswered, create, decimal, definePlugin, hold, keep, ok, page, post, proceed, refuse } from "../src/plugin.js";

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

test("a request is answered, with what is kept and what is posted", () => {
  const plugin = definePlugin({
    requests: {
      hook({ request, kv }) {
        const effects = [keep("last", request.json().number), post("SAL", "2026-03-02", "k", "t", [{ account: "4000", amount: "-1.50", party: { id: 9n } }])];
        return page(201, { query: request.query.get("a b"), before: kv.get("last"), as: request.headers["content-type"] }, { effects });
      },
    },
  });
  const kv = { get: (key) => (key === "last" ? "S-1" : undefined), keys: () => [], set() {} };
  const request = {
    method: "POST", path: "/orders", query: "a+b=c%26d", headers: [{ name: "Content-Type", value: "text/x" }],
    body: new TextEncoder().encode(`{"number":"S-2"}`), user: undefined,
  };
  const said = bind(plugin, { ...host, kv }).requests.handle("hook", request);
  assert.equal(said.status, 201);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(said.body)), { query: "c&d", before: "S-1", as: "text/x" });
  assert.deepEqual(said.effects, [
    { tag: "keep", val: { key: "last", value: "S-2" } },
    {
      tag: "post",
      val: {
        journal: "SAL", day: 20514, key: "k", text: "t",
        lines: [{ account: "4000", amount: { mantissa: -15n, scale: 1 }, party: 9n }],
      },
    },
  ]);
});

test("who is not reached says how", () => {
  const seen = [];
  const plugin = definePlugin({
    jobs: {
      send({ fetch, payload }) {
        try {
          return [keep("answer", fetch("https://a.example/in", { method: "POST", body: payload }).text())];
        } catch (error) {
          if (!(error instanceof Unanswered)) throw error;
          return [keep("failed", error.kind)];
        }
      },
    },
  });
  const send = (fetch) => bind(plugin, { ...host, http: { fetch } }).jobs.run("send", `{"n":1}`)[0].val;
  const body = new TextEncoder().encode("taken");
  const answer = (request) => (seen.push(request), { status: 200, headers: [], body });
  assert.deepEqual(send(answer), { key: "answer", value: "taken" });
  assert.equal(new TextDecoder().decode(seen[0].body), `{"n":1}`);
  assert.equal(seen[0].timeoutSeconds, 10);
  const lost = () => { throw Object.assign(new Error(), { payload: { tag: "lost", val: "it broke" } }); };
  assert.deepEqual(send(lost), { key: "failed", value: "lost" });
});
