# The ppdl tool with a server: publishing, loading, queries, models.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use PpdlTest qw(:cli);

my $patients = abs_path(dirname(__FILE__) . '/../contrib-data/patients.csv');
my $dir = PostgreSQL::Test::Utils::tempdir;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
chdir $dir or die "cannot enter $dir: $!";
my $dsn = $node->connstr('postgres');
my @dsn = ('--dsn', $dsn);

# a schema that is not in anybody's search_path
$node->safe_psql('postgres', 'CREATE SCHEMA "Crypt"');

done([ 'keygen', '--out', 'clinic' ], 'keygen');
done([ 'encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '-o', 'features.json' ], 'encode');

# ---------------------------------------------------------------- publish

refused([ 'publish', 'clinic.pub', '--dsn', 'host=/nonexistent' ], 5, qr/nonexistent/, 'publish to no server');
refused([ 'publish', 'clinic.pub', @dsn ], 5, qr/extension ppdl is not installed.*hint: Run there: CREATE EXTENSION/s, 'publish without the extension');
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl SCHEMA "Crypt"');
refused([ 'publish', 'clinic.key', @dsn ], 4, qr/STOP: "clinic.key" is a SECRET key.*nothing was sent.*hint: .*\.pub/s, 'publish the secret key');
is($node->safe_psql('postgres', 'SELECT count(*) FROM "Crypt".ppdl_keys'), '0', 'nothing is there');
refused([ 'publish', 'clinic.pub', '--for', 'train', @dsn ], 4, qr/serves predict only.*hint: .*--for train/s, 'publish for a use that the file does not serve');

like(done([ 'publish', 'clinic.pub', '--for', 'sum', @dsn ], 'publish for sums'), qr/: key "clinic" \([0-9a-f]{16}\), 3 parts sent/, 'two public keys and a bridge');
is($node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT uses FROM ppdl_key_info}), '{sum}', 'sums are possible');
my $sent = done([ 'publish', 'clinic.pub', '--for', 'predict', @dsn ], 'publish for predictions');
my ($parts) = $sent =~ /, (\d+) parts sent/;
cmp_ok($parts, '>', 10, 'the other parts');
is($node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT uses FROM ppdl_key_info}), '{sum,predict}', 'predictions are possible');
like(done([ 'publish', 'clinic.pub', @dsn ], 'publish again'), qr/, 0 parts sent/, 'nothing is sent again');

# broken off: one part half there, one missing
$node->safe_psql('postgres', q{DELETE FROM "Crypt".ppdl_key_parts WHERE part IN ('row/relin', 'row/galois/5')});
is($node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT use, needed - present, complete FROM ppdl_key_use_info; SELECT complete, binding FROM ppdl_key_info}),
	"sum|0|t\npredict|2|f\ntrain|" . $node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT needed - present FROM ppdl_key_use_info WHERE use = 'train'}) . "|f\nf|signed",
	'what is missing is said, use by use');
like(done([ 'publish', 'clinic.pub', @dsn ], 'publish the rest'), qr/, 2 parts sent/, 'only what is missing');
is($node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT complete FROM ppdl_key_info}), 't', 'then it is complete');

# files made of one secret key share their parts, so that only new ones are sent
done([ 'keygen', '--key', 'clinic.key', '--out', 'again', '--for', 'sum' ], 'keygen --key for sums');
done([ 'keygen', '--key', 'clinic.key', '--out', 'more' ], 'keygen --key for predictions');
ok(slurp_file('more.pub') eq slurp_file('clinic.pub'), 'the same file, byte for byte');
like(done([ 'publish', "$_.pub", @dsn ], "publish $_.pub"), qr/, 0 parts sent/, 'nothing is sent') for qw(again more);

# names: a key has one, and a name one key
done([ 'keygen', '--out', 'second', '--for', 'sum' ], 'a second key');
refused([ 'publish', 'clinic.pub', '--name', 'xyz', @dsn ], 5, qr/is published there under the name "clinic", not "xyz".*hint: Leave out --name/s, 'a key under another name');
refused([ 'publish', 'second.pub', '--name', 'clinic', @dsn ], 5, qr/the name "clinic" is taken there by another key/, "another key's name");
my ($clinic_id) = $sent =~ /\(([0-9a-f]{16})\)/;
refused([ 'publish', 'second.pub', '--name', $clinic_id, @dsn ], 5, qr/invalid name "$clinic_id".*fingerprint/s, "another key's fingerprint as a name");
refused([ 'keygen', '--out', 'third', '--name', $clinic_id ], 2, qr/would be taken for a fingerprint/, 'keygen, too');
ok(!-e 'third.key' && !-e 'third.pub', 'makes nothing');
like(done([ 'publish', 'second.pub', '--name', 'zweite', @dsn ], 'publish under another name'), qr/key "zweite"/, 'is what it says');
like(done([ 'publish', 'second.pub', @dsn ], 'and again'), qr/key "zweite" .* 0 parts/, 'a key keeps the name it has');

