"""Adds the freight of goods to their prices: the weight of a line, the zone of the customer's country, and the
carrier's table in the settings. What the whole line costs is spread over its units, rounded to six decimals."""

from fondaco_plugin import Decimal, plugin, rounded, step


def fee(rates, weight):
    """What a carrier takes for so many kilograms."""
    for rate in rates:
        if "per_kg" in rate:
            return weight * Decimal(rate["per_kg"])
        if weight <= Decimal(rate["up_to"]):
            return Decimal(rate["fee"])
    raise ValueError(f"no rate for {weight.normalize():f} kg: end the table with per_kg")


@plugin.price("freight")
def freight(cx, offer):
    product, party = offer.record.product, offer.record.party
    if product.kind == "service" or not product.weight or offer.quantity <= 0:
        return []
    zone = cx.json("zones").get(party.country, cx.setting("elsewhere"))
    rates = cx.json("rates").get(zone)
    if rates is None:
        raise ValueError(f"the zone `{zone}` has no rates: mend the settings")
    weight = product.weight * offer.quantity
    each = rounded(fee(rates, weight) / offer.quantity, 6)
    return [step(f"Freight, {weight.normalize():f} kg to {party.country or 'nowhere known'} ({zone})", each)]
