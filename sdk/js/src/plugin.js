// Plugins for Fondaco in JavaScript: one object that says what is answered where. Nothing of a machine is
// there, no clock, no files, no network: what a plugin may know it is told, what it wants done it answers.
// Read on: `values.js` (what one is told), `decimal.js` (exact numbers), `bind.js` (how it reaches the contract).

export { Decimal, decimal } from "./decimal.js";
export { Day, Moment } from "./values.js";
export { Unanswered } from "./bind.js";

const POINTS = ["saves", "guards", "effects", "actions", "prices", "events", "jobs", "requests"];

/** Names of hooks in plugin.toml, by where they are asked, each with a function. */
export function definePlugin(points) {
  for (const [point, hooks] of Object.entries(points)) {
    if (!POINTS.includes(point)) throw new TypeError(`\`${point}\` is none of ${POINTS.join(", ")}`);
    for (const [name, hook] of Object.entries(hooks)) {
      if (typeof hook !== "function") throw new TypeError(`${point}.${name} is no function`);
    }
  }
  return points;
}

/** The record is in order, with these changes. */
export const ok = (changes = {}) => ({ changes, problems: [] });

/** Something that the user can mend; an empty field means the whole record. */
export const problem = (field, code, message, args = {}) => ({ field, code, message, args });

/** It is refused. Several problems: `refuse(problem(…), problem(…))`. */
export const refuse = (first, ...rest) =>
  ({ changes: {}, problems: typeof first === "string" ? [problem(first, ...rest)] : [first, ...rest] });

/** The action goes on. */
export const proceed = () => ({ proceed: true });

/** The action does not happen, and these effects do; the message is what the user reads. */
export const hold = (message, effects = []) => ({ hold: message, effects });

/** A step of a price of one unit. */
export const step = (label, change) => ({ label, change });

/** The record that the effect at this place of the same answer creates. */
export const created = (place) => ({ created: place });

export const create = (model, fields, lines = {}) => ({ create: model, fields, lines });
export const update = (target, fields) => ({ update: target, fields });
export const act = (target, action, args = {}) => ({ act: action, target, args });
export const emit = (name, target, payload = null) => ({ emit: name, target, payload });
export const schedule = (job, afterSeconds, payload = null) => ({ schedule: job, afterSeconds, payload });
/** Data of the plugin's own under a key; null takes it away. */
export const keep = (key, value) => ({ keep: key, value });
/** An entry in the books: `lines` of { account, amount, party? }, debit as more than zero; the key posts once. */
export const post = (journal, day, key, text, lines) => ({ post: journal, day, key, text, lines });

/** The answer to a request: a text, bytes, or anything else as JSON. */
export const page = (status, body, { headers = {}, effects = [] } = {}) => ({ status, body, headers, effects });
