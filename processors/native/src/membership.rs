//! A contact's part in its company, see `processors/lifecycle/membership.py`.

use crate::changes::{Change, Head};
use crate::check::View;
use crate::contact::{Contact, DealIs, NO_STAGE};
use crate::event::Event;
use crate::pack::Packer;
use crate::plan::{Name, Plan};
use crate::program::{Alternative, Program};
use crate::state_reader::{odd, StateReader};
use crate::turn::Turn;
use crate::unsupported::Supported;
use crate::write::{int, maybe, text, Sink};

const DEALS: [&str; 4] = ["none", "open", "won", "lost"];
const NOWHERE: i64 = 0; // rank of no stage

/// What the newest event that named a company said; compared in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Employer {
    at: i64,
    event_id: Name,
    company_id: Name,
}

/// A contact as its company was told of it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    company_id: Name,
    stage: Option<Name>,
    active: bool,
    deals: &'static str,
    counts_as: Option<Name>,
    rank: i64,
    by_deals: bool,
}

/// What a contact keeps of it.
#[derive(Clone, Debug, Default)]
pub struct Belonging {
    employer: Option<Box<Employer>>,
    member: Option<Box<Member>>,
    changes: i64,
}

/// Company, rank and stage that a contact counts with.
pub type Counts = (Name, i64, Option<Name>);

impl Belonging {
    /// What is left of a contact that ends: what was told of it.
    pub fn without_employer(self) -> Self {
        Self { employer: None, ..self }
    }

    /// What was told under another definition stays what was told.
    pub fn take_over(&mut self, said: Self) {
        *self = Self { employer: self.employer.take(), ..said };
    }

    /// What the company was told last.
    pub fn counts(&self) -> Option<Counts> {
        self.member.as_ref().map(|one| (one.company_id.clone(), one.rank, one.counts_as.clone()))
    }
}

pub struct MembershipChanged {
    pub head: Head,
    member: Member,
    left: bool,
    erased: bool,
    event_id: Option<Name>,
}

/// How one plan sees contacts in their companies.
pub struct Memberships {
    active_only: bool,
    floors: Vec<usize>, // alternatives that ask of deals alone, highest rank first
    ranks: Vec<i64>,    // by stage
}

impl Memberships {
    pub fn new(plan: &Plan, alternatives: &[Alternative], climb: &[usize], deals: u128) -> Option<Self> {
        let company = plan.company.as_ref()?;
        let by_deals = |unit: &&usize| alternatives[**unit].condition.check.deps == deals;
        Some(Self {
            active_only: company.stage == "max_of_active_contacts",
            floors: climb.iter().filter(|unit| company.floor_by_deals && by_deals(unit)).copied().collect(),
            ranks: ranks(plan),
        })
    }

    /// Remembers the company that an event names.
    pub fn note(contact: &mut Contact, event: &Event, at: i64) {
        let Some(company_id) = event.company_id else { return };
        let named = Employer { at, event_id: event.event_id.into(), company_id: company_id.into() };
        if contact.company.employer.as_deref().is_none_or(|known| *known < named) {
            contact.company.employer = Some(Box::new(named));
        }
    }

    /// Tells the company, and the one left, if something is not as they were told last.
    pub fn tell(&self, turn: &mut Turn, contact: &mut Contact) {
        if contact.company.employer.is_none() && contact.company.member.is_none() {
            return;
        }
        let member = self.member(turn, contact);
        if member.as_ref() == contact.company.member.as_deref() {
            return;
        }
        let before = std::mem::replace(&mut contact.company.member, member.clone().map(Box::new));
        if let Some(before) = before {
            if member.as_ref().is_none_or(|member| member.company_id != before.company_id) {
                changed(turn, contact, Member::of(before.company_id), true);
            }
        }
        if let Some(member) = member {
            changed(turn, contact, member, false);
        }
    }

    fn member(&self, turn: &Turn, contact: &Contact) -> Option<Member> {
        let employer = contact.company.employer.as_ref()?;
        let (program, shown) = (turn.program, contact.places[0].shown);
        let active = program.stage(shown).is_some_and(|stage| !stage.detour);
        let mut counts = if active || !self.active_only { shown } else { NO_STAGE };
        let floor = self.floor(program, turn.view(contact));
        let by_deals = floor != NO_STAGE && self.rank(floor) > self.rank(counts);
        if by_deals {
            counts = floor;
        }
        Some(Member {
            stage: program.stage_id(shown).cloned(),
            active,
            deals: deals_of(contact.deals.iter().map(|(_, deal)| deal)),
            counts_as: program.stage_id(counts).cloned(),
            rank: self.rank(counts),
            by_deals,
            ..Member::of(employer.company_id.clone())
        })
    }

    /// The highest stage that the contact's deals alone lead to.
    fn floor(&self, program: &Program, view: View) -> i32 {
        if view.contact.deals.is_empty() {
            return NO_STAGE;
        }
        let mut ways = self.floors.iter().map(|unit| &program.alternatives[*unit]);
        ways.find(|way| way.condition.check.holds(view)).map_or(NO_STAGE, |way| way.stage)
    }

