#!/bin/bash
# Builds the control plane that the tests start: etcd and Kubernetes in one program, from Go modules.
# Takes Go 1.24 or newer, 0.8 GB of downloads, 3 GB of build cache, and about 8 minutes of one core.
# usage: build.sh FILE     then: FLYWHEEL_TEST_KUBE=FILE npm run test:long -- kubernetes
set -euo pipefail
out=$(realpath -m "${1:?the file to build}")
version=1.34.4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/main.go" "$work/"
cd "$work"
# Kubernetes' own go.mod takes its staging modules from folders beside it: here they are the published ones.
source=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
{
  printf 'module kube\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
  grep -oE '^\s+k8s.io/[a-z0-9-]+ => ./staging' "$source/go.mod" |
    awk -v v="v0.${version#1.}" '{print "\t" $1 " => " $1 " " v}'
  echo ')'
} >go.mod
go mod tidy
named=k8s.io/component-base/version
flags="-s -w -X $named.gitVersion=v$version -X $named.gitMajor=1 -X $named.gitMinor=34"
go build -p 1 -trimpath -ldflags "$flags" -o "$out" .
"$out" apiserver --version
