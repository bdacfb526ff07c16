//! Numbers, money, dates and times as a language writes them, by own tables: five languages, a page
//! of rules. What is written is never read back; forms hold ISO dates and plain decimals.

use crate::{Date, Decimal, Rounding, Timestamp, round};

/// A no-break space, so that an amount is not torn apart at the end of a line.
const SPACE: char = '\u{a0}';

/// How a language writes figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    language: &'static str,
    point: char,
    group: char,
    /// Digits before the point from which on they are grouped.
    grouped_from: usize,
    months: &'static [&'static str; 12],
    dates: Dates,
    /// Thai only: counts years from the Buddha's death, as official papers do.
    buddhist: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dates {
    /// 5 Mar 2026
    Words,
    /// 05/03/2026
    Slashes,
    /// 05.03.2026
    Dots,
    /// 2026-03-05
    Iso,
}

const ENGLISH_MONTHS: &[&str; 12] =
    &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const THAI_MONTHS: &[&str; 12] = &[
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
];

const ENGLISH: Locale = Locale {
    language: "en",
    point: '.',
    group: ',',
    grouped_from: 4,
    months: ENGLISH_MONTHS,
    dates: Dates::Words,
    buddhist: false,
};

const LOCALES: [Locale; 5] = [
    ENGLISH,
    Locale { language: "vi", point: ',', group: '.', dates: Dates::Slashes, ..ENGLISH },
    Locale { language: "th", months: THAI_MONTHS, buddhist: true, ..ENGLISH },
    Locale {
        language: "pl",
        point: ',',
        group: SPACE,
        grouped_from: 5,
        dates: Dates::Dots,
        ..ENGLISH
    },
    Locale { language: "zh", dates: Dates::Iso, ..ENGLISH },
];

impl Locale {
    /// That of a language; English for one that is not spoken.
    pub fn of(language: &str) -> Locale {
        LOCALES.into_iter().find(|known| known.language == language).unwrap_or(ENGLISH)
    }

    /// The same with years as the rest of the world counts them.
    pub fn with_common_years(self) -> Locale {
        Locale { buddhist: false, ..self }
    }

