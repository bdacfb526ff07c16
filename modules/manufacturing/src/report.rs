//! Reports: open orders, what production has cost, where a product is used, what goes into it, and
//! low-level codes.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::module::{Args, Table};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, Value, limits, round};

use crate::bom::{self, Bom, BomLine, Step};
use crate::graph::{Edges, levels};
use crate::order::Order;

/// Orders that are not finished, by due date.
pub(crate) async fn open_orders(tx: &mut Tx, args: Args) -> Result<Table> {
    let states = ["draft", "waiting", "ready", "running"];
    let mut filter = Filter::new().is_in("state", states).sort("due").sort("id");
    if let Some(until) = args.date("until") {
        filter = filter.le("due", until);
    }
    if let Some(product) = args.link::<Product>("product") {
        filter = filter.eq("product", product);
    }
    let today = tx.today();
    let orders = store::find::<Order>(tx, filter.limit(limits::REPORT_ROWS_MAX)).await?;
    let row = |order: Order| {
        let left = |own: &crate::order::OrderOperation| {
            (own.planned_hours - own.hours).max(Quantity::ZERO)
        };
        let hours: Quantity = order.operations.iter().map(left).sum();
        let late = order.ready_on.unwrap_or(today).max(today) > order.due;
        vec![
            order.id.into(),
            order.product.into(),
            order.state.into(),
            order.due.into(),
            order.ready_on.into(),
            late.into(),
            order.quantity.into(),
            order.finished.into(),
            hours.into(),
        ]
    };
    Ok(Table { rows: orders.into_iter().map(row).collect(), totals: Vec::new() })
}

/// What finished orders have cost, and what was expected.
pub(crate) async fn cost(tx: &mut Tx, args: Args) -> Result<Table> {
    let mut filter = Filter::new().eq("state", "done").sort("done_on").sort("id");
    if let Some(from) = args.date("from") {
        filter = filter.ge("done_on", from);
    }
    if let Some(to) = args.date("to") {
        filter = filter.le("done_on", to);
    }
    if let Some(product) = args.link::<Product>("product") {
        filter = filter.eq("product", product);
    }
    let orders = store::find::<Order>(tx, filter.limit(limits::REPORT_ROWS_MAX)).await?;
    let mut sums = [Money::ZERO; 3];
    let mut rows = Vec::with_capacity(orders.len());
    for order in orders {
        let total = order.component_cost + order.work_cost;
        for (sum, part) in sums.iter_mut().zip([order.component_cost, order.work_cost, total]) {
            *sum += part;
        }
        let each = total.decimal().checked_div(order.finished.decimal());
        rows.push(vec![
            order.id.into(),
            order.product.into(),
            order.finished.into(),
            order.component_cost.into(),
            order.work_cost.into(),
            total.into(),
            each.map(|each| round(each, 6, Rounding::HalfUp).normalize()).into(),
            order.planned_cost.into(),
            order.planned_cost.map(|planned| total - planned).into(),
        ]);
    }
    let mut totals = vec![Value::Null; 9];
    for (at, sum) in [3, 4, 5].into_iter().zip(sums) {
        totals[at] = sum.into();
    }
    Ok(Table { rows, totals })
}

fn asked_product(args: &Args) -> Result<Id<Product>> {
    let missing = || Error::problem("product", "required", "Say which product.");
    args.link("product").ok_or_else(missing)
}

/// A place in the tree of bills of materials, on the way up or down.
#[derive(Clone, Debug)]
struct Node {
    level: i64,
    product: Id<Product>,
    quantity: Decimal,
    option: Option<String>,
    bom: Option<Id<Bom>>,
    phantom: bool,
    /// Rows under it, by their place.
    below: Vec<usize>,
}

/// Everything that a product goes into, over all levels.
pub(crate) async fn where_used(tx: &mut Tx, args: Args) -> Result<Table> {
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let mut tree = Tree::new(asked_product(&args)?, Decimal::ONE);
    let mut last = vec![0];
    while !last.is_empty() {
        let products = tree.products(&last);
        let filter = Filter::new().is_in("product", products);
        let steps = store::find::<BomLine>(tx, filter).await?;
        let boms: BTreeSet<Id<Bom>> = steps.iter().map(|step| step.bom).collect();
        let boms = store::get_many::<Bom>(tx, &boms.into_iter().collect::<Vec<_>>()).await?;
        last = tree.climb(&last, &steps, &boms, on)?;
    }
    let row = |node: &Node| {
        vec![
            node.level.into(),
            node.product.into(),
            node.bom.into(),
            shown(node.quantity).into(),
            node.option.clone().into(),
        ]
    };
    Ok(Table { rows: tree.in_order().into_iter().skip(1).map(row).collect(), totals: Vec::new() })
}

/// Everything that goes into a product, level by level, with what is free of it.
pub(crate) async fn explosion(tx: &mut Tx, args: Args) -> Result<Table> {
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let product = asked_product(&args)?;
    let mut tree = Tree::new(product, args.decimal("quantity").unwrap_or(Decimal::ONE));
    let mut last = vec![0];
    while !last.is_empty() {
        let products: BTreeSet<Id<Product>> = tree.products(&last).into_iter().collect();
        let boms = bom::of_products(tx, &products, on).await?;
        last = tree.descend(&last, &boms, on)?;
    }
    let nodes = tree.in_order();
    let products: BTreeSet<Id<Product>> = nodes.iter().map(|node| node.product).collect();
    let free = free(tx, products.into_iter().collect()).await?;
    let row = |node: &Node| {
        vec![
            node.level.into(),
            node.product.into(),
            shown(node.quantity).into(),
            free.get(&node.product).copied().into(),
            node.option.clone().into(),
            node.phantom.into(),
        ]
    };
    Ok(Table { rows: nodes.into_iter().map(row).collect(), totals: Vec::new() })
}

