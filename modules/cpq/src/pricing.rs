//! The port `pricing`: gathers what prices are made of, for all questions of a document together,
//! and has the `waterfall` answer each. What is asked in one call is one document: quantities of a
//! product count together, in all its configurations.
//! Not here: which line of a list or which volume discount holds (`price_list`, `volume`).

use std::collections::{HashMap, HashSet};

use fondaco_kernel::ports::configuration::Recipe;
use fondaco_kernel::ports::pricing::{Price, PriceAsk, plugins_steps};
use fondaco_kernel::shared::{self, Company, Currency, Party, Product, ProductCategory, Unit};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Date, Decimal, Id, Problem, Quantity};
use fondaco_kernel::{Error, Fut, Result, Tx, ports, rates, store};
use serde_json::Value as Json;

use crate::choice::Choice;
use crate::configuration::{Offer, offers, recipe};
use crate::item::Item;
use crate::price_list::{self, Customer, Parts, PriceList, PriceListLine};
use crate::reach::{Reach, valid};
use crate::volume::{self, VolumeDiscount};
use crate::waterfall::{self, Basis, Named, RoundTo};

/// One question, with what a quote may give by hand.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) product: Id<Product>,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) quantity: Quantity,
    pub(crate) on: Date,
    pub(crate) currency: Id<Currency>,
    pub(crate) choice: Json,
    /// Instead of the party's or the default one.
    pub(crate) price_list: Option<Id<PriceList>>,
    pub(crate) discounts: Vec<Named>,
    pub(crate) manual: Option<Decimal>,
}

impl From<&PriceAsk> for Question {
    fn from(ask: &PriceAsk) -> Question {
        Question {
            product: ask.product,
            party: ask.party,
            quantity: ask.quantity,
            on: ask.on,
            currency: ask.currency,
            choice: ask.choice.clone().unwrap_or(Json::Null),
            price_list: None,
            discounts: Vec::new(),
            manual: None,
        }
    }
}

/// A price and what it is the price of.
#[derive(Clone, Debug)]
pub(crate) struct Priced {
    pub(crate) price: Price,
    /// As it is kept; `None` of what is not configured.
    pub(crate) choice: Option<Json>,
    /// The same for the same choice.
    pub(crate) key: String,
    pub(crate) recipe: Recipe,
}

/// A price, or what is wrong with the question.
pub(crate) type Answer = std::result::Result<Priced, Vec<Problem>>;

/// One answer for each question, in their order.
pub(crate) async fn answer(tx: &mut Tx, questions: &[Question]) -> Result<Vec<Answer>> {
    let ground = Ground::gather(tx, questions).await?;
    let mut answers: Vec<Answer> =
        questions.iter().map(|question| ground.answer(question)).collect();
    steps_of_plugins(tx, questions, &mut answers).await?;
    Ok(answers)
}

/// What plugins make of the prices. A price that is given by hand is nobody's to change.
async fn steps_of_plugins(
    tx: &mut Tx,
    questions: &[Question],
    answers: &mut [Answer],
) -> Result<()> {
    let open = questions.iter().zip(answers.iter_mut());
    let (asks, mut open): (Vec<PriceAsk>, Vec<&mut Price>) = open
        .filter(|(question, _)| question.manual.is_none())
        .filter_map(|(question, answer)| Some((question.ask(), &mut answer.as_mut().ok()?.price)))
        .unzip();
    let mut prices: Vec<Price> = open.iter().map(|price| (**price).clone()).collect();
    plugins_steps(tx, &asks, &mut prices).await?;
    open.iter_mut().zip(prices).for_each(|(own, price)| **own = price);
    Ok(())
}

impl Question {
    fn ask(&self) -> PriceAsk {
        PriceAsk {
            product: self.product,
            party: self.party,
            quantity: self.quantity,
            on: self.on,
            currency: self.currency,
            choice: Some(self.choice.clone()),
        }
    }
}

/// The port.
pub(crate) struct Prices;

impl ports::Pricing for Prices {
    fn prices<'t>(&'t self, tx: &'t mut Tx, asks: &'t [PriceAsk]) -> Fut<'t, Vec<Price>> {
        Box::pin(async move {
            let questions: Vec<Question> = asks.iter().map(Question::from).collect();
            let answers = answer(tx, &questions).await?;
            let prices = all_or_problems(answers)?;
            Ok(prices.into_iter().map(|priced| priced.price).collect())
        })
    }
}

