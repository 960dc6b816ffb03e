# ppdl features: pictures become rows, and every picture that cannot is named.
use strict;
use warnings;

use Compress::Zlib qw(compress crc32);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use PostgreSQL::Test::Utils;
use Test::More;

use PpdlTest qw(:cli);

my $data = abs_path(dirname(__FILE__) . '/../contrib-data');
my $dir = PostgreSQL::Test::Utils::tempdir;

chdir $dir or die "cannot enter $dir: $!";

# a picture that no other seed makes
sub pgm
{
	my ($side, $seed) = @_;

	return "P5\n$side $side\n255\n" . join '', map { chr(($_ * $_ * $seed + $_ * 31 + $seed) % 251) } 1 .. $side * $side;
}

# PNG of 40 x 40 pixels, by its colour type and depth; a pixel's bytes come from $pixel->($x, $y)
sub png
{
	my ($type, $depth, $pixel) = @_;
	my $raw = join '', map { my $y = $_; "\0" . join '', map { $pixel->($_, $y) } 0 .. 39 } 0 .. 39;
	my @chunk = ('IHDR' . pack('NNCCCCC', 40, 40, $depth, $type, 0, 0, 0), 'IDAT' . compress($raw), 'IEND');

	return "\x89PNG\r\n\x1a\n" . join '', map { pack('N', length($_) - 4) . $_ . pack('N', crc32($_)) } @chunk;
}

# rows of a CSV text without quotes: the header, then the others
sub rows
{
	return map { [ split /,/, $_, -1 ] } split /\n/, $_[0];
}

sub ids
{
	my ($header, @rows) = rows($_[0]);

	return join ' ', map { $_->[0] } @rows;
}

make_path('scans/ill', 'scans/well/late', 'scans/.hidden');
file('scans/well/b.pgm', pgm(40, 3));
file('scans/well/a.PGM', pgm(40, 5));
file('scans/ill/z.pgm', pgm(40, 7));
file('scans/.hidden/x.pgm', 'nothing');
file('scans/README.txt', 'not a picture');

my ($rc, $out, $err);

# ---------------------------------------------------------------- folders and labels

($rc, $out, $err) = ppdl('features', 'scans', '--folder-labels', '-o', 'scans.csv');
is($rc, 0, 'a folder') or diag($err);
like($out, qr/^pictures: 3$/m, 'it counts pictures');
like($err, qr/1 other files are passed over, "README.txt"/, 'and says what it passes over');
my ($header, @rows) = rows(slurp_file('scans.csv'));
is(scalar @$header, 66, 'id, label and 64 features');
is("@$header[0 .. 2] $$header[65]", 'id label grey_mean gradient4_160', 'their names');
is(join(' ', map { "$_->[0]=$_->[1]" } @rows), 'ill/z.pgm=ill well/a.PGM=well well/b.pgm=well', 'sorted, with the names of their folders');
is(scalar(grep { @$_ != 66 || grep { !/^-?\d+(?:\.\d+)?(?:e-\d+)?$/ } @$_[2 .. 65] } @rows), 0, 'all are numbers');

done([ qw(encode scans.csv --id id --label label -o features.json) ], 'ppdl encode takes the table');

($rc, $out, $err) = ppdl('features', 'scans/');
is($rc, 0, 'without labels, to standard output') or diag($err);
like($out, qr/^id,grey_mean,/, 'the table alone');
like($err, qr/there are no labels; --folder-labels/, 'a hint at labels');

file('labels.csv', "label,file\n1,ill/z.pgm\n0,well/a.PGM\n0,well/b.pgm\n");
$out = done([ qw(features scans --labels labels.csv --kind pixels8) ], 'labels from a file');
($header, @rows) = rows($out);
is(scalar @$header, 66, 'id, label and 64 pixels');
is("$$header[2] $$header[65]", 'p0_0 p7_7', 'their names');
is(join(' ', map { $_->[1] } @rows), '1 0 0', 'and labels');
is(scalar(grep { grep { !/^\d+$/ || $_ > 255 } @$_[2 .. 65] } @rows), 0, 'pixels are 0 to 255');

