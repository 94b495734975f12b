//! A process that runs cases of one target, one after the other, and says which one it is at.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use proptest::strategy::{BoxedStrategy, Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pyrelint::check::panics;
use pyrelint_lints::lint::STACK_SIZE;

use super::properties;
use super::seeds::{self, File};
use super::targets::{self, Target};

/// A case: files, by their paths.
pub(crate) type Case = Vec<File>;

/// What a worker has seen, as it tells its driver.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) cases: u64,
    pub(crate) bytes: u64,
    /// Findings in them.
    pub(crate) found: u64,
    /// The most memory that a case took, in bytes.
    pub(crate) memory: u64,
    /// The longest time of a case, in microseconds of the processor.
    pub(crate) time: u64,
}

/// The case of a number.
fn tree(strategy: &BoxedStrategy<Case>, number: u64) -> Box<dyn ValueTree<Value = Case>> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config { failure_persistence: None, max_local_rejects: 1_000_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    strategy.new_tree(&mut runner).expect("strategies reject nothing")
}

/// Processor time of this process, in microseconds: what else the machine does is no fault of a case.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let all = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    (all.sum::<u64>()).max(nanoseconds.unwrap_or_default()) / 1_000
}

/// Runs a case; what is wrong is the error.
fn check(target: &Target, case: &Case, seen: &mut Seen) -> Result<(), String> {
    let bytes = case.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
    let (before, start) = (super::MEMORY.current_usage(), processor_time());
    super::MEMORY.reset_peak_usage();
    panics::catch(|| (target.check)(case)).unwrap_or_else(|panic| Err(format!("panic: {panic}")))?;
    let memory = super::MEMORY.peak_usage().saturating_sub(before) as u64;
    let time = processor_time().saturating_sub(start);
    seen.cases += 1;
    seen.bytes += bytes;
    seen.memory = seen.memory.max(memory);
    seen.time = seen.time.max(time);
    // A constant for the tables that are made once, and a share for each byte.
    let (most_memory, slowness) = ((256 << 20) + bytes * 20_000, if cfg!(debug_assertions) { 10 } else { 1 });
    if memory > most_memory {
        return Err(format!("{memory} bytes of memory for {bytes} bytes of input"));
    }
    if time > (1_000_000 + bytes * 40) * slowness {
        return Err(format!("{time} microseconds for {bytes} bytes of input"));
    }
    Ok(())
}

/// Runs cases from `first` on: `count` of them, or for some seconds where that is not 0.
pub(crate) fn run(name: &str, progress: &str, first: u64, count: u64, seconds: u64) -> ExitCode {
    let target = targets::named(name);
    let name = target.name;
    let progress = std::fs::File::create(progress).expect("the driver made a folder for it");
    on_large_stack(move || {
        prepare();
        let strategy = (target.strategy)();
        let (start, mut seen) = (Instant::now(), Seen::default());
        let mut crashes = 0;
        for number in first.. {
            let is_over = if seconds > 0 { start.elapsed().as_secs() >= seconds } else { number >= first + count };
            if is_over || crashes == 5 {
                break;
            }
            progress.write_all_at(&number.to_le_bytes(), 0).expect("the disk has room");
            let mut tree = tree(&strategy, number);
            if let Err(reason) = check(target, &tree.current(), &mut seen) {
                crashes += 1;
                let (case, reason) = smaller(target, &mut *tree, reason);
                let folder = write(name, number, &case);
                println!("crash {name} {number} {} {}", folder.display(), reason.replace('\n', "\\n"));
            }
        }
        let Seen { cases, bytes, memory, time, .. } = seen;
        let found = properties::FOUND.load(std::sync::atomic::Ordering::Relaxed);
        println!("seen {cases} {bytes} {found} {memory} {time}");
    })
}

