//! revm's types as this crate puts them together.

use super::database::{Database, DatabaseError};
use super::guard;
use super::precompile::Precompiles;
use revm::context::{BlockEnv, CfgEnv, FrameStack, Journal, TxEnv};
use revm::context_interface::JournalTr;
use revm::context_interface::result::EVMError;
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthFrame, MainnetHandler};
use revm::interpreter::interpreter::EthInterpreter;
use revm::primitives::hardfork::SpecId;

pub(super) type Context = revm::context::Context<BlockEnv, TxEnv, CfgEnv, Database, Journal<Database>, ()>;
pub(super) type Frame = EthFrame<EthInterpreter>;
pub(super) type Machine = revm::context::Evm<Context, (), EthInstructions<EthInterpreter, Context>, Precompiles, Frame>;
pub(super) type MachineError = EVMError<DatabaseError>;
pub(super) type Handler = MainnetHandler<Machine, MachineError, Frame>;

/// A machine without transaction, over `database`.
pub(super) fn new(spec: SpecId, database: Database, precompiles: Precompiles) -> Machine {
    let mut journal = Journal::new(database);
    journal.set_spec_id(spec);
    Machine {
        ctx: Context {
            block: BlockEnv::default(),
            tx: TxEnv::default(),
            cfg: CfgEnv::new_with_spec(spec),
            journaled_state: journal,
            chain: (),
            local: revm::context::LocalContext::default(),
            error: Ok(()),
        },
        inspector: (),
        instruction: guard::instructions(spec),
        precompiles,
        // The driver has its own.
        frame_stack: FrameStack::new_prealloc(0),
    }
}
