// Between a plugin and the contract, sdk/wit/0.2: what `fondaco plugin build` puts around it. The functions
// of the host are handed in, so that all of this runs under `node --test` too.

import { Decimal } from "./decimal.js";
import { Day, Moment, fields, told } from "./values.js";

export function bind(plugin, host) {
  const cx = context(host);
  const hook = (point, name) => {
    const found = plugin[point]?.[name];
    if (!found) throw new Error(`${point}.${name} is not written, and plugin.toml has the hook \`${name}\``);
    return found;
  };
  const deed = (action, subject, args) => ({
    ...cx,
    action,
    args: told(args),
    record: told(subject.fields, subject.lines),
    subject: { model: subject.model, id: subject.id, version: subject.version },
  });
  return answered({
    records: {
      beforeSave: (name, batch) => batch.map((saving) => verdict(hook("saves", name)(saved(cx, saving)))),
    },
    guards: {
      beforeAction: (name, action, subject, args) => ruling(hook("guards", name)(deed(action, subject, args))),
    },
    effects: {
      afterAction: (name, action, subject, args) => effects(hook("effects", name)(deed(action, subject, args))),
    },
    actions: {
      perform(name, action, subject, args) {
        const done = hook("actions", name)(deed(action, subject, args)) ?? {};
        return { message: done.message, effects: effects(done.effects) };
      },
    },
    pricing: {
      price: (name, offers) =>
        offers.map((offer) => (hook("prices", name)({ ...cx, offer: offered(offer) }) ?? []).map(step)),
    },
    events: {
      onEvent(name, { name: event, subject, payload }) {
        return effects(hook("events", name)({ ...cx, event, subject, payload: JSON.parse(payload) }));
      },
    },
    jobs: { run: (name, payload) => effects(hook("jobs", name)({ ...cx, payload: JSON.parse(payload) })) },
    requests: { handle: (name, request) => paged(hook("requests", name)({ ...cx, request: visit(request) })) },
  });
}

