# Models in a server: what a backend keeps, whom training waits for, and how it ends.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use PpdlTest;

my $node = PostgreSQL::Test::Cluster->new('models');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');

# Memory of its own, in kB, and threads of a session, as "memory|threads"; two columns of a query of that session.
my $status = q{SELECT (regexp_match(s, 'RssAnon:\s*(\d+)'))[1], (regexp_match(s, 'Threads:\s*(\d+)'))[1]
	FROM pg_read_file('/proc/self/status') s;};

# Runs statements in one session, whatever fails; returns the lines of their answers.
sub session
{
	my ($rc, $out, $err) = $node->psql('postgres', join("\n", @_), on_error_stop => 0);

	return ($err, split /\n/, $out);
}

# Runs a query in the background; returns its handle and where its messages go.
sub background
{
	my ($sql) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $h = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', $sql ], '<', \$in, '>', \$out, '2>', \$err,
		IPC::Run::timeout(300));

	return ($h, \$err);
}

# Waits until a process is gone; returns the seconds.
sub gone
{
	my ($pid) = @_;
	my $began = time;

	sleep 0.05 while kill(0, $pid) && time - $began < 60;
	return time - $began;
}

# a large network and few rows: a step takes a while
$node->safe_psql('postgres', q{
	CREATE TABLE study AS SELECT i, array_agg(sin(i * j) ORDER BY j) AS x, sign(sin(i)) AS y
		FROM generate_series(1, 300) i, generate_series(1, 800) j GROUP BY i;
	SELECT ppdl_create_model('large', '{"inputs": 800, "layers": [{"units": 600, "activation": "quadratic"}, {"units": 1}]}');
	SELECT ppdl_create_model('small', '{"inputs": 800, "layers": [{"units": 1}]}');
});
my $train = q{SELECT ppdl_train('large', x, y, '{"steps": 1000000, "learning_rate": 1e-9}' ORDER BY i) FROM study;};

# canceled at many moments: nothing stays behind of what a run takes
my ($err, @lines) = session('BEGIN;', $train =~ s/1000000/2/r, 'ROLLBACK;', (map { ("SET statement_timeout = $_;", $train) } 700, 900),
	'RESET statement_timeout;', $status,
	(map { ('SET statement_timeout = ' . (800 + 80 * $_) . ';', $train) } 0 .. 11),
	'RESET statement_timeout;', $status);
my ($before, $after) = map { [ split /\|/ ] } grep { /\|/ } @lines;
is(scalar(() = $err =~ /canceling statement due to statement timeout/g), 14, 'training is canceled');
# also while progress is told, which a busy machine does late
for (my $ms = 2000; $err !~ /NOTICE:  training: step \d+ of 1000000/ && $ms < 100_000; $ms *= 2)
{
	($err) = session("SET statement_timeout = $ms;", $train);
}
like($err, qr/NOTICE:  training: step \d+ of 1000000, loss/, 'some of them told their progress');
note("kB and threads: @$before, then @$after");
cmp_ok($after->[0], '<', $before->[0] + 8000, 'memory stays flat');
is($after->[1], $before->[1], 'and so does the number of threads');

# users cannot hold the locks that storing and training take
{
	my $holder = $node->background_psql('postgres', on_error_die => 1);

	$holder->query_safe(q{SELECT pg_advisory_lock(1886413932, hashtext('small')), pg_advisory_lock(1886413933, hashtext('small'))});
	is($node->safe_psql('postgres', q{SET lock_timeout = '5s'; SELECT ppdl_train('small', x, y, '{"steps": 1, "learning_rate": 0.001}') FROM study}),
		'small@2', 'advisory locks of users do not stop training');
	$holder->quit;
}

