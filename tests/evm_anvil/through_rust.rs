//! Executions through the Rust interface.

use crate::chain::{Chain, post};
use crate::simulate::{Simulated, Simulator, name};
use alloy_primitives::{Address, Bytes, U256};
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;
use worldstate::evm::trace::{TraceOptions, TraceOutput, Tracer};
use worldstate::evm::{Evm, EvmOptions, Hardfork, Progress, RunAhead, Transaction};
use worldstate::fork::{Fork, ForkOptions, Transport, TransportError, TransportKind};
use worldstate::state::{Source, State};
use worldstate::{Error, Result};

/// More stops than any transaction here needs.
const MANY: usize = 10_000;

/// Who carries a fork's requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Carrier {
    Callback,
    /// The host, one request after the other.
    Requests,
    /// The host, whole bodies.
    Batches,
}

struct Callback(String);

impl Transport for Callback {
    fn send(&self, body: &[u8], _deadline: Instant) -> std::result::Result<Vec<u8>, TransportError> {
        post(&self.0, body).map_err(|error| TransportError::Connection(error.to_string()))
    }
}

pub(crate) struct ThroughRust {
    fork: Arc<Fork>,
    state: State,
    evm: Evm,
    carrier: Carrier,
    node: String,
}

impl ThroughRust {
    /// On the chain's latest block, to which the fork is pinned when this returns.
    pub(crate) fn open(chain: &Chain, carrier: Carrier, hardfork: Hardfork, run_ahead: RunAhead) -> Self {
        let node = chain.anvil.address.clone();
        let transport = match carrier {
            Carrier::Callback => TransportKind::Custom(Box::new(Callback(node.clone()))),
            Carrier::Requests | Carrier::Batches => TransportKind::Host,
        };
        let fork = Fork::open(ForkOptions { transport, ..ForkOptions::default() }).unwrap();
        let options = EvmOptions { hardfork, chain_id: chain.id, run_ahead, ..EvmOptions::default() };
        let state = State::with_source(fork.clone());
        let opened = Self { fork, state, evm: Evm::new(options).unwrap(), carrier, node };
        opened.read(|_| opened.fork.block());
        opened
    }

    /// Reads as a host does: on `Missing`, serves the fork's requests and reads again.
    fn read<T>(&self, read: impl Fn(&State) -> Result<T>) -> T {
        for _ in 0..10 {
            match read(&self.state) {
                Ok(value) => return value,
                Err(Error::Missing(_)) => self.serve(),
                Err(error) => panic!("{:?}: {error}", self.carrier),
            }
        }
        panic!("{:?}: still missing after ten rounds", self.carrier)
    }

    fn serve(&self) {
        match self.carrier {
            Carrier::Requests => self.serve_requests(),
            Carrier::Batches => self.serve_batches(),
            Carrier::Callback => panic!("it carries its requests itself"),
        }
    }

    fn serve_requests(&self) {
        loop {
            let mut request = None;
            match self.fork.next_request(None, |next| {
                request = Some(next.clone());
                Ok(())
            }) {
                Err(Error::NoPendingRequest) => return,
                handed_out => handed_out.unwrap(),
            }
            let request = request.unwrap();
            let body =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}}"#, request.method, request.params);
            let answer = post(&self.node, body.as_bytes()).unwrap();
            self.fork.continue_request(request.id, &answer).unwrap();
        }
    }

    fn serve_batches(&self) {
        loop {
            let mut batch = None;
            match self.fork.next_batch(usize::MAX, |next| {
                batch = Some(next.clone());
                Ok(())
            }) {
                Err(Error::NoPendingRequest) => return,
                handed_out => handed_out.unwrap(),
            }
            let batch = batch.unwrap();
            let answer = post(&self.node, batch.body.as_bytes()).unwrap();
            self.fork.continue_batch(batch.id, &answer).unwrap();
        }
    }

    /// Runs to the end what has been started, and serves what it needs.
    fn drive(&mut self) -> Result<()> {
        for _ in 0..MANY {
            if self.evm.run(&mut self.state)? == Progress::Ready {
                return Ok(());
            }
            match Source::prefetch(&*self.fork, self.evm.wanted()) {
                Ok(()) => {}
                Err(Error::Missing(_)) => self.serve(),
                Err(error) => return Err(error),
            }
        }
        panic!("{}: it does not end", self.name())
    }

    fn finish(&mut self) -> Result<Simulated> {
        self.drive()?;
        let parse = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
        let warm = self.evm.warm_from_the_start();
        let touched = self.evm.touched().unwrap();
        let (access_list, prestate) = (touched.access_list(&warm), touched.prestate());
        let result = parse(self.evm.outcome().unwrap().to_json().as_bytes());
        let changes = parse(self.evm.changes().unwrap().to_json().as_bytes());
        let trace = parse(self.evm.tracer().unwrap().text());
        self.evm.set_tracer(None);
        self.evm.commit(&mut self.state, false)?;
        Ok(Simulated { result, changes, access_list, prestate, trace })
    }
}

impl Simulator for ThroughRust {
    fn name(&self) -> String {
        name(self.carrier, self.evm.options().run_ahead)
    }

    fn set_block(&mut self, block: &Value) {
        self.evm.set_block(block).unwrap();
    }

    fn run(&mut self, raw: &[u8]) -> std::result::Result<Simulated, String> {
        let hardfork = self.evm.options().hardfork;
        self.evm.set_tracer(Some(Box::new(Tracer::new(TraceOptions::struct_logs(), TraceOutput::memory()))));
        let started = Transaction::from_raw(raw, hardfork).and_then(|transaction| self.evm.start(transaction));
        started.map_err(|error| error.to_string())?;
        self.resume()
    }

    fn resume(&mut self) -> std::result::Result<Simulated, String> {
        self.finish().map_err(|error| error.to_string())
    }

    fn balance(&mut self, address: Address) -> U256 {
        self.read(|state| state.balance(address))
    }

    fn nonce(&mut self, address: Address) -> u64 {
        self.read(|state| state.nonce(address))
    }

    fn code(&mut self, address: Address) -> Bytes {
        self.read(|state| state.code(address))
    }

    fn storage(&mut self, address: Address, slot: U256) -> U256 {
        self.read(|state| state.storage(address, slot))
    }
}
