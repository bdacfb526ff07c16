//! What a configurable product would be by a choice: what may be chosen and what stands against it, what
//! it costs step by step, when it could be there and what is short for it. Asked of whichever modules
//! are on; nothing is kept, nothing is reserved.
//! Not here: judging a choice and pricing it (the ports), keeping it (records with a field of kind
//! options).

use fondaco_schema::{Field, Kind, Model, Schema};
use fondaco_values::{AnyId, Id, Quantity};
use serde::Serialize;
use serde_json::Value as Json;

use crate::Ctx;
use crate::error::{Error, Result};
use crate::module::DocRef;
use crate::permissions::{self, Right};
use crate::ports::configuration::Offered;
use crate::ports::pricing::{self, Price, PriceAsk};
use crate::ports::supply::{self, Need, Outlook, Taken};
use crate::records::{self, Select};
use crate::shared::{Company, Currency, Party, Product};
use crate::store;
use crate::tx::Tx;

/// A question: this product, chosen so, so many of it, for whom and in which currency.
#[derive(Clone, Debug)]
pub struct Ask {
    pub product: Id<Product>,
    pub choice: Json,
    pub quantity: Quantity,
    pub party: Option<Id<Party>>,
    /// The company's where nothing is said.
    pub currency: Option<Id<Currency>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Configured {
    pub product: Id<Product>,
    pub name: String,
    pub quantity: Quantity,
    /// Code of the currency of the prices.
    pub currency: String,
    #[serde(flatten)]
    pub offered: Offered,
    /// Of one; `None` while the choice is not possible.
    pub price: Option<Price>,
    /// `None` where nobody makes or buys it, or while the choice is not possible.
    pub supply: Option<Outlook>,
}

/// Answers what a choice comes to.
///
/// # Errors
/// `Forbidden` for whoever may write no document with options; `NotFound` for a product or a party
/// that he may not see; `Conflict` where products are not configured at all.
pub async fn look(tx: &mut Tx, ask: &Ask) -> Result<Configured> {
    require(tx.ctx(), tx.schema())?;
    let name = named(tx, "product", ask.product.any()).await?;
    if let Some(party) = ask.party {
        named(tx, "party", party.any()).await?;
    }
    let Some(port) = tx.ports().configuration else {
        let message = "Products are not configured here: switch the module cpq on.".to_owned();
        return Err(Error::Conflict { code: "module_off", message });
    };
    let offered = port.offer(tx, ask.product, &ask.choice).await?;
    let company = tx.ctx().company();
    let currency = match ask.currency {
        Some(currency) => currency,
        None => store::get::<Company>(tx, company).await?.currency,
    };
    let (mut price, mut outlook) = (None, None);
    if offered.problems.is_empty() {
        price = priced(tx, ask, &offered, currency).await?;
        outlook = supplied(tx, ask, &offered).await?;
    }
    let currency = store::get::<Currency>(tx, currency).await?.code;
    let (product, quantity) = (ask.product, ask.quantity);
    Ok(Configured { product, name, quantity, currency, offered, price, supply: outlook })
}

/// A document in which somebody chooses options.
#[derive(Clone, Copy, Debug)]
pub struct Place<'s> {
    pub document: &'s Model,
    /// The field of its lines that have the options, where it is not the document itself.
    pub lines: Option<&'s str>,
    /// The field of kind options, and the link to what is configured.
    pub options: &'s str,
    pub product: &'s str,
}

/// The documents with options that somebody may make.
pub fn places<'s>(ctx: &Ctx, schema: &'s Schema) -> Vec<Place<'s>> {
    let models = schema.models.values().filter_map(|model| {
        let chosen = |field: &'s Field| match &field.kind {
            Kind::Options { product } if !field.readonly => Some((field.name.as_str(), product)),
            _ => None,
        };
        let (options, product) = model.fields.values().find_map(chosen)?;
        let (document, lines) = match &model.owner {
            Some(owner) => (schema.model(&owner.parent)?.as_ref(), Some(owner.lines.as_str())),
            None => (model.as_ref(), None),
        };
        Some(Place { document, lines, options, product })
    });
    models.filter(|place| permissions::may(ctx, place.document, Right::Create)).collect()
}

/// Refuses whoever may write no document with options.
///
/// # Errors
/// `Forbidden`, with what is missing.
pub fn require(ctx: &Ctx, schema: &Schema) -> Result<()> {
    if !places(ctx, schema).is_empty() {
        return Ok(());
    }
    Err(Error::Forbidden {
        what: "configure a product".to_owned(),
        missing: "the right to make a document with options, such as a quote".to_owned(),
    })
}

/// The name of a record, as far as the asker may see it.
async fn named(tx: &mut Tx, model: &str, id: AnyId) -> Result<String> {
    let show = Select { fields: vec!["name".to_owned()], expand: Vec::new() };
    Ok(records::get(tx, model, id, &show).await?.title())
}

async fn priced(
    tx: &mut Tx,
    ask: &Ask,
    offered: &Offered,
    currency: Id<Currency>,
) -> Result<Option<Price>> {
    let question = PriceAsk {
        product: ask.product,
        party: ask.party,
        quantity: ask.quantity,
        on: tx.today(),
        currency,
        choice: Some(offered.choice.clone()),
    };
    Ok(pricing::prices(tx, &[question]).await?.into_iter().next())
}

async fn supplied(tx: &mut Tx, ask: &Ask, offered: &Offered) -> Result<Option<Outlook>> {
    let Some(provider) = supply::provider(tx, ask.product).await? else { return Ok(None) };
    let need = Need {
        product: ask.product,
        quantity: ask.quantity,
        by: tx.today(),
        source: DocRef::new("product", ask.product),
        key: AnyId::default(),
        choice: Some(offered.choice.clone()),
    };
    provider.outlook(tx, &need, &mut Taken::default()).await.map(Some)
}
