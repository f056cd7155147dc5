#!/bin/sh
# Prints Envoy's v3 API and all it imports into proto/ as .proto text, removes files that are gone, and records in
# proto/PROVENANCE.md where it came from. proto/authplane/ is never touched.
#
#   scripts/proto/print.sh           the version that go.mod pins
#   scripts/proto/print.sh v1.41.0   pin that version first
#
# Needs Go and a module proxy. Review the diff, then run scripts/proto/verify.sh.
set -eu
cd "$(dirname "$0")"
module=github.com/envoyproxy/go-control-plane/envoy
tree=../../proto

[ $# -eq 0 ] || go get "$module@$1"
version=$(go list -mod=mod -m -f '{{.Version}}' "$module")
./link.sh
go mod tidy
[ "$(go list -m -f '{{.Version}}' "$module")" = "$version" ] || {
  echo "another module in go.mod requires a newer $module than $version" >&2
  exit 1
}
count=$(go run . print "$tree")

dir=$(go list -m -f '{{.Dir}}' "$module")
cat "$dir/LICENSE" >"$tree/LICENSE"
cat >"$tree/PROVENANCE.md" <<END
# Where these files come from

Written by \`scripts/proto/print.sh\`; do not edit by hand. \`authplane/\` is the project's own and not part of this.

| | |
|---|---|
| Source | Go module \`$module\` |
| Version | $version |
| Envoy commit | $(cat "$dir/COMMIT") (the module's \`COMMIT\` file) |
| Files | $count |

The module publishes generated Go code, in which the descriptor of every .proto file is embedded. The script links all its
packages and those of the xDS API module, takes the v3 files (\`envoy/**/v3\`, \`envoy/annotations\`, \`xds\`, \`udpa\`, \`validate\`) with everything that
they import, and prints each descriptor back as text with \`$(go list -m -f '{{.Path}} {{.Version}}' github.com/jhump/protoreflect/v2)\`. Options such as
\`validate.rules\` are kept. Comments are not in the descriptors, so they are not here: Envoy's documentation has them.
\`google/protobuf/*\` comes with every compiler and is left out.

Files outside \`envoy/\` come from the versions that this module requires:

$(go list -m -f '- `{{.Path}}` {{.Version}}' \
  cel.dev/expr \
  github.com/cncf/xds/go \
  github.com/envoyproxy/protoc-gen-validate \
  github.com/prometheus/client_model \
  go.opentelemetry.io/proto/otlp \
  google.golang.org/genproto/googleapis/api \
  google.golang.org/genproto/googleapis/rpc)

**Upgrade:** \`scripts/proto/print.sh VERSION\`, read the diff, commit it.

**Verify:** \`scripts/proto/verify.sh\` builds this folder with buf and compares every file, message, field, enum, service
and option with the descriptors of the version above.
END
echo "printed $count files of $version"
