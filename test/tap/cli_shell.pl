# ppdl shell, ppdl status and ppdl query --then, against a server.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use PpdlTest;
use PpdlTest qw(:cli);

my $node = PostgreSQL::Test::Cluster->new('shell');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
my $owner = new_owner(200);
chdir $owner->{dir} or die;
publish($node, $owner, 'sum');
load_patients($node, $owner);
$node->safe_psql('postgres', q{CREATE TABLE "Big Table" AS SELECT g AS n, 'line ' || g AS "Text" FROM generate_series(1, 300) g});
make_model($node, 'osteo');
my $dsn = $node->connstr('postgres');
my @as_owner = ('--key', $owner->{key}, '--dsn', $dsn);
my ($out, $rc, $err);

$ENV{XDG_STATE_HOME} = "$owner->{dir}/state";
$ENV{TERM} = 'xterm';
delete $ENV{PAGER};
delete $ENV{LESS};

# ---------------------------------------------------------------- statements from a file

sub session
{
	my ($text, @options) = @_;

	($rc, $out, $err) = ppdl_in($text, 'shell', @as_owner, @options);
	return $out;
}

# one run for all that goes well: each opens the key
file('to.sql', "SELECT 'from the file' AS i;\n");
session(<<'END');
SELECT count(*) FROM patients;
SELECT label FROM patients
ORDER BY id LIMIT 1;
CREATE FUNCTION f() RETURNS int AS $x$ SELECT 1; SELECT 2; $x$ LANGUAGE sql; SELECT f() AS f, ';' || E'\';' AS s /* ; /* ; */ */;
CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 7 END; END;SELECT g() AS g;
\x
SELECT 1 AS a;
\x off
SELECT 2 AS b \gx
SELECT 3 AS c \g
\pset null '-'
SELECT NULL AS n;
\format json
SELECT 1 AS j;
\format csv
SELECT 2 AS k;
\format table
\timing
SELECT 1;
\timing off
\i to.sql
\o to.txt
SELECT 'in the file' AS f;
\o
SELECT 'here' AS h;
\dt pat*
\d
\d patients
\d Big Table
\?
\o to2.txt
SELECT 'kept' AS f
END
is($rc, 0, 'a session on standard input') or diag($err);
like($out, qr/ 200\n.*label *\n-+\n +-1\.0000000\n/s, 'statements of several lines, decrypted');
like($out, qr/CREATE FUNCTION\n.*\n 2 \| ;';\n/s, 'semicolons in quotes and comments');
like($out, qr/\n g *\n-+\n 7\n/, 'and in the body of a function');
like($out, qr/^a \| 1\n.*^b \| 2\n.*^ c *\n---\n +3\n/sm, '\x, \gx, \g');
like($out, qr/\n -\n.*\{"j": 1\}.*\nk\n2\n/s, '\pset null, \format');
is(() = $out =~ /^Time: [0-9.]+ ms$/mg, 1, '\timing');
like($out, qr/from the file/, '\i');
like($out, qr/ here/, '\o: what follows is here again');
unlike($out, qr/in the file|kept/, 'and what went to a file is not');
like(slurp_file('to.txt'), qr/in the file/, 'the file has it');
is((stat 'to.txt')[2] & 0777, 0600, 'for its owner alone');
like(slurp_file('to2.txt'), qr/kept/, 'the end completes a file; the last statement needs no semicolon');
like($out, qr/public \| patients +\| table .*features, label *\n\(1 row\)/, '\dt with a pattern');
like($out, qr/public \| Big Table .*^ features \| lwe_cipher.*patients_pkey.*^ Text /sm, '\d, \d of a table, \d by the exact name');
like($out, qr/^  \\timing .*^  \\q /sm, '\?');

# a NUL byte, of UTF-16 perhaps, would end a statement early without a word
file('nul.sql', "SELECT 1 AS first;\0SELECT 2 AS second;\n");
refused([ 'query', @as_owner, '-f', 'nul.sql' ], 3, qr/nul\.sql: NUL bytes/, 'a file with a NUL byte');
session("\\i nul.sql\nSELECT 3 AS third;\n");
unlike($out, qr/first/, 'nothing of it is run');
like($out, qr/third/, 'and the session goes on');
like($err, qr/nul\.sql: NUL bytes/, 'after saying so');
session("SELECT 1 AS first;\nSELECT 2\0 AS second;\nSELECT 3 AS third;\n");
is($rc, 3, 'standard input with a NUL byte');
like($out, qr/first/, 'what stands before it is run');
unlike($out, qr/second|third/, 'and nothing else');

# and one for all that does not
file('inner.sql', "SELECT 'inner' AS i;\nSELECT 1/0;\nSELECT 'last' AS l");
file('loop.sql', "\\i loop.sql\n");
session(<<'END');
-- a comment

SELECT 1,
  nosuch
FROM patients;
SELECT 1/0;
COPY patients TO STDOUT;
COPY patients FROM STDIN;
\i inner.sql
\i loop.sql
\i nosuch.sql
\o no/such/place
\d nosuch
\foo
\r
\g
SELECT 42 AS after;
\q
SELECT 43 AS not_any_more;
END
is($rc, 5, 'a session with errors: exit code');
like($out, qr/inner.*last.*after.*42/s, 'an error ends nothing');
unlike($out, qr/43/, 'but \q does');
like($err, qr/line 2, column 3: nosuch/, 'places of errors count from the statement');
like($err, qr/division by zero/, 'an error of the server');
is(() = $err =~ /COPY to or from the tool is not supported/g, 2, 'COPY in both directions');
like($err, qr/files read each other.*nosuch\.sql.*No such file.*no\/such\/place.*No such file/s, 'files');
like($err, qr/no table or view "nosuch".*no command \\foo.*\\\? lists.*no statement to run/s, 'what is not there');
refused([ 'shell', '--dsn', $dsn ], 2, qr/--key is missing/, 'shell without a key');
refused([ 'shell', @as_owner, 'x' ], 2, qr/unexpected "x"/, 'shell with SQL as an argument');
ok(!-e "$owner->{dir}/state", 'no history without a terminal');
is(session("SELECT 1; SELECT pg_terminate_backend(pg_backend_pid()); CREATE TABLE half (n int);\nSELECT 'again' AS a;\n") =~ /again/, '', 'a script ends where its connection ends');
is($rc, 5, 'with its error');
is($node->safe_psql('postgres', q{SELECT to_regclass('half')}), '', 'and not behind the line, on another connection');

# ---------------------------------------------------------------- somebody who types

SKIP:
{
	skip 'IO::Pty is missing', 1 unless eval { require IO::Pty; 1 } || $ENV{CI};
	my ($in, $screen, $seen) = ('', '', 0);
	my $shell = IPC::Run::start([ 'ppdl', 'shell', @as_owner ], '<pty<', \$in, '>pty>', \$screen, IPC::Run::timeout(600));
	# types, and waits until the screen shows what is expected behind what it showed before
	my $type = sub {
		my ($keys, $like, $name) = @_;
		my $until = time + 60;

		$seen = length $screen;
		$in .= $keys;
		my $new = '';
		while (time < $until)
		{
			$new = substr($screen, $seen);
			# the editor rings, and moves to where it writes what Tab adds
			$new =~ s/\a|\r\e\[\d+G//g;
			last if $new =~ $like || !eval { $shell->pump_nb; 1 };
			sleep 0.02;
		}
		like($new, $like, $name);
	};

	$type->('', qr/extension 0\.2\.0.*postgres=# /s, 'the greeting and a prompt');
	$type->("SELECT 'one'\n", qr/postgres-# /, 'a statement goes on');
	$type->("AS a;\n", qr/ one.*postgres=# /s, 'until a semicolon');
	$type->("SELECT 1/0;\n", qr/division by zero.*postgres=# /s, 'an error');
	$type->("SELECT 'on' || 'ward' AS b;\n", qr/ onward.*postgres=# /s, 'keeps the session');
	$type->("SELECT label FROM pati\t", qr/patients /, 'Tab: a table');
	$type->("ORDER BY id LIMIT 1;\n", qr/-1\.0000000.*postgres=# /s, 'decrypted');
	$type->("sel\t", qr/select /, 'Tab: an SQL word in the case of its beginning');
	$type->("fea\t", qr/features /, 'Tab: a column');
	$type->("\x03", qr/\^C.*postgres=# /s, 'Ctrl-C forgets what was typed');
	$type->("TABLE \"Big\t", qr/"Big ?Table" /, 'Tab: a name in quotes');
	$type->("LIMIT 1;\n", qr/line 1.*postgres=# /s, 'is in quotes');
	$type->("\\tim\t", qr/\\timing /, 'Tab: a command');
	$type->("\n", qr/Timing is on\..*postgres=# /s, 'which runs');
	$type->("\\i inn\t", qr/inner\.sql/, 'Tab: a file');
	$type->("\n", qr/last.*Time: .*postgres=# /s, 'which is read');
	$type->("\\x\n", qr/display is on\..*postgres=# /s, '\x');
	$type->("SELECT 'h\xc3\xa9llo' AS word;\n", qr/word \| h\xc3\xa9llo.*postgres=# /s, 'letters beyond ASCII');
	$type->("\\x\n\\o out.txt\nSELECT 'gone';\n\\o\n", qr/out\.txt\r*\n.*\\o\r*\npostgres=# $/s, '\o');
	like(slurp_file('out.txt'), qr/gone/, 'into the file');
	my $sleeps = sub {
		$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND wait_event = 'PgSleep'}) or die 'it does not begin';
	};
	my $began = time;
	$type->("SELECT pg_sleep(60);\n", qr/pg_sleep\(60\);\r*\n/, 'a long statement');
	$sleeps->();
	$type->("\x03", qr/canceling statement.*postgres=# /s, 'Ctrl-C cancels it');
	cmp_ok(time - $began, '<', 59, 'at once');
	file('long.sql', "SELECT pg_sleep(60); SELECT 'go' || 'es on';\nSELECT 'go' || 'es on';\n");
	$type->("\\i long.sql\n", qr/long\.sql\r*\n/, 'a file that takes long');
	$sleeps->();
	$type->("\x03", qr/canceling statement.*postgres=# /s, 'Ctrl-C cancels the statement');
	unlike($screen, qr/goes on/, 'and the file');
	$type->("SELECT 'ali' || 've' AS c;\n", qr/ alive.*postgres=# /s, 'and the session is alive');
	$type->("SELECT pg_terminate_backend(pg_backend_pid());\n", qr/terminating connection.*postgres=!# /s, 'the connection is cut');
	$type->("SELECT 'ag' || 'ain' AS d;\n", qr/made again.* again.*postgres=# /s, 'and made again');
	$type->("BEGIN;\n", qr/postgres=\*# /, 'the prompt shows a transaction');
	$type->("SELECT 1/0;\n", qr/postgres=!# /, 'one that failed');
	$type->("ROLLBACK;\n", qr/postgres=# /, 'and its end');
	$type->("ALTER ROLE CURRENT_USER\n", qr/-# /, 'a secret');
	$type->("PASSWORD 'hush-hush';\n", qr/postgres=# /, 'is typed');
	$type->("\e[A\e[A\e[A\e[A\e[A\n", qr/SELECT 1\/0;|ROLLBACK;|BEGIN;/, 'older lines come back');
	$type->("\\q\n", qr/\\q/, '\q');
	$shell->finish;
	is(exit_code(), 0, 'the exit code is 0');
	my $history = "$owner->{dir}/state/ppdl/history";
	like(slurp_file($history), qr/^SELECT label FROM patients +ORDER BY id LIMIT 1;$/m, 'the history file has what was typed');
	unlike(slurp_file($history), qr/hush|CURRENT_USER/, 'but no password');
	is((stat $history)[2] & 0777, 0600, 'for its owner alone');

	# a long result goes through the pager
	{
		local $ENV{PAGER} = 'sed s/line/LINE/ | tail -n 5';
		($in, $screen) = ('', '');
		$shell = IPC::Run::start([ 'sh', '-c', 'stty rows 24 cols 80; exec ppdl shell "$@"', 'sh', @as_owner ], '<pty<', \$in, '>pty>', \$screen, IPC::Run::timeout(600));
		$type->('', qr/postgres=# /, 'a second session');
		$type->("TABLE \"Big Table\";\n", qr/LINE 300.*300 rows/s, 'the pager');
		$type->("\e[A\n", qr/LINE 300/, 'the last line again');
		$type->("\x04", qr/\\q/, 'Ctrl-D leaves');
		$shell->finish;
		is(exit_code(), 0, 'and is no error');

		# that of a query, too
		for my $case ([ 'pager=on', 'LINE' ], [ 'pager=off', 'line' ])
		{
			my ($set, $line) = @$case;
			my ($typed, $seen) = ('', '');

			IPC::Run::run([ 'sh', '-c', 'stty rows 24 cols 80; exec ppdl query "$@"', 'sh', @as_owner, '-P', $set, '-c', 'TABLE "Big Table"' ],
				'<pty<', \$typed, '>pty>', \$seen, IPC::Run::timeout(600));
			is(exit_code(), 0, "ppdl query, $set: exit code");
			like($seen, qr/$line 300.*300 rows/s, "ppdl query, $set");
			is(scalar(() = $seen =~ /\b$line \d/g), $set eq 'pager=on' ? 3 : 300, 'shows as many lines');
		}
	}
}

# ---------------------------------------------------------------- Ctrl-C while rows are decrypted

# the pipe is full long before the last row
my $pid = open(my $rows, '-|', 'sh', '-c', 'exec ppdl "$@" 2>rows.err', 'sh', 'query', @as_owner, '--csv', '-c', 'SELECT label FROM patients, generate_series(1, 100)') or die;
my $first = <$rows>;
kill INT => $pid;
my $shown = () = <$rows>;
close $rows;
is($first, "label\n", 'is begun');
cmp_ok($shown, '<', 20000, 'and not brought to its end');
like(slurp_file('rows.err'), qr/interrupted/, 'which is said');

# ---------------------------------------------------------------- a query on the decrypted result

my @then = ('query', @as_owner, '-c', q{SELECT id, label, features, id % 2 = 0 AS even FROM patients ORDER BY id LIMIT 10});
like(done([ @then, '--raw', '--csv', '--then', 'SELECT count(*) AS n, sum(id) AS s, typeof(max(label)) AS m, sum(even) AS e, sum(features->>0 BETWEEN -1 AND 1) AS f FROM result' ], 'sums of decrypted values'),
	qr/^n,s,m,e,f\n10,1000055,real,5,10\n$/, 'with their types');
my ($header, @csv) = split /\n/, slurp_file($owner->{csv});
my ($age) = grep { (split /,/, $header)[$_] eq 'Age' } 0 .. 20;
my $sum = 0;
$sum += (split /,/)[$age] for @csv[ 0 .. 9 ];
is(done([ @then, '--csv', '--then', 'SELECT round(sum("features.Age"), 3) AS s FROM result' ], 'a sum of what was encrypted'), sprintf("s\n%g\n", $sum), 'in the words of the table');
refused([ @then, '--then', q{ATTACH 'x.db' AS x} ], 2, qr/only a SELECT from the table result is allowed/, '--then is no way to files');
ok(!-e 'x.db', 'no file was made');

# ---------------------------------------------------------------- status

$node->safe_psql('postgres', q{CREATE TABLE "odd %s ""name""" (v lwe_cipher, r rsa_cipher); CREATE ROLE guest LOGIN;
	INSERT INTO "odd %s ""name""" (v) SELECT label FROM patients LIMIT 3});
my ($fingerprint) = slurp_file($owner->{key}) =~ /"fingerprint": *"([0-9a-f]{16})"/;
like(done([ 'status', @as_owner ], 'status'), qr/^extension: ppdl 0\.2\.0 in schema public\n.* clinic +\| $fingerprint \| lwe +\| sum +\|.* \| yes\n.*^ public\.patients +\| features \| +200 \| slice \| +\d+ \| $fingerprint \| [0-9a-f]{12} \| osteo\@2/sm, 'says what is there');
like($out = done([ 'status', '--json', '--dsn', $dsn ], 'status --json'), qr/"table": "public.\\"odd %s \\"\\"name\\"\\"\\"".*"rows": 3/s, 'names of tables as they are');
unlike($out, qr/"ours"/, 'whose keys they are is not said where none was given');
like(done([ 'status', '--key', $owner->{pub}, '--dsn', $dsn ], 'a public file'), qr/ yes$/m, 'says whose the key is, too');
like(done([ 'status', '--dsn', "$dsn user=guest" ], 'status as somebody without rights'), qr/key cache: not shown.*\(not yours to read\)/s, 'says what is not shown');
refused([ 'status', '--dsn', $dsn, '--key', $owner->{csv} ], 3, qr/rows\.csv/, 'status with something else for a key');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
refused([ 'status', '--dsn', $node->connstr('plain') ], 5, qr/not installed in database "plain"/, 'status without the extension');

# ---------------------------------------------------------------- loading says what happened

my @load = ('encrypt', '--key', $owner->{key}, '--features', $owner->{features}, '--dsn', $dsn, '--table');
$node->safe_psql('postgres', 'CREATE TABLE loaded (id int PRIMARY KEY, features lwe_cipher, label lwe_cipher)');
($rc, $out, $err) = ppdl(@load, 'loaded', $owner->{csv});
like($err, qr/200 rows are in table loaded/, 'encrypt --table says how many rows it loaded');
refused([ @load, 'loaded', $owner->{csv} ], 5, qr/duplicate key.*COPY loaded, line 1: Key \(id\)=\(100001\)/s, 'and which row the server refused');

$node->stop;
done_testing();
