// The published snapshot cache of go-control-plane as a server: what bench/fleet compares authplane with.
//
// It reads the resources that authplane compiles for the same fleet, and gives them to every node. A line `push MARKER` on
// standard input changes the first cluster, `endpoints MARKER` its endpoints; nothing is read from disk for that, which favours
// this side.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

const group = "fleet"

// All nodes share one snapshot: the cheapest way to use the cache.
type oneGroup struct{}

func (oneGroup) ID(*corev3.Node) string { return group }

func main() {
	resources := flag.String("resources", "", "file with length-delimited google.protobuf.Any messages")
	cert := flag.String("cert", "", "PEM certificate of the server")
	key := flag.String("key", "", "PEM key of the server")
	clientCA := flag.String("client-ca", "", "PEM CA of client certificates")
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	flag.Parse()
	if err := run(*resources, *port, *cert, *key, *clientCA); err != nil {
		log.Fatal(err)
	}
}

func run(path string, port int, cert, key, clientCA string) error {
	byType, err := readResources(path)
	if err != nil {
		return err
	}
	cache := cachev3.NewSnapshotCache(true, oneGroup{}, nil)
	if err := publish(cache, byType, "first"); err != nil {
		return err
	}
	options := []grpc.ServerOption{grpc.MaxConcurrentStreams(1_000_000)}
	if cert != "" {
		transport, err := mutualTLS(cert, key, clientCA)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(transport))
	}
	server := grpc.NewServer(options...)
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(server, serverv3.NewServer(context.Background(), cache, nil))
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	go func() {
		fmt.Printf("ready xds=%s\n", listener.Addr())
		commands := bufio.NewScanner(os.Stdin)
		for commands.Scan() {
			what, marker, _ := strings.Cut(commands.Text(), " ")
			if err := change(cache, byType, what, marker); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("changed %s\n", marker)
		}
		server.Stop()
	}()
	return server.Serve(listener)
}

func readResources(path string) (map[resource.Type][]types.Resource, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	byType := map[resource.Type][]types.Resource{}
	for {
		var body anypb.Any
		err := protodelim.UnmarshalFrom(reader, &body)
		if errors.Is(err, io.EOF) {
			return byType, nil
		}
		if err != nil {
			return nil, err
		}
		message, err := body.UnmarshalNew()
		if err != nil {
			return nil, err
		}
		byType[body.TypeUrl] = append(byType[body.TypeUrl], message)
	}
}

func change(cache cachev3.SnapshotCache, byType map[resource.Type][]types.Resource, what, marker string) error {
	switch what {
	case "push":
		changed := proto.Clone(byType[resource.ClusterType][0]).(*clusterv3.Cluster)
		changed.AltStatName = marker
		return publish(cache, replaceFirst(byType, resource.ClusterType, changed), marker)
	case "endpoints":
		changed := proto.Clone(byType[resource.EndpointType][0]).(*endpointv3.ClusterLoadAssignment)
		changed.Endpoints[0].LbEndpoints[0].GetEndpoint().Hostname = marker
		return publish(cache, replaceFirst(byType, resource.EndpointType, changed), marker)
	default:
		return fmt.Errorf("unknown command %q", what)
	}
}

func replaceFirst(byType map[resource.Type][]types.Resource, typeURL resource.Type, changed types.Resource) map[resource.Type][]types.Resource {
	resources := append([]types.Resource{}, byType[typeURL]...)
	resources[0] = changed
	byType[typeURL] = resources
	return byType
}

var versions = map[types.ResponseType]string{}

// Types that did not change keep their version, as operators of the cache would do it.
func publish(cache cachev3.SnapshotCache, byType map[resource.Type][]types.Resource, version string) error {
	snapshot, err := cachev3.NewSnapshot("first", byType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(version, "endpoints") {
		versions[types.Endpoint] = version
	} else if version != "first" {
		versions[types.Cluster] = version
	}
	for responseType, known := range versions {
		snapshot.Resources[responseType].Version = known
	}
	return cache.SetSnapshot(context.Background(), group, snapshot)
}

func mutualTLS(cert, key, clientCA string) (credentials.TransportCredentials, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in the client CA")
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS12,
	}), nil
}
