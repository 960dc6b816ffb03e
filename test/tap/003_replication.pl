# A standby answers sums and predictions, with a cache of its own; so does a logical replica.  Rows of a writer and rows
# with receipts go along.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:DEFAULT :cli);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', 'CREATE EXTENSION ppdl');
my $owner = new_owner(40);
publish($primary, $owner, 'predict');
load_patients($primary, $owner);
make_model($primary, 'osteo');
# rows with tags, of the owner and of a writer
chdir $owner->{dir} or die "cannot enter $owner->{dir}: $!";
done([ 'keygen', '--writer-for', 'clinic.pub', '--out', 'ward', '--for', 'sum' ], 'a writer');
done([ 'publish', 'ward.pub', '--dsn', $primary->connstr('postgres') ], 'is published');
$primary->safe_psql('postgres', 'CREATE TABLE tagged (id int PRIMARY KEY, features lwe_cipher)');
done([ 'encrypt', '--key', $$_[0], '--features', $owner->{features}, '--no-label', '--outside', 'clamp', '--compact', '--receipts', '--dsn', $primary->connstr('postgres'), '--table', 'tagged', '--columns', 'id,features', $$_[1] ], "rows with tags under $$_[0]")
  for [ 'clinic.key', $owner->{csv} ], [ 'ward.key', file('late.csv', join '', (split /^/, slurp_file($patients_csv))[ 0, 41 .. 60 ]) ];
my @tagged = map { ('-c', "SELECT sum(features), lwe_receipt(features) FROM tagged$_") } ' WHERE id <= 100040', '';
# another database, which the rows alone go to
$primary->safe_psql('postgres', 'CREATE DATABASE replica');
$primary->safe_psql('replica', 'CREATE EXTENSION ppdl; CREATE TABLE tagged (id int PRIMARY KEY, features lwe_cipher)');
done([ 'publish', $_, '--for', 'sum', '--dsn', $primary->connstr('replica') ], "publish $_ there") for 'clinic.pub', 'ward.pub';
$primary->safe_psql('postgres', q{CREATE PUBLICATION rows FOR TABLE tagged; SELECT pg_create_logical_replication_slot('rows', 'pgoutput')});
$primary->safe_psql('replica', "CREATE SUBSCRIPTION rows CONNECTION '" . $primary->connstr . " dbname=postgres' PUBLICATION rows WITH (create_slot = false, slot_name = 'rows')");
$primary->wait_for_subscription_sync($primary, 'rows', 'replica');
$primary->wait_for_catchup($standby);

sub verified
{
	my ($node, $database) = @_;

	return done([ 'query', '--key', 'clinic.key', '--dsn', $node->connstr($database), '--raw', '--csv', '--verify', '--receipts-for', 'tagged', @tagged ], "verified sums of $database of " . $node->name);
}

my $there = verified($primary, 'postgres');
like($there, qr/verified: 40 rows\n.*verified: 60 rows of 2 keys\n/s, 'rows with tags, of the owner and of both');
is(verified($standby, 'postgres'), $there, 'the same on the standby');
is(verified($primary, 'replica'), $there, 'and on the logical replica');
$primary->safe_psql('replica', 'DROP SUBSCRIPTION rows');

my @sums = split /\|/, $primary->safe_psql('postgres',
	q{SELECT string_agg(s::text, '|' ORDER BY i) FROM (SELECT i, sum(x) AS s FROM plain_patients, unnest(features) WITH ORDINALITY AS u (x, i) GROUP BY i) t});
my @encrypted = decrypted($standby, $owner, 'SELECT sum(features) FROM patients');
numbers_agree(\@encrypted, \@sums, 2**-10, 'sums on the standby');

my @plain = split /\n/, $primary->safe_psql('postgres', q{SELECT (ppdl_predict('osteo', features))[1] FROM plain_patients ORDER BY id});
@encrypted = decrypted($standby, $owner, q{SELECT ppdl_predict_agg('osteo', features ORDER BY id) FROM patients});
numbers_agree(\@encrypted, \@plain, 2**-12, 'predictions on the standby');
my @cache = cache_files($standby);
cmp_ok(scalar @cache, '>', 0, 'the standby has a cache of its own');

# what cannot work there says so
for my $table ('plain_patients', 'patients')
{
	my ($rc, $out, $err) = $standby->psql('postgres',
		qq{SET statement_timeout = '60s'; SELECT ppdl_train('osteo', features, label, '{"steps": 1000000, "learning_rate": 1e-9}') FROM $table});
	isnt($rc, 0, "training on a standby is refused: $table");
	like($err, qr/cannot execute ppdl_train\(\) in a read-only transaction/, 'at once, and the error says why');
}

$standby->promote;
make_model($standby, 'osteo2');
pass('a promoted standby trains');

$primary->stop;
$standby->stop;
done_testing();
