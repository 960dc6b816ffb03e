# ppdl rekey: rows and models under another key, in place; interrupted, resumed, beside other writers.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli numbers_agree);

my $patients = abs_path(dirname(__FILE__) . '/../contrib-data/patients.csv');
my $dir = PostgreSQL::Test::Utils::tempdir;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
chdir $dir or die "cannot enter $dir: $!";
my $dsn = $node->connstr('postgres');
my @dsn = ('--dsn', $dsn);

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql('CREATE SCHEMA "Crypt"; CREATE EXTENSION ppdl SCHEMA "Crypt"');
done([ 'keygen', '--out', 'old', '--for', 'sum' ], 'keygen old');
done([ 'keygen', '--out', 'new' ], 'keygen new');
done([ 'keygen', '--writer-for', 'old.pub', '--out', 'ward', '--for', 'sum' ], 'keygen of a writer');
my @lines = split /^/, slurp_file($patients);
file('rows.csv', join '', @lines[ 0 .. 600 ]);
file('late.csv', join '', @lines[ 0, 601 .. 620 ]);
file('ward.csv', join '', @lines[ 0, 621 .. 630 ]);
done([ 'encode', 'rows.csv', '--id', 'Id', '--label', 'Osteoporosis', '--outside', 'clamp', '-o', 'features.json' ], 'encode');

# a table with an awkward name, a trigger, an index on the batch, a partition, a foreign key
sql(q{CREATE TABLE "the ""100%s"" rows" (id int PRIMARY KEY, batch bigint, features "Crypt".lwe_cipher(18), label "Crypt".lwe_cipher(1), note text,
		changed int NOT NULL DEFAULT 0) PARTITION BY RANGE (id);
	CREATE TABLE low PARTITION OF "the ""100%s"" rows" FOR VALUES FROM (0) TO (100300);
	CREATE TABLE high PARTITION OF "the ""100%s"" rows" FOR VALUES FROM (100300) TO (10000000);
	CREATE INDEX ON "the ""100%s"" rows" ("Crypt".lwe_batch(features));
	CREATE TABLE visit (patient int REFERENCES "the ""100%s"" rows");
	CREATE TABLE plain (id int PRIMARY KEY, features float8[], label float8);
	CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := OLD.changed + 1; RETURN NEW; END $$;
	CREATE TRIGGER count_change BEFORE UPDATE ON "the ""100%s"" rows" FOR EACH ROW EXECUTE FUNCTION count_change()});
my $table = '"the ""100%s"" rows"';
my @load = ('encrypt', '--features', 'features.json', '--batch-column', 'batch', '--table', $table, @dsn, '--columns', 'id,batch,features,label');
my @plain = ('encrypt', '--plain', '--features', 'features.json', '--table', 'plain', @dsn);
done([ @load, '--key', 'old.key', 'rows.csv' ], 'load');
done([ @plain, 'rows.csv' ], 'load the plain twin');
sql(qq{INSERT INTO visit SELECT id FROM $table;
	UPDATE $table SET label = NULL WHERE id % 7 = 0; UPDATE plain SET label = NULL WHERE id % 7 = 0;
	INSERT INTO $table (id, note) VALUES (5, 'nothing encrypted');
	DELETE FROM visit WHERE patient % 11 = 0; DELETE FROM $table WHERE id % 11 = 0; DELETE FROM plain WHERE id % 11 = 0;
	ALTER TABLE $table DISABLE TRIGGER count_change; UPDATE $table SET changed = 0; ALTER TABLE $table ENABLE TRIGGER count_change});

my @rekey = ('rekey', '--key', 'old.key', '--new-key', 'new.key', @dsn, '--table', $table);
my $before = sql(qq{SELECT id, note, features IS NULL, label IS NULL FROM $table ORDER BY 1});

sub keys_there
{
	return sql(qq{SELECT k.name, count(*) FROM $table t LEFT JOIN (VALUES ('@{[ id_of('old') ]}', 'old'), ('@{[ id_of('new') ]}', 'new')) k (id, name)
		ON k.id = "Crypt".lwe_key_id(t.features) WHERE t.features IS NOT NULL GROUP BY 1 ORDER BY 1});
}

# fingerprint of a key
sub id_of
{
	my ($out) = slurp_file("$_[0].key") =~ /"fingerprint": *"([0-9a-f]{16})"/;
	return $out;
}

