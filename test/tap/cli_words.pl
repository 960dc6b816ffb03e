# Answers in the owner's words, with a server: averages in kilograms, classes by name, questions in braces, and what is not guessed.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('words');

$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));
my @query = ('query', '--key', 'words.key', @dsn);

# ---------------------------------------------------------------- a table, and plain answers about it

my $seed = $ENV{PPDL_TEST_SEED} // 20261127;
note "PPDL_TEST_SEED=$seed";
srand $seed;
my @rows = map { {
	id => $_, ward => (qw(A B C))[ rand 3 ], weight => rand() < 0.1 ? '' : sprintf('%.1f', 45 + rand 70), age => 20 + int(rand 60),
	smoker => rand() < 0.4 ? 'yes' : 'no', blood => (qw(A B AB 0))[ rand 4 ], sick => rand() < 0.3 ? 'yes' : 'no' } } 1 .. 300;
my @column = qw(id ward weight age smoker blood sick);
file('patients.csv', join('', map { join(',', @$_) . "\n" } [@column], map { my $r = $_; [ map { $r->{$_} } @column ] } @rows));

sub mean
{
	my $n = @_;
	my $sum = 0;

	$sum += $_ for @_;
	return $sum / $n;
}

sub near
{
	my ($got, $want, $name, $within) = @_;

	ok(defined $got && $got =~ /^-?[0-9.]+$/ && abs($got - $want) < ($within // 1e-5), $name) or diag(($got // 'nothing') . " instead of $want");
}

# the records of a CSV text, by the names of its columns
sub records
{
	my @lines = map { [ map { s/^"|"$//gr } split /,(?=(?:[^"]*"[^"]*")*[^"]*$)/, $_, -1 ] } split /\n/, shift;
	my @name = @{ shift @lines };

	return map { my $l = $_; +{ map { $name[$_] => $l->[$_] } 0 .. $#name } } @lines;
}

# ---------------------------------------------------------------- encrypted twice: as it is, and whitened

done([ 'keygen', '--out', 'words' ], 'keygen');
done([ 'publish', 'words.pub', @dsn ], 'publish');
my @encode = ('encode', 'patients.csv', '--id', 'id', '--label', 'sick', '--exclude', 'ward', '--bands', 'age:30,50');
done([ @encode, '-o', 'features.json' ], 'encode');
done([ @encode, '--whiten', '-o', 'white.json' ], 'encode --whiten');
my ($width, $white) = map { my $fs = decode_json(slurp_file($_)); $fs->{map} ? $fs->{map}{width} : 10 } qw(features.json white.json);
$node->safe_psql('postgres', "CREATE TABLE patients (id int, ward text, features lwe_cipher($width), label lwe_cipher(1));
	CREATE TABLE white (id int, ward text, features lwe_cipher($white), label lwe_cipher(1)); CREATE TABLE plain (id int, x float8[], y float8)");
done([ 'encrypt', '--key', 'words.key', '--features', "$_->[0].json", '--keep', 'ward', '--table', $_->[1], @dsn, 'patients.csv' ], "encrypt into $_->[1]")
	for [ 'features', 'patients' ], [ 'white', 'white' ];

my $by_ward = q{SELECT ward, count(*), avg(features) FROM %s GROUP BY ward ORDER BY ward};
for my $case ([ 'patients', 'features.json' ], [ 'white', 'white.json' ])
{
	my ($table, $features) = @$case;

	for my $r (records(done([ @query, '--csv', '--features', $features, '-c', sprintf($by_ward, $table) ], "averages of $table")))
	{
		my @here = grep { $_->{ward} eq $r->{ward} } @rows;
		my @weights = grep { $_ ne '' } map { $_->{weight} } @here;

		is($r->{count}, scalar @here, "ward $r->{ward} of $table");
		near($r->{'avg.weight'}, mean(@weights), 'kilograms, of those who were weighed');
		near($r->{'avg.weight missing'}, 1 - @weights / @here, 'the share of others');
		near($r->{'avg.smoker = yes'}, mean(map { $_->{smoker} eq 'yes' } @here), 'the share of smokers');
		for my $blood (qw(A B AB 0))
		{
			near($r->{"avg.blood = $blood"}, mean(map { $_->{blood} eq $blood ? 1 : 0 } @here), "the share of blood group $blood");
		}
		near($r->{'avg.age 30..<50'}, mean(map { $_->{age} >= 30 && $_->{age} < 50 ? 1 : 0 } @here), 'the share of a band');
	}
}

# ---------------------------------------------------------------- groups of too few rows

my $groups = q{SELECT n, avg(features), sum(label) AS s FROM (VALUES (1), (4), (5), (6)) v (n), patients WHERE id <= n GROUP BY n ORDER BY n};
my ($code, $few, $said) = ppdl(@query, '--csv', '-c', $groups);
is($code, 0, 'groups of 1, 4, 5 and 6 rows') or diag($said);
for my $g (records($few))
{
	my $hidden = '(fewer than 5 rows)';
	my @here = @rows[0 .. $g->{n} - 1];

	is($g->{$_} eq $hidden ? 'not shown' : 'shown', $g->{n} < 5 ? 'not shown' : 'shown', "$_ of $g->{n} rows") for grep { $_ ne 'n' } keys %$g;
	near($g->{'avg.smoker = yes'}, mean(map { $_->{smoker} eq 'yes' } @here), 'what is shown is right') if $g->{n} >= 5;
}
like($said, qr/4 of 8 ciphertexts stand for fewer than 5 rows/, 'how many are not shown is said');
unlike((ppdl(@query, '--csv', '--min-count', 1, '-c', $groups))[1], qr/fewer/, '--min-count 1 shows all');
like((ppdl(@query, '--raw', '--csv', '--min-count', 6, '-c', $groups))[1], qr/^5,\(fewer than 6 rows\),\(fewer than 6 rows\)\n6,"\{/m, '--min-count 6, encoded numbers');
like(done([ @query, '--csv', '--raw', '--then', 'SELECT n, s IS NULL AS no FROM result', '-c', $groups ], '--then'), qr/^1,1\n4,1\n5,0\n6,0\n/m, 'NULL in --then');
$few = $node->safe_psql('postgres', "COPY ($groups) TO STDOUT (FORMAT csv, HEADER)");
like((ppdl_in("$few\n", 'decrypt', '--key', 'words.key', '--raw'))[1], qr/^4,\(fewer.*\n5,"\{/m, 'decrypt has it, too');
like((ppdl_in("\\pset min-count 6\n\\pset null -\n\\format csv\n$groups;\n\\pset min-count 1\n$groups;\n\\pset min-count x\n", 'shell', '--raw', '--key', 'words.key', @dsn))[1],
	qr/^5,\(fewer than 6 rows\).*^1,"\{/ms, 'and the shell, as a setting');
refused([ @query, '--min-count', 0, '-c', $groups ], 2, qr/--min-count/, 'fewer than one row');
is((ppdl(@query, '--raw', '--csv', '-c', 'SELECT features, lwe_pack(label) FROM patients WHERE id < 3 GROUP BY 1'))[1] =~ tr/(//, 0, 'single and packed rows are their own');
like((ppdl(@query, '--raw', '--csv', '-c', q{SELECT lwe_encrypt('words', '{0.5}') AS own}))[1], qr/^own\n0\.5/, 'so are those under the public key');
like((ppdl(@query, '--raw', '--csv', '-c', q{SELECT avg(features) FILTER (WHERE id < 3) - avg(features) FILTER (WHERE id = 3) AS d FROM patients}))[1], qr/^\(fewer/m, 'a difference of small groups');

# the feature file is found by the encoding of the values
my ($rc, $out, $err) = ppdl(@query, '--csv', '-c', sprintf($by_ward, 'patients'));
is($rc, 0, 'without --features') or diag($err);
like($err, qr/in the words of "features.json".*--raw/, 'the file that is used is named');
is(() = $err =~ /in the words of/g, 1, 'once');
is($out, done([ @query, '--csv', '--features', 'features.json', '-c', sprintf($by_ward, 'patients') ], 'with it'), 'the same answers');
like(done([ @query, '--csv', '--raw', '-c', sprintf($by_ward, 'patients') ], '--raw'), qr/^ward,count,avg\nA,\d+,"\{-?[0-9.,-]+\}"\n/, 'encoded numbers');
($rc, $out, $err) = ppdl(@query, '--csv', '--features', 'white.json', '-c', 'SELECT avg(features) FROM patients');
like($out, qr/^avg\.weight,/, 'another file does not decode them') or diag($err);

# sums, differences, forms
my ($all) = records(done([ @query, '--csv', '-c', 'SELECT sum(features) FROM patients' ], 'a sum'));
my @weights = grep { $_ ne '' } map { $_->{weight} } @rows;
near($all->{'sum.weight'}, mean(@weights) * @weights, 'kilograms altogether', 1e-2);
is($all->{'sum.weight missing'}, @rows - @weights, 'how many were not weighed');
is($all->{'sum.smoker = yes'}, scalar(grep { $_->{smoker} eq 'yes' } @rows), 'how many smoke');
is($all->{'sum.blood = AB'}, scalar(grep { $_->{blood} eq 'AB' } @rows), 'how many have a blood group');
my $ab = q{avg(features) FILTER (WHERE ward = 'A') - avg(features) FILTER (WHERE ward = 'B')};
($rc, $out, $err) = ppdl(@query, '--csv', '-c', "SELECT $ab AS diff FROM white");
like($err, qr/"weight" is left empty. Select both averages/, 'a difference that cannot be known is said');
my ($diff) = records($out);
my ($in_a, $in_b) = map { my $w = $_; mean(map { $_->{smoker} eq 'yes' ? 1 : 0 } grep { $_->{ward} eq $w } @rows) } qw(A B);
near($diff->{'diff.smoker = yes'}, $in_a - $in_b, 'one that can be');
is($diff->{'diff.weight'}, '', 'and one that cannot');
like(done([ @query, '-c', q{SELECT avg(features) FROM patients} ], 'a table'), qr/^-\[ RECORD 1 \]/, 'of many columns is a field a line');
like(done([ @query, '-c', q{SELECT avg(features) FROM patients} ], 'a table'), qr/^avg\.smoker = yes +\| \d+\.\d+ %\n/m, 'shares in per cent');
my $json = decode_json(done([ @query, '--json', '-c', 'SELECT avg(features), avg(label) AS avg_label FROM patients' ], 'JSON'));
near($json->[0]{avg}{weight}, mean(@weights), 'has an object of names');
like(done([ @query, '--csv', '--features', 'features.json', '-c', 'SELECT avg(label) AS avg_label FROM patients' ], 'an average of labels'),
	qr/^avg_label\.sick = yes\n0\.\d+\n$/, 'is a share');

# rows, as they were
my $first = (records(done([ @query, '--csv', '--features', 'features.json', '-c', 'SELECT features, label FROM patients WHERE id = 1' ], 'a row')))[0];
is($first->{"features.$_"}, $rows[0]{$_}, "its $_") for qw(smoker blood);
is($first->{'features.age'}, $rows[0]{age} < 30 ? '< 30' : $rows[0]{age} < 50 ? '30..<50' : '>= 50', 'its band');
is($first->{label}, $rows[0]{sick}, 'its label');

# what is not guessed
($rc, $out, $err) = ppdl(@query, '--csv', '--min-count', 1, '-c', 'SELECT 0.5 * features AS x FROM patients WHERE id = 1');
is($rc, 0, 'half a row');
like($err, qr/"x": whether it is an average, a sum or a difference cannot be told.*--as x=avg/, 'is not guessed at');
like($out, qr/^x\n"\{/, 'and shown as it is');
refused([ @query, '--as', 'x=avg', '--min-count', 1, '-c', 'SELECT 2 * features AS x FROM patients WHERE id = 1' ], 3, qr/row 1 of the result: column "x": this is not an average/, 'what it cannot be');
refused([ @query, '--as', 'x=mean', '-c', 'SELECT 1' ], 2, qr/--as x=mean: .*COL=MEANING/, 'an unknown meaning');
refused([ @query, '--as', 'x=sum:n', '-c', 'SELECT sum(features) AS x FROM patients' ], 2, qr/the result has no column "n"/, 'a count that is not there');
refused([ @query, '--raw', '--features', 'features.json', '-c', 'SELECT 1' ], 2, qr/--raw .*excludes/, '--raw with --features');
my $counted = done([ @query, '--csv', '--as', 'x=sum:n', '-c', 'SELECT count(*) AS n, sum(features) AS x FROM patients' ], 'a sum with its count');
like($counted, qr/^n,x\.weight,/, 'is decoded');

# ---------------------------------------------------------------- values made of others

done([ @encode, '--moments', '--thermometer', 'age:40,65', '--thermometer', 'weight:80.5', '-o', 'made.json' ], 'encode --moments --thermometer');
$node->safe_psql('postgres', 'CREATE TABLE made (id int, ward text, features lwe_cipher(14), label lwe_cipher(1))');
done([ 'encrypt', '--key', 'words.key', '--features', 'made.json', '--keep', 'ward', '--table', 'made', @dsn, 'patients.csv' ], 'rows with products');
my $made = (records(done([ @query, '--csv', '-c', 'SELECT avg(features) FROM made' ], 'averages of them')))[0];
my @weighed = grep { $_->{weight} ne '' } @rows;
near($made->{'avg.age>=65'}, mean(map { $_->{age} >= 65 ? 1 : 0 } @rows), 'the share of those of 65 and more');
near($made->{'avg.weight>=80.5'}, mean(map { $_->{weight} >= 80.5 ? 1 : 0 } @weighed), 'of 80.5 kg and more, among those who were weighed');
is(scalar(grep { /[*]/ } keys %$made), 0, 'products are no answers in words');
my @raw = done([ @query, '--csv', '--raw', '-c', 'SELECT sum(features) FROM made' ], 'their sums') =~ /(-?[0-9.]+(?:e-?[0-9]+)?)/g;
my ($lightest, $heaviest) = (sort { $a <=> $b } map { $_->{weight} } @weighed)[ 0, -1 ];
my $squares = 0;
$squares += (2 * ($_->{weight} - $lightest) / ($heaviest - $lightest) - 1)**2 for @weighed;
near($raw[-1], $squares, '--raw: the last is the sum of squares of encoded weights');

# ---------------------------------------------------------------- questions in braces: conditions are SQL

$node->safe_psql('postgres', 'CREATE TABLE clear (id int, ward text, weight float8, age int, smoker text, blood text, sick text)');
$node->safe_psql('postgres', "\\copy clear FROM 'patients.csv' CSV HEADER");
for my $condition (q{age > 39 and not age > 64 and blood <> '0'}, q{not (smoker = 'yes' or weight is null)})
{
	my $asked = done([ @query, '--csv', '-c', qq{SELECT ward, {count where $condition}, {count("Weight") where $condition}, {avg(weight) where $condition},
		{sum(weight) where $condition} AS kg FROM public.made WHERE id <= 120 GROUP BY ward ORDER BY ward} ], $condition);
	my ($names, @asked) = split /\n/, $asked;
	my @clear = split /\n/, $node->safe_psql('postgres', qq{SELECT ward, count(*), count(weight), avg(weight), sum(weight) FROM clear WHERE id <= 120 AND $condition GROUP BY ward ORDER BY ward});

	is($names, 'ward,count,count(weight),avg(weight),kg', 'columns are called as in SQL');
	is(scalar @asked, 3, 'all wards');
	for my $i (0 .. 2)
	{
		my @got = split /,/, $asked[$i], -1;
		my @want = split /\|/, $clear[$i], -1;

		is("@got[0 .. 2]", "@want[0 .. 2]", 'who, and how many');
		near($got[3], $want[3], 'the average', 0.02);
		near($got[4], $want[4], 'the sum', 0.5);
	}
}

# errors, tried below
my @asked;
sub asked
{
	push @asked, [@_];
	return;
}

# where answers may stand; groups without rows cost nothing
my $none = q{FROM made WHERE id < 0};
is(done([ @query, '--json', '-c', qq{SELECT count(*), {count where smoker = 'yes'} AS smokers, '{"a": 1}'::json AS j, '{count}' AS s $none} ], 'JSON'),
	qq([\n {"count": 0, "smokers": 0, "j": {"a": 1}, "s": "{count}"}\n]\n), 'numbers are numbers, and other braces stay');
is(done([ @query, '--csv', '-c', qq{WITH a AS (SELECT ward, {count where smoker = 'yes'} n $none GROUP BY ward) SELECT count(*), (SELECT n FROM a WHERE ward = 'none') FROM a} ], 'none'),
	"count,n\n0,\n", 'an answer that there is not');
is(done([ @query, '--csv', '-c', qq{SELECT {count where smoker = 'yes'}, {avg(weight) where smoker = 'yes'} $none} ], 'no rows'), qq(count,avg(weight)\n0,\n), 'no rows are 0');
is(done([ @query, '--csv', '--then', 'SELECT count + 1 AS more FROM result', '-c', qq{SELECT {count from features where smoker='yes'} $none} ], '--then'), "more\n1\n", '--then goes on with answers');
like(done([ @query, '-c', qq{SELECT 1 AS one; SELECT {count where smoker='yes'} $none} ], 'two statements'), qr/one.*\n count *\n-+\n +0\n/s, 'a table');
like((ppdl_in("SELECT {count\nwhere smoker\n= 'yes'}\n$none;\n", 'shell', '--key', 'words.key', @dsn))[1], qr/^ count *\n-+\n +0\n/m, 'the shell');

# which feature file
like((ppdl_in('', @query, '-c', qq{SELECT {count where smoker = 'yes'} $none}))[2], qr/in the words of "made.json"/, 'a note says which');
asked(q{SELECT {count where smoker = 'yes'} FROM white}, qr/components of their values.*line 1, column 21.*that has no such map/s, 'a map');
asked(q{SELECT (SELECT {count where smoker = 'yes'} FROM made), (SELECT 1 FROM patients LIMIT 1)},
	qr/"features" of made is of the encoding [0-9a-f]{12}, of patients of [0-9a-f]{12}.*--features/s, 'two encodings');
is(done([ @query, '--csv', '--features', 'made.json', '-c', qq{SELECT (SELECT {count where smoker = 'yes'} AS n $none), (SELECT 1 AS m FROM patients LIMIT 1)} ], 'one is named'),
	"n,m\n0,1\n", 'that can be told apart by --features');
refused([ @query, '--features', 'features.json', '-c', q{SELECT {count where smoker = 'yes'} FROM made WHERE id < 9} ], 2, qr/the rows have encoding [0-9a-f]{12}, the feature file [0-9a-f]{12}/,
	'a condition for other rows');
$node->safe_psql('postgres', 'CREATE TABLE bare (id int); CREATE TABLE empty (LIKE made)');
asked(q{SELECT {count where smoker = 'yes'} FROM bare}, qr/no table of this statement has an encrypted column "features".*column 8.*from COLUMN/s, 'no encrypted column');
asked(q{SELECT {count where smoker = 'yes'} FROM empty}, qr/no row of "features" says which feature file.*--features/s, 'no rows to ask');
$node->safe_psql('postgres', 'CREATE TABLE "50%s" AS SELECT * FROM made WHERE id < 4');
is(done([ @query, '--csv', '-c', q{SELECT {count where smoker = 'yes'} FROM "50%s" WHERE id < 0} ], 'a table with a sign in its name'), "count\n0\n", 'is looked at');
is(done([ @query, '--csv', '-c', qq{SELECT {count where smoker = 'yes'} $none AND ward NOT IN (\$\$5" screen\$\$, \$\$""\$\$)} ], 'quotes of no names'), "count\n0\n", 'are none');
rename 'made.json', 'elsewhere' or die;
refused([ @query, '-c', qq{SELECT {count where smoker = 'yes'} $none} ], 2, qr/that of no feature file here.*--features FILE/s, 'a file that is not here');
rename 'elsewhere', 'made.json' or die;

# groups of few rows are not shown, those of none are
my ($somebody) = grep { $_->{smoker} eq 'yes' && $_->{weight} ne '' } @rows;
my $one = qq{SELECT {count where smoker = 'yes'}, {avg(age) where smoker = 'yes'}, {count where smoker = 'no'} AS others FROM made WHERE id = $somebody->{id}};
like(done([ @query, '--csv', '-c', $one =~ s/avg\(age\)/avg(weight)/r ], 'one smoker'), qr/^"?\(fewer than 5 rows\)"?,"?\(fewer than 5 rows\)"?,0$/m, 'are not shown');
is(done([ @query, '--csv', '--min-count', '1', '-c', $one =~ s/, \{avg.*?\}//r ], 'one smoker'), "count,others\n1,0\n", 'unless --min-count says so');

# answers within other values, and in an order, are none
for my $pasted (q{'x' || {count where smoker = 'yes'} AS s}, q{(SELECT array_agg(n) FROM (SELECT {count where smoker = 'yes'} AS n FROM made WHERE id < 3) one)})
{
	asked("SELECT $pasted FROM made WHERE id < 3", qr/an answer to a question in braces is a part of another value.*alone/s, 'nothing is shown of an answer within another value');
}
asked(qq{SELECT ward, {count where smoker = 'yes'} AS n $none GROUP BY ward ORDER BY n}, qr/ordering operator.*encrypted on the server.*--then can/s, 'nothing is sorted by what is encrypted');

# errors
refused([ @query, '--verify', '--receipts-for', 'made', '-c', qq{SELECT {count where smoker = 'yes'} $none} ], 2, qr/questions in braces have no receipts/, 'nothing passes --verify unchecked');
refused([ @query, '-c', qq{SELECT 1,\n  {count where smoker = 'yes' and} $none} ], 2, qr/the name of a column is expected.*line 2, column 34: \} FROM/s, 'syntax');
asked(qq{SELECT {count where smoker = 'often'} $none}, qr/no category "often".*It has 'no', 'yes'/s, 'a category that there is not');
refused([ @query, '-c', qq{SELECT {count where smoker = 'yes'}, nothing $none} ], 5, qr/"nothing" does not exist.*line 1, column 38: nothing FROM/s, 'the places of the server are those of the question');
asked(qq{CREATE TABLE n AS SELECT {count where smoker = 'yes'} $none}, qr/answered where a result is shown/, 'no answer that nobody sees');

# all of them in one session, which goes on after each
{
	my $errors = (ppdl_in(join('', map { "$_->[0];\n" } @asked), 'shell', '--key', 'words.key', @dsn))[2];
	my @error = grep { /^(detail|hint):/m } split /^(?=ppdl shell: )/m, $errors;

	is(scalar @error, scalar @asked, 'each is an error') or diag($errors);
	like($error[$_], $asked[$_]->[1], $asked[$_]->[2]) for 0 .. $#asked;
}

# ---------------------------------------------------------------- predictions, and files of results

done([ 'encrypt', '--plain', '--features', 'features.json', '--table', 'plain', @dsn, 'patients.csv' ], 'plain rows');
$node->safe_psql('postgres', q{SELECT ppdl_create_model('m', '{"inputs": 10, "layers": [{"units": 1, "activation": "identity"}]}');
	SELECT ppdl_train('m', x, y, '{"steps": 3, "batch": 64}' ORDER BY id) FROM plain});
my $predict = q{SELECT array_agg(id ORDER BY id) AS id, ppdl_predict_agg('m', features ORDER BY id) AS score FROM patients};
my %plain = map { split /\|/ } split /\n/, $node->safe_psql('postgres', q{SELECT id, (ppdl_predict('m', x))[1] FROM plain});
my $scores = done([ @query, '--expand', '--csv', '-c', $predict, '--features', 'features.json' ], 'predictions');
my @scored = records($scores);
is(scalar @scored, 300, 'one for each row');
is(scalar(grep { $_->{'score.sick'} eq ($plain{ $_->{id} } > 0 ? 'yes' : 'no') } @scored), 300, 'classes by name, as the plain network has them');
is(scalar(grep { abs($_->{score} - $plain{ $_->{id} }) < 1e-4 } @scored), 300, 'beside their scores');
file('scores.csv', $scores);
# products of values are no values
my $gram = 'SELECT lwe_gram(features) AS g FROM patients WHERE id <= 5';
is(done([ @query, '--csv', '--features', 'features.json', '-c', $gram ], 'second moments'), done([ @query, '--csv', '--raw', '-c', $gram ], 'as they are'), 'second moments stay as they are');
like(done([ 'evaluate', '--features', 'features.json', '--labels', 'patients.csv', '--id', 'id', '--score', 'score', 'scores.csv' ], 'evaluate takes them'),
	qr/^300 rows .*the positive class is "yes"/s, 'and knows the classes');
my $array = decode_json(done([ @query, '--json', '-c', $predict ], 'all in one value'));
is(scalar @{ $array->[0]{score} }, 300, 'JSON: an array');
is($array->[0]{score}[0]{sick}, $plain{1} > 0 ? 'yes' : 'no', 'of objects');

my $csv = $node->safe_psql('postgres', 'COPY (' . sprintf($by_ward, 'patients') . ') TO STDOUT WITH (FORMAT csv, HEADER)');
my $decrypted = (ppdl_in("$csv\n", 'decrypt', '--key', 'words.key', '--features', 'features.json', '--format', 'csv'))[1];
is($decrypted, done([ @query, '--csv', '-c', sprintf($by_ward, 'patients') ], 'query'), 'decrypt makes the same of CSV');
like((ppdl_in("$csv\n", 'decrypt', '--key', 'words.key', '--raw'))[1], qr/^ward,count,avg\nA,\d+,"\{/, 'decrypt --raw');
# text that is no CSV: what psql draws, and values among other words
my @text = ('decrypt', '--key', 'words.key', '--features', 'features.json');
refused([ @text, '--expand' ], 2, qr/--expand .*needs columns with names.*hint: .*psql --csv/s, 'to deal out what has no names', "x\ty\n");
my %smoke = map { my $w = $_; $w => mean(map { $_->{smoker} eq 'yes' ? 1 : 0 } grep { $_->{ward} eq $w } @rows) } qw(A B C);
for my $form ([ 'aligned' ], [ 'with borders', '-P', 'border=2' ], [ 'unaligned', '-A' ])
{
	my ($name, @psql) = @$form;
	my ($drawn) = run_command([ 'psql', '-X', @psql, '-d', $node->connstr('postgres'), '-c', sprintf($by_ward, 'patients') ]);
	my ($code, $said, $why) = ppdl_in("$drawn\n", @text);

	is($code, 0, "psql's table, $name") or diag($why);
	my %got = $said =~ /^\W*([ABC]) *\|.*?(\{.*\})/mg;
	is_deeply([ sort keys %got ], [qw(A B C)], 'has its rows');
	near(decode_json($got{$_})->{'smoker = yes'}, $smoke{$_}, "smokers of ward $_") for sort keys %got;
	like($said, qr/ward *\| *count *\| *avg/, 'and its names');
}
my $value = $node->safe_psql('postgres', 'SELECT sum(features) FROM patients');
for my $text ("Sum of all: %s.", "-[ RECORD 1 ]---\nward | all\nsum  | %s", "The sum:\n%s", "%s")
{
	my $said = (ppdl_in(sprintf("$text\n", $value), @text))[1];
	my ($answer) = $said =~ /(\{.*\})/;

	is($said, sprintf("$text\n", $answer), 'other words stay') or diag($said);
	is(decode_json($answer)->{'smoker = yes'}, scalar(grep { $_->{smoker} eq 'yes' } @rows), 'a sum, by the words before it');
}
like((ppdl_in("Sum: $value\n", 'decrypt', '--key', 'words.key'))[1], qr/^Sum: \{-?\d+[0-9.,-]*\}$/m, 'without --features text has numbers, as before');
($rc, $out, $err) = ppdl_in("average: $value\n", @text);
like($err, qr/column "average": whether it is an average, a sum or a difference cannot be told/, 'what the value denies is not believed');
like($out, qr/^average: \{[0-9.,-]+\}$/m, 'and shown as it is');
($rc, $out) = ppdl_in("x $value and $value\n", @text, '--as', 'sum');
is(() = $out =~ /"smoker = yes": /g, 2, '--as, for all values');
refused([ @text, '--as', 'avg' ], 3, qr/standard input:2: column "x": this is not an average/, 'what it cannot be, with its line', "\nx $value\n");
my $packed = $node->safe_psql('postgres', $predict =~ s/array_agg.*?, ppdl/ppdl/r);
like((ppdl_in("$packed\n", @text))[1], qr/^\[\{"sick": "(yes|no)", "score": -?\d/, 'predictions, as in JSON');

done_testing();
