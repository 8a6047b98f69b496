// The program holds the state, and executions ask for it: once with a Store, whose questions are answered in parallel, and once with a
// loop of its own.
package main

import (
	"context"
	"fmt"
	"log"
	"math/big"

	"worldstate"
)

var contract = worldstate.MustAddress("0x0000000000000000000000000000000000c0ffee")

// Slot 0 + slot 1 + the balance of the caller; stored in slot 2 and returned.
var sum = []byte("\x5f\x54\x60\x01\x54\x01\x33\x31\x01\x80\x60\x02\x55\x5f\x52\x60\x20\x5f\xf3")

// database is this program's store: one contract. Everybody else has a balance and nothing more.
type database struct{}

func (database) Storage(_ context.Context, _ worldstate.Address, slot worldstate.Hash) (worldstate.Hash, error) {
	return map[worldstate.Hash]worldstate.Hash{
		worldstate.HashOfUint64(0): worldstate.HashOfUint64(10),
		worldstate.HashOfUint64(1): worldstate.HashOfUint64(20),
	}[slot], nil
}

func (database) Balance(_ context.Context, address worldstate.Address) (*big.Int, error) {
	if address == contract {
		return new(big.Int), nil
	}
	return big.NewInt(7), nil
}

func (database) Code(_ context.Context, address worldstate.Address) ([]byte, error) {
	if address == contract {
		return sum, nil
	}
	return nil, nil
}

func (database) Nonce(_ context.Context, address worldstate.Address) (uint64, error) {
	if address == contract {
		return 1, nil
	}
	return 0, nil
}

func (database) BlockHash(_ context.Context, number uint64) (worldstate.Hash, error) {
	return worldstate.Hash{}, fmt.Errorf("block %d is not in the database", number)
}

// Parallel lets that many questions be asked at once.
func (database) Parallel() int { return 8 }

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	state, err := worldstate.NewStateManager()
	if err != nil {
		return err
	}
	defer state.Close()
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{AskHost: true, RunAhead: worldstate.RunAheadOn})
	if err != nil {
		return err
	}
	defer evm.Close()
	caller := worldstate.MustAddress("0x00000000000000000000000000000000000a11ce")
	if err := evm.SetMessage(worldstate.Message{Caller: caller, To: &contract, Gas: 100_000}); err != nil {
		return err
	}

	result, err := evm.Simulate(ctx, database{})
	if err != nil {
		return err
	}
	fmt.Printf("%v, output %v\n", result.Status, new(big.Int).SetBytes(result.Output))
	stats, err := evm.Stats()
	if err != nil {
		return err
	}
	fmt.Printf("%d values in %d rounds\n", stats.Needed, stats.Rounds)

	fmt.Println("by hand")
	request, err := evm.Call()
	for err == nil && request.Type != worldstate.OutputReadyToCommit {
		var answer worldstate.Answer
		if answer, err = lookUp(ctx, request); err == nil {
			request, err = evm.Continue(answer)
		}
	}
	if err != nil {
		return err
	}
	if err := evm.Commit(); err != nil {
		return err
	}
	value, err := state.Storage(ctx, contract, worldstate.HashOfUint64(2))
	fmt.Println("slot 2 is", value.Big(), "in the state")
	return err
}

func lookUp(ctx context.Context, request worldstate.Request) (answer worldstate.Answer, err error) {
	db := database{}
	switch request.Type {
	case worldstate.OutputNeedStorage:
		fmt.Println("  storage", request.Slot.Big())
		value, err := db.Storage(ctx, request.Address, request.Slot)
		return worldstate.StorageAnswer(request.Address, request.Slot, value), err
	case worldstate.OutputNeedBalance:
		fmt.Println("  balance of", request.Address)
		balance, err := db.Balance(ctx, request.Address)
		if err != nil {
			return answer, err
		}
		return worldstate.BalanceAnswer(request.Address, balance)
	case worldstate.OutputNeedCode:
		fmt.Println("  code of", request.Address)
		code, err := db.Code(ctx, request.Address)
		return worldstate.CodeAnswer(request.Address, code), err
	case worldstate.OutputNeedNonce:
		fmt.Println("  nonce of", request.Address)
		nonce, err := db.Nonce(ctx, request.Address)
		return worldstate.NonceAnswer(request.Address, nonce), err
	}
	return answer, fmt.Errorf("unexpected question %d", request.Type)
}