# sums of everything equal those of the plain twin
sub sums_agree
{
	my ($key, $name) = @_;
	my $out = done([ 'query', '--key', "$key.key", @dsn, '--raw', '--csv', '-c',
		qq{SELECT "Crypt".sum(features), "Crypt".sum(label) FROM $table} ], "$name: query");
	my @got = (split /\n/, $out)[1] =~ /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
	my @want = split /\n/, sql('SELECT sum(x) FROM plain, unnest(features || CASE WHEN label IS NULL THEN 0 ELSE label END) WITH ORDINALITY AS u (x, i) GROUP BY i ORDER BY i');

	numbers_agree(\@got, \@want, 1e-5, $name);
}

# ---------------------------------------------------------------- refusals, which write nothing

refused([ 'rekey', '--key', 'old.key', '--new-key', 'old.key', @dsn, '--table', $table ], 4, qr/are the same key/, 'the same key twice');
refused([ 'rekey', '--key', 'old.key', @dsn, '--table', $table ], 2, qr/--new-key is missing/, 'no new key');
refused([ @rekey[ 0 .. 6 ], '--table', 'nowhere' ], 5, qr/relation "nowhere" does not exist/, 'no such table');
refused([ @rekey, '--column', 'feature' ], 5, qr/has no column "feature"/, 'no such column');
refused([ @rekey, '--column', 'note' ], 5, qr/column "note" of table .* is text, and not of type lwe_cipher/, 'a column of another type');
refused([ @rekey, '--column', 'label,label' ], 2, qr/named twice/, 'a column twice');
refused([ @rekey, '--batch-column', 'batches' ], 5, qr/has no column "batches"/, 'no such plain column');
sql(q{CREATE TABLE tokens (v "Crypt".rsa_cipher); CREATE VIEW seen AS SELECT * FROM tokens});
refused([ @rekey[ 0 .. 6 ], '--table', 'tokens', '--column', 'v' ], 5, qr/not of type lwe_cipher.*hint: RSA values are not/s, 'RSA');
refused([ @rekey[ 0 .. 6 ], '--table', 'tokens' ], 5, qr/has no column of type lwe_cipher/, 'nothing encrypted');
refused([ @rekey[ 0 .. 6 ], '--table', 'seen' ], 5, qr/no ordinary table/, 'a view');
# values of another key, and its key file: neither is opened
my $other = '0123456789abcdef';
file('other.key', slurp_file('old.key') =~ s/@{[ id_of('old') ]}/$other/r);
sql(qq{INSERT INTO $table (id, features) SELECT id - 100000, encode(overlay("Crypt".lwe_cipher_send(features) PLACING '\\x$other' FROM 9), 'base64')::"Crypt".lwe_cipher
	FROM $table WHERE id BETWEEN 100100 AND 100109});
refused([@rekey], 4, qr/column "features" of table .* holds 9 values under key $other.*Nothing was written.*move the others to a table of their own/s, 'rows of another key are named');
sql(qq{DELETE FROM $table WHERE "Crypt".lwe_key_id(features) = '$other';
	INSERT INTO $table (id, features) SELECT 6, "Crypt".sum(features) FROM $table});
refused([@rekey], 2, qr/holds 1 results of operations \(row\).*hint: Compute them again/s, 'a stored sum');
sql(qq{DELETE FROM $table WHERE id = 6});
is(sql(q{SELECT count(*) FROM pg_class WHERE relname LIKE 'ppdl_rekey%'}), '0', 'no table is left');
is(sql(qq{SELECT sum(changed) FROM $table}), '0', 'no row was touched');

# ---------------------------------------------------------------- interrupted, resumed, beside writers

# plain models belong to no key, the weights of sealed ones move with the rows
my $inputs = 18;
file('model.json', qq({"format": "ppdl-model", "version": 1, "name": "osteo", "spec": {"inputs": $inputs, "layers": [{"units": 2, "activation": "quadratic"}, {"units": 1}]}, "weights": [)
	. join(', ', map { sprintf '%.3f', (($_ * 7) % 11 - 5) / 20 } 0 .. 2 * $inputs + 4) . ']}');
done([ 'model', 'import', 'model.json', @dsn ], 'a plain model');
done([ 'model', 'import', 'model.json', '--name', 'sealed', '--key', 'old.key', @dsn ], 'a sealed one');
sql(qq{INSERT INTO "Crypt".ppdl_models (name, version, spec, cipher, key_id) SELECT name, 2, spec, cipher, '$other' FROM "Crypt".ppdl_models WHERE name = 'sealed'});
my $writer = $node->background_psql('postgres');
$writer->query_safe(qq{BEGIN; UPDATE $table SET note = 'moved' WHERE id = 5});

my $said = '';

# runs until it waits for the writer
sub start_and_wait
{
	my ($err, @options) = @_;
	my $h = IPC::Run::start([ 'ppdl', @rekey, '--batch-column', 'batch', @options ], '<', \undef, '>', \$said, '2>', $err);

	$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_locks WHERE mode = 'ExclusiveLock' AND NOT granted AND locktype = 'relation'})
	  or die 'it never waited';
	return $h;
}

