//! Starts workers and watches over them.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use super::targets::{TARGETS, Target};
use super::worker::Seen;

/// How long a case may take before it counts as one without end.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 180 } else { 60 });

/// What came of a target.
#[derive(Default)]
struct Outcome {
    name: &'static str,
    seen: Seen,
    seconds: f64,
    /// The case's number, and what is wrong with it.
    crashes: Vec<String>,
}

/// A fixed number of cases of each target: those that every run has, and some that no other run has.
pub(crate) fn bounded(filters: &[&str]) -> ExitCode {
    let fresh = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.as_secs()) << 20;
    let chosen: Vec<_> =
        TARGETS.iter().filter(|target| filters.is_empty() || filters.iter().any(|word| target.name.contains(word))).collect();
    println!("\nfuzz: the new cases start at {fresh}");
    let outcomes = all(&chosen, |target| {
        let mut outcome = one(target, 0, target.cases, 0);
        let new = one(target, fresh, target.cases / 4, 0);
        outcome.add(new);
        outcome
    });
    let mut passed = outcomes.iter().filter(|outcome| outcome.crashes.is_empty()).count();
    let mut failed = outcomes.len() - passed;
    if filters.is_empty() {
        let status = Command::new(this()).arg("--hard").status();
        if status.is_ok_and(|status| status.success()) { passed += 1 } else { failed += 1 }
    }
    report(&outcomes);
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// So many seconds, shared by the targets.
pub(crate) fn long(seconds: u64, names: &[&str]) -> ExitCode {
    let chosen: Vec<_> = TARGETS.iter().filter(|target| names.is_empty() || names.contains(&target.name)).collect();
    assert!(!chosen.is_empty(), "the targets are {:?}", TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
    let first = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.as_secs()) << 20;
    let each = (seconds * jobs() as u64 / chosen.len() as u64).max(1);
    println!("fuzz: {} targets, {each} seconds each, cases from {first} on", chosen.len());
    let outcomes = all(&chosen, |target| {
        let (start, mut outcome, mut from) = (Instant::now(), Outcome { name: target.name, ..Outcome::default() }, first);
        // A worker that was ended by its case has a successor.
        while start.elapsed().as_secs() < each && outcome.crashes.len() < 10 {
            let left = (each - start.elapsed().as_secs()).max(1);
            outcome.add(one(target, from, 0, left));
            from += 1 << 16;
        }
        outcome
    });
    report(&outcomes);
    if outcomes.iter().all(|outcome| outcome.crashes.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.seen.cases += other.seen.cases;
        self.seen.bytes += other.seen.bytes;
        self.seen.found += other.seen.found;
        self.seen.memory = self.seen.memory.max(other.seen.memory);
        self.seen.time = self.seen.time.max(other.seen.time);
        self.seconds += other.seconds;
        self.crashes.extend(other.crashes);
    }
}

fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn this() -> PathBuf {
    std::env::current_exe().expect("this program has a file")
}

/// Runs targets, as many at a time as there are processors.
fn all(targets: &[&'static Target], run: impl Fn(&'static Target) -> Outcome + Sync) -> Vec<Outcome> {
    let (queue, outcomes) = (Mutex::new(targets.iter().copied().collect::<VecDeque<_>>()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs() {
            scope.spawn(|| {
                loop {
                    let Some(target) = queue.lock().expect("nobody panics").pop_front() else { break };
                    let outcome = run(target);
                    outcomes.lock().expect("nobody panics").push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("nobody panics");
    outcomes.sort_by_key(|outcome| targets.iter().position(|target| target.name == outcome.name));
    outcomes
}

/// Runs one worker to its end, whatever that is.
fn one(target: &'static Target, first: u64, count: u64, seconds: u64) -> Outcome {
    let folder = tempfile::tempdir_in(if PathBuf::from("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() });
    let folder = folder.expect("a folder can be made");
    let (progress, log) = (folder.path().join("progress"), folder.path().join("log"));
    let mut command = Command::new(this());
    command.args(["--worker", target.name]).arg(&progress).args([first, count, seconds].map(|number| number.to_string()));
    command.env("PYRELINT_FUZZ_FOLDER", folder.path().join("work")).stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(std::fs::File::create(&log).expect("a file can be made"));
    for name in ["PYRELINT_CONFIG", "PYRELINT_OUTPUT_FORMAT", "PYRELINT_UNSAFE_FIXES", "VIRTUAL_ENV", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    let start = Instant::now();
    let mut child = command.spawn().expect("a worker starts");
    let mut stdout = child.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.read_to_string(&mut text);
        text
    });
    let current = || std::fs::read(&progress).ok().and_then(|bytes| Some(u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?)));
    let hangs = watch(&mut child, &current);
    let status = child.wait().expect("it was started");
    let text = reader.join().unwrap_or_default();
    let mut outcome = Outcome { name: target.name, seconds: start.elapsed().as_secs_f64(), ..Outcome::default() };
    for line in text.lines() {
        if let Some(crash) = line.strip_prefix("crash ") {
            outcome.crashes.push(crash.to_owned());
        } else if let Some(numbers) = line.strip_prefix("seen ") {
            let numbers: Vec<u64> = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
            if let [cases, bytes, found, memory, time] = numbers[..] {
                outcome.seen = Seen { cases, bytes, found, memory, time };
            }
        }
    }
    if !status.success() || hangs {
        let number = current().unwrap_or(first);
        let what = if hangs { "it does not end".to_owned() } else { format!("the process ended: {status}") };
        let _ = Command::new(this()).args(["--emit", target.name, &number.to_string(), ""]).status();
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let said: Vec<&str> = said.lines().rev().take(3).collect();
        outcome.crashes.push(format!("{} {number} target/fuzz/{0}/{number} {what} {said:?}", target.name));
        outcome.seen.cases += number.saturating_sub(first);
    }
    outcome
}

/// Waits for the end of a worker. One that stays at a case for too long is killed: then the answer is yes.
fn watch(child: &mut Child, current: &dyn Fn() -> Option<u64>) -> bool {
    let (mut last, mut since) = (None, Instant::now());
    while child.try_wait().expect("it was started").is_none() {
        std::thread::sleep(Duration::from_millis(50));
        let now = current();
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            let _ = child.kill();
            return true;
        }
    }
    false
}

fn report(outcomes: &[Outcome]) {
    println!(
        "\n{:18} {:>9} {:>8} {:>12} {:>9} {:>10} {:>9} {:>7}",
        "target", "cases", "seconds", "bytes", "findings", "slowest ms", "memory MB", "crashes"
    );
    for Outcome { name, seen, seconds, crashes } in outcomes {
        let Seen { cases, bytes, found, memory, time } = *seen;
        println!("{name:18} {cases:9} {seconds:8.1} {bytes:12} {found:9} {:10} {:9} {:7}", time / 1_000, memory >> 20, crashes.len());
    }
    let total: u64 = outcomes.iter().map(|outcome| outcome.seen.cases).sum();
    println!("{:18} {total:9}", "all");
    for crash in outcomes.iter().flat_map(|outcome| &outcome.crashes) {
        println!("CRASH {crash}");
    }
}
