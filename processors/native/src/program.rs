//! A plan made ready to run, see `processors/lifecycle/program.py`.

use crate::avro::Decoder;
use crate::calendar::Calendar;
use crate::check::Condition;
use crate::compile::{Compiler, Inputs};
use crate::counts::Counter;
use crate::matching::{CaseFolding, Matcher};
use crate::membership::Memberships;
use crate::outputs::{self, Outputs};
use crate::plan::{self, Name, Plan, Rule, TOTAL};
use crate::ring::Ring;
use crate::rules::{Counted, Sum};
use crate::scores::{Board, Card};
use crate::segments::Bands;
use crate::subject::Field;
use crate::touched::{kept_fields, touched, wanted, Touched};
use crate::unsupported::{Supported, Unsupported};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use serde_json::Value as Json;

/// What the reference's Python knows and hands over, so that both back-ends know the same.
#[derive(Deserialize)]
pub struct Surroundings {
    pub standard: Vec<Name>,                       // names of the records
    pub folds: Vec<(char, Box<str>)>,              // characters that do not casefold to themselves
    pub clock_changes: Vec<(i64, i64)>,            // instant and offset from then on, ms
    pub known_until: i64,                          // ms UTC
    pub versions: Vec<(String, Name, Json, Json)>, // of the records of contact-events, see `Decoder`
    pub outputs: outputs::Asked,
}

/// A leave rule, compiled.
pub struct Exit {
    pub rule: plan::Leave,
    pub when: Option<Condition>,
}

/// One branch of the outermost `any` of a stage's `enter` (or all of it): what can be spent.
pub struct Alternative {
    pub key: String,
    pub stage: i32,
    pub rank: i64,
    pub condition: Condition,
}

pub struct Program {
    pub plan: Plan,
    pub lifecycle: String,
    pub shape: Vec<u8>,
    pub calendar: Calendar,
    pub folding: CaseFolding,
    pub standard: FxHashSet<Name>,
    pub inputs: Inputs,
    pub matcher: Matcher,
    pub decoder: Decoder,
    pub outputs: Outputs,
    pub ring: Ring,
    pub counters: Vec<Counter>,
    pub filters: Vec<(usize, Counted)>,                   // score, rule
    pub touched: Vec<Touched>,                            // by behaviour
    pub kept_fields: FxHashMap<Name, Vec<(Name, Field)>>, // by name
    pub board: Board,
    pub segments: Vec<Bands>,
    pub exits: Vec<Vec<Exit>>,          // by stage
    pub enters: Vec<Option<Condition>>, // by stage
    pub alternatives: Vec<Alternative>,
    pub climbs: Vec<Vec<usize>>, // by track: alternatives of its ladder, highest rank first
    pub timed_climbs: Vec<Vec<usize>>,
    pub units: FxHashMap<String, usize>,
    pub stage_index: FxHashMap<Name, i32>,
    pub memberships: Option<Memberships>,
    sums: Vec<Option<usize>>, // by rule: place in `filters`
}

impl Program {
    pub fn new(plan_json: &str, surroundings: &str) -> Supported<Self> {
        let plan: Plan = read(plan_json)?;
        let around: Surroundings = read(surroundings)?;
        let (inputs, folding) = (Inputs::new(&plan)?, CaseFolding::new(around.folds));
        let matcher = Matcher::new(&plan.behaviours, &folding)?;
        let (counters, filters) = (counters(&plan), filters(&plan));
        let compiler = |track| Compiler {
            plan: &plan,
            inputs: &inputs,
            folding: &folding,
            cards: &[],
            segments: &[],
            track,
        };
        let fits = plan.rules.iter().map(|rule| match rule {
            Rule::FitRule(fit) => compiler(0).check(&fit.when).map(Some),
            Rule::BehaviourRule(_) => Ok(None),
        });
        let board = Board::new(&plan, fits.collect::<Supported<_>>()?)?;
        let bits = || (0..plan.scores.len()).map(|score| inputs.score(score));
        let mut cards: Vec<Card> =
            bits().enumerate().map(|(score, bit)| Card::new(&board, score as i32, bit)).collect();
        cards.push(Card::new(&board, TOTAL, bits().sum()));
        let mut segments = Vec::new();
        for segment in &plan.segments {
            let bands = Bands::new(segment, &Compiler { cards: &cards, segments: &segments, ..compiler(0) })?;
            segments.push(bands);
        }
        let compiler = |track| Compiler { cards: &cards, segments: &segments, ..compiler(track) };
        let exits = plan.stages.iter().map(|stage| exits(stage, &compiler(stage.track)));
        let exits = exits.collect::<Supported<Vec<_>>>()?;
        let enter = |stage: &plan::Stage| {
            stage.enter.as_ref().map(|enter| compiler(stage.track).condition(enter)).transpose()
        };
        let enters = plan.stages.iter().map(enter).collect::<Supported<Vec<_>>>()?;
        let mut alternatives = Vec::new();
        for (index, stage) in plan.stages.iter().enumerate() {
            for condition in stage.enter.iter().flat_map(branches) {
                alternatives.push(Alternative {
                    key: format!("{} {}", stage.id, condition.path()),
                    stage: index as i32,
                    rank: stage.rank,
                    condition: compiler(stage.track).condition(condition)?,
                });
            }
        }
        let climbs: Vec<Vec<usize>> =
            (0..plan.tracks.len()).map(|track| climb(&plan, &alternatives, track)).collect();
        let timed = |climb: &Vec<usize>| {
            climb.iter().copied().filter(|unit| alternatives[*unit].condition.check.rises).collect()
        };
        let mut sums = vec![None; plan.rules.len()];
        for (place, (_, filter)) in filters.iter().enumerate() {
            sums[filter.index as usize] = Some(place);
        }
        Ok(Self {
            lifecycle: format!("{}@{}", plan.id, plan.version),
            shape: shape(&plan)?,
            calendar: Calendar::new(around.clock_changes, around.known_until),
            standard: around.standard.into_iter().collect(),
            ring: Ring::new(plan.limits.dedupe_keep, plan.behaviours.len()),
            touched: touched(&plan, &inputs),
            kept_fields: kept_fields(&plan),
            timed_climbs: climbs.iter().map(timed).collect(),
            units: alternatives.iter().enumerate().map(|(unit, one)| (one.key.clone(), unit)).collect(),
            stage_index: names(&plan),
            memberships: Memberships::new(&plan, &alternatives, &climbs[0], inputs.deals()),
            decoder: Decoder::new(&around.versions, &wanted(&plan)),
            outputs: Outputs::new(around.outputs),
            matcher,
            counters,
            filters,
            board,
            segments,
            exits,
            enters,
            climbs,
            sums,
            alternatives,
            inputs,
            folding,
            plan,
        })
    }

