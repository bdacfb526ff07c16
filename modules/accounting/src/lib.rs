//! Accounting: invoices, bills, payments and the books. Here is the plain list of what its Rust adds
//! to its TOML; each noun has a file of its own.
//! Not here: the ledger itself (kernel), goods and their value (inventory), orders (sales).
//! Read on: `invoice` and `bill` (documents), `draft`, `document` and `posting` (how they are summed
//! and booked),
//! `payment`, `settlement` and `bank` (how they are paid, what the bank says of it), `entry`, `period`; then the ports `billing`,
//! `credit`, `books`, `overview`, and the reports.

mod accounts;
mod amounts;
mod draft;
mod document;
mod posting;
mod terms;

mod bank;
mod bill;
mod entry;
mod opening;
mod invoice;
mod payment;
mod period;
mod settlement;

mod billing;
mod books;
mod credit;
mod overview;

mod aging;
mod statements;
mod tax_report;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../", $path)))),+]
    };
}

/// The module as the server switches it on.
pub fn module() -> Module {
    reports(ports(hooks(records(files(
        Module::new("accounting", include_str!("../module.toml")).locales(locales!("accounting")),
    )))))
}

fn files(module: Module) -> Module {
    module
        .models(files![
            "models/invoice.toml",
            "models/invoice_line.toml",
            "models/invoice_tax.toml",
            "models/bill.toml",
            "models/bill_line.toml",
            "models/bill_tax.toml",
            "models/payment.toml",
            "models/allocation.toml",
            "models/bank_transaction.toml",
            "models/settlement.toml",
            "models/settlement_part.toml",
            "models/entry.toml",
            "models/entry_line.toml",
            "models/fiscal_year.toml",
            "models/period.toml",
            "models/hold.toml",
            "models/company.toml",
            "models/account.toml",
            "models/journal.toml",
            "models/party.toml",
            "models/tax_code.toml",
            "models/product_category.toml",
            "models/payment_term.toml",
            "models/currency.toml",
            "models/exchange_rate.toml",
        ])
        .documents(files!["documents/invoice.toml", "documents/credit_note.toml"])
        .dashboards(files!["dashboards/books.toml"])
        .reports(files![
            "reports/trial_balance.toml",
            "reports/balance_sheet.toml",
            "reports/profit_and_loss.toml",
            "reports/general_ledger.toml",
            "reports/aging.toml",
            "reports/credit.toml",
            "reports/party_statement.toml",
            "reports/tax_report.toml",
        ])
        .data(files!["data/chart.toml", "data/journals.toml"])
}

fn records(module: Module) -> Module {
    module
        .record::<invoice::Invoice>()
        .record::<invoice::InvoiceLine>()
        .record::<invoice::InvoiceTax>()
        .record::<bill::Bill>()
        .record::<bill::BillLine>()
        .record::<bill::BillTax>()
        .record::<payment::Payment>()
        .record::<payment::Allocation>()
        .record::<bank::BankTransaction>()
        .record::<settlement::Settlement>()
        .record::<settlement::SettlementPart>()
        .record::<entry::JournalEntry>()
        .record::<entry::JournalLine>()
        .record::<period::FiscalYear>()
        .record::<period::Period>()
        .record::<credit::Hold>()
        .record::<credit::Customer>()
        .record::<accounts::AccountName>()
        .record::<opening::BooksOf>()
        .record::<document::Tax>()
        .record::<tax_report::TaxedInvoice>()
        .record::<tax_report::TaxedBill>()
}

fn hooks(module: Module) -> Module {
    module
        .opening(|tx, opening| Box::pin(opening::begin(tx, opening)))
        .before_save("accounting.invoice", |tx, batch| Box::pin(draft::prepare_sales(tx, batch)))
        .before_save("accounting.bill", |tx, batch| Box::pin(draft::prepare_purchases(tx, batch)))
        .action("accounting.invoice", "post", act!(invoice::post))
        .action("accounting.invoice", "allocate", act!(invoice::allocate))
        .action("accounting.invoice", "credit", act!(invoice::credit))
        .action("accounting.invoice", "write_off", act!(invoice::write_off))
        .action("accounting.invoice", "settle", act!(invoice::settled))
        .action("accounting.invoice", "reopen", act!(invoice::reopened))
        .action("accounting.bill", "post", act!(bill::post))
        .action("accounting.bill", "allocate", act!(bill::allocate))
        .action("accounting.bill", "refund", act!(bill::refund))
        .action("accounting.bill", "settle", act!(bill::settled))
        .action("accounting.bill", "reopen", act!(bill::reopened))
        .action("accounting.payment", "propose", act!(payment::propose))
        .action("accounting.payment", "post", act!(payment::post))
        .action("accounting.payment", "allocate", act!(payment::allocate))
        .action("accounting.payment", "cancel", act!(payment::cancel))
        .before_save("accounting.bank_transaction", |tx, batch| Box::pin(bank::prepare(tx, batch)))
        .action("accounting.bank_transaction", "match", act!(bank::matched))
        .action("accounting.bank_transaction", "link", act!(bank::link))
        .action("accounting.bank_transaction", "book", act!(bank::book))
        .action("accounting.bank_transaction", "ignore", act!(bank::ignore))
        .action("accounting.bank_transaction", "undo", act!(bank::undo))
        .proposals("accounting.bank_transaction", |tx, ids| Box::pin(bank::proposals(tx, ids)))
        .action("accounting.settlement", "undo", act!(settlement::undo))
        .action("accounting.entry", "take_stock", act!(opening::take_stock))
        .action("accounting.entry", "post", act!(entry::post))
        .action("accounting.entry", "reverse", act!(entry::reverse))
        .action("accounting.fiscal_year", "open", act!(period::open_year))
        .action("accounting.fiscal_year", "close", act!(period::close_year))
        .action("accounting.fiscal_year", "reopen", act!(period::reopen_year))
        .action("accounting.period", "close", act!(period::close))
        .action("accounting.period", "reopen", act!(period::reopen))
        .action("accounting.period", "lock", act!(period::lock))
        .inside("accounting.invoice.posted", |tx, event| Box::pin(invoice::posted(tx, event)))
        .inside("accounting.bill.posted", |tx, event| Box::pin(bill::posted(tx, event)))
}

fn ports(module: Module) -> Module {
    module
        .port(|ports| ports.billing = Some(Arc::new(billing::Documents)))
        .port(|ports| ports.credit = Some(Arc::new(credit::Ledger)))
        .port(|ports| ports.books = Some(Arc::new(books::General)))
        .port(|ports| ports.overview.push(Arc::new(overview::OpenDocuments)))
}

fn reports(module: Module) -> Module {
    module
        .report("accounting.trial_balance", |tx, args| {
            Box::pin(statements::trial_balance(tx, args))
        })
        .report("accounting.balance_sheet", |tx, args| {
            Box::pin(statements::balance_sheet(tx, args))
        })
        .report("accounting.profit_and_loss", |tx, args| {
            Box::pin(statements::profit_and_loss(tx, args))
        })
        .report("accounting.general_ledger", |tx, args| {
            Box::pin(statements::general_ledger(tx, args))
        })
        .report("accounting.credit", |tx, args| Box::pin(credit::standings(tx, args)))
        .report("accounting.aging", |tx, args| Box::pin(aging::aging(tx, args)))
        .report("accounting.party_statement", |tx, args| Box::pin(aging::party_statement(tx, args)))
        .report("accounting.tax_report", |tx, args| Box::pin(tax_report::tax_report(tx, args)))
}
