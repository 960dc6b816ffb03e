# Writers: keys made with the owner's public file, rows of several keys in one table, revocation, rotation of keys.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:DEFAULT :cli);

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->append_conf('postgresql.conf', 'max_parallel_workers_per_gather = 2');
$node->start;
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));
$node->safe_psql('postgres', 'CREATE SCHEMA crypt; CREATE EXTENSION ppdl SCHEMA crypt; ALTER DATABASE postgres SET search_path = public, crypt');

sub sql { return $node->safe_psql('postgres', shift) }

# the numbers that the holder of a key reads in the answers to queries
sub answers
{
	my ($key, @queries) = @_;
	my $csv = done([ 'query', '--key', $key, @dsn, '--raw', '--min-count', '1', '--format', 'csv', map { ('-c', $_) } @queries ], "queries with $key");

	return [ $csv =~ /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g ];
}

# those in the answers in the clear
sub plain
{
	return [ map { sql($_) =~ /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g } @_ ];
}

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0.01; SET cpu_operator_cost = 0; SET min_parallel_table_scan_size = 0';

# ---------------------------------------------------------------- keys

done([ 'keygen', '--out', 'hospital' ], 'keygen');
done([ 'keygen', '--out', 'clinic', '--for', 'sum' ], 'keygen of another owner');
my %key = map { $_ => (done([ 'keygen', '--writer-for', 'hospital.pub', '--out', $_ ], "keygen --writer-for of $_") =~ /fingerprint: ([0-9a-f]{16})/)[0] } qw(ward1 ward2 ward3 ward4 ward5);
my ($hospital) = done([ 'inspect', 'hospital.pub' ], 'inspect') =~ /fingerprint: ([0-9a-f]{16})/;
like(done([ 'inspect', 'ward1.key' ], 'inspect ward1.key'), qr/secret key file of a writer.*writes for:  $hospital/s, 'a writer says whose it is');
like(done([ 'inspect', 'ward1.pub' ], 'inspect ward1.pub'), qr/public key file of a writer.*writes for:  $hospital.*row\/to_owner_packed/s, 'so does its public file');
cmp_ok(-s 'ward1.pub', '<', 10e6, 'which is small');
refused([ 'keygen', '--writer-for', 'ward1.pub', '--out', 'x' ], 4, qr/"ward1" is itself a writer's key/, 'a writer of a writer');
refused([ 'keygen', '--key', 'ward1.key', '--writer-for', 'clinic.pub', '--out', 'x' ], 4, qr/is the key of a writer for the owner of key $hospital.*hint: .*--writer-for/s, 'a public file for another owner');

# ---------------------------------------------------------------- publication

refused([ 'publish', 'ward1.key', @dsn ], 4, qr/STOP: "ward1.key" is a SECRET key/, 'publish a secret key');
refused([ 'publish', 'ward1.pub', @dsn ], 5, qr/writes for the owner of key $hospital, which is not published there.*hint: Publish the owner/s, 'a writer without its owner');
is(sql('SELECT count(*) FROM ppdl_keys'), '0', 'nothing is there');
done([ 'publish', 'hospital.pub', @dsn ], 'publish the owner');
done([ 'publish', 'clinic.pub', @dsn ], 'publish another owner');
sql('CREATE ROLE alice LOGIN; GRANT INSERT, UPDATE, DELETE ON ppdl_keys, ppdl_key_parts, ppdl_writers TO alice; GRANT USAGE ON SCHEMA crypt TO alice');
refused([ 'publish', 'ward1.pub', '--dsn', $node->connstr('postgres') . ' user=alice' ], 5, qr/key "hospital" belongs to role/, 'a writer without the rights of its owner');
is(sql('SELECT count(*) FROM ppdl_writers'), '0', 'nobody writes for the owner');
sql('DELETE FROM ppdl_keys WHERE owner = \'alice\'');
like(done([ 'publish', "$_.pub", @dsn ], "publish $_"), qr/"$_" writes for key $hospital/, "$_ is a writer") for qw(ward1 ward2 ward3 ward4 ward5);
is(sql('SELECT writer, key, revoked IS NULL, bytes BETWEEN 8000000 AND 9000000, predicts FROM ppdl_writer_info ORDER BY 1'), join("\n", map { "ward$_|hospital|t|t|t" } 1 .. 5), 'and listed');
my ($rc, $out, $err) = $node->psql('postgres', "SELECT ppdl_add_writer('ward1', 'clinic')");
like($err, qr/key $key{ward1} does not write for key/, 'nobody takes a writer for another owner');
($rc, $out, $err) = $node->psql('postgres', "SELECT ppdl_add_writer('hospital', 'clinic')");
like($err, qr/key $hospital has no part "writer"|part "writer".*missing|writer/, 'nor an owner for a writer');
($rc, $out, $err) = $node->psql('postgres', "SET ROLE alice; DELETE FROM ppdl_writers");
like($err, qr/key "hospital" belongs to role/, 'writers are for the owner to drop');
($rc, $out, $err) = $node->psql('postgres', "SET ROLE alice; UPDATE ppdl_writers SET revoked = now()");
like($err, qr/key "hospital" belongs to role/, 'and to revoke');
# who may publish a key of their own makes no writer of another's, which would stop its sums
my $mine = '00000000000000aa';
for my $whose ($hospital, $key{ward1})
{
	($rc, $out, $err) = $node->psql('postgres', "SET ROLE alice; INSERT INTO ppdl_keys (key_id, name, scheme) VALUES ('$mine', 'mine', 'lwe'); INSERT INTO ppdl_writers (writer_id, key_id) VALUES ('$whose', '$mine')");
	like($err, qr/key "hospital" belongs to role|key $key{ward1} does not write for key $mine/, "another's key is no writer of mine");
	sql("DELETE FROM ppdl_keys WHERE key_id = '$mine'");
}

# ---------------------------------------------------------------- rows

# t has the rows of two writers and the owner, six those and some of three writers more
sql(q{CREATE TABLE t (id int, g int GENERATED ALWAYS AS (id % 3) STORED, v lwe_cipher, w lwe_cipher);
	CREATE TABLE plain (id int, a float8, b float8);
	CREATE TABLE six (LIKE t INCLUDING GENERATED);
	CREATE TABLE six_plain (LIKE plain);});
my $at = 0;
for ((map { [ $_, 40, 't' ] } qw(ward1 ward2 hospital)), (map { [ $_, 10, 'six' ] } qw(ward3 ward4 ward5)))
{
	my ($who, $rows, $table) = @$_;
	my $plain = $table eq 't' ? 'plain' : 'six_plain';
	my $csv = "id,a,b\n";

	for (1 .. $rows)
	{
		$at++;
		$csv .= sprintf "%d,%.6f,%.6f\n", $at, sin($at), cos(3 * $at);
	}
	file("$who.csv", $csv);
	done([ 'encrypt', '--raw', '--key', "$who.key", '--id', 'id', '-o', "$who.full", "$who.csv" ], "full rows of $who");
	# compact ones one by one, with the writer's public key, or in a batch
	my $v = "SELECT id, lwe_encrypt('$who', ARRAY[a, b]) FROM $plain WHERE id > $at - $rows";
	if ($table eq 't')
	{
		done([ 'encrypt', '--raw', '--compact', '--key', "$who.key", '--id', 'id', '-o', "$who.copy", "$who.csv" ], "rows of $who");
		$v = 'TABLE c';
	}
	sql(qq{\\copy $plain FROM '$dir/$who.csv' (FORMAT csv, HEADER)
		CREATE TEMP TABLE c (id int, v lwe_cipher); CREATE TEMP TABLE f (id int, v lwe_cipher);
		} . ($table eq 't' ? "\\copy c FROM '$dir/$who.copy'" : '') . qq{
		\\copy f FROM '$dir/$who.full'
		INSERT INTO $table (id, v, w) SELECT id, c.v, f.v FROM ($v) c (id, v) JOIN f USING (id)});
}
sql('INSERT INTO six (id, v, w) SELECT id, v, w FROM t; INSERT INTO six_plain TABLE plain');
is(sql('SELECT count(*), count(DISTINCT lwe_key_id(v)) FROM six'), '150|6', 'rows of five writers and the owner in one table');

my @sums = ('SELECT sum(a), sum(b), avg(a), avg(b) FROM plain', 'SELECT id % 3, sum(a), sum(b), count(*) FROM plain WHERE id <> 7 GROUP BY 1 ORDER BY 1',
	'SELECT sum(a * (id % 4)), sum(b * (id % 4)) FROM plain', 'SELECT sum(a), sum(b) FROM plain');
my @six_sums = map { s/plain/six_plain/r } @sums;
numbers_agree(
	answers('hospital.key', map {
			("SELECT sum($_), avg($_) FROM six", "SELECT g, sum($_), count(*) FROM six WHERE id <> 7 GROUP BY 1 ORDER BY 1", "SELECT sum($_, id % 4) FROM six", "$parallel; SELECT sum($_) FROM six; RESET ALL")
		} qw(v w)),
	plain(@six_sums, @six_sums), 1e-4, 'sums, averages, groups, weights over rows of six keys, compact and full');
like(sql("$parallel; EXPLAIN SELECT sum(v) FROM six"), qr/Partial Aggregate/, 'the last plan was parallel');
is(sql("SELECT DISTINCT lwe_key_id(sum(v)), lwe_ring(sum(v)) FROM t WHERE id <= 40 GROUP BY g"), "$hospital|row14", 'results are the owner\'s, those of one writer, too');
is(sql("SELECT lwe_key_id(sum(v)), lwe_ring(sum(v)) FROM t WHERE id > 80"), "$hospital|compact11", 'the owner\'s rows alone need no switch');

# single rows, of every writer
my $three = 'SELECT id, a, b FROM plain WHERE id IN (3, 43, 83) ORDER BY 1';
numbers_agree(answers('hospital.key', 'SELECT id, v FROM t WHERE id IN (3, 43, 83) ORDER BY 1'), plain($three), 1e-5, 'the owner reads its writers\' rows');
$node->psql('postgres', "\\copy (SELECT v FROM t WHERE id IN (3, 43) ORDER BY id) TO '$dir/two.txt'");
refused([ 'decrypt', '--key', 'hospital.key', 'two.txt' ], 4, qr/encrypted under key $key{ward1}/, 'without the writer\'s file');
like(done([ 'decrypt', '--key', 'hospital.key', '--writer', 'ward1.pub', '--writer', 'ward2.pub', 'two.txt' ], 'with it'), qr/^\{0\.141.*\n\{-0\.8317/, 'as numbers');
refused([ 'decrypt', '--key', 'hospital.key', '--writer', 'hospital.pub', 'two.txt' ], 4, qr/of an owner, not of a writer/, 'with an owner\'s file');
refused([ 'decrypt', '--key', 'clinic.key', '--writer', 'ward1.pub', 'two.txt' ], 4, qr/encrypted under key $key{ward1}/, 'another owner with it');
done([ 'encode', 'ward2.csv', '--id', 'id', '-o', 'ab.json' ], 'an encoding');
done([ 'encrypt', '--key', 'ward2.key', '--features', 'ab.json', '-o', 'ab.copy', 'ward2.csv' ], 'a writer uses it');
like(done([ 'decrypt', '--key', 'hospital.key', '--writer', 'ward2.pub', '--features', 'ab.json', 'ab.copy' ], 'rows of an encoding'), qr/"a": -?0\.\d/, 'a writer\'s rows are answered in words, too');
# a writer: its own rows only
numbers_agree(answers('ward1.key', 'SELECT id, v FROM t WHERE id <= 3 ORDER BY 1'), plain('SELECT id, a, b FROM plain WHERE id <= 3 ORDER BY 1'), 1e-5, 'a writer reads its rows');
# networks, second moments, conditions (x[1] counts as what it is, bit or not)
sql(q{SELECT ppdl_create_model('m', '{"inputs": 2, "layers": [{"units": 3, "activation": "quadratic"}, {"units": 1}]}');
	SELECT ppdl_train('m', ARRAY[a, b], a * b, '{"steps": 4, "batch": 40, "learning_rate": 0.1}' ORDER BY id) FROM plain});
my @networks = (
	[ q{SELECT array_agg(id ORDER BY id), ppdl_predict_agg('m', w ORDER BY id) FROM six WHERE id % 5 <> 0}, q{SELECT array_agg(id ORDER BY id), array_agg((ppdl_predict('m', ARRAY[a, b]))[1] ORDER BY id) FROM six_plain WHERE id % 5 <> 0} ],
	[ q{SELECT id, ppdl_predict('m', w) FROM six WHERE id = 44}, q{SELECT id, ppdl_predict('m', ARRAY[a, b]) FROM six_plain WHERE id = 44} ],
	[ 'SELECT lwe_gram(w) FROM six', 'SELECT sum(a * a), sum(a * b), sum(a * b), sum(b * b) FROM six_plain' ],
	[ q{SELECT sum_where(w, 'x[1] = 1') FROM six}, 'SELECT sum(a), sum(a * a), sum(a * b) FROM six_plain' ],
	[ 'SELECT lwe_pack(w ORDER BY id) FROM six WHERE id IN (39, 41, 81, 121, 131, 141)', 'SELECT a, b FROM six_plain WHERE id IN (39, 41, 81, 121, 131, 141) ORDER BY id' ],
);
numbers_agree(answers('hospital.key', map { $_->[0] } @networks), plain(map { $_->[1] } @networks), 1e-3, 'predictions, one prediction, second moments, sums over a condition and packed rows of six keys');
# compact rows, packed; values of two keys, or rings, combined
my $where = 'WHERE id % 7 <> 0';
my @compact = (
	[ "SELECT array_agg(id ORDER BY id), lwe_pack(v ORDER BY id) FROM six $where", "SELECT array_agg(id ORDER BY id), array_agg(ARRAY[a, b] ORDER BY id) FROM six_plain $where" ],
	[ 'SELECT lwe_pack(v ORDER BY id) FROM t WHERE id IN (1, 2)', 'SELECT a, b FROM plain WHERE id IN (1, 2) ORDER BY id' ],
	[ 'SELECT avg(v) FILTER (WHERE id <= 40) - avg(v) FILTER (WHERE id BETWEEN 81 AND 120) FROM six', 'SELECT avg(a) FILTER (WHERE id <= 40) - avg(a) FILTER (WHERE id BETWEEN 81 AND 120), avg(b) FILTER (WHERE id <= 40) - avg(b) FILTER (WHERE id BETWEEN 81 AND 120) FROM six_plain' ],
	(map { [ "SELECT x.$_ + y.$_, x.$_ - o.$_, 0.5 * (- y.$_) + x.$_ FROM six x, six y, six o WHERE x.id = 3 AND y.id = 141 AND o.id = 83", 'SELECT x.a + y.a, x.b + y.b, x.a - o.a, x.b - o.b, x.a - y.a / 2, x.b - y.b / 2 FROM six_plain x, six_plain y, six_plain o WHERE x.id = 3 AND y.id = 141 AND o.id = 83' ] } qw(v w)),
);
numbers_agree(answers('hospital.key', map { $_->[0] } @compact), plain(map { $_->[1] } @compact), 1e-5, 'compact rows of six keys packed, values of several keys added and subtracted');
is(sql('SELECT lwe_key_id(lwe_pack(v)), lwe_ring(lwe_pack(v)) FROM six'), "$hospital|row14", 'in the row ring, under the owner\'s key');
is(sql('SELECT DISTINCT lwe_ring(lwe_pack(v)) FROM t WHERE id > 80'), 'compact11', 'the owner\'s alone stay where they are');
# two rings: a writer's values take its own keys alone, the owner's its bridge
for ([ 41, qr/^row14$/ ], [ 81, qr/^ERROR: .*compact11/ ])
{
	my ($id, $said) = @$_;
	my ($rc, $out, $err) = $node->psql('postgres', "BEGIN; DELETE FROM ppdl_key_parts WHERE key_id = '$hospital' AND part = 'row/bridge_compact'; SELECT lwe_ring(v + w) FROM t WHERE id = $id; ROLLBACK");
	like($out . $err =~ s/^psql.*?(?=ERROR)//r, $said, "compact and full values without the owner's bridge, row $id");
}
# what compact rows take beyond that, says the error
for (q{ppdl_predict('m', v) FROM t WHERE id = 1}, q{ppdl_predict_agg('m', v) FROM t}, 'lwe_gram(v) FROM t', 'lwe_gram(v, v) FROM t', q{sum_where(v, 'x[1] = 1') FROM t})
{
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT $_");
	like($err, qr/keys that key $hospital is not published with\nHINT:.*--for train.*Full rows/s, "$_: what it takes");
}
# a writer reads none of it: one error each
my @private = ('v FROM t WHERE id IN (43, 83)', 'w FROM six WHERE id = 121', 'sum(v) FROM t WHERE id <= 40', q{ppdl_predict_agg('m', w) FROM t WHERE id <= 40}, 'lwe_gram(w) FROM t WHERE id <= 40', 'lwe_pack(v) FROM t WHERE id <= 40',
	'x.v - y.v FROM t x, t y WHERE x.id = 1 AND y.id = 83');
my ($asked, $told) = (join('', map { "SELECT $_;\n" } @private), '');
IPC::Run::run([ 'ppdl', 'shell', '--key', 'ward1.key', @dsn, '--raw' ], '<', \$asked, '>', \$told, '2>&1');
is(exit_code(), 4, 'a session of refused queries: exit code');
is(scalar(() = $told =~ /encrypted under key [0-9a-f]{16}, not under key "ward1".*\n.*A writer reads only its own rows/g), scalar @private, 'a writer reads no other\'s rows, and no results') or diag($told);
unlike($told, qr/\d\.\d+[,}]/, 'not a number');
done([ 'model', 'export', 'm', @dsn, '-o', 'm.json' ], 'the model');
like(done([ 'audit', '--key', 'hospital.key', @dsn, '--table', 't', '--column', 'w', '--model', 'm.json' ], 'audit'), qr/^\d+ predictions; \d+ rows drawn, 0 wrong/, 'predictions on rows of writers are computed again, too');
# rows of different owners
done([ 'encrypt', '--raw', '--compact', '--key', 'clinic.key', '--id', 'id', '-o', 'clinic.copy', 'ward1.csv' ], 'rows of another owner');
sql(qq{CREATE TABLE strangers (id int, v lwe_cipher);
	\\copy strangers FROM '$dir/clinic.copy'});
my $clinic = sql(q{SELECT key_id FROM ppdl_keys WHERE name = 'clinic'});
($rc, $out, $err) = $node->psql('postgres', 'SELECT sum(v) FROM (SELECT v FROM t UNION ALL SELECT v FROM strangers) u');
like($err, qr/sum of values under keys of different owners, $hospital and $clinic/, 'rows of different owners do not add up');

# ---------------------------------------------------------------- receipts of rows of several keys

sql('CREATE TABLE r (id int, g text, v lwe_cipher)');
for my $who (qw(ward1 ward2 hospital))
{
	file("$who.r.csv", join '', map { $_ = "$_\n"; s/^id.*/$&,g/; s/^(\d+),.*/"$&," . $1 % 3/e; $_ } split /\n/, slurp_file("$who.csv"));
	done([ 'encrypt', '--raw', '--compact', '--key', "$who.key", '--id', 'id', '--keep', 'g', '--receipts', '--bind', 'g', '--manifest', "$who.manifest", @dsn, '--table', 'r', '--columns', 'id,g,v', "$who.r.csv" ], "rows of $who with tags");
}
my @verify = ('query', '--key', 'hospital.key', @dsn, '--raw', '--csv', '--verify', '--receipts-for', 'r', '--bind', 'g');
my $all = 'SELECT sum(v), avg(v), lwe_receipt(v, g) FROM r';
$out = done([ @verify, map { ('-c', $_) } $all, 'SELECT g, sum(v), lwe_receipt(v, g) FROM r GROUP BY g ORDER BY g', 'SELECT sum(v), lwe_receipt(v, g) FROM r WHERE id <= 40', 'SELECT sum(v), lwe_receipt(v, g) FROM r WHERE id > 80',
		"$parallel; SET max_parallel_workers_per_gather = 2; SET debug_parallel_query = on; $all" =~ s/debug_parallel_query/sql('SHOW server_version_num') < 160000 ? 'force_parallel_mode' : 'debug_parallel_query'/er ],
	'verified sums over rows of three keys');
my @line = split /\n/, $out;
like($out, qr/verified: 120 rows of 3 keys, g = .*\n.*\n0,.*verified: 40 rows of 3 keys, g = 0\b.*\n1,.*\n2,.*\n.*\n.*verified: 40 rows, g = .*\n.*\n.*verified: 40 rows, g = /, 'are said to be that');
is((grep { /verified: 120/ } @line)[1], (grep { /verified: 120/ } @line)[0], 'in a parallel plan the same');
numbers_agree([ map { s/"verified.*//r =~ /-?\d+\.\d+/g } @line ],
	plain('SELECT sum(a), sum(b), avg(a), avg(b) FROM plain', 'SELECT sum(a), sum(b) FROM plain GROUP BY id % 3 ORDER BY id % 3', 'SELECT sum(a), sum(b) FROM plain WHERE id <= 40', 'SELECT sum(a), sum(b) FROM plain WHERE id > 80',
		'SELECT sum(a), sum(b), avg(a), avg(b) FROM plain'), 1e-4, 'and what they should be');
refused([ @verify, '-c', 'SELECT sum(v) FILTER (WHERE id <> 7), lwe_receipt(v, g) FROM r' ], 4, qr/does not say of itself that it is the sum or the average of the 120 rows/, 'a sum over fewer rows');
refused([ @verify, '-c', 'SELECT avg(v) AS sum, lwe_receipt(v, g) FROM r' ], 4, qr/column "sum" holds the average/, 'the average for the sum');
# what a server says of the sum beside the receipt of several keys does not matter
numbers_agree([ done([ @verify, '-c', 'SELECT (SELECT sum(v) FROM r WHERE g <> \'0\') + (SELECT sum(v) FROM r WHERE g = \'1\') AS s, (SELECT lwe_receipt(v, g) FROM r) AS r' ], 'another sum of as many rows') =~ s/"verified.*//r =~ /-?\d+\.\d+/g ],
	plain('SELECT sum(a), sum(b) FROM plain'), 1e-4, 'is not what is shown');
sql(q{CREATE TABLE altered AS SELECT id, g, CASE WHEN id = 43 THEN encode(set_byte(lwe_cipher_send(v), 70, get_byte(lwe_cipher_send(v), 70) # 1), 'base64')::text::lwe_cipher ELSE v END AS v FROM r});
refused([ @verify, '-c', $all =~ s/FROM r$/FROM altered/r ], 4, qr/the receipt does not fit/, 'an altered row of a writer');

# a manifest a key
my @manifests = map { ('--manifest', "$_.manifest") } qw(ward1 hospital ward2);
my @checked = ('--verify', @manifests, '--all-rows');
$out = done([ 'query', '--key', 'hospital.key', @dsn, '--raw', '--csv', @checked, map { ('-c', $_) } $all, $all =~ s/lwe_receipt\(v, g\)/lwe_receipt(v)/r, 'SELECT g, sum(v), lwe_receipt(v, g) FROM r GROUP BY g ORDER BY g' ], 'with the manifests of all keys');
is(join("\n", $out =~ /"(verified: .*?), g = .*"/g), join("\n", ('verified: all 120 rows of 3 keys') x 2, ('verified: all 40 rows of 3 keys') x 3), 'all rows of all keys are there');
my @verify_table = ('verify', '--key', 'hospital.key', @dsn, @manifests, '--column', 'v');
like(done([ @verify_table, '--table', 'r' ], 'ppdl verify'), qr/^120 rows, 120 in the manifests: all as/, 'and as they were encrypted');
my $predictions = sql(q{COPY (SELECT id, (ppdl_predict('m', ARRAY[a, b]))[1] FROM plain) TO STDOUT (FORMAT csv)});
my @audit = ('audit', '--key', 'hospital.key', @dsn, '--table', 'r', '--column', 'v', '--model', 'm.json', @manifests);
like(done([ @audit, '--tolerance', '1e-4', '--sample', '120', '--predictions', file('predictions.csv', "id,p\n$predictions\n") ], 'ppdl audit'), qr/^120 predictions; 120 rows drawn, 0 wrong\n.*all rows were looked at/s, 'finds each row in its key\'s manifest');
refused([ 'query', '--key', 'hospital.key', @dsn, '--verify', @manifests[ 0 .. 3 ], '-c', $all ], 4, qr/a receipt of rows under key $key{ward2} of a writer, of which no manifest was given.*hint: Each key has a manifest of its own/s, 'a key without a manifest');
refused([ 'query', '--key', 'hospital.key', @dsn, '--verify', @manifests, '--manifest', 'ward1.manifest', '-c', $all ], 2, qr/ward1\.manifest: a second manifest of rows under key $key{ward1}/, 'two of a key');
refused([ 'query', '--key', 'hospital.key', @dsn, '--verify', '--manifest', file('forged.manifest', slurp_file('ward1.manifest') =~ s/r\x01/s\x01/r), '-c', $all ], 4, qr/forged\.manifest: a manifest that is damaged, or that somebody else has changed/, 'a writer\'s that was altered');
# a writer encrypts a row anew
sql('CREATE TABLE old AS SELECT * FROM r WHERE id = 43; DELETE FROM r WHERE id = 43');
done([ 'encrypt', '--raw', '--compact', '--key', 'ward2.key', '--id', 'id', '--keep', 'g', '--receipts', '--bind', 'g', '--manifest', 'ward2.manifest', @dsn, '--table', 'r', '--columns', 'id,g,v', file('anew.csv', "id,a,b,g\n43,0.5,-0.5,1\n") ], 'a row of a writer anew');
my $by_group = 'SELECT g, sum(v), lwe_receipt(v, g) FROM r GROUP BY g ORDER BY g';
my $swap = 'UPDATE r a SET v = b.v FROM r b WHERE (a.id, b.id) IN ((%1$d, %2$d), (%2$d, %1$d))';
my @cheat = (
	[ 'a row of a writer dropped', 'DELETE FROM r WHERE id = 44', $all, qr/1 row is left out: verified: 119 of 120 rows of 3 keys/ ],
	[ 'all rows of a writer dropped', 'DELETE FROM r WHERE id BETWEEN 41 AND 80', $all, qr/40 rows are left out: verified: 80 of 120 rows of 2 keys/ ],
	[ 'a row of a writer replayed', 'DELETE FROM r WHERE id = 43; INSERT INTO r TABLE old', $all, qr/an old version of row "43"/ ],
	[ 'rows of two keys swapped', sprintf($swap, 1, 41), $by_group, qr/the receipt does not fit/ ],
	[ 'rows of one writer swapped', sprintf($swap, 44, 45), $by_group, qr/the receipt does not fit/ ],
	[ 'the rows of one key for all', 'SELECT', 'SELECT sum(v), lwe_receipt(v, g) FROM r WHERE id > 80', qr/80 rows are left out: verified: 40 of 120 rows/ ],
);
my ($in, $both) = (join('', map { "SELECT 'cheat';\nBEGIN; $_->[1];\n$_->[2];\nROLLBACK;\n" } @cheat), '');
IPC::Run::run([ 'ppdl', 'shell', '--key', 'hospital.key', @dsn, '--raw', @checked ], '<', \$in, '>', \$both, '2>&1');
is(exit_code(), 4, 'a session of refused answers: exit code');
my @said = split /\bcheat\b/, $both;
is(scalar @said, 1 + @cheat, 'all were tried');
for my $i (0 .. $#cheat)
{
	like($said[ 1 + $i ], $cheat[$i][3], $cheat[$i][0]);
	unlike($said[ 1 + $i ], qr/\d\.\d+[,}]/, "$cheat[$i][0]: nothing is shown");
}
sql(sprintf 'CREATE TABLE cheated AS TABLE r; DELETE FROM cheated WHERE id IN (43, 46); INSERT INTO cheated TABLE old; %s', $swap =~ s/r ([ab])\b/cheated $1/gr =~ s/%1\$d/1/gr =~ s/%2\$d/41/gr);
($rc, $out, $err) = ppdl(@verify_table, '--table', 'cheated', '--csv');
is($rc, 1, 'ppdl verify: exit code') or diag($err);
is(join("\n", sort split /\n/, $out), join("\n", sort 'id,column,fault,detail', '1,v,moved,"encrypted for ""41"""', '41,v,moved,"encrypted for ""1"""', '43,v,replayed,""', '46,"",missing,""'), 'names swapped, replayed and dropped rows of all keys');
($rc, $out, $err) = ppdl(@verify_table[ 0 .. 4, 5 .. 8 ], '--column', 'v', '--table', 'r', '--csv', '--limit', '1');
like($out, qr/^\d+,v,foreign,"under key $key{ward2}, of which there is no manifest"$/m, 'a key without a manifest');
like($err, qr/^120 rows, 80 in the manifests: 40 foreign$/m, 'all of its rows');
$node->psql('postgres', "\\copy (SELECT sum(v), lwe_receipt(v) FROM r) TO '$dir/all.txt'");
like(done([ 'decrypt', '--raw', '--key', 'hospital.key', '--writer', 'ward1.pub', '--writer', 'ward2.pub', @checked, 'all.txt' ], 'decrypt'), qr/verified: all 120 rows of 3 keys, g = /, 'with writers\' public files');
# the second has no room for a longer name beside it
my ($long, @kept) = ('m' x 252, map { slurp_file($_) } qw(ward1.manifest hospital.manifest));
my @forget = (qw(verify --key hospital.key --writer ward1.pub --writer ward2.pub --forget), '1,46,90');
refused([ @forget, @manifests[ 0, 1 ], '--manifest', file($long, slurp_file('ward2.manifest')), @manifests[ 2, 3 ] ], 1, qr/cannot write "m+": File name too long/, 'a manifest that cannot be written');
is(slurp_file('ward1.manifest') . slurp_file('hospital.manifest'), join('', @kept), 'leaves the others as they were');
# killed as the first of three had its new contents, and the second had none yet
my @of = qw(ward1 ward2 hospital);
my @copies = map { ('--manifest', file("$_.killed", slurp_file("$_.manifest"))) } @of;
my %former = map { $_ => slurp_file("$_.killed") } @of;
done([ @forget, @copies ], 'three manifests are written again');
my %new = map { $_ => slurp_file("$_.killed") } @of;
for my $name (@of)
{
	file("$name.killed", $name eq 'ward1' ? $new{$name} : $former{$name});
	file("$name.killed.XXXXXX", $new{$name}) if $name ne 'ward1';
	next if $name eq 'hospital';
	file("$name.killed.XXXXXX.former", $former{$name});
	my $placed = $name eq 'ward1' ? "$dir/$name.killed" : "$dir/$name.killed.XXXXXX";
	utime 1_700_000_000, 1_700_000_000, $placed;
	my @stat = stat $placed;
	file("$name.killed.undo", join "\0", 'ppdl: files being replaced', sprintf('%x %x %x.0', @stat[ 1, 7, 9 ]), '.XXXXXX', '.former', "$dir/hospital.killed.XXXXXX", "$dir/$name.killed.undo", '');
}
# where nothing may be written, what was there before is read
my $killed = join ' ', map { "$_ " . slurp_file($_) } sort glob '*.killed*';
chmod 0400, 'ward2.killed.undo';
chmod 0500, '.';
like(done([ @verify_table[ 0 .. 2 ], @dsn, @copies, '--column', 'v', '--table', 'r' ], 'after a kill, read-only'), qr/^120 rows, 120 in the manifests: all as/, 'all manifests are read as they were');
chmod 0700, '.';
chmod 0600, 'ward2.killed.undo';
is(join(' ', map { "$_ " . slurp_file($_) } sort glob '*.killed*'), $killed, 'and no file is touched');
like(done([ @verify_table[ 0 .. 2 ], @dsn, @copies, '--column', 'v', '--table', 'r' ], 'after a kill'), qr/^120 rows, 120 in the manifests: all as/, 'all manifests are what they were');
is(join(' ', map { slurp_file("$_.killed") eq $former{$_} ? 'former' : 'new' } @of), 'former former former', 'all of them are');
is(join(' ', map { s/.*\///r } glob "$dir/ward*.killed?*"), '', 'and nothing is left beside them');
done([ @forget, @copies ], 'the same command');
is(join(' ', map { slurp_file("$_.killed") eq $former{$_} ? 'former' : 'new' } @of), 'new new new', 'can be given again');
sql('DELETE FROM r WHERE id = 46');
like(done([ @verify_table, '--table', 'r', '--forget', '46' ], 'a row that was deleted'), qr/^119 rows, 119 in the manifests: all as/, 'is forgotten by its writer\'s manifest');
sql(q{UPDATE r SET g = '2' WHERE id = 42});
refused([ @verify, '-c', 'SELECT g, sum(v), lwe_receipt(v, g) FROM r GROUP BY g ORDER BY g' ], 4, qr/the receipt does not fit/, 'a row of a writer in another group');
$node->psql('postgres', "\\copy (SELECT sum(v), lwe_receipt(v, g) FROM r WHERE id <> 42) TO '$dir/receipt.txt'");
refused([ 'decrypt', '--key', 'hospital.key', '--verify', '--receipts-for', 'r', '--bind', 'g', 'receipt.txt' ], 4, qr/rows under key $key{ward1}, which was not given/, 'without the writers\' files');
like(done([ 'decrypt', '--raw', '--key', 'hospital.key', '--writer', 'ward1.pub', '--writer', 'ward2.pub', '--verify', '--receipts-for', 'r', '--bind', 'g', 'receipt.txt' ], 'with them'), qr/verified: 118 rows of 3 keys/, 'decrypt --verify');
refused([ 'query', '--key', 'clinic.key', @dsn, '--verify', '--receipts-for', 'r', '--bind', 'g', '-c', $all ], 4, qr/which was not given/, 'another owner');

# ---------------------------------------------------------------- revocation

sql(q{ALTER TABLE t ADD CONSTRAINT known_writers CHECK (ppdl_may_write(v, 'hospital')) NOT VALID});
is(sql('INSERT INTO t (id, v, w) SELECT 1000 + id, v, w FROM t WHERE id IN (1, 41, 81) RETURNING id'), "1001\n1041\n1081", 'rows of writers and the owner come in');
($rc, $out, $err) = $node->psql('postgres', 'INSERT INTO t (id, v) SELECT id, v FROM strangers');
like($err, qr/violates check constraint "known_writers"/, 'rows of another owner do not');
my $may = q{SELECT ppdl_may_write(v, 'hospital') FROM t WHERE id = 41};
is(sql(qq{BEGIN; SAVEPOINT s; UPDATE ppdl_writers SET revoked = now(); $may; ROLLBACK TO s; $may; COMMIT}), "f\nt", 'what is rolled back was never revoked');
sql(q{SELECT ppdl_revoke_writer('ward1'); UPDATE ppdl_writers SET comment = 'lost' WHERE writer_id = (SELECT key_id FROM ppdl_keys WHERE name = 'ward1')});
is(sql('SELECT writer, comment, revoked IS NOT NULL FROM ppdl_writer_info ORDER BY 1 LIMIT 2'), "ward1|lost|t\nward2||f", 'who is revoked is said');
($rc, $out, $err) = $node->psql('postgres', 'INSERT INTO t (id, v) SELECT id, v FROM t WHERE id = 1');
like($err, qr/violates check constraint "known_writers"/, 'new rows of a revoked writer do not come in');
is(sql('INSERT INTO t (id, v, w) SELECT 2000 + id, v, w FROM t WHERE id = 41 RETURNING id'), '2041', 'another\'s do');
sql('DELETE FROM t WHERE id > 1000');
is(sql('SELECT lwe_key_id(sum(v)) FROM t'), $hospital, 'those that are there stay in use');
($rc, $out, $err) = $node->psql('postgres', q{SELECT ppdl_revoke_writer('hospital')});
like($err, qr/key "hospital" is no writer's/, 'an owner is not revoked');

# ---------------------------------------------------------------- dump and restore

# rotation keys are large, and other tests dump them
sql(qq{DELETE FROM ppdl_key_parts WHERE key_id = '$hospital' AND part ~ 'galois'; DROP TABLE six; DELETE FROM ppdl_keys WHERE name IN ('ward3', 'ward4', 'ward5')});
$node->command_ok([ 'pg_dump', '-Fc', '-Z0', '-f', "$dir/dump", $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), "$dir/dump" ], 'pg_restore');
is($node->safe_psql('restored', 'SELECT writer, key, comment, revoked IS NOT NULL, predicts FROM crypt.ppdl_writer_info ORDER BY 1 LIMIT 2'), "ward1|hospital|lost|t|t\nward2|hospital||f|t", 'writers come back');
is($node->safe_psql('restored', 'SET search_path = public, crypt; SELECT lwe_key_id(sum(v)), count(*) FROM t'), "$hospital|120", 'and their rows count as the owner\'s');
($rc, $out, $err) = $node->psql('restored', 'SET search_path = public, crypt; INSERT INTO t (id, v) SELECT id, v FROM t WHERE id = 1');
like($err, qr/violates check constraint "known_writers"/, 'revoked ones stay revoked');

# ---------------------------------------------------------------- rotation

refused([ 'keygen', '--rotate', 'ward1.key', '--out', 'x' ], 4, qr/is a writer's key/, 'rotate a writer\'s key');
like(done([ 'keygen', '--rotate', 'hospital.key', '--out', 'hospital2', '--for', 'sum' ], 'keygen --rotate'), qr/name:        hospital2.*takes over:  hospital2-hospital\.pub/s, 'a new key that takes over the old one\'s rows');
refused([ 'publish', 'hospital2-hospital.pub', @dsn ], 5, qr/which is not published there/, 'the new key comes first');
done([ 'publish', $_, @dsn ], "publish $_") for 'hospital2.pub', 'hospital2-hospital.pub';
my $new = sql(q{SELECT key_id FROM ppdl_keys WHERE name = 'hospital2'});
is(sql('SELECT DISTINCT lwe_key_id(x) FROM (SELECT sum(v) FROM t UNION ALL SELECT sum(w) FROM t) u(x)'), $new, 'sums are under the new key');
numbers_agree(answers('hospital2.key', 'SELECT sum(v), avg(v) FROM t', 'SELECT sum(w), avg(w) FROM t', 'SELECT id, v FROM t WHERE id IN (3, 43, 83) ORDER BY 1'), plain($sums[0], $sums[0], $three),
	1e-5, 'sums and rows of the old key and its writers with the new one');
refused([ 'query', '--key', 'hospital.key', @dsn, '-c', 'SELECT sum(v) FROM t' ], 4, qr/encrypted under key $new/, 'results are no longer the old key\'s');
is(sql(q{SELECT ppdl_may_write(v, 'hospital2') FROM t WHERE id IN (41, 81)}), "t\nt", 'writers of the old key write for the new one');

# ---------------------------------------------------------------- a key that leaked opens its writers' rows

refused([ 'rekey', '--key', 'hospital.key', '--new-key', 'ward1.key', @dsn, '--table', 't' ], 4, qr/is the key of a writer for the owner of "hospital.key", which opens it/, 'rekey to a key that the old one opens');
refused([ 'rekey', '--key', 'ward1.key', '--new-key', 'clinic.key', @dsn, '--table', 't' ], 4, qr/holds 40 values under key (?:$hospital|$key{ward2})/, 'rekey of a writer\'s rows beside others\'');
sql('ALTER TABLE t DROP CONSTRAINT known_writers');
like(done([ 'rekey', '--key', 'hospital.key', '--new-key', 'clinic.key', @dsn, '--table', 't' ], 'rekey'), qr/120 rows are under key $clinic/, 'rows of the owner and its writers are the new key\'s');
is(sql('SELECT DISTINCT lwe_key_id(x), count(*) FROM (SELECT v FROM t UNION ALL SELECT w FROM t) u(x) GROUP BY 1'), "$clinic|240", 'all of them');
numbers_agree(answers('clinic.key', 'SELECT sum(v), avg(v) FROM t', $three =~ s/a, b FROM plain/v FROM t/r, $three =~ s/a, b FROM plain/w FROM t/r), plain($sums[0], $three, $three), 1e-5, 'with the values that they had');

# rows with receipts get new ones, of a manifest under the new key
sql(q{UPDATE r SET g = '0' WHERE id = 42});
like(done([ 'rekey', '--key', 'hospital.key', '--new-key', 'clinic.key', @dsn, '--table', 'r', '--no-models', @manifests, '--new-manifest', 'r.manifest' ], 'rekey of rows of three keys with receipts'), qr/119 rows are under key $clinic/, 'they are the new key\'s');
$out = done([ 'query', '--key', 'clinic.key', @dsn, '--raw', '--csv', '--verify', '--manifest', 'r.manifest', '--all-rows', '-c', 'SELECT sum(v), lwe_receipt(v, g) FROM r' ], 'verified under the new key');
like($out, qr/verified: all 119 rows, g = /, 'all of them');
numbers_agree([ $out =~ s/"verified.*//r =~ /-?\d+\.\d+/g ], plain('SELECT 0.5 + sum(a), -0.5 + sum(b) FROM plain WHERE id NOT IN (43, 46)'), 1e-4, 'with the values that they had');

done_testing();
