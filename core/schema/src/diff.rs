//! The steps from one set of tables to another. Nothing is thrown away: what is no longer asked for
//! is renamed and hidden. Each step can be told to be done already, so a run that was cut off is run
//! again. The SQL of a step is written by the kernel.

use serde::{Deserialize, Serialize};

use crate::tables::{Column, Table, TableIndex, Tables};

/// One change of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    DropSearch {
        table: String,
    },
    DropIndex {
        table: String,
        index: String,
    },
    /// Puts a table aside, under another name, with its data.
    HideTable {
        table: String,
        hidden: String,
    },
    RenameColumn {
        table: String,
        from: String,
        to: String,
    },
    /// Puts a column aside, under another name (`x_old_1`), with its data; it may be null from now on.
    HideColumn {
        table: String,
        column: String,
        hidden: String,
    },
    /// With its columns and key; its indexes and search follow as steps of their own.
    CreateTable {
        table: Table,
    },
    AddColumn {
        table: String,
        column: Column,
    },
    /// The same numbers with another number of digits after the point.
    Rescale {
        table: String,
        column: String,
        from: u8,
        to: u8,
    },
    /// Each row must have a value from now on.
    Require {
        table: String,
        column: String,
    },
    /// The column may be null from now on.
    Relax {
        table: String,
        column: String,
    },
    AddIndex {
        table: String,
        index: TableIndex,
    },
    CreateSearch {
        table: String,
        columns: Vec<String>,
    },
}

/// What a step asks of the data that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Always works and loses nothing.
    Safe,
    /// Works when the data allows it: look first.
    Checked,
    /// Puts data out of sight.
    Destructive,
}

impl Step {
    pub fn risk(&self) -> Risk {
        match self {
            Step::HideTable { .. } | Step::HideColumn { .. } => Risk::Destructive,
            Step::Require { .. } => Risk::Checked,
            Step::AddColumn { column, .. } if column.not_null => Risk::Checked,
            Step::AddIndex { index, .. } if index.unique => Risk::Checked,
            Step::Rescale { from, to, .. } if to < from => Risk::Checked,
            _ => Risk::Safe,
        }
    }

    pub fn table(&self) -> &str {
        match self {
            Step::CreateTable { table } => &table.name,
            Step::DropSearch { table }
            | Step::DropIndex { table, .. }
            | Step::HideTable { table, .. }
            | Step::RenameColumn { table, .. }
            | Step::HideColumn { table, .. }
            | Step::AddColumn { table, .. }
            | Step::Rescale { table, .. }
            | Step::Require { table, .. }
            | Step::Relax { table, .. }
            | Step::AddIndex { table, .. }
            | Step::CreateSearch { table, .. } => table,
        }
    }
}

/// The steps that make `new` of `old`, in the order to do them.
pub fn diff(old: &Tables, new: &Tables) -> Vec<Step> {
    let mut steps = Steps::default();
    for (name, table) in &old.tables {
        if !new.tables.contains_key(name) && !is_hidden(name) {
            steps.drop_search(table);
            steps.drop_indexes(table, &Table::default());
            let hidden = free_name(name, |name| {
                old.tables.contains_key(name) || new.tables.contains_key(name)
            });
            steps.put_aside.push(Step::HideTable { table: name.clone(), hidden });
        }
    }
    for (name, table) in &new.tables {
        match old.tables.get(name) {
            Some(before) => steps.change(before, table),
            None => steps.create(table),
        }
    }
    steps.in_order()
}

impl Tables {
    /// What is there when the steps to `new` are done: `new` and all that was hidden on the way.
    /// This is what to keep for the next [`diff`].
    pub fn after(&self, new: &Tables) -> Tables {
        let mut after = new.clone();
        for (name, table) in &mut after.tables {
            if let Some(before) = self.tables.get(name) {
                table.hidden = before.hidden.clone();
            }
        }
        for (name, table) in self.tables.iter().filter(|(name, _)| is_hidden(name)) {
            after.tables.insert(name.clone(), table.clone());
        }
        for step in diff(self, new) {
            match step {
                Step::HideColumn { table, hidden, .. } => {
                    if let Some(table) = after.tables.get_mut(&table) {
                        table.hidden.push(hidden);
                    }
                }
                Step::HideTable { table, hidden } => {
                    let mut kept = self.tables.get(&table).cloned().unwrap_or_default();
                    kept.name.clone_from(&hidden);
                    kept.indexes.clear();
                    kept.search.clear();
                    after.tables.insert(hidden, kept);
                }
                _ => {}
            }
        }
        after
    }
}

