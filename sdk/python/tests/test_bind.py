"""A plugin called as the host calls it, with stand-ins for the types that componentize-py makes of the WIT."""

import unittest
from collections import namedtuple
from datetime import date
from decimal import Decimal

from fondaco_plugin import Plugin, Unanswered, create, hold, keep, ok, page, post, refuse, rounded, step, update
from fondaco_plugin import bind, values
from fondaco_plugin.values import Link, Subject


class T:
    """The contract's types."""
    Decimal = namedtuple("Decimal", "mantissa scale")
    Field = namedtuple("Field", "name value")
    Argument = namedtuple("Argument", "name value")
    Problem = namedtuple("Problem", "field code message arguments")
    RecordRef = namedtuple("RecordRef", "model id")
    Creation = namedtuple("Creation", "model fields lines")
    Change = namedtuple("Change", "target fields")
    Verdict = namedtuple("Verdict", "changes problems")
    Hold = namedtuple("Hold", "message effects")
    Step = namedtuple("Step", "label change")
    Pair = namedtuple("Pair", "key value")
    Posting = namedtuple("Posting", "journal day key text lines")
    PostingLine = namedtuple("PostingLine", "account amount party")
    Header = namedtuple("Header", "name value")
    Request = namedtuple("Request", "method url headers body timeout_seconds")
    Response = namedtuple("Response", "status headers body effects")
    Failure_Lost = namedtuple("Failure_Lost", "value")


for _name in ("Boolean", "Integer", "Number", "Text", "Date", "Timestamp", "Link", "Texts", "Links", "Json"):
    setattr(T, f"Value_{_name}", namedtuple(f"Value_{_name}", "value"))
for _name in ("Effect_Create", "Effect_Update", "Effect_Keep", "Effect_Post", "Target_Existing", "Target_Created", "Ruling_Refuse", "Ruling_Hold"):
    setattr(T, _name, namedtuple(_name, "value"))
T.Value_Null = namedtuple("Value_Null", "")
T.Ruling_Proceed = namedtuple("Ruling_Proceed", "")
Entity = namedtuple("Entity", "model id version fields lines")
RowSet = namedtuple("RowSet", "field rows")
Row = namedtuple("Row", "id fields")
Saving = namedtuple("Saving", "before after")


class Err(Exception):
    def __init__(self, value):
        super().__init__(value)
        self.value = value


class Settings:
    @staticmethod
    def get(name):
        return {"most": "100.10", "rules": '{"a": 0.1}'}.get(name)


def number(mantissa, scale):
    return T.Value_Number(T.Decimal(mantissa, scale))


def entity(fields, lines=()):
    return Entity("sales.order", 42, 3, [T.Field(*pair) for pair in fields], list(lines))


class Told(unittest.TestCase):
    def test_fields_paths_and_lines(self):
        plugin, seen = Plugin(), []

        @plugin.guard("confirm")
        def confirm(cx, deed):
            seen.append((cx, deed))

        told = entity(
            [("total", number(1250, 2)), ("customer.name", T.Value_Text("Verdi")), ("customer", T.Value_Link(9)),
             ("ordered_on", T.Value_Date(20514)), ("note", T.Value_Null())],
            [RowSet("lines", [Row(1, [T.Field("quantity", number(2, 0))])])],
        )
        bound = bind.Bound(plugin, T, Err, Settings)
        self.assertIsInstance(bind.guard(bound, T, "confirm", "confirm", told, []), T.Ruling_Proceed)
        cx, deed = seen[0]
        order = deed.record
        self.assertEqual((order.total, order.customer.name, order.customer.id), (Decimal("12.50"), "Verdi", 9))
        self.assertEqual((order.ordered_on, order.note, order.standing), (date(2026, 3, 2), None, None))
        self.assertEqual(order.lines[0].quantity, 2)
        self.assertEqual(deed.subject, Subject("sales.order", 42, 3))
        self.assertEqual(cx.setting("most", Decimal), Decimal("100.10"))
        self.assertEqual(cx.json("rules"), {"a": Decimal("0.1")})
        for name, said in [("margin", "`margin` is not"), ("least", "`least` has no value")]:
            with self.assertRaisesRegex(Exception, said):
                getattr(order, name) if name == "margin" else cx.setting(name)
        with self.assertRaisesRegex(AttributeError, "`customer.limit` is not selected"):
            order.customer.limit


