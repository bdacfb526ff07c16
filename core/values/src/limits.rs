//! Every limit of the platform in one place, each with its reason.
//! Not here: what a company or a user is allowed to do (permissions), and how a limit is reported.
//! A limit is the most that is accepted; `_CHARS` are Unicode characters, `_BYTES` bytes of UTF-8.

// Lists

/// Rows of a page when nobody says how many: a screen and a bit, what users of ERP systems know.
pub const PAGE_SIZE_DEFAULT: usize = 80;
/// Rows of a page: above this a list is an export, and exports stream.
pub const PAGE_SIZE_MAX: usize = 500;
/// Rows that are counted for a list: nobody reads more than "1000+", and exact counts read all.
pub const COUNT_MAX: usize = 1_000;
/// Rows of which a grouped list gives the figures: more is a report.
pub const GROUP_ROWS_MAX: usize = 100_000;
/// Pilots at a time; each combination of them is a view of its own.
pub const PILOTS_MAX: usize = 3;
/// Links that a path in an expression, a filter or a selection may follow: each is a join.
pub const LINK_PATH_MAX: usize = 3;
/// Values in one "is one of" of a filter: the lines of the largest document can be looked up.
pub const FILTER_VALUES_MAX: usize = DOCUMENT_LINES_MAX;
/// Rows of a report on the screen: beyond it nobody reads, and the browser suffers.
pub const REPORT_ROWS_MAX: usize = 10_000;

// Records

/// Lines of one document: it is saved, priced and posted whole, in memory.
pub const DOCUMENT_LINES_MAX: usize = 5_000;
/// Documents of one request: they are one transaction, and the writer is one.
pub const BATCH_DOCUMENTS_MAX: usize = 500;
/// Characters of a text: names and remarks; what is longer is a long text.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// Characters of a long text: a contract fits; what is longer is an attachment.
pub const LONG_TEXT_CHARS_MAX: usize = 1_000_000;
/// Tags or links to many in one field: they are shown and compared whole; more wants lines.
pub const LIST_ITEMS_MAX: usize = 1_000;
/// Bytes of a JSON field: it is no place for files.
pub const JSON_BYTES_MAX: usize = 256 * 1024;
/// Levels of a tree, such as categories, accounts or bills of materials: deeper is a loop.
pub const TREE_DEPTH_MAX: usize = 32;

// Expressions

/// Levels of an expression: it is evaluated by recursion, also in SQL.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Bytes of an expression: a rule that people can still read.
pub const EXPRESSION_BYTES_MAX: usize = 4_096;

// Requests

/// Bytes of a request's body, attachments apart: it is held in memory for each caller.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Levels of JSON in a request: deeper than any record, far below the stack.
pub const BODY_DEPTH_MAX: usize = 32;
/// Bytes of an attachment: what mail servers carry, and a scanned contract.
pub const ATTACHMENT_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Characters of a password: above any phrase people type; hashing reads all of it.
pub const PASSWORD_CHARS_MAX: usize = 256;

// Files that come in

/// Rows of one import: a large master file; more is imported in parts that can be checked.
pub const IMPORT_ROWS_MAX: usize = 100_000;
/// Rows of an import that are saved in one transaction: others can write between two slices.
pub const IMPORT_SLICE_ROWS: usize = 500;
/// Rows of one bank statement: a busy month; matching compares each with what is open.
pub const BANK_STATEMENT_ROWS_MAX: usize = 10_000;

// Ledger

/// Lines of one entry: the largest document, in goods and in value, from and to, in two books, and
/// tax for each line. The ids of lines leave room for no more than 65,535.
pub const ENTRY_LINES_MAX: usize = 10 * DOCUMENT_LINES_MAX;
/// Entries of one posting batch: they are balanced and chained in memory before they are written.
pub const ENTRY_BATCH_MAX: usize = 8_190;

// Work inside

/// Values bound to one SQL statement: the limit of SQLite; PostgreSQL has twice as many.
pub const SQL_BINDS_MAX: usize = 32_766;
/// Milliseconds of one SQL statement of a request: longer is a report for a job.
pub const SQL_STATEMENT_MS_MAX: u64 = 5_000;
/// Units of work in one commit of the writer: more only adds waiting.
pub const COMMIT_GROUP_MAX: usize = 64;
/// Milliseconds for which the writer adds to one commit: less than the disk takes to keep it.
pub const COMMIT_GROUP_MS_MAX: u64 = 5;
/// Runs of a unit of work that meets another: after so many the caller hears of the conflict.
pub const WORK_ATTEMPTS_MAX: u32 = 5;
/// Levels of events raised while an event is handled in the same transaction: deeper is a loop.
pub const EVENT_DEPTH_MAX: usize = 16;
/// Events of one transaction: a batch of documents, each with its followers.
pub const EVENTS_MAX: usize = 20 * BATCH_DOCUMENTS_MAX;
/// Runs of a job before a person must look: with growing pauses about a day.
pub const JOB_ATTEMPTS_MAX: u32 = 12;
/// Bytes of a job's payload: it names records and does not carry them.
pub const JOB_PAYLOAD_BYTES_MAX: usize = 64 * 1024;
