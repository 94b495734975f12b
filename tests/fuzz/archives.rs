//! Archives: good ones of every kind, with some of their bytes changed.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::generate::mutated;
use super::properties::{Checked, OnDisk, output};
use super::worker::Case;

/// What the good ones hold.
const MEMBERS: [(&str, &str); 4] = [
    ("pkg/a.py", "import sys\nexit(300)\n"),
    ("pkg/__init__.py", ""),
    ("pyproject.toml", "[project]\nname = \"x\"\n"),
    ("run", "#!/usr/bin/python3\nquit()\n"),
];
/// What is in one run besides: a good archive, of which nothing may be lost.
const GOOD: &str = "good.zip";

fn zip_archive() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (name, text)) in MEMBERS.iter().enumerate() {
        let methods = [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored, zip::CompressionMethod::Bzip2];
        let options = SimpleFileOptions::default().compression_method(methods[number % methods.len()]);
        archive.start_file(*name, options).expect("a member can be begun");
        archive.write_all(text.as_bytes()).expect("memory has room");
    }
    archive.finish().expect("memory has room").into_inner()
}

fn tar_archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind: tar::EntryType, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes()).expect("memory has room");
    };
    for (name, text) in MEMBERS {
        add(name, tar::EntryType::Regular, text);
    }
    add(&"long/".repeat(40), tar::EntryType::Directory, "");
    archive.into_inner().expect("memory has room")
}

/// A tar archive, compressed as a name says.
fn packed(name: &str, tar: &[u8]) -> Vec<u8> {
    let all = |mut reader: Box<dyn std::io::Read + '_>| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).expect("memory has room");
        bytes
    };
    match name.rsplit('.').next() {
        Some("gz") => all(Box::new(flate2::read::GzEncoder::new(tar, flate2::Compression::fast()))),
        Some("bz2") => all(Box::new(bzip2::read::BzEncoder::new(tar, bzip2::Compression::fast()))),
        Some("zst") => ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest),
        Some("xz") => {
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).expect("the options are right");
            writer.write_all(tar).expect("memory has room");
            writer.finish().expect("memory has room")
        }
        _ => tar.to_vec(),
    }
}

/// One archive whose bytes are others, before or after it was compressed.
pub(crate) fn archives() -> BoxedStrategy<Case> {
    let tars = vec![tar_archive()];
    let names = prop::sample::select(vec!["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"]);
    let inside = (names.clone(), mutated(tars.clone(), tars.clone())).prop_map(|(name, tar)| (name, packed(name, &tar)));
    let outside = names.prop_flat_map(move |name| {
        let texts = vec![packed(name, &tars[0])];
        mutated(texts.clone(), texts).prop_map(move |bytes| (name, bytes))
    });
    let zips = vec![zip_archive()];
    let zip = mutated(zips.clone(), zips).prop_map(|bytes| ("a.zip", bytes));
    prop_oneof![3 => zip, 3 => inside, 2 => outside]
        .prop_map(|(name, bytes)| vec![(GOOD.to_owned(), zip_archive()), (name.to_owned(), bytes)])
        .boxed()
}

/// Each is read as far as it goes; paths stay inside, and the other archive is not affected.
pub(crate) fn archive(case: &Case) -> Checked {
    let _disk = OnDisk::new(case);
    let archives: Vec<String> = case.iter().map(|(name, _)| format!("case/{name}")).collect();
    let json = output("json", &archives.iter().map(String::as_str).collect::<Vec<_>>())?;
    let found: Vec<serde_json::Value> = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let paths: Vec<&str> = found.iter().filter_map(|finding| finding["path"].as_str()).collect();
    for path in &paths {
        let inside = case
            .iter()
            .any(|(name, _)| path.strip_prefix(&format!("case/{name}")).is_some_and(|rest| rest.is_empty() || rest.starts_with("!/")));
        if !inside || path.split('/').any(|part| part == "..") {
            return Err(format!("a finding at {path:?}"));
        }
    }
    let good = paths.iter().filter(|path| path.starts_with("case/good.zip!/")).count();
    let alone = findings_alone()?;
    if good != alone {
        return Err(format!("{good} findings in the good archive, and {alone} when it is alone"));
    }
    Ok(())
}

/// How many findings the good archive has alone.
fn findings_alone() -> Result<usize, String> {
    static COUNT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    if let Some(count) = COUNT.get() {
        return Ok(*count);
    }
    let json = output("json", &["case/good.zip"])?;
    let found: Vec<serde_json::Value> = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    if found.len() < 2 {
        return Err(format!("the good archive has {} findings", found.len()));
    }
    Ok(*COUNT.get_or_init(|| found.len()))
}
