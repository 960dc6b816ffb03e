# Two servers: a table partitioned by batch whose parts lie on both, what postgres_fdw ships, states that travel as text, and
# models that differ.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;
use PpdlTest qw(:cli);

my $owner = new_owner(1200);
my ($near, $far) = map {
	my $node = PostgreSQL::Test::Cluster->new($_);
	$node->init;
	$node->append_conf('postgresql.conf', "fsync = off\njit = off\nshared_preload_libraries = 'ppdl'\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
	publish($node, $owner, 'predict');
	$node;
} qw(near far);

# states as values, for whoever may use the functions of the aggregates
my $states = q{
	CREATE AGGREGATE sum_state(lwe_cipher) (SFUNC = lwe_sum_trans, STYPE = lwe_sum_state);
	CREATE AGGREGATE sum_of_states(lwe_sum_state) (SFUNC = lwe_sum_combine, STYPE = lwe_sum_state, FINALFUNC = lwe_sum_final);
	CREATE AGGREGATE predict_state(text, lwe_cipher) (SFUNC = ppdl_predict_trans, STYPE = lwe_pack_state);
	CREATE AGGREGATE predict_of_states(lwe_pack_state) (SFUNC = lwe_pack_combine, STYPE = lwe_pack_state, FINALFUNC = ppdl_predict_final, FINALFUNC_MODIFY = READ_WRITE);
	CREATE AGGREGATE plain_state(text, float8[]) (SFUNC = ppdl_predict_trans, STYPE = ppdl_rows_state);
	CREATE AGGREGATE plain_of_states(ppdl_rows_state) (SFUNC = ppdl_rows_combine, STYPE = ppdl_rows_state, FINALFUNC = ppdl_predict_final);
};
my ($host, $port) = ($far->host, $far->port);

$_->safe_psql('postgres', $states) for $near, $far;
$far->safe_psql('postgres', 'CREATE TABLE part (id int, gender text, batch bigint, features lwe_cipher, label lwe_cipher)');
$near->safe_psql('postgres', qq{
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'ppdl', batch_size '100', fdw_tuple_cost '1000');
	CREATE USER MAPPING FOR CURRENT_USER SERVER far;
	CREATE TABLE patients (id int, gender text, batch bigint, features lwe_cipher, label lwe_cipher) PARTITION BY HASH (batch);
	CREATE TABLE part_near PARTITION OF patients FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE FOREIGN TABLE part_far PARTITION OF patients FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER far OPTIONS (table_name 'part', use_remote_estimate 'true')});

# the tool loads both: batches of 32 rows, of which one server has some and the other one the rest
done([ 'encrypt', '--key', $owner->{key}, '--features', $owner->{features}, '--keep', 'Gender', '--batch-rows', '32', '--batch-column', 'batch', '--sort-by', 'Gender',
	'--dsn', $near->connstr('postgres'), '--table', 'patients', $owner->{csv} ], 'load a table of two servers');
append_to_file("$owner->{dir}/plain.copy", done([ 'encrypt', '--plain', '--features', $owner->{features}, '--keep', 'Gender', $owner->{csv} ], 'the plain twin'));
$near->safe_psql('postgres', qq{CREATE TABLE plain_patients (id int PRIMARY KEY, gender text, features float8[], label float8);
	\\copy plain_patients FROM '$owner->{dir}/plain.copy'
	ANALYZE part_near, plain_patients; ANALYZE patients});
is($near->safe_psql('postgres', 'SELECT count(*), count(DISTINCT batch) FROM patients'), '1200|38', 'all rows are there');
cmp_ok($far->safe_psql('postgres', 'ANALYZE part; SELECT count(*) FROM part'), '>', 0, 'some of them far away');
is($near->safe_psql('postgres', q{SELECT count(*) FROM (SELECT batch FROM part_near INTERSECT SELECT batch FROM part_far) t}), '0', 'no batch on both');
make_model($near, 'osteo');