    /// How the events of a rule for behaviour age.
    pub fn sum_of(&self, rule: u32) -> Option<&Sum> {
        self.sums[rule as usize].map(|place| &self.filters[place].1.sum)
    }

    /// Rank of a stage on its ladder; -1 for a detour and for no stage.
    pub fn rank_of(&self, stage: i32) -> i64 {
        self.stage(stage).map_or(-1, |stage| stage.rank)
    }

    pub fn stage(&self, stage: i32) -> Option<&plan::Stage> {
        usize::try_from(stage).ok().map(|stage| &self.plan.stages[stage])
    }

    pub fn stage_id(&self, stage: i32) -> Option<&Name> {
        self.stage(stage).map(|stage| &stage.id)
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Supported<T> {
    serde_json::from_str(json).map_err(|error| Unsupported(format!("the plan cannot be read: {error}")))
}

/// First 8 bytes of the shape hash.
fn shape(plan: &Plan) -> Supported<Vec<u8>> {
    let hex =
        plan.shape_hash.get(..16).ok_or_else(|| Unsupported("the plan has no shape hash".to_owned()))?;
    let number = u64::from_str_radix(hex, 16);
    let number = number.map_err(|_| Unsupported("the plan's shape hash is not hexadecimal".to_owned()))?;
    Ok(number.to_be_bytes().to_vec())
}

fn names(plan: &Plan) -> FxHashMap<Name, i32> {
    plan.stages.iter().enumerate().map(|(index, stage)| (stage.id.clone(), index as i32)).collect()
}

fn counters(plan: &Plan) -> Vec<Counter> {
    let counters = plan.counters.iter().enumerate().map(|(index, counter)| match &counter.distinct {
        None => Counter::Newest { index: index as u32, keep: counter.keep },
        Some(field) => {
            Counter::Distinct { index: index as u32, keep: counter.keep, field: Field::new(field) }
        }
    });
    let calendars = plan.calendars.iter().enumerate().map(|(index, shape)| Counter::Periods {
        index: index as u32,
        keep: shape.keep,
        unit: shape.unit,
    });
    counters.chain(calendars).collect()
}

fn filters(plan: &Plan) -> Vec<(usize, Counted)> {
    let rules = plan.rules.iter().enumerate().filter_map(|(index, rule)| match rule {
        Rule::BehaviourRule(rule) => Some((rule.score, Counted::new(index as u32, rule))),
        Rule::FitRule(_) => None,
    });
    rules.collect()
}

fn branches(condition: &plan::Condition) -> Vec<&plan::Condition> {
    match condition {
        plan::Condition::AnyOf { of, .. } => of.iter().flat_map(branches).collect(),
        one => vec![one],
    }
}

fn exits(stage: &plan::Stage, compiler: &Compiler) -> Supported<Vec<Exit>> {
    let exits = stage.leave.iter().map(|rule| {
        let when = rule.when.as_ref().map(|when| compiler.condition(when)).transpose()?;
        Ok(Exit { rule: rule.clone(), when })
    });
    exits.collect()
}

fn climb(plan: &Plan, alternatives: &[Alternative], track: usize) -> Vec<usize> {
    let on_ladder = |unit: &usize| {
        let stage = &plan.stages[alternatives[*unit].stage as usize];
        stage.track == track && !stage.detour
    };
    let mut units: Vec<usize> = (0..alternatives.len()).filter(on_ladder).collect();
    units.sort_by_key(|unit| (-alternatives[*unit].rank, *unit));
    units
}
