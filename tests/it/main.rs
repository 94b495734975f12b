//! The one integration binary: the program is driven as a user drives it.
#![allow(clippy::print_stdout, reason = "tests say what they ran and what they skipped")]
#![allow(missing_docs, reason = "tests are named after what they show")]

mod equivalence;
mod hard;
mod incidents;
mod markdown;
mod mdtest;
mod pages;
mod repository;
mod support;