    pub fn language(&self) -> &'static str {
        self.language
    }

    /// What stands before the decimals.
    pub fn point(&self) -> char {
        self.point
    }

    pub fn int(&self, number: i64) -> String {
        self.grouped(number < 0, &number.unsigned_abs().to_string(), "")
    }

    /// With the decimals that it has, at least `least` of them: 2.5000 is 2.5, or 2.50.
    pub fn decimal(&self, number: Decimal, least: u32) -> String {
        let mut plain = number.normalize();
        if plain.scale() < least {
            plain.rescale(least);
        }
        let digits = plain.abs().to_string();
        let (whole, rest) = digits.split_once('.').unwrap_or((&digits, ""));
        self.grouped(plain.is_sign_negative() && !plain.is_zero(), whole, rest)
    }

    /// With exactly the decimals of its currency: dong and yen have none. Should an amount have
    /// more, as a unit price may, they are shown.
    pub fn money(&self, amount: Decimal, exponent: u8) -> String {
        self.decimal(amount, u32::from(exponent))
    }

    /// 0.125 is 12.5 %.
    pub fn percent(&self, share: Decimal) -> String {
        let number = self.decimal(share * Decimal::ONE_HUNDRED, 0);
        match self.language {
            "pl" => format!("{number}{SPACE}%"),
            _ => format!("{number}%"),
        }
    }

    pub fn date(&self, date: Date) -> String {
        let (day, month) = (date.day(), date.month());
        let year = i32::from(date.year()) + if self.buddhist { 543 } else { 0 };
        match self.dates {
            Dates::Words => {
                let at = usize::try_from(month - 1).unwrap_or_default();
                let name = self.months.get(at).copied().unwrap_or_default();
                format!("{day}{SPACE}{name}{SPACE}{year}")
            }
            Dates::Slashes => format!("{day:02}/{month:02}/{year}"),
            Dates::Dots => format!("{day:02}.{month:02}.{year}"),
            Dates::Iso => format!("{year}-{month:02}-{day:02}"),
        }
    }

    /// To the minute, in UTC; a browser shows it in its own zone.
    pub fn time(&self, time: Timestamp) -> String {
        let at = time.to_zoned(jiff::tz::TimeZone::UTC);
        format!("{}{SPACE}{:02}:{:02}", self.date(at.date()), at.hour(), at.minute())
    }

    /// Seconds as hours and minutes: 5400 is 1:30.
    pub fn duration(&self, seconds: i64) -> String {
        let sign = if seconds < 0 { "−" } else { "" };
        let all = seconds.unsigned_abs();
        let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
        match rest {
            0 => format!("{sign}{hours}:{minutes:02}"),
            rest => format!("{sign}{hours}:{minutes:02}:{rest:02}"),
        }
    }

    /// Bytes in the unit that one reads, rounded half up to one decimal.
    pub fn bytes(&self, bytes: i64) -> String {
        let units = ["B", "KiB", "MiB", "GiB"];
        let mut size = Decimal::from(bytes);
        let mut at = 0;
        while size >= Decimal::from(1024) && at + 1 < units.len() {
            size /= Decimal::from(1024);
            at += 1;
        }
        let size = round(size, 1, Rounding::HalfUp);
        format!("{}{SPACE}{}", self.decimal(size, 0), units[at])
    }

    fn grouped(&self, negative: bool, whole: &str, rest: &str) -> String {
        let mut out = String::with_capacity(whole.len() * 2 + rest.len() + 2);
        if negative {
            out.push('−');
        }
        let groups = whole.len() >= self.grouped_from;
        for (at, digit) in whole.chars().enumerate() {
            if groups && at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push(self.group);
            }
            out.push(digit);
        }
        if !rest.is_empty() {
            out.push(self.point);
            out.push_str(rest);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_five_languages() {
        let (amount, day) = ("-1234567.5".parse().unwrap(), "2026-03-05".parse().unwrap());
        for (language, money, small, percent, date) in [
            ("en", "−1,234,567.50", "1,234.50", "12.5%", "5 Mar 2026"),
            ("vi", "−1.234.567,50", "1.234,50", "12,5%", "05/03/2026"),
            ("th", "−1,234,567.50", "1,234.50", "12.5%", "5 มี.ค. 2569"),
            ("pl", "−1 234 567,50", "1234,50", "12,5 %", "05.03.2026"),
            ("zh", "−1,234,567.50", "1,234.50", "12.5%", "2026-03-05"),
        ] {
            let locale = Locale::of(language);
            let plain = |text: String| text.replace(SPACE, " ");
            assert_eq!(plain(locale.money(amount, 2)), money, "{language}");
            assert_eq!(plain(locale.money("1234.5".parse().unwrap(), 2)), small, "{language}");
            assert_eq!(plain(locale.percent("0.125".parse().unwrap())), percent, "{language}");
            assert_eq!(plain(locale.date(day)), date, "{language}");
        }
        let day = Locale::of("th").with_common_years().date(day);
        assert_eq!(day.replace(SPACE, " "), "5 มี.ค. 2026");
    }

    #[test]
    fn a_currency_decides_how_many_decimals() {
        let vietnamese = Locale::of("vi");
        assert_eq!(vietnamese.money("1250000".parse().unwrap(), 0), "1.250.000", "dong");
        assert_eq!(vietnamese.money("1250000.0000".parse().unwrap(), 0), "1.250.000");
        assert_eq!(Locale::of("en").money("0.0333".parse().unwrap(), 2), "0.0333", "a unit price");
        assert_eq!(Locale::of("en").money("-0.00".parse().unwrap(), 2), "0.00");
    }

    #[test]
    fn times_sizes_and_spans() {
        let english = Locale::of("en");
        let time = "2026-03-05T14:07:59Z".parse().unwrap();
        assert_eq!(english.time(time).replace(SPACE, " "), "5 Mar 2026 14:07");
        assert_eq!(
            (english.duration(5400), english.duration(-61)),
            ("1:30".into(), "−0:01:01".into())
        );
        let bytes = [0, 1023, 1536, 26_214_400].map(|n| english.bytes(n).replace(SPACE, " "));
        assert_eq!(bytes, ["0 B", "1,023 B", "1.5 KiB", "25 MiB"]);
    }
}
