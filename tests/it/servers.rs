//! Several kernels at work on one database, as several servers are: what one changes the others hear,
//! once and in whatever order it is committed; what one revokes is revoked for all; a job takes effect
//! once, whoever runs it.
//! Not here: whole programs, and one of them killed (`crash::servers`).

use std::sync::{Arc, Mutex, PoisonError};

use fondaco_kernel::hearing::Heard;
use fondaco_kernel::identity::{self, Credential, service};
use fondaco_kernel::tx::Gone;
use fondaco_kernel::values::Id;
use fondaco_kernel::{
    Clock, Ctx, Database, Error, Kernel, Module, Record, Setup, Tx, jobs, records, store,
};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::{COMPANY, PASSWORD};
use fondaco_tests::{Shop, both, engine, served};
use serde_json::json;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;

both! {
    a_change_elsewhere_is_heard_once,
    what_is_revoked_at_one_is_revoked_at_all,
    who_is_known_from_before_works_with_the_rights_of_now,
    each_job_takes_effect_once,
}

/// A company at two kernels, which share their clock.
struct Two {
    scratch: Scratch,
    here: Shop,
    elsewhere: Kernel,
}

fn setup(database: &Database, own: &[fn() -> Module]) -> Setup {
    let mut all = modules::named(&["crm".to_owned()]).unwrap();
    all.extend(own.iter().map(|module| module()));
    let mut setup = Setup::new(database.clone(), all);
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    setup.cheap_passwords = true;
    setup
}

async fn two(own: &[fn() -> Module]) -> Two {
    let scratch = Scratch::new("two");
    let database = engine::lasting(&scratch.path().join("works.db"));
    let here = Shop::on_clock(setup(&database, own), Clock::system()).await;
    let elsewhere = Kernel::open(setup(&database, own)).await.unwrap();
    Two { scratch, here, elsewhere }
}

/// Everything heard by now, as short texts.
fn heard(listener: &mut Receiver<Heard>) -> Vec<String> {
    let one = |heard| match heard {
        Heard::Changed(changed) => {
            let gone = match changed.gone {
                None => "",
                Some(Gone::Here(_)) => ", gone",
                Some(Gone::Elsewhere) => ", gone elsewhere",
            };
            format!("{} {}{gone}", changed.model, changed.event)
        }
        Heard::Much => "much".to_owned(),
    };
    std::iter::from_fn(|| listener.try_recv().ok()).map(one).collect()
}

async fn a_change_elsewhere_is_heard_once() {
    let two = two(&[]).await;
    let here = &two.here.admin;
    let there = Desk::new(two.elsewhere.clone(), here.ctx.clone());
    there.create("party", json!({ "name": "Before" })).await.unwrap();
    let mut listener = two.here.kernel.listen().await.unwrap();
    two.here.kernel.hear_once().await.unwrap();
    assert_eq!(heard(&mut listener), [""; 0], "what was before is not told");
    here.create("party", json!({ "name": "Here" })).await.unwrap();
    assert_eq!(heard(&mut listener), ["party create"], "at once");
    let acme = there.create("party", json!({ "name": "Acme" })).await.unwrap();
    there.update("party", acme, json!({ "name": "Acme Ltd" })).await.unwrap();
    let deleted = there.kernel.run(&there.ctx, move |tx| {
        Box::pin(async move { records::delete(tx, "party", &[(acme, None)]).await })
    });
    deleted.await.unwrap();
    assert_eq!(heard(&mut listener), [""; 0]);
    two.here.kernel.hear_once().await.unwrap();
    let wanted = ["party create", "party update", "party delete, gone elsewhere"];
    assert_eq!(heard(&mut listener), wanted);
    two.here.kernel.hear_once().await.unwrap();
    assert_eq!(heard(&mut listener), [""; 0], "once, and not its own");
    let many = there.kernel.run(&there.ctx, |tx| {
        Box::pin(async move {
            for _ in 0..300 {
                create(tx, "One of many").await?;
            }
            Ok(())
        })
    });
    many.await.unwrap();
    two.here.kernel.hear_once().await.unwrap();
    assert_eq!(heard(&mut listener), ["much"]);
    if engine::is_postgres() {
        the_slow_are_heard_too(&there, &two.here.kernel, &mut listener).await;
    }
}

