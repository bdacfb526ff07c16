//! Rules of which options go together. Each is an expression over the choice, whoever wrote it: what
//! requires or excludes is put into the same words.
//! Not here: how many options of a group one may choose (`choice`).
//! INVARIANT: a rule reads the choice only, not who asks nor when, so that the same choice is always
//! judged alike.

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::Saving;
use fondaco_kernel::schema::expr::{ActorAttr, FieldRef, eval};
use fondaco_kernel::schema::{Expr, Model, Node, Schema, Scope, Type, compile};
use fondaco_kernel::shared::Product;
use fondaco_kernel::values::{Date, Id, Problem, Timestamp, Value};
use fondaco_kernel::{Record, Result, Tx};

use crate::choice::Choice;
use crate::configuration::{self, Offer};
use crate::option::OptionGroup;

/// The model whose fields an expression sees, and that of its lines.
const SEEN: &str = "cpq.configuration";
const SEEN_LINES: &str = "cpq.chosen";
/// What it may read of them.
const READABLE: [(&str, &str); 6] = [
    (SEEN, "options"),
    (SEEN, "chosen"),
    (SEEN_LINES, "group"),
    (SEEN_LINES, "option"),
    (SEEN_LINES, "name"),
    (SEEN_LINES, "price"),
];

#[derive(Record, Clone, Debug)]
#[record("cpq.rule")]
pub(crate) struct Rule {
    pub(crate) id: Id<Rule>,
    pub(crate) product: Id<Product>,
    pub(crate) name: String,
    /// `requires`, `excludes` or `expression`.
    pub(crate) kind: String,
    pub(crate) option: Option<String>,
    pub(crate) others: Vec<String>,
    pub(crate) expression: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) sequence: i64,
    pub(crate) active: bool,
}

impl Rule {
    /// The condition that every choice must meet, in the expression language.
    pub(crate) fn source(&self) -> String {
        let chosen = |code: &String| format!("'{code}' in options");
        let any = || self.others.iter().map(chosen).collect::<Vec<_>>().join(" || ");
        let option = || self.option.as_ref().map(chosen).unwrap_or_else(|| "false".to_owned());
        match self.kind.as_str() {
            "requires" => format!("!({}) || {}", option(), any()),
            "excludes" => format!("!({} && ({}))", option(), any()),
            _ => self.expression.clone().unwrap_or_else(|| "true".to_owned()),
        }
    }

    /// What one is told when it is broken.
    fn refusal(&self, groups: &[OptionGroup]) -> String {
        if let Some(message) = self.message.as_ref().filter(|message| !message.trim().is_empty()) {
            return message.clone();
        }
        let option = name_of(self.option.as_deref().unwrap_or_default(), groups);
        let others: Vec<String> = self.others.iter().map(|code| name_of(code, groups)).collect();
        match self.kind.as_str() {
            "requires" => format!("{option} is only possible with {}.", others.join(" or ")),
            "excludes" => format!("{option} does not go together with {}.", others.join(" or ")),
            _ => self.name.clone(),
        }
    }
}

/// A rule that is in force, ready to judge many choices.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    rule: Rule,
    /// Or why it cannot be read.
    expr: std::result::Result<Expr, String>,
}

/// Rules as they are judged by: those that are switched on, read once.
pub(crate) fn ready(rules: Vec<Rule>, schema: &Schema) -> Vec<Ready> {
    let on = rules.into_iter().filter(|rule| rule.active);
    on.map(|rule| Ready { expr: read(&rule.source(), schema), rule }).collect()
}

/// The rules that a choice breaks, in their order.
pub(crate) fn judge(rules: &[Ready], choice: &Choice<'_>, groups: &[OptionGroup]) -> Vec<Problem> {
    let seen = Seen { choice };
    let mut problems = Vec::new();
    for Ready { rule, expr } in rules {
        match expr {
            Ok(expr) if eval(&expr.node, &seen) == Value::Bool(true) => {}
            Ok(_) => {
                let problem = Problem::new("choice", "rule", rule.refusal(groups));
                problems.push(problem.arg("rule", &rule.name));
            }
            // Written under another version of the model: nothing passes it until it is mended.
            Err(message) => {
                let message = format!("The rule {} cannot be read: {message}.", rule.name);
                problems.push(Problem::new("choice", "broken_rule", message));
            }
        }
    }
    problems
}

/// Reads an expression of a rule.
fn read(source: &str, schema: &Schema) -> std::result::Result<Expr, String> {
    let model = schema.model(SEEN).ok_or("configurations are not known")?;
    let expr = compile(source, model, schema, Some(&Type::Bool))?;
    match foreign(&expr, model) {
        Some(what) => Err(format!("a rule sees `options` and `chosen` only, not {what}")),
        None => Ok(expr),
    }
}

