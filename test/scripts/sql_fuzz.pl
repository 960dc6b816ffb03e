#!/usr/bin/perl
# Calls every function and aggregate of the extension, as an ordinary user, with
# valid values that are then damaged.  What there is to call is read from the catalogue, so
# that new functions are covered by themselves.  Needs a running server with the
# extension (PGHOST ..., a superuser); makes and drops a database and two roles.
#
# Fails when a backend dies, takes more than 2 GB, or does not obey its statement_timeout.
# The statement is left in build/sql_fuzz; internal errors (XX000) are reported.
#
#	PPDL_SQL_FUZZ_TIME	seconds (120)
#	PPDL_TEST_SEED		repeats a run
use strict;
use warnings;

use IPC::Open3;
use MIME::Base64;
use Symbol 'gensym';
use Time::HiRes qw(time);

my $seconds = $ENV{PPDL_SQL_FUZZ_TIME} // 120;
my $seed = $ENV{PPDL_TEST_SEED} // time ^ $$;
my $timeout = 2;				# of a statement
my $patience = 10;				# seconds past it
my $most_memory = 2_000_000;	# kB of a backend
my $address_space = 6 << 30;	# of a backend, so that a finding does not take the machine along
my $db = 'sql_fuzz';
my $dir = 'build/sql_fuzz';
my ($failures, $internal, $statements) = (0, 0, 0);

srand($seed);
print "sql_fuzz: PPDL_TEST_SEED=$seed, $seconds s\n";
mkdir $_ for 'build', $dir;

# ---------------------------------------------------------------- a psql that stays

sub session
{
	my ($user) = @_;
	my $s = { user => $user };
	my $pid;

	$s->{pid} = open3($s->{in}, $s->{out}, undef, 'psql', '-X', '-q', '-A', '-t', '-U', $user, '-d', $db);
	ask($s, '\set VERBOSITY verbose');
	($pid) = ask($s, 'SELECT pg_backend_pid()') =~ /^(\d+)$/m or die "no session of $user\n";
	$s->{backend} = $pid;
	# as the server's user: root may not do it everywhere
	my ($owner, $group) = (stat "/proc/$pid")[ 4, 5 ];
	system($> == $owner ? () : ('setpriv', "--reuid=$owner", "--regid=$group", '--clear-groups'), 'prlimit', "--pid=$pid", "--as=$address_space") == 0
	  or print "sql_fuzz: cannot limit a backend's memory\n";
	return $s;
}

# all that psql says to a statement; undef when the connection is gone, and $s->{said} has the last words
sub ask
{
	my ($s, $sql) = @_;
	my $said = '';

	local $SIG{PIPE} = 'IGNORE';
	print { $s->{in} } $sql, $sql =~ /^\\/ ? "\n" : ";\n", "\\echo \@\@done\n";
	$s->{in}->flush;
	while (defined(my $line = readline $s->{out}))
	{
		return $said if $line eq "\@\@done\n";
		$said .= $line;
	}
	$s->{said} = $said;
	return undef;
}

sub leave
{
	my ($s) = @_;

	close $s->{in};
	1 while readline $s->{out};
	waitpid $s->{pid}, 0;
}

# ---------------------------------------------------------------- surroundings

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

sub slurp
{
	open my $f, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return scalar <$f>;
}