    fn rank(&self, stage: i32) -> i64 {
        usize::try_from(stage).map_or(NOWHERE, |stage| self.ranks[stage])
    }
}

impl Member {
    fn of(company_id: Name) -> Self {
        Self {
            company_id,
            stage: None,
            active: false,
            deals: DEALS[0],
            counts_as: None,
            rank: NOWHERE,
            by_deals: false,
        }
    }
}

impl MembershipChanged {
    pub fn company_id(&self) -> &Name {
        &self.member.company_id
    }

    pub fn write(&self, program: &Program, to: &mut impl Sink) {
        let member = &self.member;
        to.map(16);
        text(to, "record", "membership_changed");
        text(to, "contact_id", &self.head.contact_id);
        int(to, "sequence", self.head.sequence);
        text(to, "company_id", &member.company_id);
        maybe(to, "stage", member.stage.as_ref());
        flag(to, "active", member.active);
        text(to, "deals", member.deals);
        maybe(to, "counts_as", member.counts_as.as_ref());
        int(to, "rank", member.rank);
        flag(to, "by_deals", member.by_deals);
        flag(to, "left", self.left);
        flag(to, "erased", self.erased);
        int(to, "at", self.head.at);
        maybe(to, "event_id", self.event_id.as_ref());
        text(to, "lifecycle", &program.lifecycle);
        text(to, "plan_hash", &program.plan.plan_hash);
    }
}

fn flag(to: &mut impl Sink, key: &str, one: bool) {
    to.key(key);
    to.bool(one);
}

/// The ladder of the main track from 1 up, its detours from -1 down; stages of other tracks are never asked.
fn ranks(plan: &Plan) -> Vec<i64> {
    let (mut ranks, mut up, mut down) = (vec![NOWHERE; plan.stages.len()], 0, 0);
    for stage in plan.tracks.first().iter().flat_map(|track| &track.stages) {
        let stage = *stage as usize;
        let next = if plan.stages[stage].detour { &mut down } else { &mut up };
        *next += 1;
        ranks[stage] = if plan.stages[stage].detour { -*next } else { *next };
    }
    ranks
}

/// One that is won outweighs one that is open, and that one those lost.
fn deals_of<'a>(deals: impl Iterator<Item = &'a DealIs>) -> &'static str {
    let weight = |deal: &DealIs| match &*deal.stage {
        "closed_won" => 3,
        "closed_lost" => 1,
        _ => 2,
    };
    ["none", "lost", "open", "won"][deals.map(weight).max().unwrap_or(0)]
}

fn changed(turn: &mut Turn, contact: &mut Contact, member: Member, left: bool) {
    contact.company.changes += 1;
    let head =
        Head { contact_id: contact.id.clone(), sequence: contact.company.changes, cycle: 0, at: turn.now };
    let event_id = turn.event_id();
    let erased = left && contact.erased;
    turn.out.push(Change::Membership(Box::new(MembershipChanged { head, member, left, erased, event_id })));
}

/// Whether a state has this field: under a plan with companies, and where an earlier plan had some.
pub fn is_kept(program: &Program, contact: &Contact) -> bool {
    program.memberships.is_some() || contact.company.changes != 0
}

pub fn dump_belonging(to: &mut Packer, company: &Belonging) {
    to.array(3);
    match &company.employer {
        None => to.nil(),
        Some(employer) => {
            to.array(3);
            to.int(employer.at);
            to.str(&employer.event_id);
            to.str(&employer.company_id);
        }
    }
    match &company.member {
        None => to.nil(),
        Some(member) => {
            to.array(7);
            to.str(&member.company_id);
            to.maybe_str(member.stage.as_deref());
            to.bool(member.active);
            to.str(member.deals);
            to.maybe_str(member.counts_as.as_deref());
            to.int(member.rank);
            to.bool(member.by_deals);
        }
    }
    to.int(company.changes);
}

pub fn load_belonging(from: &mut StateReader) -> Supported<Belonging> {
    from.from.exactly(3)?;
    let (employer, member) = (employer(from)?, member(from)?);
    Ok(Belonging { employer, member, changes: from.events()? })
}

fn employer(from: &mut StateReader) -> Supported<Option<Box<Employer>>> {
    if from.from.nil() {
        return Ok(None);
    }
    from.from.exactly(3)?;
    let employer = Employer { at: from.time()?, event_id: from.name()?, company_id: from.name()? };
    Ok(Some(Box::new(employer)))
}

fn member(from: &mut StateReader) -> Supported<Option<Box<Member>>> {
    if from.from.nil() {
        return Ok(None);
    }
    from.from.exactly(7)?;
    let (company_id, stage, active) = (from.name()?, from.maybe_name()?, from.from.bool()?);
    let deals = from.name()?;
    let deals = DEALS.iter().find(|one| ***one == *deals).ok_or_else(|| odd("deals of another kind"))?;
    let (counts_as, rank, by_deals) = (from.maybe_name()?, from.from.int()?, from.from.bool()?);
    Ok(Some(Box::new(Member { company_id, stage, active, deals, counts_as, rank, by_deals })))
}
