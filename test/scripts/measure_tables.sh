#!/bin/bash
# What ppdl encode suggests, on tables of one's own, beside logistic regression (test/bench/tables.c):
#
#	test/scripts/measure_tables.sh DIR [more options of ppdl encode, --whiten for one]
#
# DIR/tables says what they are, a line each: the file's name, then options for the encoding in the shell's
# quoting, --group COL among them if rows of a group must stay together:
#
#	heart.csv   --label disease --exclude hospital
#	thyroid.csv --no-header --label 6 --category 6
#
# Fields that are "?" alone are taken for missing.  Five random splits (--repeats) into four fifths and one; accuracies
# are means over them.  Columns: rows, encoded inputs, values a row, outputs; accuracy of the majority, of logistic
# regression (ridge 1, and 0.01), of the network; the network's less the first regression's; how many trainings
# diverged; how far a weight went at most (encrypted training has room for 1).  Fails when any training diverges.
set -eu -o pipefail
cd "$(dirname "$0")/../.."

dir=${1:?a directory with a file \"tables\" in it}
shift
[ -r "$dir/tables" ] || { echo "$0: there is no $dir/tables" >&2; exit 1; }
make -s build/release/bench/tables >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
printf '%-32s %5s %4s %4s %2s   %s\n' table rows enc row o 'major. logist. r=.01  network  diff.  div. moved'
while read -r file options; do
	[ -n "$file" ] && [ "${file#\#}" = "$file" ] || continue
	sed -E 's/\r$//; s/(^|,)\?(,|$)/\1\2/g; s/(^|,)\?(,|$)/\1\2/g' "$dir/$file" >"$work/$file"
	eval "set -- \"\$@\" -- $options"
	more=() own=() seen=0
	for word; do
		if [ "$word" = -- ]; then seen=1; elif [ $seen = 0 ]; then more+=("$word"); else own+=("$word"); fi
	done
	build/release/bench/tables "${own[@]}" "${more[@]}" "$work/$file" || bad=1
	set -- "${more[@]}"
done <"$dir/tables"
exit $bad
