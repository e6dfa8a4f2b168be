//! `Program`: what a simulated operator has in the files, and how it changes from round to round.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::chance::Chance;

/// What all files begin with.
const HEAD: &str = "\
provider \"sim\" {
  region = \"us-east-1\"
}
variable \"secret\" {
  default   = \"hush\"
  sensitive = true
}
";

pub(super) const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-central-1"];

/// What a block declares: a kind for each way by which objects are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Named and tagged.
    Store,
    /// Tagged; its id is made up.
    Secret,
    /// Known by its name, written in batches, global.
    Record,
    /// A part of a store.
    Replica,
    /// Known by its name, usable some time later.
    Slow,
    /// In state only.
    Data,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Store => "sim_store",
            Self::Secret => "sim_secret",
            Self::Record => "sim_record",
            Self::Replica => "sim_replica",
            Self::Slow => "sim_slow",
            Self::Data => "terraform_data",
        }
    }
}

/// How many objects a block stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Many {
    One,
    Count(usize),
    Each(BTreeSet<usize>),
}

/// A `resource` block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The base of the objects' own names, which stays when the block is renamed.
    pub(super) label: String,
    pub(super) many: Many,
    pub(super) region: usize,
    /// What an update changes.
    pub(super) size: usize,
    /// The blocks whose ids its objects hold; of a replica the first is its store.
    pub(super) needs: Vec<String>,
    pub(super) create_first: bool,
}

/// An object that the files want.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) address: String,
    pub(super) kind: Kind,
    pub(super) label: String,
    pub(super) region: &'static str,
    pub(super) size: usize,
    /// The addresses of the objects whose ids it holds.
    pub(super) needs: Vec<String>,
}

/// The files.
#[derive(Clone, Debug)]
pub(super) struct Program {
    topology: bool,
    pub(super) blocks: Vec<Block>,
    moved: Vec<(String, String)>,
    /// Labels of the stores that ever had a part: a second block for the same part is another
    /// way to say the same object.
    parted: Vec<String>,
    made: usize,
}

