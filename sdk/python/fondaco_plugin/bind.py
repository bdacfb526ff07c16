"""Between a plugin and the contract, sdk/wit/0.2: what `fondaco plugin build` puts around it. The types of the
contract and the functions of the host are handed in, so that all of this runs under `python -m unittest` too."""

import json
from datetime import date
from decimal import Decimal
from functools import lru_cache
from urllib.parse import parse_qsl

from . import values
from .values import Link, Moment, Record, Subject


class Refused(Exception):
    """What the host refuses, or what a plugin cannot answer."""


class Unanswered(Exception):
    """Somebody outside has not answered; `kind` is refused (and never sent), unreachable, or lost on the way."""

    def __init__(self, kind, why):
        super().__init__(why)
        self.kind = kind


class Heard:
    """Something with headers and a body."""

    def __init__(self, of, **more):
        self.headers = {header.name.lower(): header.value for header in of.headers}
        self.body = bytes(of.body)
        self.__dict__.update(more)

    def text(self):
        return self.body.decode()

    def json(self):
        """Its numbers are exact."""
        return json.loads(self.body, parse_float=Decimal)


def _bytes(body):
    """A text and bytes as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body, default=str)).encode()


@lru_cache
def _document(text):
    return json.loads(text, parse_float=Decimal)


class Cx:
    """What surrounds a call."""

    def __init__(self, bound):
        self._bound = bound

    def setting(self, name, kind=str):
        """A setting of plugin.toml: text, or read as Decimal, int, bool, or json.loads."""
        text = self._bound.settings.get(name)
        if text is None:
            raise Refused(f"the setting `{name}` has no value")
        if kind is bool:
            return text == "true"
        try:
            return kind(text)
        except (ValueError, ArithmeticError) as error:
            raise Refused(f"the setting `{name}` cannot be read: {error}") from error

    def json(self, name):
        """A setting that is a JSON document; its numbers are exact. Read once, however many records ask."""
        return self.setting(name, _document)

    def now(self):
        return Moment(self._bound.context.now())

    def random(self):
        return self._bound.context.random()

    def language(self):
        return self._bound.context.language()

    def log(self, message):
        self._bound.log.write(self._bound.log.Level.INFO, str(message))

    def get(self, model, ids, fields):
        found = self._bound.asked(lambda: self._bound.data.get(model, list(ids), list(fields)))
        return [each and self._bound.record(each) for each in found]

    def find(self, model, filter="", fields=(), sort=(), limit=100):
        question = self._bound.data.Question(model, filter, list(sort), list(fields), limit)
        return [self._bound.record(each) for each in self._bound.asked(lambda: self._bound.data.find(question))]

    def apply(self, effect):
        """Does it at once; answers the id of what it creates."""
        wanted = self._bound.effect(effect)
        return self._bound.asked(lambda: self._bound.data.apply(wanted))

    def key(self):
        """A name of this piece of work: a job that is tried again has the one that it had."""
        return self._bound.context.key()

    def kept(self, key):
        """What the plugin keeps under a key."""
        return self._bound.asked(lambda: self._bound.kv.get(key))

    def keys(self, prefix="", after=None):
        """At most 1,000 that begin so, from after one on."""
        return self._bound.asked(lambda: self._bound.kv.keys(prefix, after))

    def keep(self, key, value):
        """Keeps it at once; None takes it away."""
        self._bound.asked(lambda: self._bound.kv.set(key, value))

    def fetch(self, url, method="GET", headers=None, body=b"", timeout_seconds=10):
        """Asks somebody outside, from events and jobs; what has no answer raises Unanswered."""
        http = self._bound.http
        own = [http.Header(name, str(value)) for name, value in (headers or {}).items()]
        try:
            answer = http.fetch(http.Request(method, url, own, _bytes(body), timeout_seconds))
        except self._bound.err as error:
            kind = type(error.value).__name__.removeprefix("Failure_").lower()
            raise Unanswered(kind, error.value.value) from error
        return Heard(answer, status=answer.status)


class Deed:
    """An action and the record that it is done with."""

    def __init__(self, bound, action, subject, args):
        self.action = action
        self.subject = Subject(subject.model, subject.id, subject.version)
        self.record = bound.record(subject)
        self.args = values.record(bound.pairs(args))


class Bound:
    """A plugin with the contract's types, `t`, and the host's modules."""

    def __init__(self, plugin, t, err, settings=None, context=None, log=None, data=None, kv=None, http=None):
        self.plugin, self.t, self.err = plugin, t, err
        self.settings, self.context, self.log = settings, context, log
        self.data, self.kv, self.http = data, kv, http

    def call(self, point, hook, *args):
        """Calls a hook; what falls says why, and the administrator reads it."""
        found = self.plugin.hooks[point].get(hook)
        try:
            if found is None:
                raise Refused(f"{point}: nothing is written for the hook `{hook}` of plugin.toml")
            return found(Cx(self), *args)
        except Refused as error:
            raise self.err(str(error)) from error
        except Exception as error:
            raise self.err(f"{type(error).__name__}: {error}") from error

    def answered(self, work):
        try:
            return work()
        except (TypeError, ValueError, ArithmeticError, KeyError) as error:
            raise self.err(f"its answer is none: {type(error).__name__}: {error}") from error

    def asked(self, work):
        try:
            return work()
        except self.err as error:
            raise Refused(getattr(error, "value", str(error))) from error

    # What one is told.

    def taken(self, value):
        t, kind = self.t, type(value)
        if kind is t.Value_Null:
            return None
        own = value.value
        if kind is t.Value_Number:
            return values.number(own.mantissa, own.scale)
        if kind is t.Value_Date:
            return values.day(own)
        if kind is t.Value_Timestamp:
            return Moment(own)
        if kind is t.Value_Link:
            return Link(own)
        if kind is t.Value_Links:
            return [Link(each) for each in own]
        return json.loads(own) if kind is t.Value_Json else own

    def pairs(self, fields):
        return [(field.name, self.taken(field.value)) for field in fields]

    def record(self, entity):
        sets = [(set.field, [(row.id, self.pairs(row.fields)) for row in set.rows]) for set in entity.lines]
        found = values.record(self.pairs(entity.fields), sets)
        found._fields.setdefault("id", entity.id)
        return found

    # What one says.

    def given(self, value):
        t = self.t
        if value is None:
            return t.Value_Null()
        if isinstance(value, bool):
            return t.Value_Boolean(value)
        if isinstance(value, int):
            return t.Value_Integer(value)
        if isinstance(value, str):
            return t.Value_Text(value)
        if isinstance(value, Link):
            return t.Value_Link(value.id)
        if isinstance(value, Moment):
            return t.Value_Timestamp(value.us)
        if isinstance(value, date):
            return t.Value_Date(values.days(value))
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return t.Value_Texts(value)
        if isinstance(value, list) and all(isinstance(each, Link) for each in value):
            return t.Value_Links([each.id for each in value])
        if isinstance(value, (dict, list)):
            return t.Value_Json(json.dumps(value, default=str))
        return t.Value_Number(self.decimal(value))

    def decimal(self, value):
        return self.t.Decimal(*values.parts(value))

    def fields(self, named):
        return [self.t.Field(name, self.given(value)) for name, value in named.items()]

    def problems(self, all):
        def one(own):
            args = [self.t.Argument(name, str(value)) for name, value in own["args"].items()]
            return self.t.Problem(own["field"], own["code"], own["message"], args)
        return [one(own) for own in all]

    def target(self, of):
        if isinstance(of, dict):
            return self.t.Target_Created(of["created"])
        return self.t.Target_Existing(self.t.RecordRef(of.model, of.id))

    def effects(self, all):
        return [self.effect(wanted) for wanted in all or ()]

    def effect(self, own):
        t, kind = self.t, own["kind"]
        if kind == "create":
            sets = [t.LineSet(f, [self.fields(row) for row in rows]) for f, rows in own["lines"].items()]
            return t.Effect_Create(t.Creation(own["model"], self.fields(own["fields"]), sets))
        if kind == "update":
            return t.Effect_Update(t.Change(self.target(own["target"]), self.fields(own["fields"])))
        if kind == "act":
            args = self.fields(own["args"])
            return t.Effect_Act(t.Deed(self.target(own["target"]), own["action"], args))
        if kind == "keep":
            return t.Effect_Keep(t.Pair(own["key"], own["value"]))
        if kind == "post":
            lines = [self.line(*line) for line in own["lines"]]
            day = values.days(own["day"])
            return t.Effect_Post(t.Posting(own["journal"], day, own["key"], own["text"], lines))
        payload = json.dumps(own["payload"], default=str)
        if kind == "emit":
            return t.Effect_Emit(t.Notice(own["name"], self.target(own["target"]), payload))
        return t.Effect_Schedule(t.Errand(own["job"], own["after_seconds"], payload))

    def line(self, account, amount, party=None):
        return self.t.PostingLine(account, self.decimal(amount), party and party.id)


def save(bound, types, hook, batch):
    def one(saving):
        before = saving.before and bound.record(saving.before)
        said = bound.call("saves", hook, before, bound.record(saving.after)) or {}
        changes, problems = said.get("changes", {}), said.get("problems", [])
        return bound.answered(lambda: types.Verdict(bound.fields(changes), bound.problems(problems)))
    return [one(saving) for saving in batch]


def guard(bound, types, hook, action, subject, arguments):
    said = bound.call("guards", hook, Deed(bound, action, subject, arguments)) or {}
    if said.get("problems"):
        return bound.answered(lambda: types.Ruling_Refuse(bound.problems(said["problems"])))
    if "hold" in said:
        return bound.answered(lambda: types.Ruling_Hold(types.Hold(said["hold"], bound.effects(said["effects"]))))
    return types.Ruling_Proceed()


def after(bound, hook, action, subject, arguments):
    said = bound.call("effects", hook, Deed(bound, action, subject, arguments))
    return bound.answered(lambda: bound.effects(said))


def action(bound, types, hook, action, subject, arguments):
    message, effects = bound.call("actions", hook, Deed(bound, action, subject, arguments)) or (None, ())
    return bound.answered(lambda: types.Done(message, bound.effects(effects)))


def price(bound, types, hook, offers):
    def one(offer):
        known = {
            "product": Link(offer.product), "party": None if offer.party is None else Link(offer.party),
            "currency": Link(offer.currency), "on": values.day(offer.day),
            "quantity": values.number(offer.quantity.mantissa, offer.quantity.scale),
            "list": values.number(offer.list_price.mantissa, offer.list_price.scale),
            "net": values.number(offer.net_price.mantissa, offer.net_price.scale),
            "record": values.record(bound.pairs(offer.fields)),
        }
        steps = bound.call("prices", hook, Record(known)) or ()
        return bound.answered(lambda: [types.Step(own["label"], bound.decimal(own["change"])) for own in steps])
    return [one(offer) for offer in offers]


def event(bound, hook, happened):
    known = {"name": happened.name, "payload": json.loads(happened.payload),
             "subject": Subject(happened.subject.model, happened.subject.id)}
    said = bound.call("events", hook, Record(known))
    return bound.answered(lambda: bound.effects(said))


def job(bound, hook, payload):
    said = bound.call("jobs", hook, json.loads(payload))
    return bound.answered(lambda: bound.effects(said))


def request(bound, types, hook, asked):
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    visit = Heard(asked, method=asked.method, path=asked.path, query=query, user=asked.user)
    said = bound.call("requests", hook, visit)

    def answer():
        headers = [types.Header(name, str(value)) for name, value in said["headers"].items()]
        return types.Response(said["status"], headers, _bytes(said["body"]), bound.effects(said["effects"]))
    return bound.answered(answer)
