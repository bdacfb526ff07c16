"""What a plugin is told, as Python values. A record has its fields as attributes, paths nested
(`order.customer.name`), lines as lists. A name that the hook does not select is an error and not None: a rule
that looks at nothing decides wrongly."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation

EPOCH = date(1970, 1, 1)
_EXACT = Context(prec=28, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True)
class Link:
    """A link to another record."""
    id: int


@dataclass(frozen=True)
class Subject:
    """The record that it is about."""
    model: str
    id: int
    version: int = 0


@dataclass(frozen=True)
class Moment:
    """Microseconds since 1970, in UTC."""
    us: int

    @property
    def day(self):
        return EPOCH + timedelta(days=self.us // 86_400_000_000)


class Record:
    """Fields by name; `record.total` or `record["total"]`."""

    def __init__(self, fields=None, of=""):
        self.__dict__["_fields"] = dict(fields or {})
        self.__dict__["_of"] = of

    def __getattr__(self, name):
        if name in self._fields:
            return self._fields[name]
        # Told only where somebody keeps the books.
        if name == "standing":
            return None
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"`{self._of}{name}` is not selected in plugin.toml")

    __getitem__ = __getattr__

    def __contains__(self, name):
        return name in self._fields

    def __repr__(self):
        return f"Record({self._fields!r})"


def exact(value):
    """A number without rounding: a Decimal, a whole number or a text; floats are refused."""
    if isinstance(value, (bool, float)):
        raise TypeError(f"{value!r} is no exact number: write Decimal(\"{value}\")")
    return _EXACT.create_decimal(value)


def parts(number):
    """Digits, and how many of them stand after the point."""
    number = exact(number)
    if not number.is_finite():
        raise ValueError(f"{number} is no number")
    sign, digits, exponent = number.normalize(_EXACT).as_tuple()
    whole = int("".join(map(str, digits)) or "0")
    if exponent > 0:
        whole, exponent = whole * 10**exponent, 0
    if whole >= 2**63:
        raise ValueError(f"{number} has more digits than can be answered")
    return (-whole if sign else whole), -exponent


def number(mantissa, scale):
    return Decimal(mantissa).scaleb(-scale, _EXACT)


def day(days):
    return EPOCH + timedelta(days=days)


def days(value):
    return (value - EPOCH).days


def record(pairs, lines=()):
    """A record of (name or path, value) pairs and of (field, [(id, pairs)]) lines."""
    tree = {}
    for name, value in pairs:
        *path, last = name.split(".")
        place = tree
        for step in path:
            below = place.get(step)
            if not isinstance(below, dict):
                below = {} if below is None else {"id": below.id}
                place[step] = below
            place = below
        known = place.get(last)
        if isinstance(known, dict):
            known["id"] = value.id if isinstance(value, Link) else None
        else:
            place[last] = value
    for field, rows in lines:
        tree[field] = [_row(field, row_id, pairs) for row_id, pairs in rows]
    return _nested(tree, "")


def _row(field, row_id, pairs):
    row = record(pairs)
    row._fields["id"] = row_id
    row.__dict__["_of"] = f"{field}."
    return row


def _nested(tree, of):
    own = {n: _nested(v, f"{of}{n}.") if isinstance(v, dict) else v for n, v in tree.items()}
    return Record(own, of)
