//! Numbers of taxpayers: Poland's NIP with its check digit, and those of other countries.

const WEIGHTS: [u32; 9] = [6, 5, 7, 2, 3, 4, 5, 6, 7];
/// Whose numbers of value added tax are known to all members; Greece writes EL.
const UNION: [&str; 26] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK",
];

/// How a buyer is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Nip(String),
    /// Of another member of the Union: its letters, and the number without them.
    Union(&'static str, String),
    /// Of any other country.
    Other(String, String),
    /// He has none.
    None,
}

/// Ten digits without what stands between, if they are right.
pub(crate) fn nip(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: String =
        text.strip_prefix("PL").unwrap_or(text).chars().filter(|c| !"- ".contains(*c)).collect();
    let figures: Vec<u32> = digits.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    if figures.len() != 10 {
        return None;
    }
    let sum: u32 = figures.iter().zip(WEIGHTS).map(|(figure, weight)| figure * weight).sum();
    (sum % 11 == figures[9]).then_some(digits)
}

/// The number of a buyer in a country. The error says what is wrong with it.
pub(crate) fn of_buyer(country: &str, text: &str) -> Result<Number, String> {
    let plain: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase();
    let letters = if country == "GR" { "EL" } else { country };
    match (plain.is_empty(), country) {
        (true, _) => Ok(Number::None),
        (false, "PL" | "") => {
            let wrong =
                || format!("`{text}` is no NIP: ten digits, the last of them a check digit");
            nip(&plain).map(Number::Nip).ok_or_else(wrong)
        }
        _ => match UNION.iter().find(|own| **own == letters) {
            Some(own) => {
                let number = plain.strip_prefix(own).unwrap_or(&plain);
                Ok(Number::Union(own, number.to_owned()))
            }
            None => Ok(Number::Other(country.to_owned(), plain)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for (text, right) in [
            ("5260250995", true),
            ("PL 526-025-09-95", true),
            ("526 025 09 95", true),
            ("5260250996", false),
            ("526025099", false),
            ("52602509955", false),
            ("526025099X", false),
            ("", false),
        ] {
            assert_eq!(nip(text).is_some(), right, "{text}");
        }
    }

    #[test]
    fn buyers() {
        for (country, text, number) in [
            ("PL", "526-025-09-95", Ok(Number::Nip("5260250995".into()))),
            ("PL", "", Ok(Number::None)),
            ("DE", "DE 123456789", Ok(Number::Union("DE", "123456789".into()))),
            ("GR", "EL123456789", Ok(Number::Union("EL", "123456789".into()))),
            ("US", "12-3456789", Ok(Number::Other("US".into(), "123456789".into()))),
        ] {
            assert_eq!(of_buyer(country, text), number, "{country} {text}");
        }
        assert!(of_buyer("PL", "123").is_err());
    }
}
