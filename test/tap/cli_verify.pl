# ppdl verify and ppdl audit: a server that alters rows and predictions is found, an honest one is not suspected.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
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
sql('CREATE TABLE patients (id int PRIMARY KEY, features lwe_cipher, label lwe_cipher)');
done([ 'encrypt', '--key', 'clinic.key', '--features', 'features.json', '--table', 'patients', @dsn, '--columns', 'id,features,label', 'rows.csv' ], 'load');
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

# ---------------------------------------------------------------- audit

my @audit = ('audit', '--key', 'clinic.key', @dsn, '--table', 'patients', '--model', 'osteo.json');
my $ids = q{array_agg(id::text ORDER BY id)};
sub predict { return "ppdl_predict_agg('$_[0]', features ORDER BY id)" }
# every tenth prediction is another model's
my $cheat = "SELECT $ids, " . predict('osteo') . ' FROM patients WHERE id % 10 <> 0 UNION ALL '
  . "SELECT $ids, " . predict('evil') . ' FROM patients WHERE id % 10 = 0';

refused([ 'audit', '--key', 'clinic.key', @dsn, '--table', 'patients' ], 2, qr/--model is missing/, 'audit without a model');
refused([ @audit[ 0 .. 6 ], '--model', 'features.json' ], 3, qr/features.json: this is no model file/, 'no model file');
my $out = done([ @audit, '--sample', '50' ], 'an honest server');
like($out, qr/^400 predictions; 50 rows drawn, 0 wrong$/m, 'is not suspected');
like($out, qr/without --manifest the rows themselves are the server's word/, 'without receipts the rows are what it shows');
like($out, qr/^cheating on 5\.0 % of the rows \(20\) would have been found with a probability of 9[34]\.\d %$/m, 'what would have been found');
like($out, qr/^with 95 % whoever cheats on 2[0-9] rows/m, 'and from where on');
my ($rc, $got, $err) = ppdl(@audit, '--sample', '200', '--query', $cheat);
is($rc, 1, 'every tenth prediction of another model: exit code') or diag($err);
like($got, qr/^row \d+0: output 1 is -?[\d.e-]+, and -?[\d.e-]+ in the clear/m, 'row and values are named');
unlike($got, qr/^row \d+[1-9]:/m, 'no honest one is');
like($got, qr/^400 predictions; 200 rows drawn, (?!0 )\d+ wrong$/m, 'counted');
like(done([ @audit, '--where', 'id % 4 = 1', '--sample', '1000' ], 'some rows'), qr/100 predictions; 100 rows drawn, 0 wrong.*all rows were looked at/s, 'all of them');
refused([ @audit, '--query', 'SELECT id, features, label FROM patients' ], 3, qr/does not give an id and an encrypted value/, 'another query');
refused([ @audit, '--query', "SELECT $ids || '7'::text, " . predict('osteo') . ' FROM patients' ], 3, qr/array of ids and a packed value of as many rows/, 'more ids than rows');

# the answer that was acted on
done([ 'query', '--key', 'clinic.key', @dsn, '--raw', '--expand', '--csv', '-o', 'answer.csv', '-c', "SELECT $ids AS id, " . predict('osteo') . ' AS p FROM patients WHERE id <= 100100' ], 'an answer');
like(done([ @audit, '--predictions', 'answer.csv', '--sample', '100' ], 'of a file'), qr/100 predictions; 100 rows drawn, 0 wrong/, 'is right');
my $answer = slurp_file('answer.csv');
$answer =~ s/^(100050,)(-?)(\d)/$1 . $2 . ($3 + 1)/me;
file('altered.csv', $answer . "999999,0.5\n100001,\n");
refused([ @audit, '--predictions', 'altered.csv' ], 4, qr/two predictions came for the row of id "100001"/, 'an id twice');
file('altered.csv', $answer . "999999,0.5\n");
($rc, $got) = ppdl(@audit, '--predictions', 'altered.csv', '--sample', '101');
is($rc, 1, 'a prediction altered, and one too many: exit code');
like($got, qr/row 100050: output 1.*row 999999: it has a prediction, and is not in the table/s, 'both are found');

$node->stop;
done_testing();
