# The ppdl tool under RSA keys: files that openssl reads, columns, queries, predictions.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $patients = abs_path(dirname(__FILE__) . '/../contrib-data/patients.csv');
my $dir = PostgreSQL::Test::Utils::tempdir;

my $node = PostgreSQL::Test::Cluster->new('clinic');
$node->init;
$node->start;
chdir $dir or die "cannot enter $dir: $!";
my @dsn = ('--dsn', $node->connstr('postgres'));
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');

# ---------------------------------------------------------------- keys
done([ 'keygen', '--scheme', 'rsa', '--out', 'clinic' ], 'keygen');
is((stat 'clinic.key')[2] & 0777, 0600, 'the secret key is for its owner alone');
SKIP:
{
	skip 'no openssl', 3 if (command('sh', '-c', 'command -v openssl'))[0] != 0;
	my ($rc, $out) = command('openssl', 'pkey', '-in', 'clinic.key', '-passin', 'env:PPDL_PASSPHRASE', '-pubout');
	is($rc, 0, 'openssl reads the secret key');
	is($out, slurp_file('clinic.pub'), 'and finds the same public key');
	($rc, $out) = command('openssl', 'pkey', '-in', 'clinic.key', '-passin', 'pass:wrong', '-noout');
	isnt($rc, 0, 'but not with another passphrase');
}
done([ 'keygen', '--scheme', 'rsa', '--key', 'clinic.key', '--out', 'again' ], 'public key from the secret one');
is(slurp_file('again.pub'), slurp_file('clinic.pub'), 'it is the same');
refused([ 'keygen', '--scheme', 'rsa', '--out', 'clinic' ], 1, qr/exists/, 'keys are not overwritten');
refused([ 'keygen', '--scheme', 'rsa', '--bits', '2048', '--out', 'small' ], 2, qr/3072/, 'small modulus');
refused([ 'keygen', '--bits', '4096', '--out', 'lwe' ], 2, qr/--scheme rsa/, '--bits of another scheme');
like(done([ 'inspect', 'clinic.pub' ], 'inspect the public key'), qr/RSA public key file\nfingerprint: [0-9a-f]{16}\nmodulus:     3072/, 'which says what it is');
refused([ 'publish', 'clinic.key', @dsn ], 4, qr/STOP: "clinic.key" is a SECRET key.*nothing was sent/, 'a private key is not published');
like(done([ 'publish', 'clinic.pub', @dsn ], 'publish'), qr/1 parts sent/, 'one part');
like(done([ 'publish', 'clinic.pub', @dsn ], 'publish again'), qr/0 parts sent/, 'nothing left to send');
is($node->safe_psql('postgres', 'SELECT name, scheme, params, uses FROM ppdl_key_info'), 'clinic|rsa|RSA, 3072 bits|{product,sum,predict}', 'what the server has');

# a key that openssl encrypted, cheaply, serves as well (and opens in less time)
SKIP:
{
	skip 'no openssl', 2 if (command('sh', '-c', 'command -v openssl'))[0] != 0;
	my ($rc, $out, $err) = command('openssl', 'pkcs8', '-topk8', '-scrypt', '-scrypt_N', '1024', '-in', 'clinic.key', '-passin', 'env:PPDL_PASSPHRASE',
		'-passout', 'env:PPDL_PASSPHRASE', '-out', 'cheap.key');
	is($rc, 0, 'openssl encrypts the key again') or diag($err);
	rename 'cheap.key', 'clinic.key';
	like(slurp_file('clinic.key'), qr/BEGIN ENCRYPTED PRIVATE KEY/, 'in the same form');
}
refused([ 'encrypt', '--key', 'clinic.pub', '--id', 'Id', '--product', 'x', file('product.csv', "Id,x\n1,4294967296\n") ], 3,
	qr/larger than the largest.*--product "x:MAX"/s, 'a product beyond what is declared');

# ---------------------------------------------------------------- columns
my @lines = split /^/m, slurp_file($patients);
file('few.csv', join('', @lines[0 .. 40]));
done([ 'encode', $patients, '--id', 'Id', '--label', 'Osteoporosis', '--columns', 'Age,Gender,Smoking,Body Weight', '-o', 'f.json' ], 'encode');
$node->safe_psql('postgres', q(
	CREATE TABLE enc (id int, gender text, features rsa_cipher[], label rsa_cipher);
	CREATE TABLE plain (id int, gender text, features float8[], label float8);
	CREATE TABLE ages (id int, age rsa_cipher, factor rsa_cipher)));
done([ 'encrypt', '--key', 'clinic.pub', '--features', 'f.json', '--input-bits', '6', '--keep', 'Gender', @dsn, '--table', 'enc', 'few.csv' ], 'encrypt with the public key');
done([ 'encrypt', '--plain', '--features', 'f.json', '--keep', 'Gender', @dsn, '--table', 'plain', 'few.csv' ], 'and in the clear');
done([ 'encrypt', '--key', 'clinic.pub', '--id', 'Id', '--count', 'Age:120', '--product', 'Age', @dsn, '--table', 'ages', 'few.csv' ], 'counts and products alone');
my $expected = $node->safe_psql('postgres', q(SELECT gender || ',' || sum(label) FROM plain GROUP BY gender ORDER BY gender));
is(done([ 'query', '--key', 'clinic.key', @dsn, '--csv', '-c', 'SELECT gender, rsa_sum(label) FROM enc GROUP BY gender ORDER BY gender' ], 'sums of labels'),
	"gender,rsa_sum\n$expected\n", 'are those in the clear');
