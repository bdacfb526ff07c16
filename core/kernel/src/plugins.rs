//! Where partners' code is asked. The kernel knows this trait only; `plugin-host` will implement it.
//! Not here: when it is asked (`hooks`).

use fondaco_schema::Model;
use fondaco_values::AnyId;

use crate::model::Saving;
use crate::tx::{Fut, Tx};

pub trait Plugins: Send + Sync {
    /// May change or refuse records before they are checked and saved.
    fn before_save<'t>(
        &'t self,
        tx: &'t mut Tx,
        model: &'t Model,
        batch: &'t mut [Saving],
    ) -> Fut<'t, ()>;

    /// May refuse an action, after the module's own work and before the commit.
    fn before_commit<'t>(
        &'t self,
        tx: &'t mut Tx,
        model: &'t Model,
        id: AnyId,
        action: &'t str,
    ) -> Fut<'t, ()>;
}

/// A kernel without plugins.
pub struct NoPlugins;

impl Plugins for NoPlugins {
    fn before_save<'t>(&'t self, _: &'t mut Tx, _: &'t Model, _: &'t mut [Saving]) -> Fut<'t, ()> {
        Box::pin(async { Ok(()) })
    }

    fn before_commit<'t>(
        &'t self,
        _: &'t mut Tx,
        _: &'t Model,
        _: AnyId,
        _: &'t str,
    ) -> Fut<'t, ()> {
        Box::pin(async { Ok(()) })
    }
}
