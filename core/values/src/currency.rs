//! The currencies of ISO 4217 and how many decimals each has.
//! Not here: names, symbols and rates (records of the kernel).

/// How many decimals the minor unit of a currency has; `None` for what is no currency of ISO 4217.
/// Codes are in capitals. Known are the active ones and those withdrawn since 2020, since books are
/// kept for ten years and more.
/// Metals, test and special codes (`XAU`, `XTS`, `XDR`, …) have no minor unit: `None` too.
pub fn currency_exponent(code: &str) -> Option<u8> {
    let withdrawn = (2, WITHDRAWN);
    let mut groups = ACTIVE.iter().chain([&withdrawn]);
    groups.find(|(_, codes)| codes.contains(&code)).map(|&(exponent, _)| exponent)
}

/// All active currencies with their exponents, in no particular order.
pub fn currencies() -> impl Iterator<Item = (&'static str, u8)> {
    ACTIVE.iter().flat_map(|&(exponent, codes)| codes.iter().map(move |&code| (code, exponent)))
}

/// By exponent. Source: ISO 4217, list one, published 2026-01-01.
const ACTIVE: [(u8, &[&str]); 4] = [(2, TWO), (0, ZERO), (3, THREE), (4, FOUR)];

#[rustfmt::skip]
const ZERO: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
];

#[rustfmt::skip]
const TWO: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD",
    "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF",
    "CHW", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL",
    "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT",
    "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU",
    "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD",
    "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR",
    "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED",
    "VES", "WST", "XAD", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
];

#[rustfmt::skip]
const THREE: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

const FOUR: &[&str] = &["CLF", "UYW"];

/// All have two decimals. Source: ISO 4217, list three.
const WITHDRAWN: &[&str] = &["ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn exponents() {
        for (code, expected) in [
            ("EUR", Some(2)),
            ("USD", Some(2)),
            ("JPY", Some(0)),
            ("VND", Some(0)),
            ("KWD", Some(3)),
            ("TND", Some(3)),
            ("CLF", Some(4)),
            ("UYW", Some(4)),
            ("BGN", Some(2)),
            ("MRU", Some(2)),
            ("XAU", None),
            ("XXX", None),
            ("eur", None),
            ("EURO", None),
            ("", None),
        ] {
            assert_eq!(currency_exponent(code), expected, "{code}");
        }
    }

    #[test]
    fn each_code_stands_once() {
        let codes: Vec<_> = currencies().map(|(code, _)| code).collect();
        let distinct: BTreeSet<_> =
            codes.iter().copied().chain(WITHDRAWN.iter().copied()).collect();
        assert_eq!(codes.len(), 165, "active codes of ISO 4217 with a minor unit");
        assert_eq!(distinct.len(), codes.len() + WITHDRAWN.len());
        assert!(distinct.iter().all(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase())));
    }

    #[test]
    fn money_holds_every_currency() {
        for (code, exponent) in currencies() {
            assert_eq!(crate::Money::from_minor(1, exponent).minor(exponent), Some(1), "{code}");
        }
    }
}