my @ages = map { (split /,/)[1] } @lines[1 .. 40];
my $sum = 0;
$sum += $_ for @ages;
is(done([ 'query', '--key', 'clinic.key', @dsn, '--csv', '-c', 'SELECT rsa_sum(age) FROM ages' ], 'sum of ages'), "rsa_sum\n$sum\n", 'is exact');
is(done([ 'query', '--key', 'clinic.key', @dsn, '--csv', '-c', "SELECT rsa_product(factor) FROM (SELECT factor FROM ages ORDER BY id LIMIT 3) t" ], 'product'),
	'rsa_product' . "\n" . $ages[0] * $ages[1] * $ages[2] . "\n", 'of three ages');
like(join('', command('sh', '-c', "psql -XAt -c 'SELECT age FROM ages LIMIT 1' '" . $node->connstr('postgres') . "' | ppdl inspect -")), qr/rsa_cipher\nkind: +value\n.*encoding: +exponent, randomised/s, 'inspect a value');

# ---------------------------------------------------------------- predictions
$node->safe_psql('postgres', q(SELECT ppdl_create_model('m', format('{"inputs":%s,"layers":[{"units":4,"activation":"quadratic"},{"units":1,"activation":"identity"}]}', cardinality(features))::jsonb,
	(SELECT array_agg(sin(3 * i)) FROM generate_series(1, 4 * cardinality(features) + 4 + 5) i)) FROM plain LIMIT 1));
my @plain = split /\n/, $node->safe_psql('postgres', q(SELECT id || ',' || (ppdl_predict('m', features))[1] FROM plain WHERE id IN (SELECT id FROM plain ORDER BY id LIMIT 6) ORDER BY id));
my @got = split /\n/, done([ 'query', '--key', 'clinic.key', @dsn, '--expand', '--csv', '-c',
	q(SELECT array_agg(id ORDER BY id), ppdl_predict_agg('m', features, 4 ORDER BY id) FROM (SELECT * FROM enc ORDER BY id LIMIT 6) t) ], 'predictions');
shift @got;
is(scalar @got, 6, 'a line a row');
my $near = 0;
for my $i (0 .. $#got)
{
	my ($id, $value) = split /,/, $got[$i];
	my ($plain_id, $plain_value) = split /,/, $plain[$i];
	$near++ if $id == $plain_id && abs($value - $plain_value) < 0.5;
}
is($near, 6, 'near those in the clear') or diag(join("\n", @got, @plain));
my $one = done([ 'query', '--key', 'clinic.key', @dsn, '--csv', '-c', q(SELECT ppdl_predict('m', features) FROM enc ORDER BY id LIMIT 1) ], 'one prediction');
is((split /\n/, $one)[1], (split /,/, $got[0])[1], 'is the first of all');

# ---------------------------------------------------------------- what is refused
done([ 'keygen', '--scheme', 'rsa', '--out', 'other' ], 'another key');
refused([ 'query', '--key', 'other.key', @dsn, '-c', 'SELECT age FROM ages LIMIT 1' ], 4, qr/encrypted under key [0-9a-f]{16}, not [0-9a-f]{16}/, 'somebody else\'s key');
refused([ 'query', '--key', 'clinic.pub', @dsn, '-c', 'SELECT 1' ], 4, qr/no encrypted RSA private key/, 'a public key decrypts nothing');
refused([ 'query', '--key', 'clinic.key', '--key', 'clinic.key', @dsn, '-c', 'SELECT 1' ], 2, qr/key that was given before/, 'a key twice');
is(done([ 'query', '--key', 'other.key', '--key', 'clinic.key', @dsn, '--csv', '-c', 'SELECT age FROM ages' ], 'two keys of a scheme'), done([ 'query', '--key', 'clinic.key', @dsn, '--csv', '-c', 'SELECT age FROM ages' ], 'one key'), 'each value finds its key');
refused([ 'encrypt', '--key', 'clinic.pub', '--id', 'Id', '--count', 'Gender', 'few.csv' ], 3, qr/few\.csv:2: column "Gender": value is not an integer/, 'a count that is none');
refused([ 'encrypt', '--key', 'clinic.pub', '--id', 'Id', '--count', 'Age:10', 'few.csv' ], 3, qr/few\.csv:2: column "Age": value is larger than the largest value, 10/, 'a count above its maximum');
refused([ 'encrypt', '--key', 'clinic.pub', '--compact', '--features', 'f.json', 'few.csv' ], 2, qr/--compact/, 'compact');
refused([ 'encrypt', '--key', 'clinic.pub', '--features', 'f.json', '--input-bits', '13', 'few.csv' ], 2, qr/13/, 'too many bits');
{
	local $ENV{PPDL_PASSPHRASE} = 'wrong';
	refused([ 'query', '--key', 'clinic.key', @dsn, '-c', 'SELECT 1' ], 4, qr/wrong passphrase/, 'wrong passphrase');
}

$node->stop;
done_testing;
