# The ppdl tool without a server: keys, encodings, encryption, decryption, and what each refuses.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $patients = abs_path(dirname(__FILE__) . '/../contrib-data/patients.csv');
my $dir = PostgreSQL::Test::Utils::tempdir;

chdir $dir or die "cannot enter $dir: $!";

sub lines
{
	return split /\n/, $_[0];
}

my ($rc, $out, $err);

# a crash is never what a test expects, not even after all that was to be printed
ok(!eval { command('sh', '-c', "echo printed; kill -$_ \$\$"); 1 }, "SIG$_ is no exit code") for qw(SEGV KILL TERM);

# ---------------------------------------------------------------- help and usage

my @commands = qw(keygen publish features encode encrypt rekey decrypt query shell evaluate verify audit model inspect status);

($rc, $out, $err) = ppdl('help');
is($rc, 0, 'ppdl help');
like($out, qr/^  $_ /m, "it lists $_") for @commands;
for my $command (@commands)
{
	($rc, $out, $err) = ppdl('help', $command);
	is($rc, 0, "ppdl help $command");
	like($out, qr/Example.*ppdl $command/s, "help of $command has an example");
	refused([ $command, '--nosuch' ], 2, qr/unrecognized option.*--help/s, "$command with an unknown option");
}
($rc, $out) = ppdl('--version');
like($out, qr/^ppdl \d+\.\d+\.\d+$/, 'ppdl --version');
refused([], 2, qr/^Usage: ppdl COMMAND/, 'no command');
refused(['decypher'], 2, qr/no command "decypher"; the commands are:.* decrypt/, 'an unknown command');
refused([ 'help', 'decypher' ], 2, qr/no command "decypher"/, 'help on an unknown command');
refused([ 'keygen' ], 2, qr/--out is missing/, 'keygen without --out');
refused([ 'keygen', '--out', 'x', '--for', 'fun' ], 2, qr/"fun" is none of: sum, predict, train/, 'keygen for fun');
refused([ 'keygen', '--out', 'x', '--threads', '0' ], 2, qr/"0" is not an integer from 1/, 'keygen on no thread');
refused([ 'encode' ], 2, qr/which CSV file/, 'encode without a file');
refused([ 'encrypt', 'x.csv' ], 2, qr/--key is missing/, 'encrypt without a key');
refused([ 'encrypt', '--key', 'k', 'x.csv' ], 2, qr/--features is missing/, 'encrypt without features');
refused([ 'encrypt', '--key', 'k', '--raw', '--features', 'f', 'x.csv' ], 2, qr/exclude each other/, 'encrypt --raw --features');
refused([ 'encrypt', '--key', 'k', '--raw', '--batch-rows', '3', 'x.csv' ], 2, qr/not a power of two/, 'encrypt --batch-rows 3');
refused([ 'encrypt', '--key', 'k', '--raw', '--scale-bits', '99', 'x.csv' ], 2, qr/20 to 40/, 'encrypt --scale-bits 99');
refused([ 'decrypt' ], 2, qr/--key is missing/, 'decrypt without a key');
refused([ 'query', '--key', 'k' ], 2, qr/give SQL with -c/, 'query without SQL');
refused([ 'model', 'burn' ], 2, qr/"burn" is none of: list, show/, 'model burn');

# ---------------------------------------------------------------- keygen

($rc, $out, $err) = ppdl('keygen', '--out', 'clinic', '--for', 'sum');
is($rc, 0, 'keygen') or diag($err);
my ($fingerprint) = $out =~ /^fingerprint: ([0-9a-f]{16})$/m;
ok($fingerprint, 'it prints the fingerprint');
like($out, qr/clinic\.pub \(\d+\.\d MiB\)/, 'and sizes');
is((stat 'clinic.key')[2] & 0777, 0600, 'the secret key is for its owner alone');
unlike(slurp_file('clinic.key'), qr/only for tests/, 'the passphrase is not in the file');

my $before = slurp_file('clinic.key') . slurp_file('clinic.pub');
refused([ 'keygen', '--out', 'clinic' ], 1, qr/"clinic.key" exists and is not overwritten/, 'keygen over a key');
is(slurp_file('clinic.key') . slurp_file('clinic.pub'), $before, 'both files are untouched');
refused([ 'keygen', '--out', 'nowhere/clinic', '--for', 'sum' ], 1, qr/nowhere.*No such file/, 'keygen into a missing directory');
refused([ 'keygen', '--out', 'x', '--name', 'a b', '--for', 'sum' ], 2, qr/name/, 'keygen with a bad name');

