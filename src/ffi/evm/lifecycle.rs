//! Life of an executor.

use super::Executor;
use crate::error::{Error, Result};
use crate::evm::{Evm, EvmOptions as Options, RunAhead};
use crate::ffi::buffer;
use crate::ffi::guard;
use crate::ffi::handle::{EvmHandle, Kind, Object, StateManagerHandle};
use crate::ffi::versioned::{versioned, versioned_out};
use alloy_primitives::Address;
use std::ffi::{c_char, c_int};

/// The host is asked for what neither the state manager nor a fork below it has. Without this, what a state manager
/// without fork does not hold is absent, zero, empty.
pub const EVM_ASK_HOST: u32 = 1;
/// The sender may spend more than it has.
pub const EVM_NO_BALANCE_CHECK: u32 = 2;
/// The transaction's nonce need not be the sender's.
pub const EVM_NO_NONCE_CHECK: u32 = 4;
/// The fee may be below the block's base fee.
pub const EVM_NO_BASE_FEE_CHECK: u32 = 8;
/// Code and init code may be of any size (EIP-170, EIP-3860).
pub const EVM_NO_CODE_SIZE_LIMIT: u32 = 16;
/// The transaction's gas limit may be above the block's.
pub const EVM_NO_BLOCK_GAS_LIMIT: u32 = 32;
/// A contract may send a transaction (EIP-3607).
pub const EVM_NO_SENDER_CODE_CHECK: u32 = 64;
/// Nothing is charged for gas, and nobody is paid.
pub const EVM_NO_FEE: u32 = 128;

/// One thing is asked for after the other.
pub const EVM_RUN_AHEAD_OFF: c_int = 0;
/// What else will be needed is found by running on with provisional values, which never reach the execution itself.
pub const EVM_RUN_AHEAD_ON: c_int = 1;
/// The node is asked with eth_createAccessList; where it cannot tell, as EVM_RUN_AHEAD_ON.
pub const EVM_RUN_AHEAD_ACCESS_LIST: c_int = 2;
/// The node is asked with debug_traceCall and its prestateTracer; where it cannot tell, as EVM_RUN_AHEAD_ACCESS_LIST.
pub const EVM_RUN_AHEAD_PRESTATE: c_int = 3;

/// Rules and switches of an executor. Begin with EVM_OPTIONS_INIT; 0 or NULL stands for the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvmOptions {
    /// sizeof(EvmOptions).
    pub size: usize,
    /// Name of the hardfork in any case, such as "cancun", or its number: 0 Frontier, 1 Homestead, 2 Tangerine, 3
    /// SpuriousDragon, 4 Byzantium, 5 Petersburg, 6 Istanbul, 7 Berlin, 8 London, 9 Paris, 10 Shanghai, 11 Cancun, 12
    /// Prague, 13 Osaka. Default: the newest.
    pub hardfork: *const c_char,
    /// What CHAINID returns and a transaction's chain id has to be. Default 1.
    pub chain_id: u64,
    /// EVM_ASK_HOST and EVM_NO_… together.
    pub flags: u32,
    /// One of EVM_RUN_AHEAD_….
    pub run_ahead: c_int,
    /// Storage values of the host that are kept within an execution once they have been read. Default 1,024.
    pub cache_size: usize,
    /// The largest gas limit of a transaction, and the gas of a JSON transaction that gives none. Default: EIP-7825's
    /// from Osaka on, none before; a JSON transaction then gets the block's gas limit, or 50,000,000 without block.
    pub gas_cap: u64,
    /// Addresses, 20 bytes each, of precompiled contracts that the host answers.
    pub precompiles: *const u8,
    /// Their number.
    pub precompile_count: usize,
}

const EMPTY: EvmOptions = EvmOptions {
    size: size_of::<EvmOptions>(),
    hardfork: std::ptr::null(),
    chain_id: 0,
    flags: 0,
    run_ahead: EVM_RUN_AHEAD_OFF,
    cache_size: 0,
    gas_cap: 0,
    precompiles: std::ptr::null(),
    precompile_count: 0,
};

