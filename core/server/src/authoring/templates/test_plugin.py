import unittest
from decimal import Decimal

from fondaco_plugin.told import cx, deed
from plugin import confirm


class Limit(unittest.TestCase):
    def test_the_limit_itself_is_within_it(self):
        order = lambda total: deed(total=Decimal(total), customer={"name": "Verdi"})
        self.assertEqual(confirm(cx(most="500"), order("500.00")), {"proceed": True})
        self.assertIn("this is 500.01", confirm(cx(most="500"), order("500.01"))["problems"][0]["message"])


if __name__ == "__main__":
    unittest.main()
