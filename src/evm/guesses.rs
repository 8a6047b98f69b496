//! Guessing what else an execution will need, so that it can be fetched in one go.
//!
//! A scratch execution of the same job runs on with provisional values for what is missing, and what it asks for is
//! the guess. Nothing of it reaches the real execution but the list of requests.

use crate::state::Request;
use alloy_primitives::map::{AddressSet, HashSet};
use alloy_primitives::{Address, B256, U256};
use revm::state::{AccountInfo, Bytecode};

/// How provisional values are made up. No single choice leads through every contract: a check that zero fails, one may
/// pass. Tried in this order until the scratch execution ends with success.
pub(super) const STYLES: [Style; 4] = [
    Style { slot: U256::ZERO, word: U256::ONE },
    Style { slot: U256::ONE, word: U256::ONE },
    Style { slot: LARGE, word: LARGE },
    Style { slot: U256::ONE, word: U256::ZERO },
];

/// About 10^18: an amount of tokens, a timestamp beyond all deadlines, and an address that is nobody's.
const LARGE: U256 = U256::from_limbs([1 << 60, 0, 0, 0]);

/// Instructions that one scratch execution may run.
pub(super) const INSTRUCTIONS: u64 = 200_000;

/// Requests that one scratch execution may find, at first and at most.
pub(super) const FEW_KEYS: usize = 16;
pub(super) const MANY_KEYS: usize = 256;

#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// What a missing slot holds.
    slot: U256,
    /// What missing code returns, ten times over.
    word: U256,
}

/// The provisional values of one scratch execution, and what they stood in for.
#[derive(Debug)]
pub(super) struct Guesses {
    style: Style,
    limit: usize,
    /// Accounts that the job itself creates, or that are known to have no code.
    plain: AddressSet,
    created: AddressSet,
    seen: HashSet<Request>,
    found: Vec<Request>,
}

impl Guesses {
    /// `plain`: accounts that have no code as far as anybody can tell, such as the sender.
    pub(super) fn new(style: Style, limit: usize, plain: impl IntoIterator<Item = Address>) -> Self {
        Self {
            style,
            limit,
            plain: plain.into_iter().collect(),
            created: AddressSet::default(),
            seen: HashSet::default(),
            found: Vec::new(),
        }
    }

    /// What was missing, in the order in which it was met.
    pub(super) fn into_found(self) -> Vec<Request> {
        self.found
    }

    /// The account at this address is about to be created: it is absent.
    pub(super) fn will_create(&mut self, address: Address) {
        self.created.insert(address);
    }

    /// Notes a request. `None` once there are too many: the scratch execution ends there.
    fn note(&mut self, request: Request) -> Option<()> {
        if self.seen.insert(request) {
            if self.found.len() >= self.limit {
                return None;
            }
            self.found.push(request);
        }
        Some(())
    }

    #[expect(clippy::option_option, reason = "the outer one ends the scratch execution, the inner is revm's")]
    pub(super) fn account(&mut self, address: Address, request: Request) -> Option<Option<AccountInfo>> {
        self.note(request)?;
        if self.created.contains(&address) {
            return Some(None);
        }
        let balance = U256::MAX >> 8;
        if self.plain.contains(&address) {
            return Some(Some(AccountInfo { balance, code: Some(Bytecode::default()), ..Default::default() }));
        }
        // No code has this hash, so the question for the code is met as well.
        let code_hash = B256::left_padding_from(address.as_slice());
        Some(Some(AccountInfo { balance, nonce: 1, code_hash, code: None, account_id: None }))
    }

    pub(super) fn code(&mut self, request: Request) -> Option<Bytecode> {
        self.note(request)?;
        Some(returning(self.style.word))
    }

    pub(super) fn storage(&mut self, _: Address, request: Request) -> Option<U256> {
        self.note(request)?;
        Some(self.style.slot)
    }

    pub(super) fn block_hash(&mut self, request: Request) -> Option<B256> {
        self.note(request)?;
        Some(B256::from(self.style.slot))
    }
}

/// Code that returns `word` ten times over: enough for most return types.
fn returning(word: U256) -> Bytecode {
    use revm::bytecode::opcode::{MSTORE, PUSH1, PUSH2, PUSH32, RETURN};
    const WORDS: u16 = 10;
    let mut code = Vec::with_capacity(400);
    for position in 0..WORDS {
        code.push(PUSH32);
        code.extend_from_slice(&word.to_be_bytes::<32>());
        code.push(PUSH2);
        code.extend_from_slice(&(position * 32).to_be_bytes());
        code.push(MSTORE);
    }
    code.push(PUSH2);
    code.extend_from_slice(&(WORDS * 32).to_be_bytes());
    code.extend_from_slice(&[PUSH1, 0, RETURN]);
    Bytecode::new_legacy(code.into())
}
