// Scores leads by rules in the settings, says why, and sorts them into queues. A lead that somebody saves again
// is scored again; its rating follows the score.
import { decimal, definePlugin, ok } from "@fondaco/plugin";

const CONDITIONS = {
  is: (value, wanted) => (wanted === "given") === (value !== ""),
  has: (value, words) => words.some((word) => value.toLowerCase().includes(word.toLowerCase())),
  in: (value, values) => values.includes(value),
  ends: (value, ends) => ends.some((end) => value.toLowerCase().endsWith(end.toLowerCase())),
  at_least: (value, least) => value !== "" && decimal(value).gte(least),
  below: (value, most) => value !== "" && decimal(value).lt(most),
};

/** What stands in a field, or at the end of a path, as text. */
function valueOf(lead, path) {
  const value = path.split(".").reduce((record, name) => record?.[name] ?? null, lead);
  return value === null ? "" : String(value);
}

export function holds(rule, lead) {
  const names = Object.keys(CONDITIONS).filter((name) => name in rule);
  if (names.length !== 1) throw new Error(`the rule "${rule.why}" has ${names.length} conditions: mend the rules`);
  return CONDITIONS[names[0]](valueOf(lead, rule.field), rule[names[0]]);
}

export function scored(rules, lead) {
  const held = rules.filter((rule) => holds(rule, lead));
  const score = held.reduce((sum, { points }) => sum + points, 0);
  const reasons = held.map(({ points, why }) => `${points > 0 ? "+" : ""}${points} ${why}`);
  return { score, note: reasons.length ? reasons.join(", ") : "no rule fits" };
}

export default definePlugin({
  saves: {
    score({ after: lead, setting }) {
      const { score, note } = scored(setting.json("rules"), lead);
      const rating = score >= setting.integer("hot") ? "hot" : score >= setting.integer("warm") ? "warm" : "cold";
      const queue = setting.json("queues").find(({ at_least: least }) => score >= least)?.queue ?? null;
      return ok({ score, score_note: note, queue, rating });
    },
  },
});
