//! What a bank transaction is likely to be: pure, on what is open and what is recorded.
//! The order is that in which a person looks: is it recorded already, does the text name a document,
//! does the amount agree, whose account is it.
//! INVARIANT: sure is only what nothing else fits as well.

use std::collections::{BTreeMap, HashMap};

use fondaco_kernel::DocRef;
use fondaco_kernel::proposals::Proposal;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party};
use fondaco_values::{AnyId, Date, Id, Money, Problem};
use serde_json::{Map, Value as Json, json};

use super::{BankTransaction, DAYS};
use crate::bill::Bill;
use crate::invoice::Invoice;
use crate::payment::Payment;
use crate::terms::jiff_days;

/// Proposals for one transaction.
const MOST: usize = 4;
/// A number is looked for in a text when it has so many letters and digits.
const NUMBER_MIN: usize = 4;

/// A document with something open.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) document: DocRef,
    pub(super) party: Id<Party>,
    pub(super) currency: Id<Currency>,
    /// Above zero what comes to us, below what we owe.
    pub(super) amount: Money,
    /// Its number first, then what others call it.
    pub(super) names: Vec<String>,
}

/// A payment that somebody has recorded.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) id: Id<Payment>,
    pub(super) party: Id<Party>,
    pub(super) paid_on: Date,
    pub(super) bank_account: Option<AnyId>,
    pub(super) currency: Id<Currency>,
    pub(super) amount: Money,
    pub(super) reference: Option<String>,
    pub(super) number: Option<String>,
}

/// What is known beside the transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    /// By what is due first.
    pub(super) open: Vec<Open>,
    pub(super) payments: Vec<Recorded>,
    /// Whose an account is by what was matched before.
    pub(super) known: HashMap<String, Id<Party>>,
    pub(super) names: BTreeMap<Id<Party>, String>,
}

impl Ground {
    /// The likeliest first.
    pub(super) fn likely(&self, own: &BankTransaction) -> Vec<Proposal> {
        let said = squashed(&format!("{} {}", own.text, own.reference.as_deref().unwrap_or("")));
        let fits = |one: &&Open| {
            one.currency == own.currency && (one.amount > Money::ZERO) == own.comes_in()
        };
        let look = Look { ground: self, own, said, open: self.open.iter().filter(fits).collect() };
        let mut found = look.recorded();
        found.extend(look.named());
        found.extend(look.of_party());
        found.extend(look.by_amount());
        let mut different: Vec<Proposal> = Vec::new();
        for one in found {
            if !different.iter().any(|other| (other.action, &other.args) == (one.action, &one.args))
            {
                different.push(one);
            }
        }
        let sure = different.iter().filter(|one| one.sure).count();
        for one in &mut different {
            one.sure &= sure == 1;
        }
        different.truncate(MOST);
        different
    }
}

/// One transaction beside what may be meant by it.
struct Look<'g> {
    ground: &'g Ground,
    own: &'g BankTransaction,
    /// Letters and digits of what the bank says.
    said: String,
    open: Vec<&'g Open>,
}

