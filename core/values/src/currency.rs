//! The currencies of ISO 4217 and how many decimals each has.
//! Not here: names, symbols and rates (records of the kernel).

/// How many decimals the minor unit of a currency has; `None` for what is no currency of ISO 4217.
/// Metals, test and special codes (`XAU`, `XTS`, `XDR`, …) have no minor unit: `None` too.
pub fn currency_exponent(code: &str) -> Option<u8> {
    GROUPS.iter().find(|(_, codes)| codes.contains(&code)).map(|&(exponent, _)| exponent)
}

/// All active currencies with their exponents, in no particular order.
pub fn currencies() -> impl Iterator<Item = (&'static str, u8)> {
    GROUPS.iter().flat_map(|&(exponent, codes)| codes.iter().map(move |&code| (code, exponent)))
}

/// By exponent. Source: ISO 4217, list one (active codes), January 2026.
const GROUPS: [(u8, &[&str]); 4] = [(2, TWO), (0, ZERO), (3, THREE), (4, FOUR)];

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
    "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
];

#[rustfmt::skip]
const THREE: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

const FOUR: &[&str] = &["CLF", "UYW"];