/// # Safety
/// `options` is NULL or as the struct documents.
unsafe fn read(options: *const EvmOptions) -> Result<Options> {
    if options.is_null() {
        return Ok(Options::default());
    }
    // SAFETY: forwarded; all of its fields may be zero.
    let given = unsafe { versioned("EvmOptions", options, EMPTY) }?;
    // SAFETY: forwarded.
    let hardfork = unsafe { buffer::optional_text("hardfork", given.hardfork) }?;
    // SAFETY: forwarded; arrays of bytes have no alignment.
    let precompiles =
        unsafe { buffer::slice::<[u8; 20]>("precompiles", given.precompiles.cast(), given.precompile_count) }?;
    let unknown = given.flags & !(2 * EVM_NO_FEE - 1);
    if unknown != 0 {
        return Err(Error::InvalidInput(format!("flags {unknown:#x} are none of EVM_ASK_HOST and EVM_NO_…")));
    }
    let flag = |flag| given.flags & flag != 0;
    let default = Options::default();
    Ok(Options {
        hardfork: hardfork.map_or(Ok(default.hardfork), |name| match name.parse() {
            Ok(number) => crate::evm::Hardfork::from_number(number),
            Err(_) => name.parse(),
        })?,
        chain_id: if given.chain_id == 0 { default.chain_id } else { given.chain_id },
        ask_host: flag(EVM_ASK_HOST),
        run_ahead: match given.run_ahead {
            EVM_RUN_AHEAD_OFF => RunAhead::Off,
            EVM_RUN_AHEAD_ON => RunAhead::On,
            EVM_RUN_AHEAD_ACCESS_LIST => RunAhead::AccessList,
            EVM_RUN_AHEAD_PRESTATE => RunAhead::Prestate,
            other => return Err(Error::InvalidInput(format!("run_ahead {other} is none of EVM_RUN_AHEAD_…"))),
        },
        cache_size: if given.cache_size == 0 { default.cache_size } else { given.cache_size },
        precompiles: precompiles.iter().map(Address::from).collect(),
        no_balance_check: flag(EVM_NO_BALANCE_CHECK),
        no_nonce_check: flag(EVM_NO_NONCE_CHECK),
        no_base_fee_check: flag(EVM_NO_BASE_FEE_CHECK),
        no_code_size_limit: flag(EVM_NO_CODE_SIZE_LIMIT),
        no_block_gas_limit: flag(EVM_NO_BLOCK_GAS_LIMIT),
        no_sender_code_check: flag(EVM_NO_SENDER_CODE_CHECK),
        no_fee: flag(EVM_NO_FEE),
        gas_cap: (given.gas_cap != 0).then_some(given.gas_cap),
    })
}

/// An executor over a state manager, with the default rules where `options` is NULL. The state manager stays the
/// caller's: the executor fails with INVALID_HANDLE once it is destroyed. NULL where it cannot be made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_create(state_manager: StateManagerHandle, options: *const EvmOptions) -> EvmHandle {
    let made = guard::create(|| {
        guard::with_state(state_manager.addr(), |_| Ok(()))?;
        // SAFETY: pointers as the interface's contract says.
        let options = unsafe { read(options) }?;
        Ok(Object::Evm(Box::new(Executor::new(Evm::new(options)?, state_manager.addr()))))
    });
    std::ptr::without_provenance_mut(made)
}

/// Destroys an executor, and with it an execution that is under way: nothing of it is in the state. NULL is a no-op.
#[unsafe(no_mangle)]
pub extern "C" fn evm_destroy(handle: EvmHandle) {
    guard::destroy(handle.addr(), Kind::Evm);
}

/// Counters of the execution that is under way or ended last. Begin with EVM_STATS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EvmStats {
    /// sizeof(EvmStats).
    pub size: usize,
    /// Values that were missing when the execution came to them, or were fetched ahead and used. Known at its end.
    pub needed: u64,
    /// Times that it stopped for something missing.
    pub rounds: u64,
    /// Values that were asked for ahead and not used. Known at its end.
    pub useless: u64,
    /// Nanoseconds spent on running ahead.
    pub run_ahead_nanos: u64,
    /// Reads of storage that the host's answers satisfied.
    pub cache_hits: u64,
    /// Reads of storage that found no answer of the host.
    pub cache_misses: u64,
    /// Storage values of the host that are kept.
    pub cached_slots: u64,
    /// Storage values of the host that were dropped for others.
    pub cache_evictions: u64,
}

/// Counters, to a struct that begins with its size: of a shorter, older one only the fields that it has are written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evm_stats(handle: EvmHandle, out_stats: *mut EvmStats) -> c_int {
    guard::evm(handle.addr(), |executor| {
        let stats = executor.evm.stats();
        let all = EvmStats {
            size: size_of::<EvmStats>(),
            needed: stats.needed,
            rounds: stats.rounds,
            useless: stats.useless,
            run_ahead_nanos: stats.run_ahead_nanos,
            cache_hits: stats.cache_hits,
            cache_misses: stats.cache_misses,
            cached_slots: stats.cached_slots,
            cache_evictions: stats.cache_evictions,
        };
        // SAFETY: pointers as the interface's contract says; every field of the struct is a plain number.
        unsafe { versioned_out("EvmStats", out_stats, &all) }
    })
}