# A plan without what is not asked for.
sub plan_of
{
	return $near->safe_psql('postgres', "SET enable_partitionwise_aggregate = on; EXPLAIN (VERBOSE, COSTS OFF) $_[0]");
}

# sums: of each partition by itself, since PostgreSQL 15 ships no partial aggregates
my @want = split /\n/, $near->safe_psql('postgres', q{SELECT sum(v) FROM plain_patients, unnest(features) WITH ORDINALITY u (v, i) GROUP BY i ORDER BY i});
my $union = q{SELECT sum(s) FROM (SELECT sum(features) AS s FROM part_near UNION ALL SELECT sum(features) FROM part_far) t};
like(plan_of($union), qr/Remote SQL: SELECT public\.sum\(features\) FROM public\.part$/m, 'UNION ALL ships a sum');
numbers_agree([ decrypted($near, $owner, $union) ], \@want, 1e-3, 'a sum of two servers');
unlike(plan_of('SELECT sum(features) FROM patients'), qr/Remote SQL: SELECT public\.sum/, 'the partitioned table itself does not');
numbers_agree([ decrypted($near, $owner, 'SELECT sum(features) FROM patients') ], \@want, 1e-3, 'but adds up the same');
like(plan_of('SELECT batch, avg(label) FROM patients GROUP BY batch'), qr/Remote SQL: SELECT batch, public\.avg\(label\) FROM public\.part GROUP BY 1/, 'groups of the partition key are shipped whole');

# a name without version, no version on the other server, another one
my ($rc, $out, $err) = $near->psql('postgres', q{SELECT ppdl_predict_agg('osteo'::ppdl_model, features) FROM part_far});
isnt($rc, 0, 'a model that the other server lacks');
like($err, qr/model "osteo" does not exist/, 'is an error');
my @sync = ('model', 'sync', '--dsn', $near->connstr('postgres'), '--to', $far->connstr('postgres'));
like(done(\@sync, 'model sync'), qr/^$host:$port\/postgres: 2 versions of models sent/, 'brings it there');
is($far->safe_psql('postgres', q{SELECT ppdl_model_pin('osteo')}), $near->safe_psql('postgres', q{SELECT ppdl_model_pin('osteo')}), 'as it is here');

