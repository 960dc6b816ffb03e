# The cache of expanded keys: made when needed, shared, checked, made again when damaged, removed with the key.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;

my $node = PostgreSQL::Test::Cluster->new('cache');
$node->init;
$node->append_conf('postgresql.conf', "ppdl.owner_mode = on\nshared_preload_libraries = 'ppdl'\njit = off");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');
my $key = $node->safe_psql('postgres', q{SELECT lwe_keygen('clinic', 'secret words', 'predict')});
my $id = $node->safe_psql('postgres', q{SELECT key_id FROM ppdl_keys});
my $cache = $node->data_dir . '/pgsql_tmp_ppdl';
my $directory = "$cache/" . $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'postgres'}) . "/$id";

# three rows of 4096 values: two merges, so two rotation keys
$node->safe_psql('postgres', qq{
	CREATE TABLE plain AS SELECT j, array_agg((i * j % 200 - 100) / 100.0::float8 ORDER BY i) x
		FROM generate_series(1, 3) j, generate_series(1, 4096) i GROUP BY j;
	CREATE TABLE rows AS SELECT v FROM lwe_encrypt_rows('$key', (SELECT array_agg(x ORDER BY j) FROM plain), 'secret words', true) v});
my $expected = $node->safe_psql('postgres', 'SELECT round(sum(abs(d))::numeric, 1) FROM plain, unnest(x) d');
my $pack = qq{SELECT round(sum(abs(d))::numeric, 1) FROM (SELECT unnest(lwe_decrypt(lwe_pack(v), '$key', 'secret words')) d FROM rows) t};

sub packs
{
	my ($name, $warning) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $pack);

	is($rc, 0, "$name: answers") or diag($err);
	is($out, $expected, "$name: rightly");
	defined $warning ? like($err, $warning, "$name: says so") : is($err, '', "$name: silently");
}

sub spoil
{
	my ($file, $at, $bytes) = @_;

	open(my $h, '+<:raw', $file) or die "$file: $!";
	seek($h, $at, $at < 0 ? 2 : 0) or die;
	print $h $bytes;
	close $h or die;
}

my @files = cache_files($node);
is(scalar @files, 0, 'no cache before it is needed');
packs('first use');
@files = cache_files($node);
is(scalar @files, 2, 'one file a key that was needed');
is(scalar(grep { (stat $_)[2] & 077 } @files), 0, 'nobody else may read them');
my $inode = (stat $files[0])[1];
packs('second use');
is((stat $files[0])[1], $inode, 'a good file is not made again');

# hashed once a server start, unless the file was written to since
sub hashed
{
	my ($rc, $out, $err) = $node->psql('postgres', "SET client_min_messages = debug1; $pack");

	is($out, $expected, 'the answer is right');
	return scalar(() = $err =~ /checking cache file/g);
}
sleep 3;						# files that have just changed are not noted
hashed();
is(hashed(), 0, 'files that were hashed are not hashed again');
my @note = glob("$directory/.row_*");
is(scalar @note, 2, 'there is a note beside each');
is(scalar(grep { (stat $_)[2] & 077 } @note), 0, 'of the server alone');
my @times = (stat $files[0])[ 8, 9 ];
spoil($files[0], -1, substr(slurp_file($files[0]), -1));
utime(@times, $files[0]) or die;
is(hashed(), 1, 'a file that was written to is hashed, though its time was set back');
sleep 3;
hashed();
is(hashed(), 0, 'once');
spoil($note[1], 60, 'x');
is(hashed(), 1, 'a damaged note is none');
$node->restart;
is(hashed(), 2, 'nor is one of before the server started');
is(hashed(), 0, 'after which there is a new one');

# damage of every sort
my $size = -s $files[0];
my $whole = slurp_file($files[0]);
for my $case (
	[ 'a flipped byte at the end', sub { spoil($files[0], -1, chr(255 - ord(substr($whole, -1)))) } ],
	[ 'a flipped byte at the start of the words', sub { spoil($files[0], 4096, chr(255 - ord(substr($whole, 4096, 1)))) } ],
	[ 'a spoilt header', sub { spoil($files[0], 40, "\xff" x 8) } ],
	[ 'another magic', sub { spoil($files[0], 0, 'x') } ],
	[ 'another version', sub { spoil($files[0], 8, "\x01") } ],
	[ 'a file cut short', sub { truncate($files[0], $size - 8) or die } ],
	[ 'a file cut to nothing', sub { truncate($files[0], 0) or die } ],
	[ 'a file grown', sub { spoil($files[0], $size, 'x' x 8) } ],
	[ 'the file of another key', sub { unlink $files[0]; system('cp', $files[1], $files[0]) } ])
{
	my ($name, $damage) = @$case;

	$damage->();
	packs($name, qr/WARNING:  cache file "pgsql_tmp_ppdl.*" is damaged and will be made again/);
	ok(slurp_file($files[0]) eq $whole, "$name: made again as it was");
}
packs('after all that');

# missing and in the way
unlink $files[0] or die;
packs('a missing file');
ok(-f $files[0], 'a missing file is made again');
append_to_file("$files[0].tmp", 'left by a crash');
unlink $files[0] or die;
packs('a temporary file left by a crash');
is_deeply([ cache_files($node) ], \@files, 'and it is gone');
$node->safe_psql('postgres', 'SELECT ppdl_cache_clear()');
ok(!-d $cache, 'the whole cache can be cleared');
append_to_file($cache, 'not a directory');
packs('no directory can be made', qr/WARNING:  could not create directory/);
unlink $cache or die;