impl Program {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let blocks = 3 + chance.below(6);
        Self::of(blocks, chance)
    }

    /// With so many blocks.
    pub(super) fn of(blocks: usize, chance: &mut Chance) -> Self {
        let topology = chance.percent(50);
        let (moved, parted) = (Vec::new(), Vec::new());
        let mut program = Self { topology, blocks: Vec::new(), moved, parted, made: 0 };
        for _ in 0..blocks {
            program.add(chance);
        }
        program
    }

    fn add(&mut self, chance: &mut Chance) {
        self.made += 1;
        let stores: Vec<&Block> = self.blocks.iter().filter(|b| is_plain_store(b)).collect();
        let mut kind = *chance.pick(&[
            Kind::Store,
            Kind::Store,
            Kind::Secret,
            Kind::Secret,
            Kind::Record,
            Kind::Record,
            Kind::Replica,
            Kind::Slow,
            Kind::Data,
        ]);
        let free = |store: &&&Block| !self.parted.contains(&store.label);
        let store = stores.iter().find(free).map(|store| (store.name.clone(), store.label.clone()));
        let mut needs: Vec<String> = Vec::new();
        match store {
            Some((store, label)) if kind == Kind::Replica => {
                needs.push(store);
                self.parted.push(label);
            }
            _ if kind == Kind::Replica => kind = Kind::Store,
            _ => {}
        }
        let many = match chance.below(4) {
            _ if kind == Kind::Replica => Many::One,
            0 => Many::Count(1 + chance.below(3)),
            1 => Many::Each((0..4).filter(|_| chance.percent(50)).collect()),
            _ => Many::One,
        };
        if kind != Kind::Replica {
            let others = self.blocks.iter().filter(|_| chance.percent(25));
            needs.extend(others.take(2).map(|b| b.name.clone()));
        }
        self.blocks.push(Block {
            kind,
            name: format!("b{}", self.made),
            label: format!("l{}", self.made),
            many,
            region: chance.below(REGIONS.len()),
            size: 1 + chance.below(9),
            needs,
            create_first: chance.percent(30),
        });
    }

    /// One to four changes, as people make them between two applies.
    pub(super) fn change(&mut self, chance: &mut Chance) {
        for _ in 0..=chance.below(4) {
            let what = chance.below(10);
            if self.blocks.is_empty() || what == 0 {
                self.add(chance);
                continue;
            }
            let at = chance.below(self.blocks.len());
            match what {
                1 => self.remove(at),
                2 => self.rename(at),
                3 => self.relabel(at),
                4 | 5 => self.blocks[at].region = chance.below(REGIONS.len()),
                6 => self.resize(at, chance),
                7 => self.need(at, chance),
                _ => self.blocks[at].size = 1 + chance.below(9),
            }
        }
    }

    fn remove(&mut self, at: usize) {
        let gone = self.blocks.remove(at).name;
        self.blocks.retain(|b| b.kind != Kind::Replica || b.needs[0] != gone);
        let left: BTreeSet<String> = self.blocks.iter().map(|b| b.name.clone()).collect();
        for block in &mut self.blocks {
            block.needs.retain(|need| left.contains(need));
        }
    }

    /// The block gets another name, and the files say so.
    fn rename(&mut self, at: usize) {
        self.made += 1;
        let (old, new) = (self.blocks[at].name.clone(), format!("b{}", self.made));
        for block in &mut self.blocks {
            block.needs.iter_mut().filter(|need| **need == old).for_each(|n| n.clone_from(&new));
        }
        self.blocks[at].name.clone_from(&new);
        let kind = self.blocks[at].kind.name();
        self.moved.push((format!("{kind}.{old}"), format!("{kind}.{new}")));
    }

    /// The objects get other names of their own: most kinds must replace them for that.
    fn relabel(&mut self, at: usize) {
        self.made += 1;
        let label = format!("l{}", self.made);
        let old = std::mem::replace(&mut self.blocks[at].label, label.clone());
        if self.parted.contains(&old) {
            self.parted.push(label);
        }
    }

    fn resize(&mut self, at: usize, chance: &mut Chance) {
        match &mut self.blocks[at].many {
            Many::One => {}
            Many::Count(count) => *count = chance.below(5),
            Many::Each(keys) => {
                let key = chance.below(4);
                if !keys.remove(&key) {
                    keys.insert(key);
                }
            }
        }
    }

    fn need(&mut self, at: usize, chance: &mut Chance) {
        let other = self.blocks[chance.below(at.max(1))].name.clone();
        let block = &mut self.blocks[at];
        if at == 0 || block.kind == Kind::Replica {
            return;
        }
        if block.needs.contains(&other) {
            block.needs.retain(|need| *need != other);
        } else {
            block.needs.push(other);
        }
    }

    fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// The region of a block's objects: a part is where its store is.
    fn region(&self, block: &Block) -> &'static str {
        let store = block.needs.first().filter(|_| block.kind == Kind::Replica);
        let store = store.and_then(|store| self.block(store));
        REGIONS[store.unwrap_or(block).region]
    }

    /// Every object that the files want.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let mut all = Vec::new();
        for block in &self.blocks {
            let needs = block.needs.iter().filter_map(|need| self.block(need));
            let needs: Vec<String> =
                needs.flat_map(|b| instances(b).into_iter().map(|(address, _)| address)).collect();
            for (address, label) in instances(block) {
                let (kind, size, needs) = (block.kind, block.size, needs.clone());
                all.push(Wanted { address, kind, label, region: self.region(block), size, needs });
            }
        }
        all
    }

    /// The files as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(HEAD);
        if self.topology {
            let regions = REGIONS.map(|region| format!("\"{region}\"")).join(", ");
            write!(
                text,
                "topology \"t\" {{\n  strategy = \"warm_standby\"\n  regions = [{regions}]\n  \
                 primary = \"us-east-1\"\n}}\n"
            )
            .unwrap();
            for region in REGIONS {
                writeln!(text, "region \"{region}\" {{}}").unwrap();
            }
        }
        for (from, to) in &self.moved {
            // What the files declare must not be what they say is moved away.
            writeln!(text, "moved {{\n  from = {from}\n  to   = {to}\n}}").unwrap();
        }
        for block in &self.blocks {
            self.print(block, &mut text);
        }
        let ids = all_ids(self.blocks.iter());
        writeln!(text, "output \"ids\" {{\n  value = {ids}\n}}").unwrap();
        text
    }

    fn print(&self, block: &Block, text: &mut String) {
        let Block { kind, name, label, many, size, create_first, .. } = block;
        let region = self.region(block);
        let needs = all_ids(block.needs.iter().filter_map(|need| self.block(need)));
        let (repeat, label) = match many {
            Many::One => (String::new(), format!("\"{label}\"")),
            Many::Count(count) => {
                (format!("  count = {count}\n"), format!("\"{label}-${{count.index}}\""))
            }
            Many::Each(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("\"k{key}\"")).collect();
                let keys = keys.join(", ");
                (format!("  for_each = toset([{keys}])\n"), format!("\"{label}-${{each.key}}\""))
            }
        };
        let body = match kind {
            Kind::Store => format!(
                "  name = {label}\n  region = \"{region}\"\n  size = {size}\n  readers = {needs}\n"
            ),
            Kind::Secret => format!(
                "  name = {label}\n  region = \"{region}\"\n  value = \"${{var.secret}}-{size}\"\n  \
                 tags = {{ needs = join(\",\", {needs}) }}\n"
            ),
            Kind::Record => format!(
                "  zone = \"zone\"\n  name = {label}\n  type = \"A\"\n  ttl = {size}\n  \
                 values = concat([\"v\"], {needs})\n"
            ),
            Kind::Replica => {
                let store = &block.needs[0];
                format!(
                    "  store = sim_store.{store}.name\n  region = \"{region}\"\n  \
                     streams = {size}\n"
                )
            }
            Kind::Slow => format!(
                "  name = {label}\n  region = \"{region}\"\n  delay = {size}\n  needs = {needs}\n"
            ),
            Kind::Data => {
                format!("  input = {needs}\n  triggers_replace = [{size}, {label}]\n")
            }
        };
        let life = if *create_first && *kind != Kind::Replica {
            "  lifecycle {\n    create_before_destroy = true\n  }\n"
        } else {
            ""
        };
        let kind = kind.name();
        write!(text, "resource \"{kind}\" \"{name}\" {{\n{repeat}{body}{life}}}\n").unwrap();
    }
}

