//! The simulated venue's behaviour, told as stories: one file per subject, one behaviour per test.
#![allow(clippy::unwrap_used)]

mod accounts;
mod aster;
mod binance;
mod bitget;
mod bitget_blocked;
mod bitget_hedge;
mod bitget_targets;
mod bitget_unified;
mod conditional;
mod corrections;
mod dealer;
mod desk;
mod exits;
mod faults;
mod ig;
mod ig_levels;
mod ig_money;
mod ig_rules;
mod incidents;
mod modes;
mod profile_properties;
mod properties;
mod risk;
mod time;
