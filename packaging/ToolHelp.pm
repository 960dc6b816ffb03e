# What `ppdl help` and `ppdl COMMAND --help` say, taken apart: manual pages and completion are made from it, and say
# what the tool of the same build says.
package ToolHelp;

use strict;
use warnings;

# no line is wrapped, and descriptions of options begin at this column
my $column = 100;

sub ask
{
	my ($tool, @args) = @_;

	local $ENV{ARGP_HELP_FMT} = "rmargin=20000,opt-doc-col=$column";
	local $ENV{LC_ALL} = 'C';
	open my $pipe, '-|', $tool, @args or die "$tool: $!\n";
	my @lines = map { s/\s+$//r } <$pipe>;
	close $pipe or die "$tool @args failed\n";
	return @lines;
}

# {usage, about, commands: [name, summary], rest: lines, version}
sub tool
{
	my ($tool) = @_;
	my ($version) = ask($tool, '--version');
	my ($usage, $about, @lines) = ask($tool, 'help');
	my (@commands, @rest);

	while (@lines && $lines[0] ne 'Commands:') { push @rest, shift @lines; }
	shift @lines or die "$tool help lists no commands\n";
	while (@lines && $lines[0] =~ /^ +(\S+) +(.*)/) { push @commands, [$1, $2]; shift @lines; }
	@commands or die "$tool help lists no commands\n";
	return {usage => $usage =~ s/^Usage: //r, about => $about, commands => \@commands, rest => [@rest, @lines], version => $version};
}

# {usage: [lines], about: [lines], options: [{short, long, value, text} or {group}], rest: [lines]}
sub command
{
	my ($tool, $name) = @_;
	my (@usage, @about, @options, @rest);
	my @lines = ask($tool, $name, '--help');

	$lines[0] =~ /^Usage: / or die "$tool $name --help begins without its usage\n";
	push @usage, (shift @lines) =~ s/^(Usage:|\s+or:)?\s*//r while @lines && (!@usage || $lines[0] =~ /^\s+\S/);
	push @about, shift @lines while @lines && $lines[0] !~ /^ +-/ && $lines[0] !~ /^ \S.*:$/;
	# options are indented, what follows them is not
	while (@lines && $lines[0] !~ /^\S/)
	{
		my $line = shift @lines;

		if ($line =~ /^ (\S.*):$/) { push @options, {group => $1}; next; }
		next unless $line =~ /\S/;
		$line =~ /^ +(?:-(.), )?--([\w-]+)(?:=(\S+))?\s*(.*)/ or die "$tool $name --help: not understood: $line\n";
		push @options, {short => $1, long => $2, value => $3, text => $4};
	}
	@options or die "$tool $name --help lists no options\n";
	@rest = grep { !/^Mandatory or optional arguments to long options/ } @lines;
	for my $part (\@about, \@rest)
	{
		shift @$part while @$part && $part->[0] eq '';
		pop @$part while @$part && $part->[-1] eq '';
	}
	return {usage => \@usage, about => \@about, options => \@options, rest => \@rest};
}

1;
