//! Precompiled contracts: the hardfork's own, moved ones, and those that the host answers.

use super::machine::Context;
use super::overrides::PrecompileOverrides;
use alloy_primitives::map::{AddressSet, HashMap};
use alloy_primitives::{Address, Bytes, U256};
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult};
use revm::primitives::hardfork::SpecId;

/// A call of a precompiled contract that the host has to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecompileCall {
    /// The contract.
    pub address: Address,
    /// Who calls it.
    pub caller: Address,
    /// Wei that come with the call.
    pub value: U256,
    /// Gas that it may use.
    pub gas_limit: u64,
    /// Whether it must not change the state.
    pub is_static: bool,
    /// Call data.
    pub input: Bytes,
}

/// How the host's precompiled contract ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrecompileStatus {
    /// With success.
    Success,
    /// Reverted: what gas is left goes back.
    Revert,
    /// Failed: all gas is used up.
    Halt,
}

/// The host's answer to a [`PrecompileCall`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecompileAnswer {
    /// How it ended.
    pub status: PrecompileStatus,
    /// Gas that it used; more than it was given is out of gas.
    pub gas_used: u64,
    /// Its output.
    pub output: Bytes,
}

/// The message with which a frame is refused that waits for the host's answer.
const WAITING: &str = "a precompiled contract of the host waits for its answer";

#[derive(Clone, Debug)]
pub(super) struct Precompiles {
    standard: EthPrecompiles,
    /// Where a standard one is found instead of its own address.
    moved: HashMap<Address, Address>,
    hosted: AddressSet,
    /// All of them: warm from the start (EIP-2929).
    addresses: AddressSet,
    /// Whether they are others than the hardfork's own.
    differs: bool,
    /// The call that waits for the host, and its answer.
    pub(super) call: Option<PrecompileCall>,
    pub(super) answer: Option<PrecompileAnswer>,
}

impl Precompiles {
    pub(super) fn new(spec: SpecId, hosted: &[Address]) -> Self {
        let mut precompiles = Self {
            standard: EthPrecompiles::new(spec),
            moved: HashMap::default(),
            hosted: hosted.iter().copied().collect(),
            addresses: AddressSet::default(),
            differs: false,
            call: None,
            answer: None,
        };
        precompiles.override_with(&PrecompileOverrides::default());
        precompiles
    }

    /// Takes standard precompiled contracts away, and puts some to other addresses; what was before is forgotten.
    pub(super) fn override_with(&mut self, overrides: &PrecompileOverrides) {
        self.moved = overrides.moved.iter().map(|(from, to)| (*to, *from)).collect();
        self.addresses.clone_from(self.standard.warm_addresses());
        for removed in &overrides.removed {
            self.addresses.remove(removed);
        }
        self.addresses.extend(self.moved.keys().copied());
        self.addresses.extend(self.hosted.iter().copied());
        self.differs = !(self.hosted.is_empty() && overrides.removed.is_empty() && self.moved.is_empty());
    }

    /// Whether the hardfork has a precompiled contract there.
    pub(super) fn is_standard(&self, address: Address) -> bool {
        self.standard.contains(&address)
    }

    /// Whether a call of `address` may have to wait for the host.
    #[inline]
    pub(super) fn is_hosted(&self, address: &Address) -> bool {
        !self.hosted.is_empty() && self.hosted.contains(address)
    }

    /// Forgets the call that waits, and its answer.
    pub(super) fn clear(&mut self) {
        (self.call, self.answer) = (None, None);
    }

    fn run_hosted(&mut self, context: &Context, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        let Some(answer) = self.answer.take() else {
            self.call = Some(PrecompileCall {
                address: inputs.bytecode_address,
                caller: inputs.caller,
                value: inputs.value.get(),
                gas_limit: inputs.gas_limit,
                is_static: inputs.is_static,
                input: inputs.input.bytes(context),
            });
            return Err(WAITING.to_owned());
        };
        self.call = None;
        let mut gas = Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit, inputs.reservoir);
        let within = gas.record_regular_cost(answer.gas_used);
        let (result, output) = match answer.status {
            _ if !within => (InstructionResult::PrecompileOOG, Bytes::new()),
            PrecompileStatus::Success => (InstructionResult::Return, answer.output),
            PrecompileStatus::Revert => (InstructionResult::Revert, answer.output),
            PrecompileStatus::Halt => (InstructionResult::PrecompileError, Bytes::new()),
        };
        if result.is_halt() {
            gas.spend_all();
        }
        Ok(Some(InterpreterResult::new(result, output, gas)))
    }
}

impl PrecompileProvider<Context> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        // The machine is made for one hardfork and never changes it.
        debug_assert_eq!(spec, self.standard.spec, "a machine keeps its hardfork");
        true
    }

    fn run(&mut self, context: &mut Context, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        let address = &inputs.bytecode_address;
        if !self.differs {
            return self.standard.run(context, inputs);
        }
        if !self.addresses.contains(address) {
            return Ok(None);
        }
        if self.is_hosted(address) {
            return self.run_hosted(context, inputs);
        }
        match self.moved.get(address) {
            Some(origin) => self.standard.run(context, &CallInputs { bytecode_address: *origin, ..inputs.clone() }),
            None => self.standard.run(context, inputs),
        }
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.addresses
    }

    fn contains(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }
}
