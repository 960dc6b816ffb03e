# What the server has seen and kept after a day's work: keys published, rows loaded, sums, predictions, training broken off, a model
# encrypted by its owner, every statement logged.  Nothing of it may hold a byte of the secret key or a value in the clear.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use PpdlTest qw(:DEFAULT :cli);

my $dir = PostgreSQL::Test::Utils::tempdir;
# built from find_bytes.c, and put there by check.sh
my $find_bytes = abs_path(dirname(__FILE__) . '/../find_bytes');
my $passphrase = 'Zwetschgendatschi 40817';
my $marker = 'KeptInTheClear-730241';
my $node = PostgreSQL::Test::Cluster->new('watched');

$ENV{PPDL_PASSPHRASE} = $passphrase;
chdir $dir or die "cannot enter $dir: $!";

# ---------------------------------------------------------------- what to look for

# Output of a command, as bytes.
sub bytes
{
	my ($in, @command) = @_;
	my $out = '';

	IPC::Run::run(\@command, '<', \$in, '>', \$out) or die "@command failed";
	return $out;
}

# The master seed, and the key it is sealed with: openssl opens the file without a line of ours.
sub master_seed
{
	my ($head, $sealed) = split /\n/, slurp_file('clinic.key');
	my ($salt) = $head =~ /"salt":"([0-9a-f]+)"/;
	my ($nonce) = $head =~ /"nonce":"([0-9a-f]+)"/;
	my $key = bytes('', 'openssl', 'kdf', '-binary', '-keylen', '32', '-kdfopt', "pass:$passphrase", '-kdfopt', "hexsalt:$salt",
		'-kdfopt', 'n:131072', '-kdfopt', 'r:8', '-kdfopt', 'p:1', '-kdfopt', 'maxmem_bytes:200000000', 'SCRYPT');

	# GCM encrypts by counter mode, from 2 on
	return ($key, bytes(substr(decode_base64($sealed), 0, 32), 'openssl', 'enc', '-d', '-aes-256-ctr', '-K', unpack('H*', $key), '-iv', "${nonce}00000002"));
}

my %pattern;

# a string a line: pieces of seven bytes or more between what ends one
sub look_for
{
	my ($what, $bytes) = @_;

	$pattern{$_} = $what for grep { length >= 7 } split /[\0\n]/, $bytes;
}

sub look_for_number
{
	my ($what, $v) = @_;
	my $text = "$v" =~ s/^-|0+$//gr;

	look_for("$what as text", $text) if length $text >= 9;
	look_for("$what as a double", pack 'd<', $v);
	look_for("$what as a double, negative", pack 'd<', -$v);
	look_for("$what in hexadecimal", unpack 'H*', pack 'd<', $v);
}

# The files under a directory that hold any of the patterns or other strings, in one go, and which.
sub found
{
	my ($where, @other) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ $find_bytes, file('patterns', join "\n", keys %pattern, @other), $where ], '>', \$out, '2>', \$err);
	die "the search in $where failed: $err" if $? >> 8 > 1 || $? & 127;
	return sort map { /^([^:]*):(.*)/s ? "$1: " . ($pattern{$2} // $2) : $_ } split /\n/, $out;
}

# ---------------------------------------------------------------- a day's work

$node->init;
$node->append_conf('postgresql.conf', "log_statement = all\nlog_min_duration_statement = 0\nlog_parameter_max_length = 2000\nlog_parameter_max_length_on_error = 2000\n"
	. "max_wal_size = 8GB\nfsync = off\nshared_buffers = 64MB\n");
{
	# a server inherits what its starter has
	local %ENV = %ENV;
	delete $ENV{PPDL_PASSPHRASE};
	$node->start;
}
my @dsn = ('--dsn', $node->connstr('postgres'));
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl; CREATE TABLE rows (id int, note text, features lwe_cipher, label lwe_cipher)');

my $seed = 51113;
my $csv = "id,note,a,b,c,d,y\n";
my @values;
for my $id (1 .. 40)
{
	my @x = map { $seed = ($seed * 1103515245 + 12345) % 2147483648; sprintf '%.8f', 20 + 60 * $seed / 2147483648 } 1 .. 5;

	push @values, @x;
	$csv .= join(',', $id, $marker, @x) . "\n";
}
file('rows.csv', $csv);
done([ 'keygen', '--out', 'clinic', '--for', 'train' ], 'keygen');
done([ 'encode', 'rows.csv', '--id', 'id', '--label', 'y', '--exclude', 'note', '-o', 'features.json' ], 'encode');
done([ 'publish', 'clinic.pub', @dsn ], 'publish');
done([ 'encrypt', '--key', 'clinic.key', '--features', 'features.json', '--keep', 'note', '--table', 'rows', @dsn, 'rows.csv' ], 'encrypt');
my $plain = done([ 'encrypt', '--plain', '--features', 'features.json', 'rows.csv' ], 'the same rows in the clear, for the search');
$node->safe_psql('postgres', q{SELECT ppdl_create_model('m', '{"inputs": 4, "bias": false, "layers": [{"units": 2, "activation": "quadratic"}, {"units": 1}]}')});
my @weights = map { sprintf '%.12f', 0.3 * sin(7 * $_) } 1 .. 13;
file('own.json', '{"format": "ppdl-model", "version": 1, "name": "own", "spec": {"inputs": 4, "layers": [{"units": 2, "activation": "quadratic"}, {"units": 1}]}, "weights": ['
	. join(', ', @weights) . ']}');
done([ 'model', 'import', 'own.json', '--key', 'clinic.key', @dsn ], 'a model that its owner encrypts');

# one session sums and predicts; its memory is looked at, too
my ($in, $out, $err) = ('', '', '');
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(600));
$in = "SELECT pg_backend_pid() AS pid;\nSELECT length(sum(features)::text), length(avg(label)::text) FROM rows;\n"
  . "SELECT length(ppdl_predict_agg('own', features ORDER BY id)::text) FROM rows;\nSELECT '$marker', 'ready';\n";
