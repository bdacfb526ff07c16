//! Tables and columns of modules that are switched off: they stay where they are, with their data,
//! so that the module goes on where it stopped when it is switched on again.
//! Not here: what is no longer declared by anybody (`diff` hides it).

use crate::tables::{Table, Tables};

impl Tables {
    /// What these tables are together with those of `applied` that belong to modules which are off:
    /// `all` are the tables that there would be with every module on.
    pub fn with_resting(mut self, applied: &Tables, all: &Tables) -> Tables {
        for (name, there) in &applied.tables {
            let Some(known) = all.tables.get(name) else { continue };
            match self.tables.get_mut(name) {
                Some(table) => table.keep_resting(there, known),
                None => {
                    self.tables.insert(name.clone(), there.clone());
                }
            }
        }
        self
    }
}

impl Tables {
    /// Adds what other tables have and these have not.
    pub fn join(&mut self, other: Tables) {
        for (name, table) in other.tables {
            let Some(own) = self.tables.get_mut(&name) else {
                self.tables.insert(name, table);
                continue;
            };
            for (name, column) in table.columns {
                own.columns.entry(name).or_insert(column);
            }
            for (name, index) in table.indexes {
                own.indexes.entry(name).or_insert(index);
            }
        }
    }
}

impl Table {
    fn keep_resting(&mut self, there: &Table, known: &Table) {
        for (name, column) in &there.columns {
            if !self.columns.contains_key(name) && known.columns.contains_key(name) {
                // What is written while the module is off has no value here.
                let column = crate::tables::Column { not_null: false, ..column.clone() };
                self.columns.insert(name.clone(), column);
                self.resting.push(name.clone());
            }
        }
        for (name, index) in &there.indexes {
            let is_whole = index.columns.iter().all(|column| self.columns.contains_key(column));
            if !self.indexes.contains_key(name) && known.indexes.contains_key(name) && is_whole {
                self.indexes.insert(name.clone(), index.clone());
            }
        }
    }

    /// Columns that rested and are in use again in `next`.
    pub fn waking<'t>(&'t self, next: &'t Table) -> impl Iterator<Item = &'t str> {
        let wakes =
            |name: &&String| next.columns.contains_key(*name) && !next.resting.contains(*name);
        self.resting.iter().filter(wakes).map(String::as_str)
    }
}