/// What an expression reads beyond the choice.
fn foreign(expr: &Expr, model: &Model) -> Option<String> {
    let of_choice = |field: &&&FieldRef| {
        READABLE.iter().any(|(model, name)| field.model == *model && field.field == *name)
    };
    let fields = expr.reads();
    if let Some(field) = fields.iter().find(|field| !of_choice(field)) {
        let own = field.model == model.name;
        let place = if own { String::new() } else { format!(" of {}", field.model) };
        return Some(format!("`{}`{place}", field.field));
    }
    let mut found = None;
    expr.node.walk(&mut |node| match node {
        Node::Actor(_) => found = Some("who asks"),
        Node::Company(_) => found = Some("the company"),
        Node::Now | Node::Today => found = Some("the time"),
        _ => {}
    });
    found.map(str::to_owned)
}

/// The name of an option by its code, or the code where there is no such option any more.
fn name_of(code: &str, groups: &[OptionGroup]) -> String {
    let all =
        groups.iter().flat_map(|group| group.options.iter().map(move |option| (group, option)));
    let found = all.into_iter().find(|(group, option)| group.code_of(option) == code);
    found.map_or_else(|| code.to_owned(), |(_, option)| option.name.clone())
}

/// A choice as expressions see it: fields of `cpq.configuration`.
struct Seen<'c> {
    choice: &'c Choice<'c>,
}

/// One chosen option: fields of `cpq.chosen`.
struct SeenOption<'c> {
    pick: &'c crate::choice::Pick<'c>,
}

impl Scope for Seen<'_> {
    fn field(&self, path: &[FieldRef]) -> Value {
        match path {
            [field] if field.field == "options" => {
                Value::List(self.choice.codes().into_iter().map(Value::Text).collect())
            }
            _ => Value::Null,
        }
    }

    fn lines(&self, field: &str) -> Vec<Box<dyn Scope + '_>> {
        let picks = if field == "chosen" { self.choice.picks() } else { &[] };
        picks.iter().map(|pick| Box::new(SeenOption { pick }) as Box<dyn Scope + '_>).collect()
    }

    fn actor(&self, _: ActorAttr) -> Value {
        Value::Null
    }

    fn company(&self, _: &str) -> Value {
        Value::Null
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn today(&self) -> Date {
        Date::ZERO
    }
}

impl Scope for SeenOption<'_> {
    fn field(&self, path: &[FieldRef]) -> Value {
        let [field] = path else { return Value::Null };
        match field.field.as_str() {
            "group" => Value::from(self.pick.group.code.as_str()),
            "option" => Value::from(self.pick.code()),
            "name" => Value::from(self.pick.option.name.as_str()),
            "price" => Value::Decimal(self.pick.option.price.decimal()),
            _ => Value::Null,
        }
    }

    fn lines(&self, _: &str) -> Vec<Box<dyn Scope + '_>> {
        Vec::new()
    }

    fn actor(&self, _: ActorAttr) -> Value {
        Value::Null
    }

    fn company(&self, _: &str) -> Value {
        Value::Null
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn today(&self) -> Date {
        Date::ZERO
    }
}

/// Before rules are saved: they can be read, and name options that there are.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut ids: Vec<Id<Product>> =
        batch.iter().filter_map(|saving| saving.link("product")).collect();
    ids.sort_unstable();
    ids.dedup();
    let offers = configuration::offers(tx, &ids).await?;
    let schema = tx.schema().clone();
    let mut problems = Vec::new();
    for saving in batch.iter() {
        let offer = saving.link("product").and_then(|product: Id<Product>| offers.get(&product));
        problems.extend(of_rule(saving, offer, &schema));
    }
    refuse_if_any(problems)
}

