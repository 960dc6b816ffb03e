# pg_dump carries keys, models and rows: a restored database gives the same answers.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;

my $node = PostgreSQL::Test::Cluster->new('source');
$node->init;
$node->start;
# a schema of the user's choice
$node->safe_psql('postgres', 'CREATE SCHEMA crypt; CREATE EXTENSION ppdl SCHEMA crypt');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET search_path = public, crypt');

my $owner = new_owner(40);
publish($node, $owner, 'predict');
load_patients($node, $owner);
make_model($node, 'osteo');

my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->start;
my $dump = $owner->{dir} . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$target->command_ok([ 'pg_restore', '--exit-on-error', '-d', $target->connstr('postgres'), $dump ], 'pg_restore');
$target->safe_psql('postgres', 'ALTER DATABASE postgres SET search_path = public, crypt');

for my $table (qw(crypt.ppdl_keys crypt.ppdl_key_parts crypt.ppdl_models patients))
{
	my $digest = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM $table t";
	my $before = $node->safe_psql('postgres', $digest);

	unlike($before, qr/^0\|/, "$table has rows");
	is($target->safe_psql('postgres', $digest), $before, "$table is the same after the restore");
}

for my $query (
	'SELECT sum(features) FROM patients',
	q{SELECT ppdl_predict_agg('osteo', features ORDER BY id) FROM patients})
{
	my @before = decrypted($node, $owner, $query);
	my @after = decrypted($target, $owner, $query);

	numbers_agree(\@after, \@before, 2**-10, "same answer: $query");
}

# a model made after the restore must not collide with a restored one
make_model($target, 'osteo2');
is($target->safe_psql('postgres', q{SELECT count(DISTINCT name) FROM ppdl_models}), '2', 'a new model after the restore');

$node->stop;
$target->stop;
done_testing();
