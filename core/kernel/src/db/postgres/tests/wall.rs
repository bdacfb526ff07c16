//! The wall between companies, from both sides: what the catalog of the server says of every table
//! and of the role, and what statements without any right compiled into them get to see.

use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_cluster::{Cluster, Database as Server};
use fondaco_schema::{Origin, Source};
use fondaco_values::Id;

use crate::ctx::{Actor, ActorKind, Scopes};
use crate::db::Sql;
use crate::db::postgres::PostgresSettings;
use crate::error::Result;
use crate::examine::{self, Wall};
use crate::shared::{Company, Party};
use crate::store::{self, Filter};
use crate::{Ctx, Database, Error, Kernel, Setup, identity, plan};

const FOLDER: &str = r#"
    [[company]]
    key = "one"
    name = "One"
    currency = "EUR"

    [[company]]
    key = "two"
    name = "Two"
    currency = "VND"

    [[party]]
    key = "first"
    name = "Of the first"

    [[party]]
    key = "second"
    company = "two"
    name = "Of the second"
"#;

const PARCEL: &str = r#"
model = "own.parcel"
label = "Parcel"
title = "code"

[fields]
code = { type = "text", required = true }

[access.everyone]
read = "true"
"#;

/// A table with a column `company` that the wall does not go around, and why that is right.
const OUTSIDE: [(&str, &str); 2] = [
    ("user_role", "whose role it is says the user, who is everybody's"),
    ("identity_session", "it is the user's, and ends in whatever company he works"),
];

/// Tables with a company that are not behind the wall, by the catalog alone.
fn open(server: &Server) -> Vec<String> {
    let outside: Vec<String> = OUTSIDE.iter().map(|(table, _)| format!("'{table}'")).collect();
    let found = server.sql(&format!(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         and a.attname = 'company' and not a.attisdropped and c.relname not in ({})
         and not (c.relrowsecurity and 1 = (select count(*) from pg_policy p
           where p.polrelid = c.oid and p.polcmd = '*' and p.polpermissive and p.polroles = '{{0}}'
           and (pg_get_expr(p.polqual, c.oid) like '(company = ANY (( SELECT %fondaco.companies%))'
             or c.relname = 'audit')
           and pg_get_expr(p.polwithcheck, c.oid) like '(company = ANY (( SELECT %fondaco%))'))
         order by 1",
        outside.join(", ")
    ));
    found.lines().map(str::to_owned).collect()
}

fn setup(url: String) -> Setup {
    let mut settings = PostgresSettings::new(url);
    settings.connections = 3;
    let mut setup = Setup::new(Database::Postgres(settings), Vec::new());
    setup.data.push(("data/company.toml".to_owned(), FOLDER.to_owned()));
    setup
}

async fn companies(kernel: &Kernel) -> Vec<Id<Company>> {
    let itself = identity::kernel_itself();
    let all =
        kernel.read(&itself, |tx| Box::pin(store::find::<Company>(tx, Filter::new().sort("id"))));
    all.await.unwrap().into_iter().map(|company| company.id).collect()
}

fn user_of(companies: &[Id<Company>]) -> Ctx {
    let actor = Actor {
        kind: ActorKind::User,
        user: None,
        name: "somebody".to_owned(),
        party: None,
        roles: vec!["administrator".to_owned()],
        companies: companies.to_vec(),
        scopes: Scopes::All,
    };
    Ctx::new(actor, companies[0], "en")
}

/// Names of parties, with no condition at all.
async fn bare(kernel: &Kernel, ctx: &Ctx) -> Vec<String> {
    let rows =
        kernel.read(ctx, |tx| Box::pin(tx.rows(Sql::text("select name from party order by name"))));
    rows.await.unwrap().iter().map(|row| row.str(0).to_owned()).collect()
}

async fn exec(kernel: &Kernel, ctx: &Ctx, sql: Sql) -> Result<u64> {
    kernel
        .run(ctx, move |tx| {
            let sql = sql.clone();
            Box::pin(async move { tx.exec(sql).await })
        })
        .await
}

fn move_party(name: &'static str, to: Id<Company>) -> Sql {
    Sql::text("update party set company = $1 where name = $2").bind(to).bind(name)
}