# rights: what is missing is said; one role's key is not another's
$node->safe_psql('postgres', q{CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; GRANT USAGE ON SCHEMA "Crypt" TO alice, bob});
done([ 'keygen', '--out', 'of_alice', '--for', 'sum' ], 'a key of another user');
refused([ 'publish', 'of_alice.pub', '--dsn', "$dsn user=alice" ], 5, qr/role "alice" may not publish.*hint: .*GRANT INSERT, UPDATE, DELETE ON "Crypt".ppdl_keys, "Crypt".ppdl_key_parts TO alice;/s, 'publish without rights');
$node->safe_psql('postgres', q{GRANT INSERT, UPDATE, DELETE ON "Crypt".ppdl_keys, "Crypt".ppdl_key_parts TO alice, bob});
done([ 'publish', 'of_alice.pub', '--dsn', "$dsn user=alice" ], 'publish with them');
$node->safe_psql('postgres', q{DELETE FROM "Crypt".ppdl_key_parts p USING "Crypt".ppdl_keys k WHERE k.key_id = p.key_id AND k.name = 'of_alice'});
refused([ 'publish', 'of_alice.pub', '--dsn', "$dsn user=bob" ], 5, qr/key "of_alice" belongs to role "alice"/, "another role's key");
done([ 'publish', 'of_alice.pub', '--dsn', "$dsn user=alice" ], 'its own role adds what is missing');

# a key that was published without signatures is bound when all its parts are replaced by signed ones
$node->safe_psql('postgres', q{SET session_replication_role = replica; UPDATE "Crypt".ppdl_keys SET verify_key = NULL; UPDATE "Crypt".ppdl_key_parts SET signature = NULL});
my ($rc, $stdout, $stderr) = ppdl('publish', 'again.pub', @dsn);
is($rc, 0, 'publish a signed file for less than there is') or diag($stderr);
like($stderr, qr/key "clinic" stays unbound there/, 'leaves the key unbound');
like(done([ 'publish', 'clinic.pub', @dsn ], 'publish a signed file for all that there is'), qr/, (?!0)\d+ parts sent/, 'sends the parts');
is($node->safe_psql('postgres', q{SELECT binding FROM "Crypt".ppdl_key_info WHERE name = 'clinic'}), 'signed', 'and binds it');

# several nodes, as Citus lists them; here the same server twice
refused([ 'publish', 'clinic.pub', '--all-nodes', @dsn ], 5, qr/no Citus coordinator/, '--all-nodes without a cluster');
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql('postgres', qq{CREATE TABLE public.pg_dist_node (groupid int, nodename text, nodeport int, noderole text);
	INSERT INTO public.pg_dist_node VALUES (0, 'elsewhere', 1, 'primary'), (1, '$host', $port, 'primary'), (2, 'elsewhere', 1, 'secondary')});
{
	# no terminal to ask on
	my ($o, $e) = ('', '');

	IPC::Run::run([ 'setsid', '--wait', 'ppdl', 'publish', 'clinic.pub', '--all-nodes', @dsn ], '<', \undef, '>', \$o, '2>', \$e);
	is(exit_code(), 2, '--all-nodes without a terminal: exit code');
	like($e, qr/would send the credentials of user .* to 1 hosts.*hint: .*--yes/s, 'says what it would do');
	is(() = $o =~ /parts sent/g, 1, 'only the coordinator was asked');
}
my @nodes = done([ 'publish', 'clinic.pub', '--all-nodes', '--yes', @dsn ], '--all-nodes') =~ /:$port\/postgres: key .* 0 parts sent/g;
is(scalar @nodes, 2, 'coordinator and worker, with their ports');
$node->safe_psql('postgres', q{UPDATE public.pg_dist_node SET nodename = 'db1,evil.example' WHERE groupid = 1});
refused([ 'publish', 'clinic.pub', '--all-nodes', '--yes', @dsn ], 5, qr/not that of one host/, 'a node that is two hosts');
$node->safe_psql('postgres', qq{UPDATE public.pg_dist_node SET nodename = '$host' WHERE groupid = 1});
$node->safe_psql('postgres', q{UPDATE public.pg_dist_node SET nodeport = 1});
refused([ 'publish', 'clinic.pub', '--all-nodes', '--yes', @dsn ], 5, qr/detail: This is node .*, port 1/s, 'a node that does not answer');
$node->safe_psql('postgres', 'DROP TABLE public.pg_dist_node');

# ---------------------------------------------------------------- encrypt into a table

$node->safe_psql('postgres', q{CREATE TABLE patients (label "Crypt".lwe_cipher(1), features "Crypt".lwe_cipher(18), "Sex" text, id int PRIMARY KEY);
	CREATE TABLE plain (id int PRIMARY KEY, features float8[], label float8)});
my @load = ('encrypt', '--key', 'clinic.key', '--features', 'features.json', '--keep', 'Gender', '--table', 'patients', @dsn);

