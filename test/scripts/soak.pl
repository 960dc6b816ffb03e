#!/usr/bin/perl
# Clients that insert, update, delete, sum, group and predict on one table of
# encrypted rows, all at once; every answer is held against a plain twin in the same
# row and the same snapshot, and no backend may grow.  Needs a running server with the extension
# (PGHOST ..., a superuser); makes and drops a database.
#
#	PPDL_SOAK_TIME		seconds (600)
#	PPDL_SOAK_CLIENTS	clients (8)
#	PPDL_TEST_SEED		repeats what clients choose, not how they interleave
use strict;
use warnings;

use IPC::Open3;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{PPDL_SOAK_TIME} // 600;
my $clients = $ENV{PPDL_SOAK_CLIENTS} // 8;
my $seed = $ENV{PPDL_TEST_SEED} // time ^ $$;
my $stock = 3000;				# rows that are there to insert
my $width = 4;
my $db = 'soak';
my $growth = 60_000;			# kB of memory of its own that a client may gain after it warmed up

srand($seed);
print "soak: PPDL_TEST_SEED=$seed, $clients clients, $seconds s\n";

sub psql
{
	my ($base, $sql) = @_;
	my $pid = open3(my $in, my $out, undef, 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $base);

	print $in $sql;
	close $in;
	my $text = join '', <$out>;
	waitpid $pid, 0;
	die "$text\n" if $?;
	chomp $text;
	return $text;
}

sub session
{
	my $s = {};

	$s->{pid} = open3($s->{in}, $s->{out}, undef, 'psql', '-X', '-q', '-A', '-t', '-d', $db);
	($s->{backend}) = ask($s, 'SELECT pg_backend_pid()') =~ /^(\d+)$/m or die "no session\n";
	ask($s, 'SET ppdl.owner_mode = on; SET client_min_messages = warning');
	return $s;
}

sub ask
{
	my ($s, $sql) = @_;
	my $said = '';

	print { $s->{in} } "$sql;\n\\echo \@\@done\n";
	$s->{in}->flush;
	while (defined(my $line = readline $s->{out}))
	{
		last if $line eq "\@\@done\n";
		$said .= $line;
	}
	chomp $said;
	return $said;
}

# memory of a process that is neither shared nor of a file, kB
sub own_memory
{
	my ($pid) = @_;

	open my $f, '<', "/proc/$pid/status" or return 0;
	local $/;
	my ($kb) = <$f> =~ /^RssAnon:\s+(\d+)/m;
	return $kb // 0;
}

# Rows wait in the table stock, encrypted in whole batches as the tool does it, and move between it and the table under load.
# A row that comes back to stock is never inserted again: its ciphertext is used up.
sub set_up
{
	my $rows = join ',', map { '{' . join(',', map { sprintf '%.4f', 2 * rand() - 1 } 1 .. $width) . '}' } 1 .. $stock;

	psql('postgres', "DROP DATABASE IF EXISTS $db WITH (FORCE)");
	psql('postgres', "CREATE DATABASE $db");
	psql($db, qq{
		CREATE EXTENSION ppdl;
		SET ppdl.owner_mode = on;
		CREATE TABLE secret AS SELECT lwe_keygen('soak', 'secret words', 'predict') AS key;
		CREATE TABLE plain_stock AS SELECT i AS id, ARRAY(SELECT v[i][j] FROM generate_series(1, $width) j ORDER BY j) AS x
			FROM (SELECT '{$rows}'::float8[] AS v) t, generate_series(1, $stock) i;
		CREATE TABLE stock AS SELECT s.id, s.x, e.c FROM plain_stock s JOIN
			(SELECT n AS id, c FROM secret, lwe_encrypt_rows(key, '{$rows}', 'secret words') WITH ORDINALITY e(c, n)) e USING (id);
		ALTER TABLE stock ADD PRIMARY KEY (id);
		CREATE TABLE patients (id int PRIMARY KEY, ward int, x float8[], c lwe_cipher($width));
		INSERT INTO patients SELECT id, id % 5, x, c FROM stock WHERE id <= 500;
		DELETE FROM stock WHERE id <= 500;
		CREATE FUNCTION opened(lwe_cipher) RETURNS float8[] LANGUAGE sql AS \$\$ SELECT lwe_decrypt(\$1, (SELECT key FROM secret), 'secret words') \$\$;
		CREATE FUNCTION largest_difference(float8[], float8[]) RETURNS float8 LANGUAGE sql AS
			\$\$ SELECT CASE WHEN cardinality(\$1) = cardinality(\$2) THEN (SELECT max(abs(a - b)) FROM unnest(\$1, \$2) t(a, b)) ELSE 1e9 END \$\$;
		SELECT ppdl_create_model('m', '{"inputs": $width, "layers": [{"units": 4, "activation": "quadratic"}, {"units": 1}]}',
			(SELECT array_agg(0.4 * sin(i)) FROM generate_series(1, $width * 4 + 4 + 4 + 1) i));
	});
}

