# Keys and their cache survive a crash; missing and damaged cache files are made again from the table.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest;

my $rows = 60;
my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ppdl');

my $owner = new_owner($rows);
publish($node, $owner, 'predict');
load_patients($node, $owner);
make_model($node, 'osteo');

my $predict = q{SELECT ppdl_predict_agg('osteo', features ORDER BY id) FROM patients};
my @plain = split /\n/, $node->safe_psql('postgres', q{SELECT (ppdl_predict('osteo', features))[1] FROM plain_patients ORDER BY id});
is(scalar @plain, $rows, 'plain predictions are there');

my @first = decrypted($node, $owner, $predict);
numbers_agree(\@first, \@plain, 2**-12, 'encrypted predictions agree with plain ones');

my @files = cache_files($node);
cmp_ok(scalar @files, '>', 0, 'prediction has filled the cache');
my %mtime = map { $_ => (stat $_)[9] } @files;

$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', 'SELECT count(*) FROM ppdl_keys'), '1', 'the key survives a crash');
my @again = decrypted($node, $owner, $predict);
numbers_agree(\@again, \@plain, 2**-12, 'predictions after a crash');
is_deeply({ map { $_ => (stat $_)[9] } cache_files($node) }, \%mtime, 'the cache was used, not made again');

unlink $files[0] or die "cannot remove $files[0]: $!";
@again = decrypted($node, $owner, $predict);
numbers_agree(\@again, \@plain, 2**-12, 'predictions with a cache file missing');
ok(-f $files[0], 'the missing file was made again');

# one wrong byte in the middle, the same length
{
	my $size = -s $files[0];
	open my $fh, '+<:raw', $files[0] or die "cannot open $files[0]: $!";
	seek $fh, int($size / 2), 0;
	read $fh, my $byte, 1;
	seek $fh, int($size / 2), 0;
	print $fh chr(ord($byte) ^ 0x10);
	close $fh;
}
@again = decrypted($node, $owner, $predict);
numbers_agree(\@again, \@plain, 2**-12, 'predictions with a cache file damaged');

# cut short, as after a full disk
truncate $files[0], 100 or die "cannot truncate $files[0]: $!";
@again = decrypted($node, $owner, $predict);
numbers_agree(\@again, \@plain, 2**-12, 'predictions with a cache file cut short');

is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is well');
$node->stop;
done_testing();
