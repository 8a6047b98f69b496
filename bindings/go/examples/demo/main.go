// The main job on a real chain: fork it, read many slots at once, simulate a transfer of tokens, look at what it would change, and take it
// back. The scene says what is worth reading; tools/demo/chain.mjs writes it.
//
//	demo URL SCENE
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"math/big"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"worldstate"
)

type scene struct {
	token    worldstate.Address
	accounts map[string]worldstate.Address
	names    []string
	slots    []worldstate.Hash
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: demo URL SCENE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	read, err := readScene(os.Args[2])
	if err == nil {
		err = run(ctx, os.Args[1], read)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func readScene(path string) (*scene, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &scene{accounts: map[string]worldstate.Address{}}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "contract":
			s.token, err = worldstate.ParseAddress(words[2])
		case "account":
			s.accounts[words[1]], err = worldstate.ParseAddress(words[2])
		case "slot":
			var slot worldstate.Hash
			slot, err = worldstate.ParseHash(words[2])
			s.names, s.slots = append(s.names, words[1]), append(s.slots, slot)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func run(ctx context.Context, url string, s *scene) error {
	fork, err := worldstate.OpenFork(ctx, worldstate.ForkOptions{Transport: &worldstate.HTTPTransport{URL: url}})
	if err != nil {
		return err
	}
	defer fork.Close()
	block, err := fork.Block(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("chain %d, forked at block %d, over net/http\n\n", block.ChainID, block.Number)
	state, err := fork.NewStateManager()
	if err != nil {
		return err
	}
	defer state.Close()

	before, err := balances(ctx, state, s)
	if err != nil {
		return err
	}
	result, err := simulate(ctx, state, s, block)
	if err != nil {
		return err
	}
	after, err := balances(ctx, state, s)
	if err != nil {
		return err
	}
	changes, err := state.Changes(ctx)
	if err != nil {
		return err
	}
	if err := state.Revert(); err != nil {
		return err
	}
	back, err := balances(ctx, state, s)
	if err != nil {
		return err
	}

	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "WST\ton the chain\tafter bob sends dave 5\ttaken back\t")
	for i, name := range s.names {
		fmt.Fprintf(table, "%s\t%v\t%v\t%v\t\n", name, tokens(before[i]), tokens(after[i]), tokens(back[i]))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	stats, err := fork.Stats()
	if err != nil {
		return err
	}
	fmt.Printf("\nthe transfer: %v, %d gas, %d log, %d slots and %d nonce changed\n", result.Status, result.GasUsed, len(result.Logs),
		len(changes.Storage), len(changes.Nonces))
	fmt.Printf("all of it: %d JSON-RPC requests in %d HTTP bodies\n", stats.Requests, stats.Bodies)
	return nil
}

// balances reads all slots of the scene in one call.
func balances(ctx context.Context, state *worldstate.StateManager, s *scene) ([]worldstate.Hash, error) {
	addresses := make([]worldstate.Address, len(s.slots))
	for i := range addresses {
		addresses[i] = s.token
	}
	return state.StorageBatch(ctx, addresses, s.slots)
}

// simulate executes token.transfer(dave, 5) from bob, in a checkpoint that Revert takes back.
func simulate(ctx context.Context, state *worldstate.StateManager, s *scene, block worldstate.ForkBlock) (*worldstate.Result, error) {
	evm, err := worldstate.NewEvm(state, worldstate.EvmOptions{ChainID: block.ChainID, RunAhead: worldstate.RunAheadOn})
	if err != nil {
		return nil, err
	}
	defer evm.Close()
	dave, amount := s.accounts["dave"], worldstate.Hash{}
	new(big.Int).Mul(big.NewInt(5), big.NewInt(1e18)).FillBytes(amount[:])
	input := append([]byte{0xa9, 0x05, 0x9c, 0xbb}, make([]byte, 12)...)
	input = append(append(input, dave[:]...), amount[:]...)
	if err := evm.SetTransaction(worldstate.Transaction{From: s.accounts["bob"], To: &s.token, Input: input}); err != nil {
		return nil, err
	}
	return evm.ExecuteInCheckpoint(ctx, nil)
}

// tokens is an amount in whole tokens.
func tokens(amount worldstate.Hash) *big.Int { return new(big.Int).Div(amount.Big(), big.NewInt(1e18)) }
