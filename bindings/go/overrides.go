package worldstate

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
)

// Block is the block that executions are in. Fields that are nil stay as they are.
type Block struct {
	Number        *uint64
	Timestamp     *uint64
	GasLimit      *uint64
	BaseFeePerGas *big.Int // in wei
	Miner         *Address
	MixHash       *Hash // what PREVRANDAO returns
	Difficulty    *big.Int
	ExcessBlobGas *uint64
}

// SetBlock sets fields of the block.
func (e *Evm) SetBlock(block Block) error {
	fields := fields{}
	fields.optional("number", block.Number)
	fields.optional("timestamp", block.Timestamp)
	fields.optional("gasLimit", block.GasLimit)
	fields.optional("excessBlobGas", block.ExcessBlobGas)
	fields.quantity("baseFeePerGas", block.BaseFeePerGas)
	fields.quantity("difficulty", block.Difficulty)
	if block.Miner != nil {
		fields["miner"] = *block.Miner
	}
	if block.MixHash != nil {
		fields["mixHash"] = *block.MixHash
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return e.SetBlockJSON(string(raw))
}

// AccountOverride is what an account is taken to be while code runs. What is nil is as in the state.
type AccountOverride struct {
	Balance   *big.Int // in wei
	Nonce     *uint64
	Code      []byte
	State     map[Hash]Hash // the whole storage
	StateDiff map[Hash]Hash // some slots
	MoveTo    *Address      // where the precompiled contract that is here is moved to
}

// MarshalJSON writes the override as eth_call takes it.
func (o AccountOverride) MarshalJSON() ([]byte, error) {
	fields := fields{}
	fields.quantity("balance", o.Balance)
	fields.optional("nonce", o.Nonce)
	if o.Code != nil {
		fields["code"] = "0x" + hex.EncodeToString(o.Code)
	}
	if o.State != nil {
		fields["state"] = o.State
	}
	if o.StateDiff != nil {
		fields["stateDiff"] = o.StateDiff
	}
	if o.MoveTo != nil {
		fields["movePrecompileToAddress"] = *o.MoveTo
	}
	return json.Marshal(map[string]interface{}(fields))
}

// SetStateOverrides sets overrides of the state for the executions to come. They are in force while code runs and never in the state;
// what ran on them cannot be committed. Nil: none.
func (e *Evm) SetStateOverrides(overrides map[Address]AccountOverride) error {
	if overrides == nil {
		return e.SetStateOverridesJSON("")
	}
	raw, err := json.Marshal(overrides)
	if err != nil {
		return err
	}
	return e.SetStateOverridesJSON(string(raw))
}

// BlockOverrides is what the block is taken to be. What is nil is as in the block.
type BlockOverrides struct {
	Number        *uint64
	Time          *uint64
	GasLimit      *uint64
	FeeRecipient  *Address
	PrevRandao    *Hash
	BaseFeePerGas *big.Int // in wei
	BlobBaseFee   *big.Int // in wei
	Difficulty    *big.Int
	BlockHash     map[uint64]Hash
}

// SetBlockOverrides sets overrides of the block for the executions to come. Nil: none.
func (e *Evm) SetBlockOverrides(overrides *BlockOverrides) error {
	if overrides == nil {
		return e.SetBlockOverridesJSON("")
	}
	fields := fields{}
	fields.optional("number", overrides.Number)
	fields.optional("time", overrides.Time)
	fields.optional("gasLimit", overrides.GasLimit)
	fields.quantity("baseFeePerGas", overrides.BaseFeePerGas)
	fields.quantity("blobBaseFee", overrides.BlobBaseFee)
	fields.quantity("difficulty", overrides.Difficulty)
	if overrides.FeeRecipient != nil {
		fields["feeRecipient"] = *overrides.FeeRecipient
	}
	if overrides.PrevRandao != nil {
		fields["prevRandao"] = *overrides.PrevRandao
	}
	if overrides.BlockHash != nil {
		fields["blockHash"] = overrides.BlockHash
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return e.SetBlockOverridesJSON(string(raw))
}

func (f fields) optional(name string, value *uint64) {
	if value != nil {
		f[name] = "0x" + strconv.FormatUint(*value, 16)
	}
}
