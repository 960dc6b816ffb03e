#!/bin/bash
# The generators in contrib-data still make the files that are stored beside them, byte for byte, and the README states
# the accuracies that some of them compute.
set -eu -o pipefail
cd "$(dirname "$0")/../.."

# the README states this line of a generator's report, with this before it
states() {
	local line

	line=$(grep "^$2=" "$1")
	grep -qF "$3$line" contrib-data/README.md || {
		echo "contrib-data/README.md does not state the generator's $3$line"
		exit 1
	}
}

build/generate_patients 2>build/generate_patients.report | cmp - contrib-data/patients.csv
states build/generate_patients.report bayes_accuracy ""

perl contrib-data/generate_hospital.pl | cmp - contrib-data/hospital.csv

test/scripts/make_images.sh build/images
for table in bones2.csv bones3.csv bones2_pixels.csv; do
	cmp "build/images/$table" "contrib-data/$table"
done
for study in bones2 bones3; do
	states build/images/$study.report bayes_accuracy "$study: "
	states build/images/$study.report achieved_on_these_pictures "$study: "
done
