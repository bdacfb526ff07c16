//! Company folders on disk, as companies write them, with an administrator and his token.

use std::path::Path;

use fondaco_kernel::{Clock, Kernel};
use fondaco_server::config::Company;

use crate::engine;
use crate::scratch::Scratch;
use crate::served::token;
use crate::shop::{COMPANY, Shop};

/// A company folder of its own, removed on drop.
#[derive(Debug)]
pub struct Folder(Scratch);

impl Folder {
    /// A folder with these modules, the company of the tests, and files of its own: `(path, text)`.
    pub fn lay(name: &str, modules: &[&str], files: &[(&str, &str)]) -> Folder {
        let database = engine::database_url().map(|url| format!("url = {url:?}"));
        Folder::lay_on(&database.unwrap_or_default(), name, modules, files)
    }

    /// The same on this database, as it stands under `[database]`.
    pub fn lay_on(database: &str, name: &str, modules: &[&str], files: &[(&str, &str)]) -> Folder {
        let folder = Folder(Scratch::new(name));
        let enabled: Vec<String> = modules.iter().map(|module| format!("{module:?}")).collect();
        let enabled = enabled.join(", ");
        let config = format!("[database]\n{database}\n[modules]\nenabled = [{enabled}]\n");
        folder.write("fondaco.toml", &config);
        folder.write("data/company.toml", COMPANY);
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = made.and_then(|()| std::fs::write(&path, text));
        written.unwrap_or_else(|e| unreachable!("{}: {e}", path.display()));
    }

    pub fn company(&self) -> Company {
        Company::read(self.path()).unwrap_or_else(|e| unreachable!("{e:#}"))
    }

    /// The company in this process, by the machine's clock, with its first administrator.
    pub async fn shop(&self) -> Shop {
        let mut setup = self.company().setup().unwrap_or_else(|e| unreachable!("{e:#}"));
        setup.clock = Clock::system();
        setup.cheap_passwords = true;
        Shop::on_clock(setup, Clock::system()).await
    }

    /// Opens the company once, to make its administrator and a user with these roles; answers the
    /// user's token. Nobody has the database open afterwards.
    pub async fn user_token(&self, roles: &[&str]) -> String {
        let shop = self.shop().await;
        let user = shop.user("Una", roles).await;
        token(&user, &["*:*"]).await
    }

    /// The kernel of the folder, once more.
    pub async fn kernel(&self) -> Kernel {
        let setup = self.company().setup().unwrap_or_else(|e| unreachable!("{e:#}"));
        Kernel::open(setup).await.unwrap_or_else(|e| unreachable!("{e}"))
    }
}