# several at once build each file once
my @sessions = map {
	my %s = (out => '', err => '');
	$s{run} = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-d', $node->connstr('postgres'), '-c', $pack ], '<', \undef, '>', \$s{out}, '2>', \$s{err});
	\%s;
} 1 .. 4;
$_->{run}->finish for @sessions;
is(join('', map { $_->{out} . $_->{err} } @sessions), "$expected\n" x 4, 'four sessions that start together');
is_deeply([ cache_files($node) ], \@files, 'leave one file a key');

# keys may be warmed ahead
my $bytes = $node->safe_psql('postgres', q{SELECT ppdl_cache_warm('clinic')});
my @all = cache_files($node);
my $total = 0;
$total += -s $_ for @all;
is($bytes, $total - 4096 * @all, 'warming says how much it mapped');
is(scalar @all, $node->safe_psql('postgres', q{SELECT count(limbs) FROM ppdl_key_plan('predict')}), 'all keys of a use');

# a backend that has the key mapped goes on with it while the file is damaged or gone
my ($rc, $out, $err) = $node->psql('postgres', "$pack; SELECT ppdl_cache_clear(); $pack");
is("$rc|$err", '0|', 'a mapped key outlives its file');
like($out, qr/^$expected\n\n?$expected$/, 'and serves');

# the tables are damaged: nothing is made of them, nothing wrong is returned
my $part = 'row/galois/' . (2**13 + 1);
$node->safe_psql('postgres', qq{CREATE TABLE saved AS SELECT * FROM ppdl_key_parts WHERE part = '$part'});
$node->safe_psql('postgres', qq{SELECT ppdl_cache_clear(); UPDATE ppdl_key_parts SET data = set_byte(data, 5000, 255 - get_byte(data, 5000)) WHERE part = '$part'});
($rc, $out, $err) = $node->psql('postgres', $pack);
isnt($rc, 0, 'a damaged part is refused');
like($err, qr/ERROR:  part "$part" of key $id is damaged in ppdl_key_parts/, 'with its name');
like($err, qr/HINT:  Publish the key again/, 'and what to do');
is(scalar(grep { /\.tmp$/ } cache_files($node)), 0, 'no temporary file is left');
$node->safe_psql('postgres', qq{DELETE FROM ppdl_key_parts WHERE part = '$part'});
($rc, $out, $err) = $node->psql('postgres', $pack);
like($err, qr/ERROR:  part "$part" of key $id is not on this server/, 'a missing part is named');
$node->safe_psql('postgres', qq{INSERT INTO ppdl_key_parts SELECT * FROM saved});
packs('once the part is there again');

# a part that another key's owner signed, or nobody, is refused, even by what has mapped the right one
my ($file) = grep { /galois_8193$/ } @files;
my $before = slurp_file($file);
$node->safe_psql('postgres', q{SELECT lwe_keygen('other', 'secret words', 'predict')});
my $foreign = qq{UPDATE ppdl_key_parts p SET (total, sha256, signature, data) = (o.total, o.sha256, %s, o.data)
	FROM ppdl_key_parts o, ppdl_keys k WHERE k.name = 'other' AND o.key_id = k.key_id AND o.part = p.part AND o.chunk = p.chunk
	AND p.part = '$part' AND p.key_id = '$id'};
for my $signature (qw(o.signature NULL))
{
	($rc, $out, $err) = $node->psql('postgres', sprintf($foreign, $signature));
	like($err, qr/ERROR:  part "$part" of key "clinic" is not signed by the key's owner/, "$signature: is not stored");
	($rc, $out, $err) = $node->psql('postgres', "$pack; SET session_replication_role = replica; " . sprintf($foreign, $signature) . "; $pack");
	like($err, qr/ERROR:  part "$part" of key $id is damaged.*\nDETAIL:  It is not signed/, "$signature: is not used");
	like($out, qr/^$expected$/, 'what was there before was');
	$node->safe_psql('postgres', qq{DELETE FROM ppdl_key_parts WHERE part = '$part' AND key_id = '$id'; INSERT INTO ppdl_key_parts SELECT * FROM saved});
}
packs('the right part');

# a part published anew replaces the file made of the old one, within one session, too (any other valid key will do to
# see that, once the key is not bound)
$node->safe_psql('postgres', q{SET session_replication_role = replica; UPDATE ppdl_keys SET verify_key = NULL; UPDATE ppdl_key_parts SET signature = NULL});
($rc, $out, $err) = $node->psql('postgres',
	qq{$pack; SELECT ppdl_publish_part(k.key_id, k.name, 'lwe', '', o.part, o.chunk, o.total, o.sha256, o.data)
	   FROM ppdl_keys k, ppdl_key_parts o WHERE k.name = 'clinic' AND o.key_id <> k.key_id AND o.part = '$part'; $pack});
ok($out !~ /$expected.*$expected/s && ($rc == 0 || $err =~ /error of this value|beyond|precision/i), 'a part published anew is what is used');
ok(slurp_file($file) ne $before, 'in a new file');

# dropping a key removes its files
$node->safe_psql('postgres', q{SELECT ppdl_drop_key('clinic')});
ok(!-e $directory, 'dropping a key removes its files');
($rc, $out, $err) = $node->psql('postgres', $pack);
like($err, qr/ERROR:  part "row.*" of key $id is not on this server/, 'and the key is gone');

$node->stop;
done_testing();
