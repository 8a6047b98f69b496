//! A message call or creation by itself, without the transaction around it: no intrinsic gas, no fee, no nonce check.

use super::machine::{Machine, MachineError};
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::context_interface::journaled_state::JournalTr;
use revm::context_interface::result::ResultGas;
use revm::context_interface::{Cfg, ContextTr, LocalContextTr};
use revm::handler::{FrameResult, pre_execution};
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{
    CallInput, CallInputs, CallScheme, CallValue, CreateInputs, CreateScheme, FrameInput, SharedMemory,
};
use revm::state::Bytecode;

/// A message call, or a creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The caller.
    pub caller: Address,
    /// `tx.origin`; the caller where `None`.
    pub origin: Option<Address>,
    /// Whose storage and balance are used; `None` for a creation.
    pub to: Option<Address>,
    /// The code that runs; that of `to` where `None`.
    pub code: Option<Bytes>,
    /// Wei that go from the caller to `to`.
    pub value: U256,
    /// Call data; the init code of a creation.
    pub input: Bytes,
    /// Gas. All of it is for the code: a message has no intrinsic gas.
    pub gas_limit: u64,
    /// `tx.gasprice`, in wei. Nothing is paid.
    pub gas_price: u128,
    /// Whether the state must not be changed (STATICCALL).
    pub is_static: bool,
}

impl Message {
    /// What opcodes that look at the transaction see.
    pub(super) fn environment(&self) -> revm::context::TxEnv {
        revm::context::TxEnv {
            caller: self.origin.unwrap_or(self.caller),
            gas_price: self.gas_price,
            gas_limit: self.gas_limit,
            ..Default::default()
        }
    }

    /// Warms what a transaction from the caller would (EIP-2929, EIP-3651) and makes the input of the first frame.
    pub(super) fn first_frame(&self, machine: &mut Machine) -> Result<FrameInit, MachineError> {
        pre_execution::load_accounts::<_, MachineError>(machine)?;
        let ctx = &mut machine.ctx;
        let journal = &mut ctx.journaled_state;
        journal.load_account(self.origin.unwrap_or(self.caller))?;
        let caller_balance = journal.load_account(self.caller)?.info.balance;
        let lacking = self.value.saturating_sub(caller_balance);
        if ctx.cfg.is_balance_check_disabled() && !lacking.is_zero() {
            journal.balance_incr(self.caller, lacking)?;
        }
        let frame_input = if let Some(to) = self.to {
            self.call(machine, to)?
        } else {
            let (scheme, code) = (CreateScheme::Create, self.input.clone());
            FrameInput::Create(Box::new(CreateInputs::new(self.caller, scheme, self.value, code, self.gas_limit, 0)))
        };
        let memory = SharedMemory::new_with_buffer(machine.ctx.local().shared_memory_buffer().clone());
        Ok(FrameInit { depth: 0, memory, frame_input })
    }

    fn call(&self, machine: &mut Machine, to: Address) -> Result<FrameInput, MachineError> {
        let journal = &mut machine.ctx.journaled_state;
        let known_bytecode = if let Some(code) = &self.code {
            journal.load_account(to)?;
            let code = Bytecode::new_legacy(code.clone());
            (code.hash_slow(), code)
        } else {
            let code = code_of(machine, to)?;
            match code.1.eip7702_address() {
                Some(delegate) => code_of(machine, delegate)?,
                None => code,
            }
        };
        Ok(FrameInput::Call(Box::new(CallInputs {
            input: CallInput::Bytes(self.input.clone()),
            gas_limit: self.gas_limit,
            target_address: to,
            bytecode_address: to,
            known_bytecode,
            caller: self.caller,
            value: CallValue::Transfer(self.value),
            scheme: if self.is_static { CallScheme::StaticCall } else { CallScheme::Call },
            is_static: self.is_static,
            return_memory_offset: 0..0,
            reservoir: 0,
            charged_new_account_state_gas: false,
        })))
    }

    /// Gas of a message that ended, without its refund: to subtract that is a transaction's business.
    pub(super) fn gas(result: &mut FrameResult) -> ResultGas {
        let halted = result.instruction_result().is_halt();
        let gas = result.gas_mut();
        if halted {
            gas.spend_all();
        }
        ResultGas::default().with_total_gas_spent(gas.limit().saturating_sub(gas.remaining()))
    }
}

fn code_of(machine: &mut Machine, address: Address) -> Result<(B256, Bytecode), MachineError> {
    let info = &machine.ctx.journaled_state.load_account_with_code(address)?.info;
    Ok((info.code_hash, info.code.clone().unwrap_or_default()))
}
