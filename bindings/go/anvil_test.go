package worldstate_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// node is a real Ethereum node of one test.
type node struct {
	t   *testing.T
	url string
}

// startNode starts anvil on a free port. It ends with the test, however that ends.
func startNode(t *testing.T, options ...string) *node {
	t.Helper()
	program := os.Getenv("WORLDSTATE_ANVIL")
	if program == "" {
		program = "../../build/tools/node_modules/.bin/anvil"
	}
	command := exec.Command(program, append([]string{"--host", "127.0.0.1", "--port", "0"}, options...)...)
	endWithParent(command)
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	address := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if at := strings.TrimPrefix(lines.Text(), "Listening on "); at != lines.Text() {
				address <- at
			}
		}
	}()
	select {
	case at := <-address:
		return &node{t, "http://" + at}
	case <-time.After(30 * time.Second):
		t.Fatal("the node did not start")
		return nil
	}
}

// rpc asks the node without this library.
func (n *node) rpc(method string, params ...interface{}) json.RawMessage {
	n.t.Helper()
	if params == nil {
		params = []interface{}{}
	}
	body, err := json.Marshal(map[string]interface{}{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	must(n.t, err)
	response, err := http.Post(n.url, "application/json", bytes.NewReader(body)) //nolint:noctx // a test
	must(n.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	must(n.t, err)
	var answer struct {
		Result, Error json.RawMessage
	}
	must(n.t, json.Unmarshal(raw, &answer))
	if answer.Error != nil {
		n.t.Fatalf("%s: %s", method, answer.Error)
	}
	return answer.Result
}

// text is rpc for an answer that is a text.
func (n *node) text(method string, params ...interface{}) (text string) {
	n.t.Helper()
	must(n.t, json.Unmarshal(n.rpc(method, params...), &text))
	return text
}

// Slot 0 + slot 1 + the balance of the caller; stored in slot 2 and returned.
const sumCode = "0x5f5460015401333101806002555f5260205ff3"

// withContract puts that code and two slots at an address.
func (n *node) withContract() {
	n.rpc("anvil_setCode", contract, sumCode)
	n.rpc("anvil_setStorageAt", contract, "0x0", "0x000000000000000000000000000000000000000000000000000000000000000a")
	n.rpc("anvil_setStorageAt", contract, "0x1", "0x0000000000000000000000000000000000000000000000000000000000000014")
	n.rpc("anvil_setBalance", contract, "0x2a")
	n.rpc("anvil_setBalance", alice, "0x7")
	n.rpc("anvil_setNonce", contract, "0x5")
	n.rpc("anvil_mine", "0x3")
}
