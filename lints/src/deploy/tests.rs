//! What holds for every format and any text.

use std::time::{Duration, Instant};

use ruff_text_size::TextRange;

use super::{Format, MAX_TEXT, entry_points, starts, starts_as};

/// One path for each format, and a text of it.
const SAMPLES: &[(&str, &str)] = &[
    (
        "a@.service",
        "[Unit]\nA=b\n[Service]\nType=simple\nEnvironment=\"A=x y\" B=%i\nExecStart=-/usr/bin/env A=b python3 -u \\\n# c\n -m a.b $A ${B} \\x41 ; /bin/x 'é'\nExecStart=\n\
         ExecStart=/bin/sh -c \"exec gunicorn -w 4 'a:b' | tee log || true\"\n",
    ),
    ("Procfile", "web: gunicorn -w ${N:-3} a.wsgi # c\nworker: A=b celery -A é.b worker | tee x; python -m c\n"),
    (
        "Dockerfile",
        "# escape=\\\nFROM a AS b\nARG X=y\nENV A=\"b c\" D=$X\nRUN <<EOF\nx\nEOF\nWORKDIR /srv\nSHELL [\"bash\", \"-c\"]\nENTRYPOINT [\"tini\", \"--\", \"\\u00e9\"]\nCMD python \\\n  # c\n  -m a.$A\n\
         FROM b\nCMD [\"python\", \"-m\", \"a\"]\n",
    ),
    (
        "compose.yml",
        "x: &x {environment: {A: b}, command: [python, \"\\u00e9.py\"]}\nservices:\n  a:\n    <<: *x\n  b:\n    command: >-\n      sh -c 'exec\n      python -m é'\n    environment: [A=b, C]\n",
    ),
    (
        "k8s/a.yaml",
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        env: [{name: A, value: b}]\n        command: [sh, -c]\n        args:\n        - |\n          cd /srv\n          python -m é.$A $(A)\n",
    ),
    ("supervisord.conf", "[program:a]\ncommand=python -m é ; c\n  --x %(y)s\nenvironment=A=\"b\",C='d'\nnumprocs=2\n"),
    ("a.service.j2", "[Service]\n{% if x %}\nExecStart={{ venv }}/bin/python -m a.b @NAME@ {{ é }}\n{% endif %}\n"),
    ("pyproject.toml", "[project.scripts]\na = \"é.b:c\"\n[tool.poetry.scripts]\nx = { reference = \"a:b\" }\n"),
    ("setup.py", "from setuptools import setup\nsetup(entry_points={'console_scripts': ['a = é.b:c']})\n"),
    ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n  a = é.b:c\n"),
    ("a.dist-info/entry_points.txt", "[console_scripts]\na = é.b:c\n"),
];

/// Reads a text in all ways; every place must be one of the text.
fn read(path: &str, text: &str) {
    let check = |range: TextRange| {
        let place = text.get(range.start().to_usize()..range.end().to_usize());
        assert!(place.is_some(), "{path}: {range:?} is no place of {text:?}");
    };
    for start in starts(path, text) {
        check(start.range);
        check(start.command);
        assert!(!start.program.name().contains(super::text::UNKNOWN), "{path}: {start} in {text:?}");
    }
    for entry in entry_points(path, text) {
        check(entry.range);
    }
}

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn samples_say_something() {
    for (path, text) in SAMPLES {
        assert!(!starts(path, text).is_empty() || !entry_points(path, text).is_empty(), "{path}");
        read(path, text);
        assert_eq!(format!("{:?}", starts(path, text)), format!("{:?}", starts(path, text)));
    }
}

#[test]
fn scripts_of_a_shell() {
    let text = "#!/usr/bin/env bash\nset -euo pipefail\nexport PYTHONUNBUFFERED=1\nif [ \"$1\" = web ]; then\n  python manage.py migrate\n  exec gunicorn -w 2 a.wsgi\nfi\ncase $1 in\n  worker) exec celery -A a worker ;;\nesac\nexec \"$@\"\n";
    let shown: Vec<String> = starts_as(Format::Shell, "entrypoint.sh", text).iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["module a.wsgi *2 unbuffered (bash exec pipefail)", "module a *n unbuffered (bash exec pipefail)"]);
}