async fn free(tx: &mut Tx, products: Vec<Id<Product>>) -> Result<BTreeMap<Id<Product>, Quantity>> {
    match tx.ports().stock {
        Some(stock) => {
            let all = stock.availability(tx, &products).await?;
            Ok(all.into_iter().map(|one| (one.product, one.free)).collect())
        }
        None => Ok(BTreeMap::new()),
    }
}

fn shown(quantity: Decimal) -> Decimal {
    round(quantity, 6, Rounding::HalfUp).normalize()
}

/// Rows in the order in which they were found; the first is where one started.
struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn new(product: Id<Product>, quantity: Decimal) -> Tree {
        let root = Node {
            level: 0,
            product,
            quantity,
            option: None,
            bom: None,
            phantom: false,
            below: Vec::new(),
        };
        Tree { nodes: vec![root] }
    }

    fn products(&self, at: &[usize]) -> Vec<Id<Product>> {
        let products: BTreeSet<_> = at.iter().map(|at| self.nodes[*at].product).collect();
        products.into_iter().collect()
    }

    fn add(&mut self, above: usize, node: Node) -> Result<usize> {
        if self.nodes.len() > limits::REPORT_ROWS_MAX {
            let message = "More rows than a page can show; ask for a product further down.";
            return Err(Error::problem("product", "too_many", message));
        }
        self.nodes.push(node);
        let place = self.nodes.len() - 1;
        self.nodes[above].below.push(place);
        Ok(place)
    }

    /// One level up: what the products at these places go into.
    fn climb(
        &mut self,
        last: &[usize],
        steps: &[BomLine],
        boms: &[Bom],
        on: Date,
    ) -> Result<Vec<usize>> {
        let mut next = Vec::new();
        for at in last {
            let node = self.nodes[*at].clone();
            for step in steps.iter().filter(|step| step.product == node.product) {
                let bom = boms.iter().find(|bom| bom.id == step.bom && bom.is_valid(on));
                let Some(bom) = bom.filter(|_| bom::within(on, step.valid_from, step.valid_to))
                else {
                    continue;
                };
                next.push(self.add(*at, above(&node, step, bom))?);
            }
        }
        Ok(next)
    }

    /// One level down: what goes into the products at these places.
    fn descend(
        &mut self,
        last: &[usize],
        boms: &BTreeMap<Id<Product>, Bom>,
        on: Date,
    ) -> Result<Vec<usize>> {
        let mut next = Vec::new();
        for at in last {
            let Some(bom) = boms.get(&self.nodes[*at].product) else { continue };
            (self.nodes[*at].bom, self.nodes[*at].phantom) = (Some(bom.id), bom.phantom);
            let node = self.nodes[*at].clone();
            let lines = bom.lines.iter();
            for line in lines.filter(|line| bom::within(on, line.valid_from, line.valid_to)) {
                next.push(self.add(*at, below(&node, line, bom))?);
            }
        }
        Ok(next)
    }

    /// Each row followed by those under it.
    fn in_order(&self) -> Vec<&Node> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut waiting = vec![0];
        while let Some(at) = waiting.pop() {
            let node = &self.nodes[at];
            order.push(node);
            waiting.extend(node.below.iter().rev());
        }
        order
    }
}

/// How much of a component one takes, scrap included.
fn each(line: &BomLine, bom: &Bom) -> Decimal {
    let taken = line.quantity.decimal() * (Decimal::ONE + line.scrap);
    taken.checked_div(bom.quantity.decimal()).unwrap_or_default()
}

fn above(node: &Node, step: &BomLine, bom: &Bom) -> Node {
    Node {
        level: node.level + 1,
        product: bom.product,
        quantity: node.quantity * each(step, bom),
        option: step.option.clone(),
        bom: Some(bom.id),
        phantom: bom.phantom,
        below: Vec::new(),
    }
}

fn below(node: &Node, line: &BomLine, bom: &Bom) -> Node {
    Node {
        level: node.level + 1,
        product: line.product,
        quantity: node.quantity * each(line, bom),
        option: line.option.clone(),
        bom: None,
        phantom: false,
        below: Vec::new(),
    }
}

/// The low-level code of each product that stands in a bill of materials.
pub(crate) async fn low_levels(tx: &mut Tx, _: Args) -> Result<Table> {
    let heads = store::find::<bom::Head>(tx, Filter::new().eq("active", true)).await?;
    let of: BTreeMap<Id<Bom>, Id<Product>> =
        heads.into_iter().map(|head| (head.id.cast(), head.product)).collect();
    let mut edges = Edges::new();
    for step in store::find::<Step>(tx, Filter::new()).await? {
        if let Some(product) = of.get(&step.bom) {
            edges.entry(*product).or_default().insert(step.product);
        }
    }
    let mut found: Vec<(usize, Id<Product>)> =
        levels(&edges).into_iter().map(|(product, level)| (level, product)).collect();
    found.sort_unstable();
    let row = |(level, product): (usize, Id<Product>)| {
        vec![product.into(), Value::Int(i64::try_from(level).unwrap_or(i64::MAX))]
    };
    Ok(Table { rows: found.into_iter().map(row).collect(), totals: Vec::new() })
}
