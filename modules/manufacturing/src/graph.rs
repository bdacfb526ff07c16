//! What goes into what, as a graph of products: circles, and how deep each stands. Pure.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::shared::Product;
use fondaco_values::Id;

/// Each product with what goes into it directly.
pub(crate) type Edges = BTreeMap<Id<Product>, BTreeSet<Id<Product>>>;

/// The way from a product back to itself, both ends included; `None` when there is none.
pub(crate) fn circle(edges: &Edges, start: Id<Product>) -> Option<Vec<Id<Product>>> {
    let mut seen = BTreeSet::new();
    // Each step: a product and which of its components come next.
    let mut path = vec![(start, below(edges, start))];
    while let Some((_, next)) = path.last_mut() {
        match next.pop() {
            Some(product) if product == start => {
                let way = path.iter().map(|(product, _)| *product);
                return Some(way.chain([start]).collect());
            }
            Some(product) if seen.insert(product) => path.push((product, below(edges, product))),
            Some(_) => {}
            None => {
                path.pop();
            }
        }
    }
    None
}

fn below(edges: &Edges, product: Id<Product>) -> Vec<Id<Product>> {
    edges.get(&product).map(|below| below.iter().copied().collect()).unwrap_or_default()
}

/// The low-level code of each product: the longest way down to it from one that goes into nothing.
/// Products on a circle have none; there are no circles in bills of materials that were saved.
pub(crate) fn levels(edges: &Edges) -> BTreeMap<Id<Product>, usize> {
    let mut waiting: BTreeMap<Id<Product>, usize> = edges.keys().map(|id| (*id, 0)).collect();
    for product in edges.values().flatten() {
        *waiting.entry(*product).or_default() += 1;
    }
    let mut levels: BTreeMap<Id<Product>, usize> = BTreeMap::new();
    let mut ready: Vec<Id<Product>> =
        waiting.iter().filter(|(_, above)| **above == 0).map(|(id, _)| *id).collect();
    while let Some(product) = ready.pop() {
        let level = *levels.entry(product).or_default();
        for next in edges.get(&product).into_iter().flatten() {
            let deepest = levels.entry(*next).or_default();
            *deepest = (*deepest).max(level + 1);
            if let Some(above) = waiting.get_mut(next) {
                *above -= 1;
                if *above == 0 {
                    ready.push(*next);
                }
            }
        }
    }
    levels.retain(|product, _| waiting.get(product) == Some(&0));
    levels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edges(list: &[(i64, &[i64])]) -> Edges {
        let ids = |ids: &[i64]| ids.iter().map(|id| Id::new(*id)).collect();
        list.iter().map(|(from, to)| (Id::new(*from), ids(to))).collect()
    }

    fn way(edges: &Edges, start: i64) -> Option<Vec<i64>> {
        circle(edges, Id::new(start)).map(|way| way.iter().map(|id| id.raw()).collect())
    }

    #[test]
    fn circles_are_found_with_their_way() {
        let direct = edges(&[(1, &[1])]);
        assert_eq!(way(&direct, 1), Some(vec![1, 1]));
        let long = edges(&[(1, &[2, 9]), (2, &[3]), (3, &[1]), (9, &[8])]);
        assert_eq!(way(&long, 1), Some(vec![1, 2, 3, 1]));
        assert_eq!(way(&long, 9), None);
        let diamond = edges(&[(1, &[2, 3]), (2, &[4]), (3, &[4]), (4, &[5])]);
        assert_eq!(way(&diamond, 1), None);
        let elsewhere = edges(&[(1, &[2]), (2, &[3]), (3, &[2])]);
        assert_eq!(way(&elsewhere, 1), None, "the circle below is not its own");
    }

    #[test]
    fn the_longest_way_counts() {
        let all = edges(&[(1, &[2, 4]), (2, &[3]), (3, &[4]), (7, &[3])]);
        let levels: Vec<(i64, usize)> =
            levels(&all).into_iter().map(|(id, level)| (id.raw(), level)).collect();
        assert_eq!(levels, [(1, 0), (2, 1), (3, 2), (4, 3), (7, 0)]);
    }

    proptest! {
        /// Edges that only go up in number have no circle, and each component stands deeper than
        /// what it goes into.
        #[test]
        fn components_stand_deeper(pairs in prop::collection::vec((0..30_i64, 1..10_i64), 0..80)) {
            let mut all = Edges::new();
            for (from, step) in pairs {
                all.entry(Id::new(from)).or_default().insert(Id::new(from + step));
            }
            let levels = levels(&all);
            for (from, below) in &all {
                prop_assert_eq!(circle(&all, *from), None);
                for to in below {
                    prop_assert!(levels[to] > levels[from]);
                }
            }
        }
    }
}