# each gives a statement and, for questions, the largest difference to the twin that is right
my @acts = (
	# a batch at a time, as the owner sends them
	[ 6, 'insert', sub { "WITH taken AS (DELETE FROM stock WHERE id IN (SELECT id FROM stock ORDER BY id LIMIT @{[ 1 + int rand 20 ]} FOR UPDATE SKIP LOCKED) RETURNING id, x, c)
		INSERT INTO patients SELECT id, id % 5, x, c FROM taken" } ],
	# a new encryption takes the place of the old one
	[ 4, 'update', sub { "WITH taken AS (DELETE FROM stock WHERE id = (SELECT id FROM stock ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING x, c)
		UPDATE patients p SET x = t.x, c = t.c FROM taken t WHERE p.id = (SELECT id FROM patients ORDER BY random() LIMIT 1)" } ],
	[ 4, 'move', sub { "UPDATE patients SET ward = (ward + 1) % 5 WHERE id = (SELECT id FROM patients ORDER BY random() LIMIT 1)" } ],
	[ 4, 'delete', sub { "DELETE FROM patients WHERE id = (SELECT id FROM patients ORDER BY random() LIMIT 1) AND (SELECT count(*) FROM patients) > 100" } ],
	[ 5, 'sum', sub { "SELECT largest_difference(opened(sum(c)), ARRAY[" . join(',', map { "sum(x[$_])" } 1 .. $width) . "]) FROM patients" }, 1e-4 ],
	[ 5, 'group', sub { "SELECT max(largest_difference(opened(s), p)) FROM (SELECT avg(c) AS s, ARRAY[" . join(',', map { "avg(x[$_])" } 1 .. $width) . "] AS p FROM patients GROUP BY ward) t" }, 1e-4 ],
	[ 3, 'row', sub { "SELECT largest_difference(opened(c), x) FROM patients ORDER BY random() LIMIT 1" }, 1e-5 ],
	[ 2, 'predict', sub { "SELECT largest_difference(opened(ppdl_predict('m', c)), ppdl_predict('m', x)) FROM (SELECT * FROM patients ORDER BY random() LIMIT 1) t" }, 1e-3 ],
	[ 1, 'predict_agg', sub { "SELECT largest_difference(opened(ppdl_predict_agg('m', c ORDER BY id)), ARRAY(SELECT unnest(ppdl_predict_agg('m', x ORDER BY id)))) FROM (SELECT * FROM patients ORDER BY id LIMIT 30) t" }, 1e-3 ]);

sub choose
{
	my $total = 0;

	$total += $_->[0] for @acts;
	my $at = rand $total;
	for (@acts) { return $_ if ($at -= $_->[0]) < 0; }
	return $acts[0];
}

# One client; prints a line of counts, or what went wrong.  Exit 0: all was right.
sub client
{
	my ($number, $end) = @_;
	my $s = session();
	my (%count, $warm);

	srand($seed + $number);
	$SIG{PIPE} = 'IGNORE';
	my $half = time + ($end - time) / 2;
	# every kind once, then by chance
	my @first = @acts;
	while (time < $end)
	{
		my ($weight, $name, $make, $limit) = @{ shift(@first) // choose() };
		my $said = ask($s, $make->());

		$count{$name}++;
		# two transactions may want each other's rows
		next if $said =~ /deadlock detected/ && $said !~ /ERROR(?!:  deadlock)/;
		if ($said =~ /ERROR|FATAL|server closed|connection/ || defined $limit && !($said =~ /^[0-9.e+-]+$/ && $said <= $limit))
		{
			print "soak: client $number: $name: ", ($said eq '' ? '(no answer)' : $said), "\n";
			return 1;
		}
		$warm = own_memory($s->{backend}) if !defined $warm && time > $half;
	}
	my $grown = own_memory($s->{backend}) - ($warm // own_memory($s->{backend}));

	printf "soak: client %d: %s; %d MB, %+d kB in the second half\n", $number, join(', ', map { "$count{$_} $_" } sort keys %count), own_memory($s->{backend}) / 1024, $grown;
	return 0 if $grown < $growth;
	print "soak: client $number: memory grows\n";
	return 1;
}

set_up();
$| = 1;
my $end = time + $seconds;
my @pids;

for my $number (1 .. $clients)
{
	my $pid = fork // die "fork: $!\n";

	exit client($number, $end) unless $pid;
	push @pids, $pid;
}
my $failures = 0;

for (@pids) { waitpid $_, 0; $failures++ if $?; }
psql('postgres', "DROP DATABASE $db WITH (FORCE)") unless $failures;
print $failures ? "not ok\n" : "ok\n";
exit($failures ? 1 : 0);
