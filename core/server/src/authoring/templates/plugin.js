// Refuses to confirm orders above a limit.
import { definePlugin, proceed, refuse } from "@fondaco/plugin";

export default definePlugin({
  guards: {
    confirm({ record: order, setting }) {
      const most = setting.decimal("most");
      if (order.total.lte(most)) return proceed();
      const why = `${order.customer.name} may order for ${most.fixed(2)} at once, and this is ${order.total.fixed(2)}.`;
      return refuse("total", "too_much", why);
    },
  },
});