/// The smallest case found that fails.
fn smaller(target: &Target, tree: &mut dyn ValueTree<Value = Case>, mut reason: String) -> (Case, String) {
    let (start, mut best) = (Instant::now(), tree.current());
    let mut go_on = tree.simplify();
    while go_on && start.elapsed() < Duration::from_secs(30) {
        let case = tree.current();
        go_on = match check(target, &case, &mut Seen::default()) {
            Err(now) => {
                (best, reason) = (case, now);
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
    }
    (best, reason)
}

/// Writes a case where crashes are kept.
pub(crate) fn write(name: &str, number: u64, case: &Case) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz").join(name).join(number.to_string());
    let _ = std::fs::remove_dir_all(&folder);
    for (path, bytes) in case {
        let file = folder.join(path);
        let written = std::fs::create_dir_all(file.parent().expect("it has one")).and_then(|()| std::fs::write(&file, bytes));
        if let Err(error) = written {
            println!("{}: {error}", file.display());
        }
    }
    folder
}

/// Writes the case of a number, for one that ended its worker.
pub(crate) fn emit(name: &str, number: u64, folder: &Path) -> ExitCode {
    let case = tree(&(targets::named(name).strategy)(), number).current();
    let written = write(name, number, &case);
    assert!(folder.as_os_str().is_empty() || written == folder, "{}", written.display());
    ExitCode::SUCCESS
}

/// Runs the case of a number again, and says what is wrong.
pub(crate) fn repeat(name: &str, number: u64) -> ExitCode {
    let target = targets::named(name);
    let name = target.name;
    on_large_stack(move || {
        prepare();
        let mut tree = tree(&(target.strategy)(), number);
        let written = write(name, number, &tree.current());
        println!("{name} {number} is in {}", written.display());
        match check(target, &tree.current(), &mut Seen::default()) {
            Ok(()) => println!("nothing is wrong"),
            Err(reason) => {
                println!("{reason}");
                let (case, reason) = smaller(target, &mut *tree, reason);
                println!("smaller, in {}: {reason}", write(name, number, &case).display());
                std::process::exit(1);
            }
        }
    })
}

/// Runs the cases of `tests/hard`: `TARGET/NAME/` holds the files of one.
pub(crate) fn hard() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hard");
    let mut files = Vec::new();
    seeds::collect(&root, &mut files);
    files.sort();
    let mut cases: BTreeMap<PathBuf, Case> = BTreeMap::new();
    for file in files {
        let parts: Vec<_> = file.strip_prefix(&root).expect("it was found there").components().collect();
        let [target, name, rest @ ..] = parts.as_slice() else { continue };
        if rest.is_empty() {
            continue;
        }
        let path = rest.iter().collect::<PathBuf>().to_string_lossy().into_owned();
        cases.entry(Path::new(target).join(name)).or_default().push((path, std::fs::read(&file).expect("readable")));
    }
    on_large_stack(move || {
        prepare();
        let mut bad = 0;
        for (place, case) in &cases {
            let name = place.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            if let Err(reason) = check(targets::named(&name), case, &mut Seen::default()) {
                println!("{}: {reason}", place.display());
                bad += 1;
            }
        }
        println!("{} hard cases, {bad} of them fail", cases.len());
        assert!(cases.len() > 2, "the hard cases were not found");
        if bad > 0 {
            std::process::exit(1);
        }
    })
}

fn on_large_stack(work: impl FnOnce() + Send + 'static) -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK_SIZE).spawn(work).expect("a thread");
    if thread.join().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A process of its own has a working folder of its own; what panics say is kept for whoever catches them.
fn prepare() {
    panics::install_hook();
    let memory = Path::new("/dev/shm");
    let above = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder =
        std::env::var_os("PYRELINT_FUZZ_FOLDER").map_or_else(|| above.join(format!("pyrelint-fuzz-{}", std::process::id())), PathBuf::from);
    std::fs::create_dir_all(&folder).and_then(|()| std::env::set_current_dir(&folder)).expect("a folder to work in");
}