sub set_up
{
	my $public = slurp('test/data/rsa-test.pub');

	psql('postgres', "DROP DATABASE IF EXISTS $db WITH (FORCE); DROP ROLE IF EXISTS fuzz_user; DROP ROLE IF EXISTS fuzz_caller");
	psql('postgres', "CREATE DATABASE $db; CREATE ROLE fuzz_user LOGIN; CREATE ROLE fuzz_caller LOGIN");
	psql($db, qq{
		CREATE EXTENSION ppdl;
		ALTER DATABASE $db SET statement_timeout = '${timeout}s';
		ALTER DATABASE $db SET ppdl.threads = 1;
		GRANT CREATE ON SCHEMA public TO PUBLIC;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ppdl_models TO fuzz_caller;
		-- rights are one wall, checks another: this role goes through the first
		DO \$\$ DECLARE f regprocedure; BEGIN
			FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
				JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'ppdl' WHERE p.prokind = 'f'
			LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO fuzz_caller', f); END LOOP;
		END \$\$;
		SET ppdl.owner_mode = on;
		SET statement_timeout = 0;
		CREATE TABLE secret AS SELECT lwe_keygen('fuzz', 'secret words', 'sum') AS key;
		CREATE TABLE samples (type text, value text);
		GRANT SELECT ON samples TO PUBLIC;
	});
	my $id = psql($db, "SELECT left(encode(sha256(decode(regexp_replace('$public', '-----[A-Z ]+-----', '', 'g'), 'base64')), 'hex'), 16)");
	psql($db, qq{SELECT ppdl_publish_part('$id', 'fuzz-rsa', 'rsa', 'RSA, 3072 bits', 'public', 0, length('$public'), sha256('$public'::bytea), '$public'::bytea)});
	psql($db, q{
		SET ppdl.owner_mode = on;
		SET statement_timeout = 0;
		CREATE TABLE rows AS SELECT full_row.id, full_row.c AS x, compact_row.c AS compact FROM
			(SELECT row_number() OVER () AS id, c FROM secret, lwe_encrypt_rows(key, '{{0.5,-0.5,1},{0,0.25,-1},{1,1,1}}', 'secret words') c) full_row JOIN
			(SELECT row_number() OVER () AS id, c FROM secret, lwe_encrypt_rows(key, '{{0.5,-0.5,1},{0,0.25,-1},{1,1,1}}', 'secret words', true) c) compact_row USING (id);
		INSERT INTO samples SELECT 'lwe_cipher', x::text FROM rows UNION ALL SELECT 'lwe_cipher', compact::text FROM rows
			UNION ALL SELECT 'lwe_cipher', sum(compact)::text FROM rows;
		INSERT INTO samples SELECT 'lwe_sum_state', lwe_sum_trans(NULL, compact)::text FROM rows UNION ALL SELECT 'lwe_sum_state', lwe_sum_trans(NULL, x)::text FROM rows WHERE id = 1;
		INSERT INTO samples SELECT 'lwe_pack_state', lwe_pack_trans(lwe_pack_trans(NULL, x), NULL)::text FROM rows;
		INSERT INTO samples VALUES ('lwe_cipher', 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIAACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU60twsh7m6BUC6IacrMgJpFNEbmodUk32J4zmU5L8GTQEAwcWcvtVLAwDC1XUvWIwenvgwwy/VlEh9'), ('lwe_cipher', 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIBACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU6SJiSBNFSYcFBSLDwflFgm4rTjWDCK8cygm6BtxGMYgMAZ0ociFP3AgB0mEKWmjX/zX9Ff5goKTSi');
		INSERT INTO samples SELECT 'lwe_receipt_state', lwe_receipt_trans(NULL, value::lwe_cipher, 'A')::text FROM samples WHERE type = 'lwe_cipher' AND value ~ '^.{32}gg';
		SELECT ppdl_create_model('m', '{"inputs":3,"layers":[{"units":2,"activation":"quadratic"},{"units":1}]}', '{1,0.5,-1,0.25,0.5,0.1,-0.1,0.2,1,0.3,0.1}');
		SELECT ppdl_create_model('untrained', '{"inputs":3,"layers":[{"units":2,"activation":"square"},{"units":1}]}');
		INSERT INTO samples SELECT 'lwe_pack_state', ppdl_predict_trans(NULL::lwe_pack_state, 'm', x)::text FROM rows;
		INSERT INTO samples SELECT 'ppdl_rows_state', ppdl_predict_trans(NULL::ppdl_rows_state, 'm', '{1,0,-1}'::float8[])::text
			UNION ALL SELECT 'ppdl_rows_state', ppdl_train_trans(NULL, 'm', '{1,0,-1}'::float8[], 1)::text
			UNION ALL SELECT 'ppdl_rows_state', ppdl_train_trans(NULL, 'm', '{1,0,-1}'::float8[], '{1}'::float8[], '{"steps":2}')::text;
		INSERT INTO samples SELECT 'rsa_cipher', rsa_encrypt('fuzz-rsa', 42)::text UNION ALL SELECT 'rsa_cipher', rsa_encrypt('fuzz-rsa', 3, 'exponent', 10)::text
			UNION ALL SELECT 'rsa_cipher', unnest(rsa_encrypt_features('fuzz-rsa', '{1,0,-1}'))::text;
		INSERT INTO samples SELECT 'bytea', ppdl_predict_rsa_trans(NULL, 'm', rsa_encrypt_features('fuzz-rsa', '{1,0,-1}'))::text;
		INSERT INTO samples SELECT 'rsa_cipher', ppdl_predict('m', rsa_encrypt_features('fuzz-rsa', '{1,0,-1}'))::text;
	});
	for my $state (train_states())
	{
		eval { psql($db, "INSERT INTO samples SELECT 'ppdl_train_state', '$state'::ppdl_train_state::text"); 1 } or print "sql_fuzz: not a training state any more: $@";
	}
}

