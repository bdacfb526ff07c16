//! People: departments, employees and their leave. Here is the plain list of what its Rust adds to
//! its TOML; each noun has a file of its own.
//! Not here: users and their rights (kernel `identity`), parties (kernel), work centres (manufacturing).
//! Read on: `department`, `employee`, then `leave_type`, `allocation`, `leave`, `days`; the port
//! `people` is in `team`.

mod department;
mod employee;
mod leave_type;
mod allocation;
mod days;
mod leave;
mod team;
mod reports;

use std::sync::Arc;

use fondaco_kernel::{Module, act, locales};

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../", $path)))),+]
    };
}

/// The module as the server switches it on.
pub fn module() -> Module {
    Module::new("hr", include_str!("../module.toml"))
        .locales(locales!("hr"))
        .models(files![
            "models/department.toml",
            "models/employee.toml",
            "models/leave_type.toml",
            "models/allocation.toml",
            "models/leave.toml",
            "models/account.toml",
        ])
        .dashboards(files!["dashboards/people.toml"])
        .reports(files![
            "reports/leave_balances.toml",
            "reports/absences.toml",
            "reports/headcount.toml",
        ])
        .data(files!["data/time.toml"])
        .record::<department::Department>()
        .record::<employee::Employee>()
        .record::<employee::Leading>()
        .record::<leave_type::LeaveType>()
        .record::<leave_type::Pool>()
        .record::<allocation::Allocation>()
        .record::<leave::Leave>()
        .before_save("hr.department", |tx, batch| Box::pin(department::prepare(tx, batch)))
        .before_save("hr.employee", |tx, batch| Box::pin(employee::prepare(tx, batch)))
        .before_save("hr.leave_type", |tx, batch| Box::pin(leave_type::prepare(tx, batch)))
        .before_save("hr.leave", |tx, batch| Box::pin(leave::prepare(tx, batch)))
        .action("hr.allocation", "grant", act!(allocation::grant))
        .action("hr.allocation", "revoke", act!(allocation::revoke))
        .action("hr.leave", "request", act!(leave::request))
        .action("hr.leave", "approve", act!(leave::approve))
        .action("hr.leave", "refuse", act!(leave::refuse))
        .action("hr.leave", "cancel", act!(leave::cancel))
        .port(|ports| ports.people = Some(Arc::new(team::Team)))
        .report("hr.leave_balances", |tx, args| Box::pin(reports::leave_balances(tx, args)))
        .report("hr.absences", |tx, args| Box::pin(reports::absences(tx, args)))
        .report("hr.headcount", |tx, args| Box::pin(reports::headcount(tx, args)))
}
