//! A small random remote world, and a source that serves it with misses and failures.

use super::model::{ModelAccount, World};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use worldstate::state::{Request, Source, SourceAccount};
use worldstate::{Error, Result};

/// Numbers that a seed decides (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

/// The number of the pinned block; its successors have no hash yet.
pub(crate) const HEAD: u64 = 100;

pub(crate) fn block_hash(number: u64) -> Option<B256> {
    (number <= HEAD).then(|| keccak256(number.to_be_bytes()))
}

/// A world in which some of the addresses exist; some of those are empty where `with_empty`.
pub(crate) fn random_world(dice: &mut Dice, addresses: &[Address], slots: &[U256], with_empty: bool) -> World {
    let mut world = World::default();
    for address in addresses {
        if dice.below(3) == 0 {
            continue;
        }
        let mut account = ModelAccount::default();
        if !(with_empty && dice.below(4) == 0) {
            account.balance = U256::from(dice.below(3) * 1000);
            account.nonce = 1 + dice.below(3);
            account.code = Bytes::from(vec![0xfe; usize::try_from(dice.below(3) * 20).unwrap()]);
        }
        world.accounts.insert(*address, account);
        for slot in slots {
            if dice.below(2) == 0 {
                world.slots.insert((*address, *slot), U256::from(1 + dice.below(3)));
            }
        }
    }
    world
}

#[derive(Debug, Default)]
struct Service {
    known: BTreeSet<Request>,
    queue: BTreeSet<Request>,
    /// Reads that reached the source.
    reads: u64,
    /// How many of the next unknown reads fail.
    failing: u64,
}

/// Serves a world like a fork with a host: what is not known yet is queued and [`Error::Missing`], until
/// [`Self::serve`] brings it; some reads fail.
pub(crate) struct FaultySource {
    world: World,
    service: Mutex<Service>,
}

impl FaultySource {
    pub(crate) fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world, service: Mutex::default() })
    }

    fn ask(&self, request: Request) -> Result<()> {
        let mut service = self.service.lock().unwrap();
        service.reads += 1;
        if service.known.contains(&request) {
            return Ok(());
        }
        if service.failing > 0 {
            service.failing -= 1;
            return Err(Error::RpcFailed(format!("{request}: injected failure")));
        }
        service.queue.insert(request);
        Err(Error::Missing(request))
    }

    /// Answers what is queued: all of it, or the first only.
    pub(crate) fn serve(&self, all: bool) {
        let mut service = self.service.lock().unwrap();
        while let Some(request) = service.queue.pop_first() {
            service.known.insert(request);
            if !all {
                break;
            }
        }
    }

    pub(crate) fn fail_next(&self, reads: u64) {
        self.service.lock().unwrap().failing = reads;
    }

    pub(crate) fn reads(&self) -> u64 {
        self.service.lock().unwrap().reads
    }
}

impl Source for FaultySource {
    fn account(&self, address: Address) -> Result<Option<SourceAccount>> {
        self.ask(Request::Account(address))?;
        let info = self.world.info(address);
        let known = SourceAccount { balance: info.balance, nonce: info.nonce, code_hash: info.code_hash };
        Ok(self.world.accounts.contains_key(&address).then_some(known))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256> {
        self.ask(Request::Storage(address, slot))?;
        Ok(self.world.slots.get(&(address, slot)).copied().unwrap_or_default())
    }

    fn code(&self, address: Address, code_hash: B256) -> Result<Bytes> {
        assert_ne!(code_hash, KECCAK256_EMPTY, "asked for the code of {address}, which has none");
        assert_eq!(code_hash, self.world.info(address).code_hash, "asked for code that {address} has not");
        self.ask(Request::Code(address))?;
        Ok(self.world.accounts[&address].code.clone())
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>> {
        self.ask(Request::BlockHash(number))?;
        Ok(block_hash(number))
    }

    fn prefetch(&self, requests: &[Request]) -> Result<()> {
        let outcomes: Vec<_> = requests.iter().map(|request| self.ask(*request)).collect();
        outcomes.into_iter().collect()
    }

    fn clear_cache(&self) {
        let mut service = self.service.lock().unwrap();
        service.known.clear();
        service.queue.clear();
    }
}
