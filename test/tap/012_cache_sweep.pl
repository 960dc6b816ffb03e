# What nobody needs of the cache of expanded keys goes, and backups do not carry it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;

my $node = PostgreSQL::Test::Cluster->new('sweep');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'ppdl.owner_mode = on');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ppdl'");
$node->start;
my $root = $node->data_dir . '/pgsql_tmp_ppdl';
my %oid;

# A database with a key, some of whose expanded form is in the cache: three rows of 4096 values take two merges.
sub database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name") if $name ne 'postgres';
	my $key = $node->safe_psql($name, q{CREATE EXTENSION ppdl; SELECT lwe_keygen('clinic', 'secret words', 'predict')});
	$node->safe_psql($name, qq{CREATE TABLE rows AS SELECT v FROM lwe_encrypt_rows('$key', array_fill(0.5::float8, ARRAY[3, 4096]), 'secret words', true) v});
	$oid{$name} = $node->safe_psql('postgres', "SELECT oid FROM pg_database WHERE datname = '$name'");
	warm($name);
	is(files($name), 2, "$name has a cache");
}

sub warm
{
	my ($name) = @_;

	$node->safe_psql($name, 'SELECT lwe_rows(lwe_pack(v)) FROM rows');
}

sub files
{
	my ($name) = @_;

	return scalar(grep { m!/$oid{$name}/! } cache_files($node));
}

# A backend of `postgres` that makes a file looks around.
sub sweep
{
	unlink((grep { m!/$oid{postgres}/.*/row_galois_8193$! } cache_files($node))[0]) or die;
	warm('postgres');
}

database($_) for qw(postgres kept dropped removed);

# base backups
my $backup = $node->backup_dir . '/copy';
command_ok([ 'pg_basebackup', '-D', $backup, '-h', $node->host, '-p', $node->port, '--checkpoint', 'fast', '--no-sync' ], 'pg_basebackup');
ok(-d "$backup/base", 'the backup has the data');
ok(!-e "$backup/pgsql_tmp_ppdl", 'but not the cache');
is(system("grep -rlq ppdlkey '$backup' --include='row_*'") >> 8, 1, 'under whatever name');

# restarts keep it
my $kept = files('postgres');
$node->restart;
is(files('postgres'), $kept, 'a restart keeps the cache');

# keys, databases, extensions that are gone
$node->safe_psql('postgres', 'DROP DATABASE dropped');
$node->safe_psql('removed', 'DROP EXTENSION ppdl CASCADE');
mkdir "$root/$oid{postgres}/0123456789abcdef" or die;
append_to_file("$root/$oid{postgres}/0123456789abcdef/row_relin", 'of a key that was dropped elsewhere, or restored');
mkdir "$root/notes" or die;
my $old = $node->data_dir . '/ppdl_cache';
mkdir $old or die;
mkdir "$old/0123456789abcdef" or die;
append_to_file("$old/0123456789abcdef/row_relin", 'of version 0.1.0');
$node->safe_psql('postgres', 'CHECKPOINT');
sweep();
is(files('dropped'), 0, 'the files of a dropped database are gone');
is(files('removed'), 0, 'those of a dropped extension, too');
ok(!-e "$root/$oid{$_}", "and the directory of $_") for qw(dropped removed);
is(files('postgres'), $kept, 'those of this database stay');
is(files('kept'), $kept, 'and those of another');
ok(!-e "$root/$oid{postgres}/0123456789abcdef", 'but for a key that no table knows');
ok(!-e $old, "0.1.0's directory is gone");
ok(-d "$root/notes", 'what is not ours is left alone');

# one database's keys are not another's: the same key, dropped in one, serves on in the other
my $id = $node->safe_psql('kept', 'SELECT key_id FROM ppdl_keys');
$node->safe_psql('kept', q{SELECT ppdl_drop_key('clinic')});
is(files('kept'), 0, 'dropping a key removes its files');
is(files('postgres'), $kept, 'in its own database');
$node->safe_psql('postgres', 'SELECT ppdl_cache_clear()');
is(files('postgres'), 0, 'ppdl_cache_clear empties a database');

# links do not lead the sweep astray
my $elsewhere = PostgreSQL::Test::Utils::tempdir;
append_to_file("$elsewhere/precious", 'not ours');
warm('postgres');
symlink($elsewhere, "$root/$oid{postgres}/fedcba9876543210") or die;
sweep();
ok(-f "$elsewhere/precious", 'a link is removed, not what it points to');
ok(!-l "$root/$oid{postgres}/fedcba9876543210", 'and it is removed');

$node->stop;
done_testing();
