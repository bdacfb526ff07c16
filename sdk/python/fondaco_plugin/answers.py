"""What one says: that it is in order, what is wrong, what is to be done. Plain tuples and dictionaries, which
`bind` turns into the contract's."""


def problem(field, code, message, **args):
    """Something that the user can mend; an empty field means the whole record."""
    return {"field": field, "code": code, "message": message, "args": args}


def ok(changes=None, **more):
    """The record is in order, with these changes: ok(rating="hot"), or a dictionary."""
    return {"changes": {**(changes or {}), **more}, "problems": []}


def refuse(field, code=None, message=None, **args):
    """It is refused: refuse("total", "too_much", "…"), or a list of problem(…)."""
    if isinstance(field, str):
        field = [problem(field, code, message, **args)]
    return {"changes": {}, "problems": list(field)}


def proceed():
    """The action goes on."""
    return {"proceed": True}


def hold(message, effects=()):
    """The action does not happen, and these effects do; the message is what the user reads."""
    return {"hold": message, "effects": list(effects)}


def step(label, change):
    """A step of a price of one unit."""
    return {"label": label, "change": change}


def created(place):
    """The record that the effect at this place of the same answer creates."""
    return {"created": place}


def create(model, fields, lines=None):
    """A new record; lines by the name of their field, each a dictionary."""
    return {"kind": "create", "model": model, "fields": fields, "lines": lines or {}}


def update(target, fields):
    """New values for fields; those that are not named stay as they are."""
    return {"kind": "update", "target": target, "fields": fields}


def act(target, action, args=None):
    """An action of a record."""
    return {"kind": "act", "target": target, "action": action, "args": args or {}}


def emit(name, target, payload=None):
    return {"kind": "emit", "name": name, "target": target, "payload": payload}


def schedule(job, after_seconds, payload=None):
    return {"kind": "schedule", "job": job, "after_seconds": after_seconds, "payload": payload}


def keep(key, value):
    """Data of the plugin's own under a key; None takes it away."""
    return {"kind": "keep", "key": key, "value": value}


def post(journal, day, key, text, lines):
    """An entry in the books: lines of (account, amount) or (account, amount, party), debit as more than zero; the
    key posts once."""
    return {"kind": "post", "journal": journal, "day": day, "key": key, "text": text, "lines": list(lines)}


def page(status, body, headers=None, effects=()):
    """The answer to a request: a text, bytes, or anything else as JSON."""
    return {"status": status, "body": body, "headers": headers or {}, "effects": list(effects)}
