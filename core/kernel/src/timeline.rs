//! What hangs on a record: notes, activities and files of whoever wrote them, for whoever may see
//! the record. Through the API of these models everybody finds his own; here all of them are shown,
//! because the record was asked for first.
//! Not here: changes of fields (`audit`).

use fondaco_values::AnyId;

use crate::error::{Error, Result};
use crate::files;
use crate::records::{self, Select};
use crate::shared::{Activity, Attachment, Note};
use crate::store::{self, Filter};
use crate::tx::Tx;

/// Rows of each kind that one answer holds at most.
const SHOWN_MAX: usize = 200;

/// What hangs on one record, newest first.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub notes: Vec<Note>,
    pub activities: Vec<Activity>,
    pub attachments: Vec<Attachment>,
}

/// # Errors
/// `NotFound` when the caller may not see the record.
pub async fn of_record(tx: &mut Tx, model: &str, id: AnyId) -> Result<Timeline> {
    records::get(tx, model, id, &Select::default()).await?;
    let here = || {
        let own = Filter::new().eq("model", model).eq("record", id.raw());
        own.sort("-id").limit(SHOWN_MAX)
    };
    Ok(Timeline {
        notes: store::find(tx, here()).await?,
        activities: store::find(tx, here()).await?,
        attachments: store::find(tx, here()).await?,
    })
}

/// What hung on records that are gone goes with them; what was written on it stays in the audit.
pub(crate) async fn forget(tx: &mut Tx, model: &str, gone: &[AnyId]) -> Result<()> {
    let on = || Filter::new().eq("model", model).is_in("record", gone.iter().map(|id| id.raw()));
    let notes = store::find::<Note>(tx, on()).await?;
    let activities = store::find::<Activity>(tx, on()).await?;
    let attachments = store::find::<Attachment>(tx, on()).await?;
    store::delete_many(tx, notes.iter().map(|note| note.id)).await?;
    store::delete_many(tx, activities.iter().map(|activity| activity.id)).await?;
    store::delete_many(tx, attachments.iter().map(|attachment| attachment.id)).await
}

/// A file to be kept, on a record or on none.
#[derive(Clone, Debug)]
pub struct Upload {
    pub name: String,
    pub media_type: String,
    pub on: Option<(String, AnyId)>,
    pub content: Vec<u8>,
}

/// Keeps a file; its content lies in the store once, whoever sends it.
///
/// # Errors
/// `NotFound` when the caller may not see the record; problems with the name or the size.
pub async fn attach(tx: &mut Tx, upload: Upload) -> Result<Attachment> {
    if let Some((model, record)) = &upload.on {
        records::get(tx, model, *record, &Select::default()).await?;
    }
    let size = i64::try_from(upload.content.len()).unwrap_or(i64::MAX);
    let hash = files::keep(tx, upload.content).await?;
    let mut attachment = Attachment {
        name: upload.name,
        media_type: upload.media_type,
        size,
        hash: Some(hash),
        model: upload.on.as_ref().map(|(model, _)| model.clone()),
        record: upload.on.map(|(_, record)| record.raw()),
        ..Attachment::default()
    };
    store::insert(tx, &mut attachment).await?;
    Ok(attachment)
}

/// A file with its content, for its owner and for whoever may see the record it hangs on.
///
/// # Errors
/// `NotFound` for everybody else.
pub async fn open(tx: &mut Tx, id: AnyId) -> Result<(Attachment, Vec<u8>)> {
    let attachment = store::get::<Attachment>(tx, id.cast()).await?;
    let owner = attachment.created_by.is_some() && attachment.created_by == tx.ctx().actor().user();
    if !owner {
        let none = || Error::not_found("attachment", id);
        let model = attachment.model.clone().ok_or_else(none)?;
        let record = AnyId::new(attachment.record.ok_or_else(none)?);
        let seen = records::get(tx, &model, record, &Select::default()).await;
        seen.map_err(|_| Error::not_found("attachment", id))?;
    }
    let hash = attachment.hash.clone().unwrap_or_default();
    let content = files::content(tx, &hash).await?;
    Ok((attachment, content))
}