#[test]
fn texts_that_break_off() {
    for (path, text) in SAMPLES {
        for (at, _) in text.char_indices() {
            read(path, &text[..at]);
            read(path, &text[at..]);
        }
    }
}

#[test]
fn texts_with_lines_of_all_kinds() {
    const PARTS: &[&str] = &[
        "'",
        "\"",
        "\\",
        "\\\n",
        "\n",
        " ",
        "$",
        "${",
        "}",
        "$(",
        ")",
        "`",
        "#",
        ";",
        "|",
        "||",
        "&&",
        "<<EOF",
        "<",
        ">",
        "[",
        "]",
        "{",
        ",",
        ":",
        "=",
        "%",
        "%(",
        "\u{7f}",
        "é",
        "\0",
        "\r",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "{{",
        "}}",
        "{%",
        "@A@",
        "sh -c ",
        "python -m ",
        "env ",
        "exec ",
        "-",
        "--",
        "\t",
        "? ",
        "|\n",
        "\u{feff}",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (path, text) in SAMPLES {
        for _ in 0..1500 {
            let mut changed = (*text).to_owned();
            for _ in 0..=random.below(6) {
                let mut at = random.below(changed.len() + 1);
                while !changed.is_char_boundary(at) {
                    at -= 1;
                }
                changed.insert_str(at, PARTS[random.below(PARTS.len())]);
            }
            read(path, &changed);
        }
        for _ in 0..500 {
            let soup: String = (0..random.below(60)).map(|_| PARTS[random.below(PARTS.len())]).collect();
            read(path, &soup);
            let head = &text[..text.find(['=', ':', '[']).unwrap_or(0)];
            read(path, &format!("{head}{soup}"));
        }
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(88_172_645_463_325_252);
    for (path, _) in SAMPLES {
        for _ in 0..500 {
            let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.below(256) as u8).collect();
            read(path, &String::from_utf8_lossy(&bytes));
        }
    }
}

/// Long texts that repeat what could make a reader go over them again and again.
#[test]
fn time_is_bounded() {
    const REPEATED: &[&str] = &[
        "a",
        " ",
        "\\",
        "\\\n",
        "\n",
        "'",
        "\"",
        "$",
        "${",
        "${a:-",
        "$(",
        "`",
        "(",
        "|",
        ";",
        "<<a ",
        "<<a\n",
        "&a [",
        "[",
        "[[",
        "{",
        "- ",
        "a: ",
        "? ",
        "*a ",
        "{{",
        "{%",
        "@a",
        "# a=b\n",
        "%",
        "%(a",
        "A=b ",
        "-a ",
        "--a ",
        "env ",
        "sh -c '",
        "A=$A$A ",
        "<(",
        "\"$A\" ",
        "python -c ",
        "a:\n",
        " a\n",
        "=",
        "[\"a\",",
        "a.",
        "\r",
        "\t- a\n",
    ];
    // The parser of Python has its own bounds and tests.
    for (path, text) in SAMPLES.iter().filter(|(path, _)| *path != "setup.py") {
        for part in REPEATED {
            let heads = [
                "[Service]\nExecStart=",
                "FROM a\nCMD ",
                "FROM a\nCMD [\"",
                "services:\n a:\n  command: ",
                "web: ",
                "[program:a]\ncommand=",
            ];
            let own = heads.into_iter().filter(|head| text.contains(&head[..4]));
            for head in ["", &text[..text.len() - 1]].into_iter().chain(own) {
                let long = format!("{head}{}", part.repeat((MAX_TEXT / 8 - head.len()) / part.len()));
                let before = Instant::now();
                read(path, &long);
                let time = before.elapsed();
                assert!(time < Duration::from_secs(3), "{path}: {time:?} for {head:?} and {part:?}");
            }
        }
    }
    let line = "FROM a\nENV A=b$A\nCMD python $A\n";
    read("Dockerfile", &line.repeat(MAX_TEXT / line.len()));
    read("compose.yml", &"a".repeat(MAX_TEXT + 1));
}
