"""plugins/credit-guard in Python, with the same plugin.toml and the same fixtures."""

from fondaco_plugin import Decimal, create, hold, plugin, proceed, refuse


def ruling(choice, deed, code, why):
    if choice == "ignore":
        return proceed()
    if choice == "refuse":
        return refuse("customer", code, f"{why}.")
    if choice != "hold":
        raise ValueError(f"`{choice}` is none of refuse, hold, ignore: mend the settings")
    look = {"model": deed.subject.model, "record": deed.subject.id, "title": "Credit: an order is held", "note": why}
    return hold(f"The order is held: {why}. Somebody is asked to look at it.", [create("activity", look)])


@plugin.guard("confirm")
def confirm(cx, deed):
    order, how = deed.record, deed.record.standing
    exposure = (how.receivable or 0) + (how.held or 0) + order.total * order.rate if how else 0
    if how and how.limit is not None and exposure > how.limit:
        return ruling(cx.setting("over_limit"), deed, "over_limit", f"{order.customer.name} is {exposure - how.limit:.2f} over the limit of {how.limit:.2f}")
    if how and (how.overdue or 0) > cx.setting("tolerance", Decimal):
        return ruling(cx.setting("overdue"), deed, "overdue", f"{order.customer.name} has {how.overdue:.2f} overdue")
    return proceed()