# two sessions that store a version of one model take turns
{
	my $first = $node->background_psql('postgres', on_error_die => 1);

	$first->query_safe(q{SET client_min_messages = warning; BEGIN; SELECT ppdl_train('small', x, y, '{"steps": 1, "learning_rate": 0.001}') FROM study});
	my ($rc, $out, $message) = $node->psql('postgres',
		q{SET lock_timeout = '500ms'; SELECT ppdl_train('small', x, y, '{"steps": 1, "learning_rate": 0.001}') FROM study});
	isnt($rc, 0, 'the second waits for the first');
	like($message, qr/lock timeout/, 'and not for ever');
	$first->query_safe('ROLLBACK');
	$first->quit;
	is($node->safe_psql('postgres', q{SELECT ppdl_train('small', x, y, '{"steps": 1, "learning_rate": 0.001}') FROM study}),
		'small@3', 'a version that was rolled back is taken by the next');
}

# a query answers with the version that it found first, whatever others store meanwhile
{
	$node->safe_psql('postgres', q{SELECT ppdl_create_model('moving', '{"inputs": 1, "layers": [{"units": 1}]}', '{1,0}');
		CREATE FUNCTION version_2() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN
			LOOP EXIT WHEN EXISTS (SELECT FROM ppdl_models WHERE name = 'moving' AND version = 2); PERFORM pg_sleep(0.02); END LOOP; RETURN true; END $$;});
	my $one = q{SELECT string_agg(ppdl_predict('moving', '{3}'::float8[])::text || version_2(), ' ') FROM generate_series(1, 3)};
	my $many = q{SELECT ppdl_predict_agg('moving', '{3}'::float8[])::text FROM generate_series(1, 3) i WHERE i = 1 OR version_2()};
	my ($in, $out) = ('', '');
	my @h = map { IPC::Run::start([ 'psql', '-XAt', '-d', $node->connstr('postgres'), '-c', $_ ], '<', \$in, '>>', \$out, IPC::Run::timeout(60)) } $one, $many;

	$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM pg_stat_activity WHERE query ~ 'moving' AND wait_event = 'PgSleep'});
	$node->safe_psql('postgres', q{INSERT INTO ppdl_models (name, version, spec, weights) SELECT name, 2, spec, '{7,0}' FROM ppdl_models WHERE name = 'moving';
		SELECT ppdl_set_default_model('moving@2')});
	$_->finish for @h;
	is(join("\n", sort split /\n/, $out), "{3}true {3}true {3}true\n{{3},{3},{3}}", 'rows before and after a new version');
	is($node->safe_psql('postgres', q{SELECT ppdl_predict('moving', '{3}'::float8[])}), '{21}', 'the next query takes it');
}

# another session's VACUUM FULL moves rows to where others were
{
	my $s = $node->background_psql('postgres', on_error_die => 1);

	$node->safe_psql('postgres', q{SELECT ppdl_create_model('one', '{"inputs": 1, "layers": [{"units": 1}]}', '{1,0}');
		SELECT ppdl_create_model('two', '{"inputs": 1, "layers": [{"units": 1}]}', '{2,0}');});
	is($s->query_safe(q{SELECT ppdl_predict('one', '{1}'::float8[])}), '{1}', 'a prediction');
	$node->safe_psql('postgres', q{SELECT ppdl_drop_model('one')});
	$node->safe_psql('postgres', q{VACUUM FULL ppdl_models});
	is($s->query_safe(q{SELECT ppdl_predict('two', '{1}'::float8[])}), '{2}', 'the prediction of another model');
	$s->quit;
}

# the cap on threads is the administrator's
$node->safe_psql('postgres', 'CREATE ROLE analyst LOGIN; GRANT ALL ON ppdl_models, study TO analyst');
my ($rc, $out, $message) = $node->psql('postgres',
	q{SET ppdl.max_threads = 200; SELECT ppdl_predict('two', '{1}'::float8[]); SHOW ppdl.max_threads; SET ppdl.threads = 250; SET ppdl.max_threads = 200},
	extra_params => [ '-U', 'analyst' ], on_error_stop => 0);
like($out, qr/^0$/m, 'a user does not raise it before the library is loaded');
like($message, qr/permission denied to set parameter "ppdl.max_threads"/, 'nor afterwards');

