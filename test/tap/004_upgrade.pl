# An upgraded catalogue is the same as a fresh one: definitions, comments and rights.  Rows and keys that version 0.1.0
# wrote go on to serve, beside rows with tags, writers, a later key, and under another one.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli numbers_agree);

my $kat = abs_path(dirname(__FILE__) . '/../contrib-data/kat');
my $dir = PostgreSQL::Test::Utils::tempdir;
# of the key file that 0.1.0 wrote, and here of all
$ENV{PPDL_PASSPHRASE} = 'known answer';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'ppdl.owner_mode = on');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ppdl'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('postgres', 'CREATE DATABASE upgraded');
$node->safe_psql('fresh', 'CREATE EXTENSION ppdl');
$node->safe_psql('upgraded', q{CREATE EXTENSION ppdl VERSION '0.1.0'});
like(catalogue('fresh'), qr/^aggregate sum\(lwe_cipher\)/m, 'the catalogue lists what there is');

# keys of 0.1.0, one with a name that is no longer allowed; the new library serves them before and after
$node->safe_psql('upgraded', q{SELECT length(lwe_keygen('clinic', 'secret words'))});
my $id = $node->safe_psql('upgraded', 'SELECT key_id FROM ppdl_keys');
$node->safe_psql('upgraded', qq{INSERT INTO ppdl_keys (key_id, name, scheme) VALUES ('0123456789abcdef', '$id', 'lwe')});
is($node->safe_psql('upgraded', q{SELECT lwe_key_id(lwe_encrypt('clinic', '{0.5}'))}), $id, 'keys serve before the upgrade');
is($node->safe_psql('upgraded', qq{SELECT lwe_key_id(lwe_encrypt('$id', '{0.5}'))}), $id, "and a name does not hide another key's fingerprint");

# rows of 0.1.0, compact and full ones, under a key that its tool made
chdir $dir or die "cannot enter $dir: $!";
my $kat_key = '3f10babda1527a0b';
my @dsn = ('--dsn', $node->connstr('upgraded'));
my @x = ([ 0.5, -0.25, 1 ], [ -1, 0, 0.0625 ], [ 0.75, 0.125, -0.5 ]);
my %kat;
for (split /\n/, slurp_file("$kat/rows.txt"))
{
	my ($name, $bytes) = split / /;

	push @{ $kat{$name} }, $bytes;
}
sub put_kat
{
	my ($name, $form) = @_;

	$node->safe_psql('upgraded', join ';', map { "INSERT INTO rows (form, n, v) VALUES ('$form', $_, encode('\\x$kat{$name}[$_]', 'base64')::lwe_cipher)" } 0 .. 2);
}
$node->safe_psql('upgraded', 'CREATE TABLE rows (id serial PRIMARY KEY, form text, n int, v lwe_cipher)');
put_kat('compact_slice', 'old compact');
put_kat('full_slice', 'old full');
file('owner.key', slurp_file("$kat/owner.key"));
chmod 0600, 'owner.key';
done([ 'keygen', '--key', 'owner.key', '--out', 'owner', '--for', 'sum' ], 'public parts anew of a key file of 0.1.0');
is($node->safe_psql('upgraded', 'SELECT lwe_key_id(sum(v)), count(*) FROM rows'), "$kat_key|6", 'rows serve before the upgrade');
# as version 0.1.0 published it: no signatures, and of the parts those that there were
$node->safe_psql('upgraded', qq{INSERT INTO ppdl_keys (key_id, name, scheme) VALUES ('$kat_key', 'kat', 'lwe')});
refused([ 'publish', 'owner.pub', @dsn ], 5, qr/still of version 0\.1\.0.*ALTER EXTENSION ppdl UPDATE/s, 'the new tool wants the new catalogue');

# a name of a model meant its latest version, and goes on to mean that version
$node->safe_psql('upgraded', q{SELECT ppdl_create_model('m', '{"inputs":1,"layers":[{"units":1}]}');
	INSERT INTO ppdl_models (name, version, spec, weights) SELECT 'm', v, spec, ARRAY[v, 0] FROM ppdl_models, generate_series(2, 3) v WHERE name = 'm'});
is($node->safe_psql('upgraded', q{SELECT ppdl_predict('m', '{1}'::float8[])}), '{3}', 'models serve before the upgrade');
like($node->safe_psql('upgraded', q{SELECT ppdl_train('m', ARRAY[i], i, '{"steps": 1, "learning_rate": 1e-3}') FROM generate_series(-1, 1) i}), qr/^m\@4$/, 'and can be trained');
$node->safe_psql('upgraded', q{SELECT ppdl_drop_model('m@4')});
$node->safe_psql('upgraded', 'ALTER EXTENSION ppdl UPDATE');
is($node->safe_psql('upgraded', q{SELECT ppdl_predict('m', '{1}'::float8[]), string_agg(version::text, ',') FROM ppdl_model_info WHERE is_default}), '{3}|3', 'the same version after it');
is($node->safe_psql('upgraded', q{SELECT name, owner = current_user, binding, uses FROM ppdl_key_info ORDER BY name}),
	"clinic|t|unbound|{sum}\nkat|t|unbound|{}\nkey_$id|t|unbound|{}", 'they have an owner, are unbound, and no fingerprint for a name');
