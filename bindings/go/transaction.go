package worldstate

// #include "shim_evm.h"
import "C"

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"strconv"
	"unsafe"
)

// Transaction is an unsigned transaction as eth_call takes it: without Nonce that is not checked, without a fee gas is free, without Gas
// it is the cap.
type Transaction struct {
	From                 Address
	To                   *Address // nil: a creation
	Gas                  uint64
	GasPrice             *big.Int // in wei, as the fees below
	MaxFeePerGas         *big.Int
	MaxPriorityFeePerGas *big.Int
	MaxFeePerBlobGas     *big.Int
	Value                *big.Int // in wei
	Nonce                *uint64
	Input                []byte
	AccessList           []AccessTuple
	BlobVersionedHashes  []Hash
	AuthorizationList    json.RawMessage // EIP-7702, as in JSON-RPC
	ChainID              uint64
}

// AccessTuple is an account of an access list (EIP-2930).
type AccessTuple struct {
	Address     Address `json:"address"`
	StorageKeys []Hash  `json:"storageKeys"`
}

// MarshalJSON writes the transaction as eth_call takes it.
func (t Transaction) MarshalJSON() ([]byte, error) {
	fields := fields{"from": t.From}
	if t.To != nil {
		fields["to"] = *t.To
	}
	fields.number("gas", t.Gas)
	fields.number("chainId", t.ChainID)
	if t.Nonce != nil {
		fields["nonce"] = "0x" + strconv.FormatUint(*t.Nonce, 16)
	}
	fields.quantity("gasPrice", t.GasPrice)
	fields.quantity("maxFeePerGas", t.MaxFeePerGas)
	fields.quantity("maxPriorityFeePerGas", t.MaxPriorityFeePerGas)
	fields.quantity("maxFeePerBlobGas", t.MaxFeePerBlobGas)
	fields.quantity("value", t.Value)
	if t.Input != nil {
		fields["input"] = "0x" + hex.EncodeToString(t.Input)
	}
	if t.AccessList != nil {
		fields["accessList"] = t.AccessList
	}
	if t.BlobVersionedHashes != nil {
		fields["blobVersionedHashes"] = t.BlobVersionedHashes
	}
	if t.AuthorizationList != nil {
		fields["authorizationList"] = t.AuthorizationList
	}
	return json.Marshal(map[string]interface{}(fields))
}

// MarshalJSON writes an empty list of keys as one.
func (t AccessTuple) MarshalJSON() ([]byte, error) {
	type plain AccessTuple
	if t.StorageKeys == nil {
		t.StorageKeys = []Hash{}
	}
	return json.Marshal(plain(t))
}

// fields is a JSON object under way.
type fields map[string]interface{}

func (f fields) number(name string, value uint64) {
	if value != 0 {
		f[name] = "0x" + strconv.FormatUint(value, 16)
	}
}

// quantity leaves out nil. A negative number becomes one that the library refuses.
func (f fields) quantity(name string, value *big.Int) {
	if value != nil {
		f[name] = "0x" + value.Text(16)
	}
}

// SetTransaction says what is executed next. It stays set until something else is.
func (e *Evm) SetTransaction(transaction Transaction) error {
	raw, err := json.Marshal(transaction)
	if err != nil {
		return newError(ErrInvalidInput, err.Error())
	}
	return e.SetTransactionJSON(string(raw))
}

// SetTransactionJSON says what is executed next: a transaction as eth_call takes it, or as eth_getTransactionByHash returns it.
func (e *Evm) SetTransactionJSON(transaction string) error {
	t, err := textOf(transaction, "the transaction")
	if err != nil {
		return err
	}
	return e.call(func(id C.uintptr_t) C.int { return C.ws_evm_set_transaction_json(id, t.pointer()) })
}

// SetRawTransaction says what is executed next: a signed transaction as eth_sendRawTransaction takes it, of type legacy, 2930, 1559,
// 4844 (with or without blobs) or 7702.
func (e *Evm) SetRawTransaction(envelope []byte) error {
	return e.call(func(id C.uintptr_t) C.int {
		return C.ws_evm_set_transaction(id, bytesAt(envelope), C.size_t(len(envelope)))
	})
}

// Message is a call or creation without the transaction around it: no intrinsic gas, no fee, no nonce.
type Message struct {
	Caller   Address
	Origin   *Address // what ORIGIN returns; nil: the caller
	To       *Address // whose storage and balance are used; nil: a creation, with Input as its init code
	Code     []byte   // the code that runs; none: that of To
	Value    *big.Int // wei that go from the caller to To; nil: none
	Input    []byte
	Gas      uint64 // all of it for the code
	GasPrice uint64 // what GASPRICE returns, in wei. Nothing is paid
	IsStatic bool   // the state must not be changed, as in STATICCALL
}

// SetMessage says what is executed next. It stays set until something else is.
func (e *Evm) SetMessage(m Message) error {
	raw := C.EvmMessage{
		size:      C.sizeof_EvmMessage,
		code_len:  C.size_t(len(m.Code)),
		input_len: C.size_t(len(m.Input)),
		gas:       C.uint64_t(m.Gas),
		gas_price: C.uint64_t(m.GasPrice),
	}
	if m.IsStatic {
		raw.is_static = 1
	}
	var value []byte
	if m.Value != nil {
		word, err := HashOf(m.Value)
		if err != nil {
			return err
		}
		value = word[:]
	}
	return e.call(func(id C.uintptr_t) C.int {
		return C.ws_evm_set_message(id, &raw, addressAt(&m.Caller), addressAt(m.Origin), addressAt(m.To), bytesAt(m.Code),
			bytesAt(value), bytesAt(m.Input))
	})
}

func addressAt(a *Address) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(a)) }
