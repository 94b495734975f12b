//! Arguments -> run -> exit status, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    pyrelint::run(std::env::args_os()).into()
}