refused([ @load, '--columns', 'id,Sex,features', $patients ], 5, qr/extra data after last expected column/, 'load with too few columns');
refused([ @load, '--columns', 'id,sex,features,label', $patients ], 5, qr/column "sex".*does not exist/, 'load with a wrong column');
my $rows = slurp_file($patients);
my $first = (split /\n/, $rows)[1];
$first =~ s/^\d+/0/;
$first =~ s/,(Fem|M)ale,/,Klingon,/;
file('last_bad.csv', "$rows$first\n");
refused([ @load, '--columns', 'id,Sex,features,label', 'last_bad.csv' ], 3, qr/last_bad.csv:2002: column "Gender": "Klingon"/, 'load with a bad last row');
is($node->safe_psql('postgres', 'SELECT count(*) FROM patients'), '0', 'loads nothing');
done([ @load, '--columns', 'id,Sex,features,label', $patients ], 'load');
is($node->safe_psql('postgres', 'SELECT count(*) FROM patients'), '2000', 'loads every row');
refused([ @load, '--columns', 'id,Sex,features,label', $patients ], 5, qr/duplicate key.*detail: COPY patients, line 1: Key \(id\)/s, 'load the same again');
done([ 'encrypt', '--plain', '--features', 'features.json', '--table', 'plain', @dsn, $patients ], 'load the plain twin');
$node->safe_psql('postgres', q{CREATE TABLE by_batch (id int, sex text, batch bigint, features "Crypt".lwe_cipher, label "Crypt".lwe_cipher)});
my @by_batch = ('encrypt', '--key', 'clinic.key', '--features', 'features.json', '--keep', 'Gender', '--table', 'by_batch', '--batch-column', 'batch', @dsn);
refused([ @by_batch, '--columns', 'id,batch,sex,features,label', $patients ], 2, qr/--columns: number 3 must be "batch"/, 'the number in another column');
done([ @by_batch, '--sort-by', 'Gender', '--columns', 'id,sex,batch,features,label', $patients ], 'load with the batch');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT batch), count(DISTINCT (sex, batch)), count(*) FILTER (WHERE batch = "Crypt".lwe_batch(features) AND batch = "Crypt".lwe_batch(label)) FROM by_batch}),
	'2000|4|5|2000', 'the number is lwe_batch() of features and label; groups share one batch at most');

# ---------------------------------------------------------------- query

my @query = ('query', '--key', 'clinic.key', @dsn);
my $out = done(
	[ @query, '-c', q{SELECT "Sex", count(*) AS n, "Crypt".avg(label) AS sick, NULL::"Crypt".lwe_cipher AS none FROM patients GROUP BY 1 ORDER BY 1} ],
	'query with groups');
my @want = split /\n/,
  $node->safe_psql('postgres', 'SELECT "Sex", count(*), avg(p.label) FROM patients JOIN plain p USING (id) GROUP BY 1 ORDER BY 1');
