//! One file: the parse and its index.