# Training on encrypted rows asks for a gigabyte of keys before its first row; its states are made here: an empty one, and a batch of one row.
sub train_states
{
	my $head = sub { return pack 'V a80 V V Q<', 0x31535450, 'm@1', 0, $_[0], 0 };
	my $limb = "\0" x (16384 * 50 / 8);
	my $key = pack 'H*', psql($db, 'SELECT lwe_key_id(x) FROM rows LIMIT 1');
	my $shape = pack 'v v d< V', 3, 1, 2**30, 1;

	return map { encode_base64($_, '') } $head->(0) . "\0" x 25,
	  $head->(1) . "\1" . $key . $shape . "\5" x 32 . "\6" x 32 . pack('V*', 0, (0xFFFFFFFF) x 4095) . $limb . $limb;
}

# ---------------------------------------------------------------- values

my %pool;
my @numbers = (0, 1, -1, 2, 3, 255, 256, 65535, 65536, 2147483647, -2147483648, 4294967295, 4294967296, 9223372036854775807);
my %words = (
	text => [ 'm', 'm@1', 'untrained', 'fuzz', 'fuzz-rsa', 'public', 'predict', 'sum', 'train', 'secret words', 'product', 'exponent', 'deep/relin', 'row/relin', 'm@0', 'm@99999999999', 'm@1#0123456789abcdef', 'm#',
		'x', '', 'a' x 200, "caf\x{e9}", '../../etc', '0123456789abcdef', '{}', 'lwe', 'rsa' ],
	ppdl_model => [ 'm', 'm@1', 'm@99', 'untrained', 'fuzz', 'm@1#0123456789abcdef', 'm@0', '', '#', 'a' x 200 ],
	jsonb => [ '{"inputs":3,"layers":[{"units":2,"activation":"quadratic"},{"units":1}]}', '{"inputs":1024,"layers":[{"units":4096,"activation":"quadratic"},{"units":512}]}',
		'{"inputs":2,"input_scale":[1,1e300],"bias":false,"layers":[{"units":2,"activation":{"name":"tanh","degree":15,"interval":[-8,8]}},{"units":1}]}',
		'{"inputs":2,"layers":[{"units":1,"activation":{"poly":[0,1e308,1e308]}}]}', '{"steps":2,"batch":1,"learning_rate":1e9}', '{"epochs":1e9}', '{"steps":1000000}', '{}', '[]', 'null', '1' ],
	float8 => [ '0', '1', '-1', '0.5', '1e-30', '1e-40', '1e308', '-1e308', 'NaN', 'Infinity', '5e-324', '3.3333' ],
	numeric => [ '0', '1', '-1', '42', '1e50', '1e-5', 'NaN', '12345678901234567890123456789012345678901234567890', '4294967296' ],
	boolean => [ 't', 'f' ],
	'double precision[]' => [ '{0.5,-0.5,1}', '{1,0,-1}', '{}', '{NULL,1,2}', '{NaN,1,1}', '{2,2,2}', '{{1,2},{3,4}}', '{1}', '[5:7]={1,2,3}', '{1e308,1e308,-1e308}' ],
	oid => [ 0, 1, 4294967295 ],
);
$words{'double precision'} = $words{float8};

sub pick { return $_[ int rand @_ ]; }

