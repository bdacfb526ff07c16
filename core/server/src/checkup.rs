//! The examination of a company: what is wrong with its settings, files, disk, clock, database,
//! ledger, jobs and backups, and what cures it. Nothing is changed by looking.
//! Not here: how it is printed (`commands::doctor`).

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fondaco_documents::Fonts;
use fondaco_kernel::examine::{self, Examined, Wall};
use fondaco_kernel::plan::{self, Plan};
use fondaco_kernel::soundness::{self, Soundness};
use fondaco_kernel::values::Timestamp;
use fondaco_kernel::{Clock, Database, Error, Kernel, identity, portable};
use rustix::fs::{Access, access, statvfs};
use serde::Serialize;

use crate::commands::backup;
use crate::config::Company;

/// Less room than this, in bytes, and nothing can be kept soon.
const ROOM_MIN: u64 = 64 << 20;
/// Jobs that wait longer than this have nobody who works on them, in seconds.
const OVERDUE_S: i64 = 600;
const BACKUP_AGE_MAX_S: i64 = 2 * 24 * 3600;
/// Nobody runs this program earlier: a clock that says so was never set.
const EARLIEST: i64 = 1_767_225_600;

/// What a finding is about, in the order of what to cure first. The exit code of the doctor is that
/// of the first kind with a bad finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Settings,
    Files,
    Disk,
    Clock,
    Database,
    Schema,
    Ledger,
    Jobs,
    Backups,
    Fonts,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Settings,
        Kind::Files,
        Kind::Disk,
        Kind::Clock,
        Kind::Database,
        Kind::Schema,
        Kind::Ledger,
        Kind::Jobs,
        Kind::Backups,
        Kind::Fonts,
    ];

    /// 10 for settings, 11 for files, and so on.
    pub fn exit_code(self) -> u8 {
        10 + self as u8
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Good,
    /// Nothing is lost yet; something should be done.
    Watch,
    Bad,
}

#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub kind: Kind,
    pub grade: Grade,
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// Findings, as they come.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn good(&mut self, kind: Kind, what: impl Into<String>) {
        self.0.push(Finding { kind, grade: Grade::Good, what: what.into(), cure: None });
    }

    fn watch(&mut self, kind: Kind, what: impl Into<String>, cure: impl Into<String>) {
        let cure = Some(cure.into());
        self.0.push(Finding { kind, grade: Grade::Watch, what: what.into(), cure });
    }

    fn bad(&mut self, kind: Kind, what: impl Into<String>, cure: impl Into<String>) {
        let cure = Some(cure.into());
        self.0.push(Finding { kind, grade: Grade::Bad, what: what.into(), cure });
    }
}

/// Examines a company folder and its database.
pub async fn examine(folder: &Path) -> Vec<Finding> {
    let mut report = Report::default();
    let company = match Company::read(folder) {
        Ok(company) => company,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                report.bad(Kind::Settings, line, "mend it; `fondaco config --documented` helps");
            }
            return report.0;
        }
    };
    settings(&company, &mut report);
    let now = Clock::system().now();
    if let Database::Sqlite(path) = company.database() {
        files(&company, &path, &mut report);
        disk(&path, &mut report);
    }
    match look(&company).await {
        Ok(None) => report.watch(
            Kind::Database,
            "there is no database yet",
            "`fondaco serve` makes one; `fondaco restore` puts a backup in its place",
        ),
        Ok(Some(looked)) => {
            let examined = &looked.examined;
            clock(now, examined.newest, &mut report);
            database(examined, looked.moved.as_deref(), &mut report);
            wall(&examined.wall, &mut report);
            schema(&looked.plan, &mut report);
            ledger(examined, &looked.sound, &mut report);
            jobs(now, examined, &mut report);
            backups(&company, now, &mut report);
            fonts(&company, &examined.languages, &mut report);
        }
        Err(error) => report.bad(
            Kind::Database,
            format!("the database cannot be read: {error}"),
            "look into the log of the server; when the file is damaged, move it away and \
             `fondaco restore` the last backup",
        ),
    }
    report.0
}

