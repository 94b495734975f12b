//! Which files without an extension are Python scripts: those whose first line names Python as their interpreter.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No kernel reads more of a first line.
const FIRST_LINE: usize = 256;

/// Whether a regular file is a Python script. A file that cannot be read is none.
pub(super) fn is_python(path: &Path) -> bool {
    let mut start = [0; FIRST_LINE];
    File::open(path).and_then(|mut file| file.read(&mut start)).is_ok_and(|length| runs_python(&start[..length]))
}

/// Whether a first line starts a Python interpreter: `#!/usr/bin/python3 -u`, `#!/usr/bin/env -S VAR=1 python3.11 -m x`.
fn runs_python(start: &[u8]) -> bool {
    let Some(line) = start.strip_prefix(b"#!") else { return false };
    let line = line.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let mut words = line.split_ascii_whitespace();
    let Some(interpreter) = words.next().map(name) else { return false };
    if interpreter != "env" {
        return is_interpreter(interpreter);
    }
    let command = words.find(|word| !word.starts_with('-') && !word.contains('='));
    command.map(name).is_some_and(is_interpreter)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `python`, `python3`, `python3.11`, `python3.13t`, `pypy3`; not `pythonic` or `python2`-only tools such as `python-config`.
fn is_interpreter(name: &str) -> bool {
    let version = name.strip_prefix("pythonw").or_else(|| name.strip_prefix("python")).or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| {
        let version = version.trim_end_matches(['t', 'd']);
        version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        for line in [
            "#!/usr/bin/python",
            "#!/usr/bin/python3 -u\n",
            "#! /usr/bin/env python3\r\nimport sys",
            "#!/usr/bin/env -S python3 -m x",
            "#!/usr/bin/env -S PYTHONUNBUFFERED=1 python3.11",
            "#!/opt/pypy3",
            "#!/usr/bin/python3.13t",
        ] {
            assert!(runs_python(line.as_bytes()), "{line}");
        }
        for line in
            ["", "import sys", "#!/bin/sh", "#!/usr/bin/env bash # python", "#!/usr/bin/pythonic", "#!", "#!/usr/bin/env", "#!\npython"]
        {
            assert!(!runs_python(line.as_bytes()), "{line}");
        }
    }
}
