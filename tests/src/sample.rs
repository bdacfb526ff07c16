//! Public sample data beside the repository, and the example companies that take it in. Tests over
//! it are passed over, loudly, where it is absent.

use std::path::{Path, PathBuf};

use fondaco_kernel::identity;
use fondaco_kernel::records::{self, Query};
use fondaco_kernel::values::limits;
use fondaco_kernel::{Database, Error};
use fondaco_server::config::Company;
use fondaco_server::desk::Desk;
use fondaco_server::import::mapping::Mapping;
use fondaco_server::import::{self, Report};
use serde_json::Value;

use crate::shop::Shop;

/// A folder of the public sample data beside the repository; `None`, told loudly, when it is absent.
#[expect(clippy::print_stderr, reason = "a test that tests nothing must be seen")]
pub fn data(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("\n    PASSED OVER: the sample data {name:?} is not there; nothing was tested\n");
    None
}

/// The folder of an example company.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

/// An example company in memory.
pub async fn open(name: &str) -> Shop {
    let company = Company::read(&example(name)).and_then(|company| company.setup());
    let mut setup = company.unwrap_or_else(|e| unreachable!("{name}: {e:#}"));
    setup.database = Database::Memory;
    Shop::of(setup).await
}

/// The console of a company, which commands such as the import work as.
pub fn console(shop: &Shop) -> Desk {
    let company = shop.admin.ctx.company();
    let ctx = identity::service(&shop.kernel, identity::CONSOLE, company);
    Desk::new(shop.kernel.clone(), ctx.unwrap_or_else(|e| unreachable!("{e}")))
}

/// Imports files of a folder by a mapping.
pub async fn import(desk: &Desk, mapping: &Path, folder: &Path) -> Report {
    let mapping = Mapping::read(mapping).unwrap_or_else(|e| unreachable!("{e:#}"));
    let report = import::run(desk, &mapping, folder).await;
    report.unwrap_or_else(|e| unreachable!("{}: {e:#}", mapping.path))
}

/// `(model, file, created, updated, unchanged)` of each file of an import.
pub fn counts(report: &Report) -> Vec<(&str, &str, [usize; 3])> {
    let files = report.files.iter();
    files
        .map(|file| {
            let done = &file.done;
            let counts = [done.created, done.updated, done.unchanged];
            (file.model.as_str(), file.file.as_str(), counts)
        })
        .collect()
}

/// Every record that the filter fits, page by page, in order of id.
///
/// # Errors
/// As `records::list`.
pub async fn all(
    desk: &Desk,
    model: &str,
    filter: &str,
    fields: &[&str],
) -> Result<Vec<Value>, Error> {
    let mut query = Query {
        filter: Some(filter.to_owned()),
        sort: vec!["id".to_owned()],
        limit: Some(limits::PAGE_SIZE_MAX),
        ..Query::default()
    };
    query.show.fields = fields.iter().map(|field| (*field).to_owned()).collect();
    let mut found = Vec::new();
    loop {
        let (model, asked) = (model.to_owned(), query.clone());
        let read = desk.kernel.read(&desk.ctx, move |tx| {
            let (model, asked) = (model.clone(), asked.clone());
            Box::pin(async move { records::list(tx, &model, &asked).await })
        });
        let page = read.await?;
        found.extend(page.rows.iter().map(|rec| rec.to_json()));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
    }
}