sub quoted
{
	my ($s) = @_;

	$s =~ s/'/''/g;
	$s =~ tr/\0//d;
	return "'$s'";
}

# damages bytes; mostly near the front, where headers are
sub damaged
{
	my ($bytes, $other) = @_;

	for (1 .. 1 + int rand 3)
	{
		my $len = length $bytes;
		my $reach = rand() < 0.7 && $len > 120 ? 120 : $len;
		my $at = int rand($reach || 1);
		my $way = int rand 9;

		if ($len == 0) { $bytes = pack 'C*', map { int rand 256 } 1 .. 40; }
		elsif ($way == 0) { substr($bytes, $at, 1) ^= chr(1 << int rand 8); }
		elsif ($way == 1) { substr($bytes, $at, 1) = chr int rand 256; }
		elsif ($way == 2) { substr($bytes, $at) = ''; }
		elsif ($way == 3) { substr($bytes, $at, 0) = pack 'C*', map { int rand 256 } 1 .. 1 + int rand 16; }
		elsif ($way == 4 && $at + 4 <= $len) { substr($bytes, $at, 4) = pack 'V', pick(@numbers) & 0xFFFFFFFF; }
		elsif ($way == 5 && $at + 8 <= $len) { substr($bytes, $at, 8) = pack 'd<', pick(0, 1, -1, 1e-300, 1e300, 9**9**9, -sin(9**9**9), 2**30, 2**50, 2**100); }
		elsif ($way == 6 && $at + 2 <= $len) { substr($bytes, $at, 2) = pack 'v', pick(@numbers) & 0xFFFF; }
		elsif ($way == 7 && length $other > $at) { substr($bytes, $at) = substr($other, $at); }
		else { substr($bytes, $at, int rand 64) = ''; }
	}
	return $bytes;
}

# a literal of a type
sub value
{
	my ($type, $damage) = @_;

	return 'NULL' if rand() < 0.05;
	return "ARRAY[" . join(',', map { value($1, $damage) } 1 .. int rand 5) . "]::$type" if $type =~ /^((?:lwe|rsa)_cipher)\[\]$/;
	if ($type eq 'bytea')
	{
		my $v = pick(@{ $pool{bytea} });

		$v = '\x' . unpack 'H*', damaged(pack('H*', substr $v, 2), '') if rand() < $damage;
		return quoted($v) . '::bytea';
	}
	if ($pool{$type})
	{
		my $v = pick(@{ $pool{$type} });

		$v = encode_base64(damaged(decode_base64($v), decode_base64(pick(@{ $pool{$type} }))), '') if rand() < $damage;
		return quoted($v) . "::$type";
	}
	return pick(@numbers) . "::numeric::$type" if $type =~ /^(integer|bigint|smallint)$/;
	return quoted(pick(@{ $words{$type} })) . "::$type" if $words{$type};
	return "'{1}'::$type" if $type =~ /\[\]$/;
	return quoted(encode_base64(pack('C*', map { int rand 256 } 1 .. 80), '')) . "::$type";
}

# ---------------------------------------------------------------- statements

