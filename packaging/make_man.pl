#!/usr/bin/perl
# Manual pages from the help of the tool: make_man.pl ./ppdl DIRECTORY
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ToolHelp;

my ($tool, $dir) = @ARGV;
defined $dir or die "usage: make_man.pl TOOL DIRECTORY\n";

# text for roff: nothing in it is a request, and what is typed keeps its characters
sub roff
{
	my ($text, $is_typed) = @_;

	$text =~ s/\\/\\e/g;
	$text =~ s/([\x27`^~])/{"'" => '\\(aq', '`' => '\\(ga', '^' => '\\(ha', '~' => '\\(ti'}->{$1}/ge;
	if ($is_typed) { $text =~ s/-/\\-/g; }
	# hyphens that begin an option, and those in it
	else { $text =~ s/(?<![\w\\])(--?\w[\w-]*)/$1 =~ s{-}{\\-}gr/ge; }
	$text =~ s/^\./\\&./;
	return $text;
}

# a block of lines with the same indentation is typed text, or a list of words with what they mean
sub indented
{
	my @lines = map { s/^  //r } @_;

	if (!grep { !/^\S.*?\S  +\S/ || /^(ppdl|psql|echo) / } @lines)
	{
		return map { /^(.*?)  +(.*)/; ('.TP', '.B ' . roff($1, 1), roff($2)) } @lines;
	}
	return ('.RS 4', '.nf', (map { roff($_, 1) } @lines), '.fi', '.RE');
}

sub body
{
	my @out;

	while (@_)
	{
		if ($_[0] eq '') { shift; push @out, '.PP' if @_ && $_[0] =~ /^\S/; next; }
		if ($_[0] =~ /^\S/) { push @out, roff(shift); next; }
		my @block;
		push @block, shift while @_ && $_[0] =~ /^\s+\S/;
		push @out, '.PP' if !@out || $out[-1] ne '.PP';
		push @out, indented(@block);
	}
	return @out;
}

sub options
{
	my ($entries) = @_;
	my @out;

	for my $o (@$entries)
	{
		if ($o->{group}) { push @out, '.SS ' . roff($o->{group}); next; }
		my $value = defined $o->{value} ? '=\\fI' . roff($o->{value}, 1) . '\\fR' : '';
		my $short = $o->{short} ? '\\fB\\-' . $o->{short} . '\\fR, ' : '';

		push @out, '.TP', $short . '\\fB\\-\\-' . roff($o->{long}, 1) . '\\fR' . $value, roff($o->{text});
	}
	return @out;
}

sub page
{
	my ($name, $version, $summary, @rest) = @_;
	my $file = "$dir/$name.1";

	open my $out, '>', $file or die "$file: $!\n";
	print $out map { "$_\n" } ".\\\" Made from the help of $version; do not edit.",
		'.TH ' . roff(uc $name, 1) . " 1 \"\" \"$version\" \"ppdl\"", '.nh', '.ad l', '.SH NAME', roff($name, 1) . " \\- $summary", @rest;
	close $out or die "$file: $!\n";
}

my $help = ToolHelp::tool($tool);
my $version = $help->{version};
my @pages = map { "ppdl-$_->[0]" } @{$help->{commands}};

sub see_also
{
	my ($self) = @_;
	my @others = grep { $_ ne $self } 'ppdl', @pages;

	return ('.SH SEE ALSO', (map { '.BR ' . roff($_, 1) . ' (1),' } @others), '.BR psql (1)');
}

mkdir $dir;
unlink glob "$dir/*.1";
# "Heading: text" and "Heading:" with an indented block after it
my @sections;
for my $line (@{$help->{rest}})
{
	if ($line =~ /^([A-Z][\w ]*):(?: (.*))?$/) { push @sections, '.SH ' . uc $1; push @sections, roff($2) if defined $2; }
	elsif ($line =~ /^\s+\S/)
	{
		push @sections, '.nf', roff($line, 1), '.fi';
	}
	elsif ($line ne '') { push @sections, $line =~ /^"ppdl help/ ? () : roff($line); }
}
@sections = split /\n/, join("\n", @sections) =~ s/\n\.fi\n\.nf//gr;
my @list = map { ('.TP', '.BR ' . roff("ppdl-$_->[0]", 1) . ' (1)', roff(ucfirst $_->[1])) } @{$help->{commands}};
page('ppdl', $version, "the owner's side of encrypted rows in PostgreSQL", '.SH SYNOPSIS', '.B ppdl', '\\fICOMMAND\\fR [\\fIOPTION\\fR...]',
	'.SH DESCRIPTION', roff($help->{about}), '.PP', '\\fBppdl help\\fR \\fICOMMAND\\fR, and \\fBppdl\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR, say what the page of a command says.',
	'.SH COMMANDS', @list, @sections, see_also('ppdl'));

for (@{$help->{commands}})
{
	my ($name, $summary) = @$_;
	my $c = ToolHelp::command($tool, $name);

	page("ppdl-$name", $version, roff($summary), '.SH SYNOPSIS', (map { ('.B ' . roff("ppdl $name", 1), roff(s/^ppdl $name\s*//r, 1), '.br') } @{$c->{usage}}),
		'.SH DESCRIPTION', body(@{$c->{about}}, '', @{$c->{rest}}), '.SH OPTIONS', options($c->{options}), see_also("ppdl-$name"));
}
