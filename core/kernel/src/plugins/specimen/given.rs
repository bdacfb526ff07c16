//! What a call was told, as records of a fixture: paths over links become records that the links lead to.

use fondaco_schema::fixture::{
    Fixture, Found, Given, Knock, OfferOf, Peer, Question, Sample, SampleLine,
};
use fondaco_schema::plugin::{Grants, Hook, Manifest, SettingKind};
use fondaco_schema::{Kind, Schema};
use fondaco_values::{AnyId, Value};

use crate::plugins::recorder::Heard;
use crate::plugins::talk::{
    Answer, Ask, Effect, Entity, Fetched, Fields, PriceOf, Reply, Request, Row, Target, Told,
    Visit, Word,
};

/// Ids of records that were told without theirs begin here.
const MADE_FROM: i64 = 900_000_001;
/// Ids that the runner of fixtures gives to what a plugin creates.
const CREATED_FROM: i64 = 1_000_000;
/// How a plugin is told how a party stands.
const STANDING: &str = "standing.";

pub(super) struct Builder<'s> {
    schema: &'s Schema,
    hook: &'s Hook,
    pub(super) given: Given,
    made: i64,
    /// What the call created, in order.
    created: Vec<AnyId>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(schema: &'s Schema, hook: &'s Hook) -> Builder<'s> {
        Builder { schema, hook, given: Given::default(), made: MADE_FROM, created: Vec::new() }
    }

    /// Settings as they were then; of texts only the defaults are told.
    pub(super) fn settings(&mut self, manifest: &Manifest, grants: &Grants) {
        for (name, value) in &grants.settings {
            let kind = manifest.settings.get(name).map(|setting| setting.kind);
            if kind.is_some_and(|kind| kind != SettingKind::Text && kind.holds(value)) {
                self.given.settings.push((name.clone(), value.clone()));
            }
        }
    }

    pub(super) fn question(&mut self, ask: &Ask) -> Question {
        match ask {
            Ask::Save(all) => self.saving(all),
            Ask::Guard { action, record, args }
            | Ask::After { action, record, args }
            | Ask::Act { action, record, args } => {
                let at = self.entity(record);
                let record = self.given.records[at].name.clone();
                Question::Deed { action: action.clone(), record, arguments: args.clone() }
            }
            Ask::Price(prices) => {
                Question::Price(prices.iter().map(|price| self.offer(price)).collect())
            }
            Ask::Event { name, model, id, payload } => {
                let at = self.sample(model, *id);
                let record = self.given.records[at].name.clone();
                Question::Event { name: name.clone(), record, payload: payload.clone() }
            }
            Ask::Job { payload } => Question::Job { payload: payload.clone() },
            Ask::Request(visit) => Question::Request(knock(visit)),
        }
    }

    fn saving(&mut self, all: &[Told]) -> Question {
        let (mut records, mut earlier) = (Vec::new(), Vec::new());
        for Told { before, after } in all {
            let at = self.entity(after);
            let name = self.given.records[at].name.clone();
            if let Some(before) = before {
                let was = self.spread(&before.model, &before.fields);
                let now = &self.given.records[at].fields;
                let differs = |field: &(String, Value)| !now.contains(field);
                earlier.push((name.clone(), was.into_iter().filter(differs).collect()));
            }
            records.push(name);
        }
        Question::Save { records, before: earlier }
    }

    fn offer(&mut self, price: &PriceOf) -> OfferOf {
        self.sample("product", price.product);
        self.sample("currency", price.currency);
        if let Some(party) = price.party {
            self.sample("party", party);
        }
        for (root, id) in [("product", Some(price.product)), ("party", price.party)] {
            let (Some(id), prefix) = (id, format!("{root}.")) else { continue };
            let of = price.fields.iter().filter_map(|(path, value)| {
                Some((path.strip_prefix(&prefix)?.to_owned(), value.clone()))
            });
            self.know(root, id, &of.collect());
        }
        OfferOf {
            product: price.product,
            party: price.party,
            currency: price.currency,
            quantity: price.quantity,
            on: price.on,
            list: price.list,
            net: price.net,
        }
    }

    /// A record that is spoken of, by its place.
    fn sample(&mut self, model: &str, id: AnyId) -> usize {
        let id = match self.created.iter().position(|created| *created == id) {
            Some(place) => AnyId::new(CREATED_FROM + i64::try_from(place).unwrap_or_default()),
            None => id,
        };
        sample(&mut self.given.records, model, id)
    }

    fn new_id(&mut self) -> AnyId {
        self.made += 1;
        AnyId::new(self.made)
    }

    /// What is told of a record adds to what is known of it.
    fn know(&mut self, model: &str, id: AnyId, told: &Fields) -> usize {
        let at = self.sample(model, id);
        let own = self.spread(model, told);
        let fields = &mut self.given.records[at].fields;
        for (name, value) in own {
            fields.retain(|(known, _)| *known != name);
            fields.push((name, value));
        }
        at
    }

    /// The fields of a record itself; those beyond its links are told of other records.
    fn spread(&mut self, model: &str, told: &Fields) -> Fields {
        let is_own = |(path, _): &&(String, Value)| !path.contains('.');
        let mut own: Fields = told.iter().filter(is_own).cloned().collect();
        let mut beyond: Vec<(&str, Fields)> = Vec::new();
        for (path, value) in told.iter().filter(|(path, _)| !path.starts_with(STANDING)) {
            let Some((link, rest)) = path.split_once('.') else { continue };
            let part = (rest.to_owned(), value.clone());
            match beyond.iter_mut().find(|(known, _)| *known == link) {
                Some((_, fields)) => fields.push(part),
                None => beyond.push((link, vec![part])),
            }
        }
        for (link, fields) in beyond {
            let schema = self.schema;
            let target = schema.field(model, link).and_then(|(_, field)| field.kind.target());
            let Some(target) = target else { continue };
            let known = own.iter().find(|(name, _)| name == link).map(|(_, value)| value.as_link());
            let nothing = fields.iter().all(|(_, value)| value.is_null());
            let id = match known {
                Some(Some(id)) if !nothing => id,
                Some(_) => continue,
                None if nothing => {
                    own.push((link.to_owned(), Value::Null));
                    continue;
                }
                None => {
                    let id = self.new_id();
                    own.push((link.to_owned(), Value::Link(id)));
                    id
                }
            };
            self.know(target, id, &fields);
        }
        own
    }

    fn entity(&mut self, entity: &Entity) -> usize {
        let id = if entity.id == AnyId::default() { self.new_id() } else { entity.id };
        let at = self.know(&entity.model, id, &entity.fields);
        self.given.records[at].version = entity.version;
        for (of, rows) in &entity.lines {
            if self.schema.field(&entity.model, of).is_none() {
                for row in rows {
                    self.know(of, row.id, &row.fields);
                }
                continue;
            }
            let rows = self.rows((&entity.model, of), rows);
            self.given.records[at].lines.push((of.clone(), rows));
        }
        self.standing(at, &entity.fields);
        at
    }

    fn rows(&mut self, (model, of): (&str, &str), rows: &[Row]) -> Vec<SampleLine> {
        let schema = self.schema;
        let below = match schema.field(model, of).map(|(_, field)| &field.kind) {
            Some(Kind::Lines { of, .. }) => of.as_str(),
            _ => "",
        };
        let row = |row: &Row| SampleLine { id: row.id, fields: self.spread(below, &row.fields) };
        rows.iter().map(row).collect()
    }

    /// How the party stands that the hook's link leads to.
    fn standing(&mut self, at: usize, told: &Fields) {
        let of = told.iter().filter_map(|(path, value)| {
            Some((path.strip_prefix(STANDING)?.to_owned(), value.clone()))
        });
        let (stands, Some(link)) = (of.collect::<Fields>(), &self.hook.standing) else { return };
        if stands.is_empty() {
            return;
        }
        let known = self.given.records[at].fields.iter().find(|(name, _)| name == link);
        let party = match known.map(|(_, value)| value.as_link()) {
            Some(Some(id)) => id,
            Some(None) => return,
            None => {
                let id = self.new_id();
                self.given.records[at].fields.push((link.clone(), Value::Link(id)));
                id
            }
        };
        let party = self.sample("party", party);
        let name = self.given.records[party].name.clone();
        if self.given.standings.iter().all(|(known, _)| *known != name) {
            self.given.standings.push((name, stands));
        }
    }

    /// What it was answered while it worked.
    pub(super) fn heard(&mut self, (request, reply): &Heard) {
        match (request, reply) {
            (_, Ok(Reply::Entities(found))) => {
                for entity in found.iter().flatten() {
                    self.know(&entity.model, entity.id, &entity.fields);
                }
            }
            (Request::Find { model, filter, .. }, Ok(Reply::Page(found))) => {
                let mut names = Vec::new();
                for entity in found {
                    let at = self.know(&entity.model, entity.id, &entity.fields);
                    names.push(self.given.records[at].name.clone());
                }
                let (model, filter) = (model.clone(), filter.clone());
                self.given.found.push(Found { model, filter, records: names });
            }
            (Request::Do(_), Ok(Reply::Id(id))) => self.created.push(*id),
            (Request::Kept(key), Ok(Reply::Kept(Some(value)))) => self.keep(key, value),
            (Request::Keys { .. }, Ok(Reply::Keys(keys))) => {
                keys.iter().for_each(|key| self.keep(key, ""));
            }
            (Request::Fetch(fetch), Ok(Reply::Fetched(Ok(Fetched { status, body, .. })))) => {
                let body = String::from_utf8_lossy(body).into_owned();
                let (method, url) = (fetch.method.clone(), fetch.url.clone());
                self.given.peers.push(Peer { method, url, status: *status, body });
            }
            _ => {}
        }
    }

    /// The first that is known of a key is what stood there before the call.
    fn keep(&mut self, key: &str, value: &str) {
        let known = self.given.kept.iter_mut().find(|(own, _)| own == key);
        match known {
            Some((_, known)) if known.is_empty() => value.clone_into(known),
            Some(_) => {}
            None => self.given.kept.push((key.to_owned(), value.to_owned())),
        }
    }
}

