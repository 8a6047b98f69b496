//! The fixtures' names of what is wrong with a transaction, and how revm puts it.

/// Name in the fixtures, and what revm's text may begin with.
const NAMES: &[(&str, &[&str])] = &[
    ("INITCODE_SIZE_EXCEEDED", &["create initcode size limit"]),
    ("INSUFFICIENT_ACCOUNT_FUNDS", &["lack of funds", "overflow payment"]),
    ("INSUFFICIENT_MAX_FEE_PER_BLOB_GAS", &["blob gas price"]),
    ("INSUFFICIENT_MAX_FEE_PER_GAS", &["gas price is less than basefee"]),
    ("INTRINSIC_GAS_BELOW_FLOOR_GAS_COST", &["gas floor", "call gas cost"]),
    ("INTRINSIC_GAS_TOO_LOW", &["call gas cost", "gas floor"]),
    ("GAS_ALLOWANCE_EXCEEDED", &["caller gas limit exceeds"]),
    ("GAS_LIMIT_EXCEEDS_MAXIMUM", &["transaction gas limit"]),
    ("NONCE_IS_MAX", &["nonce"]),
    ("NONCE_MISMATCH_TOO_HIGH", &["nonce"]),
    ("NONCE_MISMATCH_TOO_LOW", &["nonce"]),
    ("PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", &["priority fee"]),
    ("PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2", &["priority fee"]),
    ("SENDER_NOT_EOA", &["reject transactions from senders"]),
    ("TYPE_1_TX_PRE_FORK", &["Eip2930"]),
    ("TYPE_2_TX_PRE_FORK", &["Eip1559"]),
    ("TYPE_3_TX_PRE_FORK", &["Eip4844"]),
    ("TYPE_3_TX_BLOB_COUNT_EXCEEDED", &["too many blobs"]),
    ("TYPE_3_TX_CONTRACT_CREATION", &["blob create"]),
    ("TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH", &["blob version"]),
    ("TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", &["too many blobs"]),
    ("TYPE_3_TX_ZERO_BLOBS", &["empty blobs"]),
    ("TYPE_4_EMPTY_AUTHORIZATION_LIST", &["empty authorization list"]),
    ("TYPE_4_TX_CONTRACT_CREATION", &["authorization list create"]),
    ("TYPE_4_TX_PRE_FORK", &["Eip7702"]),
    // The older fixtures'.
    ("IntrinsicGas", &["call gas cost"]),
    ("SenderNotEOA", &["reject transactions from senders"]),
    ("TR_BLOBCREATE", &["blob create"]),
    ("TR_BLOBLIST_OVERSIZE", &["too many blobs"]),
    ("TR_BLOBVERSION_INVALID", &["blob version"]),
    ("TR_EMPTYBLOB", &["empty blobs"]),
    ("TR_FeeCapLessThanBlocks", &["gas price is less than basefee"]),
    ("TR_GasLimitReached", &["caller gas limit exceeds"]),
    ("TR_InitCodeLimitExceeded", &["create initcode size limit"]),
    ("TR_NoFunds", &["lack of funds", "overflow payment"]),
    ("TR_NoFundsOrGas", &["lack of funds", "overflow payment", "call gas cost"]),
    ("TR_NoFundsX", &["lack of funds", "overflow payment"]),
    ("TR_NonceHasMaxValue", &["nonce"]),
    ("TR_TipGtFeeCap", &["priority fee"]),
    ("TR_TypeNotSupported", &["Eip2930", "Eip1559", "Eip4844"]),
];

/// Whether `why` is one of the reasons that the fixture allows: `A|B` means either.
pub(crate) fn explains(expected: &str, why: &str) -> bool {
    expected.split('|').any(|name| {
        let name = name.trim().trim_start_matches("TransactionException.");
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.is_some_and(|(_, texts)| texts.iter().any(|text| why.starts_with(text)))
    })
}
