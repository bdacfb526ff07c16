//! Contents of files, kept by their digest: the same content is stored once, nothing is ever
//! executed or served under a name of its own. Who may read a file is said by the record it hangs on.

use sha2::{Digest, Sha256};

use fondaco_values::limits;

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::tx::Tx;

/// Keeps the content and answers its digest (SHA-256, hex), which is what a `file` field holds.
///
/// # Errors
/// A problem on `file` when the content is larger than the limit.
pub async fn keep(tx: &mut Tx, content: Vec<u8>) -> Result<String> {
    if content.len() > limits::ATTACHMENT_BYTES_MAX {
        let max = limits::ATTACHMENT_BYTES_MAX / (1024 * 1024);
        return Err(Error::problem("file", "too_large", format!("A file may have {max} MiB.")));
    }
    let digest: String = Sha256::digest(&content).iter().map(|b| format!("{b:02x}")).collect();
    let sql = Sql::text(
        "insert into blob_store (digest, bytes, size, at) values ($1, $2, $3, $4) \
         on conflict (digest) do nothing",
    );
    let size = content.len() as i64;
    tx.exec(sql.bind(&digest).bind(content).bind(size).bind(tx.now())).await?;
    Ok(digest)
}

pub async fn content(tx: &mut Tx, digest: &str) -> Result<Vec<u8>> {
    let sql = Sql::text("select bytes from blob_store where digest = $1").bind(digest);
    let row = tx.row(sql).await?.ok_or_else(|| Error::not_found("file", digest))?;
    Ok(row.bytes(0).to_vec())
}