file('pass', "another one\nsecond line\n");
($rc) = ppdl('keygen', '--out', 'other', '--for', 'sum', '--passphrase-file', 'pass');
is($rc, 0, 'keygen with a passphrase file');
($rc) = ppdl('keygen', '--key', 'other.key', '--out', 'other2', '--for', 'sum', '--passphrase-file', 'pass');
is($rc, 0, 'a second public file from a secret key');
is(slurp_file('other2.pub'), slurp_file('other.pub'), 'is the same');
refused([ 'keygen', '--key', 'other.key', '--out', 'x', '--for', 'sum' ], 4, qr/passphrase/, 'a wrong passphrase');
file('empty', "\n");
refused([ 'keygen', '--out', 'x', '--for', 'sum', '--passphrase-file', 'empty' ], 4, qr/no passphrase/, 'an empty passphrase');
refused([ 'keygen', '--out', 'x', '--for', 'sum', '--passphrase-file', 'missing' ], 1, qr/missing.*No such file/, 'a missing passphrase file');
refused([ 'keygen', '--out', 'x', '--for', 'sum', '--passphrase-file', file('long', 'x' x 2000) ], 4, qr/longer than/, 'a very long passphrase');
# UTF-16 has a NUL byte in each letter of English, and may have none behind its mark
my $utf16 = join '', map { "$_\0" } split //, "correct horse battery staple\n";
for my $text ($utf16, "\xFF\xFE$utf16", "\xFE\xFF" . "c\n", "correct horse\0\n")
{
	refused([ 'keygen', '--out', 'x', '--for', 'sum', '--passphrase-file', file('utf16', $text) ], 4, qr/NUL byte.*hint: .*UTF-16/s, 'a passphrase in UTF-16');
	refused([ 'keygen', '--out', 'x', '--for', 'sum', '--key', 'other.key', '--passphrase-file', 'utf16' ], 4, qr/UTF-16/, 'and to open a key');
}
for my $short ('abc', "\xC3\xA4" x 7)
{
	refused([ 'keygen', '--out', 'x', @$_, '--passphrase-file', file('short', "$short\n") ], 4, qr/fewer than 8 characters.*--allow-weak-passphrase/s, 'a short passphrase')
	  for [ '--for', 'sum' ], [ '--scheme', 'rsa' ];
}
done([ 'keygen', '--out', 'weak', '--for', 'sum', '--allow-weak-passphrase', '--passphrase-file', 'short' ], '--allow-weak-passphrase');
done([ 'keygen', '--out', 'weak2', '--for', 'sum', '--key', 'weak.key', '--passphrase-file', 'short' ], 'an old key opens with any passphrase');
($rc, $out, $err) = command('sh', '-c', q{trap '' XFSZ; ulimit -f 100; exec ppdl keygen --out x --for sum});
is($rc, 1, 'keygen where no file can be large enough');
like($err, qr/write "x\.pub": File too large/, 'names the file that was asked for');
is_deeply([ grep { /^x|tmp/ } glob '*' ], [], 'failures leave no files');

{
	local %ENV = %ENV;
	delete $ENV{PPDL_PASSPHRASE};
	my ($o, $e) = ('', '');

	# a session without a terminal
	IPC::Run::run([ 'setsid', '--wait', 'ppdl', 'keygen', '--out', 'x', '--for', 'sum' ], '<', \undef, '>', \$o, '2>', \$e);
	is(exit_code(), 4, 'no passphrase and no terminal: exit code');
	like($e, qr/no terminal to ask.*hint: Give --passphrase-file/s, 'no passphrase and no terminal: message');
}

