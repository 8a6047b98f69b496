//! Random programs that touch state.

use super::actors;
use alloy_primitives::{Address, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use revm::bytecode::opcode as op;
use revm::primitives::hardfork::SpecId;

/// Which call.
#[derive(Clone, Copy, Debug)]
pub enum CallKind {
    Call,
    CallCode,
    Delegate,
    Static,
}

/// How much gas a call gets.
#[derive(Clone, Copy, Debug)]
pub enum Gas {
    All,
    Some(u32),
}

/// Something a contract does. Each leaves the stack as it found it, but for [`Op::Byte`].
#[derive(Clone, Debug)]
pub enum Op {
    Sload(u8),
    Sstore(u8, u8),
    /// Stores what the last one left: gas, memory size, the value read.
    Keep(u8, Reading),
    Read(Reading),
    ExtCodeCopy(u8, u8, u8),
    Tstore(u8, u8),
    Call {
        kind: CallKind,
        to: u8,
        value: u8,
        gas: Gas,
        input: u8,
        output: u8,
    },
    Create {
        salt: Option<u8>,
        value: u8,
        init: Vec<Self>,
    },
    SelfDestruct(u8),
    Log(u8, u8),
    MemoryStore(u16, u8),
    ReturnDataCopy(u8),
    /// Runs the body unless the slot is zero.
    If(u8, Vec<Self>),
    Loop(u8, Vec<Self>),
    Return(u8),
    Revert(u8),
    Stop,
    Byte(u8),
}

/// Something that leaves one word.
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    Gas,
    MemorySize,
    Slot(u8),
    Transient(u8),
    Balance(u8),
    SelfBalance,
    CodeSize(u8),
    CodeHash(u8),
    BlockHash(u16),
    ReturnDataSize,
    BaseFee,
    ChainId,
    Memory(u16),
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        2 => Just(Reading::Gas),
        1 => Just(Reading::MemorySize),
        5 => any::<u8>().prop_map(Reading::Slot),
        2 => any::<u8>().prop_map(Reading::Transient),
        4 => any::<u8>().prop_map(Reading::Balance),
        1 => Just(Reading::SelfBalance),
        4 => any::<u8>().prop_map(Reading::CodeSize),
        4 => any::<u8>().prop_map(Reading::CodeHash),
        2 => (0..300_u16).prop_map(Reading::BlockHash),
        1 => Just(Reading::ReturnDataSize),
        1 => Just(Reading::BaseFee),
        1 => Just(Reading::ChainId),
        1 => (0..300_u16).prop_map(Reading::Memory),
    ]
}

fn leaf() -> impl Strategy<Value = Op> {
    let gas = prop_oneof![2 => Just(Gas::All), 1 => (0..3_000_u32).prop_map(Gas::Some), 2 => (3_000..200_000_u32).prop_map(Gas::Some)];
    let kind = prop_oneof![3 => Just(CallKind::Call), 1 => Just(CallKind::CallCode), 2 => Just(CallKind::Delegate), 1 => Just(CallKind::Static)];
    let value = prop_oneof![3 => Just(0_u8), 1 => 1..4_u8];
    prop_oneof![
        6 => any::<u8>().prop_map(Op::Sload),
        8 => (any::<u8>(), 0..4_u8).prop_map(|(slot, value)| Op::Sstore(slot, value)),
        5 => (any::<u8>(), reading()).prop_map(|(slot, reading)| Op::Keep(slot, reading)),
        6 => reading().prop_map(Op::Read),
        2 => (any::<u8>(), any::<u8>(), 0..70_u8).prop_map(|(of, to, len)| Op::ExtCodeCopy(of, to, len)),
        2 => (any::<u8>(), 0..4_u8).prop_map(|(slot, value)| Op::Tstore(slot, value)),
        12 => (kind, any::<u8>(), value, gas, 0..70_u8, 0..70_u8)
            .prop_map(|(kind, to, value, gas, input, output)| Op::Call { kind, to, value, gas, input, output }),
        1 => any::<u8>().prop_map(Op::SelfDestruct),
        1 => (0..5_u8, 0..70_u8).prop_map(|(topics, len)| Op::Log(topics, len)),
        1 => (0..2_000_u16, any::<u8>()).prop_map(|(place, value)| Op::MemoryStore(place, value)),
        1 => (0..40_u8).prop_map(Op::ReturnDataCopy),
        1 => (0..70_u8).prop_map(Op::Return),
        1 => (0..70_u8).prop_map(Op::Revert),
        1 => Just(Op::Stop),
        1 => any::<u8>().prop_map(Op::Byte),
    ]
}

