//! Every limit of the platform in one place, each with its reason.
//! Not here: what a company or a user may do (permissions), and limits of plugins (`plugin-host`).

/// Rows of a page when nobody says how many: a screen and a bit, as users of ERP systems know it.
pub const PAGE_SIZE_DEFAULT: usize = 80;
/// Rows of a page at most: above this a list is an export, and exports stream.
pub const PAGE_SIZE_MAX: usize = 500;
/// Lines of one document: it is saved, priced and posted whole, in memory.
pub const DOCUMENT_LINES_MAX: usize = 5_000;
/// Documents of one request: they are one transaction, and the writer is one.
pub const BATCH_DOCUMENTS_MAX: usize = 500;
/// Characters of a text: names and notes; what is longer is a long text.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// Characters of a long text: a contract fits; what is longer is an attachment.
pub const LONG_TEXT_CHARS_MAX: usize = 1_000_000;
/// Levels of an expression: it is evaluated by recursion, also in SQL.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Bytes of an expression: a rule that people can still read.
pub const EXPRESSION_BYTES_MAX: usize = 4_096;
/// Bytes of a request body, attachments apart: it is held in memory for each caller.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of an attachment: what mail servers carry, and a scanned contract.
pub const ATTACHMENT_BYTES_MAX: usize = 25 * 1024 * 1024;