#[derive(Default)]
struct Steps {
    drops: Vec<Step>,
    put_aside: Vec<Step>,
    creates: Vec<Step>,
    adds: Vec<Step>,
    indexes: Vec<Step>,
}

impl Steps {
    fn in_order(self) -> Vec<Step> {
        [self.drops, self.put_aside, self.creates, self.adds, self.indexes].concat()
    }

    fn create(&mut self, table: &Table) {
        self.creates.push(Step::CreateTable { table: table.clone() });
        self.add_indexes(&Table::default(), table);
        self.create_search(table);
    }

    fn change(&mut self, old: &Table, new: &Table) {
        let renamed = |to: &Column| {
            let from = to.renamed_from.as_deref()?;
            let free = !old.columns.contains_key(&to.name) && !new.columns.contains_key(from);
            old.columns.get(from).filter(|_| free)
        };
        let renames: Vec<&str> =
            new.columns.values().filter_map(renamed).map(|column| &*column.name).collect();
        for column in old.columns.values() {
            if !new.columns.contains_key(&column.name) && !renames.contains(&&*column.name) {
                self.hide(old, new, &column.name);
            }
        }
        for column in new.columns.values() {
            let before = renamed(column);
            if let Some(before) = before {
                let (from, to) = (before.name.clone(), column.name.clone());
                self.put_aside.push(Step::RenameColumn { table: new.name.clone(), from, to });
            }
            match before.or_else(|| old.columns.get(&column.name)) {
                Some(before) => self.change_column(old, new, before, column),
                None => self.add(new, column),
            }
        }
        self.drop_indexes(old, new);
        self.add_indexes(old, new);
        if old.search != new.search {
            self.drop_search(old);
            self.create_search(new);
        }
    }

    fn change_column(&mut self, old: &Table, new: &Table, before: &Column, after: &Column) {
        let (table, column) = (new.name.clone(), after.name.clone());
        let same_meaning = before.kind == after.kind && before.refers == after.refers;
        match (before.scale, after.scale) {
            (Some(from), Some(to)) if same_meaning => {
                if from != to {
                    self.adds.push(Step::Rescale { table, column, from, to });
                }
            }
            (None, None) if same_meaning => {}
            _ => {
                self.hide(old, new, &after.name);
                return self.add(new, after);
            }
        }
        let (table, column) = (new.name.clone(), after.name.clone());
        match (before.not_null, after.not_null) {
            (false, true) => self.adds.push(Step::Require { table, column }),
            (true, false) => self.adds.push(Step::Relax { table, column }),
            _ => {}
        }
    }

    fn hide(&mut self, old: &Table, new: &Table, column: &str) {
        let hidden = free_name(column, |name| {
            old.hidden.iter().any(|hidden| hidden == name)
                || old.columns.contains_key(name)
                || new.columns.contains_key(name)
        });
        let (table, column) = (new.name.clone(), column.to_owned());
        self.put_aside.push(Step::HideColumn { table, column, hidden });
    }

    fn add(&mut self, table: &Table, column: &Column) {
        self.adds.push(Step::AddColumn { table: table.name.clone(), column: column.clone() });
    }

    fn drop_indexes(&mut self, old: &Table, new: &Table) {
        for index in old.indexes.values() {
            if new.indexes.get(&index.name) != Some(index) {
                let (table, index) = (old.name.clone(), index.name.clone());
                self.drops.push(Step::DropIndex { table, index });
            }
        }
    }

    fn add_indexes(&mut self, old: &Table, new: &Table) {
        for index in new.indexes.values() {
            if old.indexes.get(&index.name) != Some(index) {
                let (table, index) = (new.name.clone(), index.clone());
                self.indexes.push(Step::AddIndex { table, index });
            }
        }
    }

    fn drop_search(&mut self, table: &Table) {
        if !table.search.is_empty() {
            self.drops.push(Step::DropSearch { table: table.name.clone() });
        }
    }

    fn create_search(&mut self, table: &Table) {
        if !table.search.is_empty() {
            let (table, columns) = (table.name.clone(), table.search.clone());
            self.indexes.push(Step::CreateSearch { table, columns });
        }
    }
}

/// `x` → `x_old_1`, or the next number that is free.
fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut number = 1_u32;
    loop {
        let hidden = format!("{name}_old_{number}");
        if !taken(&hidden) {
            return hidden;
        }
        number += 1;
    }
}

/// Tables of a name like `sales_order_old_1` were put aside; models may not end like this.
fn is_hidden(name: &str) -> bool {
    let Some((_, number)) = name.rsplit_once("_old_") else { return false };
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
