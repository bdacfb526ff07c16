//! A company with a clock that the test moves and users at their desks.

use fondaco_kernel::identity::{self, NewUser};
use fondaco_kernel::values::Timestamp;
use fondaco_kernel::{Clock, Database, Error, Kernel, Module, Setup, permissions};
use fondaco_server::desk::Desk;

use crate::engine;

/// Good enough for everybody in a test; hashed cheaply there.
pub const PASSWORD: &str = "nine green bottles hanging";

/// The company of the tests, as a data file.
pub const COMPANY: &str = r#"
[[company]]
key = "main"
name = "Test Works"
currency = "EUR"
country = "IT"
calendar = "standard"

[[tax_code]]
key = "vat_out_20"
code = "V20"
name = "VAT 20 % on sales"
kind = "sales"
rate = "0.20"

[[tax_code]]
key = "vat_in_20"
code = "I20"
name = "VAT 20 % on purchases"
kind = "purchase"
rate = "0.20"
"#;

/// A kernel with one company and its first administrator.
pub struct Shop {
    pub kernel: Kernel,
    pub clock: Clock,
    pub admin: Desk,
}

impl Shop {
    /// A company of its own on the engine of the test, with these modules switched on, at 9 o'clock on 2026-03-02
    /// (a Monday).
    pub async fn open(modules: Vec<Module>) -> Shop {
        Shop::with(modules, &[]).await
    }

    /// The same with records to start with, in the form of data files.
    pub async fn with(modules: Vec<Module>, data: &[&str]) -> Shop {
        let mut setup = Setup::new(Database::Memory, modules);
        setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
        let named = |(n, text): (usize, &&str)| (format!("data/{n}.toml"), (*text).to_owned());
        setup.data.extend(data.iter().enumerate().map(named));
        Shop::of(setup).await
    }

    /// A company of this set-up, which says where its database is (see [`engine::open`]); the clock and the passwords are
    /// the test's.
    pub async fn of(setup: Setup) -> Shop {
        let clock = Clock::at("2026-03-02T09:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH));
        Shop::on_clock(setup, clock).await
    }

    /// The same by another clock, such as the machine's.
    pub async fn on_clock(mut setup: Setup, clock: Clock) -> Shop {
        setup.clock = clock.clone();
        setup.cheap_passwords = true;
        let kernel = engine::open(setup).await.unwrap_or_else(|e| unreachable!("{e}"));
        let admin = administrator(&kernel).await.unwrap_or_else(|e| unreachable!("{e}"));
        Shop { kernel, clock, admin }
    }

    /// A new user with these roles, at his desk.
    pub async fn user(&self, name: &str, roles: &[&str]) -> Desk {
        let login = format!("{}@works.example", name.to_lowercase());
        let hired = self.admin.hire(name, &login, PASSWORD, roles).await;
        hired.unwrap_or_else(|e| unreachable!("{name}: {e:#}"))
    }

    /// A user with every role there is, less those that exclude one taken before.
    pub async fn master(&self, name: &str) -> Desk {
        let registry = self.kernel.registry();
        let mut roles: Vec<&str> = Vec::new();
        for role in registry.schema.roles.keys().map(String::as_str) {
            roles.push(role);
            if !permissions::conflicts(&registry.schema, roles.iter().copied()).is_empty() {
                roles.pop();
            }
        }
        self.user(name, &roles).await
    }

    /// Moves the clock to 9 o'clock of a day.
    pub fn on(&self, day: &str) {
        let time = format!("{day}T09:00:00Z").parse();
        self.clock.set(time.unwrap_or_else(|e| unreachable!("{day}: {e}")));
    }
}

async fn administrator(kernel: &Kernel) -> Result<Desk, Error> {
    let code = identity::first_code(kernel).await?;
    let code = code.ok_or_else(|| Error::Startup("there is a user already".to_owned()))?;
    let new = NewUser {
        login: "admin@works.example".to_owned(),
        name: "Ada".to_owned(),
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    identity::first_administrator(kernel, code.reveal(), new).await?;
    let login = "admin@works.example";
    let (_, ctx) = identity::sign_in(kernel, login, PASSWORD, "test").await?;
    Ok(Desk::new(kernel.clone(), ctx))
}

/// The fields and codes of a refusal, for short assertions: `["lines[0].quantity: min"]`.
pub fn problems<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Vec<String> {
    match outcome {
        Err(Error::Invalid(problems)) => {
            problems.iter().map(|p| format!("{}: {}", p.field, p.code)).collect()
        }
        Err(other) => vec![other.to_string()],
        Ok(done) => unreachable!("it was not refused: {done:?}"),
    }
}