is($node->safe_psql('upgraded', q{SELECT lwe_key_id(lwe_encrypt('clinic', '{0.5}'))}), $id, 'and serve after it');
is($node->safe_psql('upgraded', q{SELECT extversion FROM pg_extension WHERE extname = 'ppdl'}),
	$node->safe_psql('fresh', q{SELECT extversion FROM pg_extension WHERE extname = 'ppdl'}),
	'the upgrade reaches the newest version');

my %fresh = map { $_ => 1 } split /\n/, catalogue('fresh');
my %upgraded = map { $_ => 1 } split /\n/, catalogue('upgraded');

is(join("\n", sort grep { !$upgraded{$_} } keys %fresh), '', 'nothing is missing after the upgrade');
is(join("\n", sort grep { !$fresh{$_} } keys %upgraded), '', 'nothing is left over after the upgrade');

# One line an object: all that CREATE, GRANT and COMMENT can say of it.
sub catalogue
{
	return $node->safe_psql($_[0], <<'SQL');
WITH member AS (
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass
	WHERE e.extname = 'ppdl' AND d.deptype = 'e')
SELECT replace(line, E'\n', ' ') FROM (
	SELECT concat_ws(' ', 'object', pg_describe_object(m.classid, m.objid, 0), obj_description(m.objid, c.relname)) AS line
	FROM member m JOIN pg_class c ON c.oid = m.classid
	WHERE pg_describe_object(m.classid, m.objid, 0) NOT LIKE 'type \_%' AND pg_describe_object(m.classid, m.objid, 0) NOT LIKE '%[]'
	UNION ALL
	SELECT concat_ws(' ', 'function', p.oid::regprocedure, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prokind, p.prosrc,
		coalesce(p.probin, '-'), p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.procost, p.proconfig,
		(SELECT string_agg(r::text, ',' ORDER BY r::text) FROM unnest(p.proacl) r))
	FROM pg_proc p JOIN member ON objid = p.oid AND classid = 'pg_proc'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'aggregate', a.aggfnoid::regprocedure, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
		a.aggmtransfn, a.aggfinalextra, a.aggfinalmodify, a.aggtranstype::regtype, a.aggtransspace, a.agginitval)
	FROM pg_aggregate a JOIN member ON objid = a.aggfnoid AND classid = 'pg_proc'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'type', t.oid::regtype, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typinput, t.typoutput, t.typreceive, t.typsend,
		t.typmodin, t.typmodout, t.typcategory, t.typacl)
	FROM pg_type t JOIN member ON objid = t.oid AND classid = 'pg_type'::regclass WHERE t.typelem = 0 AND t.typrelid = 0
	UNION ALL
	SELECT concat_ws(' ', 'operator', o.oid::regoperator, o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin)
	FROM pg_operator o JOIN member ON objid = o.oid AND classid = 'pg_operator'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'cast', castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod)
	FROM pg_cast c JOIN member ON objid = c.oid AND classid = 'pg_cast'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relrowsecurity, c.reloptions, pg_get_viewdef(c.oid),
		(SELECT string_agg(r::text, ',' ORDER BY r::text) FROM unnest(c.relacl) r))
	FROM pg_class c JOIN member ON objid = c.oid AND classid = 'pg_class'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'column', c.oid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attacl,
		pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
	FROM pg_class c JOIN member ON objid = c.oid AND classid = 'pg_class'::regclass JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	UNION ALL
	SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
	FROM pg_constraint k JOIN member ON objid = k.conrelid AND classid = 'pg_class'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN member ON objid = i.indrelid AND classid = 'pg_class'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid)) FROM pg_trigger g JOIN member ON objid = g.tgrelid AND classid = 'pg_class'::regclass
		WHERE NOT g.tgisinternal
	UNION ALL
	SELECT concat_ws(' ', 'policy', p.polname, p.polrelid::regclass, p.polcmd, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
	FROM pg_policy p JOIN member ON objid = p.polrelid AND classid = 'pg_class'::regclass
	UNION ALL
	SELECT concat_ws(' ', 'dumped', (SELECT array_agg(r::regclass::text || ' ' || w ORDER BY r::regclass::text) FROM unnest(extconfig, extcondition) u(r, w)))
	FROM pg_extension WHERE extname = 'ppdl'
) AS l(line) ORDER BY 1
SQL
}

# ---------------------------------------------------------------- rows of 0.1.0 beside what 0.2.0 has

# numbers that a key reads in the answers to queries
sub numbers
{
	my ($key, @queries) = @_;

	return [ done([ 'query', '--key', "$key.key", @dsn, '--raw', '--csv', '--min-count', '1', map { ('-c', $_) } @queries ], "queries with $key.key") =~ /-?\d+\.\d+/g ];
}

# the sums of the values that rows of a form hold, for each such condition
sub expected
{
	return [ map {
		my @n = split /\n/, $node->safe_psql('upgraded', "SELECT n FROM rows WHERE $_");
		map { my $c = $_; eval join '+', map { "($x[$_][$c])" } @n } 0 .. 2 } @_ ];
}

