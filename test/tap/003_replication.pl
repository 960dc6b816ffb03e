# A standby answers sums and predictions, with a cache of its own.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
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
$primary->wait_for_catchup($standby);

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
