//! Adventure Works: products, suppliers, work centres and bills of materials imported as they are;
//! explosions, where-used, promises and what an order sets in motion compared with a computation
//! over the files.

use fondaco_tests::both;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fondaco_kernel::ports::supply::{Need, Outlook, Taken, provider};
use fondaco_kernel::values::{AnyId, Date, Decimal, Quantity, Rounding, Value, round};
use fondaco_kernel::{DocRef, keys};
use fondaco_server::desk::Desk;
use fondaco_tests::sample::{self, all, counts};
use serde_json::{Value as Json, json};

both! {
    a_maker_of_bicycles_knows_what_goes_into_what,
}

type Row = HashMap<String, String>;

fn rows(folder: &Path, file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// One component of an assembly, in its base unit.
struct Part {
    assembly: u32,
    component: u32,
    quantity: Decimal,
    /// Base units in one of the component's unit.
    unit: Decimal,
    from: Date,
    to: Option<Date>,
}

/// A supplier's price, in the order of the file.
struct Price {
    product: u32,
    price: Decimal,
    least: Decimal,
    days: u32,
}

/// The files, read without the import.
struct Files {
    parts: Vec<Part>,
    prices: Vec<Price>,
    /// Standard cost, and whether it is made.
    products: BTreeMap<u32, (Decimal, bool)>,
}

fn day(text: &str) -> Option<Date> {
    text.split(' ').next().filter(|day| !day.is_empty()).map(|day| day.parse().unwrap())
}

fn base_units(unit: &str) -> Decimal {
    match unit {
        "EA" => Decimal::ONE,
        "OZ" => Decimal::new(28_349_523, 9),
        "IN" => Decimal::new(254, 4),
        other => panic!("no bill of materials counts in {other}"),
    }
}

impl Files {
    fn read(folder: &Path) -> Files {
        let active: Vec<String> = rows(folder, "Vendor.csv")
            .into_iter()
            .filter(|vendor| vendor["ActiveFlag"] == "1")
            .map(|vendor| vendor["BusinessEntityID"].clone())
            .collect();
        let parts = rows(folder, "BillOfMaterials.csv");
        let parts = parts.iter().filter(|row| !row["ProductAssemblyID"].is_empty());
        let part = |row: &Row| {
            let count: Decimal = row["PerAssemblyQty"].parse().unwrap();
            let unit = base_units(&row["UnitMeasureCode"]);
            Part {
                assembly: row["ProductAssemblyID"].parse().unwrap(),
                component: row["ComponentID"].parse().unwrap(),
                quantity: round(count * unit, 6, Rounding::HalfUp),
                unit,
                from: day(&row["StartDate"]).unwrap(),
                to: day(&row["EndDate"]),
            }
        };
        let prices = rows(folder, "ProductVendor.csv");
        let prices = prices.iter().filter(|row| active.contains(&row["BusinessEntityID"]));
        let price = |row: &Row| Price {
            product: row["ProductID"].parse().unwrap(),
            price: row["StandardPrice"].parse().unwrap(),
            least: row["MinOrderQty"].parse().unwrap(),
            days: row["AverageLeadTime"].parse().unwrap(),
        };
        let products = rows(folder, "Product.csv");
        let product = |row: &Row| {
            let cost = round(row["StandardCost"].parse().unwrap(), 2, Rounding::HalfUp);
            (row["ProductID"].parse().unwrap(), (cost, row["MakeFlag"] == "1"))
        };
        Files {
            parts: parts.map(part).collect(),
            prices: prices.map(price).collect(),
            products: products.iter().map(product).collect(),
        }
    }

    fn below(&self, assembly: u32, on: Date) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.assembly == assembly && part.is_valid(on))
    }

    /// `(level, product, quantity)` of all that goes into an assembly.
    fn explode(&self, assembly: u32, quantity: Decimal, on: Date, level: i64) -> Vec<Place> {
        let mut places = vec![(level, assembly, quantity)];
        for part in self.below(assembly, on) {
            places.extend(self.explode(part.component, quantity * part.quantity, on, level + 1));
        }
        places
    }

    /// `(level, product, quantity)` of all that a component goes into.
    fn climb(&self, component: u32, quantity: Decimal, on: Date, level: i64) -> Vec<Place> {
        let mut places = vec![(level, component, quantity)];
        let above = self.parts.iter().filter(|p| p.component == component && p.is_valid(on));
        for part in above {
            places.extend(self.climb(part.assembly, quantity * part.quantity, on, level + 1));
        }
        places
    }

    /// Base units in one of a product's unit.
    fn unit(&self, product: u32) -> Decimal {
        let part = self.parts.iter().find(|part| part.component == product);
        part.map_or(Decimal::ONE, |part| part.unit)
    }

    /// So many base units as one buys them: in the product's unit, in steps of a thousandth.
    fn wanted(&self, product: u32, quantity: Decimal) -> Decimal {
        round(quantity / self.unit(product), 3, Rounding::Up)
    }

    /// Days until so many base units could be there, and what they cost: made of what is bought,
    /// each where the least is to be paid.
    fn supply(&self, product: u32, quantity: Decimal, on: Date) -> Supply {
        let (standard, made) = self.products[&product];
        if !made {
            let wanted = self.wanted(product, quantity);
            let least = |price: &&Price| (price.price * wanted.max(price.least), price.days);
            let offers = self.prices.iter().filter(|price| price.product == product);
            let best = offers.min_by_key(least);
            let (days, price) =
                best.map_or((14, standard), |best| (best.days, best.price / self.unit(product)));
            return Supply { days, cost: price * quantity, orders: 0, requests: 1 };
        }
        let mut supply = Supply { days: 0, cost: Decimal::ZERO, orders: 1, requests: 0 };
        for part in self.below(product, on) {
            let one = self.supply(part.component, part.quantity * quantity, on);
            supply.days = supply.days.max(one.days);
            supply.cost += one.cost;
            supply.orders += one.orders;
            supply.requests += one.requests;
        }
        supply
    }
}

