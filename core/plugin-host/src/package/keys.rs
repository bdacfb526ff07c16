//! Keys and signatures in the form of minisign, so that a package can be looked at with the standard tool
//! too: Ed25519 over the digest of what is signed, and a comment that is signed with it.

use std::fmt;
use std::io::Cursor;

use fondaco_schema::plugin::Manifest;
use fondaco_values::Problem;
use minisign::{KeyPair, PublicKey, SecretKeyBox, SignatureBox};

use super::{SIGNATURE, comment};

/// A new pair of keys, as they are kept in files.
#[derive(Clone)]
pub struct Keys {
    /// One line: what goes into a manifest, and what an administrator pins.
    pub public: String,
    /// The text of the file of the secret key.
    pub secret: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.public)
    }
}

impl Keys {
    /// Makes a pair; without a password whoever has the file has the key.
    ///
    /// # Errors
    /// Why there is none.
    pub fn make(password: Option<String>) -> Result<Keys, String> {
        let failed = |error: minisign::PError| format!("no key can be made: {error}");
        let pair = match password {
            None => KeyPair::generate_unencrypted_keypair().map_err(failed)?,
            Some(_) => KeyPair::generate_encrypted_keypair(password).map_err(failed)?,
        };
        let secret =
            pair.sk.to_box(Some("secret key of a publisher of plugins")).map_err(failed)?;
        Ok(Keys { public: pair.pk.to_base64(), secret: secret.to_string() })
    }
}

/// A secret key, ready to sign.
pub struct SecretKey {
    public: PublicKey,
    secret: minisign::SecretKey,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

impl SecretKey {
    /// Reads the text of a secret key; asks for its password where it has one.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read(
        text: &str,
        password: impl FnOnce() -> Result<String, String>,
    ) -> Result<SecretKey, String> {
        let failed = |error: minisign::PError| format!("the secret key cannot be used: {error}");
        let parsed = || SecretKeyBox::from_string(text).map_err(failed);
        let secret = match parsed()?.into_unencrypted_secret_key() {
            Ok(secret) => secret,
            Err(_) => parsed()?.into_secret_key(Some(password()?)).map_err(failed)?,
        };
        let public = PublicKey::from_secret_key(&secret).map_err(failed)?;
        Ok(SecretKey { public, secret })
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> String {
        self.public.to_base64()
    }

    pub(super) fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let over = Cursor::new(bytes);
        let untrusted = Some("signature of a plugin");
        // Bytes in memory can be read to their end, and the key was checked when it was read.
        minisign::sign(Some(&self.public), &self.secret, over, Some(comment), untrusted)
            .map(|signature| signature.to_string())
            .unwrap_or_default()
    }
}

/// A signature that holds.
pub(super) struct Signed {
    pub(super) key: String,
    comment: String,
}

impl Signed {
    /// Whether its comment is that of something else: an old signature over a list that was kept.
    pub(super) fn says_another(&self, manifest: &Manifest, list: &[u8]) -> Option<Problem> {
        let wanted = comment(manifest, &String::from_utf8_lossy(list));
        if self.comment == wanted {
            return None;
        }
        let message = format!(
            "The signature says {:?}, and this is {} {}: sign it again with `fondaco plugin sign`.",
            self.comment, manifest.id, manifest.version
        );
        Some(Problem::new(SIGNATURE, "signature", message))
    }
}

/// Whether the list was signed by the key that it names.
pub(super) fn verify(
    key: Option<&str>,
    list: &[u8],
    signature: Option<&[u8]>,
) -> Result<Signed, Problem> {
    let (Some(key), Some(signature)) = (key, signature) else {
        let message = "The package is not signed: sign it with `fondaco plugin sign`, or ask its \
                       publisher for a signed one.";
        return Err(Problem::new(SIGNATURE, "unsigned", message));
    };
    let wrong = |code: &str, what: &str| {
        let message = format!("{what}; fetch the package again from its publisher.");
        Problem::new(SIGNATURE, code, message)
    };
    let public = PublicKey::from_base64(key)
        .map_err(|_| wrong("key", "The key that the package names is none"))?;
    let signature = std::str::from_utf8(signature).ok();
    let signature = signature.and_then(|text| SignatureBox::from_string(text).ok());
    let Some(signature) = signature else {
        return Err(wrong("signature", "The signature cannot be read"));
    };
    if signature.keynum() != public.keynum() {
        return Err(wrong(
            "signature",
            "It was signed with another key than the one that it names",
        ));
    }
    minisign::verify(&public, &signature, Cursor::new(list), true, false, false)
        .map_err(|_| wrong("signature", "The signature does not hold: the package was changed"))?;
    let comment = signature.trusted_comment();
    let comment = comment.map_err(|_| wrong("signature", "The signature has no comment"))?;
    Ok(Signed { key: public.to_base64(), comment })
}
