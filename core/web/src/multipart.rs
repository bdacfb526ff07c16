//! Files that a plain form sends (`multipart/form-data`, RFC 7578): the parts of a body by their names.
//! Not here: what becomes of them. A library for it streams to disks; ours are held, up to the limit of
//! the route.

use fondaco_kernel::Error;

/// Parts that one form may have.
const PARTS_MAX: usize = 100;

/// One part: the name of the input, the name of the file if it is one, what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<'b> {
    pub(crate) name: String,
    pub(crate) file: Option<String>,
    pub(crate) content: &'b [u8],
}

/// The parts of a body of this content type.
///
/// # Errors
/// A problem when it is none, or is cut off.
pub(crate) fn parts<'b>(kind: &str, body: &'b [u8]) -> Result<Vec<Part<'b>>, Error> {
    let cut_off =
        || Error::problem("file", "unreadable", "The form came incomplete; send it again.");
    let boundary = kind
        .strip_prefix("multipart/form-data")
        .and_then(|rest| rest.split("boundary=").nth(1))
        .map(|boundary| boundary.split(';').next().unwrap_or(boundary).trim().trim_matches('"'));
    let boundary =
        boundary.filter(|boundary| (1..=70).contains(&boundary.len())).ok_or_else(|| {
            Error::problem("file", "unreadable", "Send a form with a file (multipart/form-data).")
        })?;
    let (first, between) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(first.as_bytes()).ok_or_else(cut_off)?;
    let mut found = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n").ok_or_else(cut_off)?;
        let end = position(rest, between.as_bytes()).ok_or_else(cut_off)?;
        let (part, after) = rest.split_at(end);
        let head = position(part, b"\r\n\r\n").ok_or_else(cut_off)?;
        let (head, content) = (String::from_utf8_lossy(&part[..head]), &part[head + 4..]);
        let of = |key: &str| parameter(&head, key);
        found.push(Part { name: of("name").ok_or_else(cut_off)?, file: of("filename"), content });
        if found.len() > PARTS_MAX {
            let message = format!("A form has {PARTS_MAX} parts at most.");
            return Err(Error::problem("file", "too_many", message));
        }
        rest = &after[between.len()..];
    }
    Ok(found)
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// `; name="x"` of the line that says how a part is disposed of. Browsers write quotes in names as `%22`.
fn parameter(head: &str, key: &str) -> Option<String> {
    let lines = head.lines().filter(|line| line.len() > 20);
    let line =
        lines.into_iter().find(|line| line[..20].eq_ignore_ascii_case("content-disposition:"))?;
    let start = format!("; {key}=\"");
    let from = line.find(&start)? + start.len();
    let (value, _) = line[from..].split_once('"')?;
    Some(value.replace("%22", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=xx";

    fn told(body: &str) -> Result<Vec<(String, Option<String>, String)>, String> {
        let parts = parts(KIND, body.as_bytes()).map_err(|error| error.to_string())?;
        let text = |part: &Part| String::from_utf8_lossy(part.content).into_owned();
        Ok(parts.iter().map(|part| (part.name.clone(), part.file.clone(), text(part))).collect())
    }

    #[test]
    fn parts_are_read_as_browsers_send_them() {
        let body = "--xx\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nparty\r\n\
                    --xx\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a%22b.csv\"\r\n\
                    Content-Type: text/csv\r\n\r\nid,name\r\n--x\r\n1,A\r\n--xx--\r\n";
        assert_eq!(
            told(body).unwrap(),
            [
                ("model".to_owned(), None, "party".to_owned()),
                (
                    "file".to_owned(),
                    Some("a\"b.csv".to_owned()),
                    "id,name\r\n--x\r\n1,A".to_owned()
                ),
            ]
        );
        assert_eq!(told("--xx--").unwrap(), []);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for body in [
            "",
            "--xx",
            "--xx\r\n",
            "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
            "--xx\r\n\r\nb\r\n--xx--",
            "nonsense",
        ] {
            assert!(told(body).unwrap_err().contains("incomplete"), "{body:?}");
        }
        assert!(parts("text/plain", b"x").is_err());
        assert!(parts("multipart/form-data; boundary=", b"x").is_err());
    }
}
