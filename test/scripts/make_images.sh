#!/bin/bash
# Makes the pictures of contrib-data/generate_images.c in DIRECTORY/bones2 and bones3, and from them the tables
# DIRECTORY/bones2.csv, bones3.csv (features) and bones2_pixels.csv (16 x 16 pixels of the first 150 pictures).
# What the generator says goes to DIRECTORY/bones2.report and bones3.report.
#
#	make_images.sh DIRECTORY	(build/images; with contrib-data, renews what is stored there)
set -eu
cd "$(dirname "$0")/../.."
to=${1:-build/images}
pictures=build/images

mkdir -p "$to" "$pictures"
for classes in 2 3; do
	rm -rf "$pictures/bones$classes"
	build/generate_images $classes "$pictures/bones$classes" >"$pictures/bones$classes.report"
	./ppdl features "$pictures/bones$classes" --folder-labels -o "$to/bones$classes.csv" >/dev/null
done
{
	echo file,label
	(cd "$pictures/bones2" && ls -- */*.pgm) | sed -nE 's,^(.*)/(0[0-9][0-9]|1[0-4][0-9]|150)\.pgm$,\1/\2.pgm\,\1,p'
} >"$pictures/bones2/pixels.csv"
./ppdl features "$pictures/bones2/pixels.csv" --kind pixels16 -o "$to/bones2_pixels.csv" >/dev/null
