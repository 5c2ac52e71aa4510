//! The token that lets somebody in: 256 random bits, shown once, kept only as a hash (S2).

use backstop_store::regular;
use sha3::{Digest, Sha3_256};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use subtle::ConstantTimeEq;

/// Bytes of randomness.
const BYTES: usize = 32;

/// Why there is no usable token.
#[derive(Debug, thiserror::Error)]
pub enum WeakToken {
    /// The file cannot be read or written.
    #[error("the token file {0} cannot be used: {1}; check its permissions, or delete it to get a new token")]
    File(String, std::io::Error),
    /// The file holds no hash.
    #[error("the token file {0} holds no token hash; delete it to get a new token")]
    NoHash(String),
    /// The system gives no randomness.
    #[error("the system gives no random numbers, so no token can be made: {0}")]
    NoRandomness(String),
}

/// The hash of the token.
#[derive(Clone)]
pub struct TokenFile {
    hash: [u8; 32],
}

impl TokenFile {
    /// Reads the hash at `path`, or makes a new token there: the second value is its text, to be shown once.
    ///
    /// # Errors
    /// [`WeakToken`].
    pub fn open(path: &Path) -> Result<(Self, Option<String>), WeakToken> {
        let name = path.display().to_string();
        match regular(path).and_then(|()| fs::read_to_string(path)) {
            Ok(text) => {
                let hash = from_hex(text.trim()).ok_or(WeakToken::NoHash(name))?;
                Ok((Self { hash }, None))
            }
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Self::make(path, &name),
            Err(why) => Err(WeakToken::File(name, why)),
        }
    }

    fn make(path: &Path, name: &str) -> Result<(Self, Option<String>), WeakToken> {
        let mut random = [0; BYTES];
        getrandom::fill(&mut random).map_err(|why| WeakToken::NoRandomness(why.to_string()))?;
        let token = to_hex(&random);
        let hash: [u8; 32] = Sha3_256::digest(token.as_bytes()).into();
        let file = fs::File::options().write(true).create_new(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{}", to_hex(&hash)));
        written.map_err(|why| WeakToken::File(name.to_owned(), why))?;
        Ok((Self { hash }, Some(token)))
    }

    /// Whether this is the token, in constant time (S8).
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha3_256::digest(token.as_bytes()).into();
        hash.ct_eq(&self.hash).into()
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn the_token_is_shown_once_and_kept_as_a_hash_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.token");
        let (first, shown) = TokenFile::open(&path).unwrap();
        let token = shown.unwrap();
        assert_eq!(token.len(), 64);
        assert!(!fs::read_to_string(&path).unwrap().contains(&token));
        let (again, shown) = TokenFile::open(&path).unwrap();
        assert!(shown.is_none());
        for file in [first, again] {
            assert!(file.admits(&token));
            assert!(!file.admits(""));
            assert!(!file.admits(&token[1..]));
        }
    }

    #[test]
    fn a_file_without_a_hash_opens_no_door() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.token");
        fs::write(&path, "secret\n").unwrap();
        assert!(matches!(TokenFile::open(&path), Err(WeakToken::NoHash(_))));
    }
}
