//! Stageline's lifecycle core, compiled. What it does is described by the reference in `processors/lifecycle`:
//! same plan, same state bytes, same changes.

mod calendar;
mod changes;
mod check;
mod compile;
mod contact;
mod counts;
mod crossings;
mod decay;
mod decimal;
mod event;
mod evidence;
mod fold;
mod glob;
mod handoffs;
mod matching;
mod moves;
mod pack;
mod plan;
mod program;
mod python;
mod python_event;
mod ring;
mod rules;
mod scores;
mod segments;
mod settle;
mod shown;
mod small;
mod state;
mod subject;
mod turn;
mod unsupported;
mod words;
mod write;