my @got = split /\n/, $out;
like($got[0], qr/^  Sex +\| +n +\| +sick +\| none$/, 'the header of the table');
like($got[1], qr/^[-+]+$/, 'and the line below it');
for my $i (0 .. 1)
{
	my ($sex, $n, $avg) = split /\|/, $want[$i];
	my @cell = map { s/^ +| +$//gr } split /\|/, $got[ $i + 2 ];

	is("$cell[0] $cell[1]", "$sex $n", "group $sex");
	cmp_ok(abs($cell[2] - $avg), '<', 1e-6, "average of group $sex");
	is($cell[3], '', 'NULL shows as nothing');
}
is($got[4], '(2 rows)', 'the count of rows');

$out = done([ @query, '--raw', '--csv', '-c', 'SELECT "Crypt".sum(features) FROM patients WHERE id < 100100' ], 'query as CSV');
my @sum = $out =~ /-?\d+\.\d+/g;
@want = split /\n/, $node->safe_psql('postgres',
	'SELECT sum(x) FROM plain, unnest(features) WITH ORDINALITY AS u (x, i) WHERE id < 100100 GROUP BY i ORDER BY i');
is(scalar @sum, 18, 'a vector has all its values');
cmp_ok(abs($sum[$_] - $want[$_]), '<', 1e-5, "sum of value $_") for 0 .. 17;

my $pack = q{SELECT array_agg(id ORDER BY id DESC) AS id, "Crypt".lwe_pack(label ORDER BY id DESC) AS label, 'a,b' AS c FROM patients WHERE id <= 100020};
$out = done([ @query, '--csv', '-c', $pack ], 'a packed result');
like($out, qr/^id,label,c\n"\{100020,.*,100001\}","\{-?1\.0+(,-?1\.0+){19}\}","a,b"\n$/, 'is an array');
$out = done([ @query, '--format', 'csv', '--expand', '-c', $pack ], 'a packed result, expanded');
my %label = $out =~ /^(\d+),(-?)1\.0+,"a,b"$/mg;
my %truth = $node->safe_psql('postgres', 'SELECT id, label FROM plain WHERE id <= 100020') =~ /^(\d+)\|(-?)1$/mg;
is_deeply(\%label, \%truth, 'gives each row its own value');
# one row looks the same whichever way it is asked for
my $one = q{SELECT "Crypt".lwe_pack(label) AS p, "Crypt".lwe_pack(features) AS q FROM patients WHERE id = 100001};
like(done([ @query, '--raw', '--csv', '-c', $one ], 'one row, packed'), qr/^p,q\n-?1\.0+,"\{-?\d[^{}]*\}"\n$/, 'is a row');
is(done([ @query, '--raw', '--csv', '--expand', '-c', $one ], 'and expanded'), done([ @query, '--raw', '--csv', '-c', $one ], 'twice'), 'is the same');
is(done([ @query, '--csv', '--expand', '-c', q{SELECT array_agg(id) AS id, "Crypt".lwe_pack(NULL::"Crypt".lwe_cipher) AS p FROM patients WHERE id <= 100002} ],
	'nothing but NULLs'), qq{id,p\n"{100001,100002}",\n}, 'are one NULL');
my ($status, $psql) = (0, $node->safe_psql('postgres', "COPY ($pack) TO STDOUT"));
file('packed.txt', "$psql\n");
is(done([ 'decrypt', '--key', 'clinic.key', '--expand', 'packed.txt' ], 'decrypt --expand on COPY text') =~ tr/\n//, 20, 'twenty lines');
file('uneven.txt', "{1,2,3}\t" . (split /\t/, $psql)[1] . "\n");
refused([ 'decrypt', '--key', 'clinic.key', '--expand', 'uneven.txt' ], 3, qr/uneven.txt:1: column 1 has 3 elements where the packed result has 20 rows/, 'arrays that do not match');

$out = done([ @query, '-c', 'SELECT 1 AS a; SELECT 2 AS b', '-c', 'CREATE TEMP TABLE t (); SELECT 3 AS c' ], 'several statements');
like($out, qr/ a.* 1\n.* b.* 2\n.*CREATE TABLE\n.* c.* 3\n/s, 'all are shown');
file('q.sql', "SELECT 40 + 2 AS answer\n");
like(done([ @query, '-f', 'q.sql' ], 'SQL from a file'), qr/ 42\n/, 'is run');
# values of two owners in one result; the forms of a result; SQL on standard input
{
	my $show = q{SELECT o, "Crypt".sum(v) FROM (SELECT 1, label FROM patients UNION ALL SELECT 2, s.v FROM strangers s) t (o, v) GROUP BY o ORDER BY o};
	my $script = "$show;\nSELECT true AS t, '{\"a\": 1}'::jsonb AS j, ARRAY[1, NULL] AS a, NULL AS n, E'\"x\\ny' AS x, 'Infinity'::float8 AS f\n";

	done([ 'keygen', '--out', 'other_owner', '--for', 'sum' ], 'another owner');
	done([ 'encrypt', '--raw', '--key', 'other_owner.key', '--id', 'id', '-o', 'strangers.copy', file('strangers.csv', "id,v\n1,0.5\n2,0.25\n") ], 'whose rows');
	$node->safe_psql('postgres', q{CREATE TABLE strangers (id int, v "Crypt".lwe_cipher)});
	$node->psql('postgres', '\copy strangers from strangers.copy');
	my ($rc, $out, $err) = ppdl(@query, '-c', $show);
	is($rc, 0, 'a result with values of another owner');
	like($out, qr/^ +1 \| +-?[0-9.]+\n +2 \| <lwe_cipher of key [0-9a-f]{16}>\n/m, 'is shown, these values as such');
	like($err, qr/1 of 2 ciphertexts are of keys that were not given/, 'and says so');
	like(done([ @query, '--key', 'other_owner.key', '--min-count', 1, '-c', $show ], 'with both keys'), qr/^ +2 \| +0\.750/m, 'all are shown');
	like((ppdl_in($script, @query, '--key', 'other_owner.key', '--min-count', 1, '--json'))[1], qr/^\[\n \{"o": 1, "sum": -?[0-9.]+\},\n \{"o": 2, "sum": 0\.750*\}\n\]\n\[\n \{"t": true, "j": \{"a": 1\}, "a": \[1,null\], "n": null, "x": "\\"x\\ny", "f": "Infinity"\}\n\]\n$/, 'JSON, of SQL on standard input');
	like(done([ @query, '-x', '-P', 'null=(none)', '-c', 'SELECT 1 AS a, NULL AS long_name' ], '-x'), qr/^-\[ RECORD 1 \]\na +\| 1\nlong_name \| \(none\)\n/m, 'a field a line');
	refused([ @query, '-c', "SELECT 1,\n  nosuch" ], 5, qr/nosuch.*\ndetail: line 2, column 3: nosuch/, 'where an error is');
	refused([ @query, '-P', 'x=1', '-c', 'SELECT 1' ], 2, qr/null=TEXT and pager=on\|off are what can be set/, '-P of something else');
	$node->safe_psql('postgres', 'DROP TABLE strangers');
}
refused([ @query, '-c', 'SELECT 1/0' ], 5, qr/server: division by zero \(SQLSTATE 22012\)/, 'an error of the server');
refused([ @query, '-c', 'SELECT nosuch FROM patients' ], 5, qr/column "nosuch" does not exist/, 'a column that is not there');
refused([ @query, '-c', 'SELECT count(id, id) FROM patients' ], 5, qr/hint: /, 'with the hint');
refused([ @query, '-c', 'COPY patients TO STDOUT' ], 2, qr/COPY.*not supported/, 'COPY');
refused([ @query, '-o', 'never.txt', '-c', 'SELECT 1', '-c', 'SELECT 1/0' ], 5, qr/division/, 'an error after a result');
ok(!-e 'never.txt', 'leaves no half output');
done([ 'keygen', '--out', 'stranger', '--for', 'sum' ], "somebody else's key");
refused([ 'query', '--key', 'stranger.key', @dsn, '-c', 'SELECT "Crypt".sum(label) FROM patients' ], 4, qr/value is encrypted under key [0-9a-f]{16}, not under key "stranger" \([0-9a-f]{16}\)/, "with somebody else's key");

# nothing that a server sends moves the cursor: names, cells, notices, errors, details; and no cell makes a row of a table
$out = done([ @query, '-c', "SELECT U&'\\001B]0;x\\0007\\007F' || E'\\n\\t' AS \"a\e[2Jb\", 1 AS n" ], 'control characters in a table');
like($out, qr/^ +a\\x1b\[2Jb +\| n *\n-+\+-+\n \\x1b\]0;x\\x07\\x7f\+\| 1\n \\t +\|  *\n\(1 row\)\n/, 'are escapes, and lines are marked');
like(done([ @query, '-x', '-c', "SELECT E'a\\n\\n(1 row)' AS long, 2 AS n" ], 'lines in a field a line'), qr/^long \| a\+\n     \| \+\n     \| \(1 row\)\nn    \| 2\n/m, 'are marked, too');
is(done([ @query, '--csv', '-c', "SELECT U&'\\001B]0;x\\0007\\007F' AS a" ], 'in CSV'), "a\n\e]0;x\a\x7f\n", 'they stay');
refused([ @query, '-c', "DO \$\$DECLARE t text := chr(27) || ']0;x' || chr(7) || chr(127); BEGIN RAISE NOTICE '%', t; RAISE EXCEPTION USING MESSAGE = t, DETAIL = t, HINT = t; END\$\$" ], 5,
	qr/\A(?:[^\x00-\x08\x0b-\x1f\x7f]*\\x1b){4}[^\x00-\x08\x0b-\x1f\x7f]*\z/, 'in notices and errors');

# a table by any name
$node->safe_psql('postgres', 'CREATE TABLE "order" (LIKE plain); CREATE TABLE "My, Table" (LIKE plain); CREATE SCHEMA s CREATE TABLE t (id int, features float8[], label float8)');
done([ 'encrypt', '--plain', '--features', 'features.json', '--table', $_, @dsn, $patients ], "load into $_") for 'order', 'My, Table', '"My, Table"', 's.t', 'S.T';
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM "order"), (SELECT count(*) FROM "My, Table"), (SELECT count(*) FROM s.t)'), '2000|4000|4000', 'each got its rows');
refused([ 'encrypt', '--plain', '--features', 'features.json', '--table', 'nosuch', @dsn, $patients ], 5, qr/relation "nosuch" does not exist/, 'no such table');

# Ctrl-C cancels on the server
{
	my ($o, $e) = ('', '');
	my $h = IPC::Run::start([ 'ppdl', @query, '-c', 'SELECT pg_sleep(600)' ], '<', \undef, '>', \$o, '2>', \$e);

	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'})
	  or die 'the query never started';
	$h->signal('INT');
	$h->finish;
	is(exit_code(), 5, 'Ctrl-C: exit code');
	like($e, qr/canceling statement due to user request/, 'Ctrl-C: cancelled by the server');
}

# ---------------------------------------------------------------- models

my @model = ('model');
$node->safe_psql('postgres', q{SET search_path = "Crypt", public;
	SELECT ppdl_create_model('osteo', '{"inputs": 18, "layers": [{"units": 4, "activation": "quadratic"}, {"units": 1, "activation": "identity"}]}');
	SELECT ppdl_train('osteo', features, label, '{"steps": 3, "batch": 64}' ORDER BY id) FROM plain});
like(done([ 'model', 'list', @dsn ], 'model list'), qr/^ osteo +\| +1 \| +\| 18 -> 4 quadratic -> 1 +\| none.*^ osteo +\| +2 \| default +\| 18 -> 4 quadratic -> 1 +\| plain/ms, 'both versions');
like(done([ 'model', 'show', 'osteo', @dsn ], 'model show'), qr/^model: +osteo\@2\n.*inputs: +18\nlayer 1: +4 units, quadratic\nlayer 2: +1 units, identity\nweights: +81, plain\ntrained:/s, 'the default version');
like(done([ 'model', 'show', 'osteo@1', @dsn ], 'model show name@version'), qr/osteo\@1\n.*weights: +81, untrained/s, 'a version');
done([ 'model', 'export', 'osteo', '-o', 'osteo.json', @dsn ], 'model export');
is((stat 'osteo.json')[2] & 0777, 0600, 'its weights are for their owner alone');
like(done([ 'model', 'import', 'osteo.json', '--name', 'copy', @dsn ], 'model import as another'), qr/^copy\@1$/, 'a first version');
like(done([ 'model', 'import', 'osteo.json', @dsn ], 'model import'), qr/^osteo\@3$/, 'a next version');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT (spec, weights, trained)), count(*) FROM "Crypt".ppdl_models WHERE weights IS NOT NULL}),
	'1|3', 'weights come back bit for bit');
