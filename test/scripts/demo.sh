#!/bin/bash
# make demo: a session from nothing, on a throw-away server.  An owner encrypts
# 2,000 patients; the server, which cannot read them, averages and classifies
# them, and trains a network on them; the owner reads the answers.  It ends with
# a table of answers, and the lines "train:" and "demo:" for scripts, all computed
# from what the session returned.  What no reader needs is in build/log/demo.log.
#
#	PPDL_DEMO_DATA		another CSV file with the columns Id, ..., Osteoporosis
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

data=${PPDL_DEMO_DATA:-contrib-data/patients.csv}
[ -r "$data" ] || die "cannot read $data"
data=$(realpath "$data")

mkdir -p build/log
log=$PWD/build/log/demo.log
: >"$log"

# What a step is, and what it shows, a line an argument.
chapter() {
	printf '\n== %s\n' "$1"
	shift
	printf '   %s\n' "$@"
	echo
}

print_command() {
	local word line='$'

	for word; do
		[[ $word != *' '* ]] || word="\"$word\""
		line+=" $word"
	done
	printf '%s\n' "$line"
}

# Shows a command, then runs it.
show() {
	print_command "$@"
	run "$@"
}

# Runs a command whose output is of no interest, unless it fails.
logged() {
	"$@" >>"$log" 2>&1 || {
		tail -n 40 "$log" >&2
		die "failed: $* (all of the output: $log)"
	}
}

quietly() {
	logged run "$@"
}

sql() {
	psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# Shows a statement, then runs it.
show_sql() {
	printf '=> %s;\n' "$1"
	sql -c "$1"
}

# Predictions, decrypted, beside those of the plain twin with the true labels: how many there are, how many of both are
# right, how many are the same class, and the largest difference.
compare() {	# decrypted, plain
	paste -d , "$1" "$2" | tail -n +2 | tr -d '"{}' | awk -F, '
		NF != 5 || $1 != $3 || $2 == "" || $4 == "" {
			print "line " NR " of the predictions: " $0 > "/dev/stderr"
			bad = 1
			exit 1
		}
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
			print n, encrypted, plain, agree, worst
		}'
}

chapter "Build, and start a server" \
	"Debian packages that are missing are installed first, then ppdl is built: some minutes the first time." \
	"The server is PostgreSQL with the extension, in a directory of its own that goes with this session."
# not in the background: sudo may ask for a password
logged test/scripts/setup.sh
find_pg_config
quietly make -s -j2 PG_CONFIG="$pg_config" all
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

chapter "The owner makes keys and learns an encoding" \
	"keygen writes a secret key, which stays here, and public keys for the server.  The encoding says how the table's" \
	"columns become numbers within -1 and 1, and turns answers back into words."
show ppdl keygen --out hospital
show ppdl encode train.csv --id Id --label Osteoporosis -o features.json
width=$(ppdl inspect features.json | sed -n 's/^width: *//p')
hidden=16

chapter "The server gets the extension, public keys and encrypted rows" \
	"Every patient is encrypted here and loaded with psql.  In the clear are the id, which part a row is of, and (in" \
	"another table) which hospital the patient went to.  The test part is for networks that never saw it."
sql -c 'CREATE EXTENSION ppdl'
show ppdl publish hospital.pub --for predict
show_sql "CREATE TABLE patients (id int PRIMARY KEY, part text, features lwe_cipher($width), label lwe_cipher(1))"
# the owner's own table, for comparison: no real session has the test part on the server
sql -c "CREATE TABLE plain_patients (id int PRIMARY KEY, part text, features float8[], label float8)"
load() {		# show or quietly, table, part, options of ppdl encrypt ...
	local how=$1 table=$2 part=$3 file=$2.$3.copy

	shift 3
	"$how" ppdl encrypt "$@" --outside=clamp -o "$file" "$part.csv"
	sql -c "ALTER TABLE $table ALTER part SET DEFAULT '$part'" -c "\\copy $table (id, features, label) FROM '$file'"
}
for part in train test; do
	load show patients "$part" --key hospital.key --features features.json
	load quietly plain_patients "$part" --plain --features features.json