fn is_plain_store(block: &Block) -> bool {
    block.kind == Kind::Store && block.many == Many::One
}

/// The address and the own name of each object of a block.
fn instances(block: &Block) -> Vec<(String, String)> {
    let Block { kind, name, label, many, .. } = block;
    let (kind, one) = (kind.name(), |at: String, label: String| (at, label));
    match many {
        Many::One => vec![one(format!("{kind}.{name}"), label.clone())],
        Many::Count(count) => (0..*count)
            .map(|i| one(format!("{kind}.{name}[{i}]"), format!("{label}-{i}")))
            .collect(),
        Many::Each(keys) => keys
            .iter()
            .map(|k| one(format!("{kind}.{name}[\"k{k}\"]"), format!("{label}-k{k}")))
            .collect(),
    }
}

/// An expression: the ids of all objects of some blocks.
fn all_ids<'a>(blocks: impl Iterator<Item = &'a Block>) -> String {
    let lists: Vec<String> = std::iter::once("[]".to_owned()).chain(blocks.map(ids)).collect();
    format!("concat({})", lists.join(", "))
}

/// An expression: the ids of a block's objects.
fn ids(block: &Block) -> String {
    let Block { kind, name, many, .. } = block;
    let whole = format!("{}.{name}", kind.name());
    match many {
        Many::One => format!("[{whole}.id]"),
        Many::Count(_) => format!("{whole}[*].id"),
        Many::Each(_) => format!("values({whole})[*].id"),
    }
}
