//! A change that one process applies is taken up by the others while they run: by the next unit of
//! work, and by none that is under way.

use fondaco_kernel::identity::service;
use fondaco_kernel::records::Query;
use fondaco_kernel::{Database, Error, Kernel, Setup, records};
use fondaco_server::modules;
use fondaco_tests::Folder;
use fondaco_tests::scratch::Scratch;
use serde_json::{Value as Json, json};

const CAT: &str = "model = \"own.cat\"\ntitle = \"name\"\n[fields]\nname = { type = \"text\" }\n\
     [access.administrator]\nread = \"true\"\ncreate = \"true\"\nwrite = \"true\"\n";

fn with_colour() -> String {
    CAT.replace("[access", "colour = { type = \"text\", default = \"'black'\" }\n[access")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_another_process_is_taken_up() {
    let folder = Folder::lay("taken-up", &["crm"], &[("models/cat.toml", CAT)]);
    let shop = folder.shop().await;
    let tom = shop.admin.create("own.cat", json!({ "name": "Tom" })).await.unwrap();
    let before = shop.kernel.registry();
    // A reader that begins before and ends after sees one schema and one moment.
    let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let slow = shop.kernel.read(&shop.admin.ctx, move |tx| {
        let list = Query::default();
        begun.send(()).unwrap();
        may_go_on.lock().unwrap().recv().unwrap();
        Box::pin(async move {
            let page = records::list(tx, "own.cat", &list).await?;
            Ok((tx.registry().digest().to_owned(), page.rows.len()))
        })
    });
    let meanwhile = async {
        has_begun.recv().await.unwrap();
        folder.write("models/cat.toml", &with_colour());
        let second = folder.kernel().await;
        let fields = json!({ "name": "Felix", "colour": "white" });
        let felix = shop.admin.create("own.cat", fields).await.unwrap();
        assert_eq!(shop.kernel.registry().digest(), second.registry().digest());
        assert_ne!(before.digest(), second.registry().digest());
        assert_eq!(shop.admin.get("own.cat", felix).await.unwrap()["colour"], "white");
        assert_eq!(shop.admin.get("own.cat", tom).await.unwrap()["colour"], "black");
        go_on.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    let (digest, seen) = slow.unwrap();
    assert_eq!((digest.as_str(), seen), (before.digest(), 1));
    let cats: Vec<Json> = shop.admin.list("own.cat", "true", "name").await.unwrap();
    assert_eq!(cats.len(), 2);
}

/// A program without a module that was switched on says so, at each unit of work, and harms nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_cannot_run_it_refuses() {
    let scratch = Scratch::new("refused");
    let database = Database::Sqlite(scratch.path().join("fondaco.db"));
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        modules::named(&names).unwrap()
    };
    let old = Kernel::open(Setup::new(database.clone(), named(&["crm"]))).await.unwrap();
    Kernel::open(Setup::new(database, named(&["crm", "hr"]))).await.unwrap();
    let company = fondaco_kernel::values::Id::default();
    let ctx = service(&old, "console", company).unwrap();
    let query = Query::default();
    let read = old.read(&ctx, move |tx| {
        let query = query.clone();
        Box::pin(
            async move { records::list(tx, "party", &query).await.map(|page| page.rows.len()) },
        )
    });
    let refused = read.await.unwrap_err();
    assert!(matches!(&refused, Error::Startup(why) if why.contains("no module hr")), "{refused}");
}