# prediction of whole batches on the server that has them; only results travel
my $pin = $near->safe_psql('postgres', q{SELECT ppdl_model_pin('osteo')});
my $predict = qq{SELECT batch, array_agg(id), ppdl_predict_agg('$pin'::ppdl_model, features) FROM patients GROUP BY batch};
like(plan_of($predict), qr/Remote SQL: SELECT batch, array_agg\(id\), public\.ppdl_predict_agg\('$pin'::public\.ppdl_model, features\) FROM public\.part GROUP BY 1/, 'ppdl_model makes a prediction shippable');
unlike(plan_of($predict =~ s/::ppdl_model//r), qr/Remote SQL: SELECT batch, array_agg/, 'text does not, for its collation');
my %predicted;
my ($rc2, $csv, $message) = ppdl('query', '--key', $owner->{key}, '--dsn', $near->connstr('postgres'), '--raw', '--format', 'csv', '--expand', '-c', "SET enable_partitionwise_aggregate = on; $predict");
is($rc2, 0, 'predict on both servers') or diag($message);
for (split /\n/, $csv)
{
	$predicted{$1} = $2 if /^-?\d+,(\d+),(-?[\d.e-]+)$/;
}
my %exact = map { split /\|/ } split /\n/, $near->safe_psql('postgres', q{SELECT id, (ppdl_predict('osteo', features))[1] FROM plain_patients});
my @ids = sort keys %exact;
numbers_agree([ @predicted{@ids} ], [ @exact{@ids} ], 2**-12, 'every row has its prediction');

# states that travel as text
$far->safe_psql('postgres', q{CREATE VIEW states AS SELECT sum_state(features) AS sums, predict_state('osteo@2', features) AS predictions FROM part});
$near->safe_psql('postgres', q{CREATE FOREIGN TABLE states_far (sums lwe_sum_state, predictions lwe_pack_state) SERVER far OPTIONS (table_name 'states');
	CREATE TABLE states AS SELECT sum_state(features) AS sums, predict_state('osteo@2', features) AS predictions, array_agg(id) AS ids FROM part_near;
	CREATE TABLE saved (sums text, predictions text); INSERT INTO saved SELECT sums, predictions FROM states_far});
numbers_agree([ decrypted($near, $owner, q{SELECT sum_of_states(sums) FROM (SELECT sums FROM states UNION ALL SELECT sums FROM states_far) t}) ], \@want, 1e-3, 'states of a sum, combined');
numbers_agree([ decrypted($near, $owner, q{SELECT sum_of_states(sums) FROM (SELECT sums FROM states UNION ALL SELECT sums::lwe_sum_state FROM saved) t}) ], \@want, 1e-3, 'saved as text and loaded');
my @far_ids = split /\n/, $far->safe_psql('postgres', 'SELECT id FROM part');
my @near_ids = split /\n/, $near->safe_psql('postgres', 'SELECT unnest(ids) FROM states');
numbers_agree([ decrypted($near, $owner, q{SELECT predict_of_states(p ORDER BY n) FROM (SELECT 1, predictions FROM states UNION ALL SELECT 2, predictions::lwe_pack_state FROM saved) t (n, p)}) ],
	[ @exact{ @near_ids, @far_ids } ], 2**-12, 'states of a prediction, too');

# the other server has other weights under that version, or a newer one: never both in one answer
$far->safe_psql('postgres', q{CREATE VIEW plain AS SELECT plain_state('osteo', array_fill(0.5::float8, ARRAY[18])) AS s});
$near->safe_psql('postgres', q{CREATE FOREIGN TABLE plain_far (s ppdl_rows_state) SERVER far OPTIONS (table_name 'plain')});
my $both = q{SELECT plain_of_states(s) FROM (SELECT plain_state('osteo', array_fill(0.5::float8, ARRAY[18])) AS s UNION ALL SELECT s FROM plain_far) t};
like($near->safe_psql('postgres', $both), qr/^\{\{(.*)\},\{\1\}\}$/, 'the same model on both');
$far->safe_psql('postgres', q{UPDATE ppdl_models SET weights[1] = weights[1] + 1 WHERE name = 'osteo' AND version = 2});
($rc, $out, $err) = $near->psql('postgres', $both);
like($err, qr/different versions of model "osteo".*Some were given to "osteo\@2#[0-9a-f]{16}", others to "osteo\@2#[0-9a-f]{16}".*ppdl model sync/s, 'other weights are found out');
($rc, $out, $err) = $near->psql('postgres', "SET enable_partitionwise_aggregate = on; $predict");
like($err, qr/model "$pin" has other contents here: "osteo\@2#[0-9a-f]{16}"/, 'the checksum refuses them where nothing is combined');
$far->safe_psql('postgres', q{UPDATE ppdl_models SET version = 3 WHERE name = 'osteo' AND version = 2});
($rc, $out, $err) = $near->psql('postgres', $both);
like($err, qr/Some were given to "osteo\@2#[0-9a-f]{16}", others to "osteo\@3#/, 'and so is a newer version');
$near->safe_psql('postgres', q{ALTER SERVER far OPTIONS (ADD options '-c ppdl.require_version=on'); SELECT postgres_fdw_disconnect_all()});
($rc, $out, $err) = $near->psql('postgres', q{SELECT ppdl_predict_agg('osteo'::ppdl_model, features) FROM part_far});
like($err, qr/model "osteo" must be named with its version here/, 'ppdl.require_version on the connection asks for a version');
like(done([ @sync, '--replace' ], 'model sync --replace'), qr/1 versions of models sent, 1 were there, 1 others removed/, 'makes both the same again');
is($near->safe_psql('postgres', q{SELECT lwe_rows(ppdl_predict_agg('osteo@2'::ppdl_model, features)) FROM part_far}), scalar(@far_ids), 'and predicts');

$_->stop for $near, $far;
done_testing();
