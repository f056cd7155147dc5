#!/bin/sh
# Checks that proto/ says exactly what the recorded version of the Envoy API module says: builds the folder with buf and
# compares the result with the descriptors in the module. Exit code 1 and a list on stderr when they differ.
# Needs Go, a module proxy and buf (`npm ci` installs it).
set -eu
cd "$(dirname "$0")/../.."
module=github.com/envoyproxy/go-control-plane/envoy
PATH="$PWD/node_modules/.bin:$PATH"

scripts/proto/link.sh
version=$(cd scripts/proto && go list -m -f '{{.Version}}' "$module")
commit=$(cat "$(cd scripts/proto && go list -m -f '{{.Dir}}' "$module")/COMMIT")
for recorded in "| Version | $version |" "| Envoy commit | $commit "; do
  grep -qF "$recorded" proto/PROVENANCE.md || {
    echo "proto/PROVENANCE.md does not record '$recorded'; run scripts/proto/print.sh" >&2
    exit 1
  }
done

image=$(mktemp)
trap 'rm -f "$image"' EXIT
buf build --exclude-source-info -o "$image#format=binpb"
cd scripts/proto
go run . verify "$image"
