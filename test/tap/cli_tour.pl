# doc/tour.md: its commands are run in order, and what they print is what the page says, but for keys, ids, places and
# the last digit of numbers.  With PPDL_TOUR_WRITE=FILE the page is written anew, with what came out.
use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $here = dirname(__FILE__);
my $page = PostgreSQL::Test::Utils::slurp_file("$here/../doc/tour.md");
my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('tour');

$node->init(extra => [ '--encoding', 'UTF8' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
file("$dir/hospital.csv", PostgreSQL::Test::Utils::slurp_file("$here/../contrib-data/hospital.csv"));
chdir $dir or die "cannot enter $dir: $!";
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
$ENV{PSQLRC} = '/dev/null';
$ENV{LC_ALL} = 'C.UTF-8';

# what differs from run to run
sub settled
{
	my $text = shift;

	$text =~ s/\b[0-9a-f]{32}\b/<digest>/g;
	$text =~ s/\b(?=[0-9a-f]*[a-f])[0-9a-f]{16}\b|\b[0-9]{16}\b/<key>/g;
	$text =~ s/\b[0-9a-f]{12}\b/<encoding>/g;
	$text =~ s{\S+:\d+/postgres\b}{<database>}g;
	$text =~ s/[0-9.]+ [KM]iB/<size>/g;
	$text =~ s/PostgreSQL [0-9][0-9.a-z]*(?: \([^)]*\))?, as \S+/PostgreSQL, as <role>/g;
	return $text;
}

# the same words, and numbers that differ by two of the last digit that both show at most
sub agree
{
	my ($got, $want) = @_;
	my $number = qr/-?\d+(?:\.\d+)?/;
	my @got = settled($got) =~ /$number/g;
	my @want = settled($want) =~ /$number/g;
	my ($words, $expected) = map { my $t = settled($_); $t =~ s/$number/N/g; $t =~ s/[ \t-]+/ /g; $t } $got, $want;

	return 0 if $words ne $expected || @got != @want;
	for my $i (0 .. $#got)
	{
		my ($is, $should) = map { /\.(\d+)/ ? length $1 : 0 } $got[$i], $want[$i];
		my $digits = $is < $should ? $is : $should;

		return 0 if $is == 0 && $should == 0 ? $got[$i] ne $want[$i] : abs($got[$i] - $want[$i]) > 2.01 * 10**-$digits;
	}
	return 1;
}

sub run_command
{
	my $command = shift;
	my (undef, $out) = command('bash', '-o', 'pipefail', '-c', "{ $command\n} 2>&1");

	return $out;
}

my $written = '';
my $commands = 0;

for my $part (split /(^```console\n.*?^```\n)/ms, $page)
{
	if ($part !~ /^```console\n(.*)^```\n/ms)
	{
		$written .= $part;
		next;
	}
	$written .= "```console\n";
	for my $step (split /^(?=\$ )/m, $1)
	{
		my ($command, $want) = $step =~ /^\$ ([^\n]*)\n(.*)/s;
		my $got = run_command($command);

		ok(agree($got, $want), substr $command, 0, 70) or diag("came:\n$got\nand not:\n$want");
		$written .= "\$ $command\n$got";
		$commands++;
	}
	$written .= "```\n";
}
unlike($written, qr/ERROR|failed/, 'nothing failed');

# the page shows encrypted averages and plain ones: of each ward age, weight, height and smokers
sub wards
{
	my ($header, @at) = @_;
	my ($table) = $written =~ /$header[^\n]*\n-[-+]+\n(.*?)\(3 rows\)/s or return;

	return map { [ (map { s/[ %]//gr } split /\|/)[@at] ] } $table =~ /^ (\S+ +\|.*)$/mg;
}
my @encrypted = wards(qr/ avg\.Geburtsdatum /, 2, 3, 5, 7);
my @plain = wards(qr/ age +\| +weight /, 2, 3, 4, 5);
is(scalar @encrypted, 3, 'three wards');
is(scalar @plain, 3, 'and in the clear');
for my $ward (0 .. 2)
{
	cmp_ok(abs($encrypted[$ward][$_] - $plain[$ward][$_]), '<', 2e-5, "ward $ward, average $_") for 0 .. 3;
}
cmp_ok($commands, '>', 15, 'the page has commands');
file($ENV{PPDL_TOUR_WRITE}, $written) if $ENV{PPDL_TOUR_WRITE};

$node->stop;
done_testing;
