//! The ways in and out, on a whole kernel in memory with a clock that the test moves.

use fondaco_values::{AnyId, Id, Timestamp};
use serde_json::{Value as Json, json};

use super::user::testing::{codes, standing};
use super::*;
use crate::ctx::{ActorKind, Scopes};
use crate::db::Sql;
use crate::error::Error;
use crate::model::Select;
use crate::permissions::{self, Right, tests::schema};
use crate::shared::{Company, User};
use crate::testing::both;
use crate::{Clock, Ctx, Kernel, Setup, records};

both! {
    the_first_administrator_comes_in_by_the_code_on_the_console_only,
    failures_make_one_wait_whether_the_login_exists_or_not,
    guesses_side_by_side_pass_no_more_often_than_there_are_cores,
    sessions_end,
    a_token_is_kept_as_its_digest,
    other_roles_a_new_password_and_switching_off_end_sessions,
    a_wrong_old_password_changes_nothing,
    an_old_hash_is_made_anew_at_sign_in,
    api_tokens_do_what_their_scopes_say_until_they_end,
    an_invitation_gives_a_password_once,
    the_system_is_loud_and_ends_with_its_guard,
    one_works_in_ones_own_companies_only,
    a_user_moves_between_his_companies_and_their_roles,
    no_record_shows_a_credential_and_no_unknown_role_is_given,
}

const PASSWORD: &str = "four words with spaces";
const OTHER_PASSWORD: &str = "quite another sentence";
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.1";
const LOGIN: &str = "ada@example.org";

struct House {
    kernel: Kernel,
    clock: Clock,
    now_s: i64,
    admin: Id<User>,
}

/// A kernel with its first administrator, at noon.
async fn house() -> House {
    let (kernel, clock, now_s) = empty_house().await;
    let code = first_code(&kernel).await.unwrap().unwrap();
    let admin = first_administrator(&kernel, code.reveal(), ada()).await.unwrap();
    House { kernel, clock, now_s, admin }
}

async fn empty_house() -> (Kernel, Clock, i64) {
    let now_s = 1_763_683_200 + 12 * 3600;
    let clock = Clock::at(Timestamp::from_second(now_s).unwrap());
    let mut setup = Setup::new(crate::testing::database(), Vec::new());
    setup.cheap_passwords = true;
    setup.clock = clock.clone();
    (Kernel::open(setup).await.unwrap(), clock, now_s)
}

fn ada() -> NewUser {
    let password = Some(PASSWORD.to_owned());
    NewUser {
        login: " Ada@Example.org ".into(),
        name: "Ada".into(),
        password,
        ..NewUser::default()
    }
}

impl House {
    fn later(&mut self, seconds: i64) {
        self.now_s += seconds;
        self.clock.set(Timestamp::from_second(self.now_s).unwrap());
    }

    async fn enter(&self, password: &str, source: &str) -> crate::Result<(Secret, Ctx)> {
        sign_in(&self.kernel, LOGIN, password, source).await
    }

    async fn change(&self, field: &'static str, value: bool) {
        let (ctx, admin) = (kernel_itself(), self.admin);
        let work = self.kernel.run(&ctx, move |tx| {
            Box::pin(async move {
                let mut user = crate::store::get::<User>(tx, admin).await?;
                match field {
                    "active" => user.active = value,
                    _ => user.roles.clear(),
                }
                crate::store::update(tx, &mut user).await.map(drop)
            })
        });
        work.await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let rows =
            self.kernel.read(&kernel_itself(), move |tx| Box::pin(tx.rows(Sql::text(sql)))).await;
        rows.unwrap()[0].int(0)
    }
}

fn wait_s(refused: crate::Result<(Secret, Ctx)>) -> i64 {
    match refused {
        Ok(_) => panic!("let in"),
        Err(Error::TooMany { retry_after_s }) => retry_after_s,
        Err(Error::Unauthenticated(_)) => 0,
        Err(other) => panic!("{other}"),
    }
}

