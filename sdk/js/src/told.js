// For tests of a plugin under `node --test`: what its functions are called with, without a host.

import { context } from "./bind.js";
import { Moment, strict } from "./values.js";

const nobody = ({ url }) => {
  throw { payload: { tag: "unreachable", val: `nobody is at ${url}` } };
};

/**
 * The argument of a hook: what the test gives, with settings, an hour, what the plugin keeps, what others answer
 * to a request, and a desk that finds nothing.
 */
export function told({ settings = {}, now = 0n, language = "en", kept = {}, answers = nobody, ...rest } = {}) {
  const host = {
    settings: { get: (name) => (name in settings ? String(settings[name]) : undefined) },
    context: { now: () => BigInt(now), random: () => 4n, language: () => language, key: () => "0004" },
    log: { write() {} },
    data: { get: (_, ids) => ids.map(() => undefined), find: () => [], apply: () => undefined },
    kv: { get: (key) => kept[key], keys: () => Object.keys(kept).sort(), set: (key, value) => void (kept[key] = value) },
    http: { fetch: (request) => answers(request) },
  };
  const own = (record) => record && strict(record, "");
  const { record, after, before } = rest;
  const records = { record: own(record), after: own(after), before: own(before) };
  return { ...context(host), subject: { model: "", id: 0n, version: 0n }, args: {}, ...rest, ...records };
}

export { Moment };
