# Killed without warning, backend or postmaster, while keys are published, rows copied, the cache made; and files that cannot
# be written to their end.  Whatever was cut short is as if it had never begun, and works when it is done again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use PpdlTest;

my $rows = 400;
my $node = PostgreSQL::Test::Cluster->new('kill9');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nfsync = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');

my $owner = new_owner($rows);
my $dsn = $node->connstr('postgres');
my $predict = q{SELECT ppdl_predict_agg('osteo', features ORDER BY id) FROM (SELECT * FROM patients ORDER BY id LIMIT 20) t};
my @plain;

# The backend that is at work for a command, once `ready` says so; 0 when the command ended before.
sub backend_of
{
	my ($h, $query, $ready) = @_;
	my $stop = time + 60;

	while (time < $stop && $h->pumpable)
	{
		my $pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle' AND query ~* '$query' LIMIT 1");

		return $pid if $pid ne '' && $ready->();
		$h->pump_nb;
	}
	return 0;
}

sub until_back
{
	my $stop = time + 60;

	while (time < $stop)
	{
		my ($rc) = $node->psql('postgres', 'SELECT 1', on_error_stop => 0);

		return 1 if defined $rc && $rc == 0;
		sleep 0.1;
	}
	return 0;
}

# Starts a command, kills its backend or the postmaster with signal 9 in the middle of it; the server is there again afterwards.
sub cut_short
{
	my ($who, $query, $ready, @command) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $h = IPC::Run::start(\@command, '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	my $pid = backend_of($h, $query, $ready);

	if ($pid && $who eq 'backend') { kill 'KILL', $pid; }
	elsif ($pid) { $node->kill9; }
	$h->finish;
	if ($pid && $who eq 'postmaster')
	{
		my $stop = time + 30;

		sleep 0.1 while kill(0, $pid) && time < $stop;
		ok(!kill(0, $pid), "$query: no backend outlives the postmaster");
		$node->start;
	}
	ok(until_back(), "$query: the server is back after its $who was killed");
	return $pid ? $h->result // -1 : undef;
}

my $soon = sub { sleep 0.05; return 1; };

# The same until the command was cut short and not done already, which $undo then undoes; returns its exit code.
sub cut_short_once
{
	my ($undo, @how) = @_;
	my $end;

	for (1 .. 20)
	{
		$end = cut_short(@how);
		last if defined $end && $end != 0;
		$undo->();
	}
	return $end;
}

# publishing
for my $who ('backend', 'postmaster')
{
	my $end = cut_short_once(sub { $node->safe_psql('postgres', 'SELECT ppdl_drop_key(name) FROM ppdl_keys') },
		$who, 'ppdl_publish_part|ppdl_key_parts', $soon, 'ppdl', 'publish', $owner->{pub}, '--for', 'predict', '--dsn', $dsn);

	isnt($end // 0, 0, 'publishing says that it failed');
	unlike($node->safe_psql('postgres', q{SELECT coalesce(ppdl_key_uses(name)::text, '') FROM ppdl_keys}), qr/predict/, 'half a key is not complete');
}
publish($node, $owner, 'predict');
like($node->safe_psql('postgres', q{SELECT ppdl_key_uses('clinic')}), qr/predict/, 'and is complete once it is published');

# rows
load_patients($node, $owner);
make_model($node, 'osteo');
@plain = (split /\n/, $node->safe_psql('postgres', q{SELECT (ppdl_predict('osteo', features))[1] FROM plain_patients ORDER BY id}))[ 0 .. 19 ];
$node->safe_psql('postgres', 'CREATE TABLE copied (LIKE patients)');
append_to_file("$owner->{dir}/many.copy", slurp_file("$owner->{dir}/cipher.copy")) for 1 .. 30;
for my $who ('backend', 'postmaster')
{
	my $end = cut_short_once(sub { $node->safe_psql('postgres', 'TRUNCATE copied') },
		$who, 'COPY', $soon, 'psql', '-X', '-d', $dsn, '-c', "\\copy copied FROM '$owner->{dir}/many.copy'");

	isnt($end // 0, 0, 'COPY says that it failed');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM copied'), '0', 'no row of half a COPY');
	$node->safe_psql('postgres', 'TRUNCATE copied');
}
$node->safe_psql('postgres', "\\copy copied FROM '$owner->{dir}/cipher.copy'");
is($node->safe_psql('postgres', 'SELECT count(*) FROM copied'), $rows, 'the rows can be copied again');

# the cache
my $key = $node->safe_psql('postgres', 'SELECT key_id FROM ppdl_keys');
my $warm = q{SELECT ppdl_cache_warm('clinic')};
my $cut = 0;

sub half_made { return scalar grep { /\.tmp$/ } glob $node->data_dir . '/*ppdl*/*/*'; }

sub predicts
{
	my ($name) = @_;
	my @got = decrypted($node, $owner, $predict);

	numbers_agree(\@got, \@plain, 2**-12, $name);
}

for my $who ('backend', 'postmaster')
{
	$node->safe_psql('postgres', 'SELECT ppdl_cache_clear()');
	my $end = cut_short($who, 'ppdl_cache_warm', sub { return 1; }, 'psql', '-X', '-d', $dsn, '-c', $warm);

	$cut++ if defined $end;
	predicts("after a $who was killed while it made the cache");
	$node->safe_psql('postgres', $warm);
	is(half_made(), 0, 'no half-made file is left when all are there');
}
cmp_ok($cut, '>', 0, 'the cache was being made');

# a file that cannot grow: the same as a full disk, for one backend
SKIP:
{
	skip 'no prlimit', 4 unless system('prlimit --version >/dev/null 2>&1') == 0;
	$node->safe_psql('postgres', 'SELECT ppdl_cache_clear()');
	$node->safe_psql('postgres', 'CHECKPOINT');
	my ($rc, $out, $err) = $node->psql('postgres', qq{
		SET default_transaction_read_only = on;
		SELECT 'prlimit --pid=' || pg_backend_pid() || ' --fsize=1000000' AS command \\gset
		\\setenv LIMIT :command
		\\! \$LIMIT
		$predict;
	});

	like($err, qr/could not (write|extend|create|resize|close)[^\n]*ppdl_cache|File too large|No space/i, 'a cache file that cannot be written: said');
	ok($rc == 0 || $err =~ /ERROR/, 'and either done without, or an error');
	predicts('when there is room again');
	$node->safe_psql('postgres', $warm);
	is(half_made(), 0, 'no half-made file is left');
}

# that several backends make one file at once is tried in 010_key_cache.pl
is($node->safe_psql('postgres', 'SELECT count(*) FROM ppdl_models'), '2', 'the models are all there');
$node->stop;
done_testing();
