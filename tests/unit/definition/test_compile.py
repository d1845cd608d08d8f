from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from processors.lifecycle.plan import MARGIN, AnyOf, BehaviourRule, Counter, Did, HalfLife, Step, Steps
from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from processors.lifecycle_files import compile_lifecycle, load_lifecycle, read_lifecycle
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.lifecycle.plan import Condition, Plan

SMALL = """
lifecycle: 1
id: small
version: 1.0.0
behaviours:
  view: {event: page_view}
  guide: {event: asset_download, where: {buying_stage: awareness}}
  either: {any_of: [view, guide, both]}
  both: {any_of: [guide, view]}
scores:
  interest: {rules: [RULES]}
criteria:
  keen: {did: {what: view, at_least: 3, within: 7d}}
stages:
  - id: lead
    owner: marketing
    terminal: true
    enter:
      any:
        - keen
        - {did: {what: view, more_than: 4}}
        - {did: {what: guide, at_most: 1, distinct: asset}}
"""
STEPS = "[{after: 1d, keep: 50%}, {after: 2d, keep: 0%}]"
RULE = "{id: views, per: view, points: 3}"


def small(rules: str = RULE) -> Plan:
    text = SMALL.replace("RULES", rules).replace("STEPS", STEPS)
    return compile_lifecycle("small.yaml", text.encode())


def edited(old: str, new: str) -> Plan:
    text = read_lifecycle("full")[1].decode()
    assert text.count(old) == 1
    return compile_lifecycle("full.yaml", text.replace(old, new).encode())


def rule(text: str) -> BehaviourRule:
    (compiled,) = small(text).rules
    assert isinstance(compiled, BehaviourRule)
    return compiled


def alternatives() -> tuple[Condition, ...]:
    enter = small().stages[0].enter
    assert isinstance(enter, AnyOf)
    return enter.of


@pytest.fixture(scope="module")
def full() -> Plan:
    return load_lifecycle("full")


def test_conditions_on_the_same_behaviour_share_the_counter_that_keeps_most() -> None:
    assert small().counters == (
        Counter(behaviour=0, distinct=None, keep=5 + MARGIN),
        Counter(behaviour=1, distinct="asset", keep=2 + MARGIN),
    )


def test_a_criterion_is_inlined_and_keeps_its_own_path() -> None:
    assert [one.path for one in alternatives()] == [
        "criteria.keen",
        "stages.lead.enter.any[1]",
        "stages.lead.enter.any[2]",
    ]


def test_more_than_becomes_at_least_one_more() -> None:
    assert alternatives()[1] == Did(
        counter=0, op="at_least", n=5, within_ms=None, since="ever", path="stages.lead.enter.any[1]"
    )


def test_any_of_is_flattened_with_each_filter_once() -> None:
    behaviours = {one.id: one.atoms for one in small().behaviours}
    assert behaviours["either"] == (*behaviours["view"], *behaviours["guide"])


@pytest.mark.parametrize(
    ("text", "decay", "keep"),
    [
        ("{id: r, per: view, points: 3}", None, 0),
        (
            "{id: r, per: view, points: 3, decay: {half_life: 30d}, cap: {points: 30}}",
            HalfLife(ms=2_592_000_000),
            0,
        ),
        ("{id: r, per: view, points: 3, cap: {times: 2, each: ever}}", None, 2),
        ("{id: r, per: view, points: 3, cap: {times: 2, each: day}}", None, 2 * 402),
        (
            "{id: r, per: view, points: 3, cap: {times: 2, each: day}, decay: {expires: 10d}}",
            Steps(steps=(Step(after_ms=864_000_000, keep=0),)),
            2 * 12,
        ),
        (
            "{id: r, per: view, points: 3, cap: {points: 30}, decay: {steps: STEPS}}",
            Steps(steps=(Step(after_ms=86_400_000, keep=50), Step(after_ms=172_800_000, keep=0))),
            20,
        ),
        ("{id: r, per: guide, points: 10, distinct: asset, cap: {points: 25}}", None, 3),
        ("{id: r, per: guide, points: 10, distinct: asset}", None, 256),
    ],
)
def test_a_rule_keeps_as_many_timestamps_as_can_matter(text: str, decay: object, keep: int) -> None:
    compiled = rule(text)
    assert compiled.decay == decay
    assert compiled.keep == (keep + MARGIN if keep else 0)


