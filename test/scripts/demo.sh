#!/bin/bash
# make demo: a session from nothing, on a throw-away server.  An owner encrypts
# 2,000 patients; the server, which cannot read them, averages and classifies
# them, and trains a network on them; the owner reads the answers.  All numbers of the last lines are computed
# from what the session returned.
#
#	PPDL_DEMO_DATA		another CSV file with the columns Id, ..., Osteoporosis
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

data=${PPDL_DEMO_DATA:-contrib-data/patients.csv}
[ -r "$data" ] || die "cannot read $data"
data=$(realpath "$data")

chapter() {
	printf '\n== %s\n' "$*"
}

# Shows a command, then runs it.
show() {
	local word line='$'

	for word; do
		[[ $word != *' '* ]] || word="\"$word\""
		line+=" $word"
	done
	printf '%s\n' "$line"
	run "$@"
}

sql() {
	psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# Shows a statement, then runs it.
show_sql() {
	printf '=> %s;\n' "$1"
	sql -c "$1"
}

test/scripts/setup.sh
find_pg_config
chapter "Build, and start a server"
run make -s -j2 PG_CONFIG="$pg_config" all
sandbox_begin
sandbox_install
server_start
createdb demo
export PGDATABASE=demo
echo "PostgreSQL $(sql -At -c 'SHOW server_version'), socket in $sandbox"
echo "(for good: make && sudo make install, which puts the tool into /usr/local/bin)"

# the owner's machine: nothing but what is sent through psql and ppdl leaves this directory
owner=$sandbox/owner
mkdir "$owner"
cd "$owner"
export PPDL_PASSPHRASE=only-for-the-demonstration
# every fifth patient is kept back for the test
awk 'NR == 1 { print > "train.csv"; print > "test.csv"; next }
	{ print > (NR % 5 == 1 ? "test.csv" : "train.csv") }' "$data"

chapter "The owner makes keys and learns an encoding"
show ppdl keygen --out hospital
show ppdl encode train.csv --id Id --label Osteoporosis -o features.json
width=$(ppdl inspect features.json | sed -n 's/^width: *//p')
hidden=16

chapter "The server gets the extension, public keys and encrypted rows"
sql -c 'CREATE EXTENSION ppdl'
show ppdl publish hospital.pub --for predict
show_sql "CREATE TABLE patients (id int PRIMARY KEY, part text, features lwe_cipher($width), label lwe_cipher(1))"
# the owner's own table, for comparison: no real session has the test part on the server
sql -c "CREATE TABLE plain_patients (id int PRIMARY KEY, part text, features float8[], label float8)"
load() {		# table, part, options of ppdl encrypt ...
	local table=$1 part=$2 file=$1.$2.copy

	shift 2
	show ppdl encrypt "$@" --outside=clamp --features features.json -o "$file" "$part.csv"
	sql -c "ALTER TABLE $table ALTER part SET DEFAULT '$part'" -c "\\copy $table (id, features, label) FROM '$file'"
}
for part in train test; do
	load patients "$part" --key hospital.key
	load plain_patients "$part" --plain
done
sql -c "CREATE TABLE visits (id int PRIMARY KEY, hospital text)"
sql -c "INSERT INTO visits SELECT id, (ARRAY['North','South','West'])[1 + id % 3] FROM patients" -c 'ANALYZE'
show_sql "SELECT part, count(*), round(avg(pg_column_size(features))) AS bytes_a_row FROM patients GROUP BY part ORDER BY part"
echo "One row, as the server sees it:"
sql -At -c "SELECT left(features::text, 100) || '...' FROM patients ORDER BY id LIMIT 1"

chapter "Averages by hospital: computed encrypted, read by the owner, and the same in the clear"
averages="FROM patients JOIN visits USING (id) GROUP BY hospital ORDER BY hospital"
show ppdl query --raw --key hospital.key --csv -o averages.csv \
	-c "SELECT hospital, count(*), avg(features), avg(label) $averages"
sql --csv -o plain_averages.csv -c "
	SELECT hospital, n, array_agg(a ORDER BY i), l
	FROM (SELECT hospital, i, avg(f) AS a FROM plain_patients JOIN visits USING (id), unnest(features) WITH ORDINALITY AS u (f, i)
			GROUP BY hospital, i) f
		JOIN (SELECT hospital, count(*) AS n, avg(label) AS l FROM plain_patients JOIN visits USING (id) GROUP BY hospital) l USING (hospital)
	GROUP BY hospital, n, l ORDER BY hospital"
paste -d '\n' averages.csv plain_averages.csv | tail -n +3 | tr -d '"{}' | awk -F, '
	NR % 2 == 1 { split($0, encrypted); n = NF; next }
	{
		if (NF != n || $1 != encrypted[1] || $2 != encrypted[2]) { print "the averages have another shape" > "/dev/stderr"; exit 1 }
		if (NR == 2)
			printf "%-10s %6s  %-30s %-30s\n", "hospital", "rows", "first 3 averages, decrypted", "in the clear"
		printf "%-10s %6d ", $1, $2
		for (i = 3; i < 6; i++) printf " %9.6f", encrypted[i]
		printf " "
		for (i = 3; i < 6; i++) printf " %9.6f", $i
		printf "\n"
		for (i = 3; i <= n; i++) { d = $i - encrypted[i]; if (d < 0) d = -d; if (d > worst) worst = d }
	}
	END { printf "largest difference of %d averages: %.3g\n", NR / 2 * (n - 2), worst; exit !(NR > 0 && worst < 2 ^ -12) }'
echo "The same in words, of one hospital:"
show ppdl query --key hospital.key -c "SELECT hospital, count(*), avg(features) FROM patients JOIN visits USING (id) WHERE hospital = 'North' GROUP BY hospital"

chapter "A network, trained in the clear on the plain twin of the training part"
sql -c "SELECT ppdl_create_model('osteo', '{\"inputs\": $width, \"layers\": [{\"units\": $hidden, \"activation\": \"quadratic\"},
	{\"units\": 1, \"activation\": \"identity\"}]}')"
show_sql "SELECT ppdl_train('osteo', features, label, '{\"steps\": 15, \"batch\": 256}' ORDER BY id)
	FROM plain_patients WHERE part = 'train'"

chapter "The server classifies the encrypted test part; the owner reads the answers"
show ppdl query --raw --key hospital.key --csv --expand -o predictions.csv \
	-c "SELECT array_agg(id ORDER BY id) AS id, ppdl_predict_agg('osteo', features ORDER BY id) AS prediction FROM patients WHERE part = 'test'"
head -n 4 predictions.csv
sql --csv -c "SELECT id, (ppdl_predict('osteo', features))[1] AS prediction, label FROM plain_patients WHERE part = 'test' ORDER BY id" \
	-o plain_predictions.csv

chapter "A network, trained on encrypted rows: nothing is decrypted, the owner is not on line"
show ppdl keygen --key hospital.key --for train --out training
show ppdl publish training.pub --for train
# 16 inputs, one of them constant in the place of biases; one residue a value is enough for training
show ppdl encode train.csv --id Id --label Osteoporosis --exclude Race/Ethnicity --constant -o features16.json
inputs=$(ppdl inspect features16.json | sed -n 's/^width: *//p')
sql -c "CREATE TABLE small (n serial, id int, part text, features lwe_cipher($inputs), label lwe_cipher(1))" \
	-c "CREATE TABLE plain_small (n serial, id int, part text, features float8[], label float8)"
for part in train test; do
	for twin in small plain_small; do
		how=(--plain)
		[ $twin = plain_small ] || how=(--compact --key hospital.key)
		run ppdl encrypt "${how[@]}" --outside=clamp --features features16.json -o $twin.$part.copy $part.csv
		sql -c "ALTER TABLE $twin ALTER part SET DEFAULT '$part'" -c "\\copy $twin (id, features, label) FROM '$twin.$part.copy'"
	done
done
spec="{\"inputs\": $inputs, \"bias\": false, \"layers\": [{\"units\": 16, \"activation\": \"quadratic\"}, {\"units\": 1}]}"
options='{"steps": 8, "batch": 256, "learning_rate": 0.1, "momentum": 0.8}'
sql -At -c "SELECT ppdl_create_model('secret', '$spec'), ppdl_create_model('open', '$spec')"
sql -At -c "SELECT ppdl_train('open', features, label, '$options' ORDER BY n) FROM plain_small WHERE part = 'train'"
show_sql "SELECT ppdl_train('secret', features, label, '$options' ORDER BY n) FROM small WHERE part = 'train'"
show ppdl query --raw --key hospital.key --csv --expand -o trained.csv \
	-c "SELECT array_agg(id ORDER BY n) AS id, ppdl_predict_agg('secret', features ORDER BY n) AS prediction FROM small WHERE part = 'test'"
run ppdl model export --key hospital.key secret -o secret.json
# the owner puts the decrypted weights back under a name of its own, to compare them in SQL
run ppdl model import secret.json --name opened
sql --csv -c "SELECT id, (ppdl_predict('open', features))[1], label FROM plain_small WHERE part = 'test' ORDER BY n" -o plain_trained.csv
weight_error=$(sql -At -c "SELECT max(abs(a - b)) FROM unnest(ppdl_model_weights('open'), ppdl_model_weights('opened')) u (a, b)")
trained=$(sql -At -F ' ' -c "SELECT trained->>'rows', trained->>'steps', trained->>'seconds' FROM ppdl_models WHERE name = 'secret' AND version = 2")
paste -d , trained.csv plain_trained.csv | tail -n +2 | tr -d '"{}' | awk -F, -v trained="$trained" -v error="$weight_error" '
	NF != 5 || $1 != $3 || $2 == "" { print "line " NR " of the predictions: " $0 > "/dev/stderr"; bad = 1; exit 1 }
	{ n++; encrypted += ($2 > 0) == ($5 > 0); plain += ($4 > 0) == ($5 > 0) }
	END {
		if (bad || n == 0) exit 1
		split(trained, t, " ")
		printf "train: rows=%d steps=%d seconds=%.1f plain_accuracy=%.4f encrypted_accuracy=%.4f weight_error=%.3g\n",
			t[1], t[2], t[3], plain / n, encrypted / n, error
		exit !(error < 2 ^ -8)
	}'

paste -d , predictions.csv plain_predictions.csv | tail -n +2 | tr -d '"{}' >both.csv
awk -F, -v rows="$(sql -At -c 'SELECT count(*) FROM patients')" '
	NF != 5 || $1 != $3 || $2 == "" || $4 == "" { print "line " NR " of the predictions: " $0 > "/dev/stderr"; bad = 1; exit 1 }
	{
		n++
		d = $2 - $4
		if (d < 0) d = -d
		if (d > worst) worst = d
		agree += ($2 > 0) == ($4 > 0)
		encrypted += ($2 > 0) == ($5 > 0)
		plain += ($4 > 0) == ($5 > 0)
	}
	END {
		if (bad || n == 0) exit 1
		printf "demo: rows=%d plain_accuracy=%.4f encrypted_accuracy=%.4f agreement=%.4f max_abs_diff=%.3g\n",
			rows, plain / n, encrypted / n, agree / n, worst
		exit !(agree / n >= 0.999 && worst <= 2 ^ -12)
	}' both.csv
