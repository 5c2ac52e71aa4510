//! Opening a recording: plain, gzip or zip, told apart by the first bytes, never by the name. It is unpacked while it is
//! read, so that a small file that unpacks to a huge one costs time but no memory (F-P08).

use super::unusable::Unusable;
use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

const BUFFER: usize = 64 * 1024;

/// What a recording holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Bars, as CSV.
    Bars,
    /// Frames as they came over the wire: receive time, a space, JSON.
    Frames,
}

impl Kind {
    /// The kind a file seems to be.
    ///
    /// # Errors
    /// [`Unusable`] when it cannot be opened or unpacked.
    pub fn detect(path: &Path) -> Result<Self, Unusable> {
        super::lines::Lines::open(path)?.kind()
    }

    /// Frames are JSON; a line of a CSV has no brace.
    pub(super) fn of(beginning: &[u8]) -> Self {
        let is_frame = |line: &[u8]| {
            let after_time = line.trim_ascii_start().trim_ascii_end();
            let digits = after_time.iter().take_while(|byte| byte.is_ascii_digit()).count();
            after_time[digits..].trim_ascii_start().starts_with(b"{")
        };
        if beginning.split(|byte| *byte == b'\n').any(is_frame) { Self::Frames } else { Self::Bars }
    }
}

/// The text of the file at `path`.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, Unusable> {
    let unreadable = |why| Unusable::Unreadable { path: path.to_owned(), why };
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let packed = BufReader::with_capacity(BUFFER, file);
    Ok(match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(packed))),
        [b'P', b'K', 3..=6, _] => Box::new(BufReader::with_capacity(BUFFER, first_csv(path, packed)?)),
        _ => Box::new(packed),
    })
}

/// The first CSV of a zip archive. Its place is looked up first; then it is read straight from the file.
fn first_csv(path: &Path, packed: BufReader<File>) -> Result<Checked<Box<dyn Read + Send>>, Unusable> {
    let damaged = |why: String| Unusable::Damaged {
        path: path.to_owned(),
        lines: 0,
        bytes: 0,
        why: format!("zip archive: {why}"),
    };
    let mut archive = ZipArchive::new(packed).map_err(|why| damaged(why.to_string()))?;
    let names: Vec<String> = archive.file_names().filter_map(|name| name.ok().map(|name| name.to_string())).collect();
    let is_csv = |name: &&String| name.to_ascii_lowercase().ends_with(".csv");
    let Some(name) = names.iter().find(is_csv) else {
        return Err(Unusable::NoCsv { path: path.to_owned(), found: names });
    };
    let entry = archive.by_name(name).map_err(|why| damaged(why.to_string()))?;
    let (length, crc, method) = (entry.compressed_size(), entry.crc32(), entry.compression());
    let start = entry.data_start().ok_or_else(|| damaged(format!("{name} has no beginning")))?;
    drop(entry);
    let mut file = archive.into_inner();
    file.seek(SeekFrom::Start(start)).map_err(|why| Unusable::Unreadable { path: path.to_owned(), why })?;
    let stored = file.take(length);
    let from: Box<dyn Read + Send> = match method {
        CompressionMethod::Stored => Box::new(stored),
        CompressionMethod::Deflated => Box::new(DeflateDecoder::new(stored)),
        other => return Err(damaged(format!("{name} is packed with {other}, which is not known here"))),
    };
    Ok(Checked { from, so_far: Crc::new(), expected: crc })
}

/// Compares the checksum when the end is reached.
struct Checked<R> {
    from: R,
    so_far: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.so_far.update(&into[..count]);
        if count == 0 && !into.is_empty() && self.so_far.sum() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not fit"));
        }
        Ok(count)
    }
}
