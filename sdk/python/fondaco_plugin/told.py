"""For tests of a plugin under `python -m unittest`: what its functions are called with, without a host."""

from .bind import Cx
from .values import Link, Record, Subject


class _Settings:
    def __init__(self, known):
        self.known = known

    def get(self, name):
        value = self.known.get(name)
        return None if value is None else str(value)


class _Kept:
    def __init__(self, kept):
        self.kept = kept

    def get(self, key):
        return self.kept.get(key)

    def keys(self, prefix, after):
        return sorted(key for key in self.kept if key.startswith(prefix) and key > (after or ""))

    def set(self, key, value):
        self.kept[key] = value


class _Host:
    """Settings, an hour, a language, what the plugin keeps; nothing else answers."""

    err = Exception

    def __init__(self, settings, kept):
        self.settings = _Settings(settings)
        self.context = self
        self.log = self
        self.kv = _Kept(kept)

    def asked(self, work):
        return work()

    def key(self):
        return "0004"

    Level = type("Level", (), {"INFO": 0})

    def now(self):
        return 0

    def random(self):
        return 4

    def language(self):
        return "en"

    def write(self, level, message):
        pass


def cx(kept=None, **settings):
    """A context with these settings, and what the plugin keeps."""
    return Cx(_Host(settings, {} if kept is None else kept))


def record(**fields):
    """A record with these fields; dictionaries are records behind links."""
    own = {n: record(**v) if isinstance(v, dict) else v for n, v in fields.items()}
    return Record(own)


def deed(action="", **fields):
    """An action with a record of these fields."""
    return Record({"action": action, "subject": Subject("", 0), "record": record(**fields), "args": Record()})


__all__ = ["Link", "cx", "deed", "record"]