my $err = '';
my $h = start_and_wait(\$err);
$h->kill_kill(grace => 0);
my $oid = sql(qq{SELECT '$table'::regclass::oid});
my $rows = sql(qq{SELECT count(*) FROM $table WHERE features IS NOT NULL});
is(sql("SELECT count(*) FROM ppdl_rekey_$oid"), $rows, 'killed: all rows lie in the side table');
is(keys_there(), "old|$rows", 'and none has changed');
like(sql("SELECT obj_description('ppdl_rekey_$oid'::regclass)"), qr/ppdl rekey of .*from key .* to .*: the same command goes on/, 'which says what it is');
refused([ 'rekey', '--key', 'old.key', '--new-key', 'other.key', @dsn, '--table', $table ], 5, qr/left by another run: .*hint: Go on with that, or give it up with: DROP TABLE public.ppdl_rekey_$oid/s,
	'what was begun for one key is not finished for another');
# whoever may create tables in the schema could have made it, with its comment, rows of theirs, and triggers that run as whoever fills it
sql("CREATE ROLE mallory; GRANT CREATE ON SCHEMA public TO mallory; ALTER TABLE ppdl_rekey_$oid OWNER TO mallory");
refused([@rekey], 5, qr/table public.ppdl_rekey_$oid is there, and belongs to role "mallory", not to .*hint: Go on as that role/s, 'a side table of somebody else');
sql("ALTER TABLE ppdl_rekey_$oid OWNER TO CURRENT_USER");
sql("DELETE FROM ppdl_rekey_$oid WHERE ctid < '(5,0)'");
# functions that fit arguments better than PostgreSQL's own, in a schema that others may write to, are not called
sql(q{CREATE FUNCTION caught() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'a function of the public schema was called'; END $$;
	CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE sql AS $$ SELECT caught()::text $$;
	CREATE FUNCTION pg_relation_size(oid) RETURNS bigint LANGUAGE sql AS $$ SELECT caught()::bigint $$;
	CREATE FUNCTION pg_table_size(oid) RETURNS bigint LANGUAGE sql AS $$ SELECT caught()::bigint $$;
	CREATE FUNCTION has_schema_privilege(regnamespace, text) RETURNS bool LANGUAGE sql AS $$ SELECT caught()::bool $$;
	CREATE FUNCTION obj_description(oid, text) RETURNS text LANGUAGE sql AS $$ SELECT caught()::text $$;
	CREATE FUNCTION obj_description(regclass, text) RETURNS text LANGUAGE sql AS $$ SELECT caught()::text $$;
	CREATE FUNCTION same(oid, regclass) RETURNS bool LANGUAGE sql AS $$ SELECT caught()::bool $$;
	CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = same);
	CREATE FUNCTION times(numeric, float8) RETURNS float8 LANGUAGE sql AS $$ SELECT caught()::float8 $$;
	CREATE OPERATOR * (LEFTARG = numeric, RIGHTARG = float8, FUNCTION = times)});
my $kept = sql("SELECT count(*) FROM ppdl_rekey_$oid");
ok($kept > 0 && $kept < $rows, 'half of them is as if the kill had come earlier');
# a row of which one value was under a key that was not known to be a writer's
sql("UPDATE ppdl_rekey_$oid SET c2 = NULL WHERE ctid = (SELECT max(ctid) FROM ppdl_rekey_$oid WHERE c2 IS NOT NULL)");
$kept--;