async fn the_first_administrator_comes_in_by_the_code_on_the_console_only() {
    let (kernel, _, _) = empty_house().await;
    let old = first_code(&kernel).await.unwrap().unwrap();
    let code = first_code(&kernel).await.unwrap().unwrap();
    for wrong in ["", "aaaa-bbbb-cccc-dddd-eeee", old.reveal()] {
        let refused = first_administrator(&kernel, wrong, ada()).await;
        assert!(matches!(refused, Err(Error::Unauthenticated(_))), "{wrong}: {refused:?}");
    }
    let weak = NewUser { password: Some("password".into()), ..ada() };
    let refused = first_administrator(&kernel, code.reveal(), weak).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let none = NewUser { password: None, ..ada() };
    assert!(first_administrator(&kernel, code.reveal(), none).await.is_err());
    first_administrator(&kernel, &code.reveal().to_uppercase(), ada()).await.unwrap();
    assert!(first_administrator(&kernel, code.reveal(), ada()).await.is_err(), "used twice");
    assert!(first_code(&kernel).await.unwrap().is_none());

    let (_, ctx) = sign_in(&kernel, "ADA@example.org", PASSWORD, HERE).await.unwrap();
    assert_eq!(ctx.actor().name(), LOGIN);
    assert_eq!(ctx.actor().kind(), ActorKind::User);
    let roles = ctx.actor().roles();
    assert!(roles.iter().any(|role| role == ADMINISTRATOR), "{roles:?}");
    assert!(roles.iter().any(|role| role == EVERYONE), "{roles:?}");
}

async fn failures_make_one_wait_whether_the_login_exists_or_not() {
    let mut house = house().await;
    for login in [LOGIN, "nobody@example.org"] {
        let wrong = async |house: &House| {
            wait_s(sign_in(&house.kernel, login, "not my password", HERE).await)
        };
        // failures so far → seconds to wait after the next one
        for step in [1, 1, 3, 3, 3, 3, 3, 3, 5] {
            assert_eq!(wrong(&house).await, 0, "{login}: looked at");
            assert_eq!(wrong(&house).await, step, "{login}: not looked at");
            house.later(step);
        }
    }
    // Somebody who guesses elsewhere does not shut out the owner, nor the right password the wait.
    assert_eq!(wait_s(house.enter("not my password", ELSEWHERE).await), 0);
    assert_eq!(wait_s(house.enter(PASSWORD, ELSEWHERE).await), 1);
    house.enter(PASSWORD, HERE).await.unwrap();
    assert_eq!(wait_s(house.enter("not my password", HERE).await), 0);
    assert_eq!(wait_s(house.enter(PASSWORD, HERE).await), 1, "forgiven, then counted anew");
}

async fn guesses_side_by_side_pass_no_more_often_than_there_are_cores() {
    let house = house().await;
    let guesses: Vec<_> = (0..24)
        .map(|_| {
            let kernel = house.kernel.clone();
            async move { wait_s(sign_in(&kernel, LOGIN, "not my password", HERE).await) }
        })
        .collect();
    let mut set = tokio::task::JoinSet::new();
    for guess in guesses {
        set.spawn(guess);
    }
    let looked_at = set.join_all().await.into_iter().filter(|wait| *wait == 0).count();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    assert!((1..=cores).contains(&looked_at), "{looked_at} of 24 guesses on {cores} cores");
}

