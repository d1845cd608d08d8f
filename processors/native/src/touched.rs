//! What events are looked at for: what behaviours add to, and the fields that anybody asks for.

use crate::compile::Inputs;
use crate::matching::Bits;
use crate::plan::{Name, Plan, Rule};
use crate::subject::Field;
use rustc_hash::{FxHashMap, FxHashSet};

const HANDLED: [&str; 14] = [
    "profile",
    "deal",
    "stage",
    "amount",
    "currency",
    "handoff",
    "reason",
    "actor",
    "track",
    "kind",
    "until",
    "name",
    "properties",
    "into",
];

/// What a behaviour adds to: counters, rules with their scores, and the input bits that makes dirty.
#[derive(Default)]
pub struct Touched {
    pub counters: Vec<usize>,
    pub filters: Vec<usize>,
    pub dirty: Bits,
}

pub fn touched(plan: &Plan, inputs: &Inputs) -> Vec<Touched> {
    let mut touched: Vec<Touched> = plan.behaviours.iter().map(|_| Touched::default()).collect();
    let counters = plan.counters.iter().map(|one| one.behaviour).enumerate();
    for (index, behaviour) in counters {
        touched[behaviour].counters.push(index);
        touched[behaviour].dirty |= inputs.counter(index);
    }
    for (index, shape) in plan.calendars.iter().enumerate() {
        touched[shape.behaviour].counters.push(plan.counters.len() + index);
        touched[shape.behaviour].dirty |= inputs.calendar(index);
    }
    let rules = plan.rules.iter().filter_map(|rule| match rule {
        Rule::BehaviourRule(rule) => Some(rule),
        Rule::FitRule(_) => None,
    });
    for (place, rule) in rules.enumerate() {
        touched[rule.behaviour].filters.push(place);
        touched[rule.behaviour].dirty |= inputs.score(rule.score);
    }
    touched
}

pub fn kept_fields(plan: &Plan) -> FxHashMap<Name, Vec<(Name, Field)>> {
    let mut kept: FxHashMap<Name, Vec<(Name, Field)>> = FxHashMap::default();
    for (event, field) in &plan.last_fields {
        kept.entry(event.clone()).or_default().push((field.clone(), Field::new(field)));
    }
    for fields in kept.values_mut() {
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields.dedup_by(|(one, _), (other, _)| one == other);
    }
    kept
}

/// Fields that behaviours, counters and rules look at, and those that the handlers of some records read.
pub fn wanted(plan: &Plan) -> FxHashSet<Name> {
    let mut wanted: FxHashSet<Name> = HANDLED.iter().map(|name| (*name).into()).collect();
    let atoms = plan.behaviours.iter().flat_map(|behaviour| &behaviour.atoms);
    wanted.extend(atoms.flat_map(|atom| atom.tests.iter().map(|test| test.field.clone())));
    wanted.extend(plan.counters.iter().filter_map(|counter| counter.distinct.clone()));
    wanted.extend(plan.last_fields.iter().map(|(_, field)| field.clone()));
    wanted.extend(plan.rules.iter().filter_map(|rule| match rule {
        Rule::BehaviourRule(rule) => rule.distinct.clone(),
        Rule::FitRule(_) => None,
    }));
    wanted
}
