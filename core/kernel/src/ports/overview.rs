//! The customer's page: each module that is on adds its section of figures and documents.

use fondaco_values::Id;
use serde::{Deserialize, Serialize};

use crate::module::DocRef;
use crate::shared::Party;
use crate::tx::{Fut, Tx};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    /// `(label, figure)`
    pub figures: Vec<(String, String)>,
    pub documents: Vec<SectionRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SectionRow {
    pub document: DocRef,
    pub title: String,
    pub state: String,
    pub figures: Vec<(String, String)>,
}

pub trait Overview: Send + Sync {
    /// The model that the actor must be allowed to read for this section to be shown.
    fn model(&self) -> &'static str;

    fn section<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Section>;
}