sub refused_sum
{
	my ($where, $like, $name, $what) = @_;
	my ($rc, $out, $err) = $node->psql('upgraded', 'SELECT ' . ($what // 'sum') . "(v) FROM rows WHERE $where");

	like($err, $like, $name);
}

done([ 'publish', 'owner.pub', @dsn ], 'the key is published with what writers need');
done([ 'keygen', '--writer-for', 'owner.pub', '--out', 'ward', '--for', 'sum' ], 'a writer for it');
done([ 'publish', 'ward.pub', @dsn ], 'is published');
put_kat('compact11_slice', 'new compact');
file('x.csv', "id,a,b,c\n" . join('', map { join(',', $_, @{ $x[$_] }) . "\n" } 0 .. 2));
for my $who (qw(owner ward))
{
	for my $form (qw(compact full))
	{
		my @args = ('encrypt', '--key', "$who.key", '--raw', '--id', 'id', '--receipts', '--receipts-for', 'rows', ($form eq 'compact' ? '--compact' : ()));

		done([ @args, '-o', 'x.copy', 'x.csv' ], "$form rows of $who with tags");
		$node->safe_psql('upgraded', qq{CREATE TEMP TABLE c (n int, v lwe_cipher);
			\\copy c FROM '$dir/x.copy'
			INSERT INTO rows (form, n, v) SELECT '$who $form', n, v FROM c});
	}
}

# old rows of both forms; old compact ones with full ones of today; with and without tags; with a writer's; all of a ring
my @sums = (q{form LIKE 'old%'}, q{form IN ('old compact', 'owner full')}, q{form IN ('new compact', 'owner compact')}, q{form IN ('old compact', 'old full', 'ward full')}, q{lwe_ring(v) = 'row14'},
	q{lwe_ring(v) = 'compact11'});
my @queries = map { "SELECT sum(v) FROM rows WHERE $_" } @sums;
numbers_agree(numbers('owner', @queries), expected(@sums), 1e-4, 'sums over rows of both versions and of a writer');
refused_sum($$_[0], qr/sum of values in different rings, .*compact rows of version 0\.1\.0.*HINT:  lwe_ring\(\) tells them apart: take each by itself/s, "$$_[1] do not add up")
  for [ q{form IN ('old compact', 'new compact')}, 'old compact rows and new ones' ], [ q{form IN ('old full', 'owner compact')}, 'old full rows and compact ones' ],
  [ q{form IN ('old compact', 'ward compact')}, 'old compact rows and a writer\'s' ], [ 'true', 'all' ];
refused_sum($_, qr/a row that was encrypted without a receipt/, "no receipt: $_", 'lwe_receipt') for q{form = 'old compact'}, q{form IN ('old full', 'owner full')}, q{form IN ('new compact', 'owner compact')};
my @verified = map { "SELECT sum(v), lwe_receipt(v) FROM rows WHERE form = 'owner $_'" } qw(compact full);
is(scalar(() = done([ 'query', '--key', 'owner.key', @dsn, '--raw', '--csv', '--min-count', '1', '--verify', '--receipts-for', 'rows', map { ('-c', $_) } @verified ], 'rows with tags in a table with old ones') =~ /"\{0\.250.*,verified: 3 rows$/mg), 2, 'are verified');

# a later key takes them over; old rows move to another
done([ 'keygen', '--rotate', 'owner.key', '--out', 'later', '--for', 'sum' ], 'keygen --rotate of a key of 0.1.0');
done([ 'publish', $_, @dsn ], "publish $_") for 'later.pub', 'later-kat.pub';
numbers_agree(numbers('later', @queries, 'SELECT v FROM rows ORDER BY id'),
	[ @{ expected(@sums) }, map { @{ $x[$_] } } split /\n/, $node->safe_psql('upgraded', 'SELECT n FROM rows ORDER BY id') ], 1e-4, 'sums and rows under the later key');
my @rekey = ('rekey', '--key', 'owner.key', '--new-key', 'later.key', @dsn, '--column', 'v', '--table');
refused([ @rekey, 'rows' ], 2, qr/the rows under key [0-9a-f]{16} have receipts, which take a manifest.*encrypt --receipts/s, 'rekey of a table with tagged rows and no manifest');
$node->safe_psql('upgraded', q{CREATE TABLE moved AS SELECT * FROM rows WHERE form IN ('old compact', 'old full', 'new compact'); ALTER TABLE moved ADD PRIMARY KEY (id)});
done([ @rekey, 'moved' ], 'rekey of rows of 0.1.0');
is($node->safe_psql('upgraded', 'SELECT form, lwe_ring(v), count(*) FROM moved WHERE lwe_key_id(v) <> ' . "'$kat_key'" . ' GROUP BY 1, 2 ORDER BY 1'), "new compact|compact11|3\nold compact|row14|3\nold full|row14|3", 'each keeps its form');
numbers_agree(numbers('later', 'SELECT v FROM moved ORDER BY id'), [ map { @{ $x[$_] } } (0 .. 2) x 3 ], 1e-5, 'and its values');

$node->stop;
done_testing();