fn settings(company: &Company, report: &mut Report) {
    let checked = company.setup().map_err(|e| format!("{e:#}")).and_then(|setup| {
        Kernel::check(&setup).map_err(|error| match error {
            Error::Schema(faults) => {
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
            other => other.to_string(),
        })
    });
    match checked {
        Ok(schema) => report.good(
            Kind::Settings,
            format!(
                "{} modules and {} models, no faults",
                schema.modules.len(),
                schema.models.len()
            ),
        ),
        Err(faults) => {
            for fault in faults.lines() {
                report.bad(
                    Kind::Settings,
                    fault,
                    "mend it; `fondaco check` tells when it is right",
                );
            }
        }
    }
}

fn files(company: &Company, database: &Path, report: &mut Report) {
    let beside = |end: &str| PathBuf::from(format!("{}{end}", database.display()));
    let mut fine = true;
    let mut owner = None;
    for path in [database.to_owned(), beside("-wal"), beside("-shm")] {
        let Ok(about) = std::fs::metadata(&path) else { continue };
        let shown = path.display();
        if about.permissions().mode() & 0o007 != 0 {
            fine = false;
            let cure = format!("chmod o-rwx {shown}");
            report.watch(
                Kind::Files,
                format!("{shown}: everybody on this machine may read it"),
                cure,
            );
        }
        if access(&path, Access::READ_OK | Access::WRITE_OK).is_err() {
            fine = false;
            let cure = format!("run as its owner, or chown {shown}");
            report.bad(Kind::Files, format!("{shown} cannot be written by this user"), cure);
        }
        if *owner.get_or_insert(about.uid()) != about.uid() {
            fine = false;
            let cure = format!("stop the server and chown {shown}: one user must own all of them");
            report.bad(Kind::Files, format!("{shown} has another owner than the database"), cure);
        }
    }
    let folder = database.parent().unwrap_or(&company.folder);
    if folder.exists() && access(folder, Access::WRITE_OK).is_err() {
        fine = false;
        let cure = "the database keeps files beside it: give its user the folder";
        report.bad(Kind::Files, format!("{} cannot be written to", folder.display()), cure);
    }
    if fine {
        report.good(Kind::Files, "the files are whose they should be");
    }
}

fn disk(database: &Path, report: &mut Report) {
    let folder = database.parent().filter(|f| f.exists()).unwrap_or(Path::new("."));
    let Ok(about) = statvfs(folder) else { return };
    let room = about.f_bavail.saturating_mul(about.f_frsize);
    let size = std::fs::metadata(database).map_or(0, |about| about.len());
    let told = format!("{} MiB are free, the database has {} MiB", room >> 20, size >> 20);
    let cure = "make room, or move the database to a larger disk with `fondaco move`";
    match room {
        room if room < ROOM_MIN => report.bad(Kind::Disk, told, cure),
        room if room < size.saturating_mul(2) => report.watch(
            Kind::Disk,
            told,
            "that is too little for a backup beside it and for growing: make room",
        ),
        _ => report.good(Kind::Disk, told),
    }
}

/// What a look into the database tells.
struct Looked {
    examined: Examined,
    sound: Soundness,
    moved: Option<String>,
    plan: Plan,
}

/// `None` when there is nothing to look at yet.
async fn look(company: &Company) -> Result<Option<Looked>, anyhow::Error> {
    if let Database::Sqlite(path) = company.database() {
        if !path.exists() {
            return Ok(None);
        }
        tokio::task::spawn_blocking(move || fondaco_kernel::backup::check(&path)).await??;
    }
    let setup = company.setup()?;
    let desired = setup.desired();
    let kernel = Kernel::look(setup).await?;
    let examined = examine::look(&kernel).await?;
    let ctx = identity::service(&kernel, identity::CONSOLE, Default::default())?;
    let sound = kernel.read(&ctx, |tx| Box::pin(soundness::look(tx))).await?;
    let moved = portable::moved_to(&kernel).await?;
    let plan = plan::make(&kernel, &desired).await?;
    Ok(Some(Looked { examined, sound, moved, plan }))
}

fn clock(now: Timestamp, newest: Option<Timestamp>, report: &mut Report) {
    let cure = "set the clock and keep it set (chrony, systemd-timesyncd)";
    let ahead = newest.filter(|newest| *newest > now);
    match ahead {
        _ if now.as_second() < EARLIEST => {
            report.bad(Kind::Clock, format!("the clock says {now}: it was never set"), cure);
        }
        Some(newest) => report.bad(
            Kind::Clock,
            format!("the clock says {now}, but something was written at {newest} already"),
            cure,
        ),
        None => report.good(Kind::Clock, format!("{now}")),
    }
}

fn database(examined: &Examined, moved: Option<&str>, report: &mut Report) {
    report.good(
        Kind::Database,
        format!(
            "program {}, {}; every page can be read",
            env!("CARGO_PKG_VERSION"),
            examined.engine
        ),
    );
    if let Some(to) = moved {
        let cure = "name the new database in fondaco.toml, or `fondaco move --cancel`";
        report.bad(Kind::Database, format!("it has moved to {to}"), cure);
    }
    if !examined.steps_unknown.is_empty() {
        let steps = examined.steps_unknown.join(", ");
        report.bad(
            Kind::Schema,
            format!("a newer program was here: this one does not know {steps}"),
            "run the newer program; an older one cannot take it back",
        );
    } else if examined.steps_pending.is_empty() {
        report.good(Kind::Schema, "the kernel's own tables are up to date");
    } else {
        let steps = examined.steps_pending.join(", ");
        let cure = "back up, then start the server: it carries them out";
        report.watch(Kind::Schema, format!("steps to be done: {steps}"), cure);
    }
}

/// Doubly kept apart is better, and only possible where the login may make a role.
fn wall(wall: &Wall, report: &mut Report) {
    match wall {
        Wall::None => {}
        Wall::Stands => report.good(
            Kind::Database,
            "the server keeps companies apart, too: users' transactions run as a role that owns nothing",
        ),
        Wall::NoRole { role, login } => report.watch(
            Kind::Database,
            format!(
                "users' transactions run as {login}, who owns the tables: only the program keeps \
                 companies apart, not the server as well"
            ),
            format!(
                "as an administrator of the server: create role \"{role}\" nologin; grant \
                 \"{role}\" to \"{login}\"; then restart `fondaco serve`"
            ),
        ),
        Wall::Open(tables) => report.watch(
            Kind::Database,
            format!("the server does not keep companies apart in: {}", tables.join(", ")),
            "restart `fondaco serve`: a start raises the wall",
        ),
    }
}

fn schema(plan: &Plan, report: &mut Report) {
    for drift in &plan.drift {
        report.bad(
            Kind::Schema,
            format!("the database was changed behind the program: {drift}"),
            "undo it by hand, or `fondaco restore` the last backup",
        );
    }
    match plan.changes.len() {
        0 => report.good(Kind::Schema, "the folder and the database agree"),
        count => report.watch(
            Kind::Schema,
            format!("{count} changes of the folder are not in the database"),
            "`fondaco plan` shows them, `fondaco apply` carries them out",
        ),
    }
}

fn ledger(examined: &Examined, sound: &Soundness, report: &mut Report) {
    for wrong in &sound.wrong {
        report.bad(
            Kind::Ledger,
            wrong,
            "somebody changed the books behind the program: keep this database as evidence, and \
             `fondaco restore` the last backup that holds into another folder to compare",
        );
    }
    if sound.wrong.is_empty() {
        report.good(Kind::Ledger, backup::told(sound));
    }
    let behind = examined.ledger.posted - examined.ledger.rolled.min(examined.ledger.sealed);
    if behind > 2000 {
        let cure = "start the server: it catches up by itself";
        report.watch(Kind::Ledger, format!("{behind} entries are not summed up and sealed"), cure);
    }
}

fn jobs(now: Timestamp, examined: &Examined, report: &mut Report) {
    for stuck in &examined.jobs {
        let (name, error) = (&stuck.name, &stuck.last_error);
        if stuck.dead > 0 {
            let what = format!("{} jobs {name} were given up: {error}", stuck.dead);
            report.bad(Kind::Jobs, what, "mend the cause; their work has to be done by hand");
        }
        if stuck.failing > 0 {
            let what = format!("{} jobs {name} fail: {error}", stuck.failing);
            report.watch(Kind::Jobs, what, "mend the cause; they are tried again by themselves");
        }
    }
    let overdue = examined.overdue_since.map(|since| now.as_second() - since.as_second());
    match overdue {
        Some(seconds) if seconds > OVERDUE_S => report.watch(
            Kind::Jobs,
            format!("a job has been due for {} minutes", seconds / 60),
            "start the server: jobs are done by it",
        ),
        _ if examined.jobs.is_empty() => {
            report.good(Kind::Jobs, format!("{} waiting, none failing", examined.load.waiting));
        }
        _ => {}
    }
}

/// Documents are printed in the languages of users and customers.
fn fonts(company: &Company, languages: &[String], report: &mut Report) {
    let fonts = Fonts::find(&[company.fonts()]);
    let languages: Vec<&str> = languages.iter().map(String::as_str).collect();
    let lacks = fonts.lacking(&languages);
    for lack in &lacks {
        report.watch(
            Kind::Fonts,
            format!(
                "documents in {} lack letters of the {} script: {}",
                lack.language, lack.script, lack.letters
            ),
            format!(
                "install a font (Debian: apt install {}), or put one into {}; then restart",
                lack.package,
                company.fonts().display()
            ),
        );
    }
    if lacks.is_empty() {
        report.good(Kind::Fonts, format!("letters for documents in {}", languages.join(", ")));
    }
}

fn backups(company: &Company, now: Timestamp, report: &mut Report) {
    let cure = "`fondaco backup`, each day by a timer (examples/deploy has one)";
    let newest = backup::newest(&company.backups());
    let age = newest.map(|at| now.as_second() - at.as_second());
    match age {
        None => report.watch(Kind::Backups, "there is no backup", cure),
        Some(age) if age > BACKUP_AGE_MAX_S => {
            let what = format!("the last backup is {} days old", age / 86_400);
            report.watch(Kind::Backups, what, cure);
        }
        Some(age) => {
            report.good(Kind::Backups, format!("the last one is {} hours old", age / 3600));
        }
    }
}