$err = '';
$h = start_and_wait(\$err);
$h->signal('INT');
$h->finish;
is(exit_code(), 1, 'Ctrl-C: exit code');
sql('DROP FUNCTION quote_ident(name), pg_relation_size(oid), pg_table_size(oid), has_schema_privilege(regnamespace, text), obj_description(oid, text), obj_description(regclass, text);
	DROP OPERATOR =(oid, regclass); DROP OPERATOR *(numeric, float8)');
like($err, qr/going on with $kept rows.*interrupted.*hint: The table is as it was.*the same command goes on/s, 'Ctrl-C: says what is where');
is(keys_there(), "old|$rows", 'the table is as it was');

# a training that waits to be resumed
my $training = $node->data_dir . '/ppdl_train/' . sql(q{SELECT oid FROM pg_database WHERE datname = 'postgres'}) . '.osteo@' . sql('SELECT oid FROM pg_roles WHERE rolname = current_user');
mkdir $_ for dirname($training), $training;
file("$training/run", pack('V3 a80 V/a* V/a* Q< C H16', 0x32525450, $training =~ /(\d+)\.osteo\@(\d+)/, 'osteo@1', '', '{}', 0, 3, id_of('old')));
refused([@rekey], 2, qr/1 trainings with rows under the old key wait to be resumed: osteo\@1 \(role ".*", 0 of \? steps\).*hint: Nothing was written.*ppdl_train_resume.*--leave-trainings/s, 'a training that waits');

# rows come, change and go while it waits, and a writer is published, whose rows and model are there, too
done([ 'publish', 'old.pub', @dsn ], 'publish the old key');
done([ 'model', 'import', 'model.json', '--name', 'wards', '--key', 'ward.key', @dsn ], 'a model under a writer\'s key');
$err = '';
$h = start_and_wait(\$err, '--leave-trainings');
done([ 'publish', 'ward.pub', @dsn ], 'publish a writer');
done([ @plain, 'ward.csv' ], 'its rows in the clear');
file('ward.copy', done([ 'encrypt', '--key', 'ward.key', '--features', 'features.json', 'ward.csv' ], 'its rows'));
done([ @plain, 'late.csv' ], 'new rows in the clear');
my $copy = done([ 'encrypt', '--key', 'old.key', '--features', 'features.json', 'late.csv' ], 'new rows');
file('late.copy', $copy);
$writer->query_safe(qq{DELETE FROM visit WHERE patient = 100002; DELETE FROM $table WHERE id = 100002});
$writer->query_safe(qq{CREATE TEMP TABLE late (id int, features "Crypt".lwe_cipher, label "Crypt".lwe_cipher)});
$writer->query_safe(qq{\\copy late FROM '$dir/late.copy'});
$writer->query_safe(qq{\\copy late FROM '$dir/ward.copy'});
$writer->query_safe(qq{INSERT INTO $table (id, features, label) SELECT * FROM late});
$writer->query_safe(qq{UPDATE $table SET features = b.features, label = b.label FROM late b WHERE "the ""100%s"" rows".id = 100003 AND b.id = 100601});
$writer->query_safe('COMMIT');
$writer->quit;
sql(q{DELETE FROM plain WHERE id = 100002; UPDATE plain p SET features = b.features, label = b.label FROM plain b WHERE p.id = 100003 AND b.id = 100601});
$h->finish;
is(exit_code(), 0, 'done') or diag($err);
$rows = sql(qq{SELECT count(*) FROM plain});
is(keys_there(), "new|$rows", 'all rows are under the new key, the late ones too');
like($said, qr/$rows rows are under key .*, \d+ of them came or changed meanwhile\nmodels: encrypted weights of 2 versions moved\n/, 'so it says');
is(sql(q{SELECT count(*) FROM pg_class WHERE relname LIKE 'ppdl_rekey%'}), '0', 'the side table is gone');
like($err, qr/trainings that wait to be resumed stay under the old key: osteo\@1.*waiting for transactions that write.*dead rows \(VACUUM .*key "new" is not published there/s, 'what is left to do is said');

# ---------------------------------------------------------------- what became of them

done([ 'publish', 'new.pub', '--for', 'predict', @dsn ], 'publish the new key');
sums_agree('new', 'sums under the new key');
refused([ 'query', '--key', 'old.key', @dsn, '-c', qq{SELECT features FROM $table WHERE id = 100004} ], 4, qr/encrypted under key @{[ id_of('new') ]}/, 'the old key reads nothing');
is(sql(qq{SELECT count(*) FILTER (WHERE batch IS DISTINCT FROM "Crypt".lwe_batch(features)), count(*) FILTER (WHERE label IS NOT NULL AND "Crypt".lwe_batch(label) <> "Crypt".lwe_batch(features)),
	count(*) FILTER (WHERE features IS NOT NULL AND changed <> 1) FROM $table WHERE id < 100601 AND id <> 100003}), '0|0|0', 'batches are numbered, labels lie beside their features, the trigger fired once');
is(sql(qq{SELECT count(*) FROM (SELECT id, note, features IS NULL, label IS NULL FROM $table EXCEPT SELECT * FROM (VALUES }
	. join(',', map { my @f = split /\|/, $_, -1; "($f[0], nullif('$f[1]', ''), '$f[2]'::bool, '$f[3]'::bool)" } split /\n/, $before) . qq{) v (id, note, f, l)) d WHERE id NOT IN (5, 100003) AND id < 100601}),
	'0', 'nothing else has changed, NULL is where it was');
is(sql(qq{SELECT count(*) FROM visit}), sql(qq{SELECT count(*) FROM visit JOIN $table ON id = patient}), 'what refers to the rows still does');
like(done([@rekey], 'once more'), qr/no row is under key/, 'has nothing to do');

is(sql(q{SELECT string_agg(name || '@' || version || ' ' || coalesce(key_id, '-'), ', ' ORDER BY name, version) FROM "Crypt".ppdl_models}),
	"osteo\@1 -, sealed\@1 @{[ id_of('new') ]}, sealed\@2 $other, wards\@1 @{[ id_of('new') ]}", 'the others stay');
unlink "$training/run" or die $!;
rmdir $training;
my ($plain_weights) = slurp_file('model.json') =~ /"weights": (\[[^]]*\])/;
done([ 'model', 'export', 'sealed@1', '--key', 'new.key', '-o', 'opened.json', @dsn ], 'the new key opens it');
my ($opened) = slurp_file('opened.json') =~ /"weights": (\[[^]]*\])/;
numbers_agree([ $opened =~ /-?[\d.]+(?:e-?\d+)?/g ], [ $plain_weights =~ /-?[\d.]+/g ], 1e-4, 'the same weights');
my $predict = q{"Crypt".ppdl_predict('osteo', features)};
my @got = done([ 'query', '--key', 'new.key', @dsn, '--raw', '--csv', '-c', qq{SELECT $predict FROM $table WHERE id = 100004} ], 'predict') =~ /-?\d+\.\d+/g;
my @want = sql(qq{SELECT (${predict})[1] FROM plain WHERE id = 100004});
numbers_agree(\@got, \@want, 1e-3, 'predictions under the new key');

