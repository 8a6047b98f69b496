//! What an execution shows: everything that must be equal whoever executes.

use super::world::World;
use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use alloy_rlp::Encodable;
use std::collections::{BTreeMap, BTreeSet};

/// Accounts and slots that are warm at the end, among those that were loaded.
pub type Warm = BTreeMap<Address, BTreeSet<U256>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The transaction is not valid here, and nothing ran: why.
    Refused(String),
    Ran(Ran),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub status: Status,
    pub gas_used: u64,
    pub gas_refunded: u64,
    pub output: Bytes,
    pub created: Option<Address>,
    pub logs: Vec<Log>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    Revert,
    Halt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub end: End,
    /// `None` where not all of it is there to be read.
    pub post: Option<World>,
    /// `None` where they are not to be seen.
    pub warm: Option<Warm>,
    /// Everything that was loaded, warm or not, without new accounts that have no slots.
    pub loaded: Option<Warm>,
}

impl Seen {
    /// keccak-256 of the RLP of all logs.
    pub fn logs_hash(&self) -> B256 {
        let none = Vec::new();
        let logs = match &self.end {
            End::Ran(ran) => &ran.logs,
            End::Refused(_) => &none,
        };
        let mut rlp = Vec::new();
        logs.encode(&mut rlp);
        keccak256(rlp)
    }

    /// Nothing ran.
    pub fn refused(why: String, pre: &World) -> Self {
        Self { end: End::Refused(why), post: Some(pre.clone()), warm: None, loaded: None }
    }

    /// The first thing in which `other` differs, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let same = match (&self.end, &other.end) {
            // What cannot even be read as a transaction is refused before revm could say why.
            (End::Refused(plain), End::Refused(here)) => {
                here.contains(plain.as_str()) || here.starts_with("raw transaction: ")
            }
            (plain, here) => plain == here,
        };
        if !same {
            return Some(match (&self.end, &other.end) {
                (End::Ran(plain), End::Ran(other)) => format!("result: {}", fields(plain, other)),
                (plain, other) => format!("result: plain {}, here {}", short(plain), short(other)),
            });
        }
        if let (Some(plain), Some(here)) = (&self.warm, &other.warm)
            && plain != here
        {
            return Some(format!("warm marks: {}", marks(plain, here)));
        }
        if let (Some(plain), Some(here)) = (&self.loaded, &other.loaded)
            && plain != here
        {
            return Some(format!("loaded: {}", marks(plain, here)));
        }
        let (Some(plain), Some(here)) = (&self.post, &other.post) else { return None };
        (plain != here).then(|| format!("state: plain -> here is {:?}", plain.changes_to(here)))
    }
}

fn marks(plain: &Warm, here: &Warm) -> String {
    let only = |one: &Warm, other: &Warm| {
        let marks = one.iter().filter(|(address, slots)| other.get(*address) != Some(slots));
        marks.map(|(address, slots)| format!("{address} {slots:x?}")).collect::<Vec<_>>()
    };
    format!("plain {:?}, here {:?}", only(plain, here), only(here, plain))
}

fn short(end: &End) -> String {
    match end {
        End::Refused(why) => format!("refused ({why})"),
        End::Ran(ran) => format!("{:?} with {} gas", ran.status, ran.gas_used),
    }
}

fn fields(plain: &Ran, here: &Ran) -> String {
    let mut text = Vec::new();
    macro_rules! field {
        ($($name:ident),*) => {
            $(if plain.$name != here.$name {
                text.push(format!("{} plain {:?}, here {:?}", stringify!($name), plain.$name, here.$name));
            })*
        };
    }
    field!(status, gas_used, gas_refunded, output, created, logs);
    text.join("; ")
}
