// Command proto turns the Envoy API descriptors that are compiled into the go-control-plane Go module back into
// .proto files, and checks that .proto files still say what those descriptors say.
//
//	proto print DIR     write the v3 files and everything they import under DIR, remove stale ones, print the count
//	proto verify IMAGE  compare a `buf build` image of the printed files with the descriptors; exit 1 on a difference
//
// link.sh has to run first: it writes imports.go, which links the descriptors in.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: proto print DIR | proto verify IMAGE"))
	}
	published, err := publishedFiles()
	if err != nil {
		fail(err)
	}
	switch command, arg := os.Args[1], os.Args[2]; command {
	case "print":
		err = printTree(published, arg)
	case "verify":
		err = verifyImage(published, arg)
	default:
		err = fmt.Errorf("unknown command %q", command)
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "proto:", err)
	os.Exit(1)
}
