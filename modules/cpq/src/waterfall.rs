//! The order of the steps from the base price to the price: base, options, price list, volume,
//! discount, rounding. Pure: everything it needs is in [`Basis`].
//! Not here: which list and which volume discount apply (`price_list`, `volume`, `pricing`).
//! INVARIANT: the changes add up: each step's price is the one before it plus its change.

use fondaco_kernel::ports::pricing::{Price, PriceStep, StepKind};
use fondaco_kernel::values::{Decimal, Rounding, round};

/// Digits after the point that a price of one keeps on its way; what is stored has as many.
pub(crate) const PLACES: u32 = 6;

/// All that makes up one price.
#[derive(Clone, Debug, Default)]
pub(crate) struct Basis {
    pub(crate) base: Named,
    pub(crate) options: Vec<Named>,
    /// What the price list changes of the base price and the options.
    pub(crate) list: Vec<Named>,
    pub(crate) volume: Option<Volume>,
    /// Given by hand, one after the other; 0.05 is five per cent off.
    pub(crate) discounts: Vec<Named>,
    /// Given by hand instead of everything before.
    pub(crate) manual: Option<Decimal>,
    pub(crate) rounding: RoundTo,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Named {
    pub(crate) label: String,
    pub(crate) value: Decimal,
}

impl Named {
    pub(crate) fn new(label: impl Into<String>, value: Decimal) -> Named {
        Named { label: label.into(), value }
    }
}

/// A volume discount as it meets one quantity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Volume {
    pub(crate) label: String,
    /// Parts of the quantity, each with the discount that it has.
    pub(crate) bands: Vec<Band>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) quantity: Decimal,
    pub(crate) discount: Decimal,
}

/// Prices are a multiple of `step`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RoundTo {
    pub(crate) step: Decimal,
    pub(crate) how: Rounding,
}

impl Default for RoundTo {
    fn default() -> RoundTo {
        RoundTo { step: Decimal::new(1, 2), how: Rounding::HalfUp }
    }
}

impl RoundTo {
    /// To the minor unit of a currency with so many decimals.
    pub(crate) fn minor_unit(decimals: u8) -> RoundTo {
        RoundTo { step: Decimal::new(1, u32::from(decimals)), how: Rounding::HalfUp }
    }

    fn of(self, price: Decimal) -> Decimal {
        match price.checked_div(self.step) {
            Some(steps) => round(steps, 0, self.how) * self.step,
            None => price,
        }
    }

    fn label(self) -> String {
        let way = self.how.name().replace('_', " ");
        format!("Rounded {way} to {}", self.step.normalize())
    }
}

/// The price of one, with every step.
pub(crate) fn price(basis: &Basis) -> Price {
    let mut way = Way { unit: Decimal::ZERO, steps: Vec::new() };
    way.to(&basis.base.label, StepKind::Base, basis.base.value);
    for option in &basis.options {
        way.by(&option.label, StepKind::Option, option.value);
    }
    let list = way.unit;
    for change in &basis.list {
        way.by(&change.label, StepKind::PriceList, change.value);
    }
    if let Some(volume) = &basis.volume {
        way.to(&volume.label, StepKind::Volume, after_volume(way.unit, volume, basis.rounding));
    }
    for discount in &basis.discounts {
        let label = format!("{}: -{}", discount.label, percent(discount.value));
        way.by(&label, StepKind::Discount, -way.unit * discount.value);
    }
    match basis.manual {
        Some(manual) => way.to("Price given by hand", StepKind::Discount, manual),
        None => round_off(&mut way, basis),
    }
    Price { list, net: way.unit, steps: way.steps }
}

/// Of several bands the price is their average, which is exact only with more digits than a list
/// shows: it stays as it is, so that the amount of the line is the sum of its bands.
fn round_off(way: &mut Way, basis: &Basis) {
    if basis.volume.as_ref().is_some_and(|volume| volume.bands.len() > 1) {
        return;
    }
    let rounded = basis.rounding.of(way.unit);
    if rounded != way.unit {
        way.to(&basis.rounding.label(), StepKind::PriceList, rounded);
    }
}

/// One band: the whole quantity at its rate. Several: the average of the bands, each rounded.
fn after_volume(unit: Decimal, volume: &Volume, rounding: RoundTo) -> Decimal {
    let at = |band: &Band| unit * (Decimal::ONE - band.discount);
    if let [band] = volume.bands.as_slice() {
        return at(band);
    }
    let quantity: Decimal = volume.bands.iter().map(|band| band.quantity).sum();
    let amount: Decimal =
        volume.bands.iter().map(|band| band.quantity * rounding.of(at(band))).sum();
    amount.checked_div(quantity).unwrap_or(unit)
}

struct Way {
    unit: Decimal,
    steps: Vec<PriceStep>,
}

impl Way {
    /// A step to a price.
    fn to(&mut self, label: &str, kind: StepKind, unit_price: Decimal) {
        let unit_price = round(unit_price, PLACES, Rounding::HalfUp);
        let change = unit_price - self.unit;
        self.steps.push(PriceStep { label: label.to_owned(), kind, change, unit_price });
        self.unit = unit_price;
    }

