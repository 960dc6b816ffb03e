#!/usr/bin/perl
# Checks that what a source file of src/ defines is declared where one looks for it: in the header of its name, in a
# header whose name its own begins with (features.h for features_apply.c), or in a header that names the file, or all
# of its kind (cmd_*.c), in a comment.  What no header declares is private or, in src/pg, SQL's.
#
#	check_headers.pl OBJECT ...		fails when a declaration is somewhere else
#	check_headers.pl --self-test
use strict;
use warnings;

# text of a header => names that it declares, files that its comments name
sub declares
{
	my ($text) = @_;
	my (@named, %declared);

	while ($text =~ m{/\*(.*?)\*/}gs)
	{
		my $comment = $1;

		push @named, $1 =~ s/\*/\\w*/gr while $comment =~ /(?<![\w*])([\w*]+)\.c\b/g;
	}
	$text =~ s{/\*.*?\*/}{}gs;
	$text =~ s/extern "C"\s*\{//;
	1 while $text =~ s/\{[^{}]*\}//gs;
	$declared{$1} = 1 while $text =~ /\b(\w+)\s*(?:[(\[;,])/g;
	return (\%declared, \@named);
}

# does a header name this file, or all of its kind (cmd_*.c)?
sub names
{
	my ($header, $stem) = @_;

	return grep { $stem =~ /^$_$/ } @{ $header->{named} };
}

# complaints; object: file => names it defines; header: path => text
sub misplaced
{
	my ($object, $header) = @_;
	my (%in, @bad);

	for my $h (sort keys %$header)
	{
		my ($declared, $named) = declares($header->{$h});
		my $stem = $h =~ s{.*/|_(?:impl|private)\.h$|\.h$}{}gr;

		push @{ $in{$_} }, { path => $h, stem => $stem, named => $named } for keys %$declared;
	}
	for my $file (sort keys %$object)
	{
		my $stem = $file =~ s{.*/|\.o$}{}gr;

		for my $name (sort @{ $object->{$file} })
		{
			my @where = @{ $in{$name} // [] };

			next if !@where || grep { $stem =~ /^\Q$_->{stem}\E(?:_|$)/ || names($_, $stem) } @where;
			push @bad, sprintf '%s is in %s, declared in %s, which does not name that file', $name, $file =~ s/\.o$/.c/r,
				join(', ', map { $_->{path} } @where);
		}
	}
	return @bad;
}

sub self_test
{
	my @case = (
		[ 'its own header', 0, 'src/a/b.o', 'src/a/b.h', 'int f(void);' ],
		[ 'private half', 0, 'src/a/b.o', 'src/a/b_impl.h', 'int f(void);' ],
		[ 'begins with', 0, 'src/a/b_c.o', 'src/a/b.h', 'extern const int f;' ],
		[ 'only looks like it', 1, 'src/a/bc.o', 'src/a/b.h', 'int f(void);' ],
		[ 'another header', 1, 'src/a/b.o', 'src/a/c.h', '/* of c.c */ int f(void);' ],
		[ 'named', 0, 'src/a/b.o', 'src/a/c.h', "/*\n * f is in b.c\n */\nint f(void);" ],
		[ 'an array', 1, 'src/a/b.o', 'src/a/c.h', 'extern const int f[3];' ],
		[ 'named by kind', 0, 'src/a/cmd_b.o', 'src/a/c.h', '/* cmd_*.c */ int f(void);' ],
		[ 'of another kind', 1, 'src/a/com_b.o', 'src/a/c.h', '/* cmd_*.c */ int f(void);' ],
		[ 'called by inline code only', 0, 'src/a/b.o', 'src/a/c.h', 'static inline int g(void) { if (1) { return f(1); } }' ],
		[ 'for C++', 1, 'src/a/b.o', 'src/a/c.h', "extern \"C\"\n{\n#endif\nint f(void);\n}" ],
		[ 'in no header', 0, 'src/a/b.o', 'src/a/b.h', 'int g(void);' ]);
	my $bad = 0;

	for (@case)
	{
		my ($name, $expected, $object, $header, $text) = @$_;
		my $got = () = misplaced({ $object => ['f'] }, { $header => $text });

		next if $got == $expected;
		print "check_headers: self-test failed on $name: $got complaints instead of $expected\n";
		$bad = 1;
	}
	return $bad;
}

exit self_test() if @ARGV && $ARGV[0] eq '--self-test';
die "no objects given\n" unless @ARGV;

my (%object, %header);

open my $nm, '-|', 'nm', '-A', '-g', '--defined-only', @ARGV or die "cannot run nm: $!\n";
/^(\S+?):\S*\s+[TDBRC]\s+(ppdl_\w+)$/ and push @{ $object{$1} }, $2 while <$nm>;
close $nm or die "nm failed\n";
for my $path (glob('src/*/*.h'))
{
	open my $in, '<', $path or die "$path: $!\n";
	local $/;
	$header{$path} = <$in>;
}
my @bad = misplaced(\%object, \%header);

print "$_\n" for @bad;
exit(@bad ? 1 : 0);
