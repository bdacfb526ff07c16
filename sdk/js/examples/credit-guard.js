// plugins/credit-guard in JavaScript, with the same plugin.toml and the same fixtures.
import { create, decimal, definePlugin, hold, proceed, refuse } from "@fondaco/plugin";

const or0 = (number) => number ?? decimal(0);

export default definePlugin({
  guards: {
    confirm({ record: order, subject, setting }) {
      const { limit, receivable: owed, overdue, held } = order.standing ?? {};
      const amount = order.total.times(order.rate);
      const beyond = limit && or0(owed).plus(or0(held)).plus(amount).minus(limit);
      const ruling = (choice, code, why) => {
        if (choice === "ignore") return proceed();
        if (choice === "refuse") return refuse("customer", code, `${why}.`);
        if (choice !== "hold") throw new Error(`\`${choice}\` is none of refuse, hold, ignore: mend the settings`);
        const look = { model: subject.model, record: subject.id, title: "Credit: an order is held", note: why };
        return hold(`The order is held: ${why}. Somebody is asked to look at it.`, [create("activity", look)]);
      };
      if (beyond?.gt(0)) return ruling(setting("over_limit"), "over_limit", `${order.customer.name} is ${beyond.fixed(2)} over the limit of ${limit.fixed(2)}`);
      if (or0(overdue).gt(setting("tolerance"))) return ruling(setting("overdue"), "overdue", `${order.customer.name} has ${overdue.fixed(2)} overdue`);
      return proceed();
    },
  },
});
