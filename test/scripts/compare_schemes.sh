#!/bin/bash
# The same stored model on the same patients, in the clear, under LWE and under
# RSA: accuracy, size and time side by side, on a throw-away server.
#
#	test/scripts/compare_schemes.sh [CSV ID LABEL [ppdl encode options ...]]
#
# Four fifths of the rows train the model in the clear, the last fifth is
# classified.  PPDL_COMPARE_UNITS (16) hidden units, PPDL_COMPARE_STEPS (8)
# training steps, PPDL_COMPARE_WEIGHT_BITS ("2 3 4"), PPDL_COMPARE_INPUT_BITS (4),
# PPDL_COMPARE_MODES ("randomised deterministic").  Decryption of RSA predictions
# takes seconds to minutes: two private operations or more a hidden unit and row.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

data=${1:-contrib-data/patients.csv} id=${2:-Id} label=${3:-Osteoporosis}
[ $# -lt 3 ] || shift 3
units=${PPDL_COMPARE_UNITS:-16}
steps=${PPDL_COMPARE_STEPS:-8}
input_bits=${PPDL_COMPARE_INPUT_BITS:-4}
[ -r "$data" ] || die "cannot read $data"

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

seconds() {		# command ...; its output goes to file $out
	local start=$EPOCHREALTIME

	"$@" >"$out"
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'
}

sandbox_database compare >&2
export PPDL_PASSPHRASE=comparison
owner=$sandbox/owner
out=$owner/out
mkdir "$owner"
# the file may be sorted by label
awk -v dir="$owner" 'NR == 1 { print > (dir "/train.csv"); print > (dir "/test.csv"); next }
	{ print > (dir (NR % 5 == 0 ? "/test.csv" : "/train.csv")) }' "$data"
ppdl encode "$owner/train.csv" --id "$id" --label "$label" "$@" --units "$units" -o "$owner/f.json" >"$owner/summary"
spec=$(sed -n "s/^model:.*'\({.*}\)'.*/\1/p" "$owner/summary")
[ -n "$spec" ] || die "no model specification from ppdl encode"

sql -c 'CREATE EXTENSION ppdl' -c 'CREATE TABLE plain (id text, features float8[], label float8, part text)'
for part in train test; do
	ppdl encrypt --plain --features "$owner/f.json" --outside clamp --unknown other "$owner/$part.csv" |
		sql -c "ALTER TABLE plain ALTER part SET DEFAULT '$part'" -c '\copy plain (id, features, label) FROM pstdin'
done
sql -c "SELECT ppdl_create_model('m', '$spec')" \
	-c "SELECT ppdl_train('m', features, label, '{\"steps\":$steps,\"batch\":256,\"learning_rate\":0.3,\"momentum\":0.8,\"init_scale\":0.1}') FROM plain WHERE part = 'train'" >/dev/null
rows=$(sql -c "SELECT count(*) FROM plain WHERE part = 'test'")
width=$(sql -c 'SELECT cardinality(features) FROM plain LIMIT 1')
printf '%s: %d rows to classify, %d inputs, %d hidden units\n' "$(basename "$data")" "$rows" "$width" "$units"
printf '%-34s %9s %10s %11s %11s %11s\n' scheme accuracy bytes/row "encrypt s" "predict s" "decrypt s"

accuracy() {	# file of "id,value" lines
	sql -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS answer' -c 'CREATE TABLE answer (id text, value float8)'
	sql -c '\copy answer FROM pstdin CSV' <"$1"
	sql -c "SELECT round(avg(((value > 0) = (label > 0))::int), 4) FROM answer JOIN plain USING (id)"
}

line() {	# scheme, table, encrypt seconds, SQL expression, key
	local predict decrypt

	bytes=$(sql -c "SELECT round(avg(pg_column_size(features))) FROM $2")
	predict=$(seconds psql -X --csv -t -c "SELECT array_agg(id ORDER BY id), $4 FROM $2")
	mv "$out" "$owner/cipher.csv"
	decrypt=$(seconds ppdl decrypt --key "$5" --expand --format csv "$owner/cipher.csv")
	printf '%-34s %9s %10s %11s %11s %11s\n' "$1" "$(accuracy "$out")" "$bytes" "$3" "$predict" "$decrypt"
}

predict=$(seconds psql -X --csv -t -c "SELECT id, (ppdl_predict('m', features))[1] FROM plain WHERE part = 'test'")
printf '%-34s %9s %10s %11s %11s %11s\n' plain "$(accuracy "$out")" \
	"$(sql -c 'SELECT round(avg(pg_column_size(features))) FROM plain')" - "$predict" -

ppdl keygen --out "$owner/lwe" --for predict >&2
ppdl publish "$owner/lwe.pub" --for predict >&2
sql -c "CREATE TABLE lwe (id text, features lwe_cipher($width))"
encrypt=$(seconds ppdl encrypt --key "$owner/lwe.key" --features "$owner/f.json" --no-label --outside clamp --unknown other "$owner/test.csv")
sql -c '\copy lwe FROM pstdin' <"$out"
line LWE lwe "$encrypt" "ppdl_predict_agg('m', features ORDER BY id)" "$owner/lwe.key"

ppdl keygen --scheme rsa --out "$owner/rsa" >&2
ppdl publish "$owner/rsa.pub" >&2
for mode in ${PPDL_COMPARE_MODES:-randomised deterministic}; do
	sql -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS rsa' -c 'CREATE TABLE rsa (id text, features rsa_cipher[])'
	option=()
	[ $mode = randomised ] || option=(--deterministic)
	encrypt=$(seconds ppdl encrypt --key "$owner/rsa.pub" --features "$owner/f.json" --no-label --outside clamp --unknown other \
		--input-bits "$input_bits" "${option[@]}" "$owner/test.csv")
	sql -c '\copy rsa FROM pstdin' <"$out"
	for bits in ${PPDL_COMPARE_WEIGHT_BITS:-2 3 4}; do
		line "RSA $mode, weights to ±$(((1 << (bits - 1)) - 1))" rsa "$encrypt" "ppdl_predict_agg('m', features, $bits ORDER BY id)" "$owner/rsa.key"
	done
done
