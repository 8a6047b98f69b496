package worldstate

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

// Address is the 20 bytes of an account's address.
type Address [20]byte

// Hash is 32 big-endian bytes: a hash, a storage slot, a storage value.
type Hash [32]byte

// ParseAddress reads 40 hex digits in any case, with or without 0x. It fails with ErrInvalidHex.
func ParseAddress(s string) (Address, error) {
	var a Address
	digits := withoutPrefix(s)
	if len(digits) != 40 {
		return a, newError(ErrInvalidHex, fmt.Sprintf("address %q has %d digits and not 40", s, len(digits)))
	}
	if _, err := hex.Decode(a[:], []byte(digits)); err != nil {
		return Address{}, newError(ErrInvalidHex, fmt.Sprintf("address %q is not hexadecimal", s))
	}
	return a, nil
}

// MustAddress is ParseAddress for constants: it panics where that fails.
func MustAddress(s string) Address {
	a, err := ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// ParseHash reads 0x and 1 to 64 hex digits, or 64 digits without prefix. It fails with ErrInvalidHex.
func ParseHash(s string) (Hash, error) {
	var h Hash
	digits := withoutPrefix(s)
	if digits == s && len(digits) != 64 {
		return h, newError(ErrInvalidHex, fmt.Sprintf("word %q has neither a 0x prefix nor 64 digits", s))
	}
	if len(digits) == 0 || len(digits) > 64 {
		return h, newError(ErrInvalidHex, fmt.Sprintf("word %q has %d digits and not 1 to 64", s, len(digits)))
	}
	if _, err := hex.Decode(h[:], []byte(strings.Repeat("0", 64-len(digits))+digits)); err != nil {
		return Hash{}, newError(ErrInvalidHex, fmt.Sprintf("word %q is not hexadecimal", s))
	}
	return h, nil
}

// MustHash is ParseHash for constants: it panics where that fails.
func MustHash(s string) Hash {
	h, err := ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// HashOf is a number as a word. It fails with ErrInvalidInput when it is negative or has more than 256 bits.
func HashOf(n *big.Int) (Hash, error) {
	var h Hash
	if n == nil {
		return h, newError(ErrInvalidInput, "the number is nil")
	}
	if n.Sign() < 0 || n.BitLen() > 256 {
		return h, newError(ErrInvalidInput, fmt.Sprintf("%v is no number of 256 bits", n))
	}
	n.FillBytes(h[:])
	return h, nil
}

// HashOfUint64 is a number as a word.
func HashOfUint64(n uint64) Hash {
	var h Hash
	for i := 31; n > 0; i, n = i-1, n>>8 {
		h[i] = byte(n)
	}
	return h
}

// Big is the word as a number.
func (h Hash) Big() *big.Int { return new(big.Int).SetBytes(h[:]) }

// String is 0x and 40 lower-case digits.
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }

// String is 0x and 64 lower-case digits.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// MarshalText is what String is, for JSON.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// MarshalText is what String is, for JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what ParseAddress reads.
func (a *Address) UnmarshalText(s []byte) (err error) {
	*a, err = ParseAddress(string(s))
	return err
}

// UnmarshalText reads what ParseHash reads.
func (h *Hash) UnmarshalText(s []byte) (err error) {
	*h, err = ParseHash(string(s))
	return err
}

func withoutPrefix(s string) string {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return s[2:]
	}
	return s
}
