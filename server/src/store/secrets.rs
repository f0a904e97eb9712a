//! Secrets in files that only their owner can read.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::{Result, StoreError};
/// The secret of a file, which is made when there is none.
pub fn keep(path: &Path) -> Result<String> {
    let failed = |source| StoreError::Directory { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() || metadata.mode() & 0o077 != 0 => {
            Err(failed(io::Error::other("only its owner may be able to read it (mode 0600)")))
        }
        Ok(_) => {
            let text = fs::read_to_string(path).map_err(failed)?.trim().to_owned();
            if text.len() < 32 {
                return Err(failed(io::Error::other("it holds no secret; remove it to have a new one made")));
            }
            Ok(text)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let secret = random_token().map_err(failed)?;
            write(path, &secret)?;
            Ok(secret)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Puts a line into a file that nobody else can read, also while it is being written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |source| StoreError::Directory { path: path.to_owned(), source };
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
    writeln!(file, "{text}").map_err(failed)
}

/// 32 random bytes as text for URLs.
pub fn random_token() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(base64url(&bytes))
}

/// Base64 for URLs without padding (RFC 4648 section 5).
pub fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            out.push(char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_for_urls_is_that_of_the_standard() {
        let cases: [(&[u8], &str); 5] =
            [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (&[0xfb, 0xff], "-_8")];
        for (bytes, text) in cases {
            assert_eq!(base64url(bytes), text);
        }
    }
}