    /// A step by a change.
    fn by(&mut self, label: &str, kind: StepKind, change: Decimal) {
        self.to(label, kind, self.unit + change);
    }
}

/// `0.05` as `5 %`.
pub(crate) fn percent(rate: Decimal) -> String {
    format!("{} %", (rate * Decimal::ONE_HUNDRED).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn named(label: &str, value: &str) -> Named {
        Named::new(label, decimal(value))
    }

    fn bands(bands: &[(&str, &str)]) -> Option<Volume> {
        let band = |(quantity, discount): &(&str, &str)| Band {
            quantity: decimal(quantity),
            discount: decimal(discount),
        };
        Some(Volume { label: "Volume".into(), bands: bands.iter().map(band).collect() })
    }

    fn bike() -> Basis {
        Basis {
            base: named("Base price", "900"),
            options: vec![
                named("Carbon frame", "700"),
                named("Carbon wheels", "500"),
                named("Electronic drivetrain", "600"),
            ],
            ..Basis::default()
        }
    }

    /// `label kind change → price`, one a line.
    fn told(price: &Price) -> String {
        let line = |step: &PriceStep| {
            let (change, unit) = (step.change.normalize(), step.unit_price.normalize());
            format!("{} {change} -> {unit}", step.label)
        };
        price.steps.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_bicycle_of_five() {
        let price = price(&Basis { volume: bands(&[("5", "0.05")]), ..bike() });
        assert_eq!((price.list, price.net), (decimal("2700"), decimal("2565")));
        let expected = "Base price 900 -> 900\n\
                        Carbon frame 700 -> 1600\n\
                        Carbon wheels 500 -> 2100\n\
                        Electronic drivetrain 600 -> 2700\n\
                        Volume -135 -> 2565";
        assert_eq!(told(&price), expected);
    }

    #[test]
    fn every_step_in_its_place() {
        let basis = Basis {
            list: vec![named("Price list Dealers: -10 %", "-270")],
            volume: bands(&[("5", "0.05")]),
            discounts: vec![named("Discount", "0.03"), named("Discount on the quote", "0.015")],
            ..bike()
        };
        let price = price(&basis);
        let expected = "Base price 900 -> 900\n\
                        Carbon frame 700 -> 1600\n\
                        Carbon wheels 500 -> 2100\n\
                        Electronic drivetrain 600 -> 2700\n\
                        Price list Dealers: -10 % -270 -> 2430\n\
                        Volume -121.5 -> 2308.5\n\
                        Discount: -3 % -69.255 -> 2239.245\n\
                        Discount on the quote: -1.5 % -33.588675 -> 2205.656325\n\
                        Rounded half up to 0.01 0.003675 -> 2205.66";
        assert_eq!(told(&price), expected);
        assert_eq!(price.list, decimal("2700"));
    }

    #[test]
    fn a_slab_is_the_sum_of_its_bands() {
        for (quantity, parts, expected) in [
            ("7", &[("4", "0"), ("3", "0.05")][..], "685.00"),
            ("12", &[("4", "0"), ("5", "0.05"), ("3", "0.1")][..], "1145.00"),
            ("5", &[("4", "0"), ("1", "0.05")][..], "495.00"),
        ] {
            let base = named("Base price", "100");
            let price = price(&Basis { base, volume: bands(parts), ..Basis::default() });
            let amount = round(price.net * decimal(quantity), 2, Rounding::HalfUp);
            assert_eq!(amount, decimal(expected), "{quantity}");
        }
    }

    #[test]
    fn rounding_by_name() {
        for (step, how, net) in [
            ("0.01", Rounding::HalfUp, "99.67"),
            ("0.05", Rounding::HalfUp, "99.65"),
            ("0.05", Rounding::Up, "99.7"),
            ("1", Rounding::Down, "99"),
            ("5", Rounding::HalfUp, "100"),
            ("0.0001", Rounding::HalfUp, "99.6665"),
        ] {
            let rounding = RoundTo { step: decimal(step), how };
            let base = named("Base price", "99.66645");
            let price = price(&Basis { base, rounding, ..Basis::default() });
            assert_eq!(price.net, decimal(net), "{step} {how:?}");
        }
    }

    #[test]
    fn a_price_given_by_hand_is_not_touched() {
        let basis = Basis { manual: Some(decimal("2499.995")), ..bike() };
        let price = price(&basis);
        assert_eq!(price.net, decimal("2499.995"));
        assert_eq!(price.steps.last().map(|step| step.change), Some(decimal("-200.005")));
    }

    #[test]
    fn the_changes_add_up() {
        let basis = Basis {
            list: vec![named("List", "-33.3333333")],
            volume: bands(&[("4", "0"), ("3", "0.0333")]),
            discounts: vec![named("Discount", "0.0777")],
            ..bike()
        };
        let price = price(&basis);
        let sum: Decimal = price.steps.iter().map(|step| step.change).sum();
        assert_eq!(sum, price.net);
    }
}
