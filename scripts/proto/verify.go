package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// verifyImage compares a buf image of the tree with the published descriptors: the same files, and in each the same
// messages, fields, enums, services and options. It names every difference on stderr.
func verifyImage(published []protoreflect.FileDescriptor, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	image, err := parseWithOptions(raw)
	if err != nil {
		return err
	}
	vendored := map[string]protoreflect.FileDescriptor{}
	for _, file := range sortedVendored(image) {
		if !strings.HasPrefix(file.Path(), ownFolder+"/") {
			vendored[file.Path()] = file
		}
	}
	differences := 0
	report := func(format string, args ...any) {
		differences++
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
	count := 0
	for _, file := range published {
		other, found := vendored[file.Path()]
		if !found {
			report("%s: missing", file.Path())
			continue
		}
		delete(vendored, file.Path())
		want, got := elements(file), elements(other)
		count += len(want)
		for name, element := range want {
			if match, found := got[name]; !found {
				report("%s: %s is missing", file.Path(), name)
			} else if !bytes.Equal(element, match) {
				report("%s: %s differs", file.Path(), name)
			}
		}
		for name := range got {
			if _, found := want[name]; !found {
				report("%s: %s is not published", file.Path(), name)
			}
		}
	}
	for name := range vendored {
		report("%s: not published", name)
	}
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	fmt.Printf("%d files, %d elements, no difference\n", len(published), count)
	return nil
}

// elements encodes what a file declares, by full name, each without what it contains, so that a difference is
// reported once and where it is. The file itself (syntax, package, imports, options) is listed under its path.
// Bytes are compared because options read with two registries have two types, which are never equal as messages.
func elements(file protoreflect.FileDescriptor) map[string][]byte {
	found := map[string][]byte{}
	add := func(name protoreflect.FullName, element proto.Message) {
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(element)
		if err != nil {
			fail(err)
		}
		found[string(name)] = encoded
	}
	head := protodesc.ToFileDescriptorProto(file)
	head.MessageType, head.EnumType, head.Service, head.Extension, head.SourceCodeInfo = nil, nil, nil, nil, nil
	add(protoreflect.FullName(file.Path()), head)
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		head := protodesc.ToServiceDescriptorProto(service)
		head.Method = nil
		add(service.FullName(), head)
		for j := range service.Methods().Len() {
			method := service.Methods().Get(j)
			own := protodesc.ToMethodDescriptorProto(method)
			if proto.Size(own.Options) == 0 { // protoc writes empty options for `rpc ... {}`, buf writes none for `rpc ...;`
				own.Options = nil
			}
			add(method.FullName(), own)
		}
	}
	addContents(add, file)
	return found
}

// addContents adds the enums, extensions and messages that a file or a message contains.
func addContents(add func(protoreflect.FullName, proto.Message), container interface {
	Enums() protoreflect.EnumDescriptors
	Extensions() protoreflect.ExtensionDescriptors
	Messages() protoreflect.MessageDescriptors
}) {
	for i := range container.Enums().Len() {
		enum := container.Enums().Get(i)
		add(enum.FullName(), protodesc.ToEnumDescriptorProto(enum))
	}
	for i := range container.Extensions().Len() {
		extension := container.Extensions().Get(i)
		add(extension.FullName(), protodesc.ToFieldDescriptorProto(extension))
	}
	for i := range container.Messages().Len() {
		message := container.Messages().Get(i)
		head := protodesc.ToDescriptorProto(message)
		head.Field, head.NestedType, head.EnumType, head.Extension = nil, nil, nil, nil
		add(message.FullName(), head)
		for j := range message.Fields().Len() {
			field := message.Fields().Get(j)
			add(field.FullName(), protodesc.ToFieldDescriptorProto(field))
		}
		addContents(add, message)
	}
}