async fn sessions_end() {
    let hour = 3600;
    let mut house = house().await;
    let (token, _) = house.enter(PASSWORD, HERE).await.unwrap();
    assert_eq!(token.reveal().len(), 52, "256 bits");
    // used every seven hours it lives a day, not more
    for _ in 0..3 {
        house.later(7 * hour);
        look_up(&house.kernel, Credential::Session(token.reveal())).await.unwrap();
    }
    house.later(3 * hour);
    assert!(look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(), "a day");

    let (token, _) = house.enter(PASSWORD, HERE).await.unwrap();
    house.later(8 * hour);
    assert!(look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(), "idle");

    let (token, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    let (other, _) = house.enter(PASSWORD, ELSEWHERE).await.unwrap();
    let list = house.kernel.read(&ctx, |tx| Box::pin(sessions(tx))).await.unwrap();
    assert_eq!(list.iter().map(|s| s.source.as_str()).collect::<Vec<_>>(), [ELSEWHERE, HERE]);
    let elsewhere = list[0].id;
    let end = |id| house.kernel.run(&ctx, move |tx| Box::pin(revoke(tx, id)));
    end(elsewhere).await.unwrap();
    assert!(matches!(end(elsewhere).await, Err(Error::NotFound { .. })));
    assert!(look_up(&house.kernel, Credential::Session(other.reveal())).await.is_err(), "revoked");
    look_up(&house.kernel, Credential::Session(token.reveal())).await.unwrap();
    sign_out(&house.kernel, token.reveal()).await.unwrap();
    assert!(
        look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(),
        "signed out"
    );
    assert!(look_up(&house.kernel, Credential::Session("")).await.is_err());
}

async fn a_token_is_kept_as_its_digest() {
    let house = house().await;
    let (token, _) = house.enter(PASSWORD, HERE).await.unwrap();
    let kept = house
        .kernel
        .read(&kernel_itself(), |tx| {
            Box::pin(async move { tx.row(Sql::text("select token from identity_session")).await })
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.bytes(0).len(), 32);
    assert_ne!(kept.bytes(0), token.reveal().as_bytes());
}

async fn other_roles_a_new_password_and_switching_off_end_sessions() {
    let house = house().await;
    let (token, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    let (fresh, _) =
        change_password(&house.kernel, &ctx, HERE, PASSWORD, OTHER_PASSWORD).await.unwrap();
    assert!(
        look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(),
        "the old session"
    );
    look_up(&house.kernel, Credential::Session(fresh.reveal())).await.unwrap();

    house.change("roles", false).await;
    assert!(
        look_up(&house.kernel, Credential::Session(fresh.reveal())).await.is_err(),
        "other roles"
    );
    let (token, ctx) = house.enter(OTHER_PASSWORD, HERE).await.unwrap();
    assert_eq!(ctx.actor().roles(), [EVERYONE]);

    house.change("active", false).await;
    assert!(
        look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(),
        "switched off"
    );
    assert_eq!(wait_s(house.enter(OTHER_PASSWORD, ELSEWHERE).await), 0);
    house.change("active", true).await;
    assert!(
        look_up(&house.kernel, Credential::Session(token.reveal())).await.is_err(),
        "it ended then"
    );
}

async fn a_wrong_old_password_changes_nothing() {
    let mut house = house().await;
    let (token, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    let refused = change_password(&house.kernel, &ctx, HERE, "not my password", OTHER_PASSWORD);
    assert!(matches!(refused.await, Err(Error::Unauthenticated(_))));
    house.later(1);
    let weak = change_password(&house.kernel, &ctx, HERE, PASSWORD, "Ada Ada Ada Ada!");
    assert!(matches!(weak.await, Err(Error::Invalid(_))));
    look_up(&house.kernel, Credential::Session(token.reveal())).await.unwrap();
    house.enter(PASSWORD, HERE).await.unwrap();
}

async fn an_old_hash_is_made_anew_at_sign_in() {
    let house = house().await;
    let params = argon2::Params::new(128, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::from(params);
    let hashed: argon2::PasswordHash =
        argon2::PasswordHasher::hash_password_with_salt(&argon2, PASSWORD.as_bytes(), &[1; 16])
            .unwrap();
    let (old, admin) = (hashed.to_string(), house.admin);
    let itself = kernel_itself();
    let put = house.kernel.run(&itself, move |tx| {
        let old = old.clone();
        Box::pin(async move { password::put(tx, admin, &old).await })
    });
    put.await.unwrap();
    let at_cost = "select count(*) from identity_password where phc like '%$m=64,t=1,p=1$%'";
    assert_eq!(house.count(at_cost).await, 0);
    house.enter(PASSWORD, HERE).await.unwrap();
    assert_eq!(house.count(at_cost).await, 1);
    house.enter(PASSWORD, HERE).await.unwrap();
}

fn new_token(house: &House, scopes: &[&str], seconds: i64) -> NewToken {
    NewToken {
        name: "stock counter".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        read_only: false,
        expires_at: Timestamp::from_second(house.now_s + seconds).unwrap(),
    }
}

async fn make(house: &House, ctx: &Ctx, new: NewToken) -> crate::Result<Secret> {
    let made = house.kernel.run(ctx, move |tx| {
        let new = new.clone();
        Box::pin(async move { create_token(tx, new).await })
    });
    Ok(made.await?.0)
}

async fn api_tokens_do_what_their_scopes_say_until_they_end() {
    let day = 86_400;
    let mut house = house().await;
    let (_, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    for (scopes, seconds, field) in [
        (&["read"][..], 0, "expires_at"),
        (&["read"], 400 * day, "expires_at"),
        (&[], day, "scopes"),
        (&["read", "user:delete"], day, "scopes[1]"),
        (&["sales.order:read"], day, "scopes[0]"),
        (&["nonsense"], day, "scopes[0]"),
    ] {
        match make(&house, &ctx, new_token(&house, scopes, seconds)).await {
            Err(Error::Invalid(problems)) => assert_eq!(problems[0].field, field, "{scopes:?}"),
            other => panic!("{scopes:?}: {other:?}"),
        }
    }
    let token = make(&house, &ctx, new_token(&house, &["user:read"], 365 * day)).await.unwrap();
    assert!(token.reveal().starts_with("fdc_") && token.reveal().len() == 56);
    let by_token = look_up(&house.kernel, Credential::ApiToken(token.reveal())).await.unwrap();
    let schema = house.kernel.registry().schema.clone();
    let may = |model: &str, right| {
        crate::permissions::may(&by_token, schema.model(model).unwrap(), right)
    };
    assert!(may("user", Right::Read) && !may("user", Right::Write) && !may("unit", Right::Read));
    // It makes no tokens, and ends no sessions.
    let refused = make(&house, &by_token, new_token(&house, &["user:read"], day)).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let list = house.kernel.read(&ctx, |tx| Box::pin(tokens(tx))).await.unwrap();
    assert_eq!((list.len(), list[0].used_at.is_some()), (1, true));
    assert!(house.kernel.read(&by_token, |tx| Box::pin(sessions(tx))).await.is_err());

    let short = make(&house, &ctx, new_token(&house, &["read"], 60)).await.unwrap();
    look_up(&house.kernel, Credential::ApiToken(short.reveal())).await.unwrap();
    house.later(60);
    assert!(look_up(&house.kernel, Credential::ApiToken(short.reveal())).await.is_err(), "expired");
    house.change("active", false).await;
    assert!(
        look_up(&house.kernel, Credential::ApiToken(token.reveal())).await.is_err(),
        "owner switched off"
    );
    house.change("active", true).await;
    look_up(&house.kernel, Credential::ApiToken(token.reveal())).await.unwrap();
    // The owner's rights of the moment.
    house.change("roles", false).await;
    let weaker = look_up(&house.kernel, Credential::ApiToken(token.reveal())).await.unwrap();
    assert_eq!(weaker.actor().roles(), [EVERYONE]);
    let id = list[0].id;
    house.kernel.run(&ctx, move |tx| Box::pin(revoke_token(tx, id))).await.unwrap();
    assert!(look_up(&house.kernel, Credential::ApiToken(token.reveal())).await.is_err(), "revoked");
}

async fn an_invitation_gives_a_password_once() {
    let mut house = house().await;
    let (_, admin) = house.enter(PASSWORD, HERE).await.unwrap();
    let bob = NewUser { login: "bob@example.org".into(), name: "Bob".into(), ..NewUser::default() };
    let bob = add_user(&house.kernel, &admin, bob).await.unwrap();
    let enter = async |house: &House, password: &str| {
        sign_in(&house.kernel, "bob@example.org", password, HERE).await
    };
    assert_eq!(wait_s(enter(&house, OTHER_PASSWORD).await), 0, "no password yet");
    house.later(1);
    let code = password_code(&house.kernel, &admin, bob).await.unwrap();
    assert!(redeem(&house.kernel, code.reveal(), "too short").await.is_err());
    redeem(&house.kernel, code.reveal(), OTHER_PASSWORD).await.unwrap();
    assert!(redeem(&house.kernel, code.reveal(), PASSWORD).await.is_err(), "used");
    let (session, ctx) = enter(&house, OTHER_PASSWORD).await.unwrap();
    // A reset is short, and only for those who may write users.
    let refused = password_code(&house.kernel, &ctx, house.admin).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let late = password_code(&house.kernel, &admin, bob).await.unwrap();
    house.later(15 * 60);
    assert!(redeem(&house.kernel, late.reveal(), PASSWORD).await.is_err(), "late");
    let reset = password_code(&house.kernel, &admin, bob).await.unwrap();
    redeem(&house.kernel, reset.reveal(), PASSWORD).await.unwrap();
    assert!(look_up(&house.kernel, Credential::Session(session.reveal())).await.is_err());
}

async fn the_system_is_loud_and_ends_with_its_guard() {
    let house = house().await;
    let (_, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    let seen = house.kernel.run(&ctx, |tx| {
        Box::pin(async move {
            let inside = {
                let system = tx.as_system("a test").await?;
                system.ctx().actor().clone()
            };
            Ok((inside, tx.ctx().actor().clone()))
        })
    });
    let (inside, after) = seen.await.unwrap();
    assert_eq!((inside.kind(), inside.name()), (ActorKind::System, "system"));
    assert_eq!(inside.user(), Some(house.admin), "on whose behalf stays known");
    assert_eq!((after.kind(), after.name()), (ActorKind::User, LOGIN));
    let told = "select count(*) from audit where action = 'as_system' and actor = 'ada@example.org' \
                and changes like '%a test%'";
    assert_eq!(house.count(told).await, 1);
    assert!(service(&house.kernel, "system", Id::new(1)).is_err());
    let console = service(&house.kernel, "console", Id::new(1)).unwrap();
    assert_eq!(console.actor().kind(), ActorKind::Service);
    let schema = house.kernel.registry().schema.clone();
    let mut every: Vec<&str> = schema.roles.keys().map(String::as_str).collect();
    every.sort_unstable();
    assert_eq!(console.actor().roles(), every, "the console holds every role");
    assert_eq!(console.actor().scopes(), &Scopes::All);
}

async fn one_works_in_ones_own_companies_only() {
    let house = house().await;
    let (token, ctx) = house.enter(PASSWORD, HERE).await.unwrap();
    let stranger: Id<Company> = Id::new(1);
    assert!(!ctx.actor().companies().contains(&stranger));
    let refused = choose_company(&house.kernel, token.reveal(), stranger).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    assert!(ctx.in_company(stranger).is_none());
}

/// Creates a record as somebody would over the API.
async fn create(house: &House, ctx: &Ctx, model: &'static str, json: Json) -> crate::Result<AnyId> {
    let made = house.kernel.run(ctx, move |tx| {
        let json = json.clone();
        Box::pin(async move {
            let fields = json.as_object().cloned().unwrap_or_default();
            let draft = records::draft_of(tx, model, &fields)?;
            records::create(tx, model, vec![draft]).await
        })
    });
    Ok(made.await?[0])
}

async fn a_user_moves_between_his_companies_and_their_roles() {
    let house = house().await;
    let (_, ada) = house.enter(PASSWORD, HERE).await.unwrap();
    let currency = json!({ "code": "QQQ", "name": "Test", "exponent": 2 });
    let currency = create(&house, &ada, "currency", currency).await.unwrap();
    let company = async |name: &str| {
        let json = json!({ "name": name, "currency": currency.to_string() });
        create(&house, &ada, "company", json).await.unwrap().cast::<Company>()
    };
    let (east, west) = (company("East").await, company("West").await);
    let bob = json!({
        "login": "Bob@Example.org",
        "name": "Bob",
        "companies": [east.to_string(), west.to_string()],
        "roles": [{ "role": "employee" }, { "role": "administrator", "company": east.to_string() }],
    });
    let bob: Id<User> = create(&house, &ada, "user", bob).await.unwrap().cast();
    set_password(&house.kernel, bob, PASSWORD).await.unwrap();
    let (token, ctx) = sign_in(&house.kernel, "bob@example.org", PASSWORD, HERE).await.unwrap();
    let is_administrator = |ctx: &Ctx| ctx.actor().roles().iter().any(|role| role == ADMINISTRATOR);
    assert!(ctx.company() == east && is_administrator(&ctx));
    assert_eq!(ctx.actor().companies(), [east], "what he is in the east he is not in the west");
    let ctx = choose_company(&house.kernel, token.reveal(), west).await.unwrap();
    assert!(ctx.company() == west && !is_administrator(&ctx));
    assert_eq!(ctx.actor().companies(), [east, west], "an employee in both");
    let ctx = look_up(&house.kernel, Credential::Session(token.reveal())).await.unwrap();
    assert!(ctx.company() == west && !is_administrator(&ctx));
    // Only who may write users makes them.
    let mallory =
        json!({ "login": "m@example.org", "name": "M", "roles": [{ "role": "employee" }] });
    let refused = create(&house, &ctx, "user", mallory).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

async fn no_record_shows_a_credential_and_no_unknown_role_is_given() {
    let house = house().await;
    let (_, ada) = house.enter(PASSWORD, HERE).await.unwrap();
    let schema = house.kernel.registry().schema.clone();
    assert!(schema.models.values().all(|model| !model.table().starts_with("identity_")));
    let id = house.admin.any();
    let (shown, explained) = house
        .kernel
        .read(&ada, move |tx| {
            Box::pin(async move {
                let user = records::get(tx, "user", id, &Select::default()).await?;
                let explained = permissions::explain(tx, "user", id, Right::Write).await?;
                Ok((user.to_json().to_string(), explained))
            })
        })
        .await
        .unwrap();
    assert!(shown.contains(LOGIN) && !shown.contains("argon2"), "{shown}");
    assert!(explained.allowed && explained.grants[0].role == ADMINISTRATOR, "{explained}");
    for role in ["nonsense", "system"] {
        let eve = json!({ "login": "e@example.org", "name": "E", "roles": [{ "role": role }] });
        match create(&house, &ada, "user", eve).await {
            Err(Error::Invalid(problems)) => assert_eq!(problems[0].code, "unknown_role"),
            other => panic!("{other:?}"),
        }
    }
}

/// `(role, company it is held in, or 0 for all)`
type Roles = &'static [(&'static str, i64)];

#[test]
fn a_role_of_one_company_reaches_no_other() {
    let schema = schema();
    // roles, worked in → does he hold boss here; companies reached
    let cases: &[(Roles, i64, bool, &[i64])] = &[
        (&[], 1, false, &[1, 2, 3]),
        (&[("boss", 0)], 1, true, &[1, 2, 3]),
        (&[("boss", 1)], 1, true, &[1]),
        (&[("boss", 1)], 2, false, &[1, 2, 3]),
        (&[("boss", 1), ("clerk", 0)], 2, false, &[1, 2, 3]),
        (&[("boss", 1), ("clerk", 2)], 2, false, &[1, 2]),
        (&[("boss", 1), ("boss", 3)], 3, true, &[1, 3]),
    ];
    for (given, here, boss, reached) in cases {
        let (roles, reach) = standing(&schema, given, *here);
        assert_eq!(roles.iter().any(|role| role == "boss"), *boss, "{given:?} in {here}");
        assert_eq!(reach, *reached, "{given:?} in {here}");
    }
}

#[test]
fn roles_that_exclude_each_other_are_refused() {
    let schema = schema();
    let cases: &[(Roles, &[&str])] = &[
        (&[("payer", 0), ("boss", 0)], &[]),
        (&[("payer", 0), ("approver", 0)], &["separation"]),
        (&[("payer", 1), ("approver", 0)], &["separation"]),
        (&[("payer", 1), ("approver", 1)], &["separation"]),
        (&[("payer", 1), ("approver", 2)], &[]),
        (&[("nonsense", 0)], &["unknown_role"]),
        (&[("system", 0)], &["unknown_role"]),
    ];
    for (given, expected) in cases {
        assert_eq!(codes(&schema, given), *expected, "{given:?}");
    }
}
