# Training on encrypted rows of an owner and a writer at the real degree: against the plain twin, canceled and resumed, and used for prediction.
use strict;
use warnings;

use Digest::SHA qw(sha256);
use Fcntl qw(O_NONBLOCK O_RDONLY);
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use PpdlTest;

my $rows = 300;
my $of_clinic = 200;
my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('train');
my $dsn;

# Sixteen numbers and a label that depends on them: all, those of the clinic, and those of a ward that writes for it.
sub write_rows
{
	my $seed = 20240607;
	my $next = sub { $seed = ($seed * 1103515245 + 12345) % 2147483648; return $seed / 1073741824 - 1; };
	my $head = 'id,' . join(',', map { "x$_" } 1 .. 16) . ",y\n";
	my %csv;

	for my $id (1 .. $rows)
	{
		my @x = map { sprintf '%.5f', $next->() } 1 .. 16;
		my $sum = 0;

		$sum += $x[$_] * cos(3 * $_) for 0 .. 15;
		$csv{$_} .= join(',', $id, @x, $sum > 0 ? 1 : -1) . "\n" for 'rows', $id > $of_clinic ? 'ward' : 'clinic';
	}
	append_to_file("$dir/$_.csv", $head . $csv{$_}) for keys %csv;
}

# A feature file that leaves values as they are; returns its encoding's id.
sub write_features
{
	my $as_is = '{"column": "%s", "kind": "numeric", "min": -1, "max": 1}';

	append_to_file("$dir/features.json", '{"format": "ppdl-features", "version": 1, "id": "id", "features": ['
		. join(', ', map { sprintf $as_is, "x$_" } 1 .. 16) . '], "label": ' . sprintf($as_is, 'y') . '}');
	return (tool_ok('an encoding', 'ppdl', 'encode', '--renew', "$dir/features.json") =~ /([0-9a-f]{12})/)[0];
}

sub tool_ok
{
	my ($name, @command) = @_;
	my ($stdout, $stderr);
	my $ok = IPC::Run::run(\@command, '<', \undef, '>', \$stdout, '2>', \$stderr);

	ok($ok, $name) or diag($stderr);
	return $stdout;
}

# Runs a query that must fail; returns its messages.
sub failure
{
	my ($sql) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', $sql);

	isnt($rc, 0, "fails: $sql");
	return $stderr;
}

# Starts a query in the background, waits until its messages match, cancels it; returns its messages.
sub cancel_when
{
	my ($sql, $pattern) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $h = IPC::Run::start([ 'psql', '-X', '-d', $dsn, '-c', $sql ], '<', \$in, '>', \$out, '2>', \$err,
		IPC::Run::timeout(600));
	my $asked;

	$h->pump until $err =~ $pattern || !$h->pumpable;
	$asked = time;
	$node->safe_psql('postgres',
		q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ 'ppdl_train' AND pid <> pg_backend_pid()});
	$h->finish;
	return ($err, time - $asked);
}

# The files of unfinished training.
sub checkpoints
{
	return sort glob($node->data_dir . '/ppdl_train/*/*');
}

# Writes a checkpoint file anew, with the hash that ends it.
sub write_checkpoint
{
	my ($file, $bytes) = @_;

	open my $fh, '>:raw', $file or die "cannot write $file: $!";
	print $fh $bytes, sha256($bytes);
	close $fh;
}

# Runs a query with no room for files beyond some bytes, as on a full disk; returns its messages.
sub without_room
{
	my ($bytes, $sql) = @_;
	my (undef, undef, $err) = $node->psql('postgres', qq{
		SELECT 'prlimit --pid=' || pg_backend_pid() || ' --fsize=$bytes' AS command \\gset
		\\setenv LIMIT :command
		\\! \$LIMIT
		$sql;});

	return $err;
}

# What ppdl_checkpoints shows to a role.
sub listed
{
	my ($role) = @_;

	return $node->safe_psql('postgres', "SET ROLE $role; SELECT model, role, steps_done, steps FROM ppdl_checkpoints ORDER BY role");
}

