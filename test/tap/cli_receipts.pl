# Receipts: sums that ppdl query and ppdl decrypt check before they decrypt them, and every way a server can cheat.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('receipts');

$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));

# ---------------------------------------------------------------- 500 rows of three wards, some without one

my $seed = $ENV{PPDL_TEST_SEED} // 20261127;
note "PPDL_TEST_SEED=$seed";
srand $seed;
my @rows = map { { id => $_, ward => (qw(A B C), 'St. John, 2')[ rand 4 ], sex => rand() < 0.5 ? 'f' : 'm', x => sprintf('%.4f', rand(2) - 1), y => sprintf('%.4f', rand(2) - 1), label => rand() < 0.5 ? -1 : 1 } } 1 .. 500;

sub csv
{
	return join('', "id,Ward,sex,x,y,label\n", map { my $r = $_; join(',', map { my $v = $r->{$_}; $v =~ /,/ ? "\"$v\"" : $v } qw(id ward sex x y label)) . "\n" } @_);
}

sub sum_of
{
	my $sum = 0;

	$sum += $_ for @_;
	return $sum;
}

file('rows.csv', csv(@rows));
done([ 'keygen', '--out', 'h' ], 'keygen');
$node->safe_psql('postgres', 'CREATE TABLE patients (id int PRIMARY KEY, ward text, sex text, features lwe_cipher, label lwe_cipher)');
my @encrypt = ('encrypt', '--key', 'h.key', '--raw', '--id', 'id', '--label', 'label', '--keep', 'Ward,sex', '--compact', '--batch-rows', '64');
my @receipts = ('--receipts', '--bind', 'Ward,sex', '--manifest', 'patients.manifest');
my @into = (@dsn, '--table', 'patients', '--columns', 'id,ward,sex,features,label');

refused([ @encrypt, '--bind', 'Ward', 'rows.csv' ], 2, qr/go with --receipts only/, '--bind alone');
refused([ @encrypt, '--receipts', 'rows.csv' ], 2, qr/name the table/, '--receipts without a table');
refused([ @encrypt, '--receipts', '--receipts-for', 'patients', '--bind', 'x', 'rows.csv' ], 2, qr/--bind x: name it in --keep, too/, 'a bound column that is encrypted');
refused([ 'encrypt', '--key', 'h.key', '--raw', '--receipts', '--receipts-for', 'p', file('noid.csv', "x\n0.5\n") ], 2, qr/rows need an id/, 'rows without an id');
refused([ @encrypt, '--receipts', '--receipts-for', 'p', '--manifest', 'twice.manifest', file('twice.csv', csv(@rows[ 0, 1, 0 ])) ], 3, qr/two rows with the id "1"/, 'an id twice');
ok(!-e 'twice.manifest', 'and no manifest of it');

my ($rc, $out, $err) = ppdl(@encrypt, @receipts, @into, 'rows.csv');
is($rc, 0, 'encrypt --receipts') or diag($err);
like($err, qr/manifest patients\.manifest has 500 rows, and 0 old versions/, 'the manifest is written');
is((stat 'patients.manifest')[2] & 0777, 0600, '... for its owner alone');
is($node->safe_psql('postgres', q{SELECT DISTINCT octet_length(lwe_cipher_send(features)) FROM patients}), 60 + 13 + 32, '32 bytes a compact row');

# ---------------------------------------------------------------- honest answers

my @verify = ('query', '--key', 'h.key', @dsn, '--csv', '--verify', '--manifest', 'patients.manifest');
my $groups = 'SELECT ward, count(*), sum(features), lwe_receipt(features, ward, sex) FROM patients GROUP BY ward ORDER BY ward COLLATE "C"';

sub answers
{
	my ($text) = @_;
	my @lines = split /\n/, $text;

	shift @lines;
	return map { my @f = /^("[^"]*"|[^,]*),(\d+),"\{([^,]*),([^}]*)\}","(.*)"$/; { ward => $f[0] =~ s/^"|"$//gr, count => $f[1], x => $f[2], y => $f[3], said => $f[4] } } @lines;
}

