//! What a journal promises, told to both kinds, and what happens when its file is damaged, foreign, newer, in use or full.

mod builders;
mod contract;
mod damage;
mod read_models;
mod writing;
