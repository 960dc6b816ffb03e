# What ppdl encode makes of files as people have them, and ppdl encrypt of others like them.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $dir = PostgreSQL::Test::Utils::tempdir;

chdir $dir or die "cannot enter $dir: $!";

my ($rc, $out, $err);

# a German clinic's export: semicolons, decimal commas, Latin-1, words for what is missing, mixed case
my $clinic = <<"END";
Nr;Gr\xF6\xDFe;Gewicht;Geburtstag;Station;krank;Notiz
1;1,81;76,5;03.05.1960;A1;Ja;
2;1,65;k. A.;01.01.1970;B2;nein;""
3;1,72;61,25;24.12.1955;A1;ja;"5"" gro\xDF"
4;1,58;70;12.12.1980;B2;Nein;x
5;1,77;7800;12.12.1990;A1;unbekannt;x
END
my @learn = ('--id', 'Nr', '--label', 'krank', '--exclude', 'Notiz', '--encoding', 'LATIN1');

file('clinic.csv', $clinic);
refused([ 'encode', 'clinic.csv', '--label', 'krank' ], 3, qr/clinic.csv:1: column 2: invalid UTF-8.*--encoding LATIN1/s, 'another character set');
refused([ 'encode', 'clinic.csv', @learn, '--max-categories', '4' ], 3, qr/column "Geburtstag" has 5 different values.*hint: .*--date "Geburtstag:age\@/s, 'advice that fits dates');
push @learn, '--date', 'Geburtstag:age@2026-01-01', '--range', 'Gewicht:30..200';
refused([ 'encode', 'clinic.csv', @learn ], 3, qr/clinic.csv:6: column "Gewicht": "7800" lies outside of --range, as 1 of 4.*--outside=null/s, 'a value outside');
($rc, $out, $err) = ppdl('encode', 'clinic.csv', @learn, '--outside=null', '--label-map', 'unbekannt=', '-o', 'f.json');
is($rc, 0, 'encode') or diag($err);
like($out, qr/^label: +krank, two classes\n +-1 +(?i:nein) +2 rows\n +\+1 +(?i:ja) +2 rows\n/m, 'classes, their codes and counts');
like($out, qr/^ +NULL +unbekannt\n +NULL +1 rows\n/m, 'and rows without a label');
like($out, qr/^fields: separated by ;$/m, 'the delimiter it found');
like($out, qr/^ +\d+ +Gr\xC3\xB6\xC3\x9Fe$/m, 'names in UTF-8');
like($err, qr/numbers with decimal commas in "Gr\xC3\xB6\xC3\x9Fe", "Gewicht"/, 'says how it read numbers');
like($err, qr/taken for missing values, in 1 column: "k. A." \(1\)/, 'and which words are missing values');
like($err, qr/"Gewicht": 1 of 4 values lie outside of --range/, 'and what lies outside');
like($err, qr/differ from other values in case or blanks only/, 'and which spellings are one class');

# the feature file knows how the file was written
my @plain = ('encrypt', '--plain', '--features', 'f.json');
($rc, $out, $err) = ppdl(@plain, '--keep', 'Notiz', 'clinic.csv');
is($rc, 0, 'encrypt') or diag($err);
my @row = map { [ split /\t/ ] } split /\n/, $out;
is($row[0][1], '\N', 'nothing is NULL');
is($row[1][1], '', 'quotes around nothing are not');
is($row[2][1], "5\" gro\xC3\x9F", 'a quote inside quotes, in UTF-8');
like($row[0][2], qr/^\{1,/, 'the tallest');
is_deeply([ map { $_->[3] } @row ], [ 1, -1, 1, -1, '\N' ], 'labels');
like($err, qr/1 numbers outside the learned ranges were taken for missing values/, 'counted');
($rc, $out) = ppdl(@plain, '--keep', 'Notiz', '--format', 'csv', 'clinic.csv');
like($out, qr/^1,,"\{.*^2,"","\{/ms, 'so in CSV');
($rc, $out) = ppdl(@plain, '--outside=clamp', 'clinic.csv');
like((split /\n/, $out)[4], qr/^5\t\{[^,]*,1,0,/, '--outside=clamp of encrypt wins');
refused([ @plain, '--outside=error', 'clinic.csv' ], 3, qr/clinic.csv:6: column "Gewicht": "7800" lies outside 30 \.\. 200/, '--outside=error, too');
my $utf8 = $clinic;
utf8::encode($utf8);
file('utf8.csv', $utf8 =~ tr/;/\t/r);
($rc, $out) = ppdl(@plain, '--encoding', 'UTF-8', '--delimiter', 'tab', 'utf8.csv');
is($rc, 0, 'a file that is written otherwise, with options');
($rc, $out) = ppdl(@plain, '--sort-by', 'Station', 'clinic.csv');
is($rc, 2, '--plain has no order');

# kept texts through the sorter
ppdl('keygen', '--out', 'k', '--for', 'sum');
($rc, $out, $err) = ppdl('encrypt', '--key', 'k.key', '--features', 'f.json', '--keep', 'Notiz', '--sort-by', 'Station', 'clinic.csv');
is($rc, 0, 'sorted') or diag($err);
is_deeply([ map { (split /\t/)[0, 1] } split /\n/, $out ],
	[ 1, '\N', 3, "5\" gro\xC3\x9F", 5, 'x', 2, '', 4, 'x' ], 'nothing and empty stay apart');

# evaluate knows the classes' other names, and the file
my $scores = "Nr,s\n1,0.9\n2,-0.5\n3,0.7\n4,-0.1\n5,0.3\n";
($rc, $out, $err) = ppdl('evaluate', '--features', 'f.json', '--labels', 'clinic.csv', '--id', 'Nr', '--score', 's', file('s.csv', $scores));
is($rc, 0, 'evaluate') or diag($err);
like($out, qr/ja/i, 'names the classes');

# which class is +1
sub classes
{
	my ($rc, $out, $err) = ppdl('encode', @_, '--force', '-o', 'c.json');

	return $rc ? $err : join ' ', $out =~ /^ +[-+]1 +(\S+)/mg;
}
my $cc = file('cc.csv', "a,b,y\n1,2,control\n2,3,case\n3,1,control\n4,4,case\n");
is(classes($cc, '--label', 'y'), 'control case', 'case is positive');
is(classes($cc, '--label', 'y', '--positive', 'control'), 'case control', '--positive');
is(classes($cc, '--label', 'y', '--label-map', 'case=-1,control=+1'), 'case control', '--label-map');
like(classes($cc, '--label', 'y', '--positive', 'krank'), qr/no class "krank".*Classes: "case" \(2\), "control" \(2\)/s, 'a class that is not there');
refused([ 'encode', $cc, '--decimal', ';' ], 2, qr/none of these characters/, 'a strange decimal mark');
refused([ 'encode', $cc, '--encoding', 'KLINGON' ], 2, qr/no character set "KLINGON"/, 'a strange character set');
refused([ 'encode', $cc, '--outside=maybe' ], 2, qr/error, clamp, null/, 'a strange outside');

# a first row that may be data; no header at all
file('rows.csv', "A11,6,1\nA12,48,2\nA11,12,1\nA14,9,2\n");
like((ppdl('encode', 'rows.csv', '--label', '1', '-o', 'r.json'))[2], qr/the header looks like a row: "A11" and others/, 'notices it');
($rc, $out, $err) = ppdl('encode', 'rows.csv', '--no-header', '--label', '3', '--force', '-o', 'r.json');
is($rc, 0, '--no-header') or diag($err);
($rc, $out) = ppdl('encrypt', '--plain', '--features', 'r.json', 'rows.csv');
is(scalar(() = $out =~ /\n/g), 4, 'which the feature file remembers');

done_testing();
