// The CPU that one pass over a YAML file takes with the Go packages of kustomize; bench/throughput.py runs it.
//
//	go run . [-iterations 3] [-texts FILE] INPUT
//
// Prints seconds for each pass as a JSON object: `node`, `any` and `sigs` load every document, `dump` prints each value
// that `any` loads. User and system time of the whole process count, so the garbage collector is in it; reading the
// file is not. With -texts, what `dump` prints is left in FILE as a JSON list.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"runtime"
	"syscall"
	"time"

	yaml "go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	iterations := flag.Int("iterations", 3, "passes that are timed together")
	file := flag.String("texts", "", "a file for the printed documents")
	flag.Parse()
	data, err := os.ReadFile(flag.Arg(0))
	check(err)

	// Loading first, while there is nothing else for the collector to look at.
	costs := map[string]float64{
		"node": cost(*iterations, func() { loadV3[yaml.Node](data) }),
		"any":  cost(*iterations, func() { loadV3[any](data) }),
		"sigs": cost(*iterations, func() { loadSigs(data) }),
	}
	values := loadV3[any](data)
	costs["dump"] = cost(*iterations, func() { dump(values) })

	if *file != "" {
		list, err := json.Marshal(dump(values))
		check(err)
		check(os.WriteFile(*file, list, 0o666))
	}
	check(json.NewEncoder(os.Stdout).Encode(costs))
}

// loadV3 gives all documents, which stay in memory together, as in kustomize.
func loadV3[T any](data []byte) []*T {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var documents []*T
	for {
		document := new(T)
		err := decoder.Decode(document)
		if err == io.EOF {
			return documents
		}
		check(err)
		documents = append(documents, document)
	}
}

func loadSigs(data []byte) []any {
	var documents []any
	for _, part := range bytes.Split(data, []byte("\n---\n")) {
		var document any
		check(sigs.Unmarshal(part, &document))
		documents = append(documents, document)
	}
	return documents
}

func dump(values []*any) []string {
	texts := make([]string, len(values))
	for index, value := range values {
		text, err := sigs.Marshal(*value)
		check(err)
		texts[index] = string(text)
	}
	return texts
}

// cost is the mean of some passes after one that does not count.
func cost(iterations int, pass func()) float64 {
	pass()
	runtime.GC()
	start := used()
	for range iterations {
		pass()
	}
	return (used() - start).Seconds() / float64(iterations)
}

// used is the CPU time of all threads of this process.
func used() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
