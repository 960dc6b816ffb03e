# The extension in the hands of a database's owner who is no superuser, in a schema full of traps; and its settings in
# sessions that have not used it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $node = PostgreSQL::Test::Cluster->new('hosted');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(dbo analyst);
$node->safe_psql('postgres', 'CREATE DATABASE clinic OWNER dbo');
$node->safe_psql('postgres', 'CREATE DATABASE restored OWNER dbo');
$node->safe_psql('postgres', 'CREATE DATABASE trapped OWNER dbo');
my $dir = PostgreSQL::Test::Utils::tempdir;
chdir $dir or die $!;

sub as
{
	my ($role, $sql, $database) = @_;
	my ($out, $err) = ('', '');

	$node->psql($database // 'clinic', $sql, stdout => \$out, stderr => \$err, extra_params => ['-U', $role]);
	return ($out . $err) =~ s{^\n}{}r;
}

# what the script calls without its schema must not be what somebody put beside it: functions of other argument types,
# which literals without a type may fit better, and all operators for jsonb on both sides
as('dbo', q{
	CREATE SCHEMA trap;
	DO $do$
	DECLARE
		body text := $$ BEGIN ALTER ROLE dbo SUPERUSER; RETURN NULL; END $$;
		f text; a text; o text;
	BEGIN
		FOREACH f IN ARRAY ARRAY['pg_extension_config_dump', 'now', 'length', 'octet_length', 'eqsel', 'eqjoinsel', 'byteaeq', 'textout',
			'jsonb_object_field', 'int4', 'int8', 'numeric'] LOOP
			FOREACH a IN ARRAY ARRAY['text', 'text, text', 'varchar, varchar', 'text, text DEFAULT NULL', 'VARIADIC text[]', 'jsonb, jsonb', 'numeric'] LOOP
				BEGIN
					EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', f, a, body);
				EXCEPTION WHEN duplicate_function THEN NULL;
				END;
			END LOOP;
		END LOOP;
		EXECUTE format('CREATE FUNCTION trap.operator(jsonb, jsonb) RETURNS jsonb LANGUAGE plpgsql AS %L', body);
		FOR o IN SELECT DISTINCT oprname FROM pg_operator WHERE oprkind = 'b' LOOP
			EXECUTE format('CREATE OPERATOR trap.%s (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = trap.operator)', o);
		END LOOP;
	END $do$}, 'trapped');
cmp_ok($node->safe_psql('trapped', "SELECT count(*) FROM pg_operator WHERE oprnamespace = 'trap'::regnamespace"), '>', 20, 'traps are set');
is(as('dbo', 'CREATE EXTENSION ppdl SCHEMA trap', 'trapped'), '', 'CREATE EXTENSION beside them');
is($node->safe_psql('trapped', "SELECT rolsuper FROM pg_roles WHERE rolname = 'dbo'"), 'f', 'none of them was called');
is($node->safe_psql('trapped', q{
	SELECT pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, 0) FROM pg_depend d
	WHERE classid IN ('pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
		AND (refclassid = 'pg_proc'::regclass AND refobjid IN (SELECT oid FROM pg_proc WHERE proowner = 'dbo'::regrole)
			OR refclassid = 'pg_operator'::regclass AND refobjid IN (SELECT oid FROM pg_operator WHERE oprowner = 'dbo'::regrole))
		AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oid = d.objid AND o.oprowner = 'dbo'::regrole)}), '', 'nor is it part of what was made');

# the owner of a database uses it, and lets others do so
like(as('analyst', 'CREATE EXTENSION ppdl'), qr/permission denied to create extension/, 'not everybody may make the extension');
is(as('dbo', 'CREATE EXTENSION ppdl'), '', 'the owner of a database may');
is($node->safe_psql('clinic', q{SELECT count(*) FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e' JOIN pg_roles r ON r.oid = c.relowner
	WHERE NOT rolsuper}), '0', 'all that it makes belongs to a superuser');
