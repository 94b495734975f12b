//! The zip format: wheels, eggs, applications in one file, repositories as services hand them out.
//!
//! The directory at the end counts, as for Python's `zipfile`; members are read from the file when they are asked for.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use zip::read::{ZipArchive, ZipArchiveMetadata, ZipFileEntry};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipReadOptions};

use super::tree::Added;
use super::window::Window;
use super::{Allowance, Found, MAX_NODES, is_linted, limit, names, too_large};
use crate::check::read::ReadError;

/// The longest target of a link that is looked at, in bytes.
const MAX_TARGET: u64 = 4096;
/// What a header of the directory begins with ([APPNOTE], 4.3.12).
///
/// [APPNOTE]: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
const HEADER: &[u8; 4] = b"PK\x01\x02";
/// The length of a header before the name, in bytes.
const HEADER_LENGTH: usize = 46;

/// The members of an archive.
#[derive(Debug)]
pub(super) struct Members {
    window: Window,
    directory: Arc<ZipArchiveMetadata>,
}

/// Reads the directory of an archive of `size` bytes.
///
/// # Errors
/// If there is none.
pub(super) fn open(path: &Path, file: File, size: u64, found: &mut Found) -> Result<Members, String> {
    let window = Window::new(file, size);
    let archive = ZipArchive::new(BufReader::new(window.clone())).map_err(|error| no_directory(&error))?;
    let members = Members { window, directory: archive.metadata() };
    let mut allowance = Allowance::kept(size);
    for index in 0..members.directory.len() {
        match members.directory.entry(index) {
            Ok(entry) if members.add(path, index, &entry, &mut allowance, found) => {}
            _ => break,
        }
    }
    if archive.has_duplicate_names() {
        for name in members.repeated(archive.central_directory_start()) {
            if let Ok(place) = names::place(&name) {
                found.unreadable(&place, "the archive holds several files of this name; the last one is checked");
            }
        }
    }
    Ok(members)
}

impl Members {
    /// Takes in one member; whether the next one is to be looked at.
    fn add(&self, path: &Path, index: usize, entry: &ZipFileEntry<'_>, allowance: &mut Allowance, found: &mut Found) -> bool {
        // What is no UTF-8 is code page 437 by the standard.
        let name = entry.name().map_or_else(|_| entry.name_raw().to_vec(), |name| name.as_bytes().to_vec());
        if entry.is_dir() || name.ends_with(b"/") {
            return true;
        }
        let Some(place) = found.place(&name) else { return true };
        let bound = limit(&place);
        if entry.is_symlink() {
            if entry.size() <= MAX_TARGET && self.unpack(index, MAX_TARGET).is_ok_and(|target| names::leads_out(&place, &target)) {
                found.unreadable(&place, "it is a link that leads out of the archive");
            }
        } else if entry.encrypted() {
            found.unreadable(&place, "it is encrypted");
        } else if !is_known(entry.compression()) {
            found.unreadable(&place, format!("its compression ({}) is not known", entry.compression()));
        } else if entry.size() > bound {
            found.unreadable(&place, too_large(bound));
        } else if is_linted(&place) && !allowance.take(entry.size()) {
            found.archive(path, "it unpacks to far more than its size; a part of it is not looked at");
        } else if found.tree.add(&place, index) == Added::Full {
            found.archive(path, format!("it holds more than {MAX_NODES} files and folders; the rest is not looked at"));
            return false;
        }
        true
    }

    /// The names that stand more than once in the directory, which begins at a place; the library keeps the last member of each.
    fn repeated(&self, start: u64) -> Vec<Vec<u8>> {
        let mut stream = BufReader::new(self.window.clone());
        let (mut seen, mut repeated) = (HashSet::new(), Vec::new());
        if stream.seek(SeekFrom::Start(start)).is_err() {
            return repeated;
        }
        let mut header = [0; HEADER_LENGTH];
        while stream.read_exact(&mut header).is_ok() && header.starts_with(HEADER) {
            let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
            let mut name = vec![0; usize::from(length(28))];
            let rest = i64::from(length(30)) + i64::from(length(32));
            if stream.read_exact(&mut name).is_err() || stream.seek_relative(rest).is_err() {
                break;
            }
            if !seen.insert(name.clone()) {
                repeated.push(name);
            }
        }
        repeated
    }

    /// The bytes of a member.
    pub(super) fn read(&self, index: usize) -> Result<Vec<u8>, ReadError> {
        let size = self.directory.entry(index).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?.size();
        Ok(self.unpack(index, size)?)
    }

    /// The start of a member.
    pub(super) fn start(&self, index: usize, buffer: &mut [u8]) -> usize {
        let mut start = Vec::new();
        // What is broken later on is none of the reader's business.
        let _ = self.with(index, |stream| stream.take(buffer.len() as u64).read_to_end(&mut start));
        buffer[..start.len()].copy_from_slice(&start);
        start.len()
    }

    /// Unpacks what should have no more than `bound` bytes.
    fn unpack(&self, index: usize, bound: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.with(index, |stream| stream.take(bound + 1).read_to_end(&mut bytes))?;
        if bytes.len() as u64 > bound {
            return Err(io::Error::other("it unpacks to more than the archive says"));
        }
        Ok(bytes)
    }

    /// Hands out a member as a stream.
    fn with<T>(&self, index: usize, read: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
        let fail = |error: ZipError| io::Error::other(broken(&error));
        let mut window = BufReader::new(self.window.clone());
        let mut stream =
            self.directory.entry(index).and_then(|entry| entry.with_reader(&mut window, ZipReadOptions::new())).map_err(fail)?;
        read(&mut stream).map_err(|error| io::Error::other(format!("it cannot be unpacked: {}", ReadError::reason(&error))))
    }
}

fn is_known(method: CompressionMethod) -> bool {
    matches!(method, CompressionMethod::STORE | CompressionMethod::DEFLATE | CompressionMethod::BZIP2)
}

/// Why an archive has no directory, as the completion of "cannot be read: ".
fn no_directory(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) => ReadError::reason(error),
        _ => "it is no zip archive, or its end is missing".to_owned(),
    }
}

/// Why a member cannot be unpacked, as the completion of "cannot be read: ".
fn broken(error: &ZipError) -> String {
    match error {
        ZipError::Io(error) => ReadError::reason(error),
        _ => "the archive is broken where it should lie".to_owned(),
    }
}