# what there is to call: name, kind, set, argument types
sub functions
{
	return map { my ($name, $kind, $set, @types) = split /\|/, $_, -1; { name => $name, kind => $kind, set => $set, types => [ grep { length } @types ] } }
	  split /\n/, psql($db, q{
		SELECT concat(p.proname, '|', p.prokind, '|', CASE WHEN p.proretset THEN 'true' ELSE 'false' END, '|') || coalesce((SELECT string_agg(format_type(t, NULL), '|' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, n)), '')
		FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'ppdl'
		WHERE p.prokind IN ('f', 'a') AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND NOT p.proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring[]'::regtype]::oid[] ORDER BY p.oid::regprocedure::text});
}

sub statement
{
	my ($f) = @_;
	my $damage = pick(0, 0.2, 0.8);

	if ($f->{kind} eq 'a')
	{
		my $n = @{ $f->{types} };
		my @rows = map { '(' . join(',', map { value($_, $damage) } @{ $f->{types} }) . ')' } 1 .. 1 + int rand 4;
		my $columns = join ',', map { "c$_" } 1 .. $n;

		return "SELECT ($f->{name}($columns)) IS NULL FROM (VALUES " . join(',', @rows) . ") v($columns)";
	}
	my $call = "$f->{name}(" . join(',', map { value($_, $damage) } @{ $f->{types} }) . ')';

	return $f->{set} eq 'true' ? "SELECT count(*) FROM $call" : "SELECT ($call) IS NULL";
}

# the binary form of damaged values, by COPY: what recv functions read
sub binary_copy
{
	my $type = pick(grep { $_ ne 'bytea' } keys %pool);
	my $file = "$dir/copy.bin";
	my $bytes = damaged(decode_base64(pick(@{ $pool{$type} })), '');

	open my $f, '>:raw', $file or die;
	print $f "PGCOPY\n\377\r\n\0", pack('N N n N', 0, 0, 1, length $bytes), $bytes, pack('n', 0xFFFF);
	close $f;
	return "CREATE TEMP TABLE IF NOT EXISTS t_$type (v $type);\n\\copy t_$type FROM '$file' (FORMAT binary)\nTRUNCATE t_$type";
}

sub found
{
	my ($what, $sql) = @_;
	my $file = sprintf '%s/%s-%03d.sql', $dir, $what =~ tr/a-z0-9/_/cr, ++$failures;

	open my $f, '>:utf8', $file or die;
	print $f "$sql;\n";
	close $f;
	print "sql_fuzz: $what; the statement is in $file: ", substr($sql, 0, 200), "\n";
}

sub peak
{
	my ($s) = @_;
	my ($kb) = slurp("/proc/$s->{backend}/status") =~ /^VmHWM:\s+(\d+)/m;

	return $kb // 0;
}

# ---------------------------------------------------------------- the run

set_up();
for (split /\n/, psql($db, 'SELECT type || E\'\t\' || value FROM samples ORDER BY 1'))
{
	my ($type, $value) = split /\t/;
	push @{ $pool{$type} }, $value;
}
my @functions = functions();
my $end = time + $seconds;
my (%outcome, @queue);

printf "sql_fuzz: %d functions and aggregates, values of %s\n", scalar @functions, join ', ', sort keys %pool;
while (time < $end && $failures < 5)
{
	my $s = session(pick('fuzz_user', 'fuzz_caller'));

	for (1 .. 150)
	{
		last if time >= $end;
		# each in turn, so that none is left out
		@queue = sort { rand() <=> 0.5 } @functions unless @queue;
		my $sql = rand() < 0.1 ? binary_copy() : statement(shift @queue);
		my $start = time;
		my $said = ask($s, $sql);

		$statements++;
		if (!defined $said)
		{
			found('a backend died', $sql);
			print $s->{said};
			last;
		}
		$outcome{ $said =~ /^ERROR:\s+(\w{5}):/m ? $1 : 'ok' }++;
		if ($said =~ /^(?:psql:.*?)?(?:FATAL|PANIC)/m) { found('a session ended', $sql); print $said; last; }
		if ($said =~ /^ERROR:\s+XX000: (.*)/m) { $internal++; print "sql_fuzz: internal error: $1: ", substr($sql, 0, 300), "\n" if $internal <= 5; }
		found(sprintf('%.0f s past its timeout', time - $start - $timeout), $sql) if time - $start > $timeout + $patience;
		if (peak($s) > $most_memory) { found(sprintf('%d MB of memory', peak($s) / 1024), $sql); last; }
	}
	leave($s);
	# after a crash, until the server is back
	for (1 .. 60) { last if eval { psql('postgres', 'SELECT 1') }; sleep 1; }
}
printf "sql_fuzz: %d statements, %s\n", $statements, join ', ', map { "$_: $outcome{$_}" } sort keys %outcome;
printf "sql_fuzz: %d internal errors\n", $internal if $internal;
if ($statements < 20 || ($outcome{ok} // 0) * 20 < $statements) { print "sql_fuzz: hardly anything succeeds: these values are no good\n"; $failures++; }
psql('postgres', "DROP DATABASE $db WITH (FORCE); DROP ROLE fuzz_user; DROP ROLE fuzz_caller") unless $failures;
print $failures ? "not ok\n" : "ok\n";
exit($failures ? 1 : 0);