my @got = answers(done([ @verify, '--all-rows', '-c', $groups ], 'sums by ward'));
is(scalar @got, 4, 'four wards');
for my $g (@got)
{
	my @mine = grep { $_->{ward} eq $g->{ward} } @rows;
	my ($f, $m) = map { my $s = $_; scalar grep { $_->{sex} eq $s } @mine } qw(f m);

	is($g->{count}, @mine, "count of $g->{ward}");
	for my $c (qw(x y))
	{
		ok(abs($g->{$c} - sum_of(map { $_->{$c} } @mine)) < 1e-3, "sum of $c in $g->{ward}");
	}
	like($g->{said}, qr/^verified: all $g->{count} rows, Ward = \Q$g->{ward}\E, sex = (f \($f\), m \($m\)|m \($m\), f \($f\))$/, "what is said of $g->{ward}");
}
$out = done(
	[
		@verify,
		map { ('-c', $_) } q{SELECT avg(features), sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'A' AND sex = 'f'},
		'SELECT avg(features) AS mean, lwe_receipt(features) FROM patients WHERE id <= 100',
		'SELECT sum(features), lwe_receipt(features) FROM patients WHERE id < 0',
		'SELECT 1 + 1 AS two',
		'SELECT count(*), lwe_receipt(features) FROM patients',
		'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0',
		'SELECT sum(features), lwe_receipt(features, ward, sex) FROM patients',
		'SELECT ward, sum(features) AS totals, lwe_receipt(features, ward, sex) FROM patients GROUP BY ROLLUP (ward)'
	],
	'several');
like($out, qr/^A,"[^"]*","verified: all \d+ rows, Ward = A, sex = [^=()]*(?: \(\d+\)[^=()]*)*\(totals: sum\)"$/m, 'a group beside a total');
like($out, qr/^,"[^"]*","verified: all 500 rows, .* \(Ward: NULL taken for a total, totals: sum\)"$/m, 'a total of groups is said to be taken for one');
like($out, qr/,"verified: all \d+ rows, Ward = A, sex = f"$/m, 'sum and average of one group');
like($out, qr/^500,"verified: all 500 rows, Ward = .* \(no value\)"$/m, 'a receipt beside a plain number');
like($out, qr/,"verified: 100 of 500 rows, Ward = .*\(mean: average\)"$/m, 'a part of the table, without bound columns, which the manifest knows');
like($out, qr/\n,\n/, 'no rows');
like($out, qr/^2$/m, 'a result without ciphertexts');
like($out, qr/verified: all 500 rows/, 'parallel workers');
like(done([ @verify, '--verify-column', 'label', '-c', 'SELECT avg(label), lwe_receipt(label) FROM patients' ], 'labels'), qr/verified: all 500 rows/, 'labels');