/// What a need would mean: working days, cost, production orders, purchase requests.
#[derive(Debug)]
struct Supply {
    days: u32,
    cost: Decimal,
    orders: usize,
    requests: usize,
}

type Place = (i64, u32, Decimal);

impl Part {
    fn is_valid(&self, on: Date) -> bool {
        self.from <= on && self.to.is_none_or(|to| on <= to)
    }
}

struct Works {
    desk: Desk,
    files: Files,
    products: HashMap<u32, AnyId>,
}

const MOUNTAIN_100: u32 = 771;
/// A Monday after the last change of a bill of materials.
const TODAY: Date = Date::constant(2014, 6, 2);

async fn a_maker_of_bicycles_knows_what_goes_into_what() {
    let Some(folder) = sample::data("adventureworks") else { return };
    let started = std::time::Instant::now();
    let works = imported(&folder).await;
    let imported = started.elapsed();
    works.check_counts().await;
    works.check_explosions().await;
    works.check_where_used().await;
    works.check_promise().await;
    works.check_order().await;
    let rest = started.elapsed() - imported;
    eprintln!("adventureworks: imported in {imported:.1?}, checked in {rest:.1?}");
}

async fn imported(folder: &Path) -> Works {
    let shop = sample::open("adventureworks").await;
    shop.on(&TODAY.to_string());
    let desk = sample::console(&shop);
    let mapping = sample::example("adventureworks").join("mapping.toml");
    let report = sample::import(&desk, &mapping, folder).await;
    assert_eq!(report.problems, []);
    assert_eq!(
        counts(&report),
        [
            ("unit", "UnitMeasure.csv", [24, 0, 0]),
            ("product_category", "ProductCategory.csv", [4, 0, 0]),
            ("product_category", "ProductSubcategory.csv", [37, 0, 0]),
            ("product", "Product.csv", [504, 0, 0]),
            ("party", "Vendor.csv", [104, 0, 0]),
            ("purchasing.supplier_price", "ProductVendor.csv", [460, 0, 0]),
            ("manufacturing.work_centre", "Location.csv", [14, 0, 0]),
            ("manufacturing.bom", "BillOfMaterials.csv", [238, 0, 0]),
        ]
    );
    let again = sample::import(&desk, &mapping, folder).await;
    assert_eq!(again.problems, []);
    let touched = counts(&again).iter().map(|(.., [new, changed, _])| new + changed).sum::<usize>();
    assert_eq!(touched, 0, "{:?}", counts(&again));
    let files = Files::read(folder);
    let numbers: Vec<String> = files.products.keys().map(|n| format!("product/{n}")).collect();
    let read = desk.kernel.read(&desk.ctx, move |tx| {
        let numbers = numbers.clone();
        Box::pin(async move { keys::find(tx, "product", &numbers).await })
    });
    let found = read.await.unwrap().into_iter();
    let products = found.map(|(key, id)| (key["product/".len()..].parse().unwrap(), id)).collect();
    Works { desk, files, products }
}

