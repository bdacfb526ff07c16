//! Passwords: what makes one good enough, how it is kept (Argon2id, PHC string), and the one
//! function that checks one, [`verify`], behind the guard.
//! Not here: waiting after failures (`guard`), forgotten passwords (`bootstrap`).
//! Source of the figures: OWASP's password storage sheet (floor m = 19456 KiB, t = 2) and
//! ASVS 5.0 6.2 (8 characters, 15 when the password is the only factor; no rules of composition).

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use fondaco_values::{Id, Problem};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::guard::{self, Guarded};
use super::{Secret, session, user};
use crate::Ctx;
use crate::db::Sql;
use crate::error::{Error, Result, refuse_if_any};
use crate::kernel::Kernel;
use crate::shared::User;
use crate::tx::Tx;

/// Characters at least: the password is the only factor so far.
pub const PASSWORD_CHARS_MIN: usize = 15;
/// Characters at most: a long sentence; what is hashed must have a limit.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// What a password must be worth by [`worth_bits`].
const WORTH_BITS_MIN: u32 = 40;

/// Memory in KiB, passes, lanes. About a quarter of a second of one core.
const COST: (u32, u32, u32) = (65_536, 3, 1);
/// For tests only (`Setup::cheap_passwords`): protects nobody.
const COST_CHEAP: (u32, u32, u32) = (64, 1, 1);

/// Those who may wait to have a password hashed; more is an attack or overload.
const HASHES_WAITING_MAX: usize = 64;
const RETRY_AFTER_S: i64 = 5;

// The cores belong to the process, so this is one for all kernels in it.
static HASHES: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
});
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Checks a password. Who is unknown, switched off or without a password gets the same answer, after
/// the same work.
///
/// # Errors
/// `Unauthenticated` when it is wrong; `TooMany` when one has to wait.
pub(super) async fn verify(
    kernel: &Kernel,
    login: &str,
    password: &str,
    source: &str,
) -> Result<Id<User>> {
    let login = user::normal(login);
    let guarded = Guarded::new(&login, source);
    // Who has to wait anyway does not take a place in the queue.
    look(kernel, &guarded, &login).await?;
    let permit = permit().await?;
    let kept = look(kernel, &guarded, &login).await?;
    let (right, again, _permit) = compare(kernel, kept.clone(), password, permit).await?;
    let verified = kept.filter(|_| right);
    note(kernel, guarded, verified.clone(), again).await?;
    match verified {
        Some(kept) => Ok(kept.user),
        None => Err(Error::Unauthenticated("The e-mail or the password is wrong.".to_owned())),
    }
}

/// The password of an active user as it is kept.
#[derive(Clone)]
struct Kept {
    user: Id<User>,
    phc: String,
}

/// Asks the guard, and finds the password that is kept.
async fn look(kernel: &Kernel, guarded: &Guarded, login: &str) -> Result<Option<Kept>> {
    let (guarded, login) = (guarded.clone(), login.to_owned());
    let itself = super::kernel_itself();
    kernel
        .read(&itself, move |tx| {
            let (guarded, login) = (guarded.clone(), login.clone());
            Box::pin(async move {
                guard::ask(tx, &guarded).await?;
                // One statement, so that who is unknown costs what who is known does.
            let kept = Sql::text(
                "select u.id, p.phc from \"user\" u join identity_password p on p.\"user\" = u.id \
                 where u.login = $1 and u.active = 1",
            );
            let kept = tx.row(kept.bind(&login)).await?;
            Ok(kept.map(|row| Kept { user: row.id(0), phc: row.str(1).to_owned() }))
            })
        })
        .await
}

