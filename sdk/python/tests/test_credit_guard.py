"""The example, with figures."""

import sys
import unittest
from decimal import Decimal
from pathlib import Path

from fondaco_plugin.told import cx, deed

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
from credit_guard import confirm  # noqa: E402

SETTINGS = {"over_limit": "refuse", "overdue": "hold", "tolerance": "0"}


def said(total, standing, **other):
    fields = {"total": Decimal(total), "rate": Decimal(2), "customer": {"name": "Verdi"}}
    if standing is not None:
        known = {name: Decimal(text) for name, text in standing.items()}
        fields["standing"] = {"limit": None, "receivable": None, "overdue": None, "held": None, **known}
    return confirm(cx(**{**SETTINGS, **other}), deed(**fields))


class Guard(unittest.TestCase):
    def test_a_customers_limit_and_what_is_overdue(self):
        limit = {"limit": "1000", "receivable": "300", "held": "200"}
        for answer, wanted in [
            (said("250", limit), None),
            (said("250.01", limit), "Verdi is 0.02 over the limit of 1000.00."),
            (said("1000000", None), None),
            (said("1", {"overdue": "120"}, overdue="refuse"), "Verdi has 120.00 overdue."),
            (said("1", {"overdue": "120"}, tolerance="120"), None),
            (said("1", {"overdue": "120"}, overdue="ignore"), None),
        ]:
            problems = answer.get("problems")
            self.assertEqual(problems and problems[0]["message"], wanted)
        held = said("1", {"overdue": "120"})
        self.assertEqual(held["hold"], "The order is held: Verdi has 120.00 overdue. Somebody is asked to look at it.")
        self.assertEqual(held["effects"][0]["fields"]["note"], "Verdi has 120.00 overdue")
        with self.assertRaisesRegex(ValueError, "mend the settings"):
            said("1", {"overdue": "1"}, overdue="perhaps")


if __name__ == "__main__":
    unittest.main()