/// The prices, or all problems of all lines.
pub(crate) fn all_or_problems(answers: Vec<Answer>) -> Result<Vec<Priced>> {
    let mut prices = Vec::new();
    let mut problems = Vec::new();
    for (at, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(price) => prices.push(price),
            Err(of_line) => {
                problems.extend(of_line.into_iter().map(|p| p.under(format!("lines[{at}]"))));
            }
        }
    }
    if problems.is_empty() { Ok(prices) } else { Err(Error::Invalid(problems)) }
}

/// Everything that prices are made of, for some questions.
struct Ground {
    items: HashMap<Id<Product>, Item>,
    offers: HashMap<Id<Product>, Offer>,
    /// Prices of the shared model, for products and currencies that were asked for.
    own_prices: Vec<shared::Price>,
    lists: Vec<PriceList>,
    lines: HashMap<Id<PriceList>, Vec<PriceListLine>>,
    customers: HashMap<Id<Party>, Option<Id<PriceList>>>,
    volumes: Vec<VolumeDiscount>,
    parents: HashMap<Id<ProductCategory>, Option<Id<ProductCategory>>>,
    /// Units that are counted in whole ones.
    whole: HashSet<Id<Unit>>,
    decimals: HashMap<Id<Currency>, u8>,
    /// From the company's currency.
    rates: HashMap<(Id<Currency>, Date), Decimal>,
    company: Id<Currency>,
    /// Of each product in the whole document, by root.
    quantities: HashMap<Id<Product>, Decimal>,
}

impl Ground {
    async fn gather(tx: &mut Tx, questions: &[Question]) -> Result<Ground> {
        let company = tx.ctx().company();
        let company = store::get::<Company>(tx, company).await?.currency;
        let items = items(tx, questions).await?;
        let roots = unique(items.values().map(Item::root));
        let products = unique(items.keys().copied());
        let currencies = unique(questions.iter().map(|question| question.currency));
        let lists = store::find::<PriceList>(
            tx,
            Filter::new().is_in("currency", currencies.clone()).eq("active", true),
        )
        .await?;
        let own = Filter::new().is_in("product", products.clone());
        let own = own.is_in("currency", currencies.clone());
        let mut ground = Ground {
            offers: offers(tx, &roots).await?,
            own_prices: store::find::<shared::Price>(tx, own).await?,
            lines: lines(tx, &lists, &products).await?,
            lists,
            customers: customers(tx, questions).await?,
            volumes: store::find::<VolumeDiscount>(tx, Filter::new().eq("active", true)).await?,
            parents: HashMap::new(),
            whole: whole_units(tx, &items).await?,
            decimals: decimals(tx, &currencies).await?,
            rates: HashMap::new(),
            company,
            quantities: quantities(questions, &items),
            items,
        };
        if ground.asks_for_categories() {
            ground.parents = parents(tx).await?;
        }
        for question in questions {
            let key = (question.currency, question.on);
            if question.currency != company && !ground.rates.contains_key(&key) {
                // Without a rate, prices kept in that currency still hold.
                if let Ok(rate) = rates::rate(tx, company, question.currency, question.on).await {
                    ground.rates.insert(key, rate);
                }
            }
        }
        Ok(ground)
    }

    fn asks_for_categories(&self) -> bool {
        self.lines.values().flatten().any(|line| line.category.is_some())
            || self.volumes.iter().any(|volume| volume.category.is_some())
    }

