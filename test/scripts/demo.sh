#!/bin/bash
# make demo: a session from nothing, on a throw-away server.  An owner encrypts
# 2,000 patients; the server, which cannot read them, averages and classifies
# them; the owner reads the answers.  All numbers of the last line are computed
# from what the session returned.
#
#	PPDL_DEMO_DATA		another CSV file with the columns Id, ..., Osteoporosis
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

data=${PPDL_DEMO_DATA:-contrib-data/patients.csv}
[ -r "$data" ] || die "cannot read $data"

chapter() {
	printf '\n== %s\n' "$*"
}

# Shows a command, then runs it.
show() {
	printf '$ %s\n' "$*"
	run "$@"
}

sql() {
	psql -X -q -v ON_ERROR_STOP=1 "$@"
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

# the owner's machine: nothing but what is sent through psql and ppdl leaves this directory
owner=$sandbox/owner
mkdir "$owner"
export PPDL_PASSPHRASE=only-for-the-demonstration
# every fifth patient is kept back for the test
awk -v dir="$owner" 'NR == 1 { print > (dir "/train.csv"); print > (dir "/test.csv"); next }
	{ print > (dir (NR % 5 == 0 ? "/test.csv" : "/train.csv")) }' "$data"

chapter "The owner makes keys and learns an encoding"
show ppdl keygen --out "$owner/hospital"
show ppdl encode "$owner/train.csv" --id Id --label Osteoporosis -o "$owner/features.json"
width=$(ppdl inspect "$owner/features.json" | sed -n 's/^width: *//p')

chapter "The server gets the extension, public keys and encrypted rows"
sql -c 'CREATE EXTENSION ppdl'
show ppdl publish "$owner/hospital.pub" --for predict
sql <<SQL
CREATE TABLE patients (id int PRIMARY KEY, part text, features lwe_cipher($width), label lwe_cipher(1));
CREATE TABLE visits (id int PRIMARY KEY, hospital text);
-- the owner's own table, for comparison: no real session has it on the server
CREATE TABLE plain_patients (id int PRIMARY KEY, part text, features float8[], label float8);
SQL
for part in train test; do
	ppdl encrypt --key "$owner/hospital.key" --features "$owner/features.json" "$owner/$part.csv" |
		sql -c "ALTER TABLE patients ALTER part SET DEFAULT '$part'" -c '\copy patients (id, features, label) FROM pstdin'
	ppdl encrypt --plain --features "$owner/features.json" "$owner/$part.csv" |
		sql -c "ALTER TABLE plain_patients ALTER part SET DEFAULT '$part'" -c '\copy plain_patients (id, features, label) FROM pstdin'
done
sql -c "INSERT INTO visits SELECT id, (ARRAY['North','South','West'])[1 + id % 3] FROM patients" -c 'ANALYZE'
sql -c "SELECT part, count(*), round(avg(pg_column_size(features))) AS bytes_a_row FROM patients GROUP BY part ORDER BY part"
