#!/usr/bin/perl
# Compares the binary interface of libppdl with test/lib/abi.txt: the symbols that the library exports, with their
# versions; what the public header says of them; sizes and offsets of its structs; its constants.
#
#	check_abi.pl LIBRARY HEADER			fails when anything of the list is gone or different, or is not yet in it
#	check_abi.pl --print LIBRARY HEADER		the list as it is now
#	check_abi.pl --self-test
#
# What a release has had never leaves the list: new symbols get a new version in src/lib/ppdl.map, structs grow at
# their ends only, and their sizes then change in the list.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp qw(tempdir);

sub slurp
{
	my ($path) = @_;

	open my $in, '<', $path or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

# what a header says: prototypes and callbacks as text; [struct, member ...]; constants
sub header_says
{
	my ($text) = @_;
	my (@text, @struct, @constant);

	$text =~ s{/\*.*?\*/}{ }gs;
	push @constant, $1 while $text =~ /^#define[ \t]+(PPDL_[A-Z_0-9]+)[ \t]+\S/mg and $1 ne 'PPDL_API';
	$text =~ s/^#.*$//mg;
	while ($text =~ /\benum\s*\{([^}]*)\}/g)
	{
		push @constant, map { /(\w+)/ ? $1 : () } split /,/, $1;
	}
	while ($text =~ /typedef struct (\w+)\s*\{([^}]*)\}/g)
	{
		push @struct, [ $1, map { /(\w+)\s*(?:\[[^]]*\])?\s*$/ ? $1 : () } split /;/, $2 ];
	}
	while ($text =~ /(?:\bPPDL_API|\btypedef(?= \w+ \())\s([^;{]*\([^;]*?\));/g)
	{
		push @text, $1 =~ s/\s+/ /gr =~ s/^ //r =~ s/([(*]) /$1/gr;
	}
	return (\@text, \@struct, [ grep { $_ ne 'PPDL_API' } @constant ]);
}

# lines about layout and values, of a program that is compiled and run
sub layout
{
	my ($header, $struct, $constant) = @_;
	my $dir = tempdir(CLEANUP => 1);
	my $cc = $ENV{CC} // 'cc';

	open my $c, '>', "$dir/abi.c" or die "$dir/abi.c: $!\n";
	print $c "#include <stdio.h>\n#include <stddef.h>\n#include \"$header\"\nint main(void)\n{\n";
	for (@$struct)
	{
		my ($name, @member) = @$_;

		print $c qq{	printf("struct $name %zu bytes\\n", sizeof($name));\n};
		print $c qq{	printf("struct $name.$_ at %zu, %zu bytes\\n", offsetof($name, $_), sizeof((($name *) 0)->$_));\n}
			for @member;
	}
	print $c qq{	printf("constant $_ %lld\\n", (long long) ($_));\n} for @$constant;
	print $c "	return 0;\n}\n";
	close $c;
	system($cc, '-o', "$dir/abi", "$dir/abi.c") == 0 or die "cannot compile what prints the layout\n";
	my @line = `$dir/abi`;
	chomp @line;
	return @line;
}

sub abi
{
	my ($library, $header) = @_;
	my ($text, $struct, $constant) = header_says(slurp($header));
	my $path = $header =~ m{^/} ? $header : `pwd` =~ s/\n//r . "/$header";
	my @symbol = map { /\s[TDBRV]\s+(\S+)$/ && $1 !~ /^PPDL_/ ? "symbol $1" : () }
		`nm -D --defined-only --with-symbol-versions $library`;

	die "$library exports nothing\n" unless @symbol;
	return ((sort @symbol), (sort map { "prototype $_" } @$text), layout($path, $struct, $constant));
}

# complaints
sub differences
{
	my ($expected, $got) = @_;
	my %expected = map { $_ => 1 } @$expected;
	my %got = map { $_ => 1 } @$got;

	return ((map { "gone or changed: $_" } grep { !$got{$_} } @$expected),
		map { "not in the list: $_" } grep { !$expected{$_} } @$got);
}

sub self_test
{
	my $header = <<'H';
#define PPDL_FLAG UINT32_C(1)	/* c */
enum { PPDL_A = 1, PPDL_B };
typedef struct ppdl_x ppdl_x;
typedef int32_t (*ppdl_fn) (void *arg);
typedef struct ppdl_s
{
	uint64_t	size;	/* int32_t no; */
	char		name[24];
} ppdl_s;
PPDL_API int32_t ppdl_f(ppdl_x *x,
						ppdl_s *s);
H
	my ($text, $struct, $constant) = header_says($header);
	my $is = join '|', @$text, (map { join ' ', @$_ } @$struct), @$constant;
	my $want = 'int32_t (*ppdl_fn) (void *arg)|int32_t ppdl_f(ppdl_x *x, ppdl_s *s)|ppdl_s size name|PPDL_FLAG|PPDL_A|PPDL_B';
	my $bad = 0;
	my @case = ([ 'nothing', 0, [ 'a', 'b' ], [ 'b', 'a' ] ], [ 'removed', 1, [ 'a', 'b' ], ['a'] ],
		[ 'added', 1, ['a'], [ 'a', 'b' ] ], [ 'changed', 2, ['a 1'], ['a 2'] ]);

	if ($is ne $want) { print "check_abi: self-test failed on a header: $is\n"; $bad = 1; }
	for (@case)
	{
		my ($name, $n, $expected, $got) = @$_;
		my $found = () = differences($expected, $got);

		next if $found == $n;
		print "check_abi: self-test failed: $name: $found differences\n";
		$bad = 1;
	}
	return $bad;
}

exit self_test() if @ARGV && $ARGV[0] eq '--self-test';
if (@ARGV && $ARGV[0] eq '--print')
{
	print "$_\n" for abi(@ARGV[ 1, 2 ]);
	exit 0;
}
die "check_abi.pl LIBRARY HEADER\n" unless @ARGV == 2;
my $list = dirname(__FILE__) . '/abi.txt';
my @bad = differences([ split /\n/, slurp($list) ], [ abi(@ARGV) ]);

print "$_\n" for @bad;
print "$list has what released libraries have; see test/lib/check_abi.pl\n" if @bad;
exit(@bad ? 1 : 0);
