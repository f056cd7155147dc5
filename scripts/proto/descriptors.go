package main

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// roots matches the files that are wanted for their own sake; what they import comes along. Paths that merely
// contain "v2" are not excluded by name: envoy/.../cache_v2/v3 is v3, and some v2-era files carry no "v2" at all.
var roots = regexp.MustCompile(`^(envoy/(.*/)?(v3|annotations)|xds|udpa|validate)/`)

// publishedFiles returns the wanted descriptors of the linked module, sorted by path, with every custom option
// (validate.rules, udpa.annotations, ...) resolved to a known extension.
func publishedFiles() ([]protoreflect.FileDescriptor, error) {
	var linked []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if roots.MatchString(file.Path()) {
			linked = append(linked, file)
		}
		return true
	})
	if len(linked) == 0 {
		return nil, fmt.Errorf("no Envoy descriptors are linked; run link.sh first")
	}
	wanted, err := importClosure(linked)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range wanted {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	raw, err := proto.Marshal(set)
	if err != nil {
		return nil, err
	}
	files, err := parseWithOptions(raw)
	if err != nil {
		return nil, err
	}
	return sortedVendored(files), nil
}

// importClosure returns the files and all that they import, imports first.
func importClosure(files []protoreflect.FileDescriptor) ([]protoreflect.FileDescriptor, error) {
	var ordered []protoreflect.FileDescriptor
	visited := map[string]bool{}
	var visit func(file protoreflect.FileDescriptor) error
	visit = func(file protoreflect.FileDescriptor) error {
		if visited[file.Path()] {
			return nil
		}
		visited[file.Path()] = true
		for i := range file.Imports().Len() {
			dependency := file.Imports().Get(i).FileDescriptor
			if dependency.IsPlaceholder() {
				return fmt.Errorf("%s imports %s, which is not linked", file.Path(), dependency.Path())
			}
			if err := visit(dependency); err != nil {
				return err
			}
		}
		ordered = append(ordered, file)
		return nil
	}
	for _, file := range files {
		if err := visit(file); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

// parseWithOptions parses a serialized FileDescriptorSet twice: the first pass finds the extensions that it declares,
// the second reads options with them. After one pass alone, options would be unknown bytes and vanish from print.
func parseWithOptions(raw []byte) (*protoregistry.Files, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := (proto.UnmarshalOptions{Resolver: noExtensions}).Unmarshal(raw, set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	set = &descriptorpb.FileDescriptorSet{}
	if err := (proto.UnmarshalOptions{Resolver: dynamicpb.NewTypes(files)}).Unmarshal(raw, set); err != nil {
		return nil, err
	}
	return protodesc.NewFiles(set)
}

// noExtensions keeps the first pass independent of what happens to be linked into this program.
var noExtensions = &protoregistry.Types{}

// sortedVendored lists the files that live in the tree: all but google/protobuf/*, which every compiler brings along.
func sortedVendored(files *protoregistry.Files) []protoreflect.FileDescriptor {
	var list []protoreflect.FileDescriptor
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(file.Path(), "google/protobuf/") {
			list = append(list, file)
		}
		return true
	})
	sort.Slice(list, func(i, j int) bool { return list[i].Path() < list[j].Path() })
	return list
}
