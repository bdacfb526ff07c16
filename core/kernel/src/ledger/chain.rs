//! The proof that nothing posted was changed: each entry hashes to a leaf over its canonical bytes,
//! leaves are sealed in blocks, each seal covers the one before.
//! Here: the recipes, which are pure. Not here: writing seals and walking the books (`verify`).
//! INVARIANT: a released recipe never changes; a new one gets a new version byte, and the old ones
//! verify for ever. The vectors in the tests below pin version 1.

use sha2::{Digest, Sha256};

use super::entry::{Stored, StoredLine};

/// The recipe that new leaves and seals are made by.
pub(crate) const VERSION: u8 = 1;

pub type Hash = [u8; 32];

/// The hash of an entry by the recipe its version names; `None` for a version that never was.
pub(crate) fn leaf(entry: &Stored) -> Option<Hash> {
    match u8::try_from(entry.version) {
        Ok(1) => Some(Sha256::digest(canonical_v1(entry)).into()),
        _ => None,
    }
}

/// Version 1: the version byte, then every column in the order of the table, each line in the order
/// of its own. Integers are 8 bytes big-endian, texts have their length in 4 bytes before them, what
/// may be absent has a byte 0 or 1 before it.
fn canonical_v1(entry: &Stored) -> Vec<u8> {
    let mut out = Bytes(Vec::with_capacity(256 + 128 * entry.lines.len()));
    out.0.push(1);
    for number in [entry.seq, entry.company, entry.journal] {
        out.int(number);
    }
    out.text(&entry.kind);
    out.text(&entry.date);
    out.opt_text(entry.wanted.as_deref());
    out.text(&entry.text);
    out.opt_text(entry.source_model.as_deref());
    out.opt_int(entry.source_id);
    out.int(entry.exchange);
    for link in [entry.reverses, entry.settles, entry.exception] {
        out.opt_int(link);
    }
    out.opt_text(entry.number.as_deref());
    out.opt_text(entry.key.as_deref());
    out.opt_int(entry.user);
    out.text(&entry.actor);
    out.int(entry.posted_at);
    out.int(entry.lines.len() as i64);
    for line in &entry.lines {
        line_v1(&mut out, line);
    }
    out.0
}

fn line_v1(out: &mut Bytes, line: &StoredLine) {
    for number in [line.id, line.account, line.unit, line.amount, line.functional, line.side] {
        out.int(number);
    }
    for link in [line.subsidiary, line.cost_centre, line.project, line.campaign, line.salesperson] {
        out.opt_int(link);
    }
    out.text(&line.date);
    out.opt_text(line.due.as_deref());
    out.opt_text(line.tag.as_deref());
    out.int(line.closing);
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn int(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u32).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn opt_int(&mut self, number: Option<i64>) {
        self.0.push(u8::from(number.is_some()));
        if let Some(number) = number {
            self.int(number);
        }
    }

    fn opt_text(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}

/// The root of the tree over the leaves of a block. A leaf and a node hash differently, so that no
/// node can pass for a leaf; an odd one moves up as it is.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    let mut level: Vec<Hash> = leaves.iter().map(bottom).collect();
    while level.len() > 1 {
        level = level.chunks(2).map(pair).collect();
    }
    level.first().copied().unwrap_or_default()
}

fn bottom(leaf: &Hash) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

fn pair(nodes: &[Hash]) -> Hash {
    match nodes {
        [left, right] => node(left, right),
        [alone] => *alone,
        _ => unreachable!("pairs are one or two"),
    }
}

/// One step from a leaf to the root: the neighbour and its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub neighbour: Hash,
    pub neighbour_is_left: bool,
}

/// The way from the leaf at that place up to the root.
pub(crate) fn path(leaves: &[Hash], place: usize) -> Vec<Step> {
    let mut level: Vec<Hash> = leaves.iter().map(bottom).collect();
    let (mut at, mut steps) = (place, Vec::new());
    while level.len() > 1 {
        if let Some(neighbour) = level.get(at ^ 1) {
            steps.push(Step { neighbour: *neighbour, neighbour_is_left: at % 2 == 1 });
        }
        level = level.chunks(2).map(pair).collect();
        at /= 2;
    }
    steps
}

/// The root that a leaf and its way lead to.
pub fn climb(leaf: &Hash, steps: &[Step]) -> Hash {
    steps.iter().fold(bottom(leaf), |at, step| match step.neighbour_is_left {
        true => node(&step.neighbour, &at),
        false => node(&at, &step.neighbour),
    })
}

/// The head of a block: what its hash covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub version: u8,
    /// Seals are numbered from 1 without a gap.
    pub seal: i64,
    pub first_seq: i64,
    pub last_seq: i64,
    pub entries: i64,
    /// Microseconds since 1970, UTC.
    pub sealed_at: i64,
    pub root: Hash,
    /// The hash of the seal before; zeros before the first.
    pub previous: Hash,
}

impl Head {
    pub fn hash(&self) -> Hash {
        let mut hash = Sha256::new().chain_update([2, self.version]);
        for n in [self.seal, self.first_seq, self.last_seq, self.entries, self.sealed_at] {
            hash.update(n.to_be_bytes());
        }
        hash.chain_update(self.root).chain_update(self.previous).finalize().into()
    }
}

/// The list of leaves as a seal keeps it: sequence and hash of each.
pub(crate) fn pack(leaves: &[(i64, Hash)]) -> Vec<u8> {
    leaves.iter().flat_map(|(seq, leaf)| seq.to_be_bytes().into_iter().chain(*leaf)).collect()
}

