"""Refuses to confirm orders above a limit."""

from fondaco_plugin import Decimal, plugin, proceed, refuse


@plugin.guard("confirm")
def confirm(cx, deed):
    order, most = deed.record, cx.setting("most", Decimal)
    if order.total <= most:
        return proceed()
    why = f"{order.customer.name} may order for {most:.2f} at once, and this is {order.total:.2f}."
    return refuse("total", "too_much", why)
