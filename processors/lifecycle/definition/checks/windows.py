"""Windows no longer than history is kept, and counts that can be reached within them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks.scores import values_of
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.scoring import BehaviourRule, Expires, Steps
from processors.lifecycle.definition.grammar.terms import show_duration
from schemas.times import DAY_MS

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.grammar.scoring import Decay
    from processors.strict_yaml.source import Path


def check_windows(file: File) -> None:
    """Check windows and counts of conditions."""
    for path, node in file.conditions:
        match node:
            case written.Did(did=terms):
                _check_length(file, (*path, "did", "within"), terms.within)
                _check_count(file, path, terms)
            case written.DidNot(did_not=terms):
                _check_length(file, (*path, "did_not", "for"), terms.for_)
            case written.Active(active=terms):
                _check_active(file, (*path, "active"), terms)


def check_decays(file: File) -> None:
    """Check that points do not outlive the history they come from, where their age is what counts."""
    for name, score in file.lifecycle.scores.items():
        _check_decay(file, ("scores", name, "decay"), score.decay)
        for i, rule in enumerate(score.rules):
            if isinstance(rule, BehaviourRule):
                _check_decay(file, ("scores", name, "rules", i, "decay"), rule.decay)


def _check_decay(file: File, path: Path, decay: Decay | None) -> None:
    if isinstance(decay, Expires):
        _check_length(file, (*path, "expires"), decay.expires)
    if isinstance(decay, Steps):
        for i, step in enumerate(decay.steps):
            _check_length(file, (*path, "steps", i, "after"), step.after)


def _check_length(file: File, path: Path, length: int | None) -> None:
    history = file.lifecycle.limits.history
    if length is not None and length > history:
        message = f"{show_duration(length)} is longer than limits.history ({show_duration(history)})"
        file.refuse(path, message, "shorten it, or raise limits.history: what is older is not kept")


def _check_count(file: File, path: Path, terms: written.DidTerms) -> None:
    wanted = terms.more_than + 1 if terms.more_than is not None else terms.at_least
    if wanted is None or terms.distinct is None:
        return
    values = values_of(file, terms.what, terms.distinct)
    if wanted > values:
        place = (*path, "did", "at_least" if terms.at_least is not None else "more_than")
        message = f"this never holds: {terms.distinct} has {values:g} different values, not {wanted}"
        file.refuse(place, message, f"ask for {values:g} at most")


def _check_active(file: File, path: Path, terms: written.ActiveTerms) -> None:
    key, unit = ("in_weeks", 7 * DAY_MS) if terms.in_weeks else ("in_days", DAY_MS)
    wanted = terms.in_weeks or terms.in_days or 0
    if wanted > terms.of:
        message = f"this never holds: {wanted} of the last {terms.of}"
        file.refuse((*path, key), message, f"ask for {terms.of} at most, or raise 'of'")
    _check_length(file, (*path, "of"), terms.of * unit)
