//! The plan as `plan_json` writes it. Field by field the classes of `processors/lifecycle/plan.py`.

pub use crate::name::Name;
use serde::Deserialize;

pub const TOTAL: i32 = -1;

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Str(Name),
    Decimal { value: String },
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Wanted {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Test {
    pub field: Name,
    pub op: String,
    pub value: Wanted,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Atom {
    pub event: Name,
    pub tests: Vec<Test>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Behaviour {
    pub id: Name,
    pub atoms: Vec<Atom>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Counter {
    pub behaviour: usize,
    pub distinct: Option<Name>,
    pub keep: usize,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Day,
    Week,
    Ever,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Calendar {
    pub behaviour: usize,
    pub unit: Unit,
    pub keep: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    pub after_ms: i64,
    pub keep: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "is")]
pub enum Decay {
    HalfLife { ms: i64 },
    Steps { steps: Vec<Step> },
}

#[derive(Clone, Debug, Deserialize)]
pub struct BehaviourRule {
    pub id: Name,
    pub score: usize,
    pub behaviour: usize,
    pub points: i64,
    pub decay: Option<Decay>,
    pub cap_points: Option<i64>,
    pub cap_times: Option<usize>,
    pub cap_each: Option<Unit>,
    pub distinct: Option<Name>,
    pub keep: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct FitRule {
    pub id: Name,
    pub score: usize,
    pub when: Condition,
    pub points: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "is")]
pub enum Rule {
    BehaviourRule(BehaviourRule),
    FitRule(FitRule),
}

#[derive(Clone, Debug, Deserialize)]
pub struct Score {
    pub id: Name,
    pub max: Option<i64>,
    pub rules: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    Ever,
    StageEntry,
    Recycled,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "is")]
pub enum Condition {
    All { of: Vec<Condition>, path: Name },
    AnyOf { of: Vec<Condition>, path: Name },
    Not { of: Box<Condition>, path: Name },
    Did { counter: u32, op: String, n: i64, within_ms: Option<i64>, since: Since, path: Name },
    DidNot { counter: u32, for_ms: i64, path: Name },
    Active { calendar: u32, periods: usize, of: i64, path: Name },
    ProfileTest { test: Test, path: Name },
    ScoreTest { score: i32, op: String, value: i64, path: Name },
    LastTest { event: Name, test: Test, path: Name },
    Deal { is_: String, tests: Vec<Test>, path: Name },
    Reached { stage: usize, path: Name },
    InBand { segment: usize, band: Name, path: Name },
    InStageFor { ms: i64, path: Name },
    HandoffIs { status: Name, path: Name },
}

impl Condition {
    pub fn path(&self) -> &Name {
        match self {
            Self::All { path, .. }
            | Self::AnyOf { path, .. }
            | Self::Not { path, .. }
            | Self::Did { path, .. }
            | Self::DidNot { path, .. }
            | Self::Active { path, .. }
            | Self::ProfileTest { path, .. }
            | Self::ScoreTest { path, .. }
            | Self::LastTest { path, .. }
            | Self::Deal { path, .. }
            | Self::Reached { path, .. }
            | Self::InBand { path, .. }
            | Self::InStageFor { path, .. }
            | Self::HandoffIs { path, .. } => path,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Band {
    pub id: Name,
    pub gte: Option<i64>,
    pub when: Option<Condition>,
    pub path: Name,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Segment {
    pub id: Name,
    pub of: Option<i32>,
    pub bands: Vec<Band>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Leave {
    pub goto: i32,
    pub when: Option<Condition>,
    pub after_ms: Option<i64>,
    pub reset_scores: Vec<u32>,
    pub reset_counts: bool,
    pub reason: Option<Name>,
    pub path: Name,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Breach {
    pub after_ms: i64,
    #[serde(rename = "do")]
    pub action: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Handoff {
    pub to: Name,
    pub accept_within_ms: Option<i64>,
    pub clock: String,
    pub remind_ms: Option<i64>,
    pub on_breach: Vec<Breach>,
    pub path: Name,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Stage {
    pub id: Name,
    pub track: usize,
    pub rank: i64,
    pub owner: Name,
    pub enter: Option<Condition>,
    pub leave: Vec<Leave>,
    pub handoff: Option<Handoff>,
    pub path: Name,
    pub statuses: Vec<Name>,
    pub detour: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Track {
    pub id: Name,
    pub stages: Vec<i32>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct BusinessHours {
    pub days: Vec<i64>,
    pub from_minute: i64,
    pub to_minute: i64,
    pub holidays: Vec<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Company {
    pub stage: String,
    pub floor_by_deals: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Limits {
    pub dedupe_keep: usize,
    pub future_skew_ms: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[allow(clippy::struct_field_names)] // as the reference names them
pub struct Plan {
    pub id: Name,
    pub version: Name,
    pub plan_hash: Name,
    pub shape_hash: Name,
    pub business_hours: BusinessHours,
    pub limits: Limits,
    pub behaviours: Vec<Behaviour>,
    pub counters: Vec<Counter>,
    pub calendars: Vec<Calendar>,
    pub rules: Vec<Rule>,
    pub scores: Vec<Score>,
    pub segments: Vec<Segment>,
    pub stages: Vec<Stage>,
    pub tracks: Vec<Track>,
    pub last_fields: Vec<(Name, Name)>,
    pub profile_fields: Vec<Name>,
    pub company: Option<Company>,
}
