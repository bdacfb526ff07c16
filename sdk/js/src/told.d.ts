import { Cx } from "./plugin.js";

/** The argument of a hook, for tests: what the test gives, with settings, an hour and a desk that finds nothing. */
export function told<T extends object>(
  given?: T & { settings?: Record<string, unknown>; now?: bigint; language?: string },
): T & Cx & { subject: { model: string; id: bigint; version: bigint }; args: Record<string, never> };