fn knock(visit: &Visit) -> Knock {
    Knock {
        method: visit.method.clone(),
        path: visit.path.clone(),
        query: visit.query.clone(),
        headers: visit.headers.clone(),
        body: String::from_utf8_lossy(&visit.body).into_owned(),
        user: visit.user.clone(),
    }
}

fn sample(records: &mut Vec<Sample>, model: &str, id: AnyId) -> usize {
    if let Some(at) = records.iter().position(|sample| sample.id == id) {
        return at;
    }
    let word = model.rsplit('.').next().unwrap_or(model);
    let name = format!("{word}_{}", records.iter().filter(|own| own.model == model).count() + 1);
    let name = match records.iter().any(|own| own.name == name) {
        true => format!("{}_{}", model.replace('.', "_"), records.len() + 1),
        false => name,
    };
    let model = model.to_owned();
    records.push(Sample { name, model, id, version: 1, ..Sample::default() });
    records.len() - 1
}

/// Gives a name to every record that the answer is about.
pub(super) fn name_targets(fixture: &mut Fixture, outcome: &Word<Answer>, done: &[Effect]) {
    for effect in super::effects(outcome, done) {
        match effect {
            Effect::Update { target: Target::Record { model, id }, .. }
            | Effect::Act { target: Target::Record { model, id }, .. }
            | Effect::Emit { target: Target::Record { model, id }, .. } => {
                sample(&mut fixture.given.records, model, *id);
            }
            Effect::Post(entry) => {
                for party in entry.lines.iter().filter_map(|line| line.party) {
                    sample(&mut fixture.given.records, "party", party);
                }
            }
            _ => {}
        }
    }
}
