//! Secrets that are shown once: how they are drawn, written and kept as digests.
//! Not here: passwords, which people choose (`password`).

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::kernel::Shared;

/// A session token, an API token or a one-time code, on its only way to its owner. It does not show
/// itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, to be handed to its owner and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

/// 256 random bits after a prefix, in letters and digits that no header or cookie has to escape.
pub(super) fn draw_token(shared: &Shared, prefix: &str) -> Result<Secret> {
    Ok(Secret(format!("{prefix}{}", base32(&shared.random::<32>()?))))
}

/// 100 random bits in five groups of four letters and digits, to be typed from a console or a mail.
pub(super) fn draw_code(shared: &Shared) -> Result<Secret> {
    let letters = base32(&shared.random::<13>()?);
    let groups =
        [&letters[0..4], &letters[4..8], &letters[8..12], &letters[12..16], &letters[16..20]];
    Ok(Secret(groups.join("-")))
}

/// What is stored of a token. A plain digest is enough: nobody guesses 256 random bits.
pub(super) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The digest of a code as people type it: any case, with or without its dashes and spaces.
pub(super) fn digest_of_code(code: &str) -> Vec<u8> {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    digest(&letters.to_ascii_lowercase())
}

/// RFC 4648 in small letters, without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(LETTERS[(held >> bits) as usize & 31]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(char::from(LETTERS[(held << (5 - bits)) as usize & 31]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_code_may_be_typed_in_any_way() {
        let digest = digest_of_code("abcd-efgh-ijkl-mnop-qrst");
        assert_eq!(digest, digest_of_code(" ABCDEFGHijkl mnop-QRST\n"));
        assert_ne!(digest, digest_of_code("abcd-efgh-ijkl-mnop-qrss"));
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret("fdc_x".into())), "Secret(•••)");
    }
}