impl Look<'_> {
    fn amount(&self) -> Money {
        self.own.amount.abs()
    }

    /// Payments of the same amount, not far away.
    fn recorded(&self) -> Vec<Proposal> {
        let own = self.own;
        let same = |one: &&Recorded| {
            let near = one.paid_on >= own.booked_on.saturating_sub(jiff_days(DAYS))
                && one.paid_on <= own.booked_on.saturating_add(jiff_days(DAYS));
            let there = one.bank_account.is_none() || one.bank_account == own.bank_account;
            near && there && (one.currency, one.amount) == (own.currency, own.amount)
        };
        let same: Vec<&Recorded> = self.ground.payments.iter().filter(same).collect();
        let whose = self.party().map(|(party, _)| party);
        let told = |one: &Recorded| {
            let names = [&one.reference, &one.number];
            let named = names.into_iter().flatten().any(|name| self.says(name));
            named || whose == Some(one.party)
        };
        let alone = same.len() == 1;
        let one = |one: &&Recorded| {
            let number = one.number.clone().unwrap_or_default();
            let label = format!("{number} · {}", self.name(one.party));
            let reason = reason("bank_recorded", "The same amount is recorded already.");
            let args = Map::from_iter([("payment".to_owned(), json!(one.id.any()))]);
            let sure = told(one) || (alone && whose.is_none());
            Proposal { action: "link", args, label, reason, sure }
        };
        let mut found: Vec<Proposal> = same.iter().map(one).collect();
        found.sort_by_key(|one| !one.sure);
        found
    }

    /// Documents whose numbers the text names.
    fn named(&self) -> Option<Proposal> {
        let named = |one: &&&Open| one.names.iter().any(|name| self.says(name));
        let named: Vec<&Open> = self.open.iter().filter(named).copied().collect();
        let party = named.first()?.party;
        let of_one = named.iter().all(|one| one.party == party);
        let named: Vec<&Open> = named.into_iter().filter(|one| one.party == party).collect();
        let sum: Money = named.iter().map(|one| one.amount.abs()).sum();
        let (code, said) = match sum.cmp(&self.amount()) {
            std::cmp::Ordering::Equal => ("bank_named", "It is named, and the amount agrees."),
            std::cmp::Ordering::Greater => ("bank_named_part", "It is named; it is paid in part."),
            std::cmp::Ordering::Less => {
                ("bank_named_more", "It is named; more is paid, which stays as a credit.")
            }
        };
        Some(self.pays(&named, reason(code, said), of_one && sum == self.amount()))
    }

    /// What the party has open that comes to the amount; else what is due first.
    fn of_party(&self) -> Vec<Proposal> {
        let Some((party, by_account)) = self.party() else { return Vec::new() };
        let own: Vec<&Open> = self.open.iter().filter(|one| one.party == party).copied().collect();
        let exact: Vec<&&Open> =
            own.iter().filter(|one| one.amount.abs() == self.amount()).collect();
        let mut found = Vec::new();
        for one in &exact {
            let reason = reason("bank_party_amount", "It is of this party, and the amount agrees.");
            found.push(self.pays(&[one], reason, by_account && exact.len() == 1));
        }
        let mut sum = Money::ZERO;
        let first: Vec<&Open> = own
            .iter()
            .copied()
            .take_while(|one| {
                sum += one.amount.abs();
                sum <= self.amount()
            })
            .collect();
        let whole: Money = first.iter().map(|one| one.amount.abs()).sum();
        if first.len() > 1 && whole == self.amount() {
            let reason =
                reason("bank_oldest_amount", "Together they come to the amount, the oldest first.");
            found.push(self.pays(&first, reason, by_account && exact.is_empty()));
        } else if exact.is_empty() {
            let oldest: Vec<&Open> = own.into_iter().take(first.len() + 1).collect();
            let reason = reason(
                "bank_oldest",
                "It is of this party: the oldest first, as far as it reaches.",
            );
            found.push(self.on_account(party, &oldest, reason));
        }
        found
    }

    /// Documents of anybody with this amount.
    fn by_amount(&self) -> Vec<Proposal> {
        let same = self.open.iter().filter(|one| one.amount.abs() == self.amount());
        let reason = || reason("bank_amount", "The amount agrees.");
        same.take(MOST).map(|one| self.pays(&[one], reason(), false)).collect()
    }

    /// Of whom it is, and whether by his account, which is surer than his name.
    fn party(&self) -> Option<(Id<Party>, bool)> {
        let account = self.own.counterparty_account.as_deref();
        if let Some(party) = account.and_then(|account| self.ground.known.get(account)) {
            return Some((*party, true));
        }
        let name = squashed(self.own.counterparty.as_deref()?);
        let called = |(_, own): &(&Id<Party>, &String)| {
            let own = squashed(own);
            own.len() >= NUMBER_MIN
                && (name.contains(&own) || own.contains(&name) && name.len() >= NUMBER_MIN)
        };
        let mut called = self.ground.names.iter().filter(called);
        let first = called.next()?;
        // Two of the same name are nobody.
        called.next().is_none().then_some((*first.0, false))
    }

    fn says(&self, name: &str) -> bool {
        let name = squashed(name);
        name.len() >= NUMBER_MIN && self.said.contains(&name)
    }

    fn name(&self, party: Id<Party>) -> &str {
        self.ground.names.get(&party).map_or("", String::as_str)
    }

    /// These documents, as far as the amount reaches.
    fn pays(&self, documents: &[&Open], reason: Problem, sure: bool) -> Proposal {
        let mut left = self.amount();
        let (mut named, mut labels) = (Vec::new(), Vec::new());
        for one in documents {
            let amount = one.amount.abs().min(left);
            if amount.is_zero() {
                break;
            }
            left -= amount;
            let key = match one.document.model.as_str() {
                Invoice::MODEL => "invoice",
                Bill::MODEL => "bill",
                _ => "opening",
            };
            named.push(json!({ key: one.document.id, "amount": amount.to_string() }));
            labels.push(format!("{} {amount}", one.names.first().map_or("", String::as_str)));
        }
        let party = documents.first().map(|one| one.party);
        let label = format!("{} · {}", party.map_or("", |id| self.name(id)), labels.join(", "));
        let party = party.map(|id| ("party".to_owned(), json!(id.any())));
        let mut args: Map<String, Json> = party.into_iter().collect();
        args.insert("documents".to_owned(), Json::Array(named));
        Proposal { action: "match", args, label, reason, sure }
    }

    fn on_account(&self, party: Id<Party>, oldest: &[&Open], reason: Problem) -> Proposal {
        if !oldest.is_empty() {
            return self.pays(oldest, reason, false);
        }
        let args = Map::from_iter([("party".to_owned(), json!(party.any()))]);
        let label = self.name(party).to_owned();
        let reason = self::reason(
            "bank_credit",
            "It is of this party, of whom nothing is open: it stays as a credit.",
        );
        Proposal { action: "match", args, label, reason, sure: false }
    }
}