def test_a_plan_survives_json_exactly() -> None:
    plan = load_lifecycle("full")
    assert plan_from_json(plan_to_json(plan)) == plan
    assert Decimal("9.5") in [
        test.value for one in plan.behaviours for atom in one.atoms for test in atom.tests
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"is": "Plan"}', '{"is": "Nothing"}', '"plan"', "null", "NaN"]
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(LifecycleError):
        plan_from_json(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Every key of the grammar", "# Each key of the grammar"),
        ("definition: Comes back, or asked for something.", "definition: Something else."),
        ("goal: Nurture with content.", "goal: Nurture."),
        ("name: Lead", "name: A lead"),
        ("version: 2.3.0", "version: 2.4.0"),
        ("id: full", "id: full2"),
        ("lists:\n", "lists:  # shared\n"),
        ("{id: warm, gte: 30}", "{gte: 30, id: 'warm'}"),
        ("within: 14d}", "within: 2w}"),
        ("cost: {lt: 9.5}", "cost: {lt: 9.50}"),
    ],
)
def test_what_is_written_for_people_does_not_change_the_plan_hash(old: str, new: str, full: Plan) -> None:
    assert edited(old, new).plan_hash == full.plan_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("per: product_view, points: 3", "per: product_view, points: 4"),
        ("{id: warm, gte: 30}", "{id: warm, gte: 31}"),
        ("within: 14d}", "within: 15d}"),
        ("{id: lost, detour: true, owner: marketing", "{id: lost, detour: true, owner: sales"),
        ("{points: 30}", "{points: 33}"),
        ("remind: 2h", "remind: 3h"),
        ("floor: deals, push_down: false", "push_down: false"),
        ("reason: nobody answered", "reason: no answer"),
        ("future_skew: 5m", "future_skew: 6m"),
        ("points: -25}", "points: -25}\n      - {id: target, when: target, points: 1}"),
    ],
)
def test_a_change_of_numbers_changes_the_plan_hash_but_not_the_shape(old: str, new: str, full: Plan) -> None:
    plan = edited(old, new)
    assert plan.plan_hash != full.plan_hash
    assert plan.shape_hash == full.shape_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{url: {path: /products/**}}", "{url: {path: /product/**}}"),
        ("decay: {half_life: 30d}", "decay: {half_life: 31d}"),
        ("{id: guide, per", "{id: guides, per"),
        ("at_least: 10, within: 14d", "at_least: 11, within: 14d"),
        ("dedupe_keep: 128", "dedupe_keep: 129"),
        ("in_weeks: 3, of: 4", "in_weeks: 3, of: 5"),
        ("timezone: Europe/London", "timezone: Europe/Berlin"),
        ("points: 10, distinct: asset}", "points: 10}"),
        ("company: {stage: {max_of: active_contacts}, floor: deals, push_down: false}", ""),
        (
            "    rules:\n      - {id: product-page",
            "    rules:\n      - {id: target, when: target, points: 1}\n      - {id: product-page",
        ),
        (
            "{id: evangelist, owner: success",
            "{id: fan, owner: success, terminal: true, enter: bant}\n  - {id: evangelist, owner: success",
        ),
        (
            "  next_action:\n",
            "  fitness: {of: fit, bands: [{id: fits, gte: 20}, {id: other}]}\n  next_action:\n",
        ),
        ("  fit:\n", "  liked: {rules: [{id: one, when: target, points: 1}]}\n  fit:\n"),
    ],
)
def test_a_change_of_what_is_remembered_changes_the_shape(old: str, new: str, full: Plan) -> None:
    assert edited(old, new).shape_hash != full.shape_hash


def test_a_broken_file_raises_with_the_whole_report() -> None:
    with pytest.raises(LifecycleError, match=r"^small.yaml:11:39: no behaviour 'veiw'\n"):
        small("{id: views, per: veiw, points: 3}")


def test_a_name_that_is_no_file_and_no_preset_says_what_there_is() -> None:
    with pytest.raises(LifecycleError, match=r"no lifecycle file here .*buyers-journey"):
        load_lifecycle("buyers-jorney")
