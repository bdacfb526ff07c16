//! Repeats of a request: the same key with the same body gets the first answer again and changes
//! nothing; with another body it is refused. Kept in the transaction of the work itself.

use sha2::{Digest, Sha256};

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::tx::Tx;

/// An answer given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The answer given to this actor under this key, if there was one.
///
/// # Errors
/// `Conflict` when the key was used for another body.
pub async fn answered(tx: &mut Tx, key: &str, body: &[u8]) -> Result<Option<Answer>> {
    let sql = Sql::text("select body, status, answer from repeat where actor = $1 and key = $2");
    let sql = sql.bind(tx.ctx().actor().name()).bind(key);
    let Some(row) = tx.row(sql).await? else { return Ok(None) };
    if row.bytes(0) != digest(body) {
        return Err(Error::Conflict {
            code: "key_used",
            message: "This Idempotency-Key was used for another request; make a new one.".into(),
        });
    }
    let status = u16::try_from(row.int(1)).unwrap_or(200);
    Ok(Some(Answer { status, body: row.str(2).to_owned() }))
}

/// Keeps the answer beside the work it answers.
pub async fn remember(tx: &mut Tx, key: &str, body: &[u8], answer: &Answer) -> Result<()> {
    let sql = Sql::text(
        "insert into repeat (actor, key, body, status, answer, at) \
         values ($1, $2, $3, $4, $5, $6)",
    );
    let sql = sql
        .bind(tx.ctx().actor().name())
        .bind(key)
        .bind(digest(body))
        .bind(i64::from(answer.status))
        .bind(&answer.body)
        .bind(tx.now());
    tx.exec(sql).await.map(drop)
}

fn digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}
