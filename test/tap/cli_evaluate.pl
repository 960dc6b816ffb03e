# ppdl evaluate without a server: what it prints for known rows, and what it refuses.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $dir = PostgreSQL::Test::Utils::tempdir;

chdir $dir or die "cannot enter $dir: $!";

# The tool's JSON for these arguments.
sub evaluated
{
	my ($name, @args) = @_;
	my $json = done([ 'evaluate', '--format', 'json', @args ], $name);

	return $json ? decode_json($json) : {};
}

sub near
{
	my ($got, $expected, $name) = @_;

	ok(defined $got && abs($got - $expected) < 1e-12, $name) or diag(($got // 'nothing') . " instead of $expected");
}

# positives 0.9 0.4 -0.2 0.1, negatives -0.8 0.1 -0.3 -0.4 0.2, as in test_stats.c; two rows are not complete
my @rows = ([ 'Yes', 0.9 ], [ 'No', -0.8 ], [ 'Yes', 0.4 ], [ 'No', 0.1 ], [ 'Yes', -0.2 ], [ 'No', -0.3 ], [ 'No', -0.4 ],
	[ 'Yes', 0.1 ], [ 'No', 0.2 ]);

sub csv
{
	my ($name, %code) = @_;

	return file($name, join('', "Id,Sick,p\n", map { 100 + $_ . ',' . ($code{ $rows[$_][0] } // $rows[$_][0]) . ",$rows[$_][1]\n" } 0 .. $#rows));
}

csv('words.csv');
append_to_file('words.csv', "200,,0.5\n201,No,\n202,Yes,\"\"\n");

# ---------------------------------------------------------------- known rows

my $r = evaluated('words', '--label', 'Sick', '--score', 'p', 'words.csv');

is_deeply([ @$r{qw(rows without_label without_score positive)} ], [ 9, 1, 2, 'Yes' ], 'rows, left out and positive class');
is_deeply($r->{classes}, [ 'No', 'Yes' ], 'classes');
is_deeply($r->{confusion}, [ [ 3, 2 ], [ 1, 3 ] ], 'confusion matrix');
near($r->{metrics}{accuracy}, 6 / 9, 'accuracy');
near($r->{metrics}{balanced_accuracy}, 0.675, 'balanced accuracy');
near($r->{metrics}{sensitivity}, 3 / 4, 'sensitivity');
near($r->{metrics}{specificity}, 3 / 5, 'specificity');
near($r->{metrics}{f1}, 2 / 3, 'F1');
near($r->{metrics}{auc}, 16.5 / 20, 'AUC');
near($r->{metrics}{brier}, 1.54 / 9, 'Brier score');
is(scalar(grep { $r->{intervals}{$_}[0] < $r->{metrics}{$_} && $r->{metrics}{$_} < $r->{intervals}{$_}[1] } keys %{ $r->{metrics} }), 7,
	'each metric lies within its interval');
is_deeply([ map { $_->[2] } grep { $_->[2] } @{ $r->{calibration} } ], [ 1, 2, 1, 2, 1, 1, 1 ], 'calibration: rows a bin');
is_deeply($r->{roc}[0], [ 0, 0, undef ], 'the ROC curve begins at (0, 0)');
is_deeply([ @{ $r->{roc}[-1] }[ 0, 1 ] ], [ 1, 1 ], 'and ends at (1, 1)');
near($r->{suggested_threshold}{threshold}, -0.25, 'the suggested threshold');
near($r->{suggested_threshold}{sensitivity}, 1, 'its sensitivity');
near($r->{suggested_threshold}{specificity}, 0.6, 'its specificity') or diag(explain($r->{suggested_threshold}));

for my $code ([ 'numbers.csv', Yes => 1, No => 0 ], [ 'signs.csv', Yes => 1, No => -1 ], [ 'spelled.csv', Yes => '1.0', No => '-1.00' ],
	[ 'decrypted.csv', Yes => '0.99999', No => '-1.00001' ])
{
	my ($name, %code) = @$code;
	my $c = evaluated($name, '--label', 'Sick', '--score', 'p', csv($name, %code));

	is_deeply($c->{metrics}, $r->{metrics}, "labels as in $name");
	is($c->{positive}, 1, 'the positive class');
}

# The other class as the positive one: sensitivity and specificity change places, the rest of the matrix stays.
my $no = evaluated('--positive No', '--label', 'Sick', '--score', 'p', '--positive', 'No', 'words.csv');
is_deeply($no->{confusion}, $r->{confusion}, 'the confusion matrix stays');
near($no->{metrics}{sensitivity}, 3 / 5, 'sensitivity of the other class');
near($no->{metrics}{specificity}, 3 / 4, 'specificity of the other class');
near($no->{metrics}{f1}, 6 / 9, 'F1 of the other class');
near($no->{metrics}{auc}, 16.5 / 20, 'the AUC stays');
is($no->{suggested_threshold}{positive_is}, 'at or below', 'it is the class below the threshold');
near($no->{suggested_threshold}{threshold}, $r->{suggested_threshold}{threshold}, 'which is the same');

# Scores above the threshold that mean the first class.
my $above = evaluated('--above No', '--label', 'Sick', '--score', 'p', '--above', 'No', 'words.csv');
is_deeply($above->{confusion}, [ [ 2, 3 ], [ 3, 1 ] ], 'predictions change places');
near($above->{metrics}{auc}, 3.5 / 20, 'AUC below one half');
my ($rc, $out, $err) = ppdl('evaluate', '--label', 'Sick', '--score', 'p', '--above', 'No', 'words.csv');
like($err, qr/below one half.*meant for "Yes"/s, 'which is noted');

# What is suggested works on the command line.
my $t = evaluated('--threshold', '--label', 'Sick', '--score', 'p', '--threshold', $r->{suggested_threshold}{threshold}, 'words.csv');
near($t->{metrics}{sensitivity}, $r->{suggested_threshold}{sensitivity}, 'sensitivity at the suggested threshold');
near($t->{metrics}{specificity}, $r->{suggested_threshold}{specificity}, 'specificity at the suggested threshold');
near($t->{metrics}{$_}, $r->{metrics}{$_}, "$_ does not depend on it") for qw(auc brier);

# ---------------------------------------------------------------- several classes

file('three.csv', "id,kind,a,b,c,all\n" . join('', map { my @f = split / /; sprintf "%d,%s,%s,%s,%s,\"{%s,%s,%s}\"\n", @f, @f[ 2 .. 4 ] }
	'1 low 1 -1 -1', '2 low -1 0 -0.5', '3 mid -1 1 -1', '4 mid -0.4 0.2 0.2', '5 sharp -1 -1 3'));
my $three = evaluated('several classes', '--label', 'kind', '--score', 'a,b,c', 'three.csv');
is_deeply($three->{confusion}, [ [ 1, 1, 0 ], [ 0, 2, 0 ], [ 0, 0, 1 ] ], 'their confusion matrix');
near($three->{metrics}{auc}, (4 / 6 + 2) / 3, 'their AUC');
near($three->{each_class}[0]{auc}, 4 / 6, 'the AUC of one');
ok(!exists $three->{roc}, 'no ROC curve without --positive');
is_deeply(evaluated('an array of scores', '--label', 'kind', '--score', 'all', 'three.csv'), $three, 'scores in an array are the same');
($rc, $out) = ppdl_in(slurp_file('three.csv'), 'evaluate', '--label', 'kind', '--score', 'a,b,c', '--format', 'json', '-');
is_deeply(decode_json($out), $three, 'as are rows from standard input');
my $mid = evaluated('one of several', '--label', 'kind', '--score', 'a,b,c', '--positive', 'mid', 'three.csv');
is($mid->{positive}, 'mid', 'one against the rest');
near($mid->{suggested_threshold}{j}, 1, 'whose threshold separates');

# ---------------------------------------------------------------- feature files, ids, other files

file('patients.csv', "Id,Age,Sick\n" . join('', map { 100 + $_ . ',' . (30 + $_) . ",$rows[$_][0]\n" } 0 .. $#rows) . "300,50,Yes\n");
done([ 'encode', 'patients.csv', '--id', 'Id', '--label', 'Sick', '-o', 'features.json' ], 'an encoding');
file('predictions.csv', "Id,p\n" . join('', map { 100 + $_ . ",$rows[$_][1]\n" } reverse 0 .. $#rows));
my $joined = evaluated('labels of another file', '--features', 'features.json', '--score', 'p', '--id', 'Id', '--labels', 'patients.csv',
	'predictions.csv');
is_deeply($joined->{metrics}, $r->{metrics}, 'labels by id');
is_deeply(evaluated('codes', '--features', 'features.json', '--label', 'Sick', '--score', 'p', 'signs.csv')->{classes}, [ 'No', 'Yes' ],
	'the encoding names what -1 and 1 mean');
is_deeply(evaluated('codes', '--features', 'features.json', '--label', 'Sick', '--score', 'p', 'numbers.csv')->{metrics}, $r->{metrics}, 'and 0 and 1');

my $arrays = slurp_file('three.csv') =~ s/^(\d+),(\w+),/"$1,\"{" . { low => '1,-1,-1', mid => '-1,1,-1', sharp => '-1,-0.99999,1' }->{$2} . '}",'/gemr;
file('arrays.csv', $arrays);
is_deeply(evaluated('labels in arrays', '--label', 'kind', '--score', 'a,b,c', 'arrays.csv')->{metrics}, $three->{metrics}, 'labels in arrays');
file('kinds.csv', "Id,Age,kind\n" . join('', map { "$_," . 10 * $_ . ',' . (qw(low mid sharp))[ $_ % 3 ] . "\n" } 1 .. 9));
done([ 'encode', 'kinds.csv', '--id', 'Id', '--label', 'kind', '-o', 'kinds.json' ], 'an encoding of three classes');
is_deeply(evaluated('with names', '--features', 'kinds.json', '--score', 'all', $_), $three, "classes named by the encoding, $_") for 'arrays.csv', 'three.csv';
file('large.csv', "l,s\n1,1e308\n0,-1e308\n1,-1e308\n0,1e308\n1,1e308\n");
is_deeply(evaluated('large scores', '--label', 'l', '--score', 's', '--threshold', '-1e308', 'large.csv')->{confusion}, [ [ 1, 1 ], [ 1, 2 ] ], 'large scores');

# ---------------------------------------------------------------- for people and programs

$out = done([ 'evaluate', '--label', 'Sick', '--score', 'p', '--level', '0.9', 'words.csv' ], 'a table');
like($out, qr/^9 rows of words.csv; 1 more without a label is left out; 2 more without a score are left out$/m, 'rows');
like($out, qr/^Scores above 0 mean "Yes", others "No"; the positive class is "Yes"\.$/m, 'which class is which');
like($out, qr/^ +metric +\| value +\| +90 % interval$/m, 'the level of the intervals');
like($out, qr/^ sensitivity +\| 0\.7500 \| 0\.\d{4} to 0\.\d{4}$/m, 'a metric');
like($out, qr/^ label \| No \| Yes$/m, 'the confusion matrix names classes');
like($out, qr/^Suggested threshold: -0\.25\. "Yes" where the score is above it: sensitivity 1\.0000, specificity 0\.6000,$/m, 'the threshold');
$out = done([ 'evaluate', '--label', 'Sick', '--score', 'p', '--format', 'csv', '-o', 'out.csv', 'words.csv' ], 'CSV');
my $csv = slurp_file('out.csv');
like($csv, qr/^part,class,item,measure,value\n/, 'its header');
like($csv, qr/^metric,,sensitivity,value,0\.75$/m, 'a metric as CSV');
like($csv, qr/^confusion,No,Yes,rows,2$/m, 'the confusion matrix as CSV');
unlike($csv, qr/nan/i, 'numbers only');
file('names.csv', "l,s\n\"a,\e[2J\",1\nb,-1\n\"a,\e[2J\",-2\nb,2\n");
$out = done([ 'evaluate', '--label', 'l', '--score', 's', 'names.csv' ], 'odd names');
unlike($out, qr/\e/, 'control characters of names are escaped');
file('again.csv', "i,l,s\n1,a,1\n1,a,1\n2,b,-1\n");
like(done([ 'evaluate', '--label', 'l', '--score', 's', '--id', 'i', 'again.csv' ], 'an id twice'), qr/^1 row repeats an earlier i:/m, 'is said');

# ---------------------------------------------------------------- refused

refused(['evaluate'], 2, qr/which CSV file/, 'nothing');
refused([ 'evaluate', 'words.csv' ], 2, qr/--score is missing/, 'no score');
refused([ 'evaluate', '--score', 'p', 'words.csv' ], 2, qr/--label is missing/, 'no label');
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '-c', 'SELECT 1', 'words.csv' ], 2, qr/exclude each other/, 'a file and a query');
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--labels', 'x', 'words.csv' ], 2, qr/--labels needs --id/, 'labels without ids');
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--key', 'x', 'words.csv' ], 2, qr/go with -c/, 'a key for a file');
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--level', '95', 'words.csv' ], 2, qr/--level: 95/, 'a level in percent');

sub bad
{
	my ($csv, $like, $name, @args) = @_;

	@args = ('--label', 'l', '--score', 's') unless @args;
	refused([ 'evaluate', @args, file('bad.csv', $csv) ], 3, $like, $name);
}

bad('', qr/bad.csv: the file is empty/, 'an empty file');
bad("l,s\n", qr/bad.csv: there are no rows/, 'a header only');
bad("x,s\n1,1\n", qr/no column "l".*Columns: x, s/s, 'no such label');
bad("l,x\n1,1\n", qr/no column "s".*Columns: l, x/s, 'no such score');
bad("l,s\n1,1\n0,abc\n", qr/bad.csv:3: column "s": "abc" is not a number/, 'a score that is a word');
bad("l,s\n1,NaN\n0,1\n", qr/bad.csv:2: column "s": "NaN" is not a finite number/, 'NaN');
bad("l,s\n1,inf\n0,1\n", qr/"inf" is not a finite number/, 'infinity');
bad("i,l,s\n7,1,\"0,5\"\n", qr/bad.csv:2 \(i 7\): column "s": "0,5" is not a number/, 'a decimal comma', '--label', 'l', '--score', 's', '--id', 'i');
bad("l,s\n1,1\n1,0\n", qr/all labels are of one class.*Classes: "1"/s, 'one class');
bad("l,s\n1,1\n1,0\n0,\n", qr/all 2 rows with a label and a score are of class "1"/, 'one class among the complete rows');
bad("l,s\n,1\n1,\n", qr/of 2 rows, 1 have no label and 1 no score: none is left/, 'no complete row');
bad("l,s\n1,1\n2,0\n3,1\n", qr/one score a row tells two classes apart, but there are 3.*Classes: "1", "2", "3".*--score A,B,C/s, 'three classes and one score');
bad("l,s,t\n1,1,1\n2,0,1\n3,1,1\n", qr/2 scores a row, but there are 3 classes/, 'three classes and two scores', '--label', 'l', '--score', 's,t');
bad("l,s\n1,\"{1,2}\"\n0,\"{1,2,3}\"\n", qr/bad.csv:3: 3 scores, after 2 in rows before it/, 'arrays of different lengths');
bad("l,s\n1,\"{1,x}\"\n", qr/is no array of finite numbers/, 'an array with a word');
bad("l,s\n1,\"{1,NULL}\"\n", qr/is no array of finite numbers/, 'an array with NULL');
bad("l,s\n\"{1,-1,1}\",1\n", qr/does not say which class/, 'a label that is two classes');
bad("l,s\n\"{1,-1}\",1\n1,1\n", qr/bad.csv:3.*a label of one value, after others of 2/, 'labels of two kinds');
bad("l,s\n" . join('', map { "$_.5,1\n" } 1 .. 1025), qr/bad.csv:1026: column "l" has more than 1024 different labels/, 'a measured label');
bad("l,s\n1,1\n0,1\n1\n", qr/bad.csv:4: 1 field /, 'a short line');
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--positive', 'Maybe', 'words.csv' ], 2, qr/no class "Maybe".*Classes: "No", "Yes"/s, 'no such class');
refused([ 'evaluate', '--label', 'kind', '--score', 'a,b,c', '--threshold', '0.1', 'three.csv' ], 2, qr/--threshold is for two classes/, 'a threshold of three classes');
refused([ 'evaluate', '--label', 'Sick', '--score', 'p', 'nowhere.csv' ], 1, qr/nowhere.csv.*No such file/, 'a file that is not there');
refused([ 'evaluate', '--features', 'features.json', '--label', 'Sick', '--score', 'p', csv('odd.csv', Yes => 'Sometimes') ], 3,
	qr/odd.csv:2: column "Sick": "Sometimes" is none of the classes of the feature file.*Classes: "No", "Yes"/s, 'a label that the encoding does not know');
file('twice.csv', "Id,Sick\n100,Yes\n101,No\n100,No\n");
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--id', 'Id', '--labels', 'twice.csv', 'predictions.csv' ], 3,
	qr/twice.csv:4: "Id" is "100" again, as in line 2/, 'an id twice in the other file');
file('others.csv', "Id,Sick\n1,Yes\n2,No\n");
refused([ 'evaluate', '--score', 'p', '--label', 'Sick', '--id', 'Id', '--labels', 'others.csv', 'predictions.csv' ], 3,
	qr/no Id of predictions.csv is in others.csv/, 'ids of other patients');

done_testing();
