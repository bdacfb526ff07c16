//! E-mail addresses and telephone numbers as they are compared: two that reach the same person have
//! the same key, however they were written.

/// Digits that are compared: the country's code and the zero before an area code are left out.
const PHONE_DIGITS: usize = 9;
/// Fewer are an extension or a slip.
const PHONE_DIGITS_MIN: usize = 6;

/// Small letters, no spaces around; `None` of nothing. The same as `lower(trim(…))` in the models.
pub(crate) fn email(text: &str) -> Option<String> {
    let key = text.trim().to_lowercase();
    (!key.is_empty()).then_some(key)
}

/// The last digits, without extension; `None` of what is no telephone number.
pub(crate) fn phone(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let number = lower.split(['x', ';', ',']).next().unwrap_or_default();
    let number = number.trim_end().trim_end_matches("e").trim_end_matches(". ");
    if number.contains(|letter: char| letter.is_alphabetic() || letter == '@') {
        return None;
    }
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < PHONE_DIGITS_MIN {
        return None;
    }
    let from = digits.len().saturating_sub(PHONE_DIGITS);
    Some(digits[from..].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_telephone_have_one_key() {
        for written in [
            "+48 22 555 01 02",
            "0048 22 5550102",
            "(22) 555-01-02",
            "022 555 01 02",
            "+48.22.555.01.02 ext. 17",
            "22 555 01 02 x17",
            "22 555 01 02;ext=17",
        ] {
            assert_eq!(phone(written).as_deref(), Some("225550102"), "{written}");
        }
        assert_eq!(phone("+84 912 345 678"), phone("0912345678"));
    }

    #[test]
    fn what_is_no_number_has_no_key() {
        for written in ["", "17", "12345", "n/a", "office@works.example", "ask Anna 555010222"] {
            assert_eq!(phone(written), None, "{written}");
        }
        assert_eq!(phone("555-010").as_deref(), Some("555010"));
    }

    #[test]
    fn addresses() {
        assert_eq!(email("  Anna@Works.Example "), email("anna@works.example"));
        assert_eq!(email("ŁUKASZ@works.example").as_deref(), Some("łukasz@works.example"));
        assert_eq!(email("  "), None);
    }
}