is(done([ 'model', 'default', 'osteo@3', @dsn ], 'model default'), qq("osteo" means "osteo\@3" now\n), 'is said');
like(done([ 'model', 'show', 'osteo', @dsn ], 'model show'), qr/^model: +osteo\@3\n/, 'another version');
refused([ 'model', 'default', 'osteo@1', @dsn ], 5, qr/no model "osteo\@1" with weights/, 'a default without weights');
refused([ 'model', 'drop', 'osteo@3', @dsn ], 5, qr/is the default version.*ppdl_set_default_model/s, 'drop the default version');
done([ 'model', 'import', 'osteo.json', '--name', 'gone', @dsn ], 'a model to drop');
is(done([ 'model', 'drop', 'gone', @dsn ], 'model drop'), "1 version dropped\n", 'is said');
done([ 'model', 'default', 'osteo@2', @dsn ], 'back to the second version');
done([ 'model', 'export', 'osteo@1', '-o', 'untrained.json', @dsn ], 'model export, untrained');
like(done([ 'model', 'import', 'untrained.json', '--name', 'fresh', @dsn ], 'model import, untrained'), qr/^fresh\@1$/, 'is stored');
refused([ 'model', 'import', 'untrained.json', '--key', 'clinic.key', @dsn ], 3, qr/no weights to encrypt: leave out --key/, 'encrypt no weights');

