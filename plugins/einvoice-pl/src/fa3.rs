//! The structure FA(3) as XML, in the order that it wants its elements. Amounts have two decimals, half of the
//! last rounded away from zero; what is taken back is below zero.
//! Not here: kinds of invoice and of tax that the README names as not covered; they are faults.

use std::fmt::Write;

use fondaco_plugin::prelude::*;
use fondaco_plugin::{Rounding, round};

use crate::nip::Number;
use crate::source::{Buyer, Corrected, Line, Source, Tax};

const NAMESPACE: &str = "http://crd.gov.pl/wzor/2025/06/25/13775/";
/// A rate of tax and where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Rate {
    per_cent: &'static str,
    /// As a line says it.
    said: &'static str,
    base: &'static str,
    tax: Option<&'static str>,
}

const RATES: [Rate; 4] = [
    Rate { per_cent: "23", said: "23", base: "P_13_1", tax: Some("P_14_1") },
    Rate { per_cent: "8", said: "8", base: "P_13_2", tax: Some("P_14_2") },
    Rate { per_cent: "5", said: "5", base: "P_13_3", tax: Some("P_14_3") },
    Rate { per_cent: "0", said: "0 KR", base: "P_13_6_1", tax: None },
];

/// The document; every fault at once, when it cannot be one.
pub(crate) fn written(source: &Source) -> Result<String, Vec<String>> {
    let faults = faults(source);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut xml = Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
    xml.0.push_str(&format!("<Faktura xmlns=\"{NAMESPACE}\">"));
    header(&mut xml, source);
    seller(&mut xml, source);
    buyer(&mut xml, &source.buyer);
    body(&mut xml, source);
    xml.0.push_str("</Faktura>");
    Ok(xml.0)
}

fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let rates =
        source.lines.iter().map(|line| line.rate).chain(source.taxes.iter().map(|t| t.rate));
    let mut unknown: Vec<String> = Vec::new();
    for rate in rates.filter(|rate| known(*rate).is_none()) {
        let what = match rate == Decimal::MAX {
            true => "a line without a tax code".to_owned(),
            false => format!("a tax of {} %", (rate * Decimal::from(100)).normalize()),
        };
        if !unknown.contains(&what) {
            unknown.push(what);
        }
    }
    faults.extend(
        unknown.iter().map(|what| format!("{what} has no place here yet: 23, 8, 5 and 0 % have")),
    );
    if source.number.is_empty() {
        faults.push("it has no number".to_owned());
    }
    faults
}

fn known(rate: Decimal) -> Option<Rate> {
    let own = rate.checked_mul(Decimal::from(100))?.normalize().to_string();
    RATES.into_iter().find(|rate| rate.per_cent == own)
}

fn header(xml: &mut Xml, source: &Source) {
    xml.within("Naglowek", |xml| {
        xml.0.push_str(
            "<KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>",
        );
        xml.put("WariantFormularza", "3");
        // Without parts of a second.
        let now = source.now.to_string();
        let now = now.split(['.', 'Z']).next().unwrap_or_default().to_owned();
        xml.put("DataWytworzeniaFa", &format!("{now}Z"));
        xml.put("SystemInfo", "Fondaco");
    });
}

fn seller(xml: &mut Xml, source: &Source) {
    xml.within("Podmiot1", |xml| {
        xml.within("DaneIdentyfikacyjne", |xml| {
            xml.put("NIP", &source.seller.nip);
            xml.put("Nazwa", &source.seller.name);
        });
        address(xml, "PL", &source.seller.address);
    });
}

fn buyer(xml: &mut Xml, buyer: &Buyer) {
    xml.within("Podmiot2", |xml| {
        xml.within("DaneIdentyfikacyjne", |xml| {
            match &buyer.number {
                Number::Nip(nip) => xml.put("NIP", nip),
                Number::Union(country, number) => {
                    xml.put("KodUE", country);
                    xml.put("NrVatUE", number);
                }
                Number::Other(country, number) => {
                    xml.put("KodKraju", country);
                    xml.put("NrID", number);
                }
                Number::None => xml.put("BrakID", "1"),
            }
            xml.put("Nazwa", &buyer.name);
        });
        if buyer.address.iter().any(|line| !line.is_empty()) {
            address(xml, &buyer.country, &buyer.address);
        }
        // Neither a unit of local government nor a member of a group for tax.
        xml.put("JST", "2");
        xml.put("GV", "2");
    });
}

fn address(xml: &mut Xml, country: &str, lines: &[String]) {
    let mut lines = lines.iter().filter(|line| !line.is_empty());
    xml.within("Adres", |xml| {
        xml.put("KodKraju", country);
        xml.put("AdresL1", lines.next().map_or("", String::as_str));
        let rest: Vec<&str> = lines.map(String::as_str).collect();
        if !rest.is_empty() {
            xml.put("AdresL2", &rest.join(", "));
        }
    });
}

