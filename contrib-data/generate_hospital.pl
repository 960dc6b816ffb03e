#!/usr/bin/perl
# Writes hospital.csv: invented patients of three wards, as a hospital's spreadsheet would export them. The same rows each time.
use strict;
use warnings;
use utf8;

my $state = 20261127;
sub uniform { $state = ($state * 69069 + 1) % 4294967296; return (($state >> 8) + 0.5) / 16777216 }
sub normal { my $x = -6; $x += uniform() for 1 .. 12; return $x }
sub pick { return $_[int(uniform() * @_)] }
sub comma { my $s = sprintf "%.1f", $_[0]; $s =~ tr/./,/; return $s }

binmode STDOUT, ':encoding(iso-8859-1)';
print "Nr;Station;Geburtsdatum;Gewicht (kg);Größe (cm);Raucher;Osteoporose\r\n";
for my $n (1 .. 400) {
	my $year = 1935 + int(uniform() * 56);
	my $height = 168 + 9 * normal();
	my $weight = 74 + 0.7 * ($height - 168) + 9 * normal();
	my $smokes = uniform() < 0.3;
	my $risk = (1968 - $year) / 9 + ($smokes ? 1 : 0) - ($weight - 74) / 14 + 0.8 * normal();
	my $label = $risk > 0 ? pick('Ja', 'ja', 'Ja', 'JA') : pick('Nein', 'nein', 'Nein');
	$weight = 764 if $n == 137;			# a comma that somebody forgot
	printf "%d;%s;%02d.%02d.%d;%s;%s;%s;%s\r\n", $n, pick('Innere', 'Chirurgie', 'Gynäkologie'),
		1 + int(uniform() * 28), 1 + int(uniform() * 12), $year,
		uniform() < 0.06 ? 'k. A.' : comma($weight), uniform() < 0.04 ? 'k. A.' : int($height + 0.5),
		$smokes ? pick('ja', 'Ja') : pick('nein', 'Nein'), uniform() < 0.01 ? 'unbekannt' : $label;
}
