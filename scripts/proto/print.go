package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// ownFolder holds the project's own definitions inside the tree; it is never written to and nothing in it is stale.
const ownFolder = "authplane"

// printTree writes the files under dir, removes .proto files there that are no longer published, and prints how many
// were written.
func printTree(files []protoreflect.FileDescriptor, dir string) error {
	published := map[string]bool{}
	for _, file := range files {
		if strings.HasPrefix(file.Path(), ownFolder+"/") {
			return fmt.Errorf("%s would overwrite the project's own definitions", file.Path())
		}
		published[file.Path()] = true
	}
	printer := protoprint.Printer{Indent: "  "}
	if err := printer.PrintProtosToFileSystem(files, dir); err != nil {
		return err
	}
	if err := removeStale(dir, published); err != nil {
		return err
	}
	fmt.Println(len(files))
	return nil
}

// removeStale deletes unpublished .proto files under dir and the folders that become empty.
func removeStale(dir string, published map[string]bool) error {
	var folders []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		switch {
		case entry.IsDir() && name == ownFolder:
			return filepath.SkipDir
		case entry.IsDir():
			if name != "." {
				folders = append(folders, path)
			}
		case strings.HasSuffix(name, ".proto") && !published[name]:
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := len(folders) - 1; i >= 0; i-- { // deepest first
		if left, err := os.ReadDir(folders[i]); err != nil {
			return err
		} else if len(left) > 0 {
			continue
		}
		if err := os.Remove(folders[i]); err != nil {
			return err
		}
	}
	return nil
}
