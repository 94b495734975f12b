//! The comments that silence findings.