fn sorted(mut places: Vec<Place>) -> Vec<Place> {
    for place in &mut places {
        place.2 = round(place.2, 6, Rounding::HalfUp).normalize();
    }
    places.sort();
    places
}

impl Works {
    async fn check_counts(&self) {
        let count = async |model: &str, filter: &str| {
            all(&self.desk, model, filter, &["id"]).await.unwrap().len()
        };
        assert_eq!(count("manufacturing.bom_line", "true").await, 2679 - 103);
        assert_eq!(count("manufacturing.bom_line", "valid_to != null").await, 193);
        assert_eq!(count("product", "supply == 'make'").await, 239);
        assert_eq!(count("product", "category.parent.name == 'Bikes'").await, 97);
        assert_eq!(count("party", "supplier && !active").await, 4);
        assert_eq!(count("purchasing.supplier_price", "lead_days > 40").await, 27);
        let fields = ["code", "rate"];
        let centres = all(&self.desk, "manufacturing.work_centre", "rate > 20.0", &fields).await;
        let rates: Vec<_> = centres.unwrap().iter().map(|c| c["rate"].to_string()).collect();
        assert_eq!(rates, ["\"22.50\"", "\"25.00\""]);
        let weight = "code == 'BK-M82S-38'";
        let weights = all(&self.desk, "product", weight, &["weight", "list_price"]).await.unwrap();
        // 20.35 lb
        assert_eq!(weights[0]["weight"].as_str().unwrap(), "9.230605");
        assert_eq!(weights[0]["list_price"], "3399.99");
    }

    fn number(&self, product: AnyId) -> u32 {
        let found = self.products.iter().find(|(_, id)| **id == product);
        *found.unwrap().0
    }

    /// Rows of a report as places: level, product, quantity in these columns.
    async fn report(&self, name: &str, params: &[(&str, &str)], columns: [usize; 3]) -> Vec<Place> {
        let table = self.desk.report(name, params).await.unwrap();
        let place = |row: &Vec<Value>| {
            let [level, product, quantity] = columns.map(|at| &row[at]);
            let product = self.number(product.as_link().unwrap());
            (level.as_int().unwrap(), product, quantity.as_decimal().unwrap())
        };
        table.rows.iter().map(place).collect()
    }

    async fn check_explosions(&self) {
        // A mountain bike over four levels; a frame; a wheel before and after its parts changed.
        for (product, quantity, on, depth) in [
            (MOUNTAIN_100, "10", "2014-06-02", 4),
            (MOUNTAIN_100, "1", "2010-08-08", 3),
            (749, "3", "2014-06-02", 4),
            (739, "1", "2014-06-02", 3),
            (680, "1", "2009-12-31", 0),
        ] {
            let id = self.products[&product].to_string();
            let params = [("product", id.as_str()), ("quantity", quantity), ("on", on)];
            let found = self.report("manufacturing.explosion", &params, [0, 1, 2]).await;
            let (many, on) = (quantity.parse().unwrap(), on.parse().unwrap());
            let wanted = self.files.explode(product, many, on, 0);
            assert_eq!(sorted(found.clone()), sorted(wanted), "{product} on {on}");
            let deepest = found.iter().map(|(level, ..)| *level).max();
            assert_eq!(deepest, Some(depth), "{product} on {on}: {} places", found.len());
        }
    }

    async fn check_where_used(&self) {
        // A ball bearing, black paint, a finished bicycle.
        for (component, least) in [(3, 100), (492, 50), (MOUNTAIN_100, 0)] {
            let id = self.products[&component].to_string();
            let params = [("product", id.as_str())];
            let found = self.report("manufacturing.where_used", &params, [0, 1, 3]).await;
            let mut wanted = self.files.climb(component, Decimal::ONE, TODAY, 0);
            wanted.remove(0);
            assert!(wanted.len() >= least, "{component}: {}", wanted.len());
            assert_eq!(sorted(found), sorted(wanted), "{component}");
        }
    }

