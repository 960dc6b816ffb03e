# An upgraded catalogue is the same as a fresh one: definitions, comments and rights.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

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

# a name of a model meant its latest version, and goes on to mean that version
$node->safe_psql('upgraded', q{SELECT ppdl_create_model('m', '{"inputs":1,"layers":[{"units":1}]}');
	INSERT INTO ppdl_models (name, version, spec, weights) SELECT 'm', v, spec, ARRAY[v, 0] FROM ppdl_models, generate_series(2, 3) v WHERE name = 'm'});
is($node->safe_psql('upgraded', q{SELECT ppdl_predict('m', '{1}'::float8[])}), '{3}', 'models serve before the upgrade');
like($node->safe_psql('upgraded', q{SELECT ppdl_train('m', ARRAY[i], i, '{"steps": 1, "learning_rate": 1e-3}') FROM generate_series(-1, 1) i}), qr/^m\@4$/, 'and can be trained');
$node->safe_psql('upgraded', q{SELECT ppdl_drop_model('m@4')});
$node->safe_psql('upgraded', 'ALTER EXTENSION ppdl UPDATE');
is($node->safe_psql('upgraded', q{SELECT ppdl_predict('m', '{1}'::float8[]), string_agg(version::text, ',') FROM ppdl_model_info WHERE is_default}), '{3}|3', 'the same version after it');
is($node->safe_psql('upgraded', q{SELECT name, owner = current_user, binding, uses FROM ppdl_key_info ORDER BY name}),
	"clinic|t|unbound|{sum}\nkey_$id|t|unbound|{}", 'they have an owner, are unbound, and no fingerprint for a name');
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

$node->stop;
done_testing();
