# Logical replication of tables without a key: rows are found by the bytes of their ciphertexts.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'ppdl.owner_mode = on');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ppdl'");
$node->start;
for my $db (qw(publisher subscriber))
{
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION ppdl; CREATE TABLE t (k text, f lwe_cipher(1), r rsa_cipher)');
}
$node->safe_psql('publisher', 'ALTER TABLE t REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE t, ppdl_keys, ppdl_key_parts');
$node->safe_psql('publisher', q{SELECT pg_create_logical_replication_slot('s', 'pgoutput')});
my $connstr = 'host=' . $node->host . ' port=' . $node->port . ' dbname=publisher';
$node->safe_psql('subscriber', "CREATE SUBSCRIPTION s CONNECTION '$connstr' PUBLICATION p WITH (create_slot = false, slot_name = s)");

my $key = $node->safe_psql('publisher', q{SELECT lwe_keygen('clinic', 'secret words')});
$node->safe_psql('publisher', q{SELECT length(rsa_keygen('rsa', 'secret words'))});
$node->safe_psql('publisher', qq{
	INSERT INTO t SELECT i::text, lwe_encrypt('$key', ARRAY[0.5], 'secret words'), rsa_encrypt('rsa', 7) FROM generate_series(1, 5) i;
	UPDATE t SET k = k || 'b' WHERE k IN ('2', '4');
	UPDATE t SET f = NULL WHERE k = '3';
	DELETE FROM t WHERE k = '5'});
$node->wait_for_catchup('s', 'replay', $node->lsn('write'));
is($node->safe_psql('subscriber', q{SELECT string_agg(k || ' ' || coalesce(length(f::text)::text, '-') || ' ' || md5(r::text), E'\n' ORDER BY k) FROM t}),
	$node->safe_psql('publisher', q{SELECT string_agg(k || ' ' || coalesce(length(f::text)::text, '-') || ' ' || md5(r::text), E'\n' ORDER BY k) FROM t}),
	'updates and deletes find their rows');
unlike(slurp_file($node->logfile), qr/could not identify an equality operator/, 'without errors on the way');

# keys arrive with their owner and what binds them, and serve
is($node->safe_psql('subscriber', q{SELECT name, owner, binding FROM ppdl_key_info ORDER BY name}),
	$node->safe_psql('publisher', q{SELECT name, owner, binding FROM ppdl_key_info ORDER BY name}), 'keys arrive with their owner and binding');
is($node->safe_psql('subscriber', q{SELECT lwe_kind(lwe_encrypt('clinic', '{0.5}'))}), 'row', 'and are used');

# what the operator is, and what it is not
is($node->safe_psql('publisher', qq{SELECT v *= v, v *= lwe_encrypt('$key', ARRAY[0.5], 'secret words') FROM (SELECT lwe_encrypt('$key', ARRAY[0.5], 'secret words') v OFFSET 0) x}),
	't|f', 'same bytes are the same, another encryption of the value is not');
is($node->safe_psql('publisher', 'SELECT count(*) FROM (SELECT f FROM (SELECT f FROM t UNION ALL SELECT f FROM t) u WHERE f IS NOT NULL GROUP BY f) g'),
	'3', 'GROUP BY goes by bytes');
my ($rc, $out, $err) = $node->psql('publisher', 'SELECT count(*) FROM t a JOIN t b ON a.f = b.f');
like($err, qr/operator does not exist: lwe_cipher = lwe_cipher/, 'there is still no =');

$node->safe_psql('subscriber', 'DROP SUBSCRIPTION s');
$node->stop;
done_testing();