    async fn outlook(&self, product: u32, quantity: i64) -> Outlook {
        let product = self.products[&product];
        let read = self.desk.kernel.read(&self.desk.ctx, move |tx| {
            Box::pin(async move {
                let need = Need {
                    product: product.cast(),
                    quantity: Quantity::from_int(quantity),
                    by: tx.today(),
                    source: DocRef { model: "sales.order".to_owned(), id: AnyId::new(1) },
                    key: AnyId::new(1),
                    choice: None,
                };
                match provider(tx, need.product).await? {
                    Some(provider) => provider.outlook(tx, &need, &mut Taken::default()).await,
                    None => Ok(Outlook::default()),
                }
            })
        });
        read.await.unwrap()
    }

    /// Nothing is in stock: ready when the slowest of what has to be bought is there.
    async fn check_promise(&self) {
        for (product, quantity) in [(MOUNTAIN_100, 1), (MOUNTAIN_100, 40), (749, 5), (1, 2), (3, 7)]
        {
            let outlook = self.outlook(product, quantity).await;
            let wanted = self.files.supply(product, Decimal::from(quantity), TODAY);
            let ready = after(TODAY, wanted.days);
            assert_eq!(outlook.ready_on, Some(ready), "{quantity} of {product}");
            let each = wanted.cost / Decimal::from(quantity);
            let told = outlook.unit_cost.unwrap();
            assert!((told - each).abs() < Decimal::new(1, 2), "{product}: {told}, not {each}");
            let parts = self.files.below(product, TODAY).count();
            assert_eq!(outlook.parts.len(), parts);
            assert!(outlook.parts.iter().all(|part| part.free.is_zero()));
        }
    }

    /// One order sets all levels in motion: production orders down the tree, requests at its ends.
    async fn check_order(&self) {
        let desk = &self.desk;
        let customer = json!({ "name": "A shop for bicycles", "customer": true });
        let customer = desk.create("party", customer).await.unwrap();
        let bike = self.products[&MOUNTAIN_100].to_string();
        let order = json!({
            "customer": customer.to_string(),
            "lines": [{ "product": bike, "quantity": "2" }],
        });
        let order = desk.create("sales.order", order).await.unwrap();
        desk.act("sales.order", order, "confirm", json!({})).await.unwrap();
        let order = desk.get("sales.order", order).await.unwrap();
        let wanted = self.files.supply(MOUNTAIN_100, Decimal::TWO, TODAY);
        let ready = after(TODAY, wanted.days);
        assert_eq!(order["promised_on"], ready.to_string());
        assert_eq!(order["net"], "6799.98");

        let tree = self.files.explode(MOUNTAIN_100, Decimal::TWO, TODAY, 0).into_iter();
        let tree = tree.map(|(_, product, quantity)| (0, product, quantity));
        let (made, mut bought): (Vec<Place>, Vec<Place>) =
            tree.partition(|(_, product, _)| self.files.products[product].1);
        assert_eq!((made.len(), bought.len()), (wanted.orders, wanted.requests));
        assert_eq!(self.opened("manufacturing.order", "waiting").await, sorted(made));
        for (_, product, quantity) in &mut bought {
            *quantity = self.files.wanted(*product, *quantity);
        }
        assert_eq!(self.opened("purchasing.request", "open").await, sorted(bought));
    }

    /// Products and quantities of the documents of a model, which are all in this state.
    async fn opened(&self, model: &str, state: &str) -> Vec<Place> {
        let fields = ["product", "quantity", "state"];
        let found = all(&self.desk, model, "true", &fields).await.unwrap();
        assert!(found.iter().all(|document| document["state"] == state), "{found:?}");
        let place = |document: &Json| {
            let text = |field: &str| document[field].as_str().unwrap().to_owned();
            let product = self.number(text("product").parse().unwrap());
            (0, product, text("quantity").parse().unwrap())
        };
        sorted(found.iter().map(place).collect())
    }
}

/// So many days on, from Monday to Friday.
fn after(from: Date, days: u32) -> Date {
    let mut day = from;
    for _ in 0..days {
        day = day.tomorrow().unwrap();
        while day.weekday().to_monday_zero_offset() > 4 {
            day = day.tomorrow().unwrap();
        }
    }
    day
}