done
sql -c "CREATE TABLE visits (id int PRIMARY KEY, hospital text)"
sql -c "INSERT INTO visits SELECT id, (ARRAY['North','South','West'])[1 + id % 3] FROM patients" -c 'ANALYZE'
show_sql "SELECT part, count(*), round(avg(pg_column_size(features))) AS bytes_a_row FROM patients GROUP BY part ORDER BY part"
echo "One row, as the server sees it:"
sql -At -c "SELECT left(features::text, 100) || '...' FROM patients ORDER BY id LIMIT 1"

chapter "Averages by hospital" \
	"avg() and GROUP BY run on the server, which adds ciphertexts; ppdl query decrypts the result here.  First as encoded" \
	"numbers beside those of the plain twin, then in the table's words and units."
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
show ppdl query --key hospital.key \
	-c "SELECT hospital, count(*), avg(features) FROM patients JOIN visits USING (id) WHERE hospital = 'North' GROUP BY hospital"
quietly ppdl query --key hospital.key --features features.json --as share=label-avg --csv -o words.csv \
	-c "SELECT hospital, count(*), avg(features), avg(label) AS share $averages"

chapter "A network, trained in the clear" \
	"On the plain twin of the training part, as somebody does who has data that may be read."
sql -At -c "SELECT ppdl_create_model('osteo', '{\"inputs\": $width, \"layers\": [{\"units\": $hidden, \"activation\": \"quadratic\"},
	{\"units\": 1, \"activation\": \"identity\"}]}')"
show_sql "SELECT ppdl_train('osteo', features, label, '{\"steps\": 15, \"batch\": 256}' ORDER BY id)
	FROM plain_patients WHERE part = 'train'"

chapter "The server classifies encrypted patients" \
	"It applies the network to rows that it cannot read; nor can it read the answers.  The owner can: a score, and the" \
	"class that it means.  Then the whole test part, for the table at the end."
show ppdl query --key hospital.key --expand -c "SELECT array_agg(id ORDER BY id) AS id,
		ppdl_predict_agg('osteo', features ORDER BY id) AS prediction
	FROM (SELECT id, features FROM patients WHERE part = 'test' ORDER BY id LIMIT 5) few"
show ppdl query --raw --key hospital.key --csv --expand -o predictions.csv \
	-c "SELECT array_agg(id ORDER BY id) AS id, ppdl_predict_agg('osteo', features ORDER BY id) AS prediction FROM patients WHERE part = 'test'"
sql --csv -c "SELECT id, (ppdl_predict('osteo', features))[1] AS prediction, label FROM plain_patients WHERE part = 'test' ORDER BY id" \
	-o plain_predictions.csv

chapter "A network, trained on encrypted rows" \
	"Nothing is decrypted, and the owner is not on line: weights are encrypted from the first step on.  Training takes" \
	"public keys of its own, and rows of 16 inputs, one of them constant in the place of biases, in the compact form."
show ppdl keygen --key hospital.key --for train --out training
show ppdl publish training.pub --for train
quietly ppdl encode train.csv --id Id --label Osteoporosis --exclude Race/Ethnicity --constant -o features16.json
inputs=$(ppdl inspect features16.json | sed -n 's/^width: *//p')
sql -c "CREATE TABLE small (n serial, id int, part text, features lwe_cipher($inputs), label lwe_cipher(1))" \
	-c "CREATE TABLE plain_small (n serial, id int, part text, features float8[], label float8)"
for part in train test; do
	load show small "$part" --compact --key hospital.key --features features16.json
	load quietly plain_small "$part" --plain --features features16.json
done
spec="{\"inputs\": $inputs, \"bias\": false, \"layers\": [{\"units\": 16, \"activation\": \"quadratic\"}, {\"units\": 1}]}"
options='{"steps": 8, "batch": 256, "learning_rate": 0.1, "momentum": 0.8}'
quietly sql -c "SELECT ppdl_create_model('secret', '$spec'), ppdl_create_model('open', '$spec')" \
	-c "SELECT ppdl_train('open', features, label, '$options' ORDER BY n) FROM plain_small WHERE part = 'train'"
show_sql "SELECT ppdl_train('secret', features, label, '$options' ORDER BY n) FROM small WHERE part = 'train'"
show ppdl query --raw --key hospital.key --csv --expand -o trained.csv \
	-c "SELECT array_agg(id ORDER BY n) AS id, ppdl_predict_agg('secret', features ORDER BY n) AS prediction FROM small WHERE part = 'test'"
sql --csv -c "SELECT id, (ppdl_predict('open', features))[1], label FROM plain_small WHERE part = 'test' ORDER BY n" -o plain_trained.csv
# the owner puts the decrypted weights back under a name of its own, to compare them in SQL
quietly ppdl model export --key hospital.key secret -o secret.json
quietly ppdl model import secret.json --name opened
weight_error=$(sql -At -c "SELECT max(abs(a - b)) FROM unnest(ppdl_model_weights('open'), ppdl_model_weights('opened')) u (a, b)")
read -r train_rows steps seconds < <(sql -At -F ' ' -c "SELECT trained->>'rows', trained->>'steps', trained->>'seconds'
	FROM ppdl_models WHERE name = 'secret' AND version = 2")

predicted=$(compare predictions.csv plain_predictions.csv)
learned=$(compare trained.csv plain_trained.csv)
read -r n right plain_right agree worst <<<"$predicted"
read -r learned_n learned_right learned_plain_right _ <<<"$learned"

chapter "The answers" \
	"On the left what the server computed on rows that it cannot read, on the right the same from the table in the clear."
row='%-76s %14s %13s\n'
# shellcheck disable=SC2059
line() {		# question, answer from encrypted rows, answer in the clear
	printf "$row" "$@"
}
line "" "encrypted rows" "in the clear"
# of each hospital the first input, where that is a number, in the table's own units, and how many are of the label's
# positive class
sql --csv -t -c "SELECT id, hospital FROM visits" -o visits.csv
cat train.csv test.csv | awk -F, -v row="$row" '
	FILENAME == "visits.csv" { hospital[$1] = $2; next }
	FILENAME == "words.csv" {
		if (FNR == 1) {
			number = substr($3, length("avg.") + 1)
			class = substr($NF, length("share.") + 1)
			split(class, label, " = ")
		} else {
			name[++n] = $1
			mean[$1] = $3
			share[$1] = $NF
		}
		next
	}
	FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	$1 in hospital {
		h = hospital[$1]
		rows[h]++
		positive[h] += $at[label[1]] == label[2]
		if (number in at && $at[number] != "") { known[h]++; sum[h] += $at[number] }
	}
	END {
		for (i = 1; i <= n; i++) {
			h = name[i]
			if (known[h])
				printf row, number " of the patients of " h ", on average",
					sprintf("%.1f", mean[h]), sprintf("%.1f", sum[h] / known[h])
			printf row, class " among the patients of " h,
				sprintf("%.1f %%", 100 * share[h]), sprintf("%.1f %%", 100 * positive[h] / rows[h])
		}
	}' visits.csv words.csv -
line "Patients of $n that the first network gets right (trained in the clear)" "$right" "$plain_right"
line "Patients that it puts into the same class, encrypted and in the clear" "$agree" -
line "Patients that the second gets right (trained on $train_rows rows; encrypted: $(printf %.0f "$seconds") s)" \
	"$learned_right" "$learned_plain_right"
echo
awk -v rows="$(sql -At -c 'SELECT count(*) FROM patients')" -v n="$n" -v encrypted="$right" -v plain="$plain_right" \
	-v agree="$agree" -v worst="$worst" -v train_rows="$train_rows" -v steps="$steps" -v seconds="$seconds" \
	-v learned_n="$learned_n" -v learned="$learned_right" -v learned_plain="$learned_plain_right" -v error="$weight_error" '
	BEGIN {
		printf "train: rows=%d steps=%d seconds=%.1f plain_accuracy=%.4f encrypted_accuracy=%.4f weight_error=%.3g\n",
			train_rows, steps, seconds, learned_plain / learned_n, learned / learned_n, error
		printf "demo: rows=%d plain_accuracy=%.4f encrypted_accuracy=%.4f agreement=%.4f max_abs_diff=%.3g\n",
			rows, plain / n, encrypted / n, agree / n, worst
		exit !(error < 2 ^ -8 && agree / n >= 0.999 && worst <= 2 ^ -12)
	}'