class Answered(unittest.TestCase):
    def test_answers_are_those_of_the_contract(self):
        plugin = Plugin()
        plugin.save("score")(lambda cx, before, after: ok(size=Decimal("1.50"), tags=["a"]) if after.name else refuse("name", "no", "No.", n=1))
        plugin.guard("confirm")(lambda cx, deed: hold("Later.", [create("activity", {"record": 42, "done": False}), update(deed.subject, {"owner": Link(7)})]))
        plugin.price("freight")(lambda cx, offer: [step("Freight", offer.net * Decimal("0.1"))])
        plugin.job("broken")(lambda cx, payload: 1 / 0)
        bound = bind.Bound(plugin, T, Err, Settings)
        named = lambda name: Saving(None, entity([("name", T.Value_Text(name))]))
        good, bad = bind.save(bound, T, "score", [named("a"), named("")])
        self.assertEqual(good.changes, [T.Field("size", number(15, 1)), T.Field("tags", T.Value_Texts(["a"]))])
        self.assertEqual(bad.problems, [T.Problem("name", "no", "No.", [T.Argument("n", "1")])])
        held = bind.guard(bound, T, "confirm", "confirm", entity([]), []).value
        self.assertEqual(held.message, "Later.")
        created, updated = held.effects
        self.assertEqual(created.value.fields[1], T.Field("done", T.Value_Boolean(False)))
        self.assertEqual(updated.value.target.value, T.RecordRef("sales.order", 42))
        Offer = namedtuple("Offer", "product party currency quantity day list_price net_price fields")
        offer = Offer(1, None, 3, T.Decimal(2, 0), 20514, T.Decimal(100, 0), T.Decimal(955, 1), [])
        self.assertEqual(bind.price(bound, T, "freight", [offer]), [[T.Step("Freight", T.Decimal(955, 2))]])
        for hook, said in [("broken", "ZeroDivisionError"), ("other", "nothing is written")]:
            with self.assertRaisesRegex(Err, said):
                bind.job(bound, hook, "null")


class Exact(unittest.TestCase):
    def test_numbers_are_carried_whole(self):
        for text, wanted in [("12.50", (125, 1)), ("-0.005", (-5, 3)), ("1E+3", (1000, 0)), ("0", (0, 0)),
                             ("9223372036854775807", (2**63 - 1, 0))]:
            self.assertEqual(values.parts(Decimal(text)), wanted, text)
        for wrong in (0.1, True, Decimal("NaN"), Decimal(2**63), "abc"):
            with self.assertRaises((TypeError, ValueError, ArithmeticError), msg=str(wrong)):
                values.parts(wrong)

    def test_rounding_goes_half_away_from_zero(self):
        for text, decimals, wanted in [("2.345", 2, "2.35"), ("-2.345", 2, "-2.35"), ("0.5", 0, "1"), ("2", 2, "2.00")]:
            self.assertEqual(str(rounded(Decimal(text), decimals)), wanted)

class Kept:
    """What the plugin keeps, and a peer who never answers."""
    Header, Request = T.Header, T.Request

    @staticmethod
    def get(key):
        return {"last": "S-1"}.get(key)

    @staticmethod
    def fetch(request):
        raise Err(T.Failure_Lost(f"{request.method} {request.url} broke"))


class Outside(unittest.TestCase):
    def test_a_request_is_answered_with_what_is_kept_and_posted(self):
        plugin = Plugin()

        @plugin.request("hook")
        def hook(cx, request):
            line = ("4000", Decimal("-1.50"), Link(9))
            effects = [keep("last", request.json()["number"]), post("SAL", date(2026, 3, 2), "k", "t", [line])]
            told = {"query": request.query["a b"], "before": cx.kept("last"), "as": request.headers["content-type"]}
            return page(201, told, effects=effects)

        asked = namedtuple("Asked", "method path query headers body user")(
            "POST", "/orders", "a+b=c%26d", [T.Header("Content-Type", "text/x")], b'{"number":"S-2"}', None)
        said = bind.request(bind.Bound(plugin, T, Err, kv=Kept), T, "hook", asked)
        self.assertEqual(said.status, 201)
        self.assertEqual(said.body, b'{"query": "c&d", "before": "S-1", "as": "text/x"}')
        kept, posted = (effect.value for effect in said.effects)
        self.assertEqual(kept, T.Pair("last", "S-2"))
        self.assertEqual((posted.day, posted.lines), (20514, [T.PostingLine("4000", T.Decimal(-15, 1), 9)]))

    def test_who_is_not_reached_says_how(self):
        plugin = Plugin()

        @plugin.job("send")
        def send(cx, payload):
            try:
                cx.fetch("https://a.example/in", method="POST", body=payload)
            except Unanswered as error:
                return [keep(error.kind, str(error))]

        said = bind.job(bind.Bound(plugin, T, Err, http=Kept), "send", '{"n": 1}')
        self.assertEqual(said[0].value, T.Pair("lost", "POST https://a.example/in broke"))


if __name__ == "__main__":
    unittest.main()
