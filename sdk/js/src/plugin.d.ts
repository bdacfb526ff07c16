// Types of @fondaco/plugin. A record is what the hook selects; say of which shape with the type argument.

export class Decimal {
  static of(value: string | number | bigint | Decimal): Decimal;
  readonly digits: bigint;
  readonly scale: number;
  plus(other: Exact): Decimal;
  minus(other: Exact): Decimal;
  times(other: Exact): Decimal;
  /** Divides, rounded to so many decimals, half away from zero. */
  over(other: Exact, decimals: number): Decimal;
  /** Rounded to so many decimals, half away from zero. */
  round(decimals: number): Decimal;
  negated(): Decimal;
  compare(other: Exact): -1 | 0 | 1;
  equals(other: Exact): boolean;
  lt(other: Exact): boolean;
  lte(other: Exact): boolean;
  gt(other: Exact): boolean;
  gte(other: Exact): boolean;
  isZero(): boolean;
  /** With so many decimals, for sentences. */
  fixed(decimals: number): string;
}
export type Exact = Decimal | string | bigint | number;
export function decimal(value: Exact): Decimal;

export class Day {
  constructor(days: number);
  static of(text: string): Day;
  readonly days: number;
  plus(days: number): Day;
}

export class Moment {
  constructor(us: bigint);
  readonly us: bigint;
  readonly day: Day;
}

export interface Link { id: bigint }
export type Value =
  | null | boolean | number | bigint | string | Decimal | Day | Moment | Link | string[] | Link[] | object;
export type Values = Record<string, Value | undefined>;

/** What a record looks like to a plugin: fields by name, paths nested, lines as arrays. */
export type Told = Record<string, any>;
export interface Subject { model: string; id: bigint; version: bigint }
export type Target = { model: string; id: bigint } | { created: number };

export interface Setting {
  (name: string): string;
  decimal(name: string): Decimal;
  integer(name: string): bigint;
  bool(name: string): boolean;
  json(name: string): any;
}

export interface Found<R = Told> { model: string; id: bigint; record: R }

/** What surrounds a call. */
export interface Cx {
  setting: Setting;
  now(): Moment;
  random(): bigint;
  language(): string;
  log(message: string, level?: "debug" | "info" | "warn" | "error"): void;
  /** Records, for events, jobs and actions; elsewhere it refuses. */
  data: {
    get(model: string, ids: bigint[], fields: string[]): (Found | undefined)[];
    find(question: { model: string; filter?: string; sort?: string[]; fields: string[]; limit?: number }): Found[];
    /** Does it at once; answers the id of what it creates. */
    apply(effect: Effect): bigint | undefined;
  };
  /** A name of this piece of work: a job that is tried again has the one that it had. */
  key(): string;
  /** Data of the plugin's own, where `data` answers. */
  kv: {
    get(key: string): string | null;
    /** At most 1,000 that begin so, from after one on. */
    keys(prefix?: string, after?: string): string[];
    set(key: string, value: string | null): void;
  };
  /** Asks somebody outside, from events and jobs; what has no answer throws `Unanswered`. */
  fetch(url: string, options?: Outgoing): Heard & { status: number };
}

export interface Outgoing {
  method?: string;
  /** `{secret:name}` in a value is put in on the way. */
  headers?: Record<string, string>;
  body?: string | Uint8Array | object;
  timeoutSeconds?: number;
}
export interface Heard { headers: Record<string, string>; body: Uint8Array; text(): string; json(): any }
export class Unanswered extends Error { readonly kind: "refused" | "unreachable" | "lost" }
export interface Visit extends Heard { method: string; path: string; query: Map<string, string>; user: string | null }
export interface Page { status: number }

export interface Saving<R = Told> extends Cx { before?: R; after: R; subject: Subject }
export interface Deed<R = Told> extends Cx { action: string; args: Told; record: R; subject: Subject }
export interface Offering<R = Told> extends Cx {
  offer: {
    product: Link; party: Link | null; currency: Link; quantity: Decimal; on: Day;
    list: Decimal; net: Decimal; record: R;
  };
}
export interface Happened extends Cx { event: string; subject: { model: string; id: bigint }; payload: any }

export interface Problem { field: string; code: string; message: string; args?: Record<string, unknown> }
export interface Verdict { changes: Values; problems: Problem[] }
export type Ruling = Verdict | { proceed: true } | { hold: string; effects: Effect[] } | void;
export interface Step { label: string; change: Exact }
export interface Effect { readonly [key: string]: unknown }

export interface Points {
  saves?: Record<string, (saving: Saving<any>) => Verdict | void>;
  guards?: Record<string, (deed: Deed<any>) => Ruling>;
  effects?: Record<string, (deed: Deed<any>) => Effect[] | void>;
  actions?: Record<string, (deed: Deed<any>) => { message?: string; effects?: Effect[] } | void>;
  prices?: Record<string, (offering: Offering<any>) => Step[] | void>;
  events?: Record<string, (happened: Happened) => Effect[] | void>;
  jobs?: Record<string, (job: Cx & { payload: any }) => Effect[] | void>;
  requests?: Record<string, (asked: Cx & { request: Visit }) => Page>;
}

export function definePlugin<P extends Points>(points: P): P;
export function ok(changes?: Values): Verdict;
export function problem(field: string, code: string, message: string, args?: Record<string, unknown>): Problem;
export function refuse(field: string, code: string, message: string, args?: Record<string, unknown>): Verdict;
export function refuse(first: Problem, ...rest: Problem[]): Verdict;
export function proceed(): { proceed: true };
export function hold(message: string, effects?: Effect[]): { hold: string; effects: Effect[] };
export function step(label: string, change: Exact): Step;
export function created(place: number): Target;
export function create(model: string, fields: Values, lines?: Record<string, Values[]>): Effect;
export function update(target: Target, fields: Values): Effect;
export function act(target: Target, action: string, args?: Values): Effect;
export function emit(name: string, target: Target, payload?: unknown): Effect;
export function schedule(job: string, afterSeconds: number, payload?: unknown): Effect;
export function keep(key: string, value: string | null): Effect;
export function post(
  journal: string, day: Day | string, key: string, text: string,
  lines: { account: string; amount: Exact; party?: Link }[],
): Effect;
export function page(
  status: number, body: string | Uint8Array | object,
  more?: { headers?: Record<string, string>; effects?: Effect[] },
): Page;
