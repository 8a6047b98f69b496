//! Code put together by hand: loops of single instructions, and the ray tracer that every EVM is measured with.

use super::{Account, CALLEE, CALLER, Call, TARGET, Workload, World};
use alloy_primitives::{Bytes, U256, hex};
use revm::bytecode::opcode::{
    ADD, CALL, DUP1, JUMPDEST, JUMPI, KECCAK256, MSTORE, MUL, POP, PUSH0, PUSH1, PUSH2, PUSH3, PUSH20, RETURN, SLOAD,
    STOP, SUB, SWAP1, XOR,
};

/// Runtime code of karalabe's snailtracer, as revme 43.0.3 has it.
const SNAILTRACER: &str = include_str!("../../evm/snailtracer.hex");

/// `Benchmark()` of the snailtracer.
const BENCHMARK: [u8; 4] = hex!("30627b7c");

/// `body` for each `i` from `count` down to 1; it finds `i` on the stack and leaves it there.
fn repeat(count: u32, body: &[u8]) -> Vec<u8> {
    let [_, count @ ..] = count.to_be_bytes();
    let mut code = vec![PUSH3];
    code.extend(count);
    let start = u8::try_from(code.len()).unwrap_or(u8::MAX);
    code.push(JUMPDEST);
    code.extend(body);
    code.extend([PUSH1, 1, SWAP1, SUB, DUP1, PUSH2, 0, start, JUMPI, STOP]);
    code
}

fn workload(id: &'static str, what: &'static str, code: Vec<u8>, storage: u64) -> Workload {
    let mut world = World::default();
    world.account(CALLER).balance = U256::from(10).pow(U256::from(20));
    *world.account(TARGET) = Account {
        nonce: 1,
        code: code.into(),
        storage: (1..=storage).map(|slot| (U256::from(slot), U256::from(slot) * U256::from(0x1_0001))).collect(),
        ..Account::default()
    };
    Workload { id, what, world, call: Call { from: CALLER, to: TARGET, data: Bytes::new() } }
}

/// The ray tracer: arithmetic, memory and jumps, some storage.
///
/// # Errors
/// When its code is not hexadecimal.
pub fn snailtracer() -> Result<Workload, hex::FromHexError> {
    let code = hex::decode(SNAILTRACER.trim())?;
    let mut workload = workload("evm_snailtracer", "snailtracer", code, 0);
    workload.call.data = BENCHMARK.into();
    Ok(workload)
}

/// 80,000 reads of one slot, 16 in each turn.
#[must_use]
pub fn warm_sload() -> Workload {
    let body = [PUSH0, SLOAD, POP].repeat(16);
    workload("evm_warm_sload", "warm SLOAD, 80,000", repeat(5_000, &body), 0)
}

/// 10,000 slots, each read for the first time.
#[must_use]
pub fn cold_sload() -> Workload {
    workload("evm_cold_sload", "cold SLOAD, 10,000", repeat(10_000, &[DUP1, SLOAD, POP]), 10_000)
}

/// 10,000 calls of a contract that returns 32 bytes.
#[must_use]
pub fn call() -> Workload {
    let mut body = vec![PUSH1, 32, PUSH0, PUSH0, PUSH0, PUSH0, PUSH20];
    body.extend(CALLEE);
    // 0x7fff gas.
    body.extend([PUSH2, 0x7f, 0xff, CALL, POP]);
    let mut workload = workload("evm_call", "CALL, 10,000", repeat(10_000, &body), 0);
    *workload.world.account(CALLEE) = Account {
        nonce: 1,
        code: vec![PUSH1, 42, PUSH0, MSTORE, PUSH1, 32, PUSH0, RETURN].into(),
        ..Account::default()
    };
    workload
}

/// 100,000 turns of arithmetic, a hash in each tenth.
#[must_use]
pub fn compute() -> Workload {
    let mut body = Vec::new();
    for round in 0..10 {
        body.extend([
            DUP1,
            PUSH1,
            3 + round,
            MUL,
            PUSH1,
            17,
            ADD,
            DUP1,
            MUL,
            DUP1,
            PUSH1,
            0x5a,
            XOR,
            ADD,
            PUSH0,
            MSTORE,
        ]);
    }
    body.extend([PUSH1, 32, PUSH0, KECCAK256, POP]);
    workload("evm_compute", "compute loop, 100,000 turns", repeat(10_000, &body), 0)
}

/// `slots` reads of slots that were not read before, with 2,000 instructions between two of them.
#[must_use]
pub fn misses(slots: u32) -> Workload {
    let mut body = Vec::new();
    // Four instructions, 498 times: with those of the loop, 2,001 lie between two reads.
    for _ in 0..498 {
        body.extend([DUP1, PUSH1, 7, MUL, POP]);
    }
    body.extend([DUP1, SLOAD, POP]);
    workload("evm_miss", "misses with 2,000 instructions between", repeat(slots, &body), u64::from(slots))
}
