//! `fondaco ledger`: does the chain hold, what is the trial balance.

use anyhow::Result;
use fondaco_kernel::ledger::{self, TrialBalance, Verdict};
use fondaco_kernel::shared::Company as LegalEntity;
use fondaco_kernel::store;
use fondaco_kernel::values::Money;

use super::{CompanyFolder, user};
use crate::End;
use crate::progress::say;

/// Look into the ledger from the console.
///
/// Examples:
///   fondaco ledger verify --company acme
///   fondaco ledger trial-balance --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Ledger {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Walk the hash chain and say whether anything was changed behind the program's back. Exit
    /// code 3 when it was.
    ///
    /// Example: fondaco ledger verify --company acme
    #[command(verbatim_doc_comment)]
    Verify(CompanyFolder),
    /// Print the trial balance of every company as of today.
    ///
    /// Example: fondaco ledger trial-balance --company acme
    #[command(verbatim_doc_comment)]
    TrialBalance(CompanyFolder),
}

pub async fn run(args: Ledger) -> Result<End> {
    match args.what {
        What::Verify(folder) => verify(&folder).await,
        What::TrialBalance(folder) => trial_balance(&folder).await,
    }
}

async fn verify(folder: &CompanyFolder) -> Result<End> {
    let (kernel, ctx) = user::open(folder).await?;
    let verdict = kernel.read(&ctx, |tx| Box::pin(ledger::verify(tx, None, None))).await?;
    match verdict {
        Verdict::Sound { entries, seals } => {
            say(&format!("The chain holds: {entries} entries, {seals} seals."));
            Ok(End::Well)
        }
        Verdict::FirstBad { seq, why } => {
            say(&format!("The chain is broken at entry {seq}: {}.", why.sentence()));
            Ok(End::Found)
        }
    }
}

async fn trial_balance(folder: &CompanyFolder) -> Result<End> {
    let (kernel, ctx) = user::open(folder).await?;
    let (balance, exponent) = kernel
        .read(&ctx, |tx| {
            Box::pin(async move {
                let company: LegalEntity = store::get(tx, tx.ctx().company()).await?;
                let exponent = store::get(tx, company.currency).await?.decimals();
                Ok((ledger::trial_balance(tx, None, None).await?, exponent))
            })
        })
        .await?;
    for line in trial_balance_lines(&balance, exponent) {
        say(&line);
    }
    Ok(End::Well)
}

/// The trial balance as lines of text: code, name, debit, credit.
pub fn trial_balance_lines(balance: &TrialBalance, exponent: u8) -> Vec<String> {
    let amount = |minor: i64| grouped(&Money::from_minor(minor, exponent).to_string());
    let mut lines: Vec<String> = balance
        .rows
        .iter()
        .map(|row| {
            let (debit, credit) = match row.balance {
                0 => (amount(0), String::new()),
                due if due > 0 => (amount(due), String::new()),
                owed => (String::new(), amount(-owed)),
            };
            format!("{:<8}{:<32}{debit:>16}{credit:>16}", row.code, row.name)
        })
        .collect();
    let (debit, credit) = (amount(balance.debit), amount(balance.credit));
    lines.push(format!("{:<8}{:<32}{:->16}{:->16}", "", "", "", ""));
    lines.push(format!("{:<8}{:<32}{debit:>16}{credit:>16}", "", "Both sides"));
    lines
}

/// `1234567.50` → `1,234,567.50`
pub fn grouped(amount: &str) -> String {
    let (sign, rest) = amount.strip_prefix('-').map_or(("", amount), |rest| ("-", rest));
    let (whole, decimals) = rest.split_once('.').unwrap_or((rest, ""));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{out}{point}{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped() {
        for (plain, written) in
            [("0.00", "0.00"), ("-1234.50", "-1,234.50"), ("44734.00", "44,734.00"), ("999", "999")]
        {
            assert_eq!(grouped(plain), written);
        }
    }
}