/// Whether the password is the one that is kept, and a new hash of it when the kept one was made
/// at another cost. Without a kept one the same work is done for nothing.
async fn compare(
    kernel: &Kernel,
    kept: Option<Kept>,
    password: &str,
    permit: SemaphorePermit<'static>,
) -> Result<(bool, Option<String>, SemaphorePermit<'static>)> {
    let (m, t, p) = cost(kernel);
    let salt = kernel.shared().random::<16>()?;
    let password = password.to_owned();
    let work = move || {
        let nobody =
            || format!("$argon2id$v=19$m={m},t={t},p={p}${}${}", "A".repeat(22), "A".repeat(43));
        let known = kept.is_some();
        let phc = kept.map_or_else(nobody, |kept| kept.phc);
        let right = matches(&password, &phc) && known;
        let current = format!("$argon2id$v=19$m={m},t={t},p={p}$");
        let again = (right && !phc.starts_with(&current))
            .then(|| hash(&password, &salt, (m, t, p)))
            .transpose()?;
        Ok((right, again, permit))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}

/// Writes down how it went. Right counts only when the password is still the same by now.
async fn note(
    kernel: &Kernel,
    guarded: Guarded,
    verified: Option<Kept>,
    again: Option<String>,
) -> Result<()> {
    let itself = super::kernel_itself();
    kernel
        .run(&itself, move |tx| {
            let (guarded, verified, again) = (guarded.clone(), verified.clone(), again.clone());
            Box::pin(async move {
                let Some(kept) = verified else { return guard::failed(tx, &guarded).await };
                let phc = again.unwrap_or_else(|| kept.phc.clone());
                let same = Sql::text(
                    "update identity_password set phc = $1 where \"user\" = $2 and phc = $3",
                );
                if tx.exec(same.bind(phc).bind(kept.user).bind(kept.phc)).await? == 0 {
                    return Err(Error::Unauthenticated("The password was changed.".to_owned()));
                }
                guard::succeeded(tx, &guarded).await
            })
        })
        .await
}

/// Changes one's own password, who knows the old one. All sessions end; a new one begins.
///
/// # Errors
/// `Unauthenticated` when the old one is wrong, problems on `password` when the new one is weak.
pub async fn change_password(
    kernel: &Kernel,
    ctx: &Ctx,
    source: &str,
    old: &str,
    new: &str,
) -> Result<(Secret, Ctx)> {
    let user = session::own(ctx)?;
    let login = ctx.actor().name().to_owned();
    if verify(kernel, &login, old, source).await? != user {
        return Err(Error::Unauthenticated("This is not your password.".to_owned()));
    }
    set_password(kernel, user, new).await?;
    session::begin(kernel, user, source).await
}

/// Sets a user's password, whatever it was, and ends his sessions. For the console and for set-up:
/// whoever calls it has made sure that the caller may.
pub async fn set_password(kernel: &Kernel, user: Id<User>, password: &str) -> Result<()> {
    let itself = super::kernel_itself();
    let about = kernel
        .read(&itself, move |tx| Box::pin(async move { user::by_id(tx, user).await }))
        .await?
        .ok_or_else(|| Error::not_found("user", user))?;
    let phc = make(kernel, password, &[&about.name, &about.login]).await?;
    kernel
        .run(&itself, move |tx| {
            let phc = phc.clone();
            Box::pin(async move { put(tx, user, &phc).await })
        })
        .await
}

/// The hash of a new password that passes the rules.
///
/// # Errors
/// Problems on `password`.
pub(super) async fn make(kernel: &Kernel, password: &str, context: &[&str]) -> Result<String> {
    refuse_if_any(problems(password, context))?;
    let permit = permit().await?;
    let (cost, salt) = (cost(kernel), kernel.shared().random::<16>()?);
    let password = password.to_owned();
    let work = move || {
        let phc = hash(&password, &salt, cost);
        drop(permit);
        phc
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}

/// Keeps a password's hash; sessions of the one before end.
pub(super) async fn put(tx: &mut Tx, user: Id<User>, phc: &str) -> Result<()> {
    let sql = Sql::text(
        "insert into identity_password (\"user\", phc, changed_at) values ($1, $2, $3) \
         on conflict (\"user\") do update set phc = excluded.phc, changed_at = excluded.changed_at",
    );
    tx.exec(sql.bind(user).bind(phc).bind(tx.now())).await?;
    session::end_all(tx, user).await
}

/// A permit to hash: as many as there are cores, and a queue that ends.
async fn permit() -> Result<SemaphorePermit<'static>> {
    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    if let Ok(permit) = HASHES.try_acquire() {
        return Ok(permit);
    }
    let waiting = WAITING.fetch_add(1, Ordering::Relaxed);
    let _place = Place;
    if waiting >= HASHES_WAITING_MAX {
        return Err(Error::TooMany { retry_after_s: RETRY_AFTER_S });
    }
    HASHES.acquire().await.map_err(|_| Error::Closed)
}

fn cost(kernel: &Kernel) -> (u32, u32, u32) {
    if kernel.shared().cheap_passwords { COST_CHEAP } else { COST }
}

fn hash(password: &str, salt: &[u8], (m, t, p): (u32, u32, u32)) -> Result<String> {
    let refused = |_| Error::internal("a password could not be hashed");
    let params =
        Params::new(m, t, p, None).map_err(|_| Error::internal("wrong cost of hashing"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let phc: PasswordHash =
        argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(refused)?;
    Ok(phc.to_string())
}

/// In constant time; the cost is that of the kept hash.
fn matches(password: &str, phc: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), phc).is_ok()
}

/// What is wrong with a new password. `context` is what the user is called.
pub(super) fn problems(password: &str, context: &[&str]) -> Vec<Problem> {
    let problem = |code: &str, message: String| vec![Problem::new("password", code, message)];
    match password.chars().count() {
        n if n < PASSWORD_CHARS_MIN => problem(
            "too_short",
            format!("A password needs {PASSWORD_CHARS_MIN} characters or more; four words do."),
        ),
        n if n > PASSWORD_CHARS_MAX => {
            problem("too_long", format!("A password has {PASSWORD_CHARS_MAX} characters at most."))
        }
        _ if worth_bits(password, context) < WORTH_BITS_MIN => problem(
            "guessable",
            "This is easily guessed: it is made of names, of common passwords or of repetitions."
                .to_owned(),
        ),
        _ => Vec::new(),
    }
}

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

/// A low estimate of the bits that a guesser has to find out: the cheapest way to put the password
/// together from common passwords, names of the user and of this program, runs and single letters.
fn worth_bits(password: &str, context: &[&str]) -> u32 {
    const COMMON_BITS: u32 = 12; // one of 3,000
    const NAME_BITS: u32 = 1;
    const RUN_BITS: u32 = 6;
    const LETTER_BITS: u32 = 5;
    const WORD_CHARS_MAX: usize = 24;
    let lower: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let letters = unrepeated(&lower);
    let names = names(context);
    let mut best = vec![u32::MAX; letters.len() + 1];
    best[0] = 0;
    for start in 0..letters.len() {
        for end in start + 1..=letters.len() {
            let piece = &letters[start..end];
            let bits = if piece.len() == 1 {
                LETTER_BITS
            } else if is_run(piece) {
                RUN_BITS
            } else if piece.len() > WORD_CHARS_MAX {
                break;
            } else {
                let word: String = piece.iter().collect();
                match (names.contains(&word), COMMON.contains(word.as_str())) {
                    (true, _) => NAME_BITS,
                    (_, true) => COMMON_BITS,
                    _ => continue,
                }
            };
            best[end] = best[end].min(best[start].saturating_add(bits));
        }
    }
    best.last().copied().unwrap_or(0)
}

/// Of `abcabcabc` the `abc`.
fn unrepeated(letters: &[char]) -> &[char] {
    let whole = letters.len();
    let repeats = |unit: &usize| letters.iter().enumerate().all(|(i, c)| *c == letters[i % unit]);
    (1..=whole / 2).find(repeats).map_or(letters, |unit| &letters[..unit])
}

/// Three or more letters that are the same or follow each other: `aaa`, `abc`, `4321`.
fn is_run(piece: &[char]) -> bool {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let mut steps = piece.windows(2).map(step);
    match steps.next() {
        Some(first) => piece.len() >= 3 && first.abs() <= 1 && steps.all(|next| next == first),
        None => false,
    }
}

/// The words of what the user and the program are called.
fn names(context: &[&str]) -> HashSet<String> {
    let all = context.iter().copied().chain(["fondaco", "password"]);
    let words = all.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() >= 3).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_passwords() {
        let long = "x1".repeat(128) + "y";
        let sixty_four = "correct horse battery staple, and then the quick brown fox jumps";
        let cases = [
            ("Tr0ub4dor&3", "too_short"),
            ("14 characters!", "too_short"),
            ("15 letters is ok", ""),
            ("correct horse battery staple", ""),
            (sixty_four, ""),
            ("đồng hồ báo thức kêu", ""),
            ("ฉันชอบขี่จักรยานมาก", ""),
            ("password1234567", "guessable"),
            ("passwordpassword", "guessable"),
            ("aaaaaaaaaaaaaaaa", "guessable"),
            ("abcdefghijklmnopqrst", "guessable"),
            ("qwertyuiopqwertyuiop", "guessable"),
            ("dragonfootball12", "guessable"),
            ("Anna.Kowalska.2026", "guessable"),
            ("fondacofondaco!!", "guessable"),
            (&long, "too_long"),
        ];
        for (password, code) in cases {
            let found = problems(password, &["Anna Kowalska", "anna@kowalska.example"]);
            let found = found.first().map_or("", |problem| problem.code.as_str());
            assert_eq!(found, code, "{password}");
        }
    }

    #[test]
    fn a_hash_is_a_phc_string_of_its_cost() {
        let phc = hash("correct horse battery", &[7; 16], COST_CHEAP).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        assert!(matches("correct horse battery", &phc));
        assert!(!matches("correct horse batterY", &phc));
        assert!(!matches("correct horse battery", "rubbish"));
    }

    #[test]
    fn our_cost_is_above_the_floor() {
        let (memory_kib, passes, lanes) = COST;
        assert!(memory_kib >= 19_456 && passes >= 2 && lanes == 1);
        assert_eq!(COMMON.len(), 3_000);
    }
}
