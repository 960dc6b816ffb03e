#!/bin/bash
# The generator in contrib-data still makes the file that is stored beside it,
# byte for byte, and the README states the accuracy that the generator computes.
set -eu -o pipefail
cd "$(dirname "$0")/../.."

build/generate_patients 2>build/generate_patients.report | cmp - contrib-data/patients.csv
grep '^bayes_accuracy=' build/generate_patients.report | grep -qFf - contrib-data/README.md || {
	echo "contrib-data/README.md does not state the generator's $(grep '^bayes_accuracy=' build/generate_patients.report)"
	exit 1
}