/** What falls says why: the administrator reads it. The contract's error is a text. */
function answered(points) {
  const safe = (work) => (...args) => {
    try {
      return work(...args);
    } catch (error) {
      throw error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  };
  for (const point of Object.values(points)) {
    for (const name of Object.keys(point)) point[name] = safe(point[name]);
  }
  return points;
}

export function context({ settings, context, log, data, kv, http }) {
  const setting = (name) => {
    const text = settings.get(name);
    if (text === undefined || text === null) throw new Error(`the setting \`${name}\` has no value`);
    return text;
  };
  setting.decimal = (name) => Decimal.of(setting(name));
  setting.integer = (name) => BigInt(setting(name));
  setting.bool = (name) => setting(name) === "true";
  const documents = new Map();
  setting.json = (name) => {
    const text = setting(name);
    try {
      // Read once, however many records ask.
      if (!documents.has(text)) documents.set(text, JSON.parse(text));
      return documents.get(text);
    } catch (error) {
      throw new Error(`the setting \`${name}\` is no JSON: ${error.message}`);
    }
  };
  const entity = (found) =>
    found && { model: found.model, id: found.id, record: told(found.fields, found.lines) };
  return {
    setting,
    now: () => new Moment(context.now()),
    random: () => context.random(),
    language: () => context.language(),
    log: (message, level = "info") => log.write(level, String(message)),
    data: {
      get: (model, ids, names) => refusable(() => data.get(model, ids, names)).map(entity),
      find: ({ model, filter = "", sort = [], fields: names, limit = 100 }) =>
        refusable(() => data.find({ model, filter, sort, fields: names, limit })).map(entity),
      apply: (wanted) => refusable(() => data.apply(effect(wanted))),
    },
    key: () => context.key(),
    kv: {
      get: (key) => refusable(() => kv.get(key)) ?? null,
      keys: (prefix = "", after = undefined) => refusable(() => kv.keys(prefix, after)),
      set: (key, value) => refusable(() => kv.set(key, value ?? undefined)),
    },
    fetch: (url, options = {}) => fetched(http, url, options),
  };
}

/** Why there is no answer: `refused` and never sent, `unreachable`, or `lost` on the way. */
export class Unanswered extends Error {
  constructor(kind, why) {
    super(why);
    this.name = "Unanswered";
    this.kind = kind;
  }
}

function fetched(http, url, { method = "GET", headers = {}, body = "", timeoutSeconds = 10 }) {
  const request = { method, url, headers: listed(headers), body: bytes(body), timeoutSeconds };
  try {
    return heard(http.fetch(request));
  } catch (error) {
    const { tag, val } = error?.payload ?? {};
    throw tag ? new Unanswered(tag, val) : error;
  }
}

const listed = (headers) => Object.entries(headers).map(([name, value]) => ({ name, value: String(value) }));

/** A text and bytes as they are, anything else as JSON. */
const bytes = (body) => {
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
};

/** Something with headers and a body, read when somebody asks for it. */
const heard = ({ headers, body, ...rest }) => ({
  ...rest,
  headers: Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
  body,
  text: () => new TextDecoder().decode(body),
  json: () => JSON.parse(new TextDecoder().decode(body)),
});

const visit = (request) => {
  const query = new Map(request.query.split("&").filter(Boolean).map((part) => {
    const [name, value = ""] = part.split("=").map((text) => decodeURIComponent(text.replaceAll("+", " ")));
    return [name, value];
  }));
  return { ...heard(request), query, user: request.user ?? null };
};

const paged = (said) => {
  if (said?.status === undefined) throw new TypeError("a request is answered with page(status, body)");
  const { status, body = "", headers = {} } = said;
  return { status, headers: listed(headers), body: bytes(body), effects: effects(said.effects) };
};

/** What the host refuses is an error with its sentence. */
function refusable(work) {
  try {
    return work();
  } catch (error) {
    throw new Error(error?.payload ?? error?.message ?? String(error));
  }
}

const saved = (cx, { before, after }) => ({
  ...cx,
  before: before && told(before.fields, before.lines),
  after: told(after.fields, after.lines),
  subject: { model: after.model, id: after.id, version: after.version },
});

const decimal = ({ mantissa, scale }) => new Decimal(mantissa, scale);

const offered = (offer) => ({
  product: { id: offer.product },
  party: offer.party === undefined || offer.party === null ? null : { id: offer.party },
  currency: { id: offer.currency },
  quantity: decimal(offer.quantity),
  on: new Day(offer.day),
  list: decimal(offer.listPrice),
  net: decimal(offer.netPrice),
  record: told(offer.fields),
});

const step = ({ label, change }) => {
  const exact = Decimal.of(change);
  return { label, change: { mantissa: exact.digits, scale: exact.scale } };
};

const problems = (all) =>
  all.map(({ field, code, message, args = {} }) => ({
    field,
    code,
    message,
    arguments: Object.entries(args).map(([name, value]) => ({ name, value: String(value) })),
  }));

const verdict = (said) => ({ changes: fields(said?.changes), problems: problems(said?.problems ?? []) });

function ruling(said) {
  if (said?.problems?.length) return { tag: "refuse", val: problems(said.problems) };
  if (said?.hold !== undefined) return { tag: "hold", val: { message: said.hold, effects: effects(said.effects) } };
  return { tag: "proceed" };
}

const effects = (all) => (all ?? []).map(effect);

const target = (of) =>
  of.created !== undefined
    ? { tag: "created", val: of.created }
    : { tag: "existing", val: { model: of.model, id: of.id } };

function effect(wanted) {
  const payload = JSON.stringify(wanted.payload ?? null);
  if (wanted.create) {
    const lines = Object.entries(wanted.lines ?? {});
    const sets = lines.map(([field, rows]) => ({ field, rows: rows.map((row) => fields(row)) }));
    return { tag: "create", val: { model: wanted.create, fields: fields(wanted.fields), lines: sets } };
  }
  if (wanted.update) return { tag: "update", val: { target: target(wanted.update), fields: fields(wanted.fields) } };
  if (wanted.act) {
    const val = { target: target(wanted.target), action: wanted.act, arguments: fields(wanted.args) };
    return { tag: "act", val };
  }
  if (wanted.emit) return { tag: "emit", val: { name: wanted.emit, target: target(wanted.target), payload } };
  if (wanted.schedule) {
    return { tag: "schedule", val: { job: wanted.schedule, afterSeconds: wanted.afterSeconds, payload } };
  }
  if (wanted.keep) return { tag: "keep", val: { key: wanted.keep, value: wanted.value ?? undefined } };
  if (wanted.post) return { tag: "post", val: posting(wanted) };
  throw new TypeError("an effect is made by create, update, act, emit, schedule, keep or post");
}

function posting({ post, day, key, text, lines }) {
  const line = ({ account, amount, party }) => {
    const exact = Decimal.of(amount);
    return { account, amount: { mantissa: exact.digits, scale: exact.scale }, party: party?.id };
  };
  return { journal: post, day: (day instanceof Day ? day : Day.of(day)).days, key, text, lines: lines.map(line) };
}
