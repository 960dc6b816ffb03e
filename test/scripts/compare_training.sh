#!/bin/bash
# The same network trained twice, on the plain twin and on encrypted compact rows,
# on a throw-away server: accuracy, largest difference of weights and predictions, time.
#
#	test/scripts/compare_training.sh [CSV ID LABEL [ppdl encode options ...]]
#
# Every fifth row is kept back (PPDL_COMPARE_FIFTH, 0 to 4, says which).
# PPDL_COMPARE_UNITS ("16"; "16 16" is two hidden layers, "" none), PPDL_COMPARE_ACTIVATION
# ('"quadratic"'), PPDL_COMPARE_OUTPUT (of the outputs, '"identity"'), PPDL_COMPARE_OPTIONS (of ppdl_train);
# PPDL_COMPARE_UNITS=suggested takes the model and the options that ppdl encode suggests.  Needs 6 GB of memory.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

data=${1:-contrib-data/patients.csv} id=${2:-Id} label=${3:-Osteoporosis}
if [ $# -gt 3 ]; then
	shift 3
else
	set -- --exclude Race/Ethnicity --constant
fi
units=${PPDL_COMPARE_UNITS-16}
activation=${PPDL_COMPARE_ACTIVATION:-'"quadratic"'}
output=${PPDL_COMPARE_OUTPUT:-'"identity"'}
options=${PPDL_COMPARE_OPTIONS:-'{"steps": 8, "batch": 256, "learning_rate": 0.1, "momentum": 0.8}'}
[ -r "$data" ] || die "cannot read $data"

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

sandbox_database compare >&2
export PPDL_PASSPHRASE=comparison
owner=$sandbox/owner
mkdir "$owner"
# the file may be sorted by label: every fifth row is a fair sample
awk -v dir="$owner" -v fifth="${PPDL_COMPARE_FIFTH:-0}" 'NR == 1 { print > (dir "/train.csv"); print > (dir "/test.csv"); next }
	{ print > (dir (NR % 5 == fifth ? "/test.csv" : "/train.csv")) }' "$data"
cd "$owner"

ppdl keygen --out h --for train >&2
ppdl encode train.csv --id "$id" --label "$label" "$@" -o f.json >summary
inputs=$(ppdl inspect f.json | sed -n 's/^width: *//p')
outputs=$(ppdl inspect f.json | sed -n 's/^label:.*, \([0-9]*\) values*$/\1/p')
input_scale=$(sed -n 's/^model:.*\("input_scale": *\[[^]]*\]\).*/, \1/p' summary)
spec="{\"inputs\": $inputs, \"bias\": false$input_scale, \"layers\": ["
for u in ${units/suggested/}; do
	spec+="{\"units\": $u, \"activation\": $activation}, "
done
spec+="{\"units\": ${outputs:-1}, \"activation\": $output}]}"
if [ "$units" = suggested ]; then
	spec=$(sed -n "s/^model:.*'\({.*}\)'.*/\1/p" summary)
	options=$(sed -n "s/^train:.*'\({.*}\)'.*/\1/p" summary)
fi

sql -c 'CREATE EXTENSION ppdl'
ppdl publish h.pub --for train >&2
for table in plain secret; do
	type="lwe_cipher($inputs)" label_type="lwe_cipher(${outputs:-1})" how=(--compact --key h.key)
	if [ $table = plain ]; then
		type=float8[] label_type=float8 how=(--plain)
		[ "${outputs:-1}" = 1 ] || label_type=float8[]
	fi
	sql -c "CREATE TABLE $table (n serial, id text, features $type, label $label_type, part text)"
	for part in train test; do
		ppdl encrypt "${how[@]}" --features f.json --outside clamp --unknown other $part.csv -o copy
		sql -c "ALTER TABLE $table ALTER part SET DEFAULT '$part'" -c "\\copy $table (id, features, label) FROM 'copy'"
	done
	sql -c "SELECT ppdl_create_model('$table', '$spec')" >/dev/null
done
echo "$(basename "$data"): $inputs inputs, hidden units ${units:-none}, ${outputs:-1} outputs, training options $options"
sql -c "SELECT ppdl_train('plain', features, label, '$options' ORDER BY n) FROM plain WHERE part = 'train'" >/dev/null
sql -c "SELECT ppdl_train('secret', features, label, '$options' ORDER BY n) FROM secret WHERE part = 'train'" >/dev/null

ppdl model export --key h.key secret -o secret.json
ppdl model import secret.json --name opened >/dev/null
error=$(sql -c "SELECT max(abs(a - b)) FROM unnest(ppdl_model_weights('plain'), ppdl_model_weights('opened')) u (a, b)")
largest=$(sql -c "SELECT max(abs(a)) FROM unnest(ppdl_model_weights('plain')) u (a)")
sql --csv -c "SELECT id, ppdl_predict('plain', features), label FROM plain WHERE part = 'test' ORDER BY n" | tr -d '"{}' >answers.plain
start=$EPOCHREALTIME
ppdl query --raw --key h.key --csv --expand -o answers.csv \
	-c "SELECT array_agg(id ORDER BY n) AS id, ppdl_predict_agg('secret', features ORDER BY n) AS answer FROM secret WHERE part = 'test'"
predict=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
tail -n +2 answers.csv | tr -d '"{}' >answers.secret
trained=$(sql -F ' ' -c "SELECT trained->>'rows', trained->>'steps', trained->>'seconds' FROM ppdl_models WHERE name = 'secret' AND version = 2")
paste -d , answers.secret answers.plain | awk -F, -v o="${outputs:-1}" -v trained="$trained" -v error="$error" -v largest="$largest" -v predict="$predict" '
	# the class that k values from field f tell: the sign of one, the largest of several
	function class(f,  i, best) {
		if (o == 1)
			return $f > 0
		for (i = best = 0; i < o; i++)
			if ($(f + i) + 0 > $(f + best) + 0) best = i
		return best
	}
	NF != 3 * o + 2 || $1 != $(o + 2) { print "line " NR " of the predictions: " $0 > "/dev/stderr"; bad = 1; exit 1 }
	{
		n++
		plain += class(o + 3) == class(2 * o + 3)
		encrypted += class(2) == class(2 * o + 3)
		for (i = 0; i < o; i++) {
			d = $(2 + i) - $(o + 3 + i)
			if (d < 0) d = -d
			if (d > worst) worst = d
		}
	}
	END {
		if (bad || n == 0) exit 1
		split(trained, t, " ")
		printf "train: rows=%d steps=%d seconds=%.1f plain_accuracy=%.4f encrypted_accuracy=%.4f weight_error=%.3g\n",
			t[1], t[2], t[3], plain / n, encrypted / n, error
		printf "test: rows=%d max_abs_diff=%.3g seconds=%s largest_weight=%.3g\n", n, worst, predict, largest
		exit !(error < 2 ^ -8)
	}'