fn body(xml: &mut Xml, source: &Source) {
    let sign = if source.corrects.is_some() { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    xml.within("Fa", |xml| {
        xml.put("KodWaluty", &source.currency);
        xml.put("P_1", &source.on.to_string());
        xml.put("P_2", &source.number);
        sums(xml, source, sign);
        xml.put("P_15", &amount(source.total * sign));
        notes(xml);
        match &source.corrects {
            None => xml.put("RodzajFaktury", "VAT"),
            Some(corrected) => correction(xml, corrected),
        }
        for (at, line) in source.lines.iter().enumerate() {
            row(xml, at + 1, line, sign);
        }
        if let (Some(due), None) = (source.due, &source.corrects) {
            xml.within("Platnosc", |xml| {
                xml.within("TerminPlatnosci", |xml| xml.put("Termin", &due.to_string()));
            });
        }
    });
}

fn sums(xml: &mut Xml, source: &Source, sign: Decimal) {
    for rate in RATES {
        let Rate { base, tax, .. } = rate;
        let own: Vec<&Tax> =
            source.taxes.iter().filter(|tax| known(tax.rate) == Some(rate)).collect();
        if own.is_empty() {
            continue;
        }
        let sum =
            |part: fn(&Tax) -> Decimal| own.iter().map(|tax| part(tax)).sum::<Decimal>() * sign;
        xml.put(base, &amount(sum(|tax| tax.base)));
        let Some(tax) = tax else { continue };
        let owed = sum(|tax| tax.amount);
        xml.put(tax, &amount(owed));
        if source.currency != "PLN" {
            xml.put(&format!("{tax}W"), &amount(owed * source.rate));
        }
    }
}

/// That none of the special cases is one.
fn notes(xml: &mut Xml) {
    xml.within("Adnotacje", |xml| {
        for name in ["P_16", "P_17", "P_18", "P_18A"] {
            xml.put(name, "2");
        }
        xml.within("Zwolnienie", |xml| xml.put("P_19N", "1"));
        xml.within("NoweSrodkiTransportu", |xml| xml.put("P_22N", "1"));
        xml.put("P_23", "2");
        xml.within("PMarzy", |xml| xml.put("P_PMarzyN", "1"));
    });
}

fn correction(xml: &mut Xml, corrected: &Corrected) {
    xml.put("RodzajFaktury", "KOR");
    if !corrected.reason.is_empty() {
        xml.put("PrzyczynaKorekty", &corrected.reason);
    }
    xml.within("DaneFaKorygowanej", |xml| {
        xml.put("DataWystFaKorygowanej", &corrected.on.to_string());
        xml.put("NrFaKorygowanej", &corrected.number);
        xml.put("NrKSeF", "1");
        xml.put("NrKSeFFaKorygowanej", &corrected.ksef);
    });
}

fn row(xml: &mut Xml, number: usize, line: &Line, sign: Decimal) {
    xml.within("FaWiersz", |xml| {
        xml.put("NrWierszaFa", &number.to_string());
        xml.put("P_7", &line.name);
        if let Some(unit) = &line.unit {
            xml.put("P_8A", unit);
        }
        xml.put("P_8B", &(line.quantity * sign).normalize().to_string());
        xml.put("P_9A", &price(line.unit_price));
        if !line.discount.is_zero() {
            let gross = round(line.quantity * line.unit_price, 2, Rounding::HalfUp);
            xml.put("P_10", &amount((gross - line.amount) * sign));
        }
        xml.put("P_11", &amount(line.amount * sign));
        xml.put("P_12", known(line.rate).map_or("", |rate| rate.said));
    });
}

fn amount(value: Decimal) -> String {
    format!("{:.2}", round(value, 2, Rounding::HalfUp))
}

/// With at least two decimals.
fn price(value: Decimal) -> String {
    let value = value.normalize();
    if value.scale() < 2 { format!("{value:.2}") } else { value.to_string() }
}

struct Xml(String);

impl Xml {
    fn within(&mut self, name: &str, inner: impl FnOnce(&mut Xml)) {
        let _ = write!(self.0, "<{name}>");
        inner(self);
        let _ = write!(self.0, "</{name}>");
    }

    fn put(&mut self, name: &str, text: &str) {
        let _ = write!(self.0, "<{name}>");
        for c in text.trim().chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // What XML does not have at all.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => self.0.push(' '),
                c => self.0.push(c),
            }
        }
        let _ = write!(self.0, "</{name}>");
    }
}
