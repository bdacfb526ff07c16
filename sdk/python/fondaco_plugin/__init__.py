"""Plugins for Fondaco in Python: a function for each hook of plugin.toml, found by its decorator. Nothing of a
machine is there, no clock, no files, no network: what a plugin may know it is told, what it wants done it
answers. Numbers are `decimal.Decimal`, never floats.

Read on: `values` (what one is told), `answers` (what one says), `bind` (how it reaches the contract)."""

from decimal import ROUND_HALF_UP, Decimal

from .answers import (
    act, create, created, emit, hold, keep, ok, page, post, problem, proceed, refuse, schedule, step, update,
)
from .bind import Unanswered
from .values import Link, Moment, Record, Subject, exact

POINTS = ("saves", "guards", "effects", "actions", "prices", "events", "jobs", "requests")


class Plugin:
    """The hooks of a plugin, by where they are asked and by their names."""

    def __init__(self):
        self.hooks = {point: {} for point in POINTS}

    def _at(self, point, name):
        def keep(function):
            self.hooks[point][name] = function
            return function
        return keep

    def save(self, name):
        """Before a record is saved: `def f(cx, before, after)` answers ok(…) or refuse(…)."""
        return self._at("saves", name)

    def guard(self, name):
        """Before an action: `def f(cx, deed)` answers proceed(), refuse(…) or hold(…)."""
        return self._at("guards", name)

    def effect(self, name):
        """After an action: `def f(cx, deed)` answers a list of effects."""
        return self._at("effects", name)

    def action(self, name):
        """An action of the plugin's own: `def f(cx, deed)` answers (message, effects)."""
        return self._at("actions", name)

    def price(self, name):
        """The steps of a price: `def f(cx, offer)` answers a list of step(…)."""
        return self._at("prices", name)

    def event(self, name):
        """After the commit: `def f(cx, event)` answers a list of effects."""
        return self._at("events", name)

    def job(self, name):
        """What was scheduled: `def f(cx, payload)` answers a list of effects."""
        return self._at("jobs", name)

    def request(self, name):
        """A request under /x/{plugin}/: `def f(cx, request)` answers page(…)."""
        return self._at("requests", name)


plugin = Plugin()


def rounded(number, decimals):
    """Rounded to so many decimals, half away from zero."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


__all__ = [
    "Decimal", "Link", "Moment", "Plugin", "Record", "Subject", "Unanswered", "act", "create", "created", "emit",
    "exact", "hold", "keep", "ok", "page", "plugin", "post", "problem", "proceed", "refuse", "rounded", "schedule",
    "step", "update",
]