async fn create(tx: &mut Tx, name: &str) -> fondaco_kernel::Result<()> {
    let fields = json!({ "name": name }).as_object().cloned().unwrap_or_default();
    let draft = records::draft_of(tx, "party", &fields)?;
    records::create(tx, "party", vec![draft]).await.map(drop)
}

/// One begins first and commits last.
async fn the_slow_are_heard_too(there: &Desk, here: &Kernel, listener: &mut Receiver<Heard>) {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (has_begun, may_go_on) = (begun.clone(), go_on.clone());
    let slow = there.kernel.run(&there.ctx, move |tx| {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        Box::pin(async move {
            create(tx, "Slow").await?;
            begun.notify_one();
            go_on.notified().await;
            Ok(())
        })
    });
    let quick = async {
        has_begun.notified().await;
        there.create("party", json!({ "name": "Quick" })).await.unwrap();
        for _ in 0..3 {
            here.hear_once().await.unwrap();
        }
        assert_eq!(heard(listener), ["party create"], "the quick one");
        may_go_on.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, quick);
    slow.unwrap();
    for _ in 0..3 {
        here.hear_once().await.unwrap();
    }
    assert_eq!(heard(listener), ["party create"]);
}

async fn what_is_revoked_at_one_is_revoked_at_all() {
    let two = two(&[]).await;
    let (here, elsewhere) = (&two.here.kernel, &two.elsewhere);
    let una = two.here.user("Una", &["crm_user"]).await;
    let login = "una@works.example";
    let sign_in = || identity::sign_in(elsewhere, login, PASSWORD, "test");
    let knows = |token: &str| {
        let token = token.to_owned();
        async move { identity::look_up(elsewhere, Credential::Session(&token)).await.is_ok() }
    };
    let user = una.ctx.actor().user().unwrap().any();
    // Other roles, a session ended, switched off: said here, and so for the next request there.
    let (token, ctx) = sign_in().await.unwrap();
    assert!(knows(token.reveal()).await);
    assert!(ctx.actor().roles().iter().any(|role| role == "crm_user"), "{:?}", ctx.actor().roles());
    identity::sign_out(here, token.reveal()).await.unwrap();
    assert!(!knows(token.reveal()).await, "signed out");
    let (token, _) = sign_in().await.unwrap();
    two.here.admin.update("user", user, json!({ "roles": [] })).await.unwrap();
    assert!(!knows(token.reveal()).await, "other roles");
    let (token, ctx) = sign_in().await.unwrap();
    assert!(knows(token.reveal()).await);
    assert!(ctx.actor().roles().iter().all(|role| role != "crm_user"));
    two.here.admin.update("user", user, json!({ "active": false })).await.unwrap();
    assert!(!knows(token.reveal()).await, "switched off");
    assert!(sign_in().await.is_err());
    // The waiting after failures is that of all servers together.
    let wrong = |kernel: Kernel| async move {
        identity::sign_in(&kernel, "admin@works.example", "no such word here", "192.0.2.1").await
    };
    assert!(matches!(wrong(here.clone()).await, Err(Error::Unauthenticated(_))));
    assert!(matches!(wrong(elsewhere.clone()).await, Err(Error::TooMany { .. })));
}

/// What somebody who was known before may do at one, after another changed it.
async fn who_is_known_from_before_works_with_the_rights_of_now() {
    let two = two(&[]).await;
    let (elsewhere, admin) = (&two.elsewhere, &two.here.admin);
    let una = two.here.user("Una", &["crm_user"]).await;
    let user = una.ctx.actor().user().unwrap().any();
    let (session, ctx) =
        identity::sign_in(elsewhere, "una@works.example", PASSWORD, "test").await.unwrap();
    let token = served::token(&Desk::new(elsewhere.clone(), ctx), &["*:*"]).await;
    let shown = Credential::ApiToken(&token);
    let known = identity::caller(elsewhere, shown).await.unwrap();
    let units = async || elsewhere.figures().await.unwrap().read;
    let (first, second) = (units().await, units().await);
    identity::caller(elsewhere, shown).await.unwrap();
    assert_eq!(units().await - second, second - first, "the database was not asked");
    // The roles with which a unit of work is done for the caller known from before.
    let roles = |ctx: Ctx| async move {
        let read = elsewhere
            .read(&ctx, |tx| Box::pin(async move { Ok(tx.ctx().actor().roles().to_vec()) }));
        read.await.map(|roles| roles.contains(&"crm_user".to_owned()))
    };
    assert!(roles(known.clone()).await.unwrap());
    for has in [false, true] {
        let given = if has { json!([{ "role": "crm_user" }]) } else { json!([]) };
        admin.update("user", user, json!({ "roles": given })).await.unwrap();
        assert_eq!(roles(known.clone()).await.unwrap(), has, "also when it writes");
        let wrote = elsewhere.run(&known, |tx| {
            Box::pin(async move { Ok(tx.ctx().actor().roles().contains(&"crm_user".to_owned())) })
        });
        assert_eq!(wrote.await.unwrap(), has);
    }
    let gone = |outcome: Result<bool, Error>| matches!(outcome, Err(Error::Unauthenticated(_)));
    // Other roles ended the session, too.
    assert!(identity::look_up(elsewhere, Credential::Session(session.reveal())).await.is_err());
    admin.update("user", user, json!({ "active": false })).await.unwrap();
    assert!(gone(roles(known.clone()).await), "switched off");
    assert!(identity::caller(elsewhere, shown).await.is_err());
    admin.update("user", user, json!({ "active": true })).await.unwrap();
    assert!(roles(known.clone()).await.unwrap());
}

