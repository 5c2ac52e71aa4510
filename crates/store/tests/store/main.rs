//! What a journal promises, told to both kinds, and what happens when its file is damaged, foreign, newer, in use or full,
//! and when its process dies.

mod builders;
mod contract;
mod crash;
mod damage;
mod flips;
mod form;
mod full_disk;
mod lease;
mod opening;
mod read_models;
mod writing;