# rows of many scales: prepared networks do not pile up
my $owner = new_owner(40);
publish($node, $owner, 'predict');
load_patients($node, $owner);
make_model($node, 'osteo');
(undef, @lines) = session(
	q{SELECT count(ppdl_predict('osteo', features * (1 - id % 40 / 100.0))) FROM (SELECT * FROM patients ORDER BY id LIMIT 5) t;}, $status,
	q{SELECT count(ppdl_predict('osteo', features * (1 - id % 40 / 200.0))) FROM (SELECT * FROM patients ORDER BY id LIMIT 12 OFFSET 5) t;}, $status,
	q{SELECT count(ppdl_predict_agg('osteo', features * 0.5)) FROM patients GROUP BY id % 2;}, $status);
note("@lines");
is("$lines[0] $lines[2]", '5 12', 'rows of many scales are predicted');
cmp_ok((split /\|/, $lines[3])[0], '<', (split /\|/, $lines[1])[0] + 40000, 'with the memory of two prepared networks');
my @want = split /\n/, $node->safe_psql('postgres',
	q{SELECT (ppdl_predict('osteo', (SELECT array_agg(v * 0.5 ORDER BY i) FROM unnest(features) WITH ORDINALITY u (v, i))))[1] FROM plain_patients ORDER BY id});
numbers_agree([ decrypted($node, $owner, q{SELECT ppdl_predict_agg('osteo', features * 0.5 ORDER BY id) FROM patients}) ],
	\@want, 2**-11, 'predictions of scaled rows');

# batches on several threads, canceled at many moments: neither threads nor memory stay
(undef, @lines) = session(
	'SET ppdl.threads = 3;',
	q{SELECT lwe_rows(ppdl_predict_agg('osteo', features ORDER BY n, id)) FROM patients, generate_series(1, 60) n;}, $status,
	(map { "SET statement_timeout = " . (40 + 35 * $_) . "; SELECT lwe_rows(ppdl_predict_agg('osteo', features ORDER BY n, id)) FROM patients, generate_series(1, 600) n;" } 1 .. 12),
	'RESET statement_timeout;', $status);
note("@lines");
is($lines[0], 60 * 40, 'prediction on three threads');
is((split /\|/, $lines[-1])[1], (split /\|/, $lines[1])[1], 'no thread outlives its statement');
cmp_ok((split /\|/, $lines[-1])[0], '<', (split /\|/, $lines[1])[0] + 40000, 'nor does its memory');

# hashed groups stay until the last is written: their sums and results, not what it took to compute them (20 to 60 MB a group)
for my $agg ("ppdl_predict_agg('osteo', features)", 'lwe_gram(features)')
{
	my $query = "SELECT $agg IS NOT NULL AS made, (regexp_match(pg_read_file('/proc/self/status'), 'RssAnon:\\s*(\\d+)'))[1]::int AS kb
		FROM patients GROUP BY id % 1000 OFFSET 0";

	like($node->safe_psql('postgres', "SET enable_sort = off; EXPLAIN $query"), qr/HashAggregate/, "hashed groups of $agg");
	my ($made, $kb) = split /\|/,
		$node->safe_psql('postgres', "SET enable_sort = off; SELECT count(*) FILTER (WHERE made), max(kb) - min(kb) FROM ($query) t");
	is($made, 40, 'all are made');
	cmp_ok($kb, '<', 200000, 'and their scratch is shared');
}

# a postmaster that is gone takes its training with it, and the next one starts
my ($h, $messages) = background($train);
$h->pump until $$messages =~ /training: step/ || !$h->pumpable;
my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT ppdl_train'});
$node->kill9;
cmp_ok(gone($pid), '<', 15, 'training ends with the postmaster');
eval { $h->finish };
$node->start;
is($node->safe_psql('postgres', q{SELECT count(*) FROM ppdl_models WHERE name = 'large'}), '1', 'the server is up again, and nothing was stored');

$node->stop;
done_testing();