file('short.csv', "file,label\nill/z.pgm,1\nwell/b.pgm,\nwell/gone.pgm,0\n");
file('kept.csv', 'kept');
($rc, $out, $err) = ppdl(qw(features scans --labels short.csv -o kept.csv));
is($rc, 3, 'labels that do not fit');
like($err, qr{well/a\.PGM: has no label: short\.csv does not name it}, 'a picture without label');
like($err, qr{well/b\.pgm: has no label in short\.csv:3}, 'an empty label');
like($err, qr{well/gone\.pgm: has a label in short\.csv:4, but is not in "scans"}, 'a label without picture');
like($err, qr/3 of 4 pictures and labels cannot be used; nothing was written\nhint: --skip-bad/, 'and how many');
is(slurp_file('kept.csv'), 'kept', 'the output is as it was');
$out = done([ qw(features scans --labels short.csv --skip-bad) ], 'they can be left out');
is(ids($out), 'ill/z.pgm', 'what is left');

file('scans/stray.pgm', pgm(40, 9));
refused([ qw(features scans --folder-labels) ], 3, qr/stray\.pgm: has no label: it lies in no folder/, 'a picture outside');
unlink 'scans/stray.pgm';

# ---------------------------------------------------------------- lists

file('list.csv', "label;file\nyes;scans/well/b.pgm\nno;$dir/scans/ill/z.pgm\n");
$out = done([ qw(features --delimiter ; --kind pixels16 list.csv) ], 'a list');
is(ids($out), "$dir/scans/ill/z.pgm scans/well/b.pgm", 'names as the list has them');
make_path('lists');
file('lists/l.csv', "file\n../scans/well/b.pgm\n");
$out = done([ qw(features lists/l.csv --kind pixels32) ], 'names are relative to the list');
like($out, qr{^id,p0_0,.*\n\.\./scans/well/b\.pgm,\d}, 'no label where there is none');
file('twice.csv', "file\nscans/well/b.pgm\nx\nscans/well/b.pgm\n");
refused([ qw(features twice.csv) ], 3, qr{twice\.csv:4: "scans/well/b\.pgm" was named before, in line 2}, 'a file named twice');
file('unnamed.csv', "file,label\n,1\n");
refused([ qw(features unnamed.csv) ], 3, qr/unnamed\.csv:2: no file is named/, 'no name');
file('columns.csv', "path,label\nx,1\n");
refused([ qw(features columns.csv) ], 3, qr/no column "file"/, 'no column of files');
file('gone.csv', "file\nscans/nowhere.pgm\n");
refused([ qw(features gone.csv) ], 3, qr{cannot open "scans/nowhere\.pgm": No such file}, 'a file that is not there');
file('none.csv', "file\n");
refused([ qw(features none.csv) ], 3, qr/none\.csv: no pictures are named/, 'an empty list');

# ---------------------------------------------------------------- near-copies