    fn answer(&self, question: &Question) -> Answer {
        let Some(item) = self.items.get(&question.product) else {
            return Err(vec![Problem::new("product", "unknown", "There is no such product.")]);
        };
        let root = self.items.get(&item.root()).unwrap_or(item);
        let nothing = Offer::default();
        let offer = self.offers.get(&root.product()).unwrap_or(&nothing);
        let kept = item.choice.as_ref().filter(|_| item.variant_of.is_some());
        let (choice, mut problems) = offer.judge(kept.unwrap_or(&question.choice));
        if kept.is_some() {
            // What a variant was made from is no question any more.
            problems.clear();
        }
        let list = self.list(question, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let chain = self.chain(root.category);
        let reach = Reach {
            product: item.product(),
            root: root.product(),
            categories: &chain,
            quantity: self.quantities.get(&root.product()).copied().unwrap_or_default(),
            on: question.on,
        };
        let basis = self.basis(&Asked { question, item, root, choice: &choice }, list, &reach)?;
        Ok(Priced {
            price: waterfall::price(&basis),
            choice: root.is_configurable().then(|| choice.json()),
            key: choice.key(),
            recipe: recipe(&choice),
        })
    }

    fn basis(
        &self,
        asked: &Asked<'_>,
        list: Option<&PriceList>,
        reach: &Reach<'_>,
    ) -> std::result::Result<Basis, Vec<Problem>> {
        let Asked { question, item, .. } = *asked;
        let (base, options) = self.list_price(asked, reach)?;
        let parts = Parts { base: base.value, options: &options };
        let of_list = |list: &PriceList| {
            let lines = self.lines.get(&list.id).map(Vec::as_slice).unwrap_or_default();
            price_list::changes(list, lines, reach, &parts)
        };
        let decimals = self.decimals.get(&question.currency).copied().unwrap_or(2);
        let step = if self.whole.contains(&item.unit) { Decimal::ONE } else { Decimal::ZERO };
        Ok(Basis {
            list: list.map(of_list).unwrap_or_default(),
            volume: volume::volume(&self.volumes, reach, list.map(|list| list.id), step),
            discounts: question.discounts.clone(),
            manual: question.manual,
            rounding: match list {
                Some(list) => list.round_to(decimals),
                None => RoundTo::minor_unit(decimals),
            },
            options: options.into_iter().map(|(_, name, price)| Named::new(name, price)).collect(),
            base,
        })
    }
}

/// One question with what it is about.
#[derive(Clone, Copy)]
struct Asked<'a> {
    question: &'a Question,
    item: &'a Item,
    /// Of a variant what it was made from, else the item itself.
    root: &'a Item,
    choice: &'a Choice<'a>,
}

/// `(group.option, name, price)` of each chosen option.
type Options = Vec<(String, String, Decimal)>;

impl Ground {
    /// The base price and what the options add, in the currency asked for.
    fn list_price(
        &self,
        asked: &Asked<'_>,
        reach: &Reach<'_>,
    ) -> std::result::Result<(Named, Options), Vec<Problem>> {
        let Asked { question, item, root, choice } = *asked;
        let own = self.own_price(asked, reach);
        let of_variant =
            |own: &&shared::Price| own.product == item.product() && own.product != root.product();
        if let Some(own) = own.filter(of_variant) {
            // The variant has a price of its own, with all that is in it.
            return Ok((Named::new(from(own.min_quantity), own.price.decimal()), Vec::new()));
        }
        let rate = if question.currency == self.company {
            Some(Decimal::ONE)
        } else {
            self.rates.get(&(question.currency, question.on)).copied()
        };
        let has_prices = choice.picks().iter().any(|pick| !pick.option.price.is_zero());
        let Some(rate) = rate.or_else(|| (own.is_some() && !has_prices).then_some(Decimal::ONE))
        else {
            let message = format!(
                "{} has no price in this currency, and there is no exchange rate from the \
                 company's; enter one of the two.",
                item.name
            );
            return Err(vec![Problem::new("currency", "no_rate", message)]);
        };
        let base = match own {
            Some(own) => Named::new(from(own.min_quantity), own.price.decimal()),
            None => Named::new(list_label(root, rate), root.list_price.decimal() * rate),
        };
        let options = choice.picks().iter().map(|pick| {
            let name = format!("{}: {}", pick.group.name, pick.option.name);
            (pick.code(), name, pick.option.price.decimal() * rate)
        });
        Ok((base, options.collect()))
    }

    /// The price of the shared model that holds: the nearest, from the largest quantity.
    fn own_price(&self, asked: &Asked<'_>, reach: &Reach<'_>) -> Option<&shared::Price> {
        let Asked { question, item, root, .. } = *asked;
        let holds = |price: &&shared::Price| {
            (price.product == item.product() || price.product == root.product())
                && price.currency == question.currency
                && price.min_quantity.decimal() <= reach.quantity
                && valid(price.valid_from, price.valid_until, question.on)
        };
        let rank = |price: &&shared::Price| {
            (price.product == item.product(), price.min_quantity, price.valid_from, price.id)
        };
        self.own_prices.iter().filter(holds).max_by_key(rank)
    }

    /// The list that holds: the one named, else the customer's, else the default of the currency.
    fn list(&self, question: &Question, problems: &mut Vec<Problem>) -> Option<&PriceList> {
        let serves = |list: &&PriceList| list.serves(question.currency, question.on);
        let known = |id: Id<PriceList>| self.lists.iter().find(|list| list.id == id).filter(serves);
        if let Some(id) = question.price_list {
            let found = known(id);
            if found.is_none() {
                problems.push(PriceList::unfit());
            }
            return found;
        }
        let own = question.party.and_then(|party| self.customers.get(&party).copied().flatten());
        let default = || {
            let all = self.lists.iter().filter(|list| list.is_default).filter(serves);
            all.max_by_key(|list| (list.valid_from, std::cmp::Reverse(list.id)))
        };
        own.and_then(known).or_else(default)
    }

