//! Guests written as text: a core module of the contract, and what it answers laid out in its memory byte by
//! byte, so that an answer can be what no SDK would write.

/// Where the image begins in the guest's memory; the heap of its allocator is behind it.
const BASE: u32 = 1_024;
const HEAP: u32 = 49_152;

/// Bytes of a guest's memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image(Vec<u8>);

/// A value in a change, as the contract lays it out: its case and its payload.
#[derive(Clone, Debug)]
pub(crate) struct Laid {
    pub(crate) case: u8,
    pub(crate) payload: Vec<u8>,
}

impl Image {
    /// Puts bytes at a place that fits their kind; answers the address.
    pub(crate) fn put(&mut self, bytes: &[u8], align: usize) -> u32 {
        while !self.0.len().is_multiple_of(align) {
            self.0.push(0);
        }
        let at = BASE + u32::try_from(self.0.len()).unwrap();
        self.0.extend(bytes);
        assert!(BASE as usize + self.0.len() < HEAP as usize, "the image is too large");
        at
    }

    /// Address and length of a text.
    pub(crate) fn text(&mut self, text: &[u8]) -> Vec<u8> {
        let at = self.put(text, 1);
        pair(at, u32::try_from(text.len()).unwrap())
    }

    fn list(&mut self, items: &[Vec<u8>]) -> Vec<u8> {
        let at = self.put(&items.concat(), 8);
        pair(at, u32::try_from(items.len()).unwrap())
    }

    fn field(&mut self, name: &[u8], value: &Laid) -> Vec<u8> {
        let mut field = self.text(name);
        field.extend([value.case, 0, 0, 0, 0, 0, 0, 0]);
        field.extend(&value.payload);
        field.resize(32, 0);
        field
    }

    /// A value of case `text`.
    pub(crate) fn words(&mut self, text: &str) -> Laid {
        Laid { case: 4, payload: self.text(text.as_bytes()) }
    }

    /// What `before-save` answers: so many verdicts, each with these changes.
    pub(crate) fn verdicts(&mut self, count: usize, changes: &[(&[u8], Laid)]) -> u32 {
        let fields: Vec<Vec<u8>> = changes.iter().map(|(name, v)| self.field(name, v)).collect();
        let mut verdict = self.list(&fields);
        verdict.extend(pair(0, 0));
        let verdicts = self.list(&vec![verdict; count]);
        self.well(&verdicts)
    }

    /// What the older `before-save` answers: one verdict.
    pub(crate) fn verdict(&mut self, changes: &[(&[u8], Laid)]) -> u32 {
        let fields: Vec<Vec<u8>> = changes.iter().map(|(name, v)| self.field(name, v)).collect();
        let mut verdict = self.list(&fields);
        verdict.extend(pair(0, 0));
        self.well(&verdict)
    }

    /// `result::ok` with this payload.
    pub(crate) fn well(&mut self, payload: &[u8]) -> u32 {
        self.put(&[&[0, 0, 0, 0], payload].concat(), 8)
    }

    /// `result::err` with this text.
    pub(crate) fn badly(&mut self, why: &str) -> u32 {
        let text = self.text(why.as_bytes());
        self.put(&[&[1, 0, 0, 0], text.as_slice()].concat(), 8)
    }

    /// What `after-action` answers.
    pub(crate) fn effects(&mut self, effects: &[Vec<u8>]) -> u32 {
        let list = self.list(effects);
        self.well(&list)
    }

    fn target(&mut self, model: &str, id: i64) -> Vec<u8> {
        let mut target = vec![0; 8];
        target.extend(self.text(model.as_bytes()));
        target.extend(id.to_le_bytes());
        target
    }

    pub(crate) fn create(&mut self, model: &str, field: &str, text: &str) -> Vec<u8> {
        let value = self.words(text);
        let field = self.field(field.as_bytes(), &value);
        let mut effect = vec![0; 8];
        effect.extend(self.text(model.as_bytes()));
        effect.extend(self.list(&[field]));
        effect.extend(pair(0, 0));
        effect.resize(48, 0);
        effect
    }

