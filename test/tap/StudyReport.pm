# What is wrong with the report of a study, looked for with another XML parser than its writer's: PostgreSQL's.
package StudyReport;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(report_faults);

my @headings = ('What came out', 'What was compared', 'Failed runs', 'Parameters, versions and machine', 'How to repeat it', 'How to read this');
my @kinds = qw(roc calibration probabilities steps time size);

# values of an XPath expression; h: HTML, s: SVG
sub values_of
{
	my ($node, $html, $path) = @_;
	my $tag = 'x' . length $html;

	return split /\n/, $node->safe_psql('postgres', "SELECT unnest(xpath('$path', xmlparse(document \$$tag\$$html\$$tag\$),
		ARRAY[ARRAY['h', 'http://www.w3.org/1999/xhtml'], ARRAY['s', 'http://www.w3.org/2000/svg']]))");
}

# report.html's text; panels: number of networks with all charts; tables: how many there are
sub report_faults
{
	my ($node, $html, %want) = @_;
	my @faults;
	my %title = map { $_ => 1 } values_of($node, $html, '//h:h2/text()');
	my %chart = map { $_ => 1 } values_of($node, $html, '//s:svg/@id');
	my @tables = values_of($node, $html, 'count(//h:table[h:tbody/h:tr/h:td])');
	my @numbers = values_of($node, $html, '//s:*/@*[name() != "class" and name() != "id" and name() != "style"] | //h:td[not(@class = "long")]//text() | //s:text/text()');
	my @empty = values_of($node, $html, '//s:svg[not(.//s:path[@class="mark"] or .//s:rect[@class="bar"])]/@id');

	push @faults, map { "no heading \"$_\"" } grep { !$title{$_} } @headings;
	for my $panel (1 .. $want{panels})
	{
		push @faults, map { "no chart $_ of network $panel" } grep { !$chart{"chart-$panel-$_"} } @kinds;
	}
	push @faults, 'no chart of all networks' unless $chart{'chart-0-accuracy'};
	push @faults, map { "nothing in $_" } @empty;
	push @faults, "$tables[0] tables" if $tables[0] != $want{tables};
	push @faults, map { "a number is \"$_\"" } grep { /\b(nan|inf|infinity)\b/i } @numbers;
	push @faults, 'too few numbers' if @numbers < 100;
	return @faults;
}

1;