/// A program of some operations, calls and creations nested in it.
pub fn program() -> impl Strategy<Value = Vec<Op>> {
    let nested = leaf().prop_recursive(3, 24, 6, |inner| {
        let body = || vec(inner.clone(), 0..6);
        prop_oneof![
            6 => leaf(),
            2 => (proptest::option::of(0..3_u8), 0..3_u8, body())
                .prop_map(|(salt, value, init)| Op::Create { salt, value, init }),
            1 => (any::<u8>(), body()).prop_map(|(slot, body)| Op::If(slot, body)),
            1 => (1..5_u8, body()).prop_map(|(times, body)| Op::Loop(times, body)),
        ]
    });
    vec(nested, 0..14)
}

/// The code of the program. Operations that the rules have not yet are left out.
pub fn assemble(program: &[Op], spec: SpecId) -> Vec<u8> {
    let mut code = Code { bytes: Vec::new(), spec };
    code.all(program);
    code.bytes
}

struct Code {
    bytes: Vec<u8>,
    spec: SpecId,
}

impl Code {
    fn since(&self, spec: SpecId) -> bool {
        self.spec.is_enabled_in(spec)
    }

    fn push(&mut self, value: impl Into<u64>) {
        let bytes = value.into().to_be_bytes();
        let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(7)..];
        self.bytes.push(op::PUSH1 - 1 + u8::try_from(digits.len()).unwrap());
        self.bytes.extend(digits);
    }

    fn push_address(&mut self, choice: u8) {
        let address: Address = actors::address(choice);
        self.bytes.push(op::PUSH20);
        self.bytes.extend(address);
    }

    fn op(&mut self, opcode: u8) {
        self.bytes.push(opcode);
    }

    /// A two-byte push of a place in the code that is not known yet; returns where to write it.
    fn push_place(&mut self) -> usize {
        self.bytes.extend([op::PUSH2, 0, 0]);
        self.bytes.len() - 2
    }

    fn here(&mut self, place: usize) {
        let here = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
        self.bytes[place..place + 2].copy_from_slice(&here.to_be_bytes());
    }

    fn all(&mut self, program: &[Op]) {
        for op in program {
            self.one(op);
        }
    }

    fn read(&mut self, reading: Reading) {
        let byzantium = self.since(SpecId::BYZANTIUM);
        match reading {
            Reading::MemorySize => self.op(op::MSIZE),
            Reading::Slot(slot) => {
                self.push(actors::slot(slot));
                self.op(op::SLOAD);
            }
            Reading::Transient(slot) if self.since(SpecId::CANCUN) => {
                self.push(actors::slot(slot));
                self.op(op::TLOAD);
            }
            Reading::Balance(of) => {
                self.push_address(of);
                self.op(op::BALANCE);
            }
            Reading::SelfBalance if self.since(SpecId::ISTANBUL) => self.op(op::SELFBALANCE),
            Reading::CodeSize(of) => {
                self.push_address(of);
                self.op(op::EXTCODESIZE);
            }
            Reading::CodeHash(of) if self.since(SpecId::PETERSBURG) => {
                self.push_address(of);
                self.op(op::EXTCODEHASH);
            }
            Reading::BlockHash(back) => {
                self.push(actors::BLOCK_NUMBER + 10 - u64::from(back));
                self.op(op::BLOCKHASH);
            }
            Reading::ReturnDataSize if byzantium => self.op(op::RETURNDATASIZE),
            Reading::BaseFee if self.since(SpecId::LONDON) => self.op(op::BASEFEE),
            Reading::ChainId if self.since(SpecId::ISTANBUL) => self.op(op::CHAINID),
            Reading::Memory(place) => {
                self.push(place);
                self.op(op::MLOAD);
            }
            _ => self.op(op::GAS),
        }
    }

    fn one(&mut self, operation: &Op) {
        match operation {
            Op::Sload(slot) => {
                self.read(Reading::Slot(*slot));
                self.op(op::POP);
            }
            Op::Sstore(slot, value) => {
                self.push(*value);
                self.push(actors::slot(*slot));
                self.op(op::SSTORE);
            }
            Op::Keep(slot, reading) => {
                self.read(*reading);
                self.push(actors::slot(*slot));
                self.op(op::SSTORE);
            }
            Op::Read(reading) => {
                self.read(*reading);
                self.op(op::POP);
            }
            Op::ExtCodeCopy(of, to, len) => {
                self.push(*len);
                self.push(0_u8);
                self.push(*to);
                self.push_address(*of);
                self.op(op::EXTCODECOPY);
            }
            Op::Tstore(slot, value) if self.since(SpecId::CANCUN) => {
                self.push(*value);
                self.push(actors::slot(*slot));
                self.op(op::TSTORE);
            }
            Op::Call { kind, to, value, gas, input, output } => self.call(*kind, *to, *value, *gas, (*input, *output)),
            Op::Create { salt, value, init } => self.create(*salt, *value, init),
            Op::SelfDestruct(to) => {
                self.push_address(*to);
                self.op(op::SELFDESTRUCT);
            }
            Op::Log(topics, len) => {
                (0..*topics).for_each(|topic| self.push(topic));
                self.push(*len);
                self.push(0_u8);
                self.op(op::LOG0 + topics);
            }
            Op::MemoryStore(place, value) => {
                self.push(*value);
                self.push(*place);
                self.op(op::MSTORE);
            }
            Op::ReturnDataCopy(len) if self.since(SpecId::BYZANTIUM) => {
                self.push(*len);
                self.push(0_u8);
                self.push(0_u8);
                self.op(op::RETURNDATACOPY);
            }
            Op::If(slot, body) => {
                self.read(Reading::Slot(*slot));
                self.op(op::ISZERO);
                let place = self.push_place();
                self.op(op::JUMPI);
                self.all(body);
                self.here(place);
                self.op(op::JUMPDEST);
            }
            Op::Loop(times, body) => {
                self.push(*times);
                let start = self.bytes.len();
                self.op(op::JUMPDEST);
                self.all(body);
                self.push(1_u8);
                self.op(op::SWAP1);
                self.op(op::SUB);
                self.op(op::DUP1);
                self.push(u64::try_from(start).unwrap());
                self.op(op::JUMPI);
                self.op(op::POP);
            }
            Op::Return(len) => {
                self.push(*len);
                self.push(0_u8);
                self.op(op::RETURN);
            }
            Op::Revert(len) if self.since(SpecId::BYZANTIUM) => {
                self.push(*len);
                self.push(0_u8);
                self.op(op::REVERT);
            }
            Op::Stop => self.op(op::STOP),
            Op::Byte(byte) => self.op(*byte),
            Op::Tstore(..) | Op::ReturnDataCopy(_) | Op::Revert(_) => {}
        }
    }

    fn call(&mut self, kind: CallKind, to: u8, value: u8, gas: Gas, (input, output): (u8, u8)) {
        let (opcode, pays) = match kind {
            CallKind::CallCode => (op::CALLCODE, true),
            CallKind::Delegate if self.since(SpecId::HOMESTEAD) => (op::DELEGATECALL, false),
            CallKind::Static if self.since(SpecId::BYZANTIUM) => (op::STATICCALL, false),
            _ => (op::CALL, true),
        };
        self.push(output);
        self.push(8_u8);
        self.push(input);
        self.push(0_u8);
        if pays {
            self.push(value);
        }
        self.push_address(to);
        match gas {
            // Before EIP-150 a call cannot have all that is left.
            Gas::All if self.since(SpecId::TANGERINE) => self.op(op::GAS),
            Gas::All => self.push(30_000_u64),
            Gas::Some(gas) => self.push(gas),
        }
        self.op(opcode);
        self.op(op::POP);
    }

    /// Copies the init code from the end of this one's; the program goes on behind it.
    fn create(&mut self, salt: Option<u8>, value: u8, init: &[Op]) {
        let mut init = assemble(init, self.spec);
        init.truncate(1_000);
        for (word, bytes) in init.chunks(32).enumerate() {
            let mut padded = [0; 32];
            padded[..bytes.len()].copy_from_slice(bytes);
            self.bytes.push(op::PUSH32);
            self.bytes.extend(U256::from_be_bytes(padded).to_be_bytes::<32>());
            self.push(u64::try_from(word).unwrap() * 32);
            self.op(op::MSTORE);
        }
        let salt = salt.filter(|_| self.since(SpecId::PETERSBURG));
        if let Some(salt) = salt {
            self.push(salt);
        }
        self.push(u64::try_from(init.len()).unwrap());
        self.push(0_u8);
        self.push(value);
        self.op(if salt.is_some() { op::CREATE2 } else { op::CREATE });
        self.op(op::POP);
    }
}
