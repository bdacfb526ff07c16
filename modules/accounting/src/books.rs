//! Provides the port `books`: what goods do, in the general book. Each move of value becomes one
//! debit and one credit of the same entry, by the product's category.

use fondaco_kernel::ledger::{Account, Line};
use fondaco_kernel::ports::books::{Books, Place, ValueMove};
use fondaco_kernel::shared::{Currency, Product};
use fondaco_kernel::{Error, Fut, Result, Tx};
use fondaco_values::{Date, Id};

use crate::accounts::{Accounts, Use, purpose};
use crate::document::own_currency;
use crate::opening;

pub(crate) struct General;

impl Books for General {
    fn lines<'t>(&'t self, tx: &'t mut Tx, moves: &'t [ValueMove]) -> Fut<'t, Vec<Line>> {
        Box::pin(async move {
            let moves = moves.iter().filter(|one| !one.value.is_zero());
            let products: Vec<Id<Product>> = moves.clone().map(|one| one.product).collect();
            let accounts = Accounts::load(tx, &products).await?;
            let own = own_currency(tx).await?;
            moves.map(|one| pair(one, &accounts, &own)).try_fold(
                Vec::with_capacity(2 * products.len()),
                |mut lines, pair| {
                    lines.extend(pair?);
                    Ok(lines)
                },
            )
        })
    }

    fn open_from<'t>(&'t self, tx: &'t mut Tx) -> Fut<'t, Date> {
        Box::pin(opening::books_from(tx))
    }
}

/// The two lines of a move: to a place is a debit, from it a credit.
fn pair(one: &ValueMove, accounts: &Accounts, own: &Currency) -> Result<[Line; 2]> {
    let minor = one.value.minor(own.decimals()).ok_or_else(|| {
        let message = "The value has more decimals than the company's currency: round it.";
        Error::problem("value", "minor_unit", message)
    })?;
    let line = |place: Place, amount: i64| -> Result<Line> {
        let mut line = Line::signed(account(place, one, accounts)?, own.id, amount);
        // Stock is split by product, what is not yet invoiced by supplier. What is in production goes
        // in as components and comes out as products, so it is not split.
        line.subsidiary = match place {
            Place::Stock => Some(one.product.any()),
            Place::Supplier => one.party.map(Id::any),
            _ => None,
        };
        Ok(line)
    };
    Ok([line(one.to, minor)?, line(one.from, -minor)?])
}

fn account(place: Place, one: &ValueMove, accounts: &Accounts) -> Result<Id<Account>> {
    let product = Some(one.product);
    match place {
        Place::Stock => accounts.of(product, Use::Stock),
        Place::Customer => accounts.of(product, Use::CostOfSales),
        Place::Production => accounts.of(product, Use::Wip),
        Place::Supplier => accounts.purpose(purpose::GRNI),
        Place::Adjustment => accounts.purpose(purpose::STOCK_ADJUSTMENT),
        Place::Work => accounts.purpose(purpose::WORK_ABSORBED),
        Place::Opening => accounts.purpose(purpose::EQUITY),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn each_move_is_a_debit_and_a_credit() {
        let purposes = [
            ("stock", 13),
            ("grni", 20),
            ("cost_of_sales", 50),
            ("wip", 14),
            ("stock_adjustment", 51),
            ("work_absorbed", 42),
            ("equity", 30),
        ];
        let purposes = HashMap::from(purposes.map(|(p, id)| (p.to_owned(), Id::new(id))));
        let accounts = Accounts::sample(purposes, &[]);
        let own = Currency { id: Id::new(1), code: "EUR".into(), exponent: 2 };
        let check = |from, to| {
            let one = ValueMove {
                product: Id::new(7),
                party: Some(Id::new(8)),
                from,
                to,
                value: "1720".parse().unwrap(),
            };
            let lines = pair(&one, &accounts, &own).unwrap();
            let word = |line: &Line| {
                let of = line.subsidiary.map(|id| format!("/{id}")).unwrap_or_default();
                format!("{}{of} {}", line.account, line.amount)
            };
            lines.iter().map(word).collect::<Vec<_>>().join(", ")
        };
        use Place::*;
        for (from, to, lines) in [
            (Supplier, Stock, "13/7 172000, 20/8 -172000"),
            (Stock, Supplier, "20/8 172000, 13/7 -172000"),
            (Stock, Production, "14 172000, 13/7 -172000"),
            (Work, Production, "14 172000, 42 -172000"),
            (Production, Stock, "13/7 172000, 14 -172000"),
            (Stock, Customer, "50 172000, 13/7 -172000"),
            (Stock, Adjustment, "51 172000, 13/7 -172000"),
            (Opening, Stock, "13/7 172000, 30 -172000"),
        ] {
            assert_eq!(check(from, to), lines, "{from:?} → {to:?}");
        }
    }
}