fn of_rule(saving: &Saving, offer: Option<&Offer>, schema: &Schema) -> Vec<Problem> {
    let text = |field: &str| saving.text(field).filter(|text| !text.trim().is_empty());
    let mut problems = Vec::new();
    let mut missing = |field: &str, message: &str| {
        problems.push(Problem::new(field, "required", message));
    };
    if saving.text("kind") == Some("expression") {
        match text("expression") {
            None => missing("expression", "Say what must be true of a choice."),
            Some(source) => {
                if let Err(message) = read(source, schema) {
                    problems.push(Problem::new("expression", "expression", message));
                }
            }
        }
        if text("message").is_none() {
            let message = "Say what one is told when the rule is broken.";
            problems.push(Problem::new("message", "required", message));
        }
        return problems;
    }
    let others = saving.value("others").as_list().unwrap_or_default();
    if text("option").is_none() {
        missing("option", "Say which option it is about, as group.option.");
    }
    if others.is_empty() {
        missing("others", "Name the other options, as group.option.");
    }
    let named = text("option").map(|code| ("option", code)).into_iter();
    let others = others.iter().filter_map(|other| Some(("others", other.as_text()?)));
    for (field, code) in named.chain(others) {
        if !offer.is_some_and(|offer| offer.has(code)) {
            let known = offer.map(Offer::codes).unwrap_or_default().join(", ");
            let known = if known.is_empty() { "none yet".to_owned() } else { known };
            let message = format!("The product has no option {code}; there are {known}.");
            problems.push(Problem::new(field, "unknown_option", message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use fondaco_kernel::schema::{Origin, Source, load};
    use serde_json::json;

    use super::*;
    use crate::samples::{bike, rule};

    /// The two models as far as rules see them.
    fn schema() -> Schema {
        let company = "model = \"company\"\nshared = true\n[fields]\nname = { type = \"text\" }";
        let configuration = "model = \"cpq.configuration\"\n[fields]\n\
             name = { type = \"text\" }\n\
             options = { type = \"tags\" }\n\
             chosen = { type = \"lines\", of = \"cpq.chosen\" }";
        let chosen = "model = \"cpq.chosen\"\n[fields]\n\
             configuration = { type = \"link\", to = \"cpq.configuration\" }\n\
             group = { type = \"text\" }\n\
             option = { type = \"text\" }\n\
             name = { type = \"text\" }\n\
             price = { type = \"money\" }";
        let user = "model = \"user\"\nshared = true\n[fields]\nname = { type = \"text\" }";
        let party = "model = \"party\"\nshared = true\n[fields]\nname = { type = \"text\" }";
        let manifest = "module = \"cpq\"\nversion = \"0.1.0\"";
        let source = |(origin, text): (Origin, &str)| Source {
            origin,
            path: "test.toml".to_owned(),
            text: text.to_owned(),
        };
        let own = || Origin::Module("cpq".to_owned());
        let texts = [
            (Origin::Kernel, company),
            (Origin::Kernel, user),
            (Origin::Kernel, party),
            (own(), manifest),
            (own(), configuration),
            (own(), chosen),
        ];
        let sources: Vec<Source> = texts.into_iter().map(source).collect();
        load(&sources).unwrap()
    }

    /// What a choice of carbon frame and electronic drivetrain is told by one rule.
    fn told(rule: Rule) -> Option<String> {
        let groups = bike();
        let (choice, _) =
            Choice::read(&json!({"frame": "carbon", "drivetrain": "electronic"}), &groups);
        let problems = judge(&ready(vec![rule], &schema()), &choice, &groups);
        problems.into_iter().next().map(|problem| problem.message)
    }

    #[test]
    fn what_requires_and_what_excludes() {
        for (kind, option, others, expected) in [
            (
                "requires",
                "frame.carbon",
                &["wheels.carbon"][..],
                Some("Carbon frame is only possible with Carbon wheels."),
            ),
            ("requires", "frame.carbon", &["wheels.carbon", "drivetrain.electronic"][..], None),
            (
                "requires",
                "frame.carbon",
                &["wheels.carbon", "extras.bell"][..],
                Some("Carbon frame is only possible with Carbon wheels or Bell."),
            ),
            ("requires", "wheels.carbon", &["extras.bell"][..], None),
            ("excludes", "frame.carbon", &["wheels.carbon"][..], None),
            (
                "excludes",
                "frame.carbon",
                &["drivetrain.electronic"][..],
                Some("Carbon frame does not go together with Electronic drivetrain."),
            ),
            ("excludes", "wheels.carbon", &["frame.carbon"][..], None),
        ] {
            let found = told(rule(kind, option, others, ""));
            assert_eq!(found.as_deref(), expected, "{option} {kind} {others:?}");
        }
    }

    #[test]
    fn expressions_over_the_choice() {
        for (expression, holds) in [
            ("'frame.carbon' in options", true),
            ("!('frame.carbon' in options)", false),
            ("size(options) == 3", true),
            ("sum(chosen.price) <= 1300.0", true),
            ("sum(chosen.price) < 1300.0", false),
            ("chosen.exists(c, c.group == 'extras')", false),
            ("chosen.all(c, c.name != 'Bell')", true),
            ("count(chosen.filter(c, c.price > 0.0)) == 2", true),
        ] {
            let own =
                Rule { message: Some("No.".to_owned()), ..rule("expression", "", &[], expression) };
            assert_eq!(told(own).is_none(), holds, "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_read_lets_nothing_pass() {
        let broken = told(rule("expression", "", &[], "frame.carbon")).unwrap_or_default();
        assert!(broken.starts_with("The rule Rule cannot be read:"), "{broken}");
        let off = Rule { active: false, ..rule("expression", "", &[], "false") };
        assert_eq!(told(off), None);
    }

    #[test]
    fn a_rule_reads_nothing_but_the_choice() {
        let schema = schema();
        for (expression, what) in [
            ("name == 'x'", "`name`"),
            ("actor.user == null", "who asks"),
            ("today() > date('2026-01-01')", "the time"),
            ("company.name == 'x'", "`name` of company"),
            ("created_by == null", "`created_by`"),
        ] {
            let message = read(expression, &schema).err().unwrap_or_default();
            assert_eq!(message, format!("a rule sees `options` and `chosen` only, not {what}"));
        }
    }
}
