package worldstate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Transport carries the requests of a fork. Several may be under way at once.
type Transport interface {
	// Post sends one JSON-RPC body, a single request or a batch, to the node and returns the body of its answer. An *HTTPError says what
	// status came instead; any other error is a connection that failed. What may pass is sent again, after a pause.
	Post(ctx context.Context, body []byte) ([]byte, error)
}

// TransportFunc is a function as a Transport.
type TransportFunc func(ctx context.Context, body []byte) ([]byte, error)

// Post calls the function.
func (f TransportFunc) Post(ctx context.Context, body []byte) ([]byte, error) { return f(ctx, body) }

// HTTPError is an answer of a node with a status other than 2xx.
type HTTPError struct {
	Status     int
	RetryAfter time.Duration // how long the node wants to be left alone
}

// Error names the status.
func (e *HTTPError) Error() string {
	return fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
}

// Doer is what of an *http.Client is needed.
type Doer interface {
	Do(request *http.Request) (*http.Response, error)
}

// HTTPTransport POSTs with a client of the program's own.
type HTTPTransport struct {
	URL       string
	Client    Doer        // default http.DefaultClient
	Header    http.Header // for each request
	MaxLength int64       // longest answer, in bytes. Default 64 MiB
}

// Post sends the body.
func (t *HTTPTransport) Post(ctx context.Context, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range t.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("Content-Type", "application/json")
	client, limit := t.Client, t.MaxLength
	if client == nil {
		client = http.DefaultClient
	}
	if limit == 0 {
		limit = 64 << 20
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, &HTTPError{response.StatusCode, retryAfter(response.Header.Get("Retry-After"), time.Now())}
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(answer)) > limit {
		return nil, fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return answer, err
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
