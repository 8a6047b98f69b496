//! A source that serves a world with misses and failures.

use super::model::World;
use super::remote::block_hash;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use worldstate::state::{Request, Source, SourceAccount};
use worldstate::{Error, Result};

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

    fn at_hand(self: Arc<Self>) -> Arc<dyn Source> {
        self
    }

    fn clear_cache(&self) {
        let mut service = self.service.lock().unwrap();
        service.known.clear();
        service.queue.clear();
    }
}