const JOBS: i64 = 120;
const RING: &str = "it.ring";

#[derive(Record, Clone, Debug)]
#[record("it.ring")]
struct Ring {
    id: Id<Ring>,
    number: i64,
}

/// Each run of a job; of this process, in which both engines are tested at once: so with the
/// company's own word.
static RUNS: Mutex<Vec<(String, i64)>> = Mutex::new(Vec::new());

fn bell() -> Module {
    const MANIFEST: &str = "module = 'it'\ntitle = 'Bell'\nversion = '0.1.0'\n\
                            kernel = '>=0.1, <0.2'\n";
    const MODEL: &str = "model = 'it.ring'\nlabel = 'Ring'\ntitle = 'number'\n[fields]\n\
                         number = { type = 'integer', required = true }\n\
                         [access.administrator]\nread = 'true'\n";
    Module::new("it", MANIFEST).models(&[("models/ring.toml", MODEL)]).record::<Ring>().job(
        RING,
        |tx, payload| {
            let number = payload["number"].as_i64().unwrap_or(-1);
            let job = (payload["of"].to_string(), number);
            Box::pin(async move {
                let mut ring = Ring { id: Id::default(), number };
                store::insert(tx, &mut ring).await?;
                let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
                let is_first = !runs.contains(&job);
                runs.push(job);
                // Some fail in their first run, after they have written.
                if number % 10 == 0 && is_first {
                    return Err(Error::Internal("not at the first time".to_owned()));
                }
                Ok(())
            })
        },
    )
}

/// Three take jobs at once; some jobs fail after they have written, and are tried again by whoever
/// comes first.
async fn each_job_takes_effect_once() {
    let two = two(&[bell]).await;
    let kernel = &two.here.kernel;
    let ctx = service(kernel, "jobs", two.here.admin.ctx.company()).unwrap();
    let word = json!(two.scratch.path());
    let of = word.clone();
    let queued = kernel.run(&ctx, move |tx| {
        let of = of.clone();
        Box::pin(async move {
            for number in 0..JOBS {
                let payload = json!({ "of": of, "number": number });
                jobs::enqueue(tx, RING, payload, tx.now()).await?;
            }
            Ok(())
        })
    });
    queued.await.unwrap();
    let work = |kernel: Kernel| async move {
        let mut ran = 0;
        while kernel.job_load().await.unwrap().waiting > 0 {
            ran += kernel.run_due_jobs().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        ran
    };
    let (one, other) = tokio::join!(work(kernel.clone()), work(two.elsewhere.clone()));
    let rings = kernel.run(&ctx, |tx| {
        Box::pin(async move { store::find::<Ring>(tx, store::Filter::new().sort("number")).await })
    });
    let numbers: Vec<i64> = rings.await.unwrap().iter().map(|ring| ring.number).collect();
    assert_eq!(numbers, (0..JOBS).collect::<Vec<_>>());
    assert!(one > 0 && other > 0, "both took some: {one} and {other}");
    assert_eq!(one + other, (JOBS + JOBS / 10) as usize);
    let runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let word = word.to_string();
    let own = runs.iter().filter(|(of, _)| *of == word).count();
    assert!(own >= (JOBS + JOBS / 10) as usize, "{own} runs");
}