# Turns a checkpoint into what 0.1.0 would have left: without database and role, in the name and in the file.
sub make_old
{
	my ($directory) = @_;
	my ($run, $state) = map { substr slurp_file("$directory/$_"), 0, -32 } 'run', 'state';
	(my $old = $directory) =~ s/\@\d+$//;

	rename $directory, $old or die "cannot rename $directory: $!";
	$run = 'PTR1' . substr $run, 12;
	write_checkpoint("$old/run", $run);
	write_checkpoint("$old/state", 'PTC1' . sha256($run) . substr($state, 36, 8) . substr $state, 48);
	return $old;
}

$node->init;
$node->append_conf('postgresql.conf', "max_wal_size = 4GB\nfsync = off\n");
$node->start;
$dsn = $node->connstr('postgres');
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
write_rows();
tool_ok('keys', 'ppdl', 'keygen', '--for', 'train', '--out', "$dir/clinic");
my $encoding = write_features();
tool_ok('a writer', 'ppdl', 'keygen', '--writer-for', "$dir/clinic.pub", '--out', "$dir/ward");
append_to_file("$dir/$_->[0].copy", tool_ok("$_->[0] rows", 'ppdl', 'encrypt', @$_[ 1 .. $#$_ ]))
  for (map { [ $_, '--compact', '--key', "$dir/$_.key", '--features', "$dir/features.json", "$dir/$_.csv" ] } qw(clinic ward)),
  [ 'full', '--key', "$dir/clinic.key", '--raw', '--id', 'id', '--label', 'y', "$dir/rows.csv" ],
  [ 'plain', '--plain', '--raw', '--id', 'id', '--label', 'y', "$dir/rows.csv" ];
$node->safe_psql(
	'postgres', qq{
	CREATE TABLE patients (id int PRIMARY KEY, features lwe_cipher, label lwe_cipher);
	CREATE TABLE full_patients (id int PRIMARY KEY, features lwe_cipher, label lwe_cipher);
	CREATE TABLE plain_patients (id int PRIMARY KEY, features float8[], label float8);
	\\copy patients FROM '$dir/clinic.copy'
	\\copy patients FROM '$dir/ward.copy'
	\\copy full_patients FROM '$dir/full.copy'
	\\copy plain_patients FROM '$dir/plain.copy'
	INSERT INTO patients SELECT 1000, features, NULL FROM patients WHERE id = 1;
	SELECT ppdl_create_model('osteo', '{"inputs": 16, "bias": false, "layers": [{"units": 8, "activation": "quadratic"}, {"units": 1}]}');
	SELECT ppdl_create_model('wide', '{"inputs": 16, "layers": [{"units": 300, "activation": "quadratic"}, {"units": 1}]}');
	SELECT ppdl_create_model('steep', '{"inputs": 16, "layers": [{"units": 8, "activation": "quadratic"}, {"units": 8, "activation": "quadratic"},
		{"units": 4, "activation": "quadratic"}, {"units": 2, "activation": "sigmoid", "degree": 7, "interval": [-6, 6]}]}',
		(SELECT array_agg(0.15 * sin(i)) FROM generate_series(1, 17 * 8 + 9 * 8 + 9 * 4 + 5 * 2) i));
	SELECT ppdl_create_model('steeper', '{"inputs": 16, "layers": [{"units": 2, "activation": "tanh", "degree": 15}, {"units": 2, "activation": "tanh", "degree": 15},
		{"units": 1, "activation": "sigmoid", "degree": 7}]}', (SELECT array_agg(0.1 * sin(i)) FROM generate_series(1, 17 * 2 + 3 * 2 + 3) i));
	SELECT ppdl_create_model('two', '{"inputs": 16, "bias": false, "layers": [{"units": 8, "activation": "quadratic"}, {"units": 2}]}');
});

my $options = '{"steps": 3, "batch": 128, "learning_rate": 0.3, "init_scale": 0.3}';
my $train = qq{SELECT ppdl_train('osteo', features, label, '$options' ORDER BY id) FROM patients};