make_path('copies');
file('copies/a.pgm', pgm(40, 3));
file('copies/b.pgm', pgm(40, 11));
file('copies/c.pgm', "P2\n40 40\n255\n" . join ' ', map { int(ord($_) / 2) + 20 } split //, substr(pgm(40, 3), -1600));
($rc, $out, $err) = ppdl(qw(features copies --group-near-copies --kind pixels8));
is($rc, 0, 'groups of near-copies') or diag($err);
is(join(' ', map { "$_->[0]=$_->[1]" } rows($out)), 'id=group a.pgm=1 b.pgm=2 c.pgm=1', 'a darker copy is one');
like($err, qr/^groups:   2$/m, 'it counts groups');
unlike($err, qr/another label/, 'of labels it says nothing where there are none');
file('copies.csv', "file,label\na.pgm,ill\nb.pgm,ill\nc.pgm,well\n");
($rc, $out, $err) = ppdl(qw(features copies --group-near-copies --kind pixels8 --labels copies.csv));
like($err, qr/1 pictures have another label than a near-copy: "a\.pgm" is ill, and "c\.pgm" is well/, 'copies with different labels');

# ---------------------------------------------------------------- pictures that cannot be used

make_path('bad', 'empty');
my @bad = (
	[ 'cut.pgm', substr(pgm(40, 3), 0, 500), qr/the file is cut short/ ],
	[ 'dot.pgm', "P5\n1 1\n255\nx", qr/has 1 x 1 pixels; 32 x 32 are needed/ ],
	[ 'nothing.png', '', qr/the file is empty/ ],
	[ 'text.jpg', "not a picture\n", qr/is no PNG, JPEG, PGM or PPM file/ ],
	[ 'scan.dcm', ("\0" x 128) . 'DICM' . ("\0" x 200), qr/is a DICOM file, which is not read\nhint: Export it first/ ],
	[ 'scan.tif', "II*\0" . ("\0" x 200), qr/is a TIFF file/ ],
	[ 'vast.pgm', "P5\n100000 100000\n255\n", qr/100000 x 100000 pixels is too large/ ],
	[ 'magic.png', "\x89PNG\r\n\x1a\n", qr/the PNG data are cut short/ ],
	[ 'magic.jpeg', "\xff\xd8\xff", qr/the JPEG data are cut short/ ]);

file("bad/$_->[0]", $_->[1]) for @bad;
($rc, $out, $err) = ppdl(qw(features bad));
is($rc, 3, 'pictures that cannot be used');
is($out, '', 'nothing is written');
like($err, qr/^ppdl features: \Q$_->[0]\E: .*$_->[2]/m, "$_->[0] is named") for @bad;
like($err, qr/9 of 9 pictures and labels cannot be used/, 'and all are counted');
refused([ qw(features bad --skip-bad) ], 3, qr/no picture of "bad" can be used/, 'leaving out all of them');
file('bad/good.pgm', pgm(40, 3));
($rc, $out, $err) = ppdl(qw(features bad --skip-bad));
is($rc, 0, 'leaving out all but one');
is(ids($out), 'good.pgm', 'is that one');
like($err, qr/^left out: 9$/m, 'the others are counted');

refused([ qw(features empty) ], 3, qr/there are no pictures in "empty"/, 'a folder without pictures');
refused([ qw(features nowhere) ], 1, qr/cannot open "nowhere"/, 'no folder');
refused([ qw(features bad/good.pgm) ], 2, qr/is a picture: a folder of pictures or a list is expected/, 'a picture');
refused([ qw(features list.csv --folder-labels) ], 2, qr/its own column "label"/, 'a list and --folder-labels');
refused([ qw(features) ], 2, qr/which folder or list/, 'no folder');
refused([ qw(features scans --kind pixels7) ], 2, qr/"pixels7" is none of: features, pixels8/, 'another kind');
refused([ qw(features scans --labels l --folder-labels) ], 2, qr/exclude each other/, 'labels from two places');

# a file of another format than its name says is read as what it is
make_path('named');
file('named/x.png', pgm(40, 3));
file('named/y.pgm', pgm(60, 3));
($rc, $out, $err) = ppdl(qw(features named));
is($rc, 0, 'a wrong extension') or diag($err);
like($err, qr/x\.png: a PGM or PPM file by its contents/, 'is pointed out');
like($err, qr/fewer than 128 pixels a side, 40 at least/, 'as are sizes that features depend on');

# depth and transparency
make_path('deep', 'clear');
file('deep/a.png', png(0, 16, sub { pack 'n', 20000 + 100 * $_[0] + $_[1] }));
file('deep/b.pgm', "P2\n40 40\n65535\n" . join ' ', map { 20000 + 100 * ($_ % 40) + int($_ / 40) } 0 .. 1599);
file('deep/c.png', png(6, 16, sub { pack('n', 20000 + 100 * $_[0] + $_[1]) x 3 . "\xff\xff" }));
$out = done([ qw(features deep) ], '16 bits, and an alpha channel that hides nothing');
my ($name, @deep) = map { join ',', @$_[1 .. $#$_] } rows($out);
is("$deep[1]\n$deep[2]", "$deep[0]\n$deep[0]", 'the same picture is the same row, whatever its format');
file('clear/glass.png', png(4, 8, sub { chr(200) . chr($_[0] < 10 ? 0 : 255) }));
refused([ qw(features clear) ], 3, qr/glass\.png: 400 of its 1600 pixels are transparent.*\nhint: .*--background/, 'transparent pixels');
for ([ black => '0.588235' ], [ white => '0.838235' ])
{
	my ($header, $row) = rows(done([ qw(features clear --background), $_->[0] ], "on $_->[0]"));

	is($row->[1], $_->[1], 'its mean');
}
is((stat 'scans.csv')[2] & 0777, 0600, 'rows in the clear are for their owner alone');

# pictures of the generator's, as they are stored
SKIP:
{
	skip 'no tables in contrib-data', 2 unless -e "$data/bones2.csv";
	for (qw(bones2 bones3))
	{
		$out = done([ 'encode', "$data/$_.csv", qw(--id id --label label), '-o', "$_.json" ], "ppdl encode takes $_");
	}
}

done_testing();