fn is_refused_by_the_wall(outcome: Result<u64>) -> bool {
    let error = outcome.unwrap_err();
    matches!(&error, Error::Storage { message, .. } if message.contains("row-level security"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_with_a_company_is_behind_the_wall() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = cluster.database();
    let kernel = Kernel::open(setup(server.url())).await.unwrap();
    assert_eq!(open(&server), Vec::<String>::new());
    let walled = server.sql("select count(*) from fo_walled()");
    assert!(walled.trim().parse::<u32>().unwrap() > 20, "{walled} tables have a company");
    // It would be seen.
    server.sql("create table stray (id bigint primary key, company bigint not null)");
    assert_eq!(open(&server), ["stray"]);
    let examined = examine::look(&kernel).await.unwrap();
    assert_eq!(examined.wall, Wall::Open(vec!["stray".to_owned()]));
    server.sql("drop table stray");
    // A model that comes by a change has it too; one that lost it has it again at the next start.
    let mut next = setup(server.url());
    next.company.push(Source::new(Origin::Company, "models/own_parcel.toml", PARCEL));
    let plan = plan::make(&kernel, &next.desired()).await.unwrap();
    let consent = plan::Consent::default();
    plan::apply(&kernel, &next.desired(), &plan, consent, &plan::silent()).await.unwrap();
    assert_eq!(server.sql("select 1 from fo_walled() where relname = 'own_parcel'").trim(), "1");
    assert_eq!(open(&server), Vec::<String>::new());
    drop(kernel);
    server.sql(
        "drop policy fondaco_company on own_parcel; alter table party disable row level security",
    );
    assert_eq!(open(&server), ["own_parcel", "party"]);
    let kernel = Kernel::open(next).await.unwrap();
    assert_eq!(open(&server), Vec::<String>::new());
    assert_eq!(examine::look(&kernel).await.unwrap().wall, Wall::Stands);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_owns_nothing_and_may_nothing_else() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = cluster.database();
    let kernel = Kernel::open(setup(server.url())).await.unwrap();
    let ctx = user_of(&companies(&kernel).await[..1]);
    let asked = kernel.read(&ctx, |tx| {
        Box::pin(tx.row(Sql::text(
            "select cast(current_user as text), rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, \
             (select count(*) from pg_class as c where c.relowner = r.oid), \
             (select count(*) from pg_auth_members as m where m.member = r.oid) \
             from pg_roles as r where rolname = current_user",
        )))
    });
    let row = asked.await.unwrap().unwrap();
    assert_eq!(row.str(0), "postgres_desk");
    assert_eq!((1..7).map(|at| row.int(at)).collect::<Vec<_>>(), [0; 6]);
    for statement in [
        "create table mine (id bigint)",
        "drop table party",
        "truncate party",
        "alter table party disable row level security",
        "set local row_security = off; select * from party",
    ] {
        let done = exec(&kernel, &ctx, Sql::text(statement)).await;
        assert!(done.is_err(), "{statement}");
    }
    // The kernel on its own business is somebody else.
    let itself = identity::kernel_itself();
    let owner =
        kernel.read(&itself, |tx| Box::pin(tx.row(Sql::text("select cast(current_user as text)"))));
    assert_eq!(owner.await.unwrap().unwrap().str(0), "postgres");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_without_any_right_compiled_into_it_stays_in_its_companies() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = cluster.database();
    let kernel = Kernel::open(setup(server.url())).await.unwrap();
    let all = companies(&kernel).await;
    let (one, two) = (all[0], all[1]);
    let (first, second, both) = (user_of(&[one]), user_of(&[two]), user_of(&[one, two]));
    let parties = ["Of the first", "Of the second"];
    assert_eq!(bare(&kernel, &first).await, parties[..1]);
    assert_eq!(bare(&kernel, &second).await, parties[1..]);
    assert_eq!(bare(&kernel, &both).await, parties);
    assert_eq!(bare(&kernel, &identity::kernel_itself()).await, parties);
    // Nothing reaches over it.
    for statement in [
        "update party set name = 'Mine' where name = 'Of the second'",
        "delete from party where name = 'Of the second'",
    ] {
        let done = exec(&kernel, &first, Sql::text(statement)).await;
        assert_eq!(done.unwrap(), 0, "{statement}");
    }
    // Neither does what is written.
    let given_away = exec(&kernel, &first, move_party("Of the first", two)).await;
    assert!(is_refused_by_the_wall(given_away));
    let entry = Sql::text(
        "insert into audit (id, at, actor, company, request, model, record, action, changes) \
         values (1, 1, 'x', $1, '', 'party', 1, 'update', '{}')",
    );
    assert!(is_refused_by_the_wall(exec(&kernel, &first, entry.clone().bind(two)).await));
    assert_eq!(exec(&kernel, &first, entry.bind(one)).await.unwrap(), 1);
    assert_eq!(exec(&kernel, &both, move_party("Of the first", two)).await.unwrap(), 1);
    assert_eq!(bare(&kernel, &second).await, parties);
    // What a search finds is asked from outside of the wall, and says it once more.
    let found = Sql::text("select f.id from fo_found('party', array['%second%'], null) as f (id)");
    for (ctx, count) in [(&first, 0), (&second, 1), (&both, 1)] {
        let found = found.clone();
        let rows = kernel.read(ctx, move |tx| {
            let found = found.clone();
            Box::pin(async move { tx.rows(found).await })
        });
        assert_eq!(rows.await.unwrap().len(), count);
    }
}

/// What was done to a record that is everybody's is seen by everybody, in whatever company it was
/// done; what was done to a company's record is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_shared_records_is_on_both_sides() {
    let Some(cluster) = Cluster::shared() else { return };
    let server = cluster.database();
    let kernel = Kernel::open(setup(server.url())).await.unwrap();
    let all = companies(&kernel).await;
    for (id, model) in [(1, "currency"), (2, "party"), (3, "no.model")] {
        let entry = Sql::text(
            "insert into audit (id, at, actor, company, request, model, record, action, changes) \
             values ($1, 1, 'x', $2, '', $3, 1, 'update', '{}')",
        );
        let entry = entry.bind(id).bind(all[1]).bind(model);
        assert_eq!(exec(&kernel, &user_of(&all[1..]), entry).await.unwrap(), 1);
    }
    for (company, seen) in [(all[0], vec![1]), (all[1], vec![1, 2, 3])] {
        let ctx = user_of(&[company]);
        let rows = kernel.read(&ctx, |tx| {
            Box::pin(tx.rows(Sql::text("select id from audit where id < 10 order by id")))
        });
        let rows: Vec<i64> = rows.await.unwrap().iter().map(|row| row.int(0)).collect();
        assert_eq!(rows, seen);
    }
}

/// A login of the server that is no superuser, with a database of its own.
struct Login(&'static Cluster, String, String);

impl Login {
    fn new(cluster: &'static Cluster, may: &str) -> Login {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let login = format!("fo_login_{}_{n}", std::process::id());
        let database = format!("fo_{}_of_login_{n}", std::process::id());
        cluster.sql("postgres", &format!("create role {login} login {may}"));
        cluster.sql(
            "postgres",
            &format!("create database {database} template template0 owner {login}"),
        );
        Login(cluster, login, database)
    }

    fn url(&self) -> String {
        self.0.url(&self.2).replace("postgres@", &format!("{}@", self.1))
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let Login(cluster, login, database) = self;
        cluster.sql("postgres", &format!("drop database {database} with (force)"));
        cluster.sql("postgres", &format!("drop role if exists {login}_desk; drop role {login}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_may_make_roles_has_a_desk_of_its_own() {
    let Some(cluster) = Cluster::shared() else { return };
    let login = Login::new(cluster, "createrole");
    let kernel = Kernel::open(setup(login.url())).await.unwrap();
    let all = companies(&kernel).await;
    assert_eq!(bare(&kernel, &user_of(&all[..1])).await, ["Of the first"]);
    assert_eq!(examine::look(&kernel).await.unwrap().wall, Wall::Stands);
    // Another login's desk opens nothing here.
    let other = cluster.sql(
        &login.2,
        "select has_table_privilege('postgres_desk', 'party', 'select')
        where exists (select from pg_roles where rolname = 'postgres_desk')",
    );
    assert!(["", "f"].contains(&other.trim()));
    let Login(_, name, database) = &login;
    drop(kernel);
    cluster.sql(database, &format!("drop owned by {name}_desk"));
    let kernel = Kernel::open(setup(login.url())).await.unwrap();
    assert_eq!(bare(&kernel, &user_of(&all[..1])).await, ["Of the first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_right_to_make_roles_the_program_works_and_says_what_is_missing() {
    let Some(cluster) = Cluster::shared() else { return };
    let login = Login::new(cluster, "nocreaterole");
    let kernel = Kernel::open(setup(login.url())).await.unwrap();
    let all = companies(&kernel).await;
    let ctx = user_of(&all[..1]);
    // The rights that are compiled into statements are the real filter.
    assert_eq!(bare(&kernel, &ctx).await.len(), 2);
    let own = kernel.read(&ctx, |tx| Box::pin(store::find::<Party>(tx, Filter::new())));
    assert_eq!(own.await.unwrap().len(), 1);
    let Login(_, name, _) = &login;
    let missing = Wall::NoRole { role: format!("{name}_desk"), login: name.clone() };
    assert_eq!(examine::look(&kernel).await.unwrap().wall, missing);
    drop(kernel);
    // The cure that the doctor names.
    let cure = format!("create role \"{name}_desk\" nologin; grant \"{name}_desk\" to \"{name}\";");
    cluster.sql("postgres", &cure);
    let kernel = Kernel::open(setup(login.url())).await.unwrap();
    assert_eq!(examine::look(&kernel).await.unwrap().wall, Wall::Stands);
    assert_eq!(bare(&kernel, &ctx).await, ["Of the first"]);
}

/// Roles belong to the server: all of these want to make the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_databases_make_the_role_at_once() {
    let Some(cluster) = Cluster::shared() else { return };
    let login = Login::new(cluster, "createrole");
    let mut more = Vec::new();
    for n in 0..3 {
        let name = format!("{}_{n}", login.2);
        cluster.sql(
            "postgres",
            &format!("create database {name} template template0 owner {}", login.1),
        );
        more.push(name);
    }
    let open = |at: usize| Kernel::open(setup(login.url().replace(&login.2, &more[at])));
    let (one, two, three) = tokio::join!(open(0), open(1), open(2));
    for kernel in [one, two, three] {
        assert_eq!(examine::look(&kernel.unwrap()).await.unwrap().wall, Wall::Stands);
    }
    for name in more {
        cluster.sql("postgres", &format!("drop database {name} with (force)"));
    }
}
