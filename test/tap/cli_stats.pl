# ppdl stats, with a server: every statistic of encrypted rows against loops over the plain table.
use strict;
use warnings;

use Cwd qw(abs_path);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Text::ParseWords qw(parse_line);
use Time::Local qw(timegm);

use PpdlTest qw(:cli $patients_csv);

my $contrib = $patients_csv =~ s{[^/]*$}{}r;
my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('stats');

$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
$contrib = abs_path($contrib) . '/';
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));
my @stats = ('stats', '--key', 'stats.key', @dsn);

# ---------------------------------------------------------------- arithmetic

# solves matrix * x = right; returns x and the inverse of the matrix
sub solve
{
	my ($matrix, $right) = @_;
	my $n = @$matrix;
	my @m = map { my $i = $_; [ @{ $matrix->[$i] }, $right->[$i], map { $_ == $i ? 1 : 0 } 0 .. $n - 1 ] } 0 .. $n - 1;

	for my $i (0 .. $n - 1)
	{
		my ($p) = sort { abs($m[$b]->[$i]) <=> abs($m[$a]->[$i]) } $i .. $n - 1;

		@m[ $i, $p ] = @m[ $p, $i ];
		my $by = $m[$i]->[$i];
		$_ /= $by for @{ $m[$i] };
		for my $k (grep { $_ != $i } 0 .. $n - 1)
		{
			my $f = $m[$k]->[$i];

			$m[$k]->[$_] -= $f * $m[$i]->[$_] for 0 .. 2 * $n;
		}
	}
	return ([ map { $_->[$n] } @m ], [ map { [ @{$_}[ $n + 1 .. 2 * $n ] ] } @m ]);
}

sub sum
{
	my $s = 0;

	$s += $_ for @_;
	return $s;
}

sub mean { return sum(@_) / @_; }
sub variance { my $m = mean(@_); return sum(map { ($_ - $m)**2 } @_) / (@_ - 1); }