fn reason(code: &str, said: &str) -> Problem {
    Problem::new("", code, said)
}

/// Letters and digits alone, since banks break numbers as they like.
fn squashed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Id<Currency> = Id::new(1);
    const ACME: Id<Party> = Id::new(7);
    const BOLT: Id<Party> = Id::new(8);

    fn open(id: i64, party: Id<Party>, amount: &str, names: &[&str]) -> Open {
        let model = if amount.starts_with('-') { Bill::MODEL } else { Invoice::MODEL };
        Open {
            document: DocRef { model: model.to_owned(), id: AnyId::new(id) },
            party,
            currency: EUR,
            amount: amount.parse().unwrap(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn ground() -> Ground {
        let names = [(ACME, "Acme Cycles GmbH"), (BOLT, "Bolt & Nut")];
        Ground {
            open: vec![
                open(1, ACME, "100.00", &["INV-2026-00012"]),
                open(2, ACME, "40.00", &["INV-2026-00015"]),
                open(3, BOLT, "40.00", &["INV-2026-00016", "PO 4711/26"]),
                open(4, BOLT, "-75.50", &["R-9912"]),
            ],
            payments: vec![Recorded {
                id: Id::new(50),
                party: BOLT,
                paid_on: Date::constant(2026, 3, 3),
                bank_account: None,
                currency: EUR,
                amount: "12.00".parse().unwrap(),
                reference: None,
                number: Some("PAY-2026-00001".to_owned()),
            }],
            known: HashMap::from([("DE02".to_owned(), ACME)]),
            names: names.into_iter().map(|(id, name)| (id, name.to_owned())).collect(),
        }
    }

    fn transaction(amount: &str, text: &str, whose: (&str, &str)) -> BankTransaction {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        BankTransaction {
            id: Id::new(1),
            version: 1,
            state: "open".to_owned(),
            bank_account: Some(AnyId::new(10)),
            booked_on: Date::constant(2026, 3, 5),
            amount: amount.parse().unwrap(),
            currency: EUR,
            text: text.to_owned(),
            counterparty: filled(whose.0),
            counterparty_account: filled(whose.1),
            reference: None,
            party: None,
            payment: None,
            own_payment: false,
            account: None,
            entry: None,
            reason: None,
        }
    }

    #[test]
    fn what_a_person_would_see_is_seen() {
        const NOBODY: (&str, &str) = ("", "");
        for (amount, text, whose, expected) in [
            // A number in the text, however the bank breaks it.
            (
                "100.00",
                "Invoice inv 2026 00012 thanks",
                NOBODY,
                "named! Acme Cycles GmbH · INV-2026-00012 100.00",
            ),
            (
                "140.00",
                "INV-2026-00012,INV-2026-00015",
                NOBODY,
                "named! Acme Cycles GmbH · INV-2026-00012 100.00, INV-2026-00015 40.00",
            ),
            (
                "60.00",
                "INV-2026-00012",
                NOBODY,
                "named_part Acme Cycles GmbH · INV-2026-00012 60.00",
            ),
            (
                "120.00",
                "INV-2026-00012",
                NOBODY,
                "named_more Acme Cycles GmbH · INV-2026-00012 100.00",
            ),
            // What the customer calls it.
            ("40.00", "your PO4711/26", NOBODY, "named! Bolt & Nut · INV-2026-00016 40.00"),
            ("-75.50", "R 9912", NOBODY, "named! Bolt & Nut · R-9912 75.50"),
            // An account that paid before is surer than a name.
            (
                "100.00",
                "thanks",
                ("", "DE02"),
                "party_amount! Acme Cycles GmbH · INV-2026-00012 100.00",
            ),
            (
                "100.00",
                "thanks",
                ("ACME CYCLES", ""),
                "party_amount Acme Cycles GmbH · INV-2026-00012 100.00",
            ),
            (
                "140.00",
                "thanks",
                ("", "DE02"),
                "oldest_amount! Acme Cycles GmbH · INV-2026-00012 100.00, INV-2026-00015 40.00",
            ),
            (
                "110.00",
                "thanks",
                ("", "DE02"),
                "oldest Acme Cycles GmbH · INV-2026-00012 100.00, INV-2026-00015 10.00",
            ),
            // Two documents of one amount: nothing is sure.
            ("40.00", "thanks", NOBODY, "amount Acme Cycles GmbH · INV-2026-00015 40.00"),
            // Somebody has recorded it before the bank said so.
            ("12.00", "thanks", NOBODY, "recorded! PAY-2026-00001 · Bolt & Nut"),
            ("12.00", "thanks", ("", "DE02"), "recorded PAY-2026-00001 · Bolt & Nut"),
            ("7.00", "interest", NOBODY, ""),
            ("-7.00", "fee", ("", "DE02"), "credit Acme Cycles GmbH"),
        ] {
            let found = ground().likely(&transaction(amount, text, whose));
            let said = found.first().map_or_else(String::new, |one| {
                let code = one.reason.code.trim_start_matches("bank_");
                format!("{code}{} {}", if one.sure { "!" } else { "" }, one.label)
            });
            assert_eq!(said, expected, "{amount} {text} {whose:?}");
            assert!(found.iter().filter(|one| one.sure).count() <= 1, "{amount} {text}");
        }
    }

    #[test]
    fn no_more_than_the_amount_is_given_out() {
        for cents in 1..200_i64 {
            let amount = Money::from_minor(cents * 100, 2).to_string();
            let own = transaction(&amount, "INV-2026-00012 INV-2026-00015", ("", "DE02"));
            for proposal in ground().likely(&own) {
                let documents = proposal.args.get("documents").and_then(Json::as_array);
                let parts =
                    documents.into_iter().flatten().map(|one| one["amount"].as_str().unwrap());
                let sum: Money = parts.map(|part| part.parse::<Money>().unwrap()).sum();
                assert!(sum <= own.amount, "{amount}: {proposal:?}");
            }
        }
    }
}
