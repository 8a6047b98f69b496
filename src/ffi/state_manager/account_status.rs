//! Whether an account exists.

use crate::state::AccountStatus;
use std::ffi::c_int;

/// The account is not in the state.
pub const STATE_MANAGER_ACCOUNT_ABSENT: c_int = 0;
/// The account exists with balance 0, nonce 0 and no code.
pub const STATE_MANAGER_ACCOUNT_EMPTY: c_int = 1;
/// The account exists and is not empty.
pub const STATE_MANAGER_ACCOUNT_PRESENT: c_int = 2;

pub(super) fn status_number(status: AccountStatus) -> c_int {
    match status {
        AccountStatus::Absent => STATE_MANAGER_ACCOUNT_ABSENT,
        AccountStatus::Empty => STATE_MANAGER_ACCOUNT_EMPTY,
        AccountStatus::Present => STATE_MANAGER_ACCOUNT_PRESENT,
    }
}