    /// A category and those above it.
    fn chain(&self, category: Option<Id<ProductCategory>>) -> Vec<Id<ProductCategory>> {
        let mut chain = Vec::new();
        let mut next = category;
        while let Some(category) = next.filter(|category| !chain.contains(category)) {
            chain.push(category);
            next = self.parents.get(&category).copied().flatten();
        }
        chain
    }
}

fn from(quantity: Quantity) -> String {
    if quantity.is_zero() { "Price".to_owned() } else { format!("Price from {quantity}") }
}

fn list_label(item: &Item, rate: Decimal) -> String {
    if rate == Decimal::ONE {
        return "Base price".to_owned();
    }
    format!("Base price ({} at {})", item.list_price, rate.normalize())
}

fn unique<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The products that were asked for, and of variants what they were made from.
async fn items(tx: &mut Tx, questions: &[Question]) -> Result<HashMap<Id<Product>, Item>> {
    let asked = unique(questions.iter().map(|question| question.product.cast::<Item>()));
    let mut items = store::get_many::<Item>(tx, &asked).await?;
    let roots = unique(items.iter().map(|item| item.root().cast::<Item>()));
    let missing: Vec<Id<Item>> = roots.into_iter().filter(|root| !asked.contains(root)).collect();
    if !missing.is_empty() {
        items.extend(store::get_many::<Item>(tx, &missing).await?);
    }
    Ok(items.into_iter().map(|item| (item.product(), item)).collect())
}

fn quantities(
    questions: &[Question],
    items: &HashMap<Id<Product>, Item>,
) -> HashMap<Id<Product>, Decimal> {
    let mut quantities: HashMap<Id<Product>, Decimal> = HashMap::new();
    for question in questions {
        let Some(item) = items.get(&question.product) else { continue };
        *quantities.entry(item.root()).or_default() += question.quantity.decimal();
    }
    quantities
}

/// The lines that can be about these products, by list: their own, and those of no product.
async fn lines(
    tx: &mut Tx,
    lists: &[PriceList],
    products: &[Id<Product>],
) -> Result<HashMap<Id<PriceList>, Vec<PriceListLine>>> {
    let mut lines: HashMap<Id<PriceList>, Vec<PriceListLine>> = HashMap::new();
    if lists.is_empty() {
        return Ok(lines);
    }
    let of = || Filter::new().is_in("list", lists.iter().map(|list| list.id).collect::<Vec<_>>());
    let own = of().is_in("product", products.to_vec());
    let everybodys = of().is_null("product");
    for filter in [own, everybodys] {
        for line in store::find::<PriceListLine>(tx, filter).await? {
            lines.entry(line.list).or_default().push(line);
        }
    }
    Ok(lines)
}

async fn customers(
    tx: &mut Tx,
    questions: &[Question],
) -> Result<HashMap<Id<Party>, Option<Id<PriceList>>>> {
    let parties = unique(questions.iter().filter_map(|question| question.party));
    let ids: Vec<Id<Customer>> = parties.into_iter().map(Id::cast).collect();
    let customers = store::get_many::<Customer>(tx, &ids).await?;
    Ok(customers.into_iter().map(|one| (one.party(), one.price_list)).collect())
}

async fn whole_units(tx: &mut Tx, items: &HashMap<Id<Product>, Item>) -> Result<HashSet<Id<Unit>>> {
    let ids = unique(items.values().map(|item| item.unit));
    let units = store::get_many::<Unit>(tx, &ids).await?;
    Ok(units.into_iter().filter(|unit| unit.decimals == 0).map(|unit| unit.id).collect())
}

async fn decimals(tx: &mut Tx, currencies: &[Id<Currency>]) -> Result<HashMap<Id<Currency>, u8>> {
    let currencies = store::get_many::<Currency>(tx, currencies).await?;
    Ok(currencies.into_iter().map(|currency| (currency.id, currency.decimals())).collect())
}

async fn parents(tx: &mut Tx) -> Result<HashMap<Id<ProductCategory>, Option<Id<ProductCategory>>>> {
    let all = store::find::<ProductCategory>(tx, Filter::new()).await?;
    Ok(all.into_iter().map(|category| (category.id, category.parent)).collect())
}
