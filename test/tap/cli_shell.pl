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

like(session("SELECT count(*) FROM patients;\nSELECT label FROM patients\nORDER BY id LIMIT 1"), qr/ 200\n.*\n *label.*-1\.0000000/s, 'statements on standard input, decrypted; the last needs no semicolon');
is($rc, 0, 'exit code');
like(session("SELECT 1/0;\nSELECT 42 AS after;"), qr/after.*42/s, 'an error ends nothing');
is($rc, 5, 'but is the exit code');
like($err, qr/division by zero/, 'and is said');
session("-- a comment\n\nSELECT 1,\n  nosuch\nFROM patients;");
like($err, qr/line 2, column 3: nosuch/, 'places of errors count from the statement');
like(session("CREATE FUNCTION f() RETURNS int AS \$x\$ SELECT 1; SELECT 2; \$x\$ LANGUAGE sql; SELECT f() AS f, ';' || E'\\';' AS s /* ; /* ; */ */;"), qr/^CREATE FUNCTION\n.*2 \| ;';/s, 'semicolons in quotes and comments');
like(session("CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 7 END; END;SELECT g() AS g;"), qr/CREATE FUNCTION\n.*\b7\n/s, 'and in the body of a function');
is($rc, 0, 'without an error') or diag($err);
for my $copy ('COPY patients TO STDOUT', 'COPY patients FROM STDIN')
{
	like(session("$copy;\nSELECT 42 AS after;"), qr/after.*42/s, "$copy: the session goes on");
	like($err, qr/COPY to or from the tool is not supported/, 'and says why');
}
like(session("\\x\nSELECT 1 AS a;\n\\x off\nSELECT 2 AS b \\gx\nSELECT 3 AS c \\g\n"), qr/^a \| 1$.*^b \| 2$.*^ c\s*\n---\n 3$/sm, '\x, \gx, \g');
like(session("\\pset null '-'\nSELECT NULL AS n;\n\\format json\nSELECT 1 AS j;\n\\format csv\nSELECT 2 AS k;"), qr/^ -$.*\{"j": 1\}.*^k\n2$/sm, '\pset null, \format');
like(session("\\timing\nSELECT 1;"), qr/^Time: [0-9.]+ ms$/m, '\timing');
file('inner.sql', "SELECT 'inner' AS i;\nSELECT 1/0;\nSELECT 'last' AS l");
like(session("\\i inner.sql\nSELECT 'outer' AS o;"), qr/inner.*last.*outer/s, '\i runs a file, errors in it end neither');
file('loop.sql', "\\i loop.sql\n");
session('\i loop.sql');
like($err, qr/files read each other/, '\i of itself');
session('\i nosuch.sql');
like($err, qr/nosuch\.sql.*No such file/, '\i of what is not there');
like(session("\\o to.txt\nSELECT 'in the file' AS f;\n\\o\nSELECT 'here' AS h;"), qr/^ h.*here/s, '\o: what follows is here again');
unlike($out, qr/in the file/, 'and what went to the file is not');
like(slurp_file('to.txt'), qr/in the file/, 'the file has it');
is((stat 'to.txt')[2] & 0777, 0600, 'for its owner alone');
like(session("\\o to2.txt\nSELECT 'kept' AS f;\n\\q\n"), qr/^$/, '\q');
like(slurp_file('to2.txt'), qr/kept/, 'completes the file');
session("\\o no/such/place\n");
like($err, qr/no\/such\/place.*No such file/, '\o where nothing can be');
like(session("\\d\n\\dt pat*\n\\d patients\n"), qr/public \| Big Table .*public \| patients +\| table .*features, label\n\(1 row\).*^ features \| lwe_cipher.*patients_pkey/sm, '\d, \dt with a pattern, \d of a table');
like(session("\\d Big Table\n"), qr/^ Text /m, '\d by the exact name');
session("\\d nosuch\n\\foo\nSELECT 1 \\g\n");
like($err, qr/no table or view "nosuch".*no command \\foo.*\\\? lists/s, 'what is not there');
like(session('\?'), qr/^  \\timing .*^  \\q /sm, '\?');
refused([ 'shell', '--dsn', $dsn ], 2, qr/--key is missing/, 'shell without a key');
refused([ 'shell', @as_owner, 'x' ], 2, qr/unexpected "x"/, 'shell with SQL as an argument');
ok(!-e "$owner->{dir}/state", 'no history without a terminal');
is(session("SELECT 1; SELECT pg_terminate_backend(pg_backend_pid());\nSELECT 'again' AS a;\n") =~ /again/, '', 'a script ends where its connection ends');
is($rc, 5, 'with its error');

# ---------------------------------------------------------------- somebody who types

SKIP:
{
	skip 'IO::Pty is missing', 1 unless eval { require IO::Pty; 1 } || $ENV{CI};
	my ($in, $screen, $seen) = ('', '', 0);
	my $shell = IPC::Run::start([ 'ppdl', 'shell', @as_owner ], '<pty<', \$in, '>pty>', \$screen, IPC::Run::timeout(60));
	# types, and waits until the screen shows what is expected behind what it showed before
	my $type = sub {
		my ($keys, $like, $name) = @_;
		my $until = time + 20;

		$seen = length $screen;
		$in .= $keys;
		while (substr($screen, $seen) !~ $like && time < $until) { eval { $shell->pump_nb } or last; sleep 0.02 }
		like(substr($screen, $seen), $like, $name);
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
	$type->("TABLE \"Big\t", qr/"Big Table" /, 'Tab: a name in quotes');
	$type->("LIMIT 1;\n", qr/line 1.*postgres=# /s, 'is in quotes');
	$type->("\\tim\t", qr/\\timing /, 'Tab: a command');
	$type->("\n", qr/Timing is on\..*postgres=# /s, 'which runs');
	$type->("\\i inn\t", qr/inner\.sql/, 'Tab: a file');
	$type->("\n", qr/last.*Time: .*postgres=# /s, 'which is read');
	$type->("\\x\n", qr/display is on\..*postgres=# /s, '\x');
	$type->("SELECT 'h\xc3\xa9llo' AS word;\n", qr/word \| h\xc3\xa9llo.*postgres=# /s, 'letters beyond ASCII');
	$type->("\\x\n\\o out.txt\nSELECT 'gone';\n\\o\n", qr/\\o\r*\n.*\\o\r*\n.*postgres=# $/s, '\o');
	like(slurp_file('out.txt'), qr/gone/, 'into the file');
	my $began = time;
	$type->("SELECT pg_sleep(10);\n", qr/pg_sleep\(10\);\r*\n/, 'a long statement');
	sleep 0.5;
	$type->("\x03", qr/canceling statement.*postgres=# /s, 'Ctrl-C cancels it');
	cmp_ok(time - $began, '<', 9, 'at once');
	$type->("SELECT 'ali' || 've' AS c;\n", qr/ alive.*postgres=# /s, 'and the session is alive');
	$type->("SELECT pg_terminate_backend(pg_backend_pid());\n", qr/terminating connection.*postgres!# /s, 'the connection is cut');
	$type->("SELECT 'ag' || 'ain' AS d;\n", qr/made again.* again.*postgres=# /s, 'and made again');
	$type->("BEGIN;\n", qr/postgres=\*# /, 'the prompt shows a transaction');
	$type->("SELECT 1/0;\n", qr/postgres=!# /, 'one that failed');
	$type->("ROLLBACK;\n", qr/postgres=# /, 'and its end');
	$type->("ALTER ROLE CURRENT_USER\n", qr/-# /, 'a secret');
	$type->("PASSWORD 'hush-hush';\n", qr/postgres=# /, 'is typed');
	$type->("\e[A\e[A\e[A\e[A\e[A\n", qr/SELECT 1\/0;|ROLLBACK;|BEGIN;/, 'older lines come back');
	$type->("\\q\n", qr/\\q/, '\q');
	$shell->finish;
	is($shell->result(0), 0, 'the exit code is 0');
	my $history = "$owner->{dir}/state/ppdl/history";
	like(slurp_file($history), qr/^SELECT label FROM patients +ORDER BY id LIMIT 1;$/m, 'the history file has what was typed');
	unlike(slurp_file($history), qr/hush|CURRENT_USER/, 'but no password');
	is((stat $history)[2] & 0777, 0600, 'for its owner alone');

	# a long result goes through the pager
	{
		local $ENV{PAGER} = 'sed s/line/LINE/ | tail -n 5';
		($in, $screen) = ('', '');
		$shell = IPC::Run::start([ 'sh', '-c', 'stty rows 24 cols 80; exec ppdl shell "$@"', 'sh', @as_owner ], '<pty<', \$in, '>pty>', \$screen, IPC::Run::timeout(60));
		$type->('', qr/postgres=# /, 'a second session');
		$type->("TABLE \"Big Table\";\n", qr/LINE 300.*300 rows/s, 'the pager');
		$type->("\e[A\n", qr/LINE 300/, 'the last line again');
		$type->("\x04", qr/\\q/, 'Ctrl-D leaves');
		$shell->finish;
	}
}

# ---------------------------------------------------------------- a query on the decrypted result

my @then = ('query', @as_owner, '-c', q{SELECT id, label, features, id % 2 = 0 AS even, NULL AS none, id AS "ID", 12345678901234567890 AS big FROM patients ORDER BY id LIMIT 10});
is(done([ @then, '--csv', '--then', 'SELECT count(*) AS n, sum(id) AS s, max("ID_2") AS m, typeof(id) AS t, typeof(label) AS l, typeof(features) AS f, typeof(none) AS o, sum(even) AS e FROM result' ], 'sums of decrypted values'),
	"n,s,m,t,l,f,o,e\n10,1000055,100010,integer,real,text,null,5\n", 'with their types');
is(done([ @then, '--json', '--then', 'SELECT even, big, label, none FROM result LIMIT 1' ], 'columns that are passed on'), "[\n {\"even\": false, \"big\": 12345678901234567890, \"label\": -1, \"none\": null}\n]\n", 'are what they were');
like(done([ @then, '--csv', '--then', 'SELECT label, features FROM result ORDER BY id DESC LIMIT 1' ], 'arrays'), qr/^-?1,"\{-?[0-9.e-]+(,-?[0-9.e-]+)+\}"$/m, 'come out as they would');
is(done([ @then, '--csv', '--then', 'SELECT sum(json_array_length(features)) AS n, sum(features->>0 BETWEEN -1 AND 1) AS ok FROM result' ], 'and are JSON inside') =~ /^(\d+),10$/m && $1 % 10, 0, 'of one length');
refused([ @then, '--then', 'SELECT 1; SELECT 2' ], 2, qr/not several statements/, '--then with two statements');
refused([ @then, '--then', $_ ], 2, qr/only a SELECT from the table result is allowed/, "--then $_")
  for q{ATTACH 'x.db' AS x}, 'DELETE FROM result', 'CREATE TABLE t (x)', 'PRAGMA database_list', q{VACUUM INTO 'x.db'};
refused([ @then, '--then', q{SELECT load_extension('x')} ], 2, qr/not authorized/, '--then with an extension');
refused([ @then, '--then', 'SELECT nosuch FROM result' ], 2, qr/no such column: nosuch.*at: nosuch FROM/s, '--then with a column that is not there');
refused([ @then, '--then', '' ], 2, qr/SELECT is expected/, '--then with nothing');
ok(!-e 'x.db', 'no file was made');

# ---------------------------------------------------------------- status

$node->safe_psql('postgres', q{CREATE TABLE "odd %s ""name""" (v lwe_cipher, r rsa_cipher); CREATE ROLE guest LOGIN;
	INSERT INTO "odd %s ""name""" (v) SELECT label FROM patients LIMIT 3});
my ($fingerprint) = slurp_file($owner->{key}) =~ /"fingerprint": *"([0-9a-f]{16})"/;
like(done([ 'status', @as_owner ], 'status'), qr/^extension: ppdl 0\.2\.0 in schema public$.* clinic +\| $fingerprint \| lwe +\| sum +\|.* \| yes$.*^ public\.patients +\| features \| +200 \| slice \| +\d+ \| $fingerprint \| osteo\@2/sm, 'says what is there');
like($out = done([ 'status', '--json', '--dsn', $dsn ], 'status --json'), qr/"table": "public.\\"odd %s \\"\\"name\\"\\"\\"".*"rows": 3/s, 'names of tables as they are');
unlike($out, qr/"ours"/, 'whose keys they are is not said where none was given');
like(done([ 'status', '--key', $owner->{pub}, '--dsn', $dsn ], 'a public file'), qr/ yes$/m, 'says whose the key is, too');
like(done([ 'status', '--dsn', "$dsn user=guest" ], 'status as somebody without rights'), qr/\(not yours to read\)/, 'says what is not shown');
like($out = done([ 'status', '--dsn', "$dsn user=guest" ], 'and again'), qr/key cache: not shown/, 'of the cache, too');
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
