"""The carrier's table; what reaches a price is shown in fixtures/*.toml."""

import unittest
from decimal import Decimal

from fondaco_plugin.told import cx, record
from plugin import fee, freight

RATES = [{"up_to": "5", "fee": "6.90"}, {"up_to": "30", "fee": "12.50"}, {"per_kg": "0.38"}]
SETTINGS = {"zones": '{"IT": "home"}', "elsewhere": "far", "rates": '{"home": [{"up_to": "5", "fee": "6.90"}]}'}


def offer(**fields):
    known = {"product": {"weight": Decimal("1.5"), "kind": "goods"}, "party": {"country": "IT"}}
    return record(quantity=Decimal(3), record={**known, **fields})


class Freight(unittest.TestCase):
    def test_the_table_of_the_carrier(self):
        for weight, wanted in [("0.1", "6.90"), ("5", "6.90"), ("5.001", "12.50"), ("30", "12.50"), ("100", "38.00")]:
            self.assertEqual(fee(RATES, Decimal(weight)), Decimal(wanted), weight)
        with self.assertRaisesRegex(ValueError, "no rate for 6 kg"):
            fee(RATES[:1], Decimal(6))

    def test_a_line_is_spread_over_its_units(self):
        [each] = freight(cx(**SETTINGS), offer())
        self.assertEqual(each, {"label": "Freight, 4.5 kg to IT (home)", "change": Decimal("2.300000")})

    def test_services_and_what_has_no_weight_have_no_freight(self):
        for product in ({"weight": Decimal(1), "kind": "service"}, {"weight": None, "kind": "goods"}):
            self.assertEqual(freight(cx(**SETTINGS), offer(product=product)), [])

    def test_a_zone_without_rates_is_the_administrators_to_mend(self):
        with self.assertRaisesRegex(ValueError, "zone `far` has no rates"):
            freight(cx(**SETTINGS), offer(party={"country": None}))


if __name__ == "__main__":
    unittest.main()
