//! `fondaco user`: users from the console, for whoever may read the database file anyway.

use anyhow::{Context, Result};
use fondaco_kernel::identity::{self, NewUser};
use fondaco_kernel::shared::{Company as LegalEntity, User as Person};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Ctx, Kernel};

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::{note, say};

/// Make and look after users from the console.
///
/// Examples:
///   fondaco user first ab12-cd34-ef56-gh78-ij90 --login ann@acme.example --name Ann -C acme
///   fondaco user add bob@acme.example --name Bob --roles sales_user,crm_user -C acme
///   fondaco user list -C acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct User {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make the first administrator with the code that `fondaco serve` printed. The password is
    /// read from standard input.
    ///
    /// Example: fondaco user first ab12-cd34-ef56-gh78-ij90 --login ann@acme.example --name Ann
    #[command(verbatim_doc_comment)]
    First {
        code: String,
        #[arg(long)]
        login: String,
        #[arg(long)]
        name: String,
        #[command(flatten)]
        company: CompanyFolder,
    },
    /// Add a user and print the one-time code with which he chooses his password.
    ///
    /// Example: fondaco user add bob@acme.example --name Bob --roles sales_user
    #[command(verbatim_doc_comment)]
    Add {
        login: String,
        #[arg(long)]
        name: String,
        /// Names of roles, separated by commas; held in every company.
        #[arg(long, value_delimiter = ',')]
        roles: Vec<String>,
        #[command(flatten)]
        company: CompanyFolder,
    },
    /// Print a one-time code for a user who lost his password.
    ///
    /// Example: fondaco user code bob@acme.example
    #[command(verbatim_doc_comment)]
    Code {
        login: String,
        #[command(flatten)]
        company: CompanyFolder,
    },
    /// List the users.
    ///
    /// Example: fondaco user list --company acme
    #[command(verbatim_doc_comment)]
    List(CompanyFolder),
}

pub async fn run(args: User) -> Result<End> {
    match args.what {
        What::First { code, login, name, company } => {
            let (kernel, _) = open(&company).await?;
            note("Password:");
            let password = read_line()?;
            let new = NewUser { login, name, password: Some(password), ..NewUser::default() };
            identity::first_administrator(&kernel, &code, new).await?;
            kernel.leave().await;
            say("The first administrator is made.");
        }
        What::Add { login, name, roles, company } => {
            let (kernel, ctx) = open(&company).await?;
            let companies = all_companies(&kernel, &ctx).await?;
            let new = NewUser { login, name, roles, companies, ..NewUser::default() };
            let user = identity::add_user(&kernel, &ctx, new).await?;
            say_code(&kernel, &ctx, user).await?;
            kernel.leave().await;
        }
        What::Code { login, company } => {
            let (kernel, ctx) = open(&company).await?;
            let user = by_login(&kernel, &ctx, &login).await?;
            say_code(&kernel, &ctx, user.id).await?;
            kernel.leave().await;
        }
        What::List(company) => {
            let (kernel, ctx) = open(&company).await?;
            let all = Filter::new().sort("login");
            let users = kernel
                .read(&ctx, move |tx| {
                    let all = all.clone();
                    Box::pin(async move { store::find::<Person>(tx, all).await })
                })
                .await?;
            kernel.leave().await;
            for user in users {
                let state = if user.active { "" } else { " (switched off)" };
                say(&format!("{:<32} {}{state}", user.login, user.name));
            }
        }
    }
    Ok(End::Well)
}

async fn say_code(kernel: &Kernel, ctx: &Ctx, user: fondaco_values::Id<Person>) -> Result<()> {
    let code = identity::password_code(kernel, ctx, user).await?;
    say(&format!("One-time code to choose a password: {}", code.reveal()));
    Ok(())
}

async fn by_login(kernel: &Kernel, ctx: &Ctx, login: &str) -> Result<Person> {
    let wanted = Filter::new().eq("login", login);
    let found = kernel
        .read(ctx, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { store::first::<Person>(tx, wanted).await })
        })
        .await?;
    found.with_context(|| format!("there is no user {login}; `fondaco user list` shows them"))
}

/// The kernel of a company folder, and the console as caller in its first company.
pub async fn open(folder: &CompanyFolder) -> Result<(Kernel, Ctx)> {
    let company = Company::read(&folder.folder)?;
    let kernel = Kernel::open(company.setup()?).await?;
    let ctx = console(&kernel).await?;
    Ok((kernel, ctx))
}

/// The console, in the first company.
///
/// # Errors
/// When there is none.
pub async fn console(kernel: &Kernel) -> Result<Ctx> {
    let nowhere = identity::service(kernel, identity::CONSOLE, fondaco_values::Id::default())?;
    let companies = all_companies(kernel, &nowhere).await?;
    let first = *companies.first().context("the company folder declares no company")?;
    Ok(identity::service(kernel, identity::CONSOLE, first)?)
}

async fn all_companies(kernel: &Kernel, ctx: &Ctx) -> Result<Vec<fondaco_values::Id<LegalEntity>>> {
    let companies = kernel
        .read(ctx, |tx| {
            Box::pin(async move { store::find::<LegalEntity>(tx, Filter::new().sort("id")).await })
        })
        .await?;
    Ok(companies.iter().map(|company| company.id).collect())
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