/// `None` when the bytes are no such list.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Vec<(i64, Hash)>> {
    let (records, rest) = bytes.as_chunks::<40>();
    let read = |record: &[u8; 40]| {
        let (seq, leaf) = record.split_at(8);
        Some((i64::from_be_bytes(seq.try_into().ok()?), leaf.try_into().ok()?))
    };
    rest.is_empty().then(|| records.iter().map(read).collect())?
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn hex(hash: &[u8]) -> String {
        hash.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn sample() -> Stored {
        let line = |no: i64, amount: i64| StoredLine {
            id: 57_344 + no,
            account: 100 + no,
            unit: 978,
            amount,
            functional: amount,
            side: amount.signum(),
            subsidiary: (no == 1).then_some(42),
            cost_centre: None,
            project: Some(5),
            campaign: None,
            salesperson: None,
            date: "2026-03-01".into(),
            due: (no == 1).then(|| "2026-03-31".into()),
            tag: (no == 2).then(|| "S20".into()),
            closing: 0,
        };
        Stored {
            seq: 7,
            company: 1,
            journal: 2,
            kind: "entry".into(),
            date: "2026-03-01".into(),
            wanted: Some("2026-02-28".into()),
            text: "Rechnung Nº 7".into(),
            source_model: Some("sales.order".into()),
            source_id: Some(9),
            exchange: 0,
            reverses: None,
            settles: None,
            exception: None,
            number: Some("INV-2026-00007".into()),
            key: None,
            user: Some(3),
            actor: "ann".into(),
            posted_at: 1_772_323_200_000_000,
            version: 1,
            leaf: Vec::new(),
            lines: vec![line(1, 12_000), line(2, -12_000)],
        }
    }

    /// These vectors were computed apart from this program and must never change.
    #[test]
    fn vectors_of_version_1() {
        let leaf = leaf(&sample()).unwrap();
        assert_eq!(hex(&leaf), "1b6f4c8c990670678d5f98aee40d5411f148bcdaf30d1c326834e544bcbfc237");
        let leaves = [leaf, [1; 32], [2; 32]];
        assert_eq!(
            hex(&root(&leaves)),
            "15f685edb41f3386c198e1f91ef65b78659dc32dbfc1a5bd134b33ae9b0ae80e"
        );
        let head = Head {
            version: 1,
            seal: 1,
            first_seq: 7,
            last_seq: 9,
            entries: 3,
            sealed_at: 1_772_323_201_000_000,
            root: root(&leaves),
            previous: [0; 32],
        };
        assert_eq!(
            hex(&head.hash()),
            "139310865671174b2c12f70e42f39e79ae4e7e8d5dcee587317dd40c9f0cb940"
        );
    }

    #[test]
    fn every_field_counts() {
        let was = leaf(&sample()).unwrap();
        let changes: &[fn(&mut Stored)] = &[
            |e| e.seq = 8,
            |e| e.company = 2,
            |e| e.journal = 3,
            |e| e.kind.push('x'),
            |e| e.date = "2026-03-02".into(),
            |e| e.wanted = None,
            |e| e.text.push('x'),
            |e| e.source_model = None,
            |e| e.source_id = None,
            |e| e.exchange = 1,
            |e| e.reverses = Some(1),
            |e| e.settles = Some(1),
            |e| e.exception = Some(1),
            |e| e.number = None,
            |e| e.key = Some(String::new()),
            |e| e.user = None,
            |e| e.actor.push('x'),
            |e| e.posted_at += 1,
            |e| e.lines[0].id += 1,
            |e| e.lines[0].account += 1,
            |e| e.lines[0].unit += 1,
            |e| e.lines[0].amount += 1,
            |e| e.lines[0].functional += 1,
            |e| e.lines[0].side = -1,
            |e| e.lines[0].subsidiary = None,
            |e| e.lines[0].cost_centre = Some(5),
            |e| e.lines[0].project = None,
            |e| e.lines[0].campaign = Some(5),
            |e| e.lines[0].salesperson = Some(5),
            |e| e.lines[0].date = "2026-03-02".into(),
            |e| e.lines[0].due = None,
            |e| e.lines[1].tag = None,
            |e| e.lines[1].closing = 1,
            |e| e.lines.swap(0, 1),
            |e| drop(e.lines.pop()),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut entry = sample();
            change(&mut entry);
            assert_ne!(leaf(&entry).unwrap(), was, "change {n}");
        }
        let unknown = Stored { version: 2, ..sample() };
        assert_eq!(leaf(&unknown), None);
    }

    #[test]
    fn every_leaf_has_a_way_to_the_root() {
        for count in 1..=33 {
            let leaves: Vec<Hash> = (0..count).map(|n| [n; 32]).collect();
            let root = root(&leaves);
            for (place, leaf) in leaves.iter().enumerate() {
                let steps = path(&leaves, place);
                assert_eq!(climb(leaf, &steps), root, "{place} of {count}");
                assert_ne!(climb(&[99; 32], &steps), root);
            }
        }
    }

    #[test]
    fn the_list_of_a_seal_comes_back() {
        let list = vec![(1, [1; 32]), (i64::MAX, [255; 32])];
        assert_eq!(unpack(&pack(&list)), Some(list));
        assert_eq!(unpack(&[0; 39]), None);
        assert_eq!(unpack(&[]), Some(Vec::new()));
    }
}
