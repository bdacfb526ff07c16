// For tests of a plugin under `node --test`: what its functions are called with, without a host.

import { context } from "./bind.js";
import { Moment, strict } from "./values.js";

/** The argument of a hook: what the test gives, with settings, an hour and a desk that finds nothing. */
export function told({ settings = {}, now = 0n, language = "en", ...rest } = {}) {
  const host = {
    settings: { get: (name) => (name in settings ? String(settings[name]) : undefined) },
    context: { now: () => BigInt(now), random: () => 4n, language: () => language },
    log: { write() {} },
    data: { get: (_, ids) => ids.map(() => undefined), find: () => [], apply: () => undefined },
  };
  const own = (record) => record && strict(record, "");
  const { record, after, before } = rest;
  const records = { record: own(record), after: own(after), before: own(before) };
  return { ...context(host), subject: { model: "", id: 0n, version: 0n }, args: {}, ...rest, ...records };
}

export { Moment };
