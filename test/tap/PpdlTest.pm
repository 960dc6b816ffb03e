# What the Perl tests share: an owner with keys and rows, and answers decrypted by the ppdl tool.
package PpdlTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_owner publish load_patients make_model decrypted cache_files numbers_agree $patients_csv);
our %EXPORT_TAGS = (cli => [qw(command ppdl_in ppdl done refused file exit_code)]);
our @EXPORT_OK = @{ $EXPORT_TAGS{cli} };

# check.sh copies contrib-data beside the tests' directory
our $patients_csv = dirname(__FILE__) . '/../contrib-data/patients.csv';

$ENV{PPDL_PASSPHRASE} = 'only for tests';

# Runs a command that must succeed; returns its standard output.
sub tool
{
	my ($stdout, $stderr);
	my $ok = IPC::Run::run([@_], '<', \undef, '>', \$stdout, '2>', \$stderr);

	die "@_ failed: $stderr" unless $ok;
	return $stdout;
}

# The exit code of the command that ended last; one that a signal killed has none, whatever it printed before.
sub exit_code
{
	my ($said) = @_;

	die sprintf "a command was killed by signal %d: %s\n", $? & 127, $said // '' if $? & 127;
	return $? >> 8;
}

# Runs a command with $in as its input; returns its exit code, output and messages.
sub command_in
{
	my ($in, @args) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(\@args, '<', \$in, '>', \$out, '2>', \$err);
	return (exit_code("@args: $err"), $out, $err);
}

sub command
{
	return command_in('', @_);
}

# The same for the tool.
sub ppdl_in
{
	my ($in, @args) = @_;

	return command_in($in, 'ppdl', @args);
}

sub ppdl
{
	return ppdl_in('', @_);
}

# The tool must succeed; returns its output.
sub done
{
	my ($args, $name) = @_;
	my ($rc, $out, $err) = ppdl(@$args);

	is($rc, 0, $name) or diag($err);
	return $out;
}

# The tool must end with exit code $code and a message that matches $like.
sub refused
{
	my ($args, $code, $like, $name, $in) = @_;
	my ($rc, $out, $err) = ppdl_in($in // '', @$args);

	is($rc, $code, "$name: exit code") or diag($err);
	like($err, $like, "$name: message");
}

# Writes a file; returns its name.
sub file
{
	my ($name, $text) = @_;

	open my $fh, '>:raw', $name or die "cannot write $name: $!";
	print $fh $text;
	close $fh;
	return $name;
}

# Makes keys and an encoding in a fresh directory of the owner's.  Returns { dir, key, pub, features, rows }.
sub new_owner
{
	my ($rows) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $owner = {
		dir => $dir,
		key => "$dir/clinic.key",
		pub => "$dir/clinic.pub",
		features => "$dir/features.json",
		csv => "$dir/rows.csv",
		rows => $rows
	};
	my @lines = split /^/, slurp_file($patients_csv);

	append_to_file($owner->{csv}, join('', @lines[ 0 .. $rows ]));
	tool('ppdl', 'keygen', '--out', "$dir/clinic");
	tool('ppdl', 'encode', $owner->{csv}, '--id', 'Id', '--label', 'Osteoporosis', '-o', $owner->{features});
	return $owner;
}

sub publish
{
	my ($node, $owner, $use) = @_;

	tool('ppdl', 'publish', $owner->{pub}, '--for', $use, '--dsn', $node->connstr('postgres'));
}

# Table patients(id, features, label) of encrypted rows and plain_patients of the same in the clear.
sub load_patients
{
	my ($node, $owner) = @_;
	my $dir = $owner->{dir};

	append_to_file("$dir/cipher.copy",
		tool('ppdl', 'encrypt', '--key', $owner->{key}, '--features', $owner->{features}, $owner->{csv}));
	append_to_file("$dir/plain.copy", tool('ppdl', 'encrypt', '--plain', '--features', $owner->{features}, $owner->{csv}));
	$node->safe_psql(
		'postgres', qq{
		CREATE TABLE patients (id int PRIMARY KEY, features lwe_cipher, label lwe_cipher);
		CREATE TABLE plain_patients (id int PRIMARY KEY, features float8[], label float8);
		\\copy patients FROM '$dir/cipher.copy'
		\\copy plain_patients FROM '$dir/plain.copy'
	});
}

# A small network, trained in the clear on the plain rows.
sub make_model
{
	my ($node, $name) = @_;
	my $inputs = $node->safe_psql('postgres', 'SELECT array_length(features, 1) FROM plain_patients LIMIT 1');

	$node->safe_psql(
		'postgres', qq{
		SELECT ppdl_create_model('$name', '{"inputs": $inputs, "layers": [{"units": 4, "activation": "quadratic"},
			{"units": 1, "activation": "identity"}]}');
		SELECT ppdl_train('$name', features, label, '{"steps": 4, "batch": 64, "learning_rate": 0.1}' ORDER BY id)
			FROM plain_patients;
	});
}

# The numbers in the answer to a query, decrypted by the owner, in order.
sub decrypted
{
	my ($node, $owner, $query) = @_;
	my $csv =
	  tool('ppdl', 'query', '--key', $owner->{key}, '--dsn', $node->connstr('postgres'), '--raw', '--format', 'csv', '-c', $query);
	my @lines = split /\n/, $csv;

	shift @lines;
	return map { /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g } @lines;
}

# Files of the cache of expanded keys.
sub cache_files
{
	my ($node) = @_;
	my $root = $node->data_dir . '/pgsql_tmp_ppdl';

	return sort grep { -f } glob("$root/*/*/*");
}

sub numbers_agree
{
	my ($got, $expected, $tolerance, $name) = @_;

	my $largest = 0;

	return is(scalar @$got, scalar @$expected, "$name: count") if @$got != @$expected || !@$expected;
	for my $i (0 .. $#$expected)
	{
		my $difference = abs($got->[$i] - $expected->[$i]);

		$largest = $difference if $difference > $largest;
		next if $difference <= $tolerance;
		diag("number $i is $got->[$i], expected $expected->[$i]");
		return fail($name);
	}
	note(sprintf 'largest difference of %d: %.2g of what is allowed', scalar @$got, $largest / $tolerance);
	return pass($name);
}

1;