$node->safe_psql('postgres', q{SET search_path = "Crypt"; SELECT ppdl_create_model('large', '{"inputs":2,"layers":[{"units":1,"activation":{"poly":[0,1e20]}}]}')});
done([ 'model', 'export', 'large', '-o', 'large_number.json', @dsn ], 'export a model with 1e20 in it');
like(done([ 'model', 'import', 'large_number.json', '--name', 'large2', @dsn ], 'and import it'), qr/^large2\@1$/, 'as it was');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT spec) FROM "Crypt".ppdl_models WHERE name LIKE 'large%'}), '1', 'bit for bit');
is((command('sh', '-c', "ppdl model list --dsn '$dsn' > /dev/full"))[0], 1, 'model list > /dev/full');

refused([ 'model', 'show', 'nosuch', @dsn ], 3, qr/no model "nosuch".*model list/s, 'no such model');
refused([ 'model', 'show', 'osteo@9', @dsn ], 3, qr/no model "osteo\@9"/, 'no such version');
refused([ 'model', 'show', 'osteo@x', @dsn ], 2, qr/a version is a whole number/, 'a bad version');
refused([ 'model', 'import', 'features.json', @dsn ], 3, qr/features.json: this is no model file/, 'import something else');
my $json = slurp_file('osteo.json');
refused([ 'model', 'import', '--key', 'clinic.key', @dsn, file('bias.json', '{"format": "ppdl-model", "version": 1, "name": "b", "spec":
	{"inputs": 2, "bias": false, "layers": [{"units": 1, "activation": "quadratic"}, {"units": 1}]}, "weights": [0.1, 0.1, 0.3, 0.5, 0.25]}') ],
	3, qr/layer 1, bias of unit 1/, 'biases that encrypted weights would drop');
refused([ 'model', 'import', '--key', 'clinic.key', @dsn, file('large.json', $json =~ s/("weights": \[)[^,]+,/${1}17,/r) ], 3, qr/length of 17.*beyond the 2 .*No more than 16/s, 'a weight beyond what a header may say');
refused([ 'model', 'import', '--key', 'clinic.key', @dsn, file('long.json', $json =~ s/("weights": \[)[^,]+,/${1}3,/r) ], 3, qr/--weights-within 4 would do/, 'weights longer than declared');
refused([ 'model', 'import', '--weights-within', '4', @dsn, 'osteo.json' ], 2, qr/goes with import --key only/, 'declare weights that stay plain');
refused([ 'model', 'import', '--weights-within', '3', '--key', 'clinic.key', @dsn, 'osteo.json' ], 2, qr/weights-within/, 'declare what is no power of two');
refused([ 'model', 'import', file('few.json', $json =~ s/("weights": \[)[^,]+,/$1/r), @dsn ], 3, qr/8[01]/, 'too few weights');
refused([ 'model', 'import', file('word.json', $json =~ s/("weights": \[)[^,]+,/$1"x",/r), @dsn ], 3, qr/word.json: weights\[0\] is not a number/, 'a word among weights');
refused([ 'model', 'import', file('spec.json', $json =~ s/quadratic/quadratish/r), @dsn ], 3, qr/quadratish/, 'an unknown activation');
refused([ 'model', 'import', file('broken.json', substr($json, 0, 200)), @dsn ], 3, qr/broken.json:\d+: column/, 'a broken file');
refused([ 'model', 'import', file('future.json', $json =~ s/"version": 1/"version": 2/r), @dsn ], 3, qr/unknown version/, 'a file of the future');
is($node->safe_psql('postgres', 'SELECT count(*) FROM "Crypt".ppdl_models'), '7', 'none of these was stored');

# ---------------------------------------------------------------- evaluate

my @evaluate = ('evaluate', '--features', 'features.json', '--score', 'score', @dsn);
my $scored = q{"Crypt".ppdl_predict_agg('osteo@2', features ORDER BY id) AS score FROM patients};
my ($right, $sick) = split /\|/, $node->safe_psql('postgres',
	q{SELECT count(*) FILTER (WHERE (("Crypt".ppdl_predict('osteo@2', features))[1] > 0) = (label > 0)), count(*) FILTER (WHERE label > 0) FROM plain});
my $accuracy = sprintf '%.4f', $right / 2000;
for my $label ('"Crypt".lwe_pack(label ORDER BY id)', 'array_agg(label ORDER BY id)')
{
	$out = done([ @evaluate, '--key', 'clinic.key', '--label', 'label', '-c', "SELECT $label AS label, $scored" ], "evaluate, $label");
	like($out, qr/^2000 rows of the query\n.*others "0"; the positive class is "1"\.\n.* accuracy +\| $accuracy /s, 'the accuracy of the plain twin');
	like($out, qr/^ 1 +\| +$sick /m, 'and its classes');
}
like(done([ @evaluate, '--label', 'l', '-c', q{SELECT label AS l, CASE WHEN id > 100002 THEN label - 0.1 END AS score FROM plain} ], 'evaluate plain rows without a key'),
	qr/^1998 rows of the query; 2 more without a score are left out\n.* accuracy +\| 1\.0000 /s, 'NULL is left out');
refused([ @evaluate, '--label', 'label', '-c', "SELECT array_agg(label ORDER BY id) AS label, $scored" ], 4, qr/an lwe_cipher of key [0-9a-f]{16}, and no key was given/, 'evaluate ciphertexts without a key');
refused([ @evaluate, '--label', 'x', '-c', 'SELECT 1 AS label, 1 AS score' ], 3, qr/the query: there is no column "x".*Columns: label, score/s, 'evaluate without the column');
refused([ @evaluate, '--label', 'l', '-c', q{SELECT 1 AS l, 'NaN'::float8 AS score} ], 3, qr/row 1 of the result: column "score": "NaN"/, 'evaluate NaN');
refused([ @evaluate, '--label', 'l', '-c', 'SELECT 1 AS l, 1 AS score WHERE false' ], 3, qr/the query: there are no rows/, 'evaluate nothing');
refused([ @evaluate, '--label', 'l', '-c', 'SELECT 1 AS l, 1 AS score; SELECT 2' ], 2, qr/one query/, 'evaluate two queries');
refused([ @evaluate, '--label', 'l', '-c', 'SET work_mem = 1000' ], 2, qr/SELECT is expected/, 'evaluate a setting');
refused([ @evaluate, '--label', 'l', '-c', 'SELECT 1/0' ], 5, qr/division by zero/, 'evaluate an error of the server');

# ---------------------------------------------------------------- models on several nodes

$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION ppdl');
done([ 'model', 'import', 'osteo.json', '--name', 'sealed', '--key', 'clinic.key', @dsn ], 'an encrypted model');
my @sync = ('model', 'sync', @dsn, '--to', $node->connstr('other'));
my $pins = q{SELECT string_agg(ppdl_model_pin(name || '@' || version), ' ' ORDER BY name, version), count(*), count(cipher), count(weights) FROM ppdl_models};
my $pins_here = $node->safe_psql('postgres', qq{SET search_path = "Crypt"; $pins});

refused([ 'model', 'sync', @dsn ], 2, qr/sync where\?/, 'sync without a target');
refused([ 'model', 'list', '--all-nodes', @dsn ], 2, qr/go with sync only/, '--all-nodes of another action');
refused([ @sync, 'nosuch' ], 3, qr/no model "nosuch"/, 'sync what is not there');
is(done([ @sync, 'osteo@2' ], 'sync one version'), "$host:$port/other: 1 versions of models sent, 0 were there\n", 'is said with host, port and database');
like(done(\@sync, 'sync'), qr/: 7 versions of models sent, 1 were there$/, 'the others are sent');
is($node->safe_psql('other', $pins), $pins_here, 'the same contents, encrypted and untrained models, too');
is($node->safe_psql('other', q{SELECT string_agg(name || '@' || version, ' ' ORDER BY name) FROM ppdl_models WHERE is_default}), $node->safe_psql('postgres', q{SELECT string_agg(name || '@' || version, ' ' ORDER BY name) FROM "Crypt".ppdl_models WHERE is_default}), 'names mean the same versions');
like(done(\@sync, 'sync again'), qr/: 0 versions of models sent, 8 were there$/, 'nothing is sent twice');
$node->safe_psql('other', q{UPDATE ppdl_models SET weights[1] = 0.5 WHERE name = 'copy'; DELETE FROM ppdl_models WHERE name = 'fresh'});
refused(\@sync, 5, qr/other: model "copy\@1#[0-9a-f]{16}" is "copy\@1#[0-9a-f]{16}" there.*--replace/s, 'other contents there');
is($node->safe_psql('other', q{SELECT count(*) FROM ppdl_models WHERE name = 'fresh'}), '0', 'nothing is sent then');
$node->safe_psql('other', q{INSERT INTO ppdl_models (name, version, spec) SELECT name, 4, spec FROM ppdl_models WHERE name = 'osteo' AND version = 1;
	INSERT INTO ppdl_models (name, version, spec) SELECT 'their_own', 1, spec FROM ppdl_models WHERE name = 'osteo' AND version = 1});
refused([ @sync, 'osteo' ], 5, qr/model "osteo\@4#[0-9a-f]{16}" is there and not in the source/, 'a later version there');
like(done([ @sync, '--replace' ], 'sync --replace'), qr/: 2 versions of models sent, 6 were there, 1 others removed$/, 'puts both right');
$node->safe_psql('other', q{DELETE FROM ppdl_models WHERE name = 'their_own'});
is($node->safe_psql('other', $pins), $pins_here, 'and leaves alone what has another name');
refused([ 'model', 'sync', @dsn, '--all-nodes' ], 5, qr/no Citus coordinator/, 'sync --all-nodes without a cluster');
$node->safe_psql('postgres', qq{CREATE TABLE public.pg_dist_node (groupid int, nodename text, nodeport int, noderole text);
	INSERT INTO public.pg_dist_node VALUES (0, 'elsewhere', 1, 'primary'), (1, '$host', $port, 'primary')});
like(done([ 'model', 'sync', @dsn, '--all-nodes', '--yes' ], 'sync --all-nodes'), qr/^$host:$port\/postgres: 0 versions of models sent, 8 were there$/, 'the node and its port');

# ---------------------------------------------------------------- encodings

my ($mine) = slurp_file('features.json') =~ /^  "encoding": "([0-9a-f]{12})"/m;
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT "Crypt".lwe_encoding(features), ','), count("Crypt".lwe_encoding(label)) FROM patients}),
	"$mine|0", 'all rows say their encoding, and labels leave it to them');
mkdir 'keys';
file('keys/clinic.key', slurp_file('clinic.key'));
file('keys/other.json', slurp_file('features.json') =~ s/"max": 90/"max": 100/r);
my ($other) = done([ 'encode', '--renew', 'keys/other.json' ], 'another encoding') =~ /([0-9a-f]{12})/;
$node->safe_psql('postgres', 'CREATE TABLE ward (LIKE patients)');
done([ 'encrypt', '--key', 'clinic.key', '--features', 'keys/other.json', '--keep', 'Gender', '--table', 'ward', @dsn, '--columns', 'id,Sex,features,label', $patients ],
	'rows in it');
my $both = q{(SELECT * FROM patients UNION ALL SELECT * FROM ward) t};
refused([ 'query', '--key', 'keys/clinic.key', @dsn, '-c', qq(SELECT "Crypt".sum(features) FROM $both) ], 5,
	qr/two encodings, (?:$mine and $other|$other and $mine) .*detail: .*$mine is that of "features\.json"/s, 'a sum over both');
refused([ 'query', '--key', 'keys/clinic.key', @dsn, '-c', qq(SELECT "Crypt".avg(features) FROM $both) ], 5,
	qr/detail: .*$other is that of "keys\/other\.json".*hint: .*lwe_encoding/s, 'an average over both: the file beside the key');
like(done([ 'query', '--key', 'clinic.key', @dsn, '-c', "SELECT count(*) FROM $both GROUP BY \"Crypt\".lwe_encoding(features)" ], 'told apart'), qr/2000.*2000/s, 'both tables');
my $averages = done([ 'query', '--key', 'clinic.key', '--raw', '--csv', @dsn, '-c', 'SELECT "Crypt".avg(features) FROM patients' ], 'averages are right');
my @average = (split /\n/, $averages)[1] =~ /-?[\d.]+/g;
my @plain_averages = split /,/, $node->safe_psql('postgres', q{SELECT string_agg(a::text, ',' ORDER BY i) FROM (SELECT i, avg(v) AS a FROM plain, unnest(features) WITH ORDINALITY u(v, i) GROUP BY i) t});
is(scalar(grep { abs($average[$_] - $plain_averages[$_]) > 1e-6 } 0 .. 17), 0, 'with seeds that name an encoding as with any');

like(done([ 'model', 'import', 'osteo.json', '--name', 'ours', '--features', 'features.json', @dsn ], 'model import --features'), qr/^ours\@1$/, 'is stored');
is($node->safe_psql('postgres', q{SELECT encoding FROM "Crypt".ppdl_model_info WHERE name = 'ours'}), $mine, 'with its encoding');
like(done([ 'model', 'show', 'ours', @dsn ], 'model show'), qr/^encoding: $mine$/m, 'which is shown');
done([ 'model', 'export', 'ours', '-o', 'ours.json', @dsn ], 'model export');
like((ppdl('inspect', 'ours.json'))[1], qr/^encoding: +$mine$/m, 'takes it along');
refused([ 'model', 'import', 'ours.json', '--name', 'theirs', '--features', 'keys/other.json', @dsn ], 3, qr/for encoding $mine, and keys\/other\.json is encoding $other/, 'import for another');
refused([ 'model', 'import', 'osteo.json', '--name', 'theirs', '--features', 'osteo.json', @dsn ], 3, qr/no feature file/, 'import with what is no feature file');
refused([ 'model', 'export', 'ours', '--features', 'features.json', @dsn ], 2, qr/goes with import only/, 'export --features');
my $predict = q{SELECT "Crypt".ppdl_predict_agg('ours', features) FROM };
refused([ 'query', '--key', 'keys/clinic.key', @dsn, '-c', "$predict ward" ], 5,
	qr/model "ours" version 1 and its rows are in two encodings, $mine and $other .*$mine is that of "features\.json"\. $other is that of "keys\/other\.json"/s, 'rows of another encoding than the model');
is((ppdl_in($node->safe_psql('postgres', "$predict patients"), 'inspect', '-'))[1] =~ /^encoding: +(.*)$/m && $1, $mine, 'predictions say the encoding of their rows');

$node->stop;
done_testing();
