import assert from "node:assert/strict";
import { test } from "node:test";

import { decimal } from "@fondaco/plugin";
import { told } from "@fondaco/plugin/told";
import plugin from "../src/plugin.js";

const confirm = (total) =>
  plugin.guards.confirm(
    told({ record: { total: decimal(total), customer: { name: "Verdi" } }, settings: { most: "500" } }),
  );

test("the limit itself is within it", () => {
  assert.deepEqual(confirm("500.00"), { proceed: true });
  assert.match(confirm("500.01").problems[0].message, /this is 500.01/);
});