    pub(crate) fn update(&mut self, (model, id): (&str, i64), field: &str, text: &str) -> Vec<u8> {
        let value = self.words(text);
        let field = self.field(field.as_bytes(), &value);
        let mut effect = vec![1, 0, 0, 0, 0, 0, 0, 0];
        effect.extend(self.target(model, id));
        effect.extend(self.list(&[field]));
        effect.resize(48, 0);
        effect
    }

    /// The same of what the effect at a place created.
    pub(crate) fn update_created(&mut self, place: u32, field: &str, text: &str) -> Vec<u8> {
        let mut effect = self.update(("", 0), field, text);
        effect[8..32].fill(0);
        effect[8] = 1;
        effect[16..20].copy_from_slice(&place.to_le_bytes());
        effect
    }

    pub(crate) fn act(&mut self, (model, id): (&str, i64), action: &str) -> Vec<u8> {
        let mut effect = vec![2, 0, 0, 0, 0, 0, 0, 0];
        effect.extend(self.target(model, id));
        effect.extend(self.text(action.as_bytes()));
        effect.extend(pair(0, 0));
        effect.resize(48, 0);
        effect
    }

    pub(crate) fn emit(&mut self, name: &str, (model, id): (&str, i64)) -> Vec<u8> {
        let mut effect = vec![3, 0, 0, 0, 0, 0, 0, 0];
        effect.extend(self.text(name.as_bytes()));
        effect.extend(self.target(model, id));
        effect.extend(self.text(b"{}"));
        effect.resize(48, 0);
        effect
    }

    pub(crate) fn schedule(&mut self, job: &str, payload: &str) -> Vec<u8> {
        let mut effect = vec![4, 0, 0, 0, 0, 0, 0, 0];
        effect.extend(self.text(job.as_bytes()));
        effect.extend([0; 4]);
        effect.extend(self.text(payload.as_bytes()));
        effect.resize(48, 0);
        effect
    }

    /// A guest whose `before-save` does `body`, an expression that leaves the address of an answer.
    pub(crate) fn saves(&self, api: &str, body: &str) -> String {
        let params = match api {
            // The record as it is, which may be none, and as it will be, are too much for parameters.
            "0.1" => "i32",
            _ => "i32 i32 i32 i32",
        };
        self.module(&format!("fondaco:plugin/records@{api}.0#before-save"), params, body)
    }

    /// A guest whose `after-action` does `body`.
    pub(crate) fn follows(&self, body: &str) -> String {
        let params = "i32 i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i32";
        self.module("fondaco:plugin/effects@0.2.0#after-action", params, body)
    }

    fn module(&self, export: &str, params: &str, body: &str) -> String {
        let bytes: String = self.0.iter().map(|byte| format!("\\{byte:02x}")).collect();
        // What begins with `(import` or `(func`, `(start` and the like is of the module, not of the body.
        let (outside, inside) = body.split_once("---").unwrap_or(("", body));
        let allocator = match outside.contains("cabi_realloc") {
            true => "",
            false => ALLOCATOR,
        };
        format!(
            "(module {outside}
               (memory (export \"memory\") 2)
               (global $heap (mut i32) (i32.const {HEAP}))
               (data (i32.const {BASE}) \"{bytes}\")
               {allocator}
               (func (export \"{export}\") (param {params}) (result i32) {inside}))"
        )
    }
}

/// Takes from the heap and gives nothing back.
const ALLOCATOR: &str = "(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
  (global.set $heap (i32.add (local.get $at) (local.get 3)))
  (block $fits
    (br_if $fits (i32.lt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
    (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1)))))
  (local.get $at))";

fn pair(at: u32, length: u32) -> Vec<u8> {
    [at.to_le_bytes(), length.to_le_bytes()].concat()
}