$psql->pump until $out =~ /ready/ || $err =~ /ERROR/;
is($err, '', 'a session works');
my ($pid) = $out =~ /^(\d+)\n/;

my @results = map { /-?\d+\.\d{5,}/g } done([ 'query', '--key', 'clinic.key', @dsn, '--raw', '--csv', '-c',
	q{SELECT avg(features), sum(label), ppdl_predict_agg('own', features ORDER BY id) FROM rows} ], 'query');
cmp_ok(scalar @results, '>=', 5, 'results are decrypted');

# ends as soon as there is a checkpoint
my $checkpoints = $node->data_dir . '/ppdl_train/*/*';
{
	my ($o, $e) = ('', '');
	my $h = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c',
		q{SELECT ppdl_train('m', features, label, '{"steps": 20, "batch": 32}' ORDER BY id) FROM rows} ], '<', \undef, '>', \$o, '2>', \$e, IPC::Run::timeout(600));

	until ((() = glob($checkpoints)) || !$h->pumpable)
	{
		$h->pump_nb;
		select undef, undef, undef, 0.05;
	}
	$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^SELECT ppdl_train'});
	$h->finish;
	like($e, qr/ppdl_train_resume/, 'training broken off') or diag($e);
}
ok(scalar(() = glob($checkpoints)), 'there is a checkpoint');

# ---------------------------------------------------------------- the search

my ($key, $master) = master_seed();
is(length $master, 32, 'the master seed');
look_for('the passphrase', $passphrase);
for ([ 'the master seed', $master ], [ 'the key of the key file', $key ])
{
	look_for($_->[0], $_->[1]);
	look_for("$_->[0] in hexadecimal", unpack 'H*', $_->[1]);
	look_for("$_->[0] in base64", substr(encode_base64($_->[1], ''), 0, 40));
}
look_for_number('a value', $_) for @values;
look_for_number('an encoded value', $_) for grep { abs($_) != 1 } $plain =~ /-?\d\.\d{9,}/g;
look_for_number('a weight', $_) for @weights;
look_for('a result', s/^-//r) for @results;
cmp_ok(scalar keys %pattern, '>', 1000, 'things to look for');
cmp_ok(scalar(() = found('rows.csv')), '>=', 190, 'the search finds them where they are');
isnt(scalar(() = found('own.json')), 0, 'weights, too');

SKIP:
{
	my $core = "$dir/core";
	my ($rc) = command('sh', '-c', 'command -v gcore');

	command('gcore', '-o', $core, $pid) if $rc == 0;
	($core) = glob "$core*";
	if (!defined $core)
	{
		command('prlimit', '--pid', $pid, '--core=unlimited');
		kill 'ABRT', $pid;
		usleep(100_000) for 1 .. 50;
		($core) = glob $node->data_dir . '/core*';
		$node->poll_query_until('postgres', 'SELECT true');
	}
	skip 'no core of a backend: neither gcore nor a kernel that writes core files here', 2 unless defined $core && -s $core;
	my @seen = found($core, $marker);

	isnt(scalar(grep { /: $marker$/ } @seen), 0, 'a core of a backend shows what the session did');
	is_deeply([ grep { !/: $marker$/ } @seen ], [], 'and neither key nor values');
	unlink $core;
}
$in .= "\\q\n";
eval { $psql->finish };
$node->stop;
my @kept = found($node->data_dir, $marker);
my @logged = found($node->logfile, $marker, 'ppdl_publish_part');
for my $where ([ $node->data_dir . '/base/', 'tables' ], [ $node->data_dir . '/pg_wal/', 'the WAL' ])
{
	isnt(scalar(grep { /^\Q$where->[0]\E.*: $marker$/ } @kept), 0, "$where->[1]: the plain column is found");
}
isnt(scalar(grep { /: ppdl_publish_part$/ } @logged), 0, 'the log has the statements');
is_deeply([ grep { !/: $marker$/ } @kept ], [], 'data directory, with WAL, cache and checkpoints: neither key nor values');
is_deeply([ grep { !/: (?:$marker|ppdl_publish_part)$/ } @logged ], [], 'log: neither key nor values');

done_testing();