# ---------------------------------------------------------------- what stands in the way at the end

sql(q{CREATE TABLE stubborn (id int, features "Crypt".lwe_cipher);
	CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.id % 2 = 0 THEN NEW END; END $$;
	CREATE TRIGGER keep BEFORE UPDATE ON stubborn FOR EACH ROW EXECUTE FUNCTION keep();
	CREATE ROLE alice LOGIN; GRANT USAGE ON SCHEMA "Crypt" TO alice; GRANT SELECT, UPDATE ON stubborn TO alice; GRANT CREATE ON SCHEMA public TO alice; REVOKE SELECT ON "Crypt".ppdl_models FROM PUBLIC});
done([ 'encrypt', '--key', 'old.key', '--features', 'features.json', '--no-label', '--compact', '--table', 'stubborn', @dsn, 'late.csv' ], 'rows');
my @stubborn = ('rekey', '--key', 'old.key', '--new-key', 'new.key', '--table', 'stubborn');
my $blind = qr/this role may not read models/;
refused([ @stubborn, '--dsn', "$dsn user=alice" ], 5, qr/^(?!.*$blind.*$blind).*$blind.*of 20 rows under the old key 10 were replaced, and 10 are still there.*hint: Nothing was changed. A trigger/s, 'a trigger that holds rows back; of models it is said once that the role may not read them');
is(sql(q{SELECT count(DISTINCT "Crypt".lwe_key_id(features)) FROM stubborn}), '1', 'changes nothing');
sql('DROP TRIGGER keep ON stubborn; ALTER TABLE stubborn ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON stubborn USING (id > 100610)');
refused([ @stubborn, '--dsn', "$dsn user=alice" ], 5, qr/affected by row-level security policy/, 'rows that a policy hides');
sql('ALTER TABLE stubborn DISABLE ROW LEVEL SECURITY; REVOKE UPDATE ON stubborn FROM alice');
refused([ @stubborn, '--dsn', "$dsn user=alice" ], 5, qr/role "alice" may not read and update table public.stubborn.*hint: GRANT/s, 'without the right to update');

$node->stop;
done_testing();