# without the manifest the owner says what it would; ppdl decrypt does the same
my @named = ('--verify', '--receipts-for', 'patients', '--bind', 'Ward,sex');
refused([ 'query', '--key', 'h.key', @dsn, @named, '-c', 'SELECT sum(features), lwe_receipt(features) FROM patients' ], 2, qr/does not say what the bound columns hold.*Select lwe_receipt\(features, Ward, sex\)/s, 'a receipt without bound columns');
my ($csv) = PostgreSQL::Test::Utils::run_command([ 'psql', '-X', '--csv', '-d', $node->connstr('postgres'), '-c', $groups ]);
($rc, $out, $err) = ppdl_in("$csv\n", 'decrypt', '--key', 'h.key', @named);
is($rc, 0, 'decrypt --verify') or diag($err);
like($out, qr/^A,\d+,"\{.*\}","verified: \d+ rows, Ward = A, /m, 'of CSV');
my $copy = $node->safe_psql('postgres', "COPY ($groups) TO STDOUT");
($rc, $out, $err) = ppdl_in("$copy\n", 'decrypt', '--key', 'h.key', @named);
like($out, qr/^A\t\d+\t\{.*\}\tverified: \d+ rows, Ward = A, /m, 'of COPY text');

# ---------------------------------------------------------------- ways to cheat: each is tried, and undone

my $all = 'SELECT sum(features), lwe_receipt(features, ward, sex) FROM patients';

my @cheats;

# what a server may do ($sql, undone afterwards), what the owner then asks, and what it must be told
sub cheat
{
	my ($name, $sql, $query, $like) = @_;

	push @cheats, { name => $name, sql => $sql, query => $query, like => $like };
}

# all of them in one session, which a refused answer does not end
sub try_cheats
{
	my $n = 0;
	my $script = join '', map {
		my $c = $_;
		$n++;
		("SELECT 'cheat $n';\n", ($c->{sql} ? "BEGIN; $c->{sql};\n" : ''), "$c->{query};\n", ($c->{sql} ? "ROLLBACK;\n" : '')) } @cheats;
	my ($in, $both) = ($script, '');

	IPC::Run::run([ 'ppdl', 'shell', '--key', 'h.key', @dsn, '--verify', '--manifest', 'patients.manifest', @_ ], '<', \$in, '>', \$both, '2>&1');
	is(exit_code(), 4, 'the session ends with the status of the first refused answer');
	my @part = split /\bcheat \d+\b/, $both;
	shift @part;
	is(scalar @part, scalar @cheats, 'all were tried');
	for my $i (0 .. $#cheats)
	{
		like($part[$i], $cheats[$i]{like}, $cheats[$i]{name});
		unlike($part[$i], qr/\d\.\d+[,}]/, "$cheats[$i]{name}: nothing is shown");
	}
	@cheats = ();
}

my $flip = sub { my ($at) = @_; "UPDATE patients SET features = encode(set_byte(lwe_cipher_send(features), $at, get_byte(lwe_cipher_send(features), $at) # 1), 'base64')::text::lwe_cipher WHERE id = 7" };
my $doubt = qr/the receipt does not fit: its \d+ rows, as they were encrypted, come to another sum/;

cheat('a flipped bit of a row', $flip->(62), $all, $doubt);
cheat('a flipped bit of a tag', $flip->(60 + 13 + 2), $all, $doubt);
cheat('another seed', $flip->(30), $all, $doubt);
cheat('values of two wards swapped', q{UPDATE patients p SET features = q.features FROM patients q WHERE (p.id, q.id) IN ((1, (SELECT min(id) FROM patients WHERE ward <> (SELECT ward FROM patients WHERE id = 1))), ((SELECT min(id) FROM patients WHERE ward <> (SELECT ward FROM patients WHERE id = 1)), 1))}, q{SELECT ward, sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward = (SELECT ward FROM patients WHERE id = 1) GROUP BY ward}, $doubt);
cheat('a row moved to another ward', q{UPDATE patients SET ward = 'B' WHERE id = (SELECT min(id) FROM patients WHERE ward = 'A')}, q{SELECT ward, sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'B' GROUP BY ward}, $doubt);
cheat('rows counted as another ward\'s', undef, q{SELECT 'A' AS ward, sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward IN ('A', 'B')}, qr/rows are of another group than Ward = A/);
my $none = q{UPDATE patients SET ward = NULL WHERE ward = 'A'};
my $by_ward = 'SELECT ward, sum(features), lwe_receipt(features) FROM patients GROUP BY';
cheat('a ward shown as the group NULL', $none, "$by_ward ward ORDER BY ward DESC", qr/: (\d+) of \1 rows are of another group than Ward = NULL.*ROLLUP, CUBE/s);
cheat('a ward shown as the total', $none, "$by_ward GROUPING SETS (ward) ORDER BY ward DESC", qr/rows of other groups are left out: verified: all \d+ rows, Ward = A/);
cheat('a row left out of the sum', undef, q{SELECT sum(features) FILTER (WHERE id <> 9), lwe_receipt(features, ward, sex) FROM patients}, qr/neither the sum nor the average/);
cheat('a row left out of both', q{DELETE FROM patients WHERE id = 9}, $all, qr/1 row is left out: verified: 499 of 500 rows/);
cheat('a row counted twice', undef, q{SELECT sum(p.features), (SELECT lwe_receipt(features, ward, sex) FROM patients) FROM (TABLE patients UNION ALL SELECT * FROM patients WHERE id = 3) p}, qr/neither the sum nor the average/);
cheat('another sum', undef, q{SELECT (SELECT sum(features) FROM patients WHERE ward = 'A'), (SELECT lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'B')}, qr/neither the sum nor the average/);
cheat('another receipt', undef, q{SELECT 'A' AS ward, (SELECT sum(features) FROM patients WHERE ward = 'B'), (SELECT lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'B')}, qr/of another group than Ward = A/);
cheat('the average for the sum', undef, q{SELECT avg(features) AS sum, lwe_receipt(features, ward, sex) FROM patients}, qr/column "sum" holds the average/);
cheat('the sum times two', undef, q{SELECT sum(features) * 2 AS s, lwe_receipt(features, ward, sex) FROM patients}, qr/neither the sum nor the average/);
cheat('tags of another column', undef, q{SELECT sum(label) AS s, lwe_receipt(label, ward, sex) FROM patients}, $doubt);
$node->safe_psql('postgres', q{CREATE TABLE other (id int, ward text, sex text, features lwe_cipher, label lwe_cipher)});
done([ @encrypt, '--receipts', '--bind', 'Ward,sex', @dsn, '--table', 'other', '--columns', 'id,ward,sex,features,label', 'rows.csv' ], 'another table of the owner\'s');
cheat('rows of another table', undef, $all =~ s/patients/other/r, $doubt);
done([ @encrypt, '--receipts', '--receipts-for', 'patients', '--bind', 'Ward,sex', @dsn, '--table', 'other', '--columns', 'id,ward,sex,features,label', 'rows.csv' ], 'rows of that name, in no manifest');
cheat('rows that are not in the manifest', undef, q{SELECT sum(features), lwe_receipt(features, ward, sex) FROM (TABLE patients UNION ALL (SELECT * FROM other ORDER BY ctid DESC LIMIT 1)) t}, qr/not in the manifest/);
cheat('a row twice in a receipt', undef, 'SELECT sum(features), lwe_receipt(features) FROM patients, generate_series(1, 2)', qr/comes twice/);
cheat('no receipt', undef, 'SELECT sum(features) FROM patients', qr/a ciphertext without a receipt.*Select lwe_receipt\(features, \.\.\.\) beside/s);
cheat('ciphertexts in an array', undef, 'SELECT array_agg(features), lwe_receipt(features) FROM patients', qr/a ciphertext without a receipt/);
cheat('two receipts', undef, 'SELECT sum(features), lwe_receipt(features), lwe_receipt(features) FROM patients', qr/two receipts/);
cheat('a group for the whole', undef, q{SELECT sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'A'}, qr/rows of other groups are left out: verified: all \d+ rows, Ward = A.*select the columns/s);
cheat('a part of a group that is named', undef, q{SELECT ward, sum(features), lwe_receipt(features, ward, sex) FROM patients WHERE ward = 'A' AND sex = 'f' GROUP BY ward}, qr/rows of other groups are left out: verified: all \d+ rows, Ward = A, sex = f/);
cheat('a number and the word that it is verified', undef, q{SELECT '{0.51,0.52}' AS sum, 'verified: all 500 rows' AS said}, qr/says "verified: \.\.\." itself/);
cheat('the same within other text', undef, q{SELECT 'sum {0.51,0.52}, verified: all 500 rows' AS said}, qr/says "verified: \.\.\." itself/);
cheat('another word in the receipt\'s column', undef, q{SELECT '{0.51,0.52}' AS sum, 'all 500 rows are right' AS lwe_receipt}, qr/column "lwe_receipt" holds no receipt/);
cheat('a number beside a receipt', undef, q{SELECT '{0.51,0.52}' AS sum, lwe_receipt(features, ward, sex) FROM patients}, qr/column "sum" beside a receipt is not encrypted/);
try_cheats('--all-rows');

# ---------------------------------------------------------------- updates and deletes

my @new = map { { %$_, x => '0.5', y => '-0.5' } } @rows[ 10, 11 ];
$node->safe_psql('postgres', 'CREATE TABLE old AS SELECT * FROM patients WHERE id IN (11, 12); DELETE FROM patients WHERE id IN (11, 12)');
($rc, $out, $err) = ppdl(@encrypt, @receipts, @into, file('new.csv', csv(@new)));
is($rc, 0, 'two rows are encrypted anew') or diag($err);
like($err, qr/has 500 rows, and 2 old versions of rows/, 'the manifest knows the old ones');
like(done([ @verify, '--all-rows', '-c', $all ], 'the table as it is now'), qr/verified: all 500 rows/, 'all of it');
cheat('an old version of a row', q{DELETE FROM patients WHERE id = 11; INSERT INTO patients SELECT * FROM old WHERE id = 11}, $all, qr/an old version of row "11"/);
try_cheats();
refused([ @encrypt, '--receipts', '--manifest', 'patients.manifest', @into, 'new.csv' ], 2, qr/the manifest of table "patients" with 2 bound columns/, 'other bound columns than before');
file('damaged.manifest', slurp_file('patients.manifest') =~ s/patients/patientz/r);
refused([ 'query', '--key', 'h.key', @dsn, '--verify', '--manifest', 'damaged.manifest', '-c', $all ], 4, qr/damaged\.manifest: a manifest that is damaged/, 'a damaged manifest');
done([ 'keygen', '--out', 'i' ], 'another owner');
refused([ 'query', '--key', 'i.key', @dsn, '--verify', '--manifest', 'patients.manifest', '-c', $all ], 4, qr/patients\.manifest: manifest of rows under key/, 'another owner\'s manifest');
refused([ 'query', '--key', 'i.key', @dsn, @named, '-c', $all ], 4, qr/a receipt of rows under key [0-9a-f]{16}, which was not given/, 'another owner\'s rows');
refused([ 'query', '--key', 'h.key', @dsn, '--verify', '-c', $all ], 2, qr/give --manifest, or say with --receipts-for/, '--verify alone');
refused([ 'query', '--key', 'h.key', @dsn, '--manifest', 'x', '-c', $all ], 2, qr/go with --verify only/, '--manifest alone');

# ---------------------------------------------------------------- dump and restore

PostgreSQL::Test::Utils::run_log([ 'pg_dump', '-t', 'patients', '-f', 'dump.sql', $node->connstr('postgres') ]);
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->safe_psql('restored', 'CREATE EXTENSION ppdl');
$node->command_ok([ 'psql', '-X', '-q', '-f', 'dump.sql', $node->connstr('restored') ], 'restored from a dump');
like(done([ 'query', '--key', 'h.key', '--dsn', $node->connstr('restored'), '--csv', '--verify', '--manifest', 'patients.manifest', '--all-rows', '-c', $all ], 'a restored table'),
	qr/verified: all 500 rows/, 'verifies as before');
done_testing();
