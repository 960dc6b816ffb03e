# ppdl verify and ppdl audit: a server that alters rows and predictions is found, an honest one is not suspected.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $patients = abs_path(dirname(__FILE__) . '/../contrib-data/patients.csv');
my $dir = PostgreSQL::Test::Utils::tempdir;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql('CREATE EXTENSION ppdl');
done([ 'keygen', '--out', 'clinic' ], 'keygen');
my @lines = split /^/, slurp_file($patients);
file('rows.csv', join '', @lines[ 0 .. 400 ]);
done([ 'encode', 'rows.csv', '--id', 'Id', '--label', 'Osteoporosis', '-o', 'features.json' ], 'encode');
sql('CREATE TABLE patients (id int PRIMARY KEY, gender text, features lwe_cipher, label lwe_cipher)');
my @encrypt = ('encrypt', '--key', 'clinic.key', '--features', 'features.json', '--keep', 'Gender', '--receipts', '--receipts-for', 'patients', '--bind', 'Gender', '--manifest', 'patients.manifest');
done([ @encrypt, '--table', 'patients', @dsn, '--columns', 'id,gender,features,label', 'rows.csv' ], 'load');
done([ 'publish', 'clinic.pub', '--for', 'predict', @dsn ], 'publish');

# two models of one shape
sub model
{
	my ($name, $factor) = @_;

	file("$name.json", qq({"format": "ppdl-model", "version": 1, "name": "$name", "spec": {"inputs": 18, "layers": [{"units": 2, "activation": "quadratic"}, {"units": 1}]}, "weights": [)
		. join(', ', map { sprintf '%.3f', $factor * (($_ * 7) % 11 - 5) / 20 } 0 .. 40) . ']}');
	done([ 'model', 'import', "$name.json", @dsn ], "model $name");
}
model('osteo', 1);
model('evil', 0.9);

# ---------------------------------------------------------------- verify

my @manifest = ('--manifest', 'patients.manifest', '--bind', 'gender');
my @verify = ('verify', '--key', 'clinic.key', @dsn, @manifest);
refused([ 'verify', '--key', 'clinic.key', @dsn, '--table', 'patients' ], 2, qr/--manifest is missing/, 'verify without a manifest');
refused([ @verify[ 0 .. 6 ], '--table', 'patients' ], 5, qr/has no column "Gender".*hint: .*--bind names the table's columns/s, 'the bound column has another name');

# a row that its owner changes: the old version is no longer right
my $old = sql('SELECT features::text FROM patients WHERE id = 100010');
file('changed.csv', $lines[0] . $lines[10]);
sql('DELETE FROM patients WHERE id = 100010');
done([ @encrypt, '--table', 'patients', @dsn, '--columns', 'id,gender,features,label', 'changed.csv' ], 'a row anew');
sql('DELETE FROM patients WHERE id IN (100399, 100400)');
file('gone', "100399\n\n100400\n");
refused([ @verify[ 0 .. 6 ], '--forget', '100398,400' ], 3, qr/patients.manifest has no row of id "400".*hint: Nothing was forgotten/s, 'forget what is not there');
like(done([ @verify, '--table', 'patients', '--forget-file', 'gone' ], 'the changed table'), qr/^398 rows, 398 in the manifest: all/, 'is right');

# ---------------------------------------------------------------- statistics, and second moments

my @all = map { chomp(my $l = $_); [ split /,/, $l ] } @lines[ 1 .. 398 ];
my %at = do { my @name = split /,/, $lines[0] =~ s/\s+$//r; map { $name[$_] => $_ } 0 .. $#name };
my @stats = ('stats', '--key', 'clinic.key', @dsn, '--features', 'features.json', '--verify');
my @kept = ('--manifest', 'patients.manifest', '--all-rows');
my $shown = done([ @stats, @kept, '--table', 'patients', '--describe', '--columns', 'Age', '--group-by', 'gender' ], 'stats --verify');
for my $gender (qw(Female Male))
{
	my @age = map { $_->[ $at{Age} ] } grep { $_->[ $at{Gender} ] eq $gender } @all;
	my $n = @age;
	my $mean = 0;

	$mean += $_ / $n for @age;
	my ($mine) = $shown =~ /(gender = $gender\b.*?NOT verified: [^\n]*)/s;
	like($mine // $shown, qr/^verified: all $n rows, Gender = $gender: their number and sums, and so means.*\nlabels, verified: all $n rows, Gender = $gender: the same\n.*^NOT verified: products, and so standard deviations/ms, "what is certain of $gender, and what is not");
	my ($said) = ($mine // '') =~ /\bAge\b[ |]+\d+[ |]+\d+ %[ |]+([\d.]+)/;
	ok(defined $said && abs($said - $mean) < 0.01, "the mean age of $gender: $mean") or diag($mine // $shown);
}
my @named = ('--receipts-for', 'patients', '--bind', 'Gender');
unlike(my $means = done([ @stats, @named, '--table', 'patients', '--means', '--columns', 'Age' ], 'means without a manifest'), qr/NOT verified/, 'take no products');
like($means, qr/^verified: 398 rows, Gender = (?:Fem|M)ale \(\d+\), (?:Fem|M)ale \(\d+\): their number and sums/m, 'are verified, with the columns that were bound');
refused([ @stats, '--receipts-for', 'patients', '--bind', 'ward', '--table', 'patients', '--means' ], 5, qr/--bind ward: table .*patients.* has no such column/, 'a bound column that is not there');
# names are compared as receipts do it, also where the database has capitals beyond ASCII
SKIP:
{
	my $locale = sql(q{SELECT collname FROM pg_collation WHERE collname ~* '^c\.utf-?8$' LIMIT 1}) or skip 'no locale C.UTF-8', 2;

	sql("CREATE DATABASE letters TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '$locale'");
	$node->safe_psql('letters', qq{CREATE EXTENSION ppdl; CREATE TABLE wards (id int, "Ärzte" text, "öde" text, features lwe_cipher)});
	my @letters = (@stats[ 0 .. 2 ], '--dsn', $node->connstr('letters'), @stats[ 5 .. $#stats ], '--receipts-for', 'wards', '--table', 'wards', '--means', '--bind');
	like((ppdl(@letters, "Ärzte"))[2], qr/no row of table wards has values/, 'a bound column with a capital beyond ASCII');
	refused([ @letters, "Öde" ], 5, qr/--bind \S+: table .*wards.* has no such column/, 'another that differs from one in it');
}
refused([ @stats, '--table', 'patients', '--means' ], 2, qr/--verify: give --manifest, or say with --receipts-for/, 'stats --verify alone');
refused([ @stats[ 0 .. 6 ], @kept, '--table', 'patients', '--means' ], 2, qr/--manifest, --all-rows, --receipts-for and --bind go with --verify only/, 'stats: its own options are named, and no others');
refused([ 'query', '--key', 'clinic.key', '--verify-column', 'label', '-c', 'SELECT 1' ], 2, qr/--verify-column goes with --verify only/, 'query: so is its one');
sql(q{CREATE SCHEMA evil; CREATE FUNCTION evil.inc(int8) RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2'; CREATE AGGREGATE evil.count(*) (SFUNC = evil.inc, STYPE = int8, INITCOND = 0);
	CREATE TABLE cheated AS TABLE patients});
my $flipped = sql('SELECT encode(lwe_cipher_send(features), $$hex$$) FROM patients WHERE id = 100011');
substr($flipped, 200, 1) = substr($flipped, 200, 1) eq '0' ? '1' : '0';
sql(q{UPDATE cheated SET gender = NULL WHERE gender = 'Male'});
refused([ @stats, @kept[ 0, 1 ], '--table', 'cheated', '--means', '--group-by', 'gender' ], 4, qr/: (\d+) of \1 rows are of another group than Gender = NULL/, 'stats: a group that is called none');
for (
	[ 'an altered row', "UPDATE cheated SET features = '" . encode_base64(pack('H*', $flipped), '') . "' WHERE id = 100011", qr/the receipt does not fit/ ],
	[ 'a label in the place of another, and left out', 'UPDATE cheated SET label = (SELECT label FROM patients WHERE id = 100003) WHERE id = 100002; UPDATE cheated SET label = NULL WHERE id = 100003', qr/: 1 row is left out: verified: \d+ of \d+ rows, Gender = / ],
	[ 'a row counted in another group', q{UPDATE cheated SET gender = CASE gender WHEN 'Male' THEN 'Female' ELSE 'Male' END WHERE id = 100004}, qr/: 1 of \d+ rows are of another group than Gender = / ],
	[ 'a group left out', q{DELETE FROM cheated WHERE gender = 'Male'}, qr/\d+ rows of the manifest are in no group of the answer/ ],
	[ 'all labels of a group left out', q{UPDATE cheated SET label = NULL WHERE gender = 'Male'}, qr/\d+ labels of the manifest are in no group of the answer/ ],
	[ 'the larger group twice, the other left out', q{ALTER TABLE cheated ADD again int DEFAULT 0; DELETE FROM cheated WHERE gender = (SELECT gender FROM patients GROUP BY gender ORDER BY count(*) LIMIT 1);
		INSERT INTO cheated SELECT id, gender, features, label, 1 FROM cheated}, qr/\d+ rows of the manifest are in no group of the answer/, 'gender,again' ])
{
	sql("TRUNCATE cheated; INSERT INTO cheated TABLE patients; $_->[1]");
	refused([ @stats, @kept, '--table', 'cheated', '--means', '--group-by', $_->[3] // 'gender' ], 4, $_->[2], "stats: $_->[0]");
}
like((ppdl(@stats, @kept, '--table', 'patients', '--means', '--group-by', 'gender', '--min-count', '1000'))[2], qr/2 groups of fewer than 1000 rows, 398 in all, are not decrypted/, 'groups that are too small are not left out');
refused([ @stats[ 0 .. 2 ], '--dsn', $node->connstr('postgres') . q{ options='-csearch_path=evil,pg_catalog,public'}, @stats[ 5 .. $#stats ], @kept, '--table', 'patients', '--means' ], 4, qr/the server counts 796 rows, and the receipt is of 398/, 'stats: a count of its own');
sql('DROP TABLE cheated; DROP SCHEMA evil CASCADE');

my @gram = ('query', '--key', 'clinic.key', @dsn, '--raw', '--csv', '--verify', @kept[ 0, 1 ]);
my $few = 'FROM patients WHERE id <= 100008';
like(done([ @gram, '-c', "SELECT sum(features), lwe_gram(features), lwe_receipt(features) $few" ], 'second moments'), qr/^"\{[^{}]+\}","\{\{[^"]+\}\}","verified: 8 of 398 rows.* \(lwe_gram: second moments, NOT verified\)"$/m, 'the sum beside them is verified, and they are not');
refused([ @gram, '-c', "SELECT lwe_gram(features) AS sum, lwe_receipt(features) $few" ], 4, qr/column "sum" holds second moments/, 'second moments for a sum');

# everything that a server could do to it
sql(qq{CREATE TABLE seen AS SELECT id, gender AS sex, features AS f, label AS l FROM patients ORDER BY id;
	UPDATE seen SET f = (SELECT features FROM patients WHERE id = 100003) WHERE id = 100002;
	UPDATE seen SET f = (SELECT features FROM patients WHERE id = 100002) WHERE id = 100003;
	UPDATE seen SET sex = CASE sex WHEN 'Male' THEN 'Female' ELSE 'Male' END WHERE id = 100004;
	UPDATE seen SET f = '$old' WHERE id = 100010;
	INSERT INTO seen SELECT * FROM seen WHERE id = 100005;
	DELETE FROM seen WHERE id = 100006;
	UPDATE seen SET l = NULL WHERE id = 100007;
	INSERT INTO seen SELECT 7, sex, f, l FROM seen WHERE id = 100008;
	UPDATE seen SET f = (SELECT sum(features) FROM patients) WHERE id = 100009});
my $altered = sql('SELECT encode(lwe_cipher_send(f), $$hex$$) FROM seen WHERE id = 100011');
substr($altered, -100, 1) = substr($altered, -100, 1) eq '0' ? '1' : '0';
sql("UPDATE seen SET f = '" . encode_base64(pack('H*', $altered), '') . "' WHERE id = 100011");
my ($rc, $got, $err) = ppdl(@verify[ 0 .. 6 ], '--bind', 'sex', '--column', 'f,l', '--table', 'seen', '--csv');
is($rc, 1, 'a table that was tampered with: exit code') or diag($err);
my $sex = sql('SELECT sex FROM seen WHERE id = 100004');
my $was = $sex eq 'Male' ? 'Female' : 'Male';
is(join("\n", sort split /\n/, $got), join("\n", sort split /\n/, <<"END"), 'every fault is named, and nothing else');
id,column,fault,detail
100002,f,moved,"encrypted for ""100003"""
100003,f,moved,"encrypted for ""100002"""
100004,f,regrouped,"Gender is ""$sex"", and was ""$was"""
100004,l,regrouped,"Gender is ""$sex"", and was ""$was"""
100010,f,replayed,""
100005,"",repeated,""
100006,"",missing,""
100007,l,missing,""
7,f,moved,"encrypted for ""100008"""
7,l,moved,"encrypted for ""100008"""
100009,f,foreign,"the result of an operation, and no row"
100011,f,altered,""
END
like($err, qr/^399 rows, 398 in the manifest: 1 altered, 4 moved, 2 regrouped, 1 replayed, 1 repeated, 2 missing, 1 foreign$/m, 'and counted');

# ---------------------------------------------------------------- audit

my @audit = ('audit', '--key', 'clinic.key', @dsn, '--table', 'patients', '--model', 'osteo.json');
my $ids = q{array_agg(id::text ORDER BY id)};
sub predict { return "ppdl_predict_agg('$_[0]', features ORDER BY id)" }
# every tenth prediction is another model's
my $cheat = "SELECT $ids, " . predict('osteo') . ' FROM patients WHERE id % 10 <> 0 UNION ALL '
  . "SELECT $ids, " . predict('evil') . ' FROM patients WHERE id % 10 = 0';

refused([ 'audit', '--key', 'clinic.key', @dsn, '--table', 'patients' ], 2, qr/--model is missing/, 'audit without a model');
refused([ @audit[ 0 .. 6 ], '--model', 'features.json' ], 3, qr/features.json: this is no model file/, 'no model file');
my $model = slurp_file('osteo.json');
refused([ @audit[ 0 .. 6 ], '--model', file('later.json', $model =~ s/("version": )1/${1}2/r) ], 3, qr/later.json: unknown version of the model file/, 'a model file of a later version');
my $out = done([ @audit, @manifest, '--sample', '50' ], 'an honest server');
like($out, qr/^398 predictions; 50 rows drawn, 0 wrong\n(?!.*server's word)/, 'is not suspected');
like($out, qr/^cheating on 5\.0 % of the rows \(20\) would have been found with a probability of 9[34]\.\d %$/m, 'what would have been found');
like($out, qr/^with 95 % whoever cheats on 2[0-9] rows/m, 'and from where on');
($rc, $got, $err) = ppdl(@audit, '--sample', '200', '--query', $cheat);
is($rc, 1, 'every tenth prediction of another model: exit code') or diag($err);
like($got, qr/^row \d+0: output 1 is -?[\d.e-]+, and -?[\d.e-]+ in the clear/m, 'row and values are named');
unlike($got, qr/^row \d+[1-9]:/m, 'no honest one is');
like($got, qr/^398 predictions; 200 rows drawn, (?!0 )\d+ wrong$/m, 'counted');
refused([ @audit, '--query', "SELECT $ids || '7'::text, " . predict('osteo') . ' FROM patients' ], 3, qr/array of ids and a packed value of as many rows/, 'more ids than rows');
# another model's, in ciphertexts that state a large error and bound
my $vague = q{encode(overlay(lwe_cipher_send(} . predict('evil') . q{) PLACING '\\x000000000000d0410000000000005040' FROM 25), 'base64')::lwe_cipher};
refused([ @audit, '--query', "SELECT $ids, $vague FROM patients" ], 1, qr/predictions that state an error of .*, with which they could be anything.*hint: .*--tolerance/s, 'an error that allows anything');
($rc, $got) = ppdl(@audit, '--tolerance', '0.01', '--query', "SELECT $ids, $vague FROM patients");
is($rc, 1, 'what the owner allows counts: exit code');
like($got, qr/300 rows drawn, (?!0 )\d+ wrong/, 'and finds them');

# the answer that was acted on
done([ 'query', '--key', 'clinic.key', @dsn, '--raw', '--expand', '--csv', '-o', 'answer.csv', '-c', "SELECT $ids AS id, " . predict('osteo') . ' AS p FROM patients WHERE id <= 100100' ], 'an answer');
my $answer = slurp_file('answer.csv');
$answer =~ s/^(100050,)(-?)(\d)/$1 . $2 . ($3 + 1)/me;
file('altered.csv', $answer . "999999,0.5\n");
($rc, $got) = ppdl(@audit, '--predictions', 'altered.csv', '--sample', '101');
is($rc, 1, 'a prediction altered, and one too many: exit code');
like($got, qr/^row 100050: output 1[^\n]*\nrow 999999: it has a prediction, and is not in the table\n101 predictions; 101 rows drawn, 2 wrong/, 'both are found, and nothing else');

($rc, $got) = ppdl(@audit, @manifest, '--predictions', file('lines.csv', qq(id,p\n"7\n0 wrong",0.5\n)));
isnt($rc, 0, 'an id of two lines: exit code');
like($got, qr/^row 7\\n0 wrong: it has a prediction, and is not in the manifest$/m, 'is shown on one');

# rows that are altered, and predictions that fit them
sql('CREATE TABLE shown AS SELECT * FROM patients; UPDATE shown SET features = p.features FROM patients p WHERE shown.id = p.id - 1 AND shown.id % 10 = 0; DELETE FROM shown WHERE id = 100001; INSERT INTO shown SELECT 8, gender, features FROM patients WHERE id = 100001');
my @shown = map { $_ eq 'patients' ? 'shown' : $_ } @audit;
like(done([ @shown, '--sample', '400' ], 'rows that were altered'), qr/398 rows drawn, 0 wrong.*without --manifest the rows themselves are the server's word.*all rows were looked at/s, 'are right without the manifest');
($rc, $got) = ppdl(@shown, @manifest, '--sample', '400');
is($rc, 1, 'and wrong with it: exit code');
like($got, qr/^row 8: it has a prediction, and is not in the manifest\nrow 100001: it has no prediction\n.*^row 100020: moved, encrypted for 100021\n.*^2 ids that are not in the manifest/ms, 'each is named');

# ---------------------------------------------------------------- rekey

done([ 'keygen', '--out', 'next', '--for', 'sum' ], 'the next key');
my @rekey = ('rekey', '--key', 'clinic.key', '--new-key', 'next.key', @dsn, '--table', 'patients');
refused([ @rekey, '--manifest', 'patients.manifest' ], 2, qr/go together/, 'nor into none');
my @both = ('--manifest', 'patients.manifest', '--new-manifest', 'next.manifest');
done([ 'encrypt', '--key', 'next.key', '--raw', '--id', 'id', '--receipts', '--receipts-for', 'other', '--manifest', 'other.manifest', '-o', 'other.txt', file('other.csv', "id,x\n1,0.5\n") ], 'rows of another table');
refused([ @rekey, @both[ 0 .. 2 ], 'other.manifest' ], 2, qr/other.manifest: the manifest of table "other" with 0 bound columns, which are not those of patients.manifest/, 'nor into that of another table');
sql('CREATE TABLE kept AS SELECT * FROM patients WHERE id = 100012; DELETE FROM patients WHERE id = 100012');
refused([ @rekey, @both ], 4, qr/1 rows of the manifests are not in the table.*"100012".*hint: Nothing was changed/s, 'nor when a row is missing');
ok(!-e 'next.manifest', 'no manifest is written');
sql('INSERT INTO patients SELECT * FROM kept');
done([ @rekey, @both ], 'with both');
like(done([ 'verify', '--key', 'next.key', @dsn, '--manifest', 'next.manifest', '--bind', 'gender', '--table', 'patients' ], 'the new manifest'), qr/^398 rows, 398 in the manifest: all/, 'fits the new rows');

$node->stop;
done_testing();