SKIP:
{
	skip 'IO::Pty is not there', 10 unless eval { require IO::Pty; 1 };
	local %ENV = %ENV;
	delete $ENV{PPDL_PASSPHRASE};

	# types the answers at the prompts; returns the exit code and what the terminal showed
	my $type = sub {
		my (@answers) = @_;
		my ($in, $screen) = ('', '');
		my $h = IPC::Run::start([ 'ppdl', 'keygen', '--out', 'typed', '--for', 'sum' ], '<pty<', \$in, '>pty>', \$screen,
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

		for my $n (1 .. @answers)
		{
			$h->pump until (() = $screen =~ /: $|: \r?\n/mg) >= $n || !$h->pumpable;
			$in .= "$answers[$n - 1]\n";
		}
		$h->finish;
		return (exit_code(), $screen);
	};
	my ($code, $screen) = $type->('open sesame', 'open sesame2');
	is($code, 4, 'two different passphrases');
	like($screen, qr/two passphrases differ/, 'it says so');
	($code, $screen) = $type->('open sesame', 'open sesame');
	is($code, 0, 'a passphrase typed twice') or diag($screen);
	unlike($screen, qr/sesame/, 'and never shown');

	# a signal at the prompt; the terminal must be as it was, and a stop must go on with a prompt
	file('shell.pl', <<'END');
use POSIX;
$SIG{TTOU} = 'IGNORE';
# a shell's background jobs ignore some
$SIG{$_} = 'DEFAULT' for qw(INT QUIT TERM HUP TSTP);
my $pid = fork;
if (!$pid) { setpgid(0, 0); tcsetpgrp(0, $$); $SIG{TTOU} = 'DEFAULT'; exec 'ppdl', 'keygen', '--out', 'signalled', '--for', 'sum' }
setpgid($pid, $pid);
my $echo = sub { my $t = POSIX::Termios->new; $t->getattr(0); $t->getlflag & ECHO ? 'on' : 'off' };
select undef, undef, undef, 0.05 while $echo->() eq 'on';
kill $ARGV[0], $pid;
waitpid $pid, WUNTRACED;
my $stopped = $? == 0 && kill 0, $pid;
print 'after: ', $echo->(), ' ', $stopped ? 'stopped' : $?, "\n";
if ($stopped)
{
	tcsetpgrp(0, $pid);
	kill 'CONT', $pid;
	select undef, undef, undef, 0.05 while $echo->() eq 'on';
	kill 'TERM', $pid;
	waitpid $pid, 0;
	print 'again: ', $echo->(), " $?\n";
}
END
	for my $signal (qw(INT TERM HUP QUIT TSTP))
	{
		my ($in, $out) = ('', '');
		my $number = POSIX->can("SIG$signal")->();

		IPC::Run::run([ 'perl', 'shell.pl', $signal ], '<pty<', \$in, '>pty>', \$out, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		like($out, $signal eq 'TSTP' ? qr/after: on stopped\r?\n.*again: on 15\r?\n/s : qr/after: on $number\r?\n/, "SIG$signal at the prompt");
	}
	ok(!-e 'signalled.key', 'makes no key');
}

# ---------------------------------------------------------------- inspect

($rc, $out) = ppdl('inspect', 'clinic.key');
is($rc, 0, 'inspect a secret key file');
like($out, qr/^secret key file.*name: +clinic\nfingerprint: $fingerprint/s, 'name and fingerprint');
($rc, $out) = ppdl('inspect', 'clinic.pub');
like($out, qr/^public key file.*fingerprint: $fingerprint\nfor: +sum\nparts: +5\n/s, 'inspect a public key file');

my $key = slurp_file('clinic.key');
my ($head, $sealed) = split /(?<=\n)/, $key;
refused([ 'inspect', file('lost.key', $head) ], 4, qr/second line, the sealed key itself, is missing/, 'a key file without its secret line');
refused([ 'inspect', file('cut.key', $head . substr($sealed, 0, 30) . "\n") ], 4, qr/second line is malformed/, 'a secret line cut short');
refused([ 'inspect', file('bad.key', $head . '*' . substr($sealed, 1)) ], 4, qr/second line is malformed/, 'a damaged secret line');
refused([ 'inspect', file('nonl.key', $head . substr($sealed, 0, -1)) ], 4, qr/last line does not end/, 'a key file without its last newline');
for my $text ($key =~ s/\n/\r\n/gr, $head . substr($sealed, 0, -1) . "\r\n")
{
	refused([ 'inspect', file('crlf.key', $text) ], 4, qr/CR LF.*hint: .*tr -d/s, 'a key file with the line ends of Windows');
	refused([ 'keygen', '--key', 'crlf.key', '--out', 'x', '--for', 'sum' ], 4, qr/CR LF/, 'which no command takes');
}
my $pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIHZTBPBgkqhkiG9w0BBQ0w\n";
refused([ 'inspect', file('cut.pem', $pem) ], 3, qr/no whole PEM block/, 'an RSA key file cut short');

my $pub = slurp_file('clinic.pub');
substr($pub, -1000, 1) = chr(ord(substr($pub, -1000, 1)) ^ 1);
refused([ 'inspect', file('damaged.pub', $pub) ], 3, qr/public/, 'a damaged public key file');
refused([ 'inspect', file('short.pub', substr($pub, 0, 100)) ], 3, qr/./, 'a public key file cut short');
refused([ 'inspect', file('text', "hello\n") ], 3, qr/no key file, no feature/, 'inspect something else');
refused([ 'inspect', 'missing' ], 1, qr/cannot open "missing"/, 'inspect nothing');

# ---------------------------------------------------------------- encode

($rc, $out, $err) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '-o', 'features.json');
is($rc, 0, 'encode') or diag($err);
my ($width) = $out =~ /^width: +(\d+)$/m;
like($out, qr/^model:  SELECT ppdl_create_model\('name', '\{"inputs":$width,"encoding":"[0-9a-f]{12}","input_scale":0\.\d+,"layers"/m, 'it suggests a model');
like($out, qr/^train:  SELECT ppdl_train\('name', features, label, '\{"steps":15,.*\}' ORDER BY id\) FROM/m, 'and how to train it');
like($out, qr/^note: .*--whiten/m, 'and a map');
like($out, qr/^note: .*"bias": false: units fill/m, 'and says what a bias costs');
like(slurp_file('features.json'), qr/\{"column": "Age", "kind": "numeric", "min": 18, "max": 90, "step": 1\}/, 'the file is readable');
($rc, $out) = ppdl('inspect', 'features.json');
like($out, qr/^feature file.*^width: +$width$/ms, 'inspect a feature file');

my $recipe16 = [
	'--bands', 'Age:20..40/2', '--one-hot-weight', '2', '--columns', 'Age,Gender,Family History,Body Weight,Prior Fractures'
];
my $recipe32 = [
	'--bands', 'Age:19..39/1', '--one-hot-weight', '3', '--exclude', 'Race/Ethnicity,Medical Conditions,Medications'
];
($rc, $out) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', @$recipe16, '-o', 'f16.json');
like($out, qr/^width: +16$/m, 'two-year age bands and four binaries: 16 inputs');
like($out, qr/"input_scale":\[2,2,2,2,2,2,2,2,2,2,2,2,1,1,1,1\]/, 'the bands are weighted in the model');
($rc, $out) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', @$recipe32, '-o', 'f32.json');
like($out, qr/^width: +32$/m, 'one-year age bands and ten binaries: 32 inputs');
($rc, $out) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--pad', '--constant');
like($out, qr/^\{\n  "format": "ppdl-features".*"constant".*"padding"/s, 'without -o the file goes to standard output');

# a map: the width follows from the columns, rows are in [-1, 1], the same file gives the same map
($rc, $out, $err) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--whiten', '-o', 'white.json');
is($rc, 0, 'encode --whiten') or diag($err);
my ($components) = $out =~ /^map: +$width inputs become (\d+) components and a constant$/m;
like($out, qr/^width: +@{[ $components + 1 ]}$/m, 'a component a direction, and the constant');
like($out, qr/'\{"inputs":@{[ $components + 1 ]},"encoding":"[0-9a-f]{12}","input_scale":4,"bias":false,"layers":\[\{"units":16,/, 'the model that goes with it');
unlike($out, qr/^note:/m, 'nothing more to be done');
like((ppdl('inspect', 'white.json'))[1], qr/^width: +@{[ $components + 1 ]}\n.*^map: +$width inputs/ms, 'inspect it');
my $white = slurp_file('white.json');
like(done([ 'encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--whiten', '-o', 'white.json' ], 'encode again'),
	qr/^encoding: [0-9a-f]{12}, in white\.json, which says the same already/m, 'the same map');
is(slurp_file('white.json'), $white, 'the file stays as it was');
($rc, $out, $err) = ppdl('encrypt', '--plain', '--features', 'white.json', $patients);
is($rc, 0, 'apply the map') or diag($err);
my @white = map { [ (split /\t/)[1] =~ /-?[\d.]+(?:e-?\d+)?/g ] } lines($out);
is(scalar(grep { @$_ != $components + 1 || $_->[-1] != 0.25 || grep { abs($_) > 1 } @$_ } @white), 0, 'rows of that many values in [-1, 1]');
my $worst = 0;
for my $i (0 .. $components - 1)
{
	my $mean = 0;

	$mean += $_->[$i] / @white for @white;
	$worst = abs($mean) if abs($mean) > $worst;
}
cmp_ok($worst, '<', 1e-3, 'their mean is 0 but for what was clipped');
($rc, $out, $err) = ppdl('encode', '/dev/stdin', '--whiten');
is($rc, 2, 'a pipe cannot be read twice');
like($err, qr/reads the file several times, and "\/dev\/stdin" can be read only once/, 'as it says');
refused([ 'encode', $patients, '--whiten', $_ ], 2, qr/no place beside it/, "--whiten $_") for '--constant', '--pad', '--one-hot-weight=2';
like((ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--whiten', '--components', '7', '-o', 'seven.json'))[1],
	qr/^width: +8$/m, 'seven components');
refused([ 'encode', $patients, '--components', '7' ], 2, qr/goes with --whiten only/, '--components alone');
($rc, $out) = ppdl('encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--units', '512', '-o', 'wide.json');
like($out, qr/^note: .*too large to be trained on encrypted rows: 32768 slots a row where there are 2048/m, 'a network that is too large');

my $small = "Id,Age,Sex,Sick\n1,20,m,0\n2,30,f,1\n3,40,f,\n4,50,m,1\n";
file('small.csv', $small);
file('ragged.csv', "Id,Age,Sex,Sick\n1,20,m,0\n2,30,f\n");
file('abc.csv', "Id,Age,Sex,Sick\n1,20,m,0\n2,abc,f,1\n3,40,f,1\n4,50,f,1\n");
file('twice.csv', "Id,Age,Age\n1,2,3\n");
file('latin.csv', "Id,Name\n1,J\xF6rg\n");
file('quote.csv', "Id,Name\n1,\"J\n2,K\n");
my @encode = ('--id', 'Id', '-o', 'never.json');
refused([ 'encode', 'missing.csv', @encode ], 1, qr/cannot open "missing.csv"/, 'encode a missing file');
refused([ 'encode', 'ragged.csv', @encode ], 3, qr/ragged.csv:3: 3 fields where the header has 4 columns/, 'encode a ragged file');
refused([ 'encode', 'abc.csv', @encode ], 3, qr/abc.csv:3: column "Age": "abc" is not a number/, 'encode a word among numbers');
refused([ 'encode', 'twice.csv', @encode ], 3, qr/twice.csv:1: column name "Age" appears twice/, 'encode a header with a name twice');
refused([ 'encode', 'latin.csv', @encode ], 3, qr/latin.csv:2: column 2: invalid UTF-8/, 'encode another character set');
refused([ 'encode', 'quote.csv', @encode ], 3, qr/quote.csv:2: a quoted field of this record is never closed/, 'encode an open quote');
refused([ 'encode', 'small.csv', @encode, '--label', 'Ill' ], 3, qr/no column "Ill".*Columns: Id, Age/s, 'encode without the label');
refused([ 'encode', 'small.csv', @encode, '--bands', 'Age' ], 2, qr/--bands Age: no colon/, 'encode with bad bands');
ok(!-e 'never.json', 'failures write nothing');

# ---------------------------------------------------------------- encrypt and decrypt

# numbers of all fields but the id
sub numbers
{
	my ($line) = @_;
	my ($id, @rest) = split /\t/, $line;

	return map { $_ eq '\N' ? () : /-?[\d.]+(?:e-?\d+)?/g } @rest;
}

sub same_numbers
{
	my ($got, $want, $name) = @_;
	my @g = lines($got);
	my @w = lines($want);
	my $worst = 0;

	is(scalar @g, scalar @w, "$name: rows");
	for my $i (0 .. $#w)
	{
		my @a = numbers($g[$i]);
		my @b = numbers($w[$i]);

		return fail("$name: row $i has " . @a . " numbers, not " . @b) if @a != @b;
		for my $j (0 .. $#b)
		{
			my $d = abs($a[$j] - $b[$j]);

			$worst = $d if $d > $worst;
		}
	}
	cmp_ok($worst, '<', 1e-6, "$name: numbers");
}

my @features = ('--features', 'features.json', $patients);
my ($rc2, $plain) = ppdl('encrypt', '--plain', @features);
is($rc2, 0, 'the plain twin');
is(scalar(lines($plain)), 2000, 'has every row');
for my $compact (0, 1)
{
	my @opt = $compact ? ('--compact') : ();
	my $kind = $compact ? 'compact' : 'full';
	my ($rc3, $cipher, $message) = ppdl('encrypt', '--key', 'clinic.key', @opt, @features);

	is($rc3, 0, "encrypt, $kind") or diag($message);
	like($message, $compact ? qr/^ppdl encrypt: the rows are in encoding [^\n]*\nppdl encrypt: a sum of up to 524287 of these rows [^\n]*\n$/ :
		qr/^ppdl encrypt: the rows are in encoding [^\n]*\n$/, 'no progress bar where there is no terminal, and how far compact rows reach');
	my ($rc4, $back) = ppdl_in($cipher, 'decrypt', '--key', 'clinic.key');
	is($rc4, 0, "decrypt, $kind");
	same_numbers($back, $plain, "$kind rows");
	my ($rc5, $again) = ppdl('encrypt', '--key', 'clinic.key', @opt, @features);
	isnt($again, $cipher, 'no two encryptions are the same');

	my ($line) = lines($cipher);
	my ($rc6, $what) = ppdl_in((split /\t/, $line)[1], 'inspect', '-');
	like($what, qr/kind: +slice.*$kind\nkey: +$fingerprint\n.*width: +$width\n.*position: +0 of @{[ $compact ? 64 : 512 ]} rows/s, "inspect a $kind row");
}

# 16 values a row: the sizes that the design promises
for my $t ([ 730, [] ], [ 170, ['--compact'] ])
{
	my ($most, $opt) = @$t;
	my ($r, $o) = ppdl('encrypt', '--key', 'clinic.key', '--features', 'f16.json', @$opt, '--no-label', $patients);
	my ($field) = (split /\t/, (lines($o))[0])[1];
	my ($r2, $what) = ppdl_in($field, 'inspect', '-');
	my ($bytes) = $what =~ /^bytes: +(\d+)$/m;

	cmp_ok($bytes, '<=', $most, "a row of 16 values: $bytes bytes");
}

# labels may be missing, plain columns kept, files written whole
($rc, $out) = ppdl('encode', 'small.csv', '--id', 'Id', '--label', 'Sick', '-o', 'small.json');
($rc, $out) = ppdl('encrypt', '--key', 'clinic.key', '--features', 'small.json', '--keep', 'Sex,Age', '-o', 'small.copy', 'small.csv');
is($rc, 0, 'encrypt into a file');
my @small = lines(slurp_file('small.copy'));
like($small[0], qr/^1\tm\t20\tUEwB[^\t]+\tUEwB[^\t]+$/, 'id, kept columns, features, label');
like($small[2], qr/^3\tf\t40\tUEwB[^\t]+\t\\N$/, 'an empty label is NULL');
($rc, $out) = ppdl('decrypt', '--key', 'clinic.key', 'small.copy');
like($out, qr/^1\tm\t20\t\{-1\.0+,1\.0+\}\t-1\.0+\n2\tf\t30\t\{-0\.3333\d+,-1\.0+\}\t1\.0+\n3\tf\t40\t\{0\.3333\d+,-1\.0+\}\t\\N\n/, 'decrypted');
($rc, $out) = ppdl('encrypt', '--plain', '--format', 'csv', '--features', 'small.json', 'small.csv');
is($out, qq{1,"{-1,1}",-1\n2,"{-0.33333333333333337,-1}",1\n3,"{0.33333333333333326,-1}",\n4,"{1,1}",1\n}, 'the plain twin as CSV');

# an encoding has an identity, and its file is not lost or changed unnoticed
my ($identity) = slurp_file('small.json') =~ /^  "encoding": "([0-9a-f]{12})",$/m;
like((ppdl('inspect', 'small.json'))[1], qr/^encoding: +$identity$/m, 'inspect tells it');
my @seen = (ppdl('inspect', 'small.copy'))[1] =~ /^encoding: +(.*)$/mg;
is_deeply([ @seen[0, 1] ], [ $identity, 'that of the features beside it' ], 'of rows, too');
like((ppdl('encrypt', '--key', 'clinic.key', '--features', 'small.json', 'small.csv'))[2], qr/in encoding $identity, of "small.json"/, 'encrypt says it');
my @small_encode = ('encode', 'small.csv', '--id', 'Id', '--label', 'Sick', '-o');
my $kept = slurp_file('small.json');
like(done([ @small_encode, 'small.json' ], 'encode again'), qr/^encoding: $identity, in small\.json, which says the same already/m, 'says that nothing changed');
refused([ @small_encode, 'small.json', '--constant' ], 2, qr/"small\.json" is another encoding already.*hint: .*--force/s, 'another encoding into the file');
refused([ @small_encode, 'small.csv' ], 2, qr/"small\.csv" exists.*--force/s, 'the table itself for the file');
is(slurp_file('small.json'), $kept, 'nothing was written');
done([ @small_encode, file('empty.json', '') ], 'an empty file may be written');
isnt(slurp_file('empty.json'), $kept, 'of the same table, another encoding');
done([ @small_encode, 'empty.json', '--constant', '--force' ], '--force');
like(slurp_file('empty.json'), qr/"constant"/, 'writes');
file('edited.json', $kept =~ s/"max": 50/"max": 60/r);
isnt(slurp_file('edited.json'), $kept, 'an edited file');
refused([ 'encrypt', '--plain', '--features', 'edited.json', 'small.csv' ], 3, qr/edited\.json: the file was edited since its encoding became $identity.*hint: "ppdl encode --renew edited\.json"/s, 'encrypt with it');
refused([ 'inspect', 'edited.json' ], 3, qr/was edited/, 'inspect it');
refused([ @small_encode, 'edited.json' ], 2, qr/exists/, 'encode over it');
refused([ 'encode', 'small.csv', '--renew', 'edited.json' ], 2, qr/--renew reads no CSV/, 'renew and learn');
like(done([ 'encode', '--renew', 'edited.json' ], '--renew'), qr/^encoding: (?!$identity)[0-9a-f]{12}, in edited\.json$/m, 'gives it another identity');
like(slurp_file('edited.json'), qr/"max": 60/, 'and leaves the rest');
done([ 'encrypt', '--plain', '--features', 'edited.json', 'small.csv' ], 'then it serves');
file('old.json', $kept =~ s/^  "encoding".*\n//mr =~ s/,\n  "digest": "[0-9a-f]*"//r);
like((ppdl('inspect', 'old.json'))[1], qr/^encoding: +not known$/m, 'files of 0.1.0 have none');
is(done([ 'encrypt', '--plain', '--format', 'csv', '--features', 'old.json', 'small.csv' ], 'and serve'), $out, 'as ever');
done([ 'encode', '--renew', 'old.json' ], '--renew');
like((ppdl('inspect', 'old.json'))[1], qr/^encoding: +[0-9a-f]{12}$/m, 'gives them one');

# the batch's number beside the row, in every format; rows of a group in few batches
my @by_batch = ('encrypt', '--key', 'clinic.key', '--features', 'small.json', '--batch-rows', '2', '--batch-column', 'batch');
my @numbers = map { (split /\t/)[2] } lines(done([ @by_batch, '--keep', 'Sex', 'small.csv' ], '--batch-column'));
like($numbers[0], qr/^\d{1,19}$/, 'a number behind the kept columns');
ok($numbers[0] eq $numbers[1] && $numbers[2] eq $numbers[3] && $numbers[0] ne $numbers[2], 'a number a batch');
my @csv = lines(done([ @by_batch, '--format', 'csv', '--header', 'small.csv' ], '--batch-column, CSV'));
is($csv[0], 'Id,batch,features,label', 'its name in the header');
like($csv[1], qr/^1,\d+,UEwB/, 'its number in a line');
my @sorted = lines(done([ @by_batch, '--keep', 'Sex', '--sort-by', 'Sex', 'small.csv' ], '--sort-by'));
is(join(' ', map { join '', (split /\t/)[ 0, 1 ] } @sorted), '2f 3f 1m 4m', 'rows by the column, as they came where it is the same');
@numbers = map { (split /\t/)[2] } @sorted;
ok($numbers[0] eq $numbers[1] && $numbers[2] eq $numbers[3] && $numbers[0] ne $numbers[2], 'so that groups have their batches');
($rc, $out) = ppdl_in(join("\n", @sorted), 'decrypt', '--key', 'clinic.key');
like($out, qr/^2\tf\t\d+\t\{-0\.3333\d+,-1\.0+\}\t1\.0+\n3\tf\t\d+\t\{0\.3333\d+,-1\.0+\}\t\\N\n1\tm\t\d+\t\{-1\.0+,1\.0+\}\t-1\.0+\n/, 'values and labels went with their rows');
file('long.csv', "Id,Age,Sex,Sick\n" . join('', map { "$_,20,m,0\n" } 1 .. 30000));
refused([ @by_batch, '--sort-by', 'Sex', '--sort-memory', '1', 'long.csv' ], 3, qr/long\.csv:\d+: .*more than 1 MiB.*hint: Raise --sort-memory, or sort the file by "Sex"/s, 'too many rows to hold');
refused([ @by_batch, '--sort-by', 'Size', 'small.csv' ], 3, qr/no column "Size"/, '--sort-by, no such column');
refused([ 'encrypt', '--plain', '--features', 'small.json', '--batch-column', 'b', 'small.csv' ], 2, qr/--plain writes no batches/, '--batch-column of plain rows');

# what is wrong with the input is the same with --plain, which needs no slow key
my @enc = ('encrypt', '--plain', '--features', 'small.json', '-o', 'never.copy');
file('unknown.csv', "Id,Age,Sex,Sick\n1,20,m,0\n2,30,x,1\n");
file('old.csv', "Id,Age,Sex,Sick\n1,20,m,0\n2,99,f,1\n");
file('gap.csv', "Id,Age,Sex,Sick\n1,,m,0\n");
file('noid.csv', "Id,Age,Sex,Sick\n1,20,m,0\n,30,f,0\n");
file('badlabel.csv', "Id,Age,Sex,Sick\n1,20,m,maybe\n");
file('nan.csv', "Id,Age,Sex,Sick\n1,nan,m,0\n");
refused([ 'encrypt', '--key', 'clinic.key', '--features', 'small.json', '-o', 'never.copy', 'unknown.csv' ], 3, qr/unknown.csv:3: column "Sex": "x" is none of the learned categories.*Learned: "f", "m".*--unknown=other/s, 'an unknown category');
refused([ @enc, 'old.csv' ], 3, qr/old.csv:3: column "Age": "99" lies outside 20 .. 50.*--outside=clamp/s, 'a number outside');
refused([ @enc, 'gap.csv' ], 3, qr/gap.csv:2: column "Age": empty/, 'an unexpected empty field');
refused([ @enc, 'noid.csv' ], 3, qr/noid.csv:3: column "Id": the id is empty/, 'an empty id');
refused([ @enc, 'badlabel.csv' ], 3, qr/badlabel.csv:2: column "Sick": "maybe" is none/, 'an unknown label');
refused([ @enc, 'nan.csv' ], 3, qr/nan.csv:2: column "Age": missing \("nan"\), which it never was/, 'not a number');
refused([ @enc, 'ragged.csv' ], 3, qr/ragged.csv:3: 3 fields/, 'a ragged line');
refused([ @enc, 'missing.csv' ], 1, qr/missing.csv/, 'a missing file');
refused([ @enc, '--keep', 'Height', 'small.csv' ], 3, qr/no column "Height"/, 'an unknown column to keep');
refused([ 'encrypt', '--key', 'clinic.pub', '--features', 'small.json', 'small.csv' ], 4, qr/clinic.pub: not a key file/, 'a public key for a secret one');
refused([ 'encrypt', '--key', 'other.key', '--features', 'small.json', 'small.csv' ], 4, qr/passphrase/, 'the wrong passphrase');
refused([ 'encrypt', '--key', 'clinic.key', '--features', 'small.csv', 'small.csv' ], 3, qr/small.csv:1/, 'features that are none');
ok(!-e 'never.copy', 'failures write nothing');
is_deeply([ glob 'never*' ], [], 'not even under another name');

($rc, $out, $err) = ppdl('encrypt', '--plain', '--features', 'small.json', '--unknown=other', '--outside=clamp', 'old.csv');
is($rc, 0, '--outside=clamp');
like($out, qr/^2\t\{1,-1\}/m, 'the nearer bound');
like($err, qr/1 numbers outside/, 'and it is counted');
($rc, $out, $err) = ppdl('encrypt', '--plain', '--features', 'small.json', '--unknown=other', 'unknown.csv');
like($out, qr/^2\t\{-0\.333\d+,0\}/m, '--unknown=other');
like($err, qr/1 unknown or missing/, 'and it is counted');

# --raw
my $raw = "0.5,-1,7\n1,0.25,8\n";
($rc, $out, $err) = ppdl_in($raw, 'encrypt', '--plain', '--raw', '--no-header', '--id', '3', '--width', '2', '-');
is($out, "7\t{0.5,-1}\n8\t{1,0.25}\n", '--raw --no-header');
refused([ 'encrypt', '--plain', '--raw', '--no-header', '--width', '2', '-' ], 3, qr/3 columns of numbers where --width says 2/, '--raw, wrong width', $raw);
refused([ 'encrypt', '--plain', '--raw', '--no-header', '-' ], 3, qr/standard input:1: column "3": "7" lies outside -1 .. 1/, '--raw, too large', $raw);
refused([ 'encrypt', '--key', 'clinic.key', '--raw', '--no-header', '--batch-rows', '16384', '-' ], 2, qr/at most 4096 rows of 4 values/, '--batch-rows, too many', $raw);
($rc, $out) = ppdl_in("a,y\n0.1,1\n0.2,-1\n0.3,1\n", 'encrypt', '--key', 'clinic.key', '--raw', '--label', 'y', '--batch-rows', '2', '-');
($rc, $out) = ppdl_in($out, 'decrypt', '--key', 'clinic.key');
like($out, qr/^0\.1000\d*\t1\.0+\n0\.2000\d*\t-1\.0+\n0\.3000\d*\t1\.0+\n$/, '--raw, three rows in batches of two');

# ---------------------------------------------------------------- decrypt

my $value = (split /\t/, $small[0])[3];
my $label = (split /\t/, $small[0])[4];
($rc, $out, $err) = ppdl_in("id,features,note\n1,$value,\"a, b\"\n2,,\"\"\n", 'decrypt', '--raw', '--key', 'clinic.key');
like($out, qr/^id,features,note\n1,"\{-1\.0+,1\.0+\}","a, b"\n2,,""\n$/, 'CSV');
($rc, $out) = ppdl_in("$label\n", 'decrypt', '--key', 'clinic.key');
like($out, qr/^-1\.0+\n$/, 'a bare value');
($rc, $out) = ppdl_in("7|$label|C:\\temp\n", 'decrypt', '--key', 'clinic.key');
like($out, qr/^7\|-1\.0+\|C:\\temp\n$/, 'unaligned output of psql');
($rc, $out) = ppdl_in("1\t{$value,$value}\n", 'decrypt', '--key', 'clinic.key');
like($out, qr/^1\t\{\{-1\.0+,1\.0+\},\{-1\.0+,1\.0+\}\}\n$/, 'an array');
($rc, $out, $err) = ppdl_in("nothing here\n", 'decrypt', '--key', 'clinic.key');
is($out, "nothing here\n", 'other text passes');
like($err, qr/no ciphertext/, 'with a note');
($rc, $out) = ppdl_in('', 'decrypt', '--key', 'clinic.key');
is("$rc$out", '0', 'empty input');
($rc, $out) = ppdl_in("$label\n", 'decrypt', '--key', 'clinic.key', '--share');
is($rc, 0, '--share');
like($out, qr/^-1\.?\d*\n$|^-0\.9\d*\n$/, 'with noise, the same number');

($rc, $out) = ppdl_in("1\t$label\r\n{1}\t$label\r\n", 'decrypt', '--key', 'clinic.key');
like($out, qr/^1\t-1\.0+\r\n\{1\}\t-1\.0+\r\n$/, 'line ends stay what they are');

# output that cannot be written is an error of every command
SKIP:
{
	skip 'no /dev/full', 10 unless -w '/dev/full';
	for my $command ('help', 'help encrypt', 'decrypt --help', '--version', 'inspect clinic.key', 'inspect clinic.pub', 'inspect small.json',
		'encode small.csv', 'encrypt --plain --features small.json small.csv', 'decrypt --key clinic.key small.copy')
	{
		is((command('sh', '-c', "ppdl $command > /dev/full"))[0], 1, "ppdl $command > /dev/full");
	}
}

# on a terminal no control character of a file or a server's answer gets through; into a pipe all do
{
	my $text = "1\t\e]0;owned\a\x{9B}31m\tend\n";
	my ($in, $screen) = ('', '');

	file('odd.txt', $text);
	($rc, $out) = ppdl('decrypt', '--key', 'clinic.key', 'odd.txt');
	is($out, $text, 'a pipe gets what there was');
  SKIP:
	{
		skip 'IO::Pty is not there', 2 unless eval { require IO::Pty; 1 };
		IPC::Run::run([ 'ppdl', 'decrypt', '--key', 'clinic.key', 'odd.txt' ], '<pty<', \$in, '>pty>', \$screen, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		is(exit_code(), 0, 'decrypt to a terminal: exit code');
		like($screen, qr/1\s+\\x1b\]0;owned\\x07\\x9b31m\s+end/, 'a terminal, escapes');
	}
	refused([ 'inspect', "no\esuch" ], 1, qr/no\\x1bsuch/, 'messages, too');
}

# what is written in the clear is the owner's to read, and nothing of this process goes into a core
ppdl('encrypt', '--plain', '--features', 'small.json', '-o', 'plain.copy', 'small.csv');
is((stat 'plain.copy')[2] & 0777, 0600, 'rows in the clear are for their owner alone');
SKIP:
{
	skip 'no /proc', 2 unless -r '/proc/self/limits';
	my ($in, $o) = ('', '');
	my $h = IPC::Run::start([ 'sh', '-c', 'ulimit -c unlimited; exec ppdl decrypt --key clinic.key' ], '<', \$in, '>', \$o);
	my $pid = $h->{KIDS}[0]{PID};
	my $limits = '';

	for (1 .. 300)
	{
		$limits = eval { slurp_file("/proc/$pid/limits") } // '';
		last if $limits =~ /^Max core file size +0 +0 /m;
		select undef, undef, undef, 0.02;
	}
	like($limits, qr/^Max core file size +0 +0 /m, 'no core file, whatever the limit was');
	$h->finish;
	is(exit_code(), 0, 'which ends as ever');
}

# JSON and names of all kinds
($rc, $out) = ppdl('encrypt', '--plain', '--features', file('bom.json', "\xEF\xBB\xBF" . slurp_file('small.json')), 'small.csv');
is($rc, 0, 'a feature file with a byte order mark');
file('comma.csv', qq("a,b","say ""c""",d\n1,2,3\n2,3,4\n3,9,1\n));
like((ppdl('encode', 'comma.csv', '--exclude', '"a,b","say ""c"""', '-o', 'comma.json'))[1], qr/^width: +2\n.* 1 +d\n/ms, 'names with commas and quotes');
refused([ 'encode', 'comma.csv', '--exclude', '"a,b"c' ], 2, qr/comma is expected/, 'a list that is badly quoted');
($rc, $out) = ppdl('encrypt', '--plain', '--format', 'csv', '--header', '--keep', 'Sex', '--features', 'small.json', 'small.csv');
like($out, qr/^Id,Sex,features,label\n1,m,/, '--header');
refused([ 'encrypt', '--plain', '--header', '--features', 'small.json', 'small.csv' ], 2, qr/--format csv/, '--header of COPY text');
refused([ 'encode', 'small.csv', '--id', 'Sick', '--label', 'Sick' ], 2, qr/same column/, 'one column as id and label');
file('nolabel.csv', "Id,Age,Sex,Sick\n1,20,m,\n2,30,f,\n");
refused([ 'encode', 'nolabel.csv', '--label', 'Sick' ], 3, qr/empty in every row/, 'a label without values');
refused([ 'encrypt', '--plain', '--features', 'small.json', file('three.csv', "Id,Age,Sex\n1,20,m\n") ], 3, qr/no column "Sick".*hint: .*--no-label/s, 'no label column');
refused([ 'encrypt', '--plain', '--raw', file('large.csv', "a\n7\n") ], 3, qr/hint: Without a feature file/, '--raw, a hint that fits');
like((ppdl('inspect', file('model.json', '{"format": "ppdl-model", "version": 1, "name": "m", "spec": {"inputs": 2, "layers": [{"units": 1}]}, "weights": [1, 2, 3]}')))[1],
	qr/^model file\nname: +m\ninputs: +2\nlayer 1: +1 units, identity\nweights: +plain\n/, 'inspect a model file');

my @dec = ('decrypt', '--key', 'clinic.key', '-o', 'never.txt');
refused([@dec], 3, qr/standard input:2: /, 'a value cut short', "1\t2\n1\t" . substr($value, 0, 100) . "\n");
refused([@dec], 3, qr/standard input:1: .*multiple of 4/, 'a value cut short within a group', substr($value, 0, 101) . "\n");
refused([@dec], 3, qr/standard input:1: /, 'a value too long', $value . "AAAA\n");
(my $version = $value) =~ s/^UEwB/UEwC/;
refused([@dec], 3, qr/version/, 'a version of the future', "$version\n");
ppdl('keygen', '--out', 'stranger', '--for', 'sum');
refused([ 'decrypt', '--key', 'stranger.key' ], 4, qr/$fingerprint/, "somebody else's key", "$value\n");
ok(!-e 'never.txt', 'failures write nothing');

done_testing();