# least squares of y on the columns of x, a constant first: coefficients, standard errors, R squared, residual error
sub least_squares
{
	my ($y, @x) = @_;
	my @column = ([ map { 1 } @$y ], @x);
	my @gram = map { my $a = $_; [ map { my $b = $_; sum(map { $a->[$_] * $b->[$_] } 0 .. $#$y) } @column ] } @column;
	my @right = map { my $a = $_; sum(map { $a->[$_] * $y->[$_] } 0 .. $#$y) } @column;
	my ($b, $inverse) = solve(\@gram, \@right);
	my $rss = sum(map { my $r = $_; ($y->[$r] - sum(map { $b->[$_] * $column[$_]->[$r] } 0 .. $#column))**2 } 0 .. $#$y);
	my $s2 = $rss / (@$y - @column);

	return { b => $b, se => [ map { sqrt($s2 * $inverse->[$_][$_]) } 0 .. $#column ], r2 => 1 - $rss / (variance(@$y) * (@$y - 1)), s => sqrt $s2 };
}

# ---------------------------------------------------------------- answers

# of --csv: {"group|statistic|item|other|measure"} = [value, error]
sub answers
{
	my ($name, @args) = @_;
	my %answer;
	my @lines = split /\n/, done([ @stats, '--csv', @args ], $name);

	is(shift @lines, 'group,statistic,item,other,measure,value,error', 'the head of CSV');
	for (@lines)
	{
		my ($group, $statistic, $item, $other, $measure, $value, $error) = map { $_ // '' } parse_line(',', 0, $_);

		$answer{"$group|$statistic|$item|$other|$measure"} = [ $value, $error // '' ];
	}
	return \%answer;
}

# the value that is there is right within its stated error, but for the rounding of what is printed, and the error small
sub near
{
	my ($answers, $key, $want, $within) = @_;
	my ($value, $error) = @{ $answers->{$key} // [ 'nothing', '' ] };
	my $half = $value =~ /\.(\d+)$/ ? 0.5 * 10**-length($1) : 0.5;
	my $most = $error eq '' ? ($within // 1e-5) * (1e-3 + abs $want) : 6 * $error + ($error eq '0' ? 1e-12 * abs $want : $half + 1e-11 * abs $want);

	ok($value =~ /^-?[0-9.]+(e[-+]?\d+)?$/ && abs($value - $want) <= $most && ($error eq '' || $error <= 1e-4 * (1 + abs $want)), "$key: $want")
		or diag("$value instead of $want, error $error");
}

# ---------------------------------------------------------------- patients: no missing values, products made by the server

my @patients = do
{
	my ($head, @lines) = split /\n/, slurp_file($patients_csv);
	my @name = parse_line(',', 0, $head);

	map { my @f = parse_line(',', 0, $_); +{ map { $name[$_] => $f[$_] } 0 .. $#name } } @lines;
};
done([ 'keygen', '--out', 'stats', '--for', 'predict' ], 'keygen');
done([ 'publish', 'stats.pub', '--for', 'sum', @dsn ], 'publish for sums');
# what would be the label is a column like others: its products are in the same matrix
done([ 'encode', $patients_csv, '--id', 'Id', '--thermometer', 'Age:30,50,65', '-o', 'features.json' ], 'encode');
$node->safe_psql('postgres', 'CREATE SCHEMA "My data"; CREATE TABLE "My data"."Patients" (id int, "Sex" text, features lwe_cipher)');
done([ 'encrypt', '--key', 'stats.key', '--features', 'features.json', '--keep', 'Gender', '--table', '"My data"."Patients"', @dsn, $patients_csv ], 'encrypt');
my @table = ('--table', '"My data"."Patients"');

my $m = answers('means need no keys but those of sums', @table, '--means');
near($m, '|describe|Age||mean', mean(map { $_->{Age} } @patients));
ok(!exists $m->{'|describe|Age||deviation'}, 'and have no deviations');
refused([ @stats, @table ], 5, qr/publish.*--for predict/s, 'products without keys');
done([ 'publish', 'stats.pub', @dsn ], 'publish');

my $all = answers('all that there is', @table, '--all', '--features', 'features.json');
my $groups = answers('groups', @table, '--all', '--group-by', 'Sex');
for my $where ([ '', sub { 1 } ], [ 'Sex = Female', sub { $_[0]{Gender} eq 'Female' } ], [ 'Sex = Male', sub { $_[0]{Gender} eq 'Male' } ])
{
	my ($group, $in) = @$where;
	my $a = $group eq '' ? $all : $groups;
	my @here = grep { $in->($_) } @patients;
	my @age = map { $_->{Age} } @here;
	my @smokes = map { $_->{Smoking} eq 'Yes' ? 1 : 0 } @here;
	my @broke = map { $_->{'Prior Fractures'} eq 'Yes' ? 1 : 0 } @here;
	my @asian = map { $_->{'Race/Ethnicity'} eq 'Asian' ? 1 : 0 } @here;
	my $r = sub { my ($x, $y) = @_; my ($mx, $my) = (mean(@$x), mean(@$y)); sum(map { ($x->[$_] - $mx) * ($y->[$_] - $my) } 0 .. $#$x) / (@$x - 1) / sqrt(variance(@$x) * variance(@$y)) };

	is($a->{"$group|rows|||n"}[0], scalar @here, "rows of '$group'");
	near($a, "$group|describe|Age||n", scalar @here);
	near($a, "$group|describe|Age||mean", mean(@age));
	near($a, "$group|describe|Age||deviation", sqrt variance(@age));
	near($a, "$group|describe|Race/Ethnicity = Asian||mean", mean(@asian));
	near($a, "$group|correlation|Age|Smoking = Yes|correlation", $r->(\@age, \@smokes));
	near($a, "$group|correlation|Race/Ethnicity = Asian|Prior Fractures = Yes|correlation", $r->(\@asian, \@broke));
	near($a, "$group|histogram|Age 50..<65||rows", scalar grep { $_ >= 50 && $_ < 65 } @age);
	near($a, "$group|histogram|Race/Ethnicity = Asian||rows", sum(@asian));
	near($a, "$group|histogram|Age||quantile_0.5", do {
		my @edge = (18, 30, 50, 65, 90);
		my ($before, $at) = (0, 0);
		my @in = map { my $i = $_; scalar grep { $_ >= $edge[$i] && ($i == 3 || $_ < $edge[ $i + 1 ]) } @age } 0 .. 3;

		$before += $in[ $at++ ] while $before + $in[$at] < @age / 2;
		$edge[$at] + ($edge[ $at + 1 ] - $edge[$at]) * (@age / 2 - $before) / $in[$at];
	});
}
is((grep { /^\|correlation\|Age [<>]/ } keys %$all), 0, 'thresholds of a number are not correlated with it');
# eigenvalues: their sum and that of their squares are those of the correlations
{
	my @value = map { $all->{"|components|$_||eigenvalue"}[0] } 1 .. grep { /^\|components\|\d+\|\|eigenvalue$/ } keys %$all;
	my @pair = map { $all->{$_}[0] } grep { /^\|correlation\|.*\|correlation$/ } keys %$all;

	ok(@value > 10 && abs(sum(@value) - @value) < 1e-4, 'eigenvalues of correlations');
	ok(abs(sum(map { $_**2 } @value) - sum(map { $_**2 } @pair)) < 1e-3, 'and of their squares');
}

# least squares, ordinary and ridge, of a subset
{
	my @on = ('--regress', 'Osteoporosis', '--on', 'Age,Smoking,Race/Ethnicity');
	my @here = grep { $_->{Id} % 3 > 0 } @patients;
	my $y = [ map { $_->{Osteoporosis} } @here ];
	my @x = ([ map { $_->{Age} } @here ], [ map { $_->{Smoking} eq 'Yes' ? 1 : 0 } @here ], map { my $race = $_; [ map { $_->{'Race/Ethnicity'} eq $race ? 1 : 0 } @here ] } qw(Asian Caucasian));
	my @term = ('(constant)', 'Age', 'Smoking = Yes', 'Race/Ethnicity = Asian', 'Race/Ethnicity = Caucasian');
	my $fit = least_squares($y, @x);
	my $a = answers('a regression', @table, @on, '--where', q{id % 3 > 0 AND 'a%sb' <> '' -- a comment});
	my $key = '|regression|Osteoporosis = 1';

	for my $i (0 .. $#term)
	{
		near($a, "$key|$term[$i]|coefficient", $fit->{b}[$i]);
		near($a, "$key|$term[$i]|standard_error", $fit->{se}[$i]);
		near($a, "$key|$term[$i]|t", $fit->{b}[$i] / $fit->{se}[$i]);
	}
	near($a, "$key||r_squared", $fit->{r2});
	near($a, "$key||residual_standard_error", $fit->{s});
	near($a, "$key||degrees_of_freedom", @$y - 5);
	# 1.961 is t of so many degrees of freedom
	near($a, "$key|Age|high", $fit->{b}[1] + 1.9617 * $fit->{se}[1], 1e-3);

	my @z = map { my $c = $_; my ($mean, $sd) = (mean(@$c), sqrt(variance(@$c) * (@$c - 1) / @$c)); [ map { ($_ - $mean) / $sd } @$c ] } @x;
	my $centre = mean(@$y);
	my @gram = map { my $i = $_; [ map { my $k = $_; sum(map { $z[$i][$_] * $z[$k][$_] } 0 .. $#$y) + ($i == $k ? 50 : 0) } 0 .. $#z ] } 0 .. $#z;
	my ($b) = solve(\@gram, [ map { my $c = $_; sum(map { $c->[$_] * ($y->[$_] - $centre) } 0 .. $#$y) } @z ]);
	my $ridge = answers('ridge', @table, @on, '--ridge', 50, '--where', 'id % 3 > 0');

	near($ridge, "$key|$term[ $_ + 1 ]|coefficient", $b->[$_] / sqrt(variance(@{ $x[$_] }) * (@$y - 1) / @$y)) for 0 .. $#z;
}

# cross tables
{
	my $a = answers('cross tables', @table, '--crosstab', 'Smoking,Alcohol Consumption', '--crosstab', 'Race/Ethnicity,Age');
	my %count;

	$count{ $_->{Smoking} }{ $_->{'Alcohol Consumption'} }++ for @patients;
	my ($p, $q, $r, $s) = map { my $i = $_; map { $count{$i}{$_} } qw(Moderate None) } qw(No Yes);
	for my $i (qw(No Yes))
	{
		near($a, "|crosstab|Smoking = $i|Alcohol Consumption = $_|rows", $count{$i}{$_}) for qw(Moderate None);
	}
	near($a, '|crosstab|Smoking|Alcohol Consumption|chi_squared', 2000 * ($p * $s - $q * $r)**2 / (($p + $q) * ($r + $s) * ($p + $r) * ($q + $s)));
	my $odds = $a->{'|crosstab|Smoking|Alcohol Consumption|odds_ratio'}[0];
	ok(abs($odds / ($p * $s / ($q * $r)) - 1) < 1e-6 || abs($odds / ($q * $r / ($p * $s)) - 1) < 1e-6, 'odds ratio');
	near($a, '|crosstab|Race/Ethnicity = Asian|Age >= 65|rows', scalar grep { $_->{'Race/Ethnicity'} eq 'Asian' && $_->{Age} >= 65 } @patients);
	is($a->{'|crosstab|Race/Ethnicity|Age|degrees_of_freedom'}[0], 6, 'degrees of freedom');
}

# ---------------------------------------------------------------- hospital: missing values, products in the rows, a label

my @hospital = do
{
	my ($head, @lines) = map { s/\r//r } split /\n/, slurp_file("${contrib}hospital.csv");

	map {
		my ($id, $ward, $born, $weight, $height, $smokes, $sick) = split /;/, $_, -1;
		my ($d, $mon, $y) = split /\./, $born;

		$_ = /\d/ ? tr/,/./r : undef for $weight, $height;
		undef $weight if defined $weight && ($weight < 30 || $weight > 150);
		{ ward => $ward, day => timegm(0, 0, 0, $d, $mon - 1, $y) / 86400, weight => $weight, height => $height, smokes => lc $smokes eq 'ja' ? 1 : 0,
			sick => lc $sick eq 'ja' ? 1 : lc $sick eq 'nein' ? 0 : undef }
	} @lines;
};
my ($w, $h) = ('Gewicht (kg)', "Gr\xc3\xb6\xc3\x9fe (cm)");
done([ 'encode', "${contrib}hospital.csv", '--encoding', 'latin1', '--id', 'Nr', '--label', 'Osteoporose', '--exclude', 'Station', '--date', 'Geburtsdatum',
		'--range', "$w:30..150", '--outside', 'null', '--label-map', 'unbekannt=', "--moments=Geburtsdatum,$w,$h,Raucher", '-o', 'hospital.json' ], 'encode --moments');
$node->safe_psql('postgres', 'CREATE TABLE hospital (id int, ward text, features lwe_cipher, label lwe_cipher)');
done([ 'encrypt', '--key', 'stats.key', '--features', 'hospital.json', '--keep', 'Station', '--compact', '--table', 'hospital', @dsn, "${contrib}hospital.csv" ], 'encrypt');
{
	my @known = grep { defined $_->{weight} } @hospital;
	my @both = grep { defined $_->{weight} && defined $_->{height} } @hospital;
	my $sd = sub { my $c = shift; sqrt variance(grep { defined } map { $_->{$c} } @hospital) };
	my $a = answers('compact rows with products take one sum', '--table', 'hospital', '--describe', '--correlation');
	my $json = decode_json(done([ @stats, '--table', 'hospital', '--json', '--describe' ], 'JSON'));

	unlike($json->{query}, qr/gram/, 'and nothing else');
	is($json->{groups}[0]{n}, 400, 'rows in JSON');
	near($a, "|describe|$w||n", scalar @known);
	near($a, "|describe|$w||missing", 1 - @known / 400);
	near($a, "|describe|$w||mean", mean(map { $_->{weight} } @known));
	near($a, "|describe|$w||deviation", $sd->('weight'));
	near($a, '|describe|Geburtsdatum (days since 1970-01-01)||mean', mean(map { $_->{day} } @hospital));
	near($a, '|describe|Osteoporose = Ja||n', scalar grep { defined $_->{sick} } @hospital);
	near($a, '|describe|Osteoporose = Ja||mean', mean(grep { defined } map { $_->{sick} } @hospital));
	near($a, "|correlation|$w|$h|n", scalar @both);
	# the pair's own means, the columns' own deviations
	my ($mw, $mh) = (mean(map { $_->{weight} } @both), mean(map { $_->{height} } @both));
	near($a, "|correlation|$w|$h|correlation", sum(map { ($_->{weight} - $mw) * ($_->{height} - $mh) } @both) / (@both - 1) / $sd->('weight') / $sd->('height'));

	# missing values take the mean, and an indicator says so
	my ($aw, $ah) = map { my $c = $_; mean(grep { defined } map { $_->{$c} } @hospital) } qw(weight height);
	my $fit = least_squares([ map { $_->{smokes} } @hospital ], [ map { $_->{day} } @hospital ], [ map { $_->{weight} // $aw } @hospital ], [ map { defined $_->{weight} ? 0 : 1 } @hospital ],
		[ map { $_->{height} // $ah } @hospital ], [ map { defined $_->{height} ? 0 : 1 } @hospital ]);
	my @term = ('(constant)', 'Geburtsdatum (days since 1970-01-01)', $w, "$w missing", $h, "$h missing");
	my $r = answers('missing values', '--table', 'hospital', '--regress', 'Raucher', '--on', "Geburtsdatum,$w,$h");
	my ($key) = grep { /^\|regression\|Raucher.*\|\|r_squared$/ } keys %$r;

	ok(defined $key, 'a regression') or diag(join "\n", sort keys %$r);
	$key =~ s/\|\|r_squared$//;
	for my $i (0 .. $#term)
	{
		near($r, "$key|$term[$i]|coefficient", $fit->{b}[$i]);
		near($r, "$key|$term[$i]|standard_error", $fit->{se}[$i], 1e-4);
	}
	$node->safe_psql('postgres', 'CREATE TABLE partly AS SELECT features, CASE WHEN row_number() OVER (ORDER BY label IS NULL) < 3 THEN label END AS label FROM hospital');
	my ($note) = (ppdl(@stats, '--table', 'partly', '--means', '--csv'))[2];
	like($note, qr/labels: fewer than 5 of these rows have one, and they are not decrypted/, 'labels of two rows');
	refused([ @stats, '--table', 'hospital', '--regress', 'Osteoporose' ], 5, qr/publish.*--for train/s, 'a label of its own without keys of training');
	like(done([ @stats, '--table', 'hospital', '--regress', $w ], 'a response with missing values'),
		qr/^regression of Gewicht \(kg\): .*missing.*^regression of Gewicht \(kg\): the rows in which it is known, .*publish/ms, 'without keys of training is told about');

	# full rows: the server sums those in which the response is known, whoever they are
	$node->safe_psql('postgres', 'CREATE TABLE full_hospital (id int, ward text, features lwe_cipher, label lwe_cipher)');
	done([ 'encrypt', '--key', 'stats.key', '--features', 'hospital.json', '--keep', 'Station', '--table', 'full_hospital', @dsn, "${contrib}hospital.csv" ], 'encrypt full rows');
	my $of_ward = answers('a response with missing values', '--table', 'full_hospital', '--regress', $w, '--on', "Geburtsdatum,$h", '--group-by', 'ward');
	my $wards = 0;

	for (sort keys %{ { map { $_->{ward} => 1 } @hospital } })
	{
		my $ward = $_;
		my @all = grep { $_->{ward} eq $ward } @hospital;
		my @here = grep { defined $_->{weight} } @all;
		my $mean = mean(grep { defined } map { $_->{height} } @here);
		my @column = ([ map { $_->{day} } @here ], [ map { $_->{height} // $mean } @here ]);
		my $missing = [ map { defined $_->{height} ? 0 : 1 } @here ];

		push @column, $missing if sum(@$missing) > 0;
		utf8::encode($ward);	# the file is of Latin-1
		my $f = least_squares([ map { $_->{weight} } @here ], @column);
		near($of_ward, "ward = $ward|regression|$w|$term[ $_ < 2 ? $_ : $_ + 2 ]|coefficient", $f->{b}[$_], 1e-4) for 0 .. $#column + 1;
		near($of_ward, "ward = $ward|regression|$w|$term[1]|standard_error", $f->{se}[1], 1e-4);
		near($of_ward, "ward = $ward|regression|$w||degrees_of_freedom", @here - @column - 1);
		$wards += @here < @all;
	}
	cmp_ok($wards, '>', 1, 'of groups of which some rows are left out');
}

# a page
done([ @stats, @table, '--all', '--crosstab', 'Smoking,Race/Ethnicity', '--regress', 'Age', '--on', 'Smoking', '--group-by', 'Sex', '--html', 'page.html', '-o', 'out.txt' ], 'a page');
is((stat 'page.html')[2] & 0777, 0600, 'is for its owner alone');
my $page = slurp_file('page.html');
refused([ @stats, @table, '--means', '--html', 'page.html', '-o', '/dev/full' ], 1, qr{cannot write "/dev/full"}, 'a table that cannot be written');
is(slurp_file('page.html'), $page, 'leaves the page as it was');
like(slurp_file('page.html'), qr/Sex = Female.*<svg.*Sex = Male.*<svg/s, 'and has charts');
like(slurp_file('out.txt'), qr/^Sex = Female: 1149 rows\n/, 'beside the tables');

# ---------------------------------------------------------------- small groups, few rows

{
	my @few = ('--where', q{id <= 100006}, @table);
	my ($rc, $out, $err) = ppdl(@stats, '--group-by', 'id', '--means', '--csv', @few);

	is($rc, 0, 'one group a row');
	like($err, qr/6 groups of fewer than 5 rows, 6 in all, are not decrypted/, 'is not shown, and that is said');
	is($out, "group,statistic,item,other,measure,value,error\n", 'at all');
	my $six = answers('one group a row, if one insists', '--group-by', 'id', '--min-count', 1, @few);
	near($six, "id = 100003|describe|Age||mean", $patients[2]{Age});
	is($six->{'id = 100003|describe|Age||deviation'}[0], '', 'a row has no deviation');
	is(done([ @stats, '--means', '--csv', @table, '--where', 'false' ], 'no rows'), $out, 'nothing comes of nothing');
	like((ppdl(@stats, @table, '--where', 'false'))[2], qr/no row of table .* meets the condition/, 'and that is said');
	($rc, $out, $err) = ppdl(@stats, @few, '--regress', 'Age', '--pca', '--crosstab', 'Gender,Smoking', '--histogram', 'Gender');
	is($rc, 0, 'a regression of too few rows');
	like($out, qr/^regression of Age: 6 rows are too few/m, 'is told about, once');
	my %meet;
	$meet{"$_->{Gender} $_->{Smoking}"}++ for @patients[0 .. 5];
	my $small = grep { $_ < 5 } values %meet;
	like($out, qr/^cross table of Gender and Smoking: $small counts? (is|are) of fewer than 5 rows/m, 'counts of a few rows are shown, and that is said');
	like(done([ @stats, @table ], 'a table'), qr/^ Age +\| 2000 \| +0 % \| +53\.8\d+ \| +\d+\.\d+ \| +18 \| +90$/m, 'is like those of psql');
}

# ---------------------------------------------------------------- bad input

my @bad = (@stats, @table);
refused([ 'stats', @table ], 2, qr/--key is missing/, 'no key');
refused([ @stats ], 2, qr/--table is missing/, 'no table');
refused([ @bad, '--on', 'Age' ], 2, qr/--on says what --regress/, '--on alone');
refused([ @bad, '--ridge', 1 ], 2, qr/--ridge is of --regress/, '--ridge alone');
refused([ @bad, '--regress', 'Age', '--ridge', -1 ], 2, qr/0 or more/, 'a negative penalty');
refused([ @bad, '--crosstab', 'Age' ], 2, qr/two columns are expected/, 'one column');
refused([ @bad, '--level', 1 ], 2, qr/between 0 and 1/, 'a level');
refused([ @bad, '--min-count', 0 ], 2, qr/--min-count/, 'no row at all');
refused([ @bad, '--means', '--describe' ], 2, qr/exclude each other/, 'with and without products');
refused([ @bad, 'patients' ], 2, qr/goes after --table/, 'a stray word');
refused([ @bad, '--regress', 'Wieght' ], 2, qr/no column "Wieght".*hint: .*Age, Gender/s, 'a column that is not there');
refused([ @bad, '--regress', 'Race/Ethnicity' ], 2, qr/3 categories.*hint: .*"Race\/Ethnicity=Asian"/s, 'a category where a number is needed');
refused([ @bad, '--regress', 'Smoking=Maybe' ], 2, qr/no category "Maybe"/, 'a category that is not there');
refused([ @bad, '--columns', 'x' ], 2, qr/no column "x"/, 'described column that is not there');
refused([ @stats, '--table', 'hospital', '--histogram', $w ], 2, qr/is a number, where categories or bands.*--bands/s, 'a histogram of a number');
refused([ @stats, '--table', 'nosuch' ], 5, qr/"nosuch" does not exist/, 'a table that is not there');
refused([ @bad, '--column', 'Sex' ], 5, qr/no column "Sex" of type lwe_cipher.*It has features/s, 'a column that is not encrypted');
refused([ @bad, '--label', 'nosuch' ], 5, qr/no column "nosuch" of type lwe_cipher/, 'a label that is not there');
refused([ @bad, '--group-by', 'nosuch' ], 5, qr/"nosuch" does not exist/, 'a group that is not there');
refused([ @bad, '--where', 'id = ' ], 5, qr/syntax error/, 'a condition with a syntax error');
refused([ @bad, '--where', 'true); DROP TABLE hospital; SELECT (1' ], 5, qr/cannot insert multiple commands/, 'two statements');
refused([ @bad, '--where', q{nextval('s') > 0} ], 5, qr/"s" does not exist|read-only/, 'what writes');
refused([ @bad, '--features', 'hospital.json' ], 2, qr/the rows have encoding [0-9a-f]{12}, the feature file/, 'another feature file');
refused([ @bad, '--features', 'nosuch.json' ], 1, qr/nosuch\.json/, 'a feature file that is not there');
mkdir 'elsewhere';
{
	rename 'features.json', 'elsewhere/features.json';
	refused([ @bad ], 2, qr/no feature file of encoding [0-9a-f]{12}.*--features/s, 'no feature file');
	rename 'elsewhere/features.json', 'features.json';
}
done([ 'encode', $patients_csv, '--id', 'Id', '--whiten', '-o', 'white.json', '--label', 'Osteoporosis' ], 'encode --whiten');
refused([ @bad, '--features', 'white.json' ], 2, qr/has a map \(whitening\)/, 'components');

my $long = "xy" . "\xc3\xa4" x 120;
file('wide.csv', join('', map { join(',', @$_) . "\n" } [ 'id', map { $_ == 69 ? $long : "x$_" } 1 .. 70 ], map { my $r = $_; [ $r, map { ($r * $_ * 37) % 101 } 1 .. 70 ] } 1 .. 20));
done([ 'encode', 'wide.csv', '--id', 'id', '-o', 'wide.json' ], 'a wide table');
$node->safe_psql('postgres', 'CREATE TABLE wide (id int, features lwe_cipher)');
done([ 'encrypt', '--key', 'stats.key', '--features', 'wide.json', '--table', 'wide', @dsn, 'wide.csv' ], 'encrypt it');
refused([ @stats, '--table', 'wide' ], 2, qr/70 values: lwe_gram takes 64.*--moments/s, 'more values than products are computed of');
is(decode_json(done([ @stats, '--table', 'wide', '--means', '--json' ], 'JSON of a long name'))->{groups}[0]{describe}[68]{column}, 'xy' . "\xe4" x 98, 'is cut between two characters');
near(answers('its means', '--table', 'wide', '--means'), '|describe|x70||mean', mean(map { ($_ * 70 * 37) % 101 } 1 .. 20));

done_testing();
