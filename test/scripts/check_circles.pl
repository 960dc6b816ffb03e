#!/usr/bin/perl
# Finds circles between the source files of src/: sets of files that all need
# each other, directly or through others of the set.  A file needs another when its
# object refers to a symbol that the other's object defines.
#
#	check_circles.pl [--allow N] OBJECT ...		fails when there are more than N circles (0)
#	check_circles.pl --self-test
use strict;
use warnings;

# the strongly connected components of more than one node (Tarjan 1972); needs: node => { node => 1 }
sub circles
{
	my ($needs) = @_;
	my (%index, %low, %on, @stack, @found);
	my $next = 0;
	my $visit;

	$visit = sub {
		my ($v) = @_;

		$index{$v} = $low{$v} = $next++;
		push @stack, $v;
		$on{$v} = 1;
		for my $w (sort keys %{ $needs->{$v} // {} })
		{
			if (!defined $index{$w})
			{
				$visit->($w);
				$low{$v} = $low{$w} if $low{$w} < $low{$v};
			}
			elsif ($on{$w})
			{
				$low{$v} = $index{$w} if $index{$w} < $low{$v};
			}
		}
		if ($low{$v} == $index{$v})
		{
			my @set;

			do { push @set, pop @stack; $on{ $set[-1] } = 0; } until $set[-1] eq $v;
			push @found, [ sort @set ] if @set > 1;
		}
	};
	defined $index{$_} or $visit->($_) for sort keys %$needs;
	return sort { $a->[0] cmp $b->[0] } @found;
}

# object => { object => symbols }, of text as `nm -A` prints it
sub needs
{
	my (%home, %wants, %needs);

	for (@_)
	{
		my ($file, $type, $symbol) = /^(\S+?):\S*\s+([A-Za-z])\s+(\S+)$/ or next;

		if ($type eq 'U') { push @{ $wants{$file} }, $symbol; }
		elsif ($type =~ /^[TDBRCVW]$/) { $home{$symbol} = $file; }
		$needs{$file} //= {};
	}
	for my $file (keys %wants)
	{
		for my $symbol (@{ $wants{$file} })
		{
			my $to = $home{$symbol};

			push @{ $needs{$file}{$to} }, $symbol if defined $to && $to ne $file;
		}
	}
	return \%needs;
}

sub report
{
	my ($needs, @circles) = @_;

	for my $circle (@circles)
	{
		my %in = map { $_ => 1 } @$circle;

		print "circle: @{[ map { s/\.o$/.c/r } @$circle ]}\n";
		for my $from (@$circle)
		{
			for my $to (grep { $in{$_} } sort keys %{ $needs->{$from} })
			{
				my @symbols = sort @{ $needs->{$from}{$to} };

				print "\t", $from =~ s/\.o$/.c/r, ' needs ', $to =~ s/\.o$/.c/r, ' for ', join(', ', @symbols), "\n";
			}
		}
	}
}

sub self_test
{
	my @case = (
		[ 'a chain', 0, 'a.o: T fa', 'a.o: U fb', 'b.o: T fb', 'b.o: U fc', 'c.o: T fc', 'c.o: U malloc' ],
		[ 'two files', 1, 'a.o:0001 T fa', 'a.o: U fb', 'b.o:0001 T fb', 'b.o: U fa' ],
		[ 'three files', 1, 'a.o: T fa', 'a.o: U fb', 'b.o: T fb', 'b.o: U fc', 'c.o: D fc', 'c.o: U fa' ],
		[ 'two circles', 2, 'a.o: T fa', 'a.o: U fb', 'b.o: T fb', 'b.o: U fa', 'b.o: U fc', 'c.o: T fc', 'c.o: U fd', 'd.o: B fd', 'd.o: U fc' ],
		[ 'a file and itself', 0, 'a.o: T fa', 'a.o: U fa' ],
		[ 'private names', 0, 'a.o: T fa', 'a.o: t helper', 'a.o: U fb', 'b.o: T fb', 'b.o: t helper' ]);
	my $bad = 0;

	for (@case)
	{
		my ($name, $expected, @nm) = @$_;
		my $got = () = circles(needs(@nm));

		next if $got == $expected;
		print "check_circles: self-test failed on $name: $got circles instead of $expected\n";
		$bad = 1;
	}
	return $bad;
}

exit self_test() if @ARGV && $ARGV[0] eq '--self-test';

my $allowed = 0;

if (@ARGV && $ARGV[0] eq '--allow')
{
	shift @ARGV;
	$allowed = shift @ARGV;
}
die "no objects given\n" unless @ARGV;
open my $nm, '-|', 'nm', '-A', @ARGV or die "cannot run nm: $!\n";
my @lines = <$nm>;
close $nm or die "nm failed\n";

my $needs = needs(@lines);
my @circles = circles($needs);

report($needs, @circles);
printf "%d circles between the files of src/, %d allowed\n", scalar @circles, $allowed if @circles;
exit(@circles > $allowed ? 1 : 0);