# what is wrong is said before any work
like(failure(q{SELECT ppdl_predict('steep', features) FROM full_patients WHERE id = 1}),
	qr/the network needs 12 levels, encrypted rows have 7.*keys for training/s, 'network too deep for the keys that there are');
like(failure("$train WHERE id <= $of_clinic"), qr/key [0-9a-f]{16} of the rows is not published for training.*publish --for train/s, 'keys missing');
tool_ok('publish', 'ppdl', 'publish', "$dir/clinic.pub", '--for', 'train', '--dsn', $dsn);
is($node->safe_psql('postgres', q{SELECT ppdl_key_uses('clinic')}), '{sum,predict,train}', 'keys are there');
like(failure($train), qr/features: rows of different keys: [0-9a-f]{16} and [0-9a-f]{16}/, 'rows of a key that is not published as a writer');
tool_ok('publish the writer', 'ppdl', 'publish', "$dir/ward.pub", '--dsn', $dsn);
cmp_ok($node->safe_psql('postgres', q{SELECT sum(bytes) FROM ppdl_key_info}), '<', 1.1e9, 'size of the keys as stored');
like(failure(q{SELECT ppdl_train('wide', features, label) FROM patients}), qr/too wide.*the limit is 2048/s, 'network too wide');
like(failure(q{SELECT ppdl_train('two', features, label) FROM patients}), qr/2 outputs, labels have 1 values/, 'labels of another width');
like(failure(q{SELECT ppdl_train('osteo', p.features, q.label) FROM patients p JOIN patients q ON q.id = p.id + 1}),
	qr/not encrypted side by side/, 'label of another row');
like(failure(q{SELECT ppdl_train('osteo', p.features, q.label) FROM patients p JOIN patients q ON q.id = p.id + 128 WHERE q.id <= 200}),
	qr/not encrypted side by side.*keep each label in the row of its features/s, 'label at the same place of another batch');
like(failure(q{SELECT ppdl_train('osteo', features, label) FROM (SELECT * FROM patients UNION ALL SELECT * FROM patients) t}),
	qr/a row came twice/, 'rows that come twice');
like(failure(q{SELECT ppdl_train('osteo', features, NULL::lwe_cipher) FROM patients}), qr/there are no rows to train.*301 rows had NULL/s, 'nothing but NULLs');
like(failure(q{SELECT ppdl_train_resume('osteo')}), qr/no interrupted training to resume/, 'nothing to resume');

# canceled after the first step, resumed, and the same as in one go
my ($messages, $seconds) = cancel_when($train, qr/step [23] of 3/);
like($messages, qr/stops after \d steps; ppdl_train_resume\('osteo'\) continues it.*canceling statement due to user request/s, 'canceled');
note(sprintf 'canceled in %.1f s', $seconds);
cmp_ok($seconds, '<', 10, 'a cancel is obeyed soon, even on a busy machine');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ppdl_models'), '5', 'no version is stored');
my %state = map { $_ => slurp_file($_) } checkpoints();
is(join(' ', map { m,/(\w+)$, } sort keys %state), 'run state', 'there is a checkpoint');

my ($directory) = map { m,(.*)/run$, } sort keys %state;
my $me = $node->safe_psql('postgres', 'SELECT current_user');
my ($done) = $messages =~ /stops after (\d) steps/;
is(listed($me), "osteo\@1|$me|$done|3", 'and it is listed');
is($node->safe_psql('postgres', q{SELECT bytes, written BETWEEN now() - interval '10 minutes' AND now(), seconds > 0 FROM ppdl_checkpoints}),
	length(join '', values %state) . '|t|t', 'with its size and time');

