//! The keys of the TOML by table: read strictly by the files beside this one, told to editors by
//! `json_schema`.

use crate::plugin::Point;

pub(crate) const MODEL: [&str; 13] = [
    "model", "label", "plural", "title", "number", "shared", "help", "fields", "states", "actions",
    "access", "views", "indexes",
];
pub(crate) const EXTENDS: [&str; 7] =
    ["extends", "when", "fields", "access", "views", "indexes", "actions"];
pub(crate) const WORKFLOW: [&str; 3] = ["workflow", "states", "actions"];
pub(crate) const MORE_STATES: [&str; 2] = ["values", "open"];
/// What a company may change of an action of a module.
pub(crate) const STRICTER: [&str; 5] = ["label", "help", "from", "require", "refusal"];
pub(crate) const MODULE: [&str; 9] =
    ["module", "title", "help", "version", "kernel", "needs", "menu", "roles", "separate"];
pub(crate) const ROLE: [&str; 5] = ["label", "help", "includes", "classes", "write_classes"];
pub(crate) const ROLE_FILE: [&str; 7] =
    ["role", "grants", "label", "help", "includes", "classes", "write_classes"];
pub(crate) const REPORT: [&str; 13] = [
    "report",
    "label",
    "help",
    "roles",
    "params",
    "columns",
    "chart",
    "group",
    "indent",
    "sums_without",
    "words",
    "compare",
    "rows",
];
pub(crate) const COLUMN: [&str; 9] =
    ["name", "label", "type", "scale", "to", "values", "opens", "hidden", "values_of"];
/// What a cell of a report opens: one of these alone, or the two pairs.
pub(crate) const OPENS: [&str; 6] = ["entry", "record", "model", "id", "report", "with"];
pub(crate) const COMPARE: [&str; 3] = ["by", "dates", "figures"];
pub(crate) const DASHBOARD: [&str; 4] = ["dashboard", "label", "roles", "tiles"];
pub(crate) const TILES: [&str; 3] = ["figure", "list", "chart"];
pub(crate) const TILE: [&str; 13] = [
    "kind", "label", "wide", "model", "filter", "sum", "date", "period", "sort", "columns",
    "limit", "group", "report",
];

/// Of one tile, by its kind.
pub(crate) fn of_tile(kind: &str, of_report: bool) -> Option<&'static [&'static str]> {
    Some(match (kind, of_report) {
        ("figure", _) => &["kind", "label", "wide", "model", "filter", "sum", "date", "period"],
        ("list", _) => &["kind", "label", "wide", "model", "filter", "sort", "columns", "limit"],
        ("chart", true) => &["kind", "label", "wide", "report"],
        ("chart", false) => &["kind", "label", "wide", "model", "filter", "group", "sum"],
        _ => return None,
    })
}
pub(crate) const ROWS: [&str; 3] = ["of", "filter", "sort"];
pub(crate) const CHART: [&str; 3] = ["kind", "x", "y"];
pub(crate) const DOCUMENT: [&str; 13] = [
    "document",
    "of",
    "label",
    "when",
    "draft",
    "language",
    "currency",
    "number",
    "page",
    "letterhead",
    "address",
    "blocks",
    "footer",
];
pub(crate) const PAGE: [&str; 8] =
    ["size", "top", "right", "bottom", "left", "font", "font_size", "colour"];
/// Of [`PAGE`], in the order of its margins.
pub(crate) const MARGINS: [&str; 4] = ["top", "right", "bottom", "left"];
pub(crate) const ADDRESS: [&str; 3] = ["party", "kinds", "facts"];
pub(crate) const FACT: [&str; 4] = ["label", "value", "strong", "currency"];
pub(crate) const BLOCK: [&str; 10] =
    ["kind", "title", "text", "value", "soft", "rows", "lines", "columns", "summary", "labels"];
pub(crate) const BLOCKS: [&str; 5] = ["text", "facts", "table", "totals", "signatures"];
pub(crate) const SUMMARY: [&str; 3] = ["title", "lines", "columns"];
pub(crate) const PRINTED_COLUMN: [&str; 9] =
    ["label", "value", "count", "width", "optional", "carry", "price", "unit", "below"];

