//! The tar format, as it is or compressed: source distributions, what `git archive` and `docker save` write.
//!
//! It has no directory: the whole stream is read once, and what may be asked for is kept in memory.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use tar::EntryType;

use super::tree::Added;
use super::{Allowance, Compression, Found, MAX_NODES, is_linted, limit, names, too_large};
use crate::check::read::ReadError;

/// What a dictionary of xz may take, in KiB: four times that of its highest level.
const XZ_MEMORY: u32 = 256 << 10;
/// How much of the start of a member tells whether it is a text.
const START: usize = 1024;
/// Why an archive is not read to its end that has none.
const END: &str = "it ends in the middle";

/// Reads an archive of `size` bytes: the members that are kept.
///
/// # Errors
/// If there is none.
pub(super) fn read(path: &Path, file: File, size: u64, compression: Compression, found: &mut Found) -> Result<Vec<Vec<u8>>, String> {
    let failed = Cell::new(None);
    let stream = decoder(BufReader::with_capacity(64 << 10, file), compression);
    let stream = Bounded { stream, left: Allowance::unpacked(size), compression, failed: &failed };
    let mut archive = tar::Archive::new(stream);
    let entries = archive.entries().map_err(|error| reason(&error, &failed))?;
    let mut kept = Kept { allowance: Allowance::kept(size), texts: Vec::new(), places: HashMap::new() };
    let mut number = 0;
    for entry in entries {
        let outcome = entry.and_then(|entry| kept.add(path, entry, found));
        match outcome {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if number == 0 => return Err(reason(&error, &failed)),
            Err(error) => {
                found.archive(path, format!("{} (after {number} of its members)", reason(&error, &failed)));
                break;
            }
        }
        number += 1;
        if number >= MAX_NODES {
            found.archive(path, format!("it holds more than {MAX_NODES} members; the rest is not looked at"));
            break;
        }
    }
    Ok(kept.texts)
}

/// What is kept of an archive.
struct Kept {
    allowance: Allowance,
    texts: Vec<Vec<u8>>,
    /// Where the members that are kept lie, for links to them.
    places: HashMap<PathBuf, usize>,
}

impl Kept {
    /// Takes in one member; whether the next one is to be looked at.
    fn add<R: Read>(&mut self, path: &Path, mut entry: tar::Entry<'_, R>, found: &mut Found) -> io::Result<bool> {
        let kind = entry.header().entry_type();
        let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse);
        let name = entry.path_bytes().into_owned();
        if !(is_file || kind.is_hard_link() || kind.is_symlink()) || name.ends_with(b"/") {
            return Ok(true);
        }
        let Some(place) = found.place(&name) else { return Ok(true) };
        if kind.is_symlink() {
            if entry.link_name_bytes().is_some_and(|target| names::leads_out(&place, &target)) {
                found.unreadable(&place, "it is a link that leads out of the archive");
            }
            return Ok(true);
        }
        if kind.is_hard_link() {
            // A file that stood before under another name.
            let target = entry.link_name_bytes().and_then(|target| names::place(&target).ok());
            match target.as_ref().and_then(|target| self.places.get(target)) {
                Some(index) => return Ok(self.name(path, &place, *index, found)),
                None => found.unreadable(&place, "it is a link to what the archive does not hold"),
            }
            return Ok(true);
        }
        let bound = limit(&place);
        if entry.size() > bound {
            found.unreadable(&place, too_large(bound));
            return Ok(true);
        }
        let mut text = Vec::new();
        (&mut entry).take(START as u64).read_to_end(&mut text)?;
        // What no rule reads is not kept, but its name is: an import may lead to it.
        let is_kept = is_linted(&place) || !text.contains(&0);
        if is_kept && !self.allowance.take(entry.size()) {
            found.archive(path, "it unpacks to far more than its size; a part of it is not looked at");
            return Ok(false);
        }
        if is_kept {
            entry.read_to_end(&mut text)?;
            // The library takes the end of the archive for the end of the member.
            if text.len() as u64 != entry.size() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text.shrink_to_fit();
        } else {
            text = Vec::new();
        }
        let index = self.texts.len();
        self.texts.push(text);
        Ok(self.name(path, &place, index, found))
    }

    /// Gives a member that is kept a name; whether there was room for it.
    fn name(&mut self, path: &Path, place: &Path, index: usize, found: &mut Found) -> bool {
        match found.tree.add(place, index) {
            Added::New => {}
            Added::Again => found.unreadable(place, "the archive holds several files of this name; the last one is checked"),
            Added::Full => {
                found.archive(path, format!("it holds more than {MAX_NODES} files and folders; the rest is not looked at"));
                return false;
            }
        }
        self.places.insert(place.to_owned(), index);
        true
    }
}

/// A stream that ends with an error after a number of bytes.
struct Bounded<'a, R> {
    stream: R,
    left: u64,
    compression: Compression,
    /// Why it ended with an error; what the reader of the format says then is of no use.
    failed: &'a Cell<Option<String>>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer).inspect_err(|error| {
            let reason = match (error.kind(), self.compression) {
                (io::ErrorKind::Interrupted, _) => return,
                (io::ErrorKind::UnexpectedEof, _) => END.to_owned(),
                (_, Compression::None) => ReadError::reason(error),
                (_, compression) => format!("it is no {}, or broken", compression.name()),
            };
            self.failed.set(Some(reason));
        })?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            self.failed.set(Some(format!("it unpacks to more than {} times its size; the rest is not looked at", Allowance::RATIO)));
            io::Error::other("too large")
        })?;
        Ok(count)
    }
}

fn decoder(file: BufReader<File>, compression: Compression) -> Box<dyn Read> {
    match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(file, true, XZ_MEMORY)),
        Compression::Zstd => Box::new(Frames { stream: file, decoder: FrameDecoder::new(), in_frame: false }),
    }
}

/// The frames of a stream of Zstandard, one after the other ([RFC 8878], section 3.1).
///
/// [RFC 8878]: https://www.rfc-editor.org/rfc/rfc8878
struct Frames<R> {
    stream: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    /// Begins the next frame of data; whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.stream.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.stream) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut (&mut self.stream).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.in_frame {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    let decoded = self.decoder.decode_blocks(&mut self.stream, BlockDecodingStrategy::UptoBlocks(1));
                    decoded.map_err(|error| io::Error::other(error.to_string()))?;
                }
                let count = self.decoder.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            self.in_frame = self.begin()?;
            if !self.in_frame {
                return Ok(0);
            }
        }
    }
}

/// Why an archive cannot be read, or no further, as the completion of "cannot be read: ".
fn reason(error: &io::Error, failed: &Cell<Option<String>>) -> String {
    failed.take().unwrap_or_else(|| match error.kind() {
        io::ErrorKind::UnexpectedEof => END.to_owned(),
        io::ErrorKind::OutOfMemory => ReadError::reason(error),
        // The library's own words repeat what it has read.
        _ => "it is no tar archive, or broken".to_owned(),
    })
}