# what there is no room for is said, and what was there stays
SKIP:
{
	skip 'no prlimit', 4 unless system('prlimit --version >/dev/null 2>&1') == 0;
	for ([ 50000, $train, 'at the start' ], [ 1000000, q{SELECT ppdl_train_resume('osteo')}, 'after a step' ])
	{
		my ($bytes, $sql, $when) = @$_;

		like(without_room($bytes, $sql), qr/could not write file "ppdl_train[^\n]*new".*training of model "osteo" stops.*ppdl_train_resume\('osteo'\)/s, "no room $when");
		is_deeply({ map { $_ => slurp_file($_) } checkpoints() }, \%state, 'the checkpoint is as it was');
	}
}

# killed in the middle of writing: a pipe that nobody empties holds the writer there
{
	my ($in, $out, $err, $pid) = ('', '', '');
	my ($h, $pipe);
	my $ready = '';

	mkfifo("$directory/new", 0600) or die "cannot make a pipe: $!";
	chown((stat $directory)[ 4, 5 ], "$directory/new");
	sysopen $pipe, "$directory/new", O_RDONLY | O_NONBLOCK or die "cannot open the pipe: $!";
	$h = IPC::Run::start([ 'psql', '-X', '-d', $dsn, '-c', $train ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	vec($ready, fileno($pipe), 1) = 1;
	select($ready, undef, undef, 120) or die 'nothing was written';
	$pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT ppdl_train'});
	kill 'KILL', $pid;
	$node->kill9;
	eval { $h->finish };
	sleep 0.05 while kill(0, $pid);
	close $pipe;
	unlink "$directory/new";
	$node->start;
	is_deeply({ map { $_ => slurp_file($_) } checkpoints() }, \%state, 'the earlier checkpoint outlives a new one that was killed while it was written');
	is(listed($me), "osteo\@1|$me|$done|3", 'and is listed');
}

# it is its role's alone
$node->safe_psql('postgres', q{
	CREATE ROLE analyst;
	GRANT ALL ON ppdl_models TO analyst;
	GRANT SELECT ON patients TO analyst});
like(failure(q{SET ROLE analyst; SELECT ppdl_train_resume('osteo')}),
	qr/the interrupted training of model "osteo" belongs to another role/, 'another role does not resume it');
($messages) = cancel_when(qq{SET ROLE analyst; $train}, qr/training: /);
unlike($messages, qr/discarding/, 'nor discard it');
is(scalar(grep { /osteo\@\d+.run$/ } checkpoints()), 2, 'it has one of its own');
is(listed('analyst'), 'osteo@1|analyst|0|', 'and sees no other');
$node->safe_psql('postgres', 'GRANT pg_monitor TO analyst');
is(listed('analyst'), join("\n", sort "osteo\@1|analyst|0|", "osteo\@1|$me|$done|3"), 'who monitors sees all');
$node->safe_psql('postgres', 'REVOKE pg_monitor FROM analyst');
unlink grep { !exists $state{$_} } checkpoints();
rmdir $_ for glob($node->data_dir . '/ppdl_train/*');

# canceled and timed out at many moments: nothing stays behind in the session
my $status = q{SELECT (regexp_match(s, 'RssAnon:\s*(\d+)'))[1], (regexp_match(s, 'Threads:\s*(\d+)'))[1] FROM pg_read_file('/proc/self/status') s;};
my $other = $train =~ s/'osteo'/'osteo_other'/r;
(undef, my $flat) = $node->psql('postgres', join("\n",
	q{SELECT ppdl_create_model('osteo_other', spec) FROM ppdl_models WHERE name = 'osteo';},
	(map { ("SET statement_timeout = $_;", "$other;") } 1500, 2500), 'RESET statement_timeout;', $status,
	(map { ("SET statement_timeout = $_;", "$other;") } 1100, 1400, 1700, 2300), 'RESET statement_timeout;', $status,
	q{SELECT ppdl_drop_model('osteo_other');}), on_error_stop => 0);
my @flat = map { [ split /\|/ ] } grep { /\|/ } split /\n/, $flat;
note(join ', ', map { "$_->[0] kB, $_->[1] threads" } @flat);
cmp_ok($flat[1][0], '<', $flat[0][0] + 60000, 'memory of canceled training stays flat');
is($flat[1][1], $flat[0][1], 'and the number of threads');
is_deeply([ checkpoints() ], [ sort keys %state ], 'a checkpoint goes with its model');

# the postmaster is killed while the run goes on
{
	my ($in, $out, $err) = ('', '', '');
	my $h = IPC::Run::start([ 'psql', '-X', '-d', $dsn, '-c', q{SELECT ppdl_train_resume('osteo')} ], '<', \$in, '>', \$out, '2>', \$err,
		IPC::Run::timeout(600));
	my ($pid, $began);

	$h->pump until $err =~ /training: / || !$h->pumpable;
	$pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT ppdl_train'});
	$node->kill9;
	$began = time;
	sleep 0.05 while kill(0, $pid) && time - $began < 60;
	cmp_ok(time - $began, '<', 15, 'training ends with the postmaster');
	eval { $h->finish };
}
$node->start;
is_deeply({ map { $_ => slurp_file($_) } checkpoints() }, \%state, 'the checkpoint survives a crash');

# one of 0.1.0, which does not say whose it is
append_to_file(make_old($directory) . '/new', 'what a writer that was killed has left');
is($node->safe_psql('postgres', 'SELECT model, role IS NULL, steps_done, steps IS NULL FROM ppdl_checkpoints'), "osteo\@1|t|$done|t", 'it is listed');
like(failure(q{SET ROLE analyst; SELECT ppdl_train_resume('osteo')}), qr/belongs to another role.*a superuser, if that was under ppdl 0.1.0/s,
	'a checkpoint of 0.1.0 is not for everybody');
is($node->safe_psql('postgres', q{SELECT ppdl_train_resume('osteo')}), 'osteo@2', 'resumed');
is_deeply([ checkpoints() ], [], 'the checkpoint is gone');
like(failure(q{SELECT ppdl_train_resume('osteo')}), qr/no interrupted training to resume/, 'nothing left to resume');
is( $node->safe_psql('postgres', q{SELECT trained->>'rows', trained->>'skipped', trained->>'steps', weights IS NULL, key_id = trained->>'key' FROM ppdl_models WHERE name = 'osteo' AND version = 2}),
	'300|1|3|t|t', 'what is told about the new version');
is($node->safe_psql('postgres', q{SELECT version, encoding FROM ppdl_model_info WHERE name = 'osteo' ORDER BY 1}), "1|\n2|$encoding", 'it has the encoding of its rows');

# against the plain twin
$node->safe_psql('postgres', qq{
	SELECT ppdl_create_model('twin', (SELECT spec FROM ppdl_models WHERE name = 'osteo' AND version = 1));
	SELECT ppdl_train('twin', features, label, '$options' ORDER BY id) FROM plain_patients});
tool_ok('export', 'ppdl', 'model', 'export', 'osteo', '--key', "$dir/clinic.key", '--dsn', $dsn, '-o', "$dir/osteo.json");
is(tool_ok('import', 'ppdl', 'model', 'import', "$dir/osteo.json", '--name', 'opened', '--dsn', $dsn), "opened\@1\n", 'imported');
my @want = split /,/, $node->safe_psql('postgres', q{SELECT array_to_string(ppdl_model_weights('twin'), ',')});
my @got = split /,/, $node->safe_psql('postgres', q{SELECT array_to_string(ppdl_model_weights('opened'), ',')});
numbers_agree(\@got, \@want, 2**-14, 'weights agree with those of plain training');
my @moved = grep { abs } @want;
cmp_ok(scalar @moved, '>', 100, 'weights are not zero');
is(tool_ok('import, encrypted', 'ppdl', 'model', 'import', "$dir/osteo.json", '--name', 'sealed', '--key', "$dir/clinic.key", '--dsn', $dsn), "sealed\@1\n",
	'the owner encrypts weights');
is($node->safe_psql('postgres', q{SELECT weights IS NULL, cardinality(cipher), key_id = (SELECT key_id FROM ppdl_models WHERE name = 'osteo' AND version = 2)
	FROM ppdl_models WHERE name = 'sealed'}), 't|1|t', 'the server does not see them');

# prediction with encrypted weights, in row order, NULL keeps its place
my $plain = q{SELECT (ppdl_predict('twin', features))[1] FROM plain_patients WHERE id BETWEEN 181 AND 220 ORDER BY id};
@want = split /\n/, $node->safe_psql('postgres', $plain);
@got = decrypted($node, { key => "$dir/clinic.key" },
	q{SELECT ppdl_predict_agg('osteo', features ORDER BY id) FROM (SELECT id, features FROM patients WHERE id BETWEEN 181 AND 220 UNION ALL SELECT 0, NULL) t});
numbers_agree(\@got, \@want, 2**-9, 'predictions with encrypted weights, rows of both keys');

@got = decrypted($node, { key => "$dir/clinic.key" }, q{SELECT ppdl_predict('sealed', features) FROM full_patients WHERE id = 189});
numbers_agree(\@got, [ $want[8] ], 2**-10, 'prediction with weights that the owner encrypted, on a full row');

# a plain model on compact rows: one row, and all of them the other way round, the first one twice
@got = decrypted($node, { key => "$dir/clinic.key" }, q{SELECT ppdl_predict('twin', features) FROM patients WHERE id = 207});
numbers_agree(\@got, [ $want[26] ], 2**-12, 'prediction with plain weights on a compact row of the writer');
@want = split /\n/, $node->safe_psql('postgres',
	q{SELECT (ppdl_predict('twin', features))[1] FROM (SELECT * FROM plain_patients UNION ALL SELECT 1000, features, 0 FROM plain_patients WHERE id = 1) t ORDER BY id DESC});
@got = decrypted($node, { key => "$dir/clinic.key" }, q{SELECT ppdl_predict_agg('twin', features ORDER BY id DESC) FROM patients});
numbers_agree(\@got, \@want, 2**-12, 'predictions with plain weights on compact rows');
is($node->safe_psql('postgres', q{SELECT length(p::text) < 1200000, lwe_encoding(p) FROM (SELECT ppdl_predict_agg('twin', features) AS p FROM patients WHERE id <= 300) t}),
	"t|$encoding", 'one ciphertext holds them, and they have the encoding of their rows');

# second moments of compact rows and their labels: a matrix of 17 rows
@want = split /\n/, $node->safe_psql('postgres',
	q{WITH r AS (SELECT features || label AS x FROM plain_patients WHERE id % 4 <> 0)
		SELECT covar_samp(x[a], x[b]) FROM r, generate_series(1, 17) a, generate_series(1, 17) b GROUP BY a, b ORDER BY a, b});
my @names = ((map { "x$_" } 1 .. 16), 'y');
my %covariance = map { /^,correlation,(\w+),(\w+),covariance,([^,]+)/ ? ("$1 $2" => $3) : () } split /\n/, tool_ok('statistics of the tool', 'ppdl', 'stats', '--key', "$dir/clinic.key",
	'--dsn', $dsn, '--features', "$dir/features.json", '--table', 'patients', '--correlation', '--columns', join(',', @names), '--where', 'id % 4 <> 0', '--csv');
@got = map { my $name = $_; map { $covariance{"$name $_"} } @names } @names;
numbers_agree(\@got, \@want, 1e-5, 'second moments of compact rows with labels');

# a question in braces about labels and features of compact rows, two columns: four levels of bits beside a comparison of
# the label; the plain table takes the same condition, which is SQL, too
{
	my $condition = '(x1 = 1 or not x3 = 1) and (x5 = 1 or x7 = 0 and (x2 = 1 or x11 = 0)) and y > 0.4';

	append_to_file("$dir/bits.csv", join "\n", 'id,' . join(',', map { "x$_" } 1 .. 16) . ',y',
		map { my $id = $_; join ',', $id, (map { ($id * ($_ + 7) * 2654435761 >> 9) & 1 } 1 .. 16), $id % 11 / 10 } 1 .. 200);
	tool_ok('an encoding of bits', 'ppdl', 'encode', '--id', 'id', '--label', 'y', '--numeric', 'y', "$dir/bits.csv", '-o', "$dir/bits.json");
	append_to_file("$dir/bits.copy", tool_ok('bits', 'ppdl', 'encrypt', '--compact', '--key', "$dir/clinic.key", '--features', "$dir/bits.json", "$dir/bits.csv"));
	$node->safe_psql('postgres', qq{
		CREATE TABLE answers (id int, features lwe_cipher, label lwe_cipher);
		CREATE TABLE plain_answers (id int, @{[ join ', ', map { "x$_ int" } 1 .. 16 ]}, y float8);
		\\copy answers FROM '$dir/bits.copy'
		\\copy plain_answers FROM '$dir/bits.csv' CSV HEADER});
	@want = split /\|/, $node->safe_psql('postgres', "SELECT count(*), sum(y) FROM plain_answers WHERE id % 4 <> 0 AND $condition");
	cmp_ok($want[0], '>', 10, 'rows meet the condition');
	@got = split /[\n,]/, tool_ok('a question about labels', 'ppdl', 'query', '--key', "$dir/clinic.key", '--dsn', $dsn, '--features', "$dir/bits.json", '--csv',
		'-c', "SELECT {count(y) where $condition} AS n, {sum(y) where $condition} AS s FROM answers WHERE id % 4 <> 0");
	is_deeply([ @got[ 0 .. 2 ] ], [ 'n', 's', $want[0] ], 'how many meet a condition on their label and their features');
	cmp_ok(abs($got[3] - $want[1]), '<', 0.02, 'and the sum of their labels');
	like(failure(q{SELECT sum_where(features, 'x[1] = 1', label) FROM (SELECT a.features, b.label FROM answers a JOIN answers b ON b.id = a.id + 1) t}),
		qr/not encrypted side by side/, 'columns of different rows');
}

# comparisons of numbers, thresholds in the middle of gaps between values, on full rows, which go to the deep ring for it;
# tenths are shown, as a row may be off by 2^-13
{
	my $third = 'id % 3 = 1';
	my $low = $node->safe_psql('postgres',
		qq{SELECT round(((x + next) / 2)::numeric, 4) FROM (SELECT features[3] AS x, lead(features[3]) OVER (ORDER BY features[3]) AS next FROM plain_patients WHERE $third) t WHERE abs(x) < 0.6 ORDER BY next - x DESC NULLS LAST LIMIT 1});
	my $features = join ', ', map { "sum(features[$_])" } 1 .. 16;
	# what a state says when it begins
	my $said = sub { return ($node->psql('postgres', qq{SELECT lwe_where_trans(NULL, features, '$_[0]') IS NULL FROM $_[1] WHERE id = 1}))[2] };

	@want = split /\n/, $node->safe_psql('postgres', qq{SELECT array_to_string(ARRAY[count(*), $features], E'\n') FROM plain_patients WHERE $third AND features[3] > $low});
	@got = decrypted($node, { key => "$dir/clinic.key" }, qq{SELECT sum_where(features, 'x[3] > $low within 0.0005') FROM full_patients WHERE $third});
	numbers_agree(\@got, \@want, 0.06, "sums of full rows with x[3] > $low, refreshed and compared again");
	cmp_ok($want[0], '>', 5, 'which are some');
	like($said->('x[3] > 0.25', 'patients'), qr/NOTICE:  rows near a threshold count in part: comparisons have 10 levels\nDETAIL:  Such values are x\[3\] from 0\.241\d to 0\.258\d\.\nHINT:  Say how near .* within/, 'where rows count in part');
	is($said->('x[3] > 0.25 within 0.0002', 'patients'), '', 'nothing is said of what tells more than was asked for');
	like($said->('x[3] > 0.25 within 0.0001', 'patients'), qr/WARNING:  values are to be told from thresholds at a distance that comparisons do not tell\nDETAIL:  Such values are x\[3\] from 0\.24987\d to 0\.25012\d\./, 'a distance that is too small');
	like($said->('x[3] > 0.25 and x[3] < 0.26 and x[1] = 1', 'full_patients'), qr/WARNING:  thresholds are nearer to each other than comparisons of 9 levels can tell\nDETAIL:  Such values are x\[3\] from 0\.23\d+ to 0\.26\d+, x\[3\] from 0\.24\d+ to 0\.27\d+\./, 'thresholds that are too near');
	like(failure(q{SELECT sum_where(features, 'x[1] > 0 or x[2] > 0 and (x[3] > 0 or x[4] > 0 and (x[5] > 0 or x[6] > 0 and (x[7] > 0 or x[8] > 0)))') FROM patients}),
		qr/takes 11 levels, 4 of them for comparisons of numbers, ring deep16 has 10.*HINT:.*64 comparisons connected/s, 'comparisons for which levels are too few');
}

# compact rows and full ones are in different rings; a key that 0.1.0 made public has no bridge for compact ones
like(failure(q{SELECT ppdl_train('osteo', f.features, c.label) FROM full_patients f JOIN patients c USING (id)}),
	qr/different rings, row14 \(full rows.*\) and compact11 \(compact rows\).*HINT:.*labels, in the same form/s, 'features and labels of different forms');
like(failure(q{SELECT ppdl_predict_agg('sealed', features) FROM (SELECT features FROM full_patients WHERE id < 3 UNION ALL SELECT features FROM patients WHERE id < 3) t}),
	qr/different rings/, 'rows of both forms in one prediction');
my $without = q{BEGIN; DELETE FROM ppdl_key_parts WHERE part IN ('deep/bridge_compact', 'compact/public');};
for my $sql (q{SELECT ppdl_predict('twin', features) FROM patients WHERE id = 7}, q{SELECT ppdl_train('osteo', features, label) FROM patients})
{
	like(failure("$without $sql"), qr/part deep\/bridge_compact is missing.*"ppdl keygen --key FILE.key --for train --out PREFIX"/, 'what a key of 0.1.0 lacks');
}
is($node->safe_psql('postgres', "$without SELECT uses, complete FROM ppdl_key_info WHERE name = 'clinic'; ROLLBACK"), '{sum,predict,train}|t', 'and what it still serves');

# and a network too deep for the row ring, on full rows
@want = split /\n/, $node->safe_psql('postgres', q{SELECT array_to_string(ppdl_predict('steep', features), E'\n') FROM plain_patients WHERE id % 3 = 1 ORDER BY id});
@got = decrypted($node, { key => "$dir/clinic.key" }, q{SELECT ppdl_predict_agg('steep', features ORDER BY id) FROM full_patients WHERE id % 3 = 1});
numbers_agree(\@got, \@want, 2**-12, 'predictions of a deep network');
like(failure(q{SELECT ppdl_predict('steeper', features) FROM full_patients WHERE id = 1}), qr/needs 14 levels, the deep ring has 11/, 'network too deep for any ring');

# a checkpoint of a model that is dropped goes when the drop commits
mkdir $directory or die "cannot make $directory: $!";
for my $file (keys %state)
{
	open my $fh, '>:raw', $file or die "cannot write $file: $!";
	print $fh $state{$file};
	close $fh;
}
$node->safe_psql('postgres', q{SELECT ppdl_drop_model('osteo@2'), ppdl_drop_model('twin'); BEGIN; SELECT ppdl_drop_model('osteo@1'); ROLLBACK});
is_deeply([ checkpoints() ], [ sort keys %state ], 'other drops leave a checkpoint alone');
$node->safe_psql('postgres', q{SELECT ppdl_drop_model('osteo@1')});
is_deeply([ glob($node->data_dir . '/ppdl_train/*') ], [], 'a dropped version takes the checkpoint that began from it along');

cmp_ok($node->safe_psql('postgres', q{SELECT ppdl_cache_warm('clinic', 'train')}), '<', 2.5e9, 'size of all expanded keys');

$node->stop;
done_testing();