/// Of one block of a document, by its kind.
pub(crate) fn of_block(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "text" => &["kind", "title", "text", "value", "soft"],
        "facts" => &["kind", "title", "rows"],
        "table" => &["kind", "title", "lines", "columns"],
        "totals" => &["kind", "rows", "summary"],
        "signatures" => &["kind", "labels"],
        _ => return None,
    })
}
pub(crate) const MENU: [&str; 4] = ["label", "model", "view", "report"];
pub(crate) const SEPARATE: [&str; 2] = ["roles", "reason"];
pub(crate) const ACTION: [&str; 9] =
    ["label", "help", "from", "to", "require", "refusal", "args", "number", "internal"];
pub(crate) const GRANT: [&str; 5] = ["read", "create", "write", "delete", "actions"];
pub(crate) const STATES: [&str; 3] = ["initial", "values", "open"];
pub(crate) const INDEX: [&str; 2] = ["fields", "unique"];
pub(crate) const CHOICE: [&str; 2] = ["value", "label"];
/// Of any field; which of them a type knows is in `field`.
pub(crate) const FIELD: [&str; 23] = [
    "type",
    "label",
    "help",
    "required",
    "default",
    "scale",
    "min",
    "max",
    "values",
    "to",
    "of",
    "by",
    "product",
    "pattern",
    "readonly",
    "class",
    "renamed_from",
    "unique",
    "index",
    "compute",
    "stored",
    "search",
    "rows",
];
/// Of an argument that is told line by line.
pub(crate) const ARGUMENT_ROWS: [&str; 2] = ["of", "columns"];
pub(crate) const TYPES: [&str; 21] = [
    "text",
    "long_text",
    "email",
    "phone",
    "url",
    "integer",
    "decimal",
    "money",
    "percent",
    "bool",
    "date",
    "date_time",
    "duration",
    "choice",
    "link",
    "lines",
    "links",
    "tags",
    "file",
    "json",
    "options",
];
pub(crate) const MANIFEST: [&str; 6] =
    ["manifest", "plugin", "hooks", "capabilities", "settings", "limits"];
pub(crate) const PLUGIN: [&str; 9] =
    ["id", "version", "api", "kernel", "name", "help", "license", "publisher_key", "tier"];
pub(crate) const CAPABILITIES: [&str; 9] =
    ["read", "create", "write", "act", "emit", "standing", "http", "kv", "journal"];
pub(crate) const OF_ORIGIN: [&str; 2] = ["origin", "why"];
pub(crate) const OF_KV: [&str; 1] = ["max_bytes"];
pub(crate) const OF_JOURNAL: [&str; 3] = ["journal", "accounts", "why"];
pub(crate) const OF_FIELDS: [&str; 3] = ["model", "fields", "why"];
pub(crate) const OF_ACTIONS: [&str; 3] = ["model", "actions", "why"];
pub(crate) const SETTING: [&str; 4] = ["type", "default", "label", "help"];
pub(crate) const LIMITS: [&str; 3] = ["cpu_ms", "memory_mib", "host_calls"];

/// Of one hook of a plugin, by where it is asked.
pub(crate) fn of_point(point: Point) -> &'static [&'static str] {
    match point {
        Point::Save => &["on", "models", "when", "select", "on_failure", "order", "again", "clock"],
        Point::Guard | Point::Effect | Point::Action => &[
            "on",
            "models",
            "actions",
            "select",
            "standing",
            "beside",
            "on_failure",
            "order",
            "again",
            "clock",
        ],
        Point::Price => &["on", "select", "on_failure", "order", "clock"],
        Point::Event => &["on", "events", "order", "again", "clock"],
        Point::Job => &["on", "again", "schedule", "clock"],
        Point::Request => &["on", "path", "methods", "secret", "clock"],
    }
}
pub(crate) const VIEWS: [&str; 12] = [
    "list", "form", "kanban", "calendar", "timeline", "tree", "floor", "scan", "pivot", "chart",
    "card", "worklist",
];
/// Views that are pages of their own, so that a menu may lead to them.
pub(crate) const PAGES: [&str; 7] =
    ["kanban", "calendar", "timeline", "tree", "floor", "scan", "worklist"];
pub(crate) const CHARTS: [&str; 5] = ["bar", "stacked", "line", "area", "pie"];
