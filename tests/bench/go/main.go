// The same work on Go's net/http: verify, route, parse, append a line, answer.
//
// usage: gobaseline PORT FILE [sync]
// With sync an answer waits until its line is on disk, one fdatasync for all that wait; without, lines are flushed
// every 100 ms and never synced.
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	app      = "1400000000"
	token    = "bench-token"
	batchMax = 1024
)

type topicInfoChanged struct {
	CallbackCommand string
	GroupId         string
	Operator        string `json:"Operator_Account"`
	Name            string `json:",omitempty"`
	Introduction    string `json:",omitempty"`
	Notification    string `json:",omitempty"`
	FaceUrl         string `json:",omitempty"`
}

type answer struct {
	ActionStatus string
	ErrorInfo    string
	ErrorCode    int
}

type keep func(line []byte) error

// buffered hands lines to the kernel now and then.
func buffered(file *os.File) keep {
	var lock sync.Mutex
	writer := bufio.NewWriterSize(file, 1<<16)
	go func() {
		for range time.Tick(100 * time.Millisecond) {
			lock.Lock()
			writer.Flush()
			lock.Unlock()
		}
	}()
	return func(line []byte) error {
		lock.Lock()
		defer lock.Unlock()
		_, err := writer.Write(line)
		return err
	}
}

type waiting struct {
	line []byte
	done chan error
}

// synced returns once a line is on disk.
func synced(file *os.File) keep {
	queue := make(chan waiting, 4*batchMax)
	go func() {
		for first := range queue {
			batch, bytes := collect(first, queue)
			_, err := file.Write(bytes)
			if err == nil {
				err = syscall.Fdatasync(int(file.Fd()))
			}
			for _, one := range batch {
				one.done <- err
			}
		}
	}()
	return func(line []byte) error {
		one := waiting{line, make(chan error, 1)}
		queue <- one
		return <-one.done
	}
}

func collect(first waiting, queue chan waiting) ([]waiting, []byte) {
	batch, bytes := []waiting{first}, append([]byte(nil), first.line...)
	for len(batch) < batchMax {
		select {
		case one := <-queue:
			batch, bytes = append(batch, one), append(bytes, one.line...)
		default:
			return batch, bytes
		}
	}
	return batch, bytes
}

func genuine(query url.Values) bool {
	sum := sha256.Sum256([]byte(token + query.Get("RequestTime")))
	given, err := hex.DecodeString(query.Get("Sign"))
	return err == nil && query.Get("SdkAppid") == app && subtle.ConstantTimeCompare(given, sum[:]) == 1
}

func handle(request *http.Request, commands map[string]func() any, save keep) (string, bool) {
	query := request.URL.Query()
	if request.Method != http.MethodPost || !genuine(query) {
		return "refused", false
	}
	shape, known := commands[query.Get("CallbackCommand")]
	if !known {
		return "unknown command", false
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		return "unreadable", false
	}
	event := shape()
	if json.Unmarshal(body, event) != nil {
		return "not JSON", false
	}
	line, err := json.Marshal(event)
	if err != nil || save(append(line, '\n')) != nil {
		return "not kept", false
	}
	return "", true
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: gobaseline PORT FILE [sync]")
	}
	file, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		log.Fatal(err)
	}
	save := buffered(file)
	if len(os.Args) > 3 && os.Args[3] == "sync" {
		save = synced(file)
	}
	commands := map[string]func() any{
		"Group.CallbackAfterTopicInfoChanged": func() any { return new(topicInfoChanged) },
	}
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		problem, ok := handle(request, commands, save)
		reply := answer{"OK", "", 0}
		if !ok {
			reply = answer{"FAIL", problem, 1}
		}
		writer.Header().Set("Content-Type", "application/json")
		json.NewEncoder(writer).Encode(reply)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