done([ 'keygen', '--out', 'k', '--for', 'sum' ], 'keygen');
like(done([ 'publish', 'k.pub', '--dsn', $node->connstr('clinic') . ' user=dbo' ], 'publish'), qr/parts sent/, 'the owner publishes');
like(as('dbo', q{SELECT ppdl_cache_warm('k', 'sum') >= 0}), qr/^t$/, 'and warms caches');
is(as('dbo', q{SELECT ppdl_create_model('m', '{"inputs":2,"layers":[{"units":1}]}', '{1,2,3}')}), 'm@1', 'models, too');
like(as('analyst', q{SELECT ppdl_predict('m', '{1,1}'::float8[])}), qr/permission denied for table ppdl_models/, 'others have to be let in');
is(as('dbo', 'GRANT SELECT ON ppdl_models TO analyst'), '', 'which the owner does');
is(as('analyst', q{SELECT ppdl_predict('m', '{1,1}'::float8[])}), '{6}', 'and they predict');
like(as('analyst', q{SELECT ppdl_drop_model('m')}), qr/permission denied/, 'and no more');
like(as('analyst', q{UPDATE ppdl_keys SET comment = 'x'}), qr/permission denied/, 'keys are not theirs');

# no way up from there
like(as('dbo', 'CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE dbo SUPERUSER; RETURN OLD; END $$;
	CREATE TRIGGER a BEFORE DELETE ON ppdl_key_parts FOR EACH ROW EXECUTE FUNCTION up()'), qr/permission denied for table ppdl_key_parts/,
	'no triggers on tables whose foreign keys cascade with a superuser\'s rights');
like(as('dbo', 'ALTER TABLE ppdl_models ADD COLUMN x int'), qr/must be owner/, 'nor other columns');
like(as('dbo', 'SET ppdl.owner_mode = on; SELECT lwe_keygen($$n$$, $$some words$$)'), qr/permission denied/, 'no secret keys on a server');
like(as('dbo', 'LOAD $$ppdl$$; SET ppdl.max_threads = 200'), qr/access to library "ppdl" is not allowed|permission denied/, 'nor more threads than are allowed');
like(as('dbo', 'SELECT lwe_show(NULL); SET ppdl.max_threads = 200'), qr/permission denied to set parameter "ppdl.max_threads"/, 'once the library is there, either');
like(as('dbo', q{UPDATE ppdl_keys SET owner = 'postgres'; DELETE FROM ppdl_keys}), qr/key "k" belongs to role "postgres"/, 'no key is given away to another role');

# a dump and its restoration, both by that owner
my @server = ('-h', $node->host, '-p', $node->port, '-U', 'dbo');
is((command('pg_dump', @server, '-f', 'dump.sql', 'clinic'))[0], 0, 'pg_dump by the owner');
my ($rc, undef, $err) = command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @server, '-f', 'dump.sql', '-d', 'restored');
is("$rc $err", '0 ', 'restored by the owner');
my $all = 'SELECT key_id, name, uses, complete, binding FROM ppdl_key_info; SELECT name, version, weights FROM ppdl_models';
is($node->safe_psql('restored', $all), $node->safe_psql('clinic', $all), 'keys and models are there');
is(as('analyst', q{SELECT ppdl_predict('m', '{1,1}'::float8[])}, 'restored'), '{6}', 'and so are the rights');
is(as('dbo', 'DROP EXTENSION ppdl', 'restored'), '', 'the owner drops it');

# settings before the first use
like(as('analyst', 'SHOW ppdl.threads'), qr/unrecognized configuration parameter/, 'a session that has not used ppdl does not know its settings');
is(as('analyst', 'SELECT lwe_show(NULL); SHOW ppdl.threads'), '0', 'any function makes them known');
is(as('analyst', 'SET ppdl.threads = 3; SELECT lwe_show(NULL); SHOW ppdl.threads'), '3', 'and takes what was set before');
like(as('analyst', 'SET ppdl.threads = 3000; SELECT lwe_show(NULL); SHOW ppdl.threads'), qr/3000 is outside the valid range/, 'or says why not');
$node->safe_psql('postgres', q{ALTER DATABASE clinic SET session_preload_libraries = 'ppdl'});
is(as('analyst', 'SHOW ppdl.threads'), '0', 'session_preload_libraries makes them known from the start');
$node->safe_psql('postgres', 'ALTER DATABASE clinic RESET ALL');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ppdl'");
$node->restart;
is(as('analyst', 'SHOW ppdl.threads'), '0', 'shared_preload_libraries does, too');
like(as('dbo', q{SELECT version FROM pg_get_loaded_modules() WHERE module_name = 'ppdl'}), qr/^\d+\.\d+\.\d+$/, 'the server knows its release')
	if $node->safe_psql('postgres', 'SHOW server_version_num') >= 180000;
done_testing();
