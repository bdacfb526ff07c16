//! The bytes of a package: a tar of plain files in one fixed form, in zstd. What is read is held against
//! what would have been written, so there is one form and no other: no link, folder, owner, hour or
//! extension can be in it, and packing again gives the same bytes.

use std::io::Read;

use fondaco_values::Problem;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{
    DIGESTS, FILES_MAX, Files, PACKED_BYTES_MAX, RATIO_MAX, SIGNATURE, UNPACKED_BYTES_MAX,
    misplaced,
};

const BLOCK: usize = 512;
const NAME_BYTES_MAX: usize = 100;
/// A package that is small may hold what compresses well.
const RATIO_FROM_BYTES: usize = 1 << 20;
/// More than what a compressor looks back in files of this size asks for memory only.
const WINDOW_BYTES_MAX: u64 = 64 << 20;

/// The bytes of a package with these files.
pub(super) fn write(files: &Files) -> Vec<u8> {
    compress_to_vec(tar(files).as_slice(), CompressionLevel::Fastest)
}

fn tar(files: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    // First what the rest is held against.
    let first = [DIGESTS, SIGNATURE];
    let head = first.iter().filter_map(|name| files.get_key_value(*name));
    let rest = files.iter().filter(|(name, _)| !first.contains(&name.as_str()));
    for (name, bytes) in head.chain(rest) {
        out.extend(header(name, bytes.len()));
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

/// The block before a file: a plain file of nobody, of no hour.
fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, &name.as_bytes()[..name.len().min(NAME_BYTES_MAX)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The files of a package.
///
/// # Errors
/// What is wrong with its bytes; all wrong names at once.
pub(super) fn read(package: &[u8]) -> Result<Files, Vec<Problem>> {
    let tar = unpacked(package).map_err(|problem| vec![problem])?;
    let mut files = Files::new();
    let mut problems = Vec::new();
    let mut rest = tar.as_slice();
    loop {
        let Some((block, after)) = rest.split_at_checked(BLOCK) else {
            problems.push(truncated());
            break;
        };
        if block.iter().all(|byte| *byte == 0) {
            if after.len() != BLOCK || after.iter().any(|byte| *byte != 0) {
                problems.push(wrong("trailing", "something stands behind its end"));
            }
            break;
        }
        let entry = match entry(block, after) {
            Ok(entry) => entry,
            Err(problem) => {
                problems.push(problem);
                break;
            }
        };
        rest = entry.rest;
        if files.len() == FILES_MAX {
            problems.push(wrong("too_many", &format!("it has more than {FILES_MAX} files")));
            break;
        }
        if let Some((code, message)) = misplaced(&entry.name) {
            problems.push(Problem::new(entry.name.as_str(), code, format!("{message}.")));
        } else if files.insert(entry.name.clone(), entry.bytes.to_vec()).is_some() {
            let message = format!("{} is in it twice; pack it again.", entry.name);
            problems.push(Problem::new(entry.name, "duplicate", message));
        }
    }
    if problems.is_empty() && tar_differs(&files, &tar) {
        problems.push(wrong("form", "its files are not in the order of `fondaco plugin pack`"));
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn tar_differs(files: &Files, tar_read: &[u8]) -> bool {
    tar(files) != tar_read
}

struct Entry<'t> {
    name: String,
    bytes: &'t [u8],
    rest: &'t [u8],
}

fn entry<'t>(block: &[u8], after: &'t [u8]) -> Result<Entry<'t>, Problem> {
    let name: Vec<u8> = block[..NAME_BYTES_MAX].iter().copied().take_while(|b| *b != 0).collect();
    let name = String::from_utf8_lossy(&name).into_owned();
    match block[156] {
        b'0' | 0 => {}
        b'1' | b'2' => {
            let message =
                format!("{name} is a link, and links lead anywhere; pack the file itself.");
            return Err(Problem::new(name, "link", message));
        }
        b'5' => {
            let message =
                format!("{name} is a folder; a package holds files alone. Pack it again.");
            return Err(Problem::new(name, "folder", message));
        }
        _ => return Err(wrong("form", &format!("{name} is of a kind that no package has"))),
    }
    let size = std::str::from_utf8(&block[124..135]).ok();
    let size = size.and_then(|size| usize::from_str_radix(size, 8).ok());
    let size = size.filter(|size| header(&name, *size) == block);
    let Some(size) = size else {
        let what = format!("the entry of {name} is not written as `fondaco plugin pack` does");
        return Err(wrong("form", &what));
    };
    let (bytes, rest) = after.split_at_checked(size).ok_or_else(truncated)?;
    let padding = size.next_multiple_of(BLOCK) - size;
    let rest = rest.get(padding..).ok_or_else(truncated)?;
    Ok(Entry { name, bytes, rest })
}

/// The tar, no larger than it may be.
fn unpacked(package: &[u8]) -> Result<Vec<u8>, Problem> {
    if package.len() > PACKED_BYTES_MAX {
        let what = format!("it has {} bytes, at most {PACKED_BYTES_MAX}", package.len());
        return Err(wrong("too_large", &what));
    }
    let mut decoder = StreamingDecoder::new_with_max_window_size(package, WINDOW_BYTES_MAX)
        .map_err(|_| wrong("not_a_package", "it is no package of a plugin, or only part of one"))?;
    let most = package.len().saturating_mul(RATIO_MAX).max(RATIO_FROM_BYTES);
    let most = most.min(UNPACKED_BYTES_MAX);
    let mut tar = Vec::new();
    let read = (&mut decoder).take(most as u64 + 1).read_to_end(&mut tar);
    if tar.len() > most {
        let what = format!(
            "it unpacks to more than {most} bytes ({} packed): nothing of the kind is installed",
            package.len()
        );
        return Err(wrong("bomb", &what));
    }
    match read {
        Ok(_) => Ok(tar),
        Err(_) => Err(truncated()),
    }
}

fn truncated() -> Problem {
    wrong("truncated", "its end is missing, or bytes of it were changed on the way: fetch it again")
}

fn wrong(code: &str, what: &str) -> Problem {
    let cure = match code {
        "form" | "trailing" | "too_many" => "; pack it with `fondaco plugin pack`",
        _ => "",
    };
    Problem::new("package", code, format!("The package is refused: {what}{cure}."))
}

/// For the tests of packages: archives that `write` does not make.
#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::package) fn tar_of(files: &Files) -> Vec<u8> {
        tar(files)
    }

    pub(in crate::package) fn packed(tar: &[u8]) -> Vec<u8> {
        compress_to_vec(tar, CompressionLevel::Fastest)
    }

    /// An entry of any kind, whose sum is right.
    pub(in crate::package) fn entry_of(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut block = header(name, bytes.len());
        block[156] = kind;
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut entry = [&block[..], bytes].concat();
        entry.resize(entry.len().next_multiple_of(BLOCK), 0);
        entry
    }
}
